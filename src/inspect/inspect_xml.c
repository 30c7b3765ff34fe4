/* XML and SVG. */
#include "inspect/page.h"
#include "inspect/tag.h"
#include "inspect/text.h"
#include "inspect/url.h"

#define PROLOG_MAX (64 * 1024)

/* SYSTEM "…" or PUBLIC "…" "…": the last quoted text. */
static struct slice fetched(struct slice declaration)
{
	ptrdiff_t end = slice_rfind(declaration, '"');
	if (end <= 0)
		end = slice_rfind(declaration, '\'');
	struct slice front = slice_sub(declaration, 0, end > 0 ? (size_t)end : 0);
	ptrdiff_t start = end > 0 ? slice_rfind(front, declaration.p[end]) : -1;
	return start >= 0 ? slice_from(front, (size_t)start + 1) : SLICE_NONE;
}

static void check_entities(struct walk *w, struct slice prolog)
{
	struct slice rest = prolog;
	ptrdiff_t at;
	while ((at = slice_search(rest, SLICE("<!ENTITY"))) >= 0 && walk_steps(w, WALK_FOLLOW + rest.n / 16)) {
		rest = slice_from(rest, (size_t)at + 8);
		ptrdiff_t end = slice_find(rest, '>');
		struct slice entity = slice_sub(rest, 0, end < 0 ? rest.n : (size_t)end);
		bool external = slice_search(entity, SLICE("SYSTEM")) >= 0 || slice_search(entity, SLICE("PUBLIC")) >= 0;
		walk_find(w, FOUND_xml_entity, external ? fetched(entity) : SLICE("internal"));
	}
}

void xml_prolog(struct walk *w, struct slice text)
{
	struct slice prolog = slice_sub(text, 0, PROLOG_MAX);
	struct buf room = BUF_INIT(TAG_VALUE_MAX);
	struct tag_reader r = {.rest = prolog};
	struct tag t;
	/* Adobe's SVG files declare their name spaces as entities: those are internal, and fetch nothing. */
	if (slice_search(prolog, SLICE("<!DOCTYPE")) >= 0)
		check_entities(w, prolog);
	while (tag_next(&r, &t) && (t.name.n == 0 || t.name.p[0] == '?' || t.name.p[0] == '!')) {
		const struct tag_attribute *href = tag_is(&t, SLICE("?xml-stylesheet")) ? tag_attribute(&t, SLICE("href")) : NULL;
		const struct tag_attribute *type = tag_attribute(&t, SLICE("type"));
		bool css = type != NULL && slice_search_nocase(type->value, SLICE("css")) >= 0;
		if (href != NULL && !css)
			walk_find(w, FOUND_xml_stylesheet, tag_value(href->value, &room));
	}
	buf_free(&room);
}

void inspect_xml(struct walk *w, struct slice content)
{
	struct buf room;
	walk_buf(w, &room);
	struct slice text = text_plain(content, &room);
	static const struct text_word scripts[] = {{"msxsl:script", false, 0}, {"ms:script", false, 0}, {"<script", false, 0},
		{"schemas-microsoft-com:xslt", false, 0}};
	xml_prolog(w, text);
	if (walk_steps(w, text.n) && text_words(text, scripts, 3) != 0)
		walk_find_str(w, FOUND_page_script, "in XML");
	/* Flat files of Word and of OpenDocument hold everything that their packed twins hold. */
	if (slice_search(slice_sub(text, 0, 4096), SLICE("progid=\"Word.Document\"")) >= 0 ||
		slice_search(slice_sub(text, 0, 4096), SLICE("schemas.microsoft.com/office/word/2003")) >= 0) {
		if (slice_search(text, SLICE("binData")) >= 0 && slice_search(text, SLICE("editdata.mso")) >= 0)
			walk_find_str(w, FOUND_macros, "editdata.mso");
		if (slice_search(text, SLICE("ocxPresent=\"yes\"")) >= 0)
			walk_find(w, FOUND_activex, SLICE_NONE);
	}
	buf_free(&room);
}

void inspect_svg(struct walk *w, struct slice content)
{
	struct buf room;
	walk_buf(w, &room);
	struct slice text = text_plain(content, &room);
	xml_prolog(w, text);
	page_inspect(w, text, true);
	buf_free(&room);
}
