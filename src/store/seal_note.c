#include "store/seal_note.h"

#define NOTE_VERSION 1
enum { NOTE_HAS_RETURN_PATH = 1 };

void filing_note_encode(const struct filing_note *note, struct buf *out)
{
	buf_put_u8(out, NOTE_VERSION);
	buf_put_u8(out, note->has_return_path ? NOTE_HAS_RETURN_PATH : 0);
	buf_put_u64(out, (uint64_t)note->internal_date);
	buf_put_bytes(out, note->return_path);
	buf_put_bytes(out, note->delivered_to);
	buf_put_bytes(out, note->mailbox);
	buf_put_bytes(out, note->mailbox_id);
	buf_put_bytes(out, note->flags);
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
	note.has_return_path = bits & NOTE_HAS_RETURN_PATH;
	note.internal_date = (int64_t)date;
	*ret = note;
	return 0;
}
