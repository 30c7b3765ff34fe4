import { useEffect, useRef, useState } from 'preact/hooks';
import { asJmapError, setError, type Identity, type JmapError } from '../jmap';
import { client, store } from '../jmap/account';
import { formatAddress, isAddress, parseAddresses } from '../compose/address';
import { textToHtml } from '../compose/draft';
import { bareReplies, replySignatures } from '../compose/prefs';
import type { RichEditor } from '../compose/rich';
import { t } from '../ui/i18n';
import { Avatar, Banner, Button, EmptyState, Field, Segmented } from '../ui/parts';
import { Dialog } from '../ui/overlay';
import { toast } from '../ui/toast';
import { Card, Page, Row } from './parts';

export default function Identities() {
	const [open, setOpen] = useState<Identity | null>(null);
	const all = store.identities.all();
	return (
		<Page title={t('settings.identities')} lead={t('settings.identities-lead')}>
			<Card>
				{all.length === 0 ? <EmptyState icon="person" title={t('settings.identities-none')} /> : (
					<ul class="settings-list">{all.map(one => (
						<Row key={one.id} icon={<Avatar name={one.name} address={one.email} size={36} />} title={one.name || one.email} side={<Button small onClick={() => setOpen(one)}>{t('settings.edit')}</Button>}>
							{[one.email, one.textSignature || one.htmlSignature ? t('settings.has-signature') : t('settings.no-signature')].join(' · ')}
						</Row>
					))}</ul>
				)}
			</Card>
			{open && <Edit identity={open} onClose={() => setOpen(null)} />}
		</Page>
	);
}

function Edit({ identity, onClose }: { identity: Identity; onClose: () => void }) {
	const [name, setName] = useState(identity.name);
	const [replyTo, setReplyTo] = useState((identity.replyTo ?? []).map(formatAddress).join(', '));
	const [form, setForm] = useState<'html' | 'text'>(identity.htmlSignature || !identity.textSignature ? 'html' : 'text');
	const [text, setText] = useState(identity.textSignature);
	const [replies, setReplies] = useState<'same' | 'other' | 'none'>(bareReplies.value.includes(identity.id) ? 'none' : replySignatures.value[identity.id] ? 'other' : 'same');
	const [error, setFailure] = useState<JmapError | null>(null);
	const [busy, setBusy] = useState(false);
	const editor = useRef<RichEditor | null>(null), replyEditor = useRef<RichEditor | null>(null);
	const addresses = parseAddresses(replyTo);
	const wrong = addresses.some(one => !isAddress(one.email));
	const save = async () => {
		setBusy(true);
		const rich = form === 'html' ? editor.current : null;
		const plain = rich ? rich.plain() : text;
		const update = { name, replyTo: addresses.length ? addresses : null, textSignature: plain, htmlSignature: rich && plain.trim() ? rich.content() : '' };
		try {
			const answer = await client.set<Identity>('Identity', { update: { [identity.id]: update } });
			const refused = answer.notUpdated?.[identity.id];
			if (refused) throw setError(refused);
			store.identities.put([{ id: identity.id, ...update }]);
			bareReplies.value = [...bareReplies.value.filter(id => id !== identity.id), ...(replies === 'none' ? [identity.id] : [])];
			const { [identity.id]: _, ...others } = replySignatures.value;
			replySignatures.value = replies === 'other' && replyEditor.current ? { ...others, [identity.id]: { html: replyEditor.current.content(), text: replyEditor.current.plain() } } : others;
			toast(t('ui.saved'));
			onClose();
		} catch (failure) {
			setFailure(asJmapError(failure));
			setBusy(false);
		}
	};
	return (
		<Dialog title={identity.email} onClose={onClose} footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" busy={busy} disabled={wrong} onClick={() => void save()}>{t('ui.save')}</Button></>}>
			<div class="stack">
				<Field label={t('settings.name')} hint={t('settings.name-hint')}>{ids => <input class="input" autofocus id={ids.id} aria-describedby={ids.describedBy} maxLength={200} value={name} onInput={e => setName(e.currentTarget.value)} />}</Field>
				<Field label={t('settings.reply-to')} hint={t('settings.reply-to-hint')} error={wrong ? t('settings.address-wrong') : undefined}>{ids => <input class="input" id={ids.id} aria-describedby={ids.describedBy} value={replyTo} onInput={e => setReplyTo(e.currentTarget.value)} />}</Field>
				<div class="field">
					<div class="row spread"><span id="signature-label">{t('settings.signature')}</span>
						<Segmented label={t('settings.signature-form')} value={form} onChange={value => { if (value === 'text' && editor.current) setText(editor.current.plain()); setForm(value); }} options={[{ value: 'html', label: t('settings.rich') }, { value: 'text', label: t('settings.plain-text') }]} />
					</div>
					{form === 'html' ? <Rich start={identity.htmlSignature || textToHtml(text)} editor={editor} /> : <textarea class="textarea" aria-labelledby="signature-label" rows={5} value={text} onInput={e => setText(e.currentTarget.value)} />}
				</div>
				<div class="row spread"><span>{t('settings.signature-replies')}</span>
					<Segmented label={t('settings.signature-replies')} value={replies} onChange={setReplies}
						options={[{ value: 'same', label: t('settings.signature-same') }, { value: 'other', label: t('settings.signature-other') }, { value: 'none', label: t('settings.signature-none') }]} />
				</div>
				{replies === 'other' && <Rich start={replySignatures.value[identity.id]?.html ?? ''} editor={replyEditor} label={t('settings.signature-of-replies')} />}
				{error && <Banner kind="bad">{error.description || t('settings.problem-other')}</Banner>}
			</div>
		</Dialog>
	);
}

export function Rich({ start, editor, label }: { start: string; editor: { current: RichEditor | null }; label?: string }) {
	const ref = useRef<HTMLDivElement>(null);
	useEffect(() => {
		let gone = false;
		void import('../compose/rich').then(({ RichEditor }) => {
			if (gone) return;
			editor.current = new RichEditor(ref.current!, { imageOf: () => null, onFiles: () => {}, onInput: () => {}, onPath: () => {} });
			editor.current.setHTML(start);
		});
		return () => {
			gone = true;
			editor.current?.destroy();
			editor.current = null;
		};
	}, []);
	return <div ref={ref} class="editor rich boxed" tabIndex={0} role="textbox" aria-multiline="true" aria-label={label ?? t('settings.signature')} contentEditable />;
}
