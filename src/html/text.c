/* HTML to text, over what the rewriter made of it: balanced, no surprises. */
#include "html/text.h"

#include <string.h>

#include "html/element.h"
#include "html/reference.h"
#include "html/safe.h"
#include "html/token.h"

#define LISTS_MAX 16
#define NO_NUMBERS UINT32_MAX

struct writer {
	struct buf *out;
	struct arena *arena;
	unsigned breaks;      /* line breaks that are due before the next text */
	bool any, space;      /* something was written; a blank is due */
	bool line_begun;
	unsigned level, pre;
	uint32_t numbers[LISTS_MAX];
	size_t lists;
	struct slice target;  /* of the anchor that is open */
	size_t anchor_from;
};

static void lines_due(struct writer *w, unsigned count)
{
	w->breaks = w->breaks > count ? w->breaks : count;
	w->space = false;
}

static void line_begin(struct writer *w)
{
	for (unsigned i = 0; i < w->level && i < HTML_QUOTE_LEVELS_MAX; i++)
		buf_append(w->out, SLICE("> "));
	w->line_begun = true;
}

static void line_end(struct writer *w)
{
	if (!w->line_begun && w->level > 0)
		line_begin(w);
	buf_append_byte(w->out, '\n');
	w->line_begun = false;
}

static void breaks_write(struct writer *w)
{
	for (; w->any && w->breaks > 0; w->breaks--)
		line_end(w);
	w->breaks = 0;
}

static void ready(struct writer *w)
{
	breaks_write(w);
	if (!w->line_begun)
		line_begin(w);
	else if (w->space)
		buf_append_byte(w->out, ' ');
	w->space = false;
	w->any = true;
}

static void put_word(struct writer *w, struct slice word)
{
	ready(w);
	buf_append(w->out, word);
}

static void put_preserved(struct writer *w, struct slice s)
{
	struct slice line;
	bool first = true;

	for (; s.n > 0; first = false) {
		bool more = slice_find(s, '\n') >= 0;

		if (!first)
			lines_due(w, w->breaks);
		slice_split(&s, '\n', &line);
		if (line.n > 0)
			put_word(w, line);
		if (more && w->any)
			line_end(w);
	}
}

static void put_text(struct writer *w, struct slice s)
{
	if (w->pre > 0) {
		put_preserved(w, s);
		return;
	}
	for (size_t i = 0; i < s.n;) {
		size_t from = i;

		while (i < s.n && !html_is_space(s.p[i]))
			i++;
		if (i > from)
			put_word(w, slice_sub(s, from, i));
		for (; i < s.n && html_is_space(s.p[i]); i++)
			w->space = true;
	}
}

static void item(struct writer *w)
{
	uint32_t *number = w->lists > 0 && w->lists <= LISTS_MAX ? &w->numbers[w->lists - 1] : NULL;

	lines_due(w, 1);
	put_word(w, number != NULL && *number != NO_NUMBERS ? arena_printf(w->arena, "%u.", ++*number) : SLICE("-"));
	w->space = true;
}

static void list_begin(struct writer *w, bool numbered)
{
	if (w->lists < LISTS_MAX)
		w->numbers[w->lists] = numbered ? 0 : NO_NUMBERS;
	w->lists++;
}

static unsigned distance(const struct element *e)
{
	static const char *const apart[] = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table", "pre"};

	for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
		if (element_is(e, apart[i]))
			return 2;
	return element_has(e, ELEMENT_LINE) ? 1 : 0;
}

static void start(struct writer *w, const struct element *e, const struct html_token *t)
{
	struct slice value;

	if (distance(e) > 0)
		lines_due(w, distance(e));
	if (element_is(e, "br")) {
		if (w->any)
			w->breaks++;
	} else if (element_is(e, "hr")) {
		lines_due(w, 1);
		put_word(w, SLICE("----"));
		lines_due(w, 1);
	} else if (element_is(e, "li")) {
		item(w);
	} else if (element_is(e, "ol") || element_is(e, "ul")) {
		list_begin(w, element_is(e, "ol"));
	} else if (element_is(e, "blockquote")) {
		breaks_write(w);
		w->level++;
	} else if (element_is(e, "pre")) {
		w->pre++;
	} else if (element_is(e, "img") && html_token_attribute(t, SLICE("alt"), &value) && slice_trim(value).n > 0) {
		put_word(w, arena_printf(w->arena, "[%.*s]", SLICE_ARG(html_decoded(value, true, w->arena))));
	} else if (element_has(e, ELEMENT_CELL)) {
		w->space = w->line_begun;
	} else if (element_is(e, "a") && html_token_attribute(t, SLICE("href"), &value)) {
		w->target = html_decoded(value, true, w->arena);
		w->anchor_from = buf_len(w->out);
	}
}

/* The target, where the text did not say it. */
static void anchor_end(struct writer *w)
{
	struct slice shown = slice_trim(slice_from(buf_slice(w->out), w->anchor_from)), target = w->target, bare = target;

	w->target = SLICE_NONE;
	if (slice_starts(bare, SLICE("mailto:")))
		bare = slice_from(bare, 7);
	if (target.n == 0 || slice_search(shown, bare) >= 0 || (shown.n > 0 && slice_starts(bare, shown) && bare.n - shown.n <= 1))
		return;
	w->space = true;
	put_word(w, arena_printf(w->arena, "<%.*s>", SLICE_ARG(bare)));
}

static void end(struct writer *w, const struct element *e)
{
	if (element_is(e, "a"))
		anchor_end(w);
	if (element_is(e, "blockquote") && w->level > 0) {
		if (w->line_begun)
			line_end(w);
		w->level--;
	}
	if (element_is(e, "pre") && w->pre > 0)
		w->pre--;
	if ((element_is(e, "ol") || element_is(e, "ul")) && w->lists > 0)
		w->lists--;
	if (distance(e) > 0)
		lines_due(w, distance(e) - (distance(e) > 1 && !w->line_begun));
}

void html_to_text(struct slice html, struct arena *arena, struct buf *out)
{
	static const struct html_options options = {.profile = HTML_QUOTE};
	struct buf clean = BUF_INIT(HTML_OUTPUT_MAX * 2), none = BUF_INIT(0);
	struct buf text = BUF_INIT(HTML_PLAIN_MAX);
	struct writer w = {.out = &text, .arena = arena};
	struct html_report report = {0};
	struct html_tokens tokens;
	struct html_token t;

	html_safe(html, &options, arena, &clean, &none, &report);
	html_tokens_init(&tokens, buf_slice(&clean));
	for (html_token_next(&tokens, &t); t.kind != HTML_END && !text.failed; html_token_next(&tokens, &t)) {
		const struct element *e = t.kind == HTML_TEXT ? NULL : element_find(t.name);

		if (t.kind == HTML_TEXT)
			put_text(&w, html_decoded(t.text, false, arena));
		else if (t.kind == HTML_START_TAG && e != NULL)
			start(&w, e, &t);
		else if (e != NULL)
			end(&w, e);
	}
	if (w.line_begun)
		line_end(&w);
	buf_append(out, buf_slice(&text));
	buf_free(&text);
	buf_free(&clean);
	buf_free(&none);
}
