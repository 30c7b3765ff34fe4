#include "policy/letter.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "mime/param.h"
#include "mime/structure.h"
#include "mime/text.h"
#include "policy/host.h"
#include "policy/links.h"

#define REPLY_ADDRESSES_MAX 20

static struct letter_address address_of(const struct mime_address *list, struct arena *arena)
{
	const struct mime_address *a = mime_address_next(list);
	if (a == NULL)
		return (struct letter_address){0};
	struct letter_address ret = {.domain = host_ascii(a->host, arena)};
	if (a->has_name)
		ret.name = utf8_prefix(mime_words_decode_arena(slice_sub(a->name, 0, LETTER_NAME_MAX * 4), arena), LETTER_NAME_MAX);
	if (ret.domain.n > 0)
		ret.spec = arena_printf(arena, "%.*s@%.*s", SLICE_ARG(slice_sub(a->mailbox, 0, LETTER_NAME_MAX)), SLICE_ARG(ret.domain));
	else
		ret.spec = slice_sub(mime_address_spec(a, arena), 0, 2 * LETTER_NAME_MAX);
	return ret;
}

/* Of several addresses the one that is elsewhere: the others may be there to hide it. */
static struct letter_address reply_address(const struct mime_address *list, struct slice from_domain, struct arena *arena)
{
	struct letter_address first = address_of(list, arena);
	unsigned count = 0;
	for (const struct mime_address *a = mime_address_next(list); a != NULL && count++ < REPLY_ADDRESSES_MAX; a = mime_address_next(a->next)) {
		struct letter_address other = address_of(a, arena);
		if (!slice_eq(host_registered(other.domain), host_registered(from_domain)))
			return other;
	}
	return first;
}

static void who_fill(struct policy_letter *l, struct arena *arena)
{
	const struct mime_envelope *e = l->envelope;
	l->from = address_of(e->from, arena);
	if (e->sender != e->from)
		l->sender = address_of(e->sender, arena);
	if (e->reply_to != e->from)
		l->reply_to = reply_address(e->reply_to, l->from.domain, arena);
	l->from_fields = mime_header_count(l->header, SLICE("From"));
	for (const struct mime_address *a = mime_address_next(e->from); a != NULL; a = mime_address_next(a->next))
		l->from_count++;
	l->subject = mime_words_decode_arena(slice_sub(e->subject, 0, 4 * 1024), arena);
}

/* Decodes a text part; as_source: its HTML stays. Stops when `out` holds `max` bytes. */
static void part_decode(struct policy_letter *l, const struct mime_part *part, bool as_source, size_t max, struct arena *arena,
	struct buf *out)
{
	struct mime_part plain = *part;
	if (as_source)
		plain.subtype = SLICE("plain");
	struct mime_text *t = mime_text_open(&plain, false, arena);
	size_t at = part->body_start;
	do {
		size_t end = part->body_end - at > 16384 ? at + 16384 : part->body_end;
		mime_text_feed(t, slice_sub(l->message, at, end), end == part->body_end, out);
		at = end;
	} while (at < part->body_end && buf_len(out) < max);
	l->cut = l->cut || at < part->body_end;
	mime_text_close(&t);
}

static void links_of_text(struct policy_letter *l, struct slice text, struct arena *arena)
{
	struct policy_url url;
	while (l->url_count < LETTER_URLS_MAX && policy_url_next(&text, arena, &url)) {
		url.kind = URL_TEXT;
		l->urls[l->url_count++] = url;
	}
}

static void links_of_html(struct policy_letter *l, const struct mime_part *part, struct arena *arena)
{
	struct buf source = BUF_INIT(4 * LETTER_HTML_MAX);
	part_decode(l, part, true, LETTER_HTML_MAX, arena, &source);
	links_scan(arena_dup(arena, utf8_prefix(buf_slice(&source), LETTER_HTML_MAX)), arena, l->urls, &l->url_count, LETTER_URLS_MAX);
	buf_free(&source);
}

static void text_part(struct policy_letter *l, const struct mime_part *part, struct arena *arena, struct buf *text)
{
	bool html = slice_eq(part->subtype, SLICE("html"));
	size_t before = buf_len(text);
	if (before < LETTER_TEXT_MAX)
		part_decode(l, part, false, LETTER_TEXT_MAX, arena, text);
	else
		l->cut = true;
	l->has_html = l->has_html || html;
	if (html)
		links_of_html(l, part, arena);
	/* Mail programs make links of what looks like one, in HTML too. */
	links_of_text(l, slice_from(buf_slice(text), before), arena);
	l->cut = l->cut || l->url_count == LETTER_URLS_MAX;
}

static void file_add(struct policy_letter *l, const struct mime_part *part, struct arena *arena)
{
	struct slice name = l->file_count < LETTER_PARTS_MAX ? mime_part_filename(part, arena) : SLICE_NONE;
	if (name.n > 0)
		l->files[l->file_count++] = name;
}

static void parts_fill(struct policy_letter *l, struct arena *arena)
{
	struct buf text = BUF_INIT(8 * LETTER_TEXT_MAX), all = BUF_INIT(64 * LETTER_TEXT_MAX);
	l->urls = arena_alloc_array(arena, LETTER_URLS_MAX, sizeof *l->urls);
	l->files = arena_alloc_array(arena, LETTER_PARTS_MAX, sizeof *l->files);
	for (const struct mime_part *part = l->root; part != NULL; part = mime_part_next(part)) {
		bool attachment = mime_part_is_attachment(part);
		if (attachment || slice_eq(part->type, SLICE("application")))
			file_add(l, part, arena);
		/* What stands in an attached file is no text of the letter, but its links are opened like those of one. */
		bool is_text = slice_eq(part->type, SLICE("text")), is_file = slice_eq(part->disposition, SLICE("attachment"));
		if (is_text && !is_file)
			text_part(l, part, arena, &text);
		else if (is_text && slice_eq(part->subtype, SLICE("html")))
			links_of_html(l, part, arena);
	}
	l->text = arena_dup(arena, utf8_prefix(buf_slice(&text), LETTER_TEXT_MAX));
	mime_fold(l->subject, &all);
	buf_append_byte(&all, '\n');
	mime_fold(l->text, &all);
	l->folded = arena_dup(arena, buf_slice(&all));
	buf_free(&text);
	buf_free(&all);
}

static void letter_begin(struct policy_letter *l, struct slice message, size_t header_size, const struct mime_envelope *envelope, struct arena *arena)
{
	*l = (struct policy_letter){.client = l->client, .ptr = l->ptr, .helo = l->helo, .reverse_path = l->reverse_path,
		.recipients = l->recipients, .recipient_count = l->recipient_count, .authenticated = l->authenticated, .trust = l->trust};
	l->message = message;
	l->header = slice_sub(message, 0, header_size < MIME_HEADER_MAX ? header_size : MIME_HEADER_MAX);
	if (envelope == NULL) {
		struct mime_envelope *e = ARENA_NEW(arena, struct mime_envelope);
		mime_envelope_parse(l->header, arena, e);
		envelope = e;
	}
	l->envelope = envelope;
	if (l->recipient_count > LETTER_RECIPIENTS_MAX)
		l->recipient_count = LETTER_RECIPIENTS_MAX;
	who_fill(l, arena);
}

void policy_letter_read_who(struct policy_letter *l, struct slice message, struct arena *arena)
{
	letter_begin(l, message, mime_header_length(message), NULL, arena);
}

void policy_letter_read(struct policy_letter *l, struct slice message, const struct mime_part *root, const struct mime_envelope *envelope,
	struct arena *arena)
{
	root = root != NULL ? root : mime_structure_parse(message, arena);
	letter_begin(l, message, root->body_start, envelope, arena);
	l->root = root;
	parts_fill(l, arena);
}

struct slice policy_letter_mail_domain(const struct policy_letter *l, struct arena *arena)
{
	ptrdiff_t at = slice_rfind(l->reverse_path, '@');
	return host_ascii(at >= 0 ? slice_from(l->reverse_path, (size_t)at + 1) : l->helo, arena);
}
