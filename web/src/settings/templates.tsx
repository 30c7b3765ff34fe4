import { useEffect, useRef, useState } from 'preact/hooks';
import { asJmapError, type JmapError } from '../jmap';
import { client } from '../jmap/account';
import { readLetter } from '../compose/composer';
import { htmlOf, textOf, textToHtml } from '../compose/draft';
import type { RichEditor } from '../compose/rich';
import { loadTemplates, saveTemplate, templates, type Template } from '../compose/template_menu';
import { PLACEHOLDERS } from '../compose/templates';
import { t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Dialog, confirm } from '../ui/overlay';
import { Banner, Button, EmptyState, Field, Skeleton } from '../ui/parts';
import { toast } from '../ui/toast';
import { Rich } from './identities';
import { Card, Page, Row } from './parts';

interface Open { id: string | null; subject: string; html: string }

export default function Templates() {
	const [open, setOpen] = useState<Open | null>(null);
	const [failed, setFailed] = useState(false);
	useEffect(() => void loadTemplates().catch(() => setFailed(true)), []);
	const all = templates.value;
	const edit = async (one: Template) => {
		const letter = await readLetter(one.id);
		setOpen({ id: one.id, subject: one.subject, html: htmlOf(letter) || textToHtml(textOf(letter)) });
	};
	const remove = async (one: Template) => {
		if (!(await confirm(t('settings.template-remove'), t('settings.template-remove-text', { name: one.subject }), t('ui.remove'), true))) return;
		await client.set('Email', { destroy: [one.id] });
		await loadTemplates();
	};
	const add = <Button kind="primary" icon="plus" onClick={() => setOpen({ id: null, subject: '', html: '' })}>{t('settings.template-add')}</Button>;
	return (
		<Page title={t('settings.templates')} lead={t('settings.templates-lead')} action={all && all.length > 0 && add}>
			<Card>
				{failed && <Banner kind="bad">{t('settings.problem-other')}</Banner>}
				{!all && !failed && <Skeleton rows={3} />}
				{all?.length === 0 && <EmptyState icon="template" title={t('settings.templates-none')} action={add}>{t('settings.templates-none-text')}</EmptyState>}
				{all && all.length > 0 && (
					<ul class="settings-list">{all.map(one => (
						<Row key={one.id} icon={<Icon name="template" />} title={one.subject} side={<><Button small onClick={() => void edit(one)}>{t('settings.edit')}</Button><Button small onClick={() => void remove(one)}>{t('ui.remove')}</Button></>}>{one.preview}</Row>
					))}</ul>
				)}
			</Card>
			{open && <Edit open={open} onClose={() => setOpen(null)} />}
		</Page>
	);
}

function Edit({ open, onClose }: { open: Open; onClose: () => void }) {
	const [subject, setSubject] = useState(open.subject);
	const [error, setFailure] = useState<JmapError | null>(null);
	const editor = useRef<RichEditor | null>(null);
	const save = async () => {
		try {
			await saveTemplate(subject, editor.current?.content() ?? '', editor.current?.plain() ?? '', open.id);
			toast(t('ui.saved'));
			onClose();
		} catch (failure) {
			setFailure(asJmapError(failure));
		}
	};
	return (
		<Dialog title={open.id ? t('settings.template-edit') : t('settings.template-add')} onClose={onClose}
			footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" disabled={!subject.trim()} onClick={() => void save()}>{t('ui.save')}</Button></>}>
			<div class="stack">
				<Field label={t('settings.template-subject')}>{ids => <input class="input" autofocus id={ids.id} value={subject} onInput={e => setSubject(e.currentTarget.value)} />}</Field>
				<div class="field"><span>{t('settings.template-text')}</span><Rich start={open.html} editor={editor} label={t('settings.template-text')} /></div>
				<div class="row wrap"><span class="muted">{t('settings.template-places')}</span>{PLACEHOLDERS.map(one => <Button small key={one} onMouseDown={e => e.preventDefault()} onClick={() => void editor.current?.insertPlainText(one, false)}>{one}</Button>)}</div>
				{error && <Banner kind="bad">{error.description || t('settings.problem-other')}</Banner>}
			</div>
		</Dialog>
	);
}
