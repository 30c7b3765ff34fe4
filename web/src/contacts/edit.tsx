/* An own contact, as a form. */
import { useState } from 'preact/hooks';
import { isAddress } from '../compose/address';
import { t } from '../ui/i18n';
import { Dialog } from '../ui/overlay';
import { Banner, Button, Field, IconButton } from '../ui/parts';
import { isComposing } from '../ui/shortcuts';
import { toast } from '../ui/toast';
import { editing, save, type Editing } from './actions';
import type { Form } from './card';

function Several({ label, values, type, onChange, wrong }: { label: string; values: string[]; type: string; onChange: (values: string[]) => void; wrong: (value: string) => boolean }) {
	const rows = values.length > 0 ? values : [''];
	return (
		<fieldset class="several">
			<legend>{label}</legend>
			{rows.map((value, i) => (
				<div class="row" key={i}>
					<input class="input" type={type} aria-label={`${label} ${i + 1}`} aria-invalid={wrong(value) || undefined} value={value} onInput={e => onChange(rows.map((one, n) => (n === i ? e.currentTarget.value : one)))} />
					{rows.length > 1 && <IconButton icon="close" size={16} label={t('contacts.remove-value', { value: value || label })} onClick={() => onChange(rows.filter((_, n) => n !== i))} />}
				</div>
			))}
			<Button small kind="ghost" icon="plus" onClick={() => onChange([...rows, ''])}>{t('contacts.another')}</Button>
		</fieldset>
	);
}

export function EditDialog({ onSaved }: { onSaved: (key: string) => void }) {
	const open = editing.value;
	return open && <Edit key={open.person?.key ?? 'new'} open={open} onSaved={onSaved} />;
}

function Edit({ open, onSaved }: { open: NonNullable<Editing>; onSaved: (key: string) => void }) {
	const [form, setForm] = useState<Form>(open.form);
	const [busy, setBusy] = useState(false);
	const [failed, setFailed] = useState(false);
	const set = (part: Partial<Form>) => setForm({ ...form, ...part });
	const wrongMail = (value: string) => value.trim() !== '' && !isAddress(value.trim());
	const close = () => (editing.value = null);
	const text = (name: 'name' | 'company' | 'position', focus = false) => (
		<Field label={t(`contacts.${name}`)}>{ids => <input class="input" id={ids.id} autofocus={focus} value={form[name]} maxLength={200} onInput={e => set({ [name]: e.currentTarget.value })} />}</Field>
	);
	const submit = async () => {
		setBusy(true);
		setFailed(false);
		try {
			const key = await save(open.person, form);
			toast(t('ui.saved'));
			close();
			onSaved(key);
		} catch {
			setFailed(true);
		}
		setBusy(false);
	};
	const ready = (form.name.trim() !== '' || form.emails.some(one => one.trim())) && !form.emails.some(wrongMail);
	return (
		<Dialog title={t(open.person ? 'contacts.edit' : 'contacts.add')} onClose={close}
			footer={<><Button onClick={close}>{t('ui.cancel')}</Button><Button kind="primary" busy={busy} disabled={!ready} onClick={() => void submit()}>{t('ui.save')}</Button></>}>
			<div class="stack">
				{text('name', true)}
				<Several label={t('contacts.email')} type="email" values={form.emails} wrong={wrongMail} onChange={emails => set({ emails })} />
				<Several label={t('contacts.phone')} type="tel" values={form.phones} wrong={() => false} onChange={phones => set({ phones })} />
				{text('company')}
				{text('position')}
				<Field label={t('contacts.note')}>{ids => <textarea class="textarea" id={ids.id} rows={3} value={form.note} onInput={e => set({ note: e.currentTarget.value })} />}</Field>
				{failed && <Banner kind="bad">{t('contacts.not-saved')}</Banner>}
			</div>
		</Dialog>
	);
}

export function NameDialog({ title, start, onClose, onSave }: { title: string; start: string; onClose: () => void; onSave: (name: string) => void }) {
	const [name, setName] = useState(start);
	const done = () => { onSave(name.trim()); onClose(); };
	return (
		<Dialog title={title} size="small" onClose={onClose} footer={<><Button onClick={onClose}>{t('ui.cancel')}</Button><Button kind="primary" disabled={!name.trim()} onClick={done}>{t('ui.save')}</Button></>}>
			<Field label={t('contacts.name')}>{ids => <input class="input" id={ids.id} autofocus value={name} maxLength={200} onInput={e => setName(e.currentTarget.value)} onKeyDown={e => { if (e.key === 'Enter' && !isComposing(e) && name.trim()) done(); }} />}</Field>
		</Dialog>
	);
}
