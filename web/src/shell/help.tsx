/* The sheet of keys and the command palette. */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Dialog } from '../ui/overlay';
import { Kbd, Switch, cls } from '../ui/parts';
import { shortcutsOn } from '../ui/prefs';
import { isComposing } from '../ui/shortcuts';
import { allCommands, type Command } from './commands';

export const sheetOpen = signal(false);
export const paletteOpen = signal(false);

function grouped(commands: Command[]): [string, Command[]][] {
	const groups = new Map<string, Command[]>();
	for (const c of commands) groups.set(c.group, [...(groups.get(c.group) ?? []), c]);
	return [...groups];
}

function Sheet() {
	return (
		<Dialog title={t('ui.shortcuts')} size="wide" onClose={() => (sheetOpen.value = false)}>
			<Switch checked={shortcutsOn.value} label={t('ui.shortcuts-on')} onChange={on => (shortcutsOn.value = on)} />
			<div class="sheet">
				{grouped(allCommands().filter(c => c.keys)).map(([group, commands]) => (
					<section key={group}>
						<h3>{group}</h3>
						<dl>{commands.map(c => <div key={c.label}><dt>{c.label}</dt><dd><Kbd keys={c.keys!.split('|')[0]!} /></dd></div>)}</dl>
					</section>
				))}
			</div>
		</Dialog>
	);
}

function fits(label: string, words: string[]): boolean {
	const low = label.toLowerCase();
	return words.every(w => low.includes(w));
}

function Palette() {
	const [text, setText] = useState('');
	const [at, setAt] = useState(0);
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	const found = allCommands().filter(c => !c.hidden && fits(`${c.label} ${c.group}`, words));
	const close = () => (paletteOpen.value = false);
	const run = (c: Command | undefined) => {
		if (!c) return;
		close();
		/* After the focus is back where it was. */
		setTimeout(() => c.run());
	};
	const onKey = (e: KeyboardEvent) => {
		if (isComposing(e)) return;
		if (e.key === 'ArrowDown') setAt(Math.min(found.length - 1, at + 1));
		else if (e.key === 'ArrowUp') setAt(Math.max(0, at - 1));
		else if (e.key === 'Enter') run(found[at]);
		else return;
		e.preventDefault();
	};
	return (
		<Dialog title={t('ui.palette')} hideTitle onClose={close}>
			<div class="palette">
				<div class="palette-field"><Icon name="search" />
					<input autofocus role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={found[at] ? `palette-${at}` : undefined} aria-label={t('ui.palette-hint')}
						placeholder={t('ui.palette-hint')} value={text} onInput={e => { setText(e.currentTarget.value); setAt(0); }} onKeyDown={onKey} />
				</div>
				<ul id="palette-list" role="listbox" aria-label={t('ui.palette')}>
					{found.map((c, i) => (
						<li key={`${c.group} ${c.label}`} id={`palette-${i}`} role="option" aria-selected={i === at} class={cls('palette-item', i === at && 'on')} ref={el => void (i === at && el?.scrollIntoView({ block: 'nearest' }))}
							onPointerMove={() => i !== at && setAt(i)} onClick={() => run(c)}>
							<span class="menu-icon">{c.icon && <Icon name={c.icon} size={18} />}</span>
							<span class="grow cut">{c.label}</span>
							<small>{c.group}</small>
							{c.keys && <Kbd keys={c.keys.split('|')[0]!} />}
						</li>
					))}
				</ul>
				{found.length === 0 && <p class="muted palette-none">{t('ui.palette-none')}</p>}
			</div>
		</Dialog>
	);
}

export function HelpHost() {
	return <>{sheetOpen.value && <Sheet />}{paletteOpen.value && <Palette />}</>;
}
