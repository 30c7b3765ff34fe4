#include "store/seal_note.h"

#define NOTE_VERSION 1
enum { NOTE_HAS_RETURN_PATH = 1, NOTE_HAS_FILINGS = 2 };

void filing_encode(const struct filing *f, struct buf *out)
{
	buf_put_bytes(out, f->mailbox);
	buf_put_bytes(out, f->special_use);
	buf_put_bytes(out, f->flags);
	buf_put_u8(out, f->create);
}

int filing_next(struct slice *list, struct filing *ret)
{
	uint8_t create;

	if (list->n == 0)
		return 0;
	if (!slice_get_bytes(list, &ret->mailbox) || !slice_get_bytes(list, &ret->special_use) || !slice_get_bytes(list, &ret->flags)
	    || !slice_get_u8(list, &create) || create > 1)
		return ERR_DAMAGED;
	ret->create = create;
	return 1;
}

static bool filings_good(struct slice list)
{
	struct filing filing;
	unsigned count = 0;
	int rc;

	while ((rc = filing_next(&list, &filing)) == 1)
		count++;
	return rc == 0 && count <= FILINGS_MAX;
}

void filing_note_encode(const struct filing_note *note, struct buf *out)
{
	buf_put_u8(out, NOTE_VERSION);
	buf_put_u8(out, (uint8_t)((note->has_return_path ? NOTE_HAS_RETURN_PATH : 0) | (note->filings.n > 0 ? NOTE_HAS_FILINGS : 0)));
	buf_put_u64(out, (uint64_t)note->internal_date);
	buf_put_bytes(out, note->return_path);
	buf_put_bytes(out, note->delivered_to);
	buf_put_bytes(out, note->mailbox);
	buf_put_bytes(out, note->mailbox_id);
	buf_put_bytes(out, note->flags);
	if (note->filings.n > 0)
		buf_put_bytes(out, note->filings);
}

int filing_note_decode(struct slice data, struct filing_note *ret)
{
	struct filing_note note = {0};
	uint8_t version, bits;
	uint64_t date;

	if (!slice_get_u8(&data, &version) || version != NOTE_VERSION || !slice_get_u8(&data, &bits) || !slice_get_u64(&data, &date)
	    || !slice_get_bytes(&data, &note.return_path) || !slice_get_bytes(&data, &note.delivered_to)
	    || !slice_get_bytes(&data, &note.mailbox) || !slice_get_bytes(&data, &note.mailbox_id) || !slice_get_bytes(&data, &note.flags))
		return ERR_DAMAGED;
	if (note.mailbox_id.n != 0 && note.mailbox_id.n != 16)
		return ERR_DAMAGED;
	if ((bits & NOTE_HAS_FILINGS) != 0 && (!slice_get_bytes(&data, &note.filings) || !filings_good(note.filings)))
		return ERR_DAMAGED;
	note.has_return_path = bits & NOTE_HAS_RETURN_PATH;
	note.internal_date = (int64_t)date;
	*ret = note;
	return 0;
}
