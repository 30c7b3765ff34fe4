/* SearchSnippet/get (RFC 8621 5.1): what was looked for, where it stands. */
#include <string.h>

#include "base/utf8.h"
#include "jmap/email_body.h"
#include "jmap/email_filter.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/structure.h"
#include "mime/text.h"

#define NEEDLES_MAX 64
#define PREVIEW_MAX 255           /* bytes of a preview, marks included */
#define PREVIEW_BEFORE 60         /* bytes of text in front of the first mark */
#define TEXT_READ (256u << 10)    /* bytes of the body that are looked through */

struct needles {
	struct slice list[NEEDLES_MAX];
	size_t count;
};

/* Texts that are looked for in one place, without those of a NOT. */
struct wanted { struct needles subject, body; };

static void add_needles(struct jmap_call *call, struct needles *n, struct slice text)
{
	struct slice found[JMAP_NEEDLES_MAX];
	size_t count = jmap_needles(text, &call->arena, found);

	for (size_t i = 0; i < count && n->count < NEEDLES_MAX; i++)
		n->list[n->count++] = found[i];
}

static void gather(struct jmap_call *call, const json_t *filter, struct wanted *w)
{
	const json_t *one;
	size_t i;

	if (slice_eq(jmap_text(json_object_get(filter, "operator")), SLICE("NOT")))
		return;
	json_array_foreach(json_object_get(filter, "conditions"), i, one)
		gather(call, one, w);
	add_needles(call, &w->subject, jmap_text(json_object_get(filter, "text")));
	add_needles(call, &w->body, jmap_text(json_object_get(filter, "text")));
	add_needles(call, &w->subject, jmap_text(json_object_get(filter, "subject")));
	add_needles(call, &w->body, jmap_text(json_object_get(filter, "body")));
}

/* ---- where it stands: the text folded character by character, with the place of each ---- */

struct folded {
	struct buf text;
	struct buf places;   /* a uint32_t for each byte of `text`: where its character begins */
	struct slice original;
};

static void fold(struct slice original, struct folded *f)
{
	struct slice rest = original;

	*f = (struct folded){.text = BUF_INIT(SIZE_MAX / 8), .places = BUF_INIT(SIZE_MAX / 8), .original = original};
	while (rest.n > 0) {
		struct slice one = rest;
		uint32_t place = (uint32_t)(original.n - rest.n);
		size_t before = buf_len(&f->text);

		(void)utf8_next(&rest);
		mime_fold(slice_sub(one, 0, one.n - rest.n), &f->text);
		for (; before < buf_len(&f->text); before++)
			buf_append_bytes(&f->places, &place, sizeof place);
	}
}

static void fold_free(struct folded *f)
{
	buf_free_secret(&f->text);
	buf_free(&f->places);
}

static size_t place_of(const struct folded *f, size_t at)
{
	uint32_t place;

	if (at >= buf_len(&f->text))
		return f->original.n;
	memcpy(&place, buf_slice(&f->places).p + at * sizeof place, sizeof place);
	return place;
}

/* The first of the needles from byte `from` of the folded text on; the longest where several begin. False: none. */
static bool next_hit(const struct folded *f, const struct needles *n, size_t from, size_t *ret_from, size_t *ret_to)
{
	struct slice rest = slice_from(buf_slice(&f->text), from);
	size_t best = SIZE_MAX, length = 0;

	for (size_t i = 0; i < n->count; i++) {
		ptrdiff_t at = slice_search(rest, n->list[i]);

		if (at >= 0 && ((size_t)at < best || ((size_t)at == best && n->list[i].n > length))) {
			best = (size_t)at;
			length = n->list[i].n;
		}
	}
	*ret_from = from + best;
	*ret_to = from + best + length;
	return best != SIZE_MAX;
}

/* ---- showing ---- */

/* HTML text; false and nothing: it does not fit. */
static bool escape(struct slice text, size_t max, struct buf *out)
{
	size_t before = buf_len(out);

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '&')
			buf_append_str(out, "&amp;");
		else if (c == '<')
			buf_append_str(out, "&lt;");
		else if (c == '>')
			buf_append_str(out, "&gt;");
		else if (c == '"')
			buf_append_str(out, "&quot;");
		else if (c == '\'')
			buf_append_str(out, "&#39;");
		else
			buf_append_byte(out, c < 0x20 || c == 0x7f ? ' ' : c);
	}
	if (buf_len(out) <= max)
		return true;
	buf_truncate(out, before);
	return false;
}

/* As many whole characters as fit. False: not all. */
static bool escape_some(struct slice text, size_t max, struct buf *out)
{
	while (text.n > 0) {
		struct slice one = text;

		(void)utf8_next(&text);
		if (!escape(slice_sub(one, 0, one.n - text.n), max, out))
			return false;
	}
	return true;
}

/* The original from `start` on with its hits marked, at most `max` bytes. */
static void mark(const struct folded *f, const struct needles *n, size_t start, size_t max, struct buf *out)
{
	size_t at = 0, shown = start, hit, end;

	while (next_hit(f, n, at, &hit, &end)) {
		size_t from = place_of(f, hit), to = place_of(f, end);

		at = end > hit ? end : hit + 1;
		if (from < shown)
			continue;
		if (to == from) /* the end lies within what one character became */
			to = f->original.n > from ? from + 1 : from;
		while (to < f->original.n && (f->original.p[to] & 0xc0) == 0x80)
			to++;
		if (!escape_some(slice_sub(f->original, shown, from), max, out) || buf_len(out) + 13 > max)
			return;
		buf_append_str(out, "<mark>");
		if (!escape(slice_sub(f->original, from, to), max - 7, out)) {
			buf_truncate(out, buf_len(out) - 6);
			return;
		}
		buf_append_str(out, "</mark>");
		shown = to;
	}
	(void)escape_some(slice_from(f->original, shown), max, out);
}

/* Some text in front of the first hit, from the beginning of a character. */
static size_t start_of(const struct folded *f, size_t hit)
{
	size_t start = place_of(f, hit);

	start = start > PREVIEW_BEFORE ? start - PREVIEW_BEFORE : 0;
	while (start > 0 && (f->original.p[start] & 0xc0) == 0x80)
		start--;
	return start;
}

/* null when there is nothing to be marked. */
static bool print_marked(struct emit *e, const char *name, struct slice text, const struct needles *n, bool whole)
{
	struct buf out = BUF_INIT(SIZE_MAX / 8);
	struct folded f;
	size_t hit, end;
	bool found;

	fold(text, &f);
	found = next_hit(&f, n, 0, &hit, &end);
	if (found) {
		mark(&f, n, whole ? 0 : start_of(&f, hit), whole ? SIZE_MAX / 8 : PREVIEW_MAX, &out);
		emit_member_text(e, name, buf_slice(&out));
	}
	fold_free(&f);
	buf_free_secret(&out);
	return found;
}

/* ---- one email ---- */

/* The visible text of a part, white space collapsed. */
static void visible_text(struct jmap_shown *s, const struct mime_part *part, struct buf *out)
{
	struct account *mail = jmap_mail(s->call);
	const struct jmap_email_row *row = &s->email->rows[0];
	uint64_t n = part->body_end - part->body_start;
	struct buf raw = BUF_INIT(TEXT_READ), text = BUF_INIT(SIZE_MAX / 8);
	struct mime_text *t;
	bool blank = true;

	n = n < TEXT_READ ? n : TEXT_READ;
	if ((mail->ops->give == NULL || mail->ops->give(mail, &row->mailbox, row->uid, s->prefix + part->body_start, n, NULL) == 0)
	    && mail->ops->read(mail, &row->mailbox, row->uid, s->prefix + part->body_start, n, &raw, NULL) == 0) {
		t = mime_text_open(part, false, s->arena);
		mime_text_feed(t, buf_slice(&raw), true, &text);
		mime_text_close(&t);
	}
	for (size_t i = 0; i < buf_len(&text); i++) {
		uint8_t c = buf_slice(&text).p[i];
		bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';

		if (!space || !blank)
			buf_append_byte(out, space ? ' ' : c);
		blank = space;
	}
	buf_free_secret(&raw);
	buf_free_secret(&text);
}

static void print_preview(struct jmap_shown *s, const struct needles *n)
{
	struct emit *e = jmap_out(s->call);
	struct jmap_bodies bodies;
	bool found = false;

	jmap_bodies_find(s->digest->root, s->arena, &bodies);
	for (size_t i = 0; !found && n->count > 0 && i < bodies.text.count; i++) {
		struct buf text = BUF_INIT(SIZE_MAX / 8);

		if (slice_eq(bodies.text.list[i]->type, SLICE("text")))
			visible_text(s, bodies.text.list[i], &text);
		found = print_marked(e, "preview", buf_slice(&text), n, false);
		buf_free_secret(&text);
	}
	if (!found)
		emit_member_null(e, "preview");
}

static int print_snippet(struct jmap_call *call, struct slice id, const struct wanted *w)
{
	struct arena arena = ARENA_INIT;
	struct jmap_email email;
	struct jmap_shown s = {.call = call, .arena = &arena, .email = &email};
	struct emit *e = jmap_out(call);
	int rc = jmap_email_find_text(jmap_mail(call), id, &arena, &email);

	if (rc == 0)
		rc = jmap_shown_open(&s);
	if (rc == 0) {
		emit_object(e);
		emit_member_text(e, "emailId", id);
		if (!s.digest->envelope.has_subject
		    || !print_marked(e, "subject", mime_words_decode_arena(mime_unfold(&arena, s.digest->envelope.subject), &arena), &w->subject, true))
			emit_member_null(e, "subject");
		print_preview(&s, &w->body);
		emit_object_end(e);
	}
	arena_free(&arena);
	return rc;
}

/* ---- the method ---- */

struct snippets {
	struct wanted wanted;
	json_t *ids, *missing;
	size_t at;
};

static const char *check_filter(struct jmap_call *call, const json_t *filter, unsigned depth)
{
	const char *why = NULL;
	const json_t *one;
	size_t i;

	if (!json_is_object(filter) || depth > JMAP_FILTER_DEPTH_MAX)
		return depth > JMAP_FILTER_DEPTH_MAX ? "unsupportedFilter" : "invalidArguments";
	if (json_object_get(filter, "operator") == NULL)
		return jmap_email_condition_check(call, filter);
	json_array_foreach(json_object_get(filter, "conditions"), i, one)
		why = why == NULL ? check_filter(call, one, depth + 1) : why;
	return why;
}

static enum jmap_step begin(struct jmap_call *call)
{
	static const char *const names[] = {"filter", "emailIds", NULL};
	struct snippets *s = ARENA_NEW(&call->arena, struct snippets);
	json_t *filter = NULL;
	const char *why;

	if (!jmap_args_check(call, names) || !jmap_arg_object(call, "filter", &filter) || !jmap_arg_texts(call, "emailIds", &s->ids))
		return JMAP_DONE;
	why = filter == NULL ? NULL : check_filter(call, filter, 1);
	if (why != NULL || s->ids == NULL)
		return jmap_error(call, why != NULL ? why : "invalidArguments", NULL);
	if (json_array_size(s->ids) > JMAP_GET_MAX)
		return jmap_error(call, "requestTooLarge", NULL);
	gather(call, filter, &s->wanted);
	s->missing = json_array();
	json_object_set_new(call->args, "\1missing", s->missing); /* lives as long as the arguments */
	call->state = s;
	jmap_answer_begin(call, NULL);
	emit_member_text(jmap_out(call), "accountId", jmap_account_name(call->jmap));
	emit_key(jmap_out(call), "list");
	emit_array(jmap_out(call));
	return JMAP_AGAIN;
}

static void end(struct jmap_call *call, const struct snippets *s)
{
	struct emit *e = jmap_out(call);

	emit_array_end(e);
	emit_key(e, "notFound");
	if (json_array_size(s->missing) == 0)
		emit_null(e);
	else
		emit_json(e, s->missing);
	jmap_answer_end(call);
}

enum jmap_step jmap_search_snippet_get(struct jmap_call *call)
{
	struct snippets *s = call->state;

	if (s == NULL) {
		if (begin(call) == JMAP_DONE)
			return JMAP_DONE;
		s = call->state;
	}
	while (jmap_room(call)) {
		json_t *id = json_array_get(s->ids, s->at++);
		int rc;

		if (id == NULL) {
			end(call, s);
			return JMAP_DONE;
		}
		rc = print_snippet(call, jmap_text(id), &s->wanted);
		if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED)
			json_array_append(s->missing, id);
		else if (rc < 0)
			return jmap_error_code(call, rc);
	}
	return JMAP_AGAIN;
}
