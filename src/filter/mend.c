#include "base/codec.h"
#include "crypt/crypt.h"
#include "filter/filter_internal.h"
#include "mime/date.h"
#include "mime/header.h"

static void append_message_id(const struct envelope *e, struct buf *out)
{
	uint8_t id[16];

	random_bytes(id, sizeof id);
	buf_append_str(out, "Message-ID: <");
	hex_encode(slice_make(id, sizeof id), out);
	buf_append_byte(out, '@');
	buf_append(out, e->hostname);
	buf_append_str(out, ">\r\n");
}

static bool is_left_out(struct slice name, bool sender)
{
	return slice_eq_nocase(name, SLICE("Bcc")) || slice_eq_nocase(name, SLICE("Resent-Bcc")) || (sender && slice_eq_nocase(name, SLICE("Sender")));
}

/* Everything but Bcc fields, what is forged (and Sender), byte for byte. */
static void append_chosen(struct slice header, struct slice hostname, bool without_sender, struct buf *out)
{
	struct slice rest = header;
	struct mime_field field;
	size_t kept = 0, at;

	while (mime_field_next(&rest, &field)) {
		if (!is_left_out(field.name, without_sender) && !filter_is_forged(&field, hostname))
			continue;
		at = (size_t)(field.whole.p - header.p);
		buf_append(out, slice_sub(header, kept, at));
		kept = at + field.whole.n;
	}
	buf_append(out, slice_from(header, kept));
}

void filter_mend_submission(const struct envelope *e, const struct sender_fact *sender, struct slice header, struct buf *out)
{
	struct mime_field field;

	if (!mime_header_find(header, SLICE("Date"), &field)) {
		buf_append_str(out, "Date: ");
		mime_date_format(e->received_ms / 1000, out);
		buf_append_str(out, "\r\n");
	}
	if (!mime_header_find(header, SLICE("Message-ID"), &field))
		append_message_id(e, out);
	if (sender->actor.n > 0) {
		buf_append_str(out, "Sender: ");
		buf_append(out, sender->actor);
		buf_append_str(out, "\r\n");
	}
	append_chosen(header, e->hostname, sender->actor.n > 0, out);
}
