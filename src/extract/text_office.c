/* Text of WordprocessingML, PresentationML and OpenDocument: what their elements mean for lines. */
#include <stdio.h>

#include "base/ensure.h"
#include "extract/extract_in.h"
#include "inspect/tag.h"

#define MEMBER_MAX (24u << 20)
#define SLIDES_MAX 2000u
#define SPACES_MAX 100

enum effect { LINE_AFTER, TEXT_INSIDE, TAB_AT, LINE_AT, TAB_AFTER, SPACES_AT, PAGE_BEFORE, SKIPS };

static const struct {
	const char *name; /* with its usual prefix */
	enum effect effect;
} effects[] = {
	{"w:p", LINE_AFTER}, {"w:t", TEXT_INSIDE}, {"w:tab", TAB_AT}, {"w:br", LINE_AT}, {"w:cr", LINE_AT}, {"w:tc", TAB_AFTER},
	{"a:p", LINE_AFTER}, {"a:t", TEXT_INSIDE}, {"a:br", LINE_AT},
	{"text:p", LINE_AFTER}, {"text:h", LINE_AFTER}, {"text:tab", TAB_AT}, {"text:line-break", LINE_AT}, {"text:s", SPACES_AT},
	{"table:table-cell", TAB_AFTER}, {"draw:page", PAGE_BEFORE}, {"office:annotation", SKIPS}, {"presentation:notes", SKIPS},
};

struct reader {
	struct buf *out;
	bool open_document;      /* text counts wherever a paragraph is open */
	unsigned paragraphs, texts, skips;
};

static bool ends_with(const struct buf *out, char c)
{
	struct slice s = buf_slice(out);
	return s.n > 0 && s.p[s.n - 1] == (uint8_t)c;
}

static void spaces(const struct tag *t, struct buf *out)
{
	const struct tag_attribute *count = tag_attribute(t, SLICE("c"));
	uint32_t n = 1;

	if (count != NULL && slice_to_u32(count->value, &n) != 0)
		n = 1;
	for (uint32_t i = 0; i < n && i < SPACES_MAX; i++)
		buf_append_byte(out, ' ');
}

static void depth(unsigned *level, const struct tag *t)
{
	if (t->closing)
		*level -= *level > 0;
	else if (!t->empty)
		++*level;
}

static void take(struct reader *r, enum effect effect, const struct tag *t)
{
	bool ends = t->closing || t->empty;

	switch (effect) {
	case LINE_AFTER:
		depth(&r->paragraphs, t);
		if (ends)
			buf_append_byte(r->out, '\n');
		return;
	case TEXT_INSIDE:
		depth(&r->texts, t);
		return;
	case TAB_AT:
		if (!t->closing)
			buf_append_byte(r->out, '\t');
		return;
	case LINE_AT:
		if (!t->closing)
			buf_append_byte(r->out, '\n');
		return;
	case TAB_AFTER:
		/* A cell's last paragraph ends no line of the table. */
		if (ends && ends_with(r->out, '\n'))
			buf_truncate(r->out, buf_len(r->out) - 1);
		if (ends)
			buf_append_byte(r->out, '\t');
		return;
	case SPACES_AT:
		if (!t->closing)
			spaces(t, r->out);
		return;
	case PAGE_BEFORE:
		if (!t->closing && buf_len(r->out) > 0)
			buf_append_byte(r->out, '\f');
		return;
	case SKIPS:
		depth(&r->skips, t);
		return;
	}
}

static void row_end(struct reader *r, const struct tag *t)
{
	static const struct slice rows[] = {SLICE_INIT("w:tr"), SLICE_INIT("table:table-row"), SLICE_INIT("a:tr")};

	for (size_t i = 0; t->closing && i < ARRAY_LEN(rows); i++)
		if (slice_eq(t->prefixed, rows[i]))
			buf_append_byte(r->out, '\n');
}

static void read_xml(struct slice xml, bool open_document, struct buf *out)
{
	struct reader r = {.out = out, .open_document = open_document};
	struct tag_reader tags = {.rest = xml};
	struct tag t;

	while (!out->failed && tag_next(&tags, &t)) {
		if (r.skips == 0 && (open_document ? r.paragraphs : r.texts) > 0)
			text_xml(tags.before, out);
		for (size_t i = 0; i < ARRAY_LEN(effects); i++)
			if (slice_eq(t.prefixed, slice_str(effects[i].name)) && (r.skips == 0 || effects[i].effect == SKIPS))
				take(&r, effects[i].effect, &t);
		row_end(&r, &t);
	}
}

static bool read_member(struct slice content, const char *name, bool open_document, struct buf *out)
{
	struct buf xml;
	bool good = text_member(content, name, MEMBER_MAX, &xml);

	if (good)
		read_xml(buf_slice(&xml), open_document, out);
	buf_free(&xml);
	return good;
}

static bool read_slides(struct slice content, struct buf *out)
{
	char name[64];
	unsigned n = 1;

	for (; n <= SLIDES_MAX && !out->failed; n++) {
		size_t before = buf_len(out);
		(void)snprintf(name, sizeof name, "ppt/slides/slide%u.xml", n);
		if (n > 1)
			buf_append_byte(out, '\f');
		if (!read_member(content, name, false, out)) {
			buf_truncate(out, before);
			break;
		}
	}
	return n > 1;
}

bool text_office(struct slice content, enum inspect_type type, struct buf *out)
{
	if (type == FILE_pptx || type == FILE_pptm)
		return read_slides(content, out);
	if (type == FILE_docx || type == FILE_docm)
		return read_member(content, "word/document.xml", false, out);
	return read_member(content, "content.xml", true, out);
}
