/*
 * Whatever the bytes are: what is written holds only elements, attributes and addresses of the tables, is balanced and not too deep, and
 * its style sheets name nothing but what the rewriter wrote.
 */
#include <string.h>

#include "base/ensure.h"
#include "base/utf8.h"
#include "html/element.h"
#include "html/reference.h"
#include "html/text.h"
#include "html/view.h"
#include "policy/warm.h"

#include "html/token.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const own[] = {"target", "rel", "data-host", "data-shows", "data-remote", "data-cid"};
static const struct html_image parts[] = {{.id = SLICE_INIT("a"), .type = SLICE_INIT("image/png"), .content = SLICE_INIT("abc")}};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	policy_warm();
	return 0;
}

static void check_attribute(const struct html_attribute *a, const struct element *e, bool images, struct arena *arena)
{
	const struct attribute *row = attribute_find(a->name, e);
	struct slice value = html_decoded(a->value, true, arena);
	bool mine = false;

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		mine = mine || slice_eq(a->name, slice_str(own[i]));
	ENSURE(row != NULL || mine);
	if (row == NULL)
		return;
	if (row->kind == ATTRIBUTE_LINK)
		ENSURE(slice_starts(value, SLICE("http://")) || slice_starts(value, SLICE("https://")) || slice_starts(value, SLICE("mailto:"))
			|| slice_starts(value, SLICE("#m-")) || slice_starts(value, SLICE("/leave?to=")));
	if (row->kind == ATTRIBUTE_SOURCE)
		ENSURE(slice_starts(value, SLICE("data:image/")) || (images && slice_starts(value, SLICE("https://"))));
	if (row->kind == ATTRIBUTE_STYLE && !images)
		ENSURE(slice_search_nocase(value, SLICE("http")) < 0 || slice_search(value, SLICE("url(")) < 0);
	if (row->kind == ATTRIBUTE_STYLE)
		ENSURE(slice_find(value, '<') < 0 && slice_find(value, '\\') < 0 && slice_search_nocase(value, SLICE("expression(")) < 0);
}

static void check_body(struct slice html, bool images, struct arena *arena)
{
	struct html_tokens tokens;
	struct html_token t;
	size_t depth = 0;
	const struct element *open[HTML_DEPTH_MAX + 1];

	html_tokens_init(&tokens, html);
	for (html_token_next(&tokens, &t); t.kind != HTML_END; html_token_next(&tokens, &t)) {
		const struct element *e = t.kind == HTML_TEXT ? NULL : element_find(t.name);

		if (t.kind == HTML_TEXT)
			continue;
		ENSURE(e != NULL && e->treatment == ELEMENT_KEEP);
		if (t.kind == HTML_END_TAG) {
			ENSURE(depth > 0 && open[depth - 1] == e);
			depth--;
			continue;
		}
		for (size_t i = 0; i < t.attribute_count; i++)
			check_attribute(&t.attributes[i], e, images, arena);
		if (!element_has(e, ELEMENT_VOID)) {
			ENSURE(depth < ARRAY_LEN(open));
			open[depth++] = e;
		}
	}
	ENSURE(depth == 0);
}

static void check_sheet(struct slice css, bool images)
{
	ENSURE(slice_find(css, '<') < 0 && slice_find(css, '\\') < 0);
	ENSURE(images || slice_search(css, SLICE("url(http")) < 0);
	for (size_t i = 0; i < css.n; i++)
		if (css.p[i] == '@')
			ENSURE(slice_starts(slice_from(css, i), SLICE("@media ")));
}

static void check(struct slice in, const struct html_options *options)
{
	struct arena arena = ARENA_INIT;
	struct buf body = BUF_INIT(HTML_OUTPUT_MAX + 1024), sheets = BUF_INIT(HTML_SHEETS_MAX), text = BUF_INIT(HTML_PLAIN_MAX);
	struct html_report report = {0};

	html_safe(in, options, &arena, &body, &sheets, &report);
	ENSURE(!body.failed && utf8_valid(buf_slice(&body)) && utf8_valid(buf_slice(&sheets)));
	check_body(buf_slice(&body), options->images, &arena);
	check_sheet(buf_slice(&sheets), options->images);
	html_to_text(in, &arena, &text);
	ENSURE(utf8_valid(buf_slice(&text)));
	buf_free(&text);
	text = BUF_INIT(HTML_PLAIN_MAX * 8);
	html_from_text(in, &(struct html_plain){.flowed = options->images}, &text);
	buf_free(&text);
	buf_free(&body);
	buf_free(&sheets);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf clean = BUF_INIT(size * 3 + 1);

	utf8_append_clean(&clean, slice_make(data, size));
	check(buf_slice(&clean), &(struct html_options){.parts = parts, .part_count = 1, .leave = SLICE("/leave")});
	check(buf_slice(&clean), &(struct html_options){.images = true, .theme = HTML_DARK});
	check(buf_slice(&clean), &(struct html_options){.profile = HTML_QUOTE});
	buf_free(&clean);
	return 0;
}
