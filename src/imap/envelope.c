/* ENVELOPE, BODY, BODYSTRUCTURE: RFC 9051 7.5.2. */
#include <string.h>
#include "base/ensure.h"
#include "base/utf8.h"
#include "imap/fetch.h"

/*
 * The envelope is printed through a bare pointer into memory that was reserved once: it is the inner loop of the listing of a mailbox.
 */
static uint8_t *put_nstring(const struct imap_session *s, uint8_t *to, struct slice text, bool has)
{
	if (has)
		return imap_put_string(s, to, text);
	memcpy(to, "NIL", 3);
	return to + 3;
}

static uint8_t *put_address(const struct imap_session *s, uint8_t *to, const struct mime_address *a)
{
	*to++ = '(';
	to = put_nstring(s, to, a->name, a->has_name);
	memcpy(to, " NIL ", 5);
	to = put_nstring(s, to + 5, a->mailbox, a->has_mailbox);
	*to++ = ' ';
	to = put_nstring(s, to, a->host, a->has_host);
	*to++ = ')';
	return to;
}

static uint8_t *put_addresses(const struct imap_session *s, uint8_t *to, const struct mime_address *list)
{
	if (list == NULL) {
		memcpy(to, " NIL", 4);
		return to + 4;
	}
	*to++ = ' ';
	*to++ = '(';
	for (; list != NULL; list = list->next)
		to = put_address(s, to, list);
	*to++ = ')';
	return to;
}

static size_t addresses_bound(const struct mime_address *list)
{
	size_t bound = 8;

	for (; list != NULL; list = list->next)
		bound += IMAP_STRING_BOUND(list->name.n) + IMAP_STRING_BOUND(list->mailbox.n) + IMAP_STRING_BOUND(list->host.n) + 16;
	return bound;
}

static size_t envelope_bound(const struct mime_envelope *e)
{
	return IMAP_STRING_BOUND(e->date.n) + IMAP_STRING_BOUND(e->subject.n) + IMAP_STRING_BOUND(e->in_reply_to.n) +
	       IMAP_STRING_BOUND(e->message_id.n) + 3 * addresses_bound(e->from) + addresses_bound(e->sender) + addresses_bound(e->reply_to) +
	       addresses_bound(e->to) + addresses_bound(e->cc) + addresses_bound(e->bcc) + 32;
}

static uint8_t *put_envelope(const struct imap_session *s, uint8_t *to, const struct mime_envelope *e)
{
	*to++ = '(';
	to = put_nstring(s, to, e->date, e->has_date);
	*to++ = ' ';
	to = put_nstring(s, to, e->subject, e->has_subject);
	to = put_addresses(s, to, e->from);
	/* RFC 9051 7.5.2: without Sender and Reply-To they are From. */
	to = put_addresses(s, to, e->sender != NULL ? e->sender : e->from);
	to = put_addresses(s, to, e->reply_to != NULL ? e->reply_to : e->from);
	to = put_addresses(s, to, e->to);
	to = put_addresses(s, to, e->cc);
	to = put_addresses(s, to, e->bcc);
	*to++ = ' ';
	to = put_nstring(s, to, e->in_reply_to, e->has_in_reply_to);
	*to++ = ' ';
	to = put_nstring(s, to, e->message_id, e->has_message_id);
	*to++ = ')';
	return to;
}

void write_envelope(const struct imap_session *s, const struct mime_envelope *e, struct buf *out)
{
	size_t bound = envelope_bound(e);
	uint8_t *to = buf_reserve(out, bound);

	if (to == NULL)
		return;
	size_t n = (size_t)(put_envelope(s, to, e) - to);
	ENSURE(n <= bound);
	buf_commit(out, n);
}

/* RFC 2231 4: a value beyond ASCII goes back to its extended form for clients that read no UTF-8 here. */
static void write_extended(const struct imap_session *s, const struct mime_param *param, struct buf *out)
{
	struct buf text = BUF_INIT(1u << 20);

	buf_append(&text, param->name);
	buf_append_byte(&text, '*');
	imap_write_string(s, out, buf_slice(&text));
	buf_append_byte(out, ' ');
	buf_clear(&text);
	buf_append_str(&text, "utf-8''");
	for (size_t i = 0; i < param->value.n; i++) {
		uint8_t c = param->value.p[i];
		if (ascii_is_alnum(c) || c == '.' || c == '-' || c == '_')
			buf_append_byte(&text, c);
		else
			buf_printf(&text, "%%%02X", c);
	}
	imap_write_string(s, out, buf_slice(&text));
	buf_free(&text);
}

static void write_params(const struct imap_session *s, const struct mime_param *param, struct buf *out)
{
	const char *separator = "(";

	if (param == NULL) {
		buf_append_str(out, "NIL");
		return;
	}
	for (; param != NULL; param = param->next) {
		buf_append_str(out, separator);
		separator = " ";
		if (param->extended && !slice_is_ascii(param->value)) {
			write_extended(s, param, out);
			continue;
		}
		imap_write_string(s, out, param->name);
		buf_append_byte(out, ' ');
		imap_write_string(s, out, param->value);
	}
	buf_append_byte(out, ')');
}

/* body-fld-dsp, body-fld-lang, body-fld-loc */
static void write_extension(const struct imap_session *s, const struct mime_part *part, struct buf *out)
{
	if (part->has_disposition) {
		buf_append_str(out, " (");
		imap_write_string(s, out, part->disposition);
		buf_append_byte(out, ' ');
		write_params(s, part->disposition_params, out);
		buf_append_byte(out, ')');
	} else {
		buf_append_str(out, " NIL");
	}
	buf_append_byte(out, ' ');
	imap_write_nstring(s, out, part->language, part->has_language);
	buf_append_byte(out, ' ');
	imap_write_nstring(s, out, part->location, part->has_location);
}

static void write_multipart(const struct imap_session *s, const struct mime_part *part, bool extended, struct buf *out)
{
	for (const struct mime_part *child = part->children; child != NULL; child = child->next)
		write_body_structure(s, child, extended, out);
	buf_append_byte(out, ' ');
	imap_write_string(s, out, part->subtype);
	if (!extended)
		return;
	buf_append_byte(out, ' ');
	write_params(s, part->params, out);
	write_extension(s, part, out);
}

static void write_single(const struct imap_session *s, const struct mime_part *part, bool extended, struct buf *out)
{
	imap_write_string(s, out, part->type);
	buf_append_byte(out, ' ');
	imap_write_string(s, out, part->subtype);
	buf_append_byte(out, ' ');
	write_params(s, part->params, out);
	buf_append_byte(out, ' ');
	imap_write_nstring(s, out, part->id, part->has_id);
	buf_append_byte(out, ' ');
	imap_write_nstring(s, out, part->description, part->has_description);
	buf_append_byte(out, ' ');
	imap_write_string(s, out, part->encoding.n > 0 ? part->encoding : SLICE("7bit"));
	buf_append_byte(out, ' ');
	buf_append_u64(out, part->body_end - part->body_start);
	if (part->envelope != NULL && part->children != NULL) {
		buf_append_byte(out, ' ');
		write_envelope(s, part->envelope, out);
		buf_append_byte(out, ' ');
		write_body_structure(s, part->children, extended, out);
	}
	if (slice_eq(part->type, SLICE("text")) || (part->envelope != NULL && part->children != NULL)) {
		buf_append_byte(out, ' ');
		buf_append_u64(out, part->lines);
	}
	if (!extended)
		return;
	buf_append_byte(out, ' ');
	imap_write_nstring(s, out, part->md5, part->has_md5);
	write_extension(s, part, out);
}

/* Depth is bounded by the digest (MIME_DEPTH_MAX). */
void write_body_structure(const struct imap_session *s, const struct mime_part *part, bool extended, struct buf *out)
{
	buf_append_byte(out, '(');
	if (slice_eq(part->type, SLICE("multipart")) && part->children != NULL)
		write_multipart(s, part, extended, out);
	else
		write_single(s, part, extended, out);
	buf_append_byte(out, ')');
}
