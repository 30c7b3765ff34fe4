#include "html/safe_in.h"

#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "html/reference.h"

#define RESERVE (HTML_DEPTH_MAX * (ELEMENT_NAME_MAX + 3) + 64) /* bytes that closing everything takes */

void html_escape(struct slice text, struct buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i <= text.n; i++) {
		uint8_t c = i < text.n ? text.p[i] : '&';
		bool control = (c < ' ' && c != '\n' && c != '\t') || c == 0x7f;

		if (!control && c != '&' && c != '<' && c != '>' && c != '"' && c != '\'')
			continue;
		utf8_append_clean(out, slice_sub(text, from, i));
		from = i + 1;
		if (i == text.n)
			return;
		if (!control)
			buf_append_str(out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : "&#39;");
	}
}

/* ---- writing ---- */

static void put(struct safe *s, struct slice bytes)
{
	if (s->tag.failed || buf_len(s->body) - s->body_from + bytes.n + RESERVE > HTML_OUTPUT_MAX)
		s->report->cut = true;
	else
		buf_append(s->body, bytes);
}

static void put_tag(struct safe *s)
{
	put(s, buf_slice(&s->tag));
}

static void begin(struct safe *s, const struct element *body)
{
	if (s->begun)
		return;
	s->begun = true;
	safe_outer_write(s, body);
	put_tag(s);
}

/* An element whose start tag is written. */
static void push(struct safe *s, const struct element *e, struct slice tag)
{
	s->open[s->depth++] = (struct safe_open){.element = e, .tag = tag};
}

/* Formats that ended with their block go on here. */
static void resume(struct safe *s)
{
	for (size_t i = 0; i < s->pending_count; i++)
		if (s->depth < HTML_DEPTH_MAX) {
			put(s, s->pending[i].tag);
			if (s->report->cut)
				break;
			push(s, s->pending[i].element, s->pending[i].tag);
		}
	s->pending_count = 0;
}

/* Ends everything down to and including `index`. Formats above it go on later when `keep`. */
static void close_to(struct safe *s, size_t index, bool keep)
{
	size_t first = s->pending_count;

	while (s->depth > index) {
		struct safe_open o = s->open[--s->depth];

		buf_printf(s->body, "</%s>", o.element->name);
		if (!keep || s->depth == index || o.tag.n == 0 || s->pending_count == PENDING_MAX)
			continue;
		/* The outer one stands first. */
		memmove(&s->pending[first + 1], &s->pending[first], (s->pending_count - first) * sizeof s->pending[0]);
		s->pending[first] = o;
		s->pending_count++;
	}
}

/* ---- which elements end by themselves ---- */

static bool is_table_part(const struct element *e)
{
	return element_has(e, ELEMENT_CELL | ELEMENT_ROW | ELEMENT_GROUP) || element_is(e, "table");
}

/* The innermost open one named so, not beyond a table cell; HTML_DEPTH_MAX: none. */
static size_t find_open(const struct safe *s, const struct element *e, const char *stop, const char *stop2)
{
	bool part = is_table_part(e);

	for (size_t i = s->depth; i-- > 0;) {
		const struct element *o = s->open[i].element;

		if (o == e)
			return i;
		if (part ? element_is(o, "table") : element_has(o, ELEMENT_SCOPE))
			break;
		if (element_is(o, stop) || element_is(o, stop2))
			break;
	}
	return HTML_DEPTH_MAX;
}

static void end_open(struct safe *s, const char *name, const char *stop, const char *stop2)
{
	size_t i = find_open(s, element_find(slice_str(name)), stop, stop2);

	if (i < HTML_DEPTH_MAX)
		close_to(s, i, true);
}

/* A cell ends the cell before it, a row the row, a group the group. */
static void end_parts(struct safe *s, unsigned parts)
{
	size_t outermost = HTML_DEPTH_MAX;

	for (size_t i = s->depth; i-- > 0 && !element_is(s->open[i].element, "table");)
		if (element_has(s->open[i].element, parts))
			outermost = i;
	if (outermost < HTML_DEPTH_MAX)
		close_to(s, outermost, false);
	s->pending_count = 0;
}

/* HTML 13.1.2.4: what a start tag ends. */
static void end_implied(struct safe *s, const struct element *e)
{
	if (element_has(e, ELEMENT_CELL))
		end_parts(s, ELEMENT_CELL);
	else if (element_has(e, ELEMENT_ROW))
		end_parts(s, ELEMENT_CELL | ELEMENT_ROW);
	else if (element_has(e, ELEMENT_GROUP))
		end_parts(s, ELEMENT_CELL | ELEMENT_ROW | ELEMENT_GROUP);
	if (element_has(e, ELEMENT_BLOCK))
		end_open(s, "p", "", "");
	if (element_is(e, "li"))
		end_open(s, "li", "ul", "ol");
	if (element_is(e, "dd") || element_is(e, "dt")) {
		end_open(s, "dd", "dl", "");
		end_open(s, "dt", "dl", "");
	}
	if (element_is(e, "a"))
		end_open(s, "a", "", "");
}

/* ---- tags ---- */

static void forget_pending(struct safe *s, const struct element *e)
{
	for (size_t i = s->pending_count; i-- > 0;)
		if (s->pending[i].element == e) {
			memmove(&s->pending[i], &s->pending[i + 1], (s->pending_count - i - 1) * sizeof s->pending[0]);
			s->pending_count--;
			return;
		}
}

static void keep_start(struct safe *s, const struct element *e)
{
	bool blank = element_has(e, ELEMENT_VOID);

	begin(s, NULL);
	end_implied(s, e);
	if (element_is(e, "a"))
		forget_pending(s, e);
	if (!blank && s->depth >= HTML_DEPTH_MAX) {
		s->left_out[element_index(e)]++;
		return;
	}
	if (!element_has(e, ELEMENT_BLOCK) && !is_table_part(e))
		resume(s);
	if (!blank && s->depth >= HTML_DEPTH_MAX) {
		s->left_out[element_index(e)]++;
		return;
	}
	safe_tag_write(s, e);
	put_tag(s);
	if (blank || s->report->cut)
		return;
	bool goes_on = element_has(e, ELEMENT_FORMAT) && buf_len(&s->tag) <= TAG_KEPT_MAX;
	push(s, e, goes_on ? arena_dup(s->arena, buf_slice(&s->tag)) : SLICE_NONE);
}

static void keep_end(struct safe *s, const struct element *e)
{
	size_t i;

	if (element_is(e, "br")) {
		s->token.attribute_count = 0;
		keep_start(s, e);
		return;
	}
	if (s->left_out[element_index(e)] > 0) {
		s->left_out[element_index(e)]--;
		return;
	}
	i = find_open(s, e, "", "");
	if (i == HTML_DEPTH_MAX)
		forget_pending(s, e);
	else
		close_to(s, i, !is_table_part(e));
}

static enum html_text_kind text_kind(const struct element *e)
{
	if (element_is(e, "script"))
		return HTML_TEXT_SCRIPT;
	if (element_is(e, "plaintext"))
		return HTML_TEXT_PLAIN;
	return element_is(e, "title") || element_is(e, "textarea") ? HTML_TEXT_RCDATA : HTML_TEXT_RAW;
}

static void meta(struct safe *s)
{
	struct slice name, content;

	if (html_token_attribute(&s->token, SLICE("name"), &name) && html_token_attribute(&s->token, SLICE("content"), &content)
	    && (slice_eq_nocase(name, SLICE("color-scheme")) || slice_eq_nocase(name, SLICE("supported-color-schemes")))
	    && slice_search_nocase(content, SLICE("dark")) >= 0)
		s->report->dark = true;
}

static void drop_begin(struct safe *s, bool foreign)
{
	s->dropping = s->token.name;
	s->dropping_depth = 1;
	s->tokens.foreign = foreign;
}

static void start_tag(struct safe *s)
{
	const struct element *e = element_find(s->token.name);

	switch (e != NULL ? e->treatment : ELEMENT_PASS) {
	case ELEMENT_PASS: break;
	case ELEMENT_KEEP: keep_start(s, e); break;
	case ELEMENT_DROP: drop_begin(s, false); break;
	case ELEMENT_FOREIGN:
		if (!s->token.self_closing)
			drop_begin(s, true);
		break;
	case ELEMENT_SHOW:
	case ELEMENT_RAW:
	case ELEMENT_STYLE:
		html_tokens_raw(&s->tokens, text_kind(e), s->token.name);
		s->raw = e;
		break;
	case ELEMENT_META: meta(s); break;
	case ELEMENT_BODY: begin(s, e); break;
	}
}

static void end_tag(struct safe *s)
{
	const struct element *e = element_find(s->token.name);

	if (e != NULL && e->treatment == ELEMENT_KEEP)
		keep_end(s, e);
}

/* ---- content that goes ---- */

static void drop_end(struct safe *s)
{
	s->dropping = SLICE_NONE;
	s->tokens.foreign = false;
}

/* True: the token was inside of what goes. */
static bool drop(struct safe *s)
{
	bool start = s->token.kind == HTML_START_TAG, same;

	if (s->dropping.n == 0)
		return false;
	if (s->token.kind == HTML_TEXT)
		return true;
	if (start && s->tokens.foreign && element_breaks_out(s->token.name)) {
		drop_end(s);
		return false;
	}
	same = slice_eq_nocase(s->token.name, s->dropping);
	if (start && same && !(s->tokens.foreign && s->token.self_closing)) {
		s->dropping_depth++;
	} else if (!start && same) {
		if (--s->dropping_depth == 0)
			drop_end(s);
	} else if (start) {
		const struct element *e = element_find(s->token.name);
		bool raw = e != NULL && (e->treatment == ELEMENT_RAW || e->treatment == ELEMENT_STYLE || e->treatment == ELEMENT_SHOW);

		if (raw)
			html_tokens_raw(&s->tokens, text_kind(e), s->token.name);
	}
	return true;
}

/* ---- text ---- */

static bool is_blank(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!html_is_space(s.p[i]))
			return false;
	return true;
}

static void text(struct safe *s)
{
	struct slice shown = s->token.references ? html_decoded(s->token.text, false, s->arena) : s->token.text;
	bool blank = is_blank(shown);

	if (blank && !s->begun)
		return;
	begin(s, NULL);
	if (!blank)
		resume(s);
	buf_clear(&s->tag);
	html_escape(shown, &s->tag);
	put_tag(s);
}

static void raw_text(struct safe *s)
{
	const struct element *e = s->raw;

	s->raw = NULL;
	if (e->treatment == ELEMENT_SHOW)
		text(s);
	else if (e->treatment == ELEMENT_STYLE && s->options->profile == HTML_VIEW)
		css_sheet(s->token.text, &s->css, s->sheets);
}

static void token(struct safe *s)
{
	if (drop(s))
		return;
	if (s->token.kind == HTML_TEXT && s->raw != NULL) {
		raw_text(s);
		return;
	}
	s->raw = NULL;
	if (s->token.kind == HTML_TEXT)
		text(s);
	else if (s->token.kind == HTML_START_TAG)
		start_tag(s);
	else
		end_tag(s);
}

void html_safe(struct slice html, const struct html_options *options, struct arena *arena, struct buf *body, struct buf *sheets,
               struct html_report *report)
{
	struct safe *s = memory_alloc(sizeof *s);

	*report = (struct html_report){.addresses = report->addresses, .inside = report->inside};
	*s = (struct safe){.options = options, .report = report, .arena = arena, .body = body, .sheets = sheets, .body_from = buf_len(body)};
	s->tag = BUF_INIT(HTML_OUTPUT_MAX);
	s->left_out = arena_alloc_array(arena, element_count(), sizeof *s->left_out);
	s->css = (struct css_options){.picture = safe_picture, .arg = s, .dark = options->theme == HTML_DARK, .knows_dark = &report->dark,
		.arena = arena};
	bool cut = html.n > HTML_TEXT_MAX;
	html_tokens_init(&s->tokens, utf8_prefix(html, HTML_TEXT_MAX));
	for (html_token_next(&s->tokens, &s->token); s->token.kind != HTML_END && !report->cut; html_token_next(&s->tokens, &s->token))
		token(s);
	begin(s, NULL);
	close_to(s, 0, false);
	buf_append(body, SLICE("</div>"));
	report->cut = report->cut || cut;
	buf_free(&s->tag);
	memory_free(s);
}
