#include <string.h>

#include "base/ascii.h"
#include "base/charset.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "mime/address.h"
#include "mime/date.h"
#include "mime/enclosed.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "mime/make.h"
#include "mime/param.h"
#include "mime/raw_header.h"
#include "mime/structure.h"
#include "mime/text.h"

#define MESSAGE_ID_MAX 998 /* a line of RFC 5322 2.1.1 */

/* The next "<id>" of a field; text that is no id is passed over. */
static bool take_message_id(struct slice *rest, struct slice *ret)
{
	for (;;) {
		ptrdiff_t start = slice_find(*rest, '<'), end;

		if (start < 0)
			return false;
		*rest = slice_from(*rest, (size_t)start + 1);
		end = slice_find(*rest, '>');
		if (end < 0)
			return false;
		*ret = slice_trim(slice_sub(*rest, 0, (size_t)end));
		*rest = slice_from(*rest, (size_t)end + 1);
		if (ret->n > 0 && ret->n <= MESSAGE_ID_MAX)
			return true;
	}
}

static struct slice message_id(struct slice value)
{
	struct slice rest = value, id;

	if (take_message_id(&rest, &id))
		return id;
	/* Some senders leave the angles out. */
	value = slice_trim(value);
	return value.n <= MESSAGE_ID_MAX && slice_find(value, ' ') < 0 ? value : SLICE_NONE;
}

/* Above the limit the first id (the root of the thread) and the last ones stay. */
static void references_fill(struct slice value, struct arena *arena, struct digest *d)
{
	struct slice id;

	d->references = arena_alloc_array(arena, MIME_REFERENCES_MAX, sizeof *d->references);
	while (take_message_id(&value, &id)) {
		if (d->reference_count == MIME_REFERENCES_MAX) {
			memmove(d->references + 1, d->references + 2, (MIME_REFERENCES_MAX - 2) * sizeof *d->references);
			d->reference_count--;
		}
		d->references[d->reference_count++] = id;
	}
}

static void thread_fill(struct slice header, struct arena *arena, struct digest *d)
{
	struct mime_field field;

	d->message_id = message_id(d->envelope.message_id);
	if (mime_header_find(header, SLICE("References"), &field))
		references_fill(mime_unfold(arena, field.value), arena, d);
	if (d->reference_count == 0)
		references_fill(d->envelope.in_reply_to, arena, d);
}

/* RFC 5957 3: of the first address; of a group its name. */
static struct slice display_of(const struct mime_address *list, struct arena *arena)
{
	return list != NULL ? mime_address_display(list, arena) : SLICE_NONE;
}

static bool is_address_field(struct slice name)
{
	static const struct slice names[] = {
		SLICE_INIT("From"), SLICE_INIT("To"), SLICE_INIT("Cc"), SLICE_INIT("Bcc"), SLICE_INIT("Sender"), SLICE_INIT("Reply-To"),
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (slice_eq_nocase(name, names[i]))
			return true;
	}
	return false;
}

/* Comments, quotes and spaces may stand inside of an address, so that its text does not hold it as people know it. */
static bool hides_address(struct slice value)
{
	return slice_find(value, '(') >= 0 || slice_search(value, SLICE("\"@")) >= 0 || slice_search(value, SLICE(" @")) >= 0
		|| slice_search(value, SLICE("@ ")) >= 0;
}

/* Appends the addresses that the folded text from `before` on does not show: SEARCH FROM looks in the envelope's (RFC 9051 6.4.4). */
static void hidden_addresses(struct slice value, struct arena *arena, size_t before, struct buf *text)
{
	const struct mime_address *a = mime_address_next(mime_address_parse(value, arena));

	for (; a != NULL; a = mime_address_next(a->next)) {
		struct slice spec = mime_fold_arena(mime_address_spec(a, arena), arena);

		if (spec.n != 0 && slice_search(slice_from(buf_slice(text), before), spec) < 0) {
			buf_append(text, SLICE(", "));
			buf_append(text, spec);
		}
	}
}

/* Every field once decoded and folded: "name: value\n"; behind the value of an address field the addresses that cannot be read in it. */
static struct slice search_header_make(struct slice header, struct arena *arena)
{
	struct buf text = BUF_INIT(2 * MIME_SEARCH_HEADER_MAX), decoded = BUF_INIT(8 * MIME_VALUE_MAX);
	struct mime_field field;
	unsigned seen = 0;
	struct slice ret;

	header = slice_sub(header, 0, MIME_HEADER_MAX);
	while (seen++ < MIME_FIELDS_MAX && mime_field_next(&header, &field) && buf_len(&text) < MIME_SEARCH_HEADER_MAX) {
		size_t before = buf_len(&text);

		buf_clear(&decoded);
		mime_words_decode(slice_sub(slice_trim(field.value), 0, MIME_VALUE_MAX), &decoded);
		mime_fold(field.name, &text);
		buf_append(&text, SLICE(": "));
		mime_fold(buf_slice(&decoded), &text);
		if (hides_address(buf_slice(&decoded)) && is_address_field(field.name))
			hidden_addresses(mime_unfold(arena, slice_sub(field.value, 0, MIME_VALUE_MAX)), arena, before, &text);
		buf_append_byte(&text, '\n');
		if (text.failed) {
			text.failed = false;
			buf_truncate(&text, before);
			break;
		}
	}
	ret = arena_dup(arena, buf_slice(&text));
	buf_free(&text);
	buf_free(&decoded);
	return ret;
}

/* Appends one part's text until the limit is passed. */
static void text_append(struct slice message, const struct mime_part *part, struct arena *arena, struct buf *text)
{
	struct mime_text *t = mime_text_open(part, true, arena);
	size_t at = part->body_start;

	do {
		size_t end = part->body_end - at > 16384 ? at + 16384 : part->body_end;

		mime_text_feed(t, slice_sub(message, at, end), end == part->body_end, text);
		at = end;
	} while (at < part->body_end && buf_len(text) <= MIME_SEARCH_TEXT_MAX);
	mime_text_close(&t);
}

/* Texts of a message that had to be decoded; none of messages that are encoded in there again. */
static void enclosed_append(struct slice message, const struct mime_part *enclosed, struct arena *arena, struct buf *text)
{
	struct slice inside = mime_enclosed_decode(message, enclosed, arena);
	const struct mime_part *part = inside.n > 0 ? mime_structure_parse(inside, arena) : NULL;

	for (; part != NULL && buf_len(text) <= MIME_SEARCH_TEXT_MAX; part = mime_part_next(part)) {
		if (slice_eq(part->type, SLICE("text")))
			text_append(inside, part, arena, text);
	}
}

static void search_text_make(struct slice message, struct arena *arena, struct digest *d)
{
	/* One step of 16 KiB grows at most eighteenfold in folding (U+FDFA), so this bound is never met. */
	struct buf text = BUF_INIT(4 * MIME_SEARCH_TEXT_MAX);
	struct slice all;

	unsigned enclosed = 0;

	for (const struct mime_part *part = d->root; part != NULL && buf_len(&text) <= MIME_SEARCH_TEXT_MAX; part = mime_part_next(part)) {
		if (part->encoded_message && enclosed++ < MIME_ENCLOSED_COUNT)
			enclosed_append(message, part, arena, &text);
		else if (slice_eq(part->type, SLICE("text")))
			text_append(message, part, arena, &text);
	}
	all = buf_slice(&text);
	d->search_text_cut = all.n > MIME_SEARCH_TEXT_MAX;
	d->search_text = arena_dup(arena, utf8_prefix(all, MIME_SEARCH_TEXT_MAX));
	buf_free(&text);
}

static bool has_attachment(const struct mime_part *root)
{
	for (const struct mime_part *part = root; part != NULL; part = mime_part_next(part))
		if (mime_part_is_attachment(part))
			return true;
	return false;
}

static void digest_begin(struct slice message, const uint8_t email_id[16], struct digest *d)
{
	*d = (struct digest){.version = DIGEST_VERSION_PLAIN, .size = message.n};
	memcpy(d->email_id, email_id, sizeof d->email_id);
}

/* One part of plain text that neither transfer encoding nor charset changes, and that fits. */
static bool text_is_body(struct slice message, const struct mime_part *root)
{
	const struct mime_param *charset = mime_param_find(root->params, SLICE("charset"));
	struct slice body = slice_sub(message, root->body_start, root->body_end);

	return slice_eq(root->type, SLICE("text")) && !slice_eq(root->subtype, SLICE("html")) && !slice_eq(root->encoding, SLICE("base64"))
		&& !slice_eq(root->encoding, SLICE("quoted-printable")) && body.n < MIME_SEARCH_TEXT_MAX && root->body_end == message.n
		&& (charset == NULL || charset_keeps_ascii(charset->value)) && ascii_run(body) == body.n;
}

void mime_body_text(struct slice body, struct buf *out)
{
	uint8_t *to = buf_reserve(out, body.n + 1);
	size_t n = 0;

	if (to == NULL)
		return;
	for (size_t i = 0; i < body.n; i++) {
		uint8_t c = body.p[i];

		to[n] = (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
		n += c != '\r';
	}
	to[n++] = '\n';
	buf_commit(out, n);
}

/* Of the first text that says so. */
static struct slice body_charset(const struct mime_part *root)
{
	for (const struct mime_part *part = root; part != NULL; part = mime_part_next(part)) {
		const struct mime_param *charset = slice_eq(part->type, SLICE("text")) ? mime_param_find(part->params, SLICE("charset")) : NULL;

		if (charset != NULL)
			return charset->value;
	}
	return SLICE_NONE;
}

static void params_mend(struct mime_param *list, struct slice charset, struct slice language, struct arena *arena)
{
	for (struct mime_param *p = list; p != NULL; p = p->next)
		p->value = mime_header_utf8(p->value, charset, language, arena);
}

/* Names of files, as they are. */
static void parts_mend(struct mime_part *root, struct slice charset, struct slice language, struct arena *arena)
{
	for (const struct mime_part *part = root; part != NULL; part = mime_part_next(part)) {
		params_mend(part->params, charset, language, arena);
		params_mend(part->disposition_params, charset, language, arena);
	}
}

static void digest_fill(struct slice message, const uint8_t email_id[16], struct slice language, struct arena *arena, struct digest *ret)
{
	struct slice header, subject, charset;
	bool reply;

	digest_begin(message, email_id, ret);
	ret->root = mime_structure_parse(message, arena);
	ret->header_size = ret->root->body_start;
	charset = body_charset(ret->root);
	header = mime_header_utf8(slice_sub(message, 0, ret->header_size), charset, language, arena);
	parts_mend(ret->root, charset, language, arena);
	mime_envelope_parse(header, arena, &ret->envelope);
	ret->has_sent = ret->envelope.has_date && mime_date_parse(ret->envelope.date, &ret->sent_unix) == 0;
	ret->has_attachment = has_attachment(ret->root);
	subject = mime_words_decode_arena(ret->envelope.subject, arena);
	ret->base_subject = mime_base_subject(subject, arena, &reply);
	thread_fill(header, arena, ret);
	ret->preview = mime_preview(message, ret->root, arena);
	ret->display_from = display_of(ret->envelope.from, arena);
	ret->display_to = display_of(ret->envelope.to, arena);
	ret->display_cc = display_of(ret->envelope.cc, arena);
	ret->search_header = search_header_make(header, arena);
}

int mime_digest_make(struct slice message, const uint8_t email_id[16], struct arena *arena, struct digest *ret)
{
	digest_fill(message, email_id, SLICE_NONE, arena, ret);
	search_text_make(message, arena, ret);
	return 0;
}

int mime_digest_make_brief(struct slice message, const uint8_t email_id[16], struct slice language, struct arena *arena, struct digest *ret)
{
	digest_fill(message, email_id, language, arena, ret);
	ret->search_text_of_body = text_is_body(message, ret->root);
	if (!ret->search_text_of_body)
		search_text_make(message, arena, ret);
	return 0;
}

int mime_digest_opaque(struct slice message, const uint8_t email_id[16], struct arena *arena, struct digest *ret)
{
	digest_begin(message, email_id, ret);
	ret->opaque = true;
	ret->header_size = mime_header_length(message);
	ret->root = ARENA_NEW(arena, struct mime_part);
	ret->root->type = SLICE("application");
	ret->root->subtype = SLICE("octet-stream");
	ret->root->encoding = SLICE("binary");
	ret->root->body_start = ret->header_size;
	ret->root->body_end = message.n;
	return 0;
}
