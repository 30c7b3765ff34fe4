/* Letters in and out of the account as files. */
import { useRef, useState } from 'preact/hooks';
import { asJmapError, downloadUrl, setError, upload, type Email, type Id } from '../jmap';
import { client, store } from '../jmap/account';
import { t } from '../ui/i18n';
import { Banner, Button, Field, Progress } from '../ui/parts';
import { folderTitle } from './filters';
import { fromMbox, toMbox, type Filed } from './mbox';
import { Card, Page } from './parts';

/** What one file may hold; more is taken folder by folder. */
const EXPORT_BYTES = 1_000_000_000;
const EXPORT_LETTERS = 20_000;
interface Job { kind: 'in' | 'out'; done: number; all: number; failed: number; over: boolean; text: string }

function Folders({ value, onChange, label }: { value: Id; onChange: (id: Id) => void; label: string }) {
	const all = store.mailboxes.all();
	return <Field label={label}>{ids => <select class="select" id={ids.id} value={value} onChange={e => onChange(e.currentTarget.value)}>{all.map(one => <option key={one.id} value={one.id}>{folderTitle(one, all)}</option>)}</select>}</Field>;
}

export default function Data() {
	const inbox = store.mailbox('inbox')?.id ?? '';
	const [from, setFrom] = useState(inbox);
	const [into, setInto] = useState(inbox);
	const [job, setJob] = useState<Job | null>(null);
	const stop = useRef(false);
	const files = useRef<HTMLInputElement>(null);
	const busy = job !== null && !job.over;
	const run = (kind: Job['kind'], work: (report: (patch: Partial<Job>) => void) => Promise<void>) => {
		stop.current = false;
		setJob({ kind, done: 0, all: 0, failed: 0, over: false, text: '' });
		const report = (patch: Partial<Job>) => setJob(former => former && { ...former, ...patch });
		work(report).then(() => report({ over: true }), error => report({ over: true, text: asJmapError(error).description || t('settings.problem-other') }));
	};
	return (
		<Page title={t('settings.data')} lead={t('settings.data-lead')}>
			<Card title={t('settings.export')} lead={t('settings.export-lead')}>
				<div class="fields-two"><Folders label={t('settings.folder')} value={from} onChange={setFrom} />
					<div class="bottom"><Button icon="download" disabled={busy || !from} onClick={() => run('out', report => exportFolder(from, report, stop))}>{t('settings.export-do')}</Button></div></div>
				{job?.kind === 'out' && <Running job={job} onStop={() => (stop.current = true)} />}
			</Card>
			<Card title={t('settings.import')} lead={t('settings.import-lead')}>
				<div class="fields-two"><Folders label={t('settings.folder-into')} value={into} onChange={setInto} />
					<div class="bottom"><Button icon="file" disabled={busy || !into} onClick={() => files.current!.click()}>{t('settings.import-do')}</Button></div></div>
				<input ref={files} type="file" multiple hidden aria-hidden="true" tabIndex={-1} accept=".eml,.mbox,.mbx,message/rfc822,application/mbox"
					onChange={e => { const list = [...(e.currentTarget.files ?? [])]; e.currentTarget.value = ''; if (list.length) run('in', report => importFiles(list, into, report, stop)); }} />
				{job?.kind === 'in' && <Running job={job} onStop={() => (stop.current = true)} />}
			</Card>
		</Page>
	);
}

function Running({ job, onStop }: { job: Job; onStop: () => void }) {
	const text = job.over ? t(job.kind === 'in' ? 'settings.import-over' : 'settings.export-over', { done: job.done, failed: job.failed }) : t('settings.running', { done: job.done, all: job.all });
	return (
		<div class="stack tight" role="status">
			{!job.over && <Progress value={job.done + job.failed} max={Math.max(1, job.all)} label={text} />}
			{job.text ? <Banner kind="bad">{job.text}</Banner> : job.over ? <Banner kind={job.failed ? 'warn' : 'ok'}>{text}</Banner> : <p class="row spread"><span class="num">{text}</span><Button small onClick={onStop}>{t('ui.cancel')}</Button></p>}
		</div>
	);
}

type Report = (patch: Partial<Job>) => void;

async function exportFolder(id: Id, report: Report, stop: { current: boolean }): Promise<void> {
	const parts: Blob[] = [];
	let done = 0, failed = 0, bytes = 0;
	for (let position = 0; position < EXPORT_LETTERS && !stop.current && bytes < EXPORT_BYTES; ) {
		const [query, got] = await client.request<[{ ids: Id[]; total?: number }, { list: Email[] }]>(batch => {
			const asked = batch.call<{ ids: Id[]; total?: number }>('Email/query', { accountId: client.accountId, filter: { inMailbox: id }, sort: [{ property: 'receivedAt', isAscending: true }], position, limit: 50, calculateTotal: true });
			return Promise.all([asked, batch.call<{ list: Email[] }>('Email/get', { accountId: client.accountId, '#ids': asked.ref('/ids'), properties: ['id', 'blobId', 'from', 'receivedAt', 'size'] })]);
		});
		if (query.ids.length === 0) break;
		position += query.ids.length;
		for (const one of got.list) {
			if (stop.current) break;
			try {
				const response = await fetch(downloadUrl(client, one.blobId, 'letter.eml', 'message/rfc822'), { credentials: 'same-origin', cache: 'no-store' });
				if (!response.ok) throw new Error(String(response.status));
				parts.push(toMbox(new Uint8Array(await response.arrayBuffer()), one.from?.[0]?.email ?? '', new Date(one.receivedAt)));
				bytes += one.size;
				done++;
			} catch {
				failed++;
			}
			report({ done, failed, all: query.total ?? position });
		}
	}
	if (done > 0) offer(new Blob(parts, { type: 'application/mbox' }), `${store.mailboxes.peek(id)?.name ?? 'mail'}.mbox`);
}

function offer(blob: Blob, name: string): void {
	const link = document.createElement('a');
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function importFiles(list: File[], into: Id, report: Report, stop: { current: boolean }): Promise<void> {
	const letters: Filed[] = [];
	for (const file of list) letters.push(...fromMbox(new Uint8Array(await file.arrayBuffer())));
	let done = 0, failed = 0;
	for (const { letter, came } of letters) {
		if (stop.current) break;
		try {
			const { blobId } = await upload(client, new Blob([letter], { type: 'message/rfc822' }), () => {}).done;
			const answer = await client.call<{ notCreated: Record<string, { type: string }> | null }>('Email/import', { accountId: client.accountId, emails: { letter: { blobId, mailboxIds: { [into]: true }, keywords: { $seen: true }, ...(came && { receivedAt: came }) } } });
			/* One that is there already is not missing. */
			const refused = answer.notCreated?.letter;
			if (refused && refused.type !== 'alreadyExists') throw setError(refused);
			done++;
		} catch (error) {
			if (asJmapError(error).passing) throw error;
			failed++;
		}
		report({ done, failed, all: letters.length });
	}
}
