import { useEffect, useState } from 'preact/hooks';
import { JmapError, asJmapError, downloadUrl, setError, uploadText, type Email, type Mailbox, type SetResponse, type SieveScript } from '../jmap';
import { client, store } from '../jmap/account';
import { formatAddress } from '../compose/address';
import { folderName } from '../mail/folders';
import { t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { Dialog, confirm } from '../ui/overlay';
import { Banner, Button, Chip, EmptyState, ErrorState, Field, IconButton, Segmented, Skeleton } from '../ui/parts';
import { toast } from '../ui/toast';
import { OPS, isOnlyOurs, matches, parse, write, type Act, type Action, type Condition, type Field as Where, type Rule, type Sample, type Script } from './sieve';
import { Card, Page, Row } from './parts';

const NAME = 'webmail';
const SAMPLES = 50;
const FIELDS: Where[] = ['from', 'to', 'subject', 'body', 'list', 'size'];
const ACTS: Act[] = ['move', 'read', 'star', 'trash', 'forward'];

interface State { id: string | null; name: string; script: Script }

/** "Projects/2027", as scripts name a folder. */
export function folderPath(one: Mailbox, all: readonly Mailbox[]): string {
	if (one.role === 'inbox') return 'INBOX';
	const parent = all.find(other => other.id === one.parentId);
	return parent ? `${folderPath(parent, all)}/${one.name}` : one.name;
}

/** The same for people: the folders that have a task, by what they are called in the language of the page. */
export function folderTitle(one: Mailbox, all: readonly Mailbox[]): string {
	const parent = one.parentId ? all.find(other => other.id === one.parentId) : null;
	return parent ? `${folderTitle(parent, all)}/${folderName(one)}` : folderName(one);
}

async function read(): Promise<State> {
	const { list } = await client.get<SieveScript>('SieveScript', null);
	const active = list.find(one => one.isActive) ?? list.find(one => one.name === NAME);
	if (!active) return { id: null, name: NAME, script: { rules: [], foreign: '' } };
	const response = await fetch(downloadUrl(client, active.blobId, 'script.sieve', 'application/sieve'), { credentials: 'same-origin', cache: 'no-store' });
	/* Saving over a script that could not be read would lose what is in it. */
	if (!response.ok) throw new JmapError('broken', `http${response.status}`);
	return { id: active.id, name: active.name ?? NAME, script: parse(await response.text()) };
}

async function save(state: State, rules: Rule[]): Promise<State> {
	const trash = store.mailbox('trash');
	const script = { ...state.script, rules };
	const text = write(script, trash ? folderPath(trash, store.mailboxes.all()) : 'Trash');
	const { blobId } = await uploadText(client, text, 'application/sieve');
	const args = state.id
		? { update: { [state.id]: { blobId } }, onSuccessActivateScript: state.id }
		: { create: { script: { name: NAME, blobId } }, onSuccessActivateScript: '#script' };
	const answer = await client.set<SieveScript>('SieveScript', args) as SetResponse<SieveScript>;
	const refused = answer.notCreated?.script ?? (state.id ? answer.notUpdated?.[state.id] : null);
	if (refused) throw setError(refused);
	return { ...state, id: state.id ?? answer.created!.script!.id, script };
}

export function sentence(rule: Rule): string {
	const joined = rule.conditions.map(one => t('settings.rule-says', { field: t(`settings.field-${one.field}`), op: t(`settings.op-${one.op}`), value: one.value }));
	return joined.join(rule.any ? t('settings.rule-or') : t('settings.rule-and'));
}

function deed({ act, value }: Action): string {
	return act === 'move' || act === 'forward' || act === 'label' ? `${t(`settings.act-${act}`)} ${value}` : t(`settings.act-${act}`);
}

export default function Filters() {
	const [state, setState] = useState<State | null>(null);
	const [error, setFailure] = useState<JmapError | null>(null);
	const [open, setOpen] = useState<{ at: number; rule: Rule } | null>(null);
	const load = () => {
		setFailure(null);
		read().then(setState, failure => setFailure(asJmapError(failure)));
	};
	useEffect(load, []);
	if (!state) return <Page title={t('settings.filters')}>{error ? <ErrorState title={t('settings.failed')} code={error.cid} onRetry={load}>{t('settings.problem-other')}</ErrorState> : <Skeleton rows={4} />}</Page>;
	const rules = state.script.rules;
	const put = async (next: Rule[]) => {
		setFailure(null);
		const former = state;
		setState({ ...state, script: { ...state.script, rules: next } });
		try {
			setState(await save(former, next));
			toast(t('ui.saved'));
			return true;
		} catch (failure) {
			setState(former);
			setFailure(asJmapError(failure));
			return false;
		}
	};
	const shift = (at: number, by: number) => {
		const next = [...rules];
		next.splice(at + by, 0, ...next.splice(at, 1));
		void put(next);
	};
	const add = <Button kind="primary" icon="plus" onClick={() => setOpen({ at: rules.length, rule: { name: '', on: true, any: false, conditions: [{ field: 'from', op: 'contains', value: '' }], actions: [{ act: 'move', value: '' }] } })}>{t('settings.rule-add')}</Button>;
	return (
		<Page title={t('settings.filters')} lead={t('settings.filters-lead')} action={rules.length > 0 && add}>
			{error && <Banner kind="bad" title={t('settings.not-saved')}>{error.description || t('settings.problem-other')}</Banner>}
			{!isOnlyOurs(state.script) && <Banner kind="info">{t('settings.foreign')}</Banner>}
			<Card>
				{rules.length === 0 ? <EmptyState icon="label" title={t('settings.rules-none')} action={add}>{t('settings.rules-none-text')}</EmptyState> : (
					<ol class="settings-list">
						{rules.map((rule, at) => (
							<Row key={at} icon={<input type="checkbox" role="switch" class="switch" aria-label={t('settings.rule-on', { name: rule.name })} checked={rule.on} onChange={e => void put(rules.map((one, i) => (i === at ? { ...one, on: e.currentTarget.checked } : one)))} />}
								title={<>{rule.name} {rule.actions.map((one, i) => <Chip key={i} kind="info">{deed(one)}</Chip>)}</>}
								side={<>
									<IconButton icon="down" class="up" label={t('settings.rule-up', { name: rule.name })} disabled={at === 0} onClick={() => shift(at, -1)} />
									<IconButton icon="down" label={t('settings.rule-down', { name: rule.name })} disabled={at === rules.length - 1} onClick={() => shift(at, 1)} />
									<Button small onClick={() => setOpen({ at, rule })}>{t('settings.edit')}</Button>
									<IconButton icon="trash" label={t('settings.rule-remove', { name: rule.name })} onClick={() => void confirm(t('settings.rule-remove-ask'), rule.name, t('ui.remove'), true).then(yes => yes && put(rules.filter((_, i) => i !== at)))} />
								</>}>
								{t('settings.rule-if')} {sentence(rule)}
							</Row>
						))}
					</ol>
				)}
			</Card>
			{open && <Edit start={open.rule} onClose={() => setOpen(null)} onSave={async rule => { const next = [...rules]; next[open.at] = rule; if (await put(next)) setOpen(null); }} />}
		</Page>
	);
}

function Edit({ start, onSave, onClose }: { start: Rule; onSave: (rule: Rule) => Promise<void>; onClose: () => void }) {
	const [rule, setRule] = useState(start);
	const [busy, setBusy] = useState(false);
	const change = (patch: Partial<Rule>) => setRule({ ...rule, ...patch });
	const condition = (at: number, patch: Partial<Condition>) => change({ conditions: rule.conditions.map((one, i) => (i === at ? { ...one, ...patch } : one)) });
	const action = (at: number, patch: Partial<Action>) => change({ actions: rule.actions.map((one, i) => (i === at ? { ...one, ...patch } : one)) });
	const whole = rule.name.trim() && rule.conditions.length > 0 && rule.conditions.every(one => one.value.trim()) && rule.actions.length > 0
		&& rule.actions.every(one => one.value.trim() || !['move', 'forward', 'label'].includes(one.act));
	const folders = store.mailboxes.all();
	return (
		<Dialog title={start.name || t('settings.rule-add')} size="wide" onClose={onClose}
			footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" busy={busy} disabled={!whole} onClick={() => { setBusy(true); void onSave(rule).finally(() => setBusy(false)); }}>{t('ui.save')}</Button></>}>
			<div class="rule">
				<div class="stack">
					<Field label={t('settings.rule-name')}>{ids => <input class="input" autofocus id={ids.id} maxLength={100} value={rule.name} onInput={e => change({ name: e.currentTarget.value })} />}</Field>
					<fieldset class="stack tight">
						<legend class="row spread">{t('settings.rule-when')} {rule.conditions.length > 1 && <Segmented label={t('settings.rule-when')} value={rule.any ? 'any' : 'all'} onChange={value => change({ any: value === 'any' })} options={[{ value: 'all', label: t('settings.rule-all') }, { value: 'any', label: t('settings.rule-any') }]} />}</legend>
						{rule.conditions.map((one, at) => (
							<div class="rule-row" key={at}>
								<select class="select" aria-label={t('settings.rule-field')} value={one.field} onChange={e => { const field = e.currentTarget.value as Where; condition(at, { field, op: OPS[field].includes(one.op) ? one.op : OPS[field][0]! }); }}>{FIELDS.map(f => <option key={f} value={f}>{t(`settings.field-${f}`)}</option>)}</select>
								<select class="select" aria-label={t('settings.rule-op')} value={one.op} onChange={e => condition(at, { op: e.currentTarget.value as Condition['op'] })}>{OPS[one.field].map(op => <option key={op} value={op}>{t(`settings.op-${op}`)}</option>)}</select>
								<input class="input" aria-label={t('settings.rule-value')} type={one.field === 'size' ? 'number' : 'text'} min={0} value={one.value} onInput={e => condition(at, { value: e.currentTarget.value })} />
								<IconButton icon="close" size={16} label={t('settings.condition-remove')} disabled={rule.conditions.length === 1} onClick={() => change({ conditions: rule.conditions.filter((_, i) => i !== at) })} />
							</div>
						))}
						<div><Button small kind="ghost" icon="plus" onClick={() => change({ conditions: [...rule.conditions, { field: 'subject', op: 'contains', value: '' }] })}>{t('settings.condition-add')}</Button></div>
					</fieldset>
					<fieldset class="stack tight">
						<legend>{t('settings.rule-then')}</legend>
						{rule.actions.map((one, at) => (
							<div class="rule-row" key={at}>
								<select class="select" aria-label={t('settings.rule-act')} value={one.act} onChange={e => action(at, { act: e.currentTarget.value as Act, value: '' })}>{ACTS.map(act => <option key={act} value={act}>{t(`settings.act-${act}`)}</option>)}</select>
								{one.act === 'move' && <select class="select wide" aria-label={t('settings.rule-folder')} value={one.value} onChange={e => action(at, { value: e.currentTarget.value })}><option value="">{t('settings.rule-folder')}</option>{folders.map(f => ({ path: folderPath(f, folders), title: folderTitle(f, folders) })).map(({ path, title }) => <option key={path} value={path}>{title}</option>)}</select>}
								{one.act === 'forward' && <input class="input wide" type="email" aria-label={t('settings.rule-address')} value={one.value} onInput={e => action(at, { value: e.currentTarget.value })} />}
								{one.act !== 'move' && one.act !== 'forward' && <span class="wide" />}
								<IconButton icon="close" size={16} label={t('settings.action-remove')} disabled={rule.actions.length === 1} onClick={() => change({ actions: rule.actions.filter((_, i) => i !== at) })} />
							</div>
						))}
						<div><Button small kind="ghost" icon="plus" onClick={() => change({ actions: [...rule.actions, { act: 'read', value: '' }] })}>{t('settings.action-add')}</Button></div>
					</fieldset>
				</div>
				<Try rule={rule} />
			</div>
		</Dialog>
	);
}

interface Letter { id: string; sample: Sample; subject: string; from: string }

/** Which of the last letters the rule would have taken. */
function Try({ rule }: { rule: Rule }) {
	const [letters, setLetters] = useState<Letter[] | null>(null);
	useEffect(() => void samples().then(setLetters, () => setLetters([])), []);
	if (!letters) return <div class="rule-try"><Skeleton rows={4} /></div>;
	const ready = rule.conditions.every(one => one.value.trim());
	const found = ready ? letters.filter(one => matches(rule, one.sample)) : [];
	return (
		<div class="rule-try" role="status">
			<h3>{t('settings.try', { n: letters.length })}</h3>
			<p class="muted">{!ready ? t('settings.try-hint') : t('settings.try-found', { n: found.length })}</p>
			<ul>{found.slice(0, 12).map(one => <li key={one.id}><Icon name="mail" size={16} /><span class="grow"><span class="cut">{one.from}</span><small class="cut">{one.subject}</small></span></li>)}</ul>
		</div>
	);
}

async function samples(): Promise<Letter[]> {
	const inbox = store.mailbox('inbox');
	const { list } = await client.request<{ list: Email[] }>(batch => {
		const query = batch.call('Email/query', { accountId: client.accountId, filter: inbox ? { inMailbox: inbox.id } : null, sort: [{ property: 'receivedAt', isAscending: false }], limit: SAMPLES });
		return batch.call<{ list: Email[] }>('Email/get', { accountId: client.accountId, '#ids': query.ref('/ids'), properties: ['id', 'from', 'to', 'cc', 'subject', 'preview', 'size', 'header:List-Id:asText'] });
	});
	const lines = (all: Email['from']) => (all ?? []).map(formatAddress).join('\n');
	return list.map(one => ({
		id: one.id, subject: one.subject ?? '', from: one.from?.[0]?.name || one.from?.[0]?.email || '',
		sample: { from: lines(one.from), to: lines([...(one.to ?? []), ...(one.cc ?? [])]), subject: one.subject ?? '', body: one.preview, list: String(one['header:List-Id:asText'] ?? ''), size: one.size },
	}));
}
