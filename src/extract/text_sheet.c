/* Text of SpreadsheetML: the values of cells as they are kept, tabs between them. Formats of numbers are not applied. */
#include <stdio.h>

#include "base/memory.h"
#include "extract/extract_in.h"
#include "inspect/tag.h"

#define MEMBER_MAX (24u << 20)
#define SHEETS_MAX 200u
#define STRINGS_MAX 200000u

/* Texts that cells name by number. */
struct strings {
	struct buf text;
	struct { size_t from, to; } *spans;
	uint32_t count, room;
};

static void strings_add(struct strings *s, size_t from)
{
	if (s->count == STRINGS_MAX)
		return;
	if (s->count == s->room) {
		s->room = s->room == 0 ? 256 : s->room * 2;
		s->spans = memory_grow(s->spans, s->room * sizeof *s->spans);
	}
	s->spans[s->count].from = from;
	s->spans[s->count++].to = buf_len(&s->text);
}

static void strings_read(struct slice xml, struct strings *s)
{
	struct tag_reader tags = {.rest = xml};
	struct tag t;
	size_t from = 0;
	bool text = false;

	while (tag_next(&tags, &t)) {
		if (text)
			text_xml(tags.before, &s->text);
		if (tag_is(&t, SLICE("t")))
			text = !t.closing && !t.empty;
		else if (tag_is(&t, SLICE("si")) && !t.closing)
			from = buf_len(&s->text);
		if (tag_is(&t, SLICE("si")) && (t.closing || t.empty))
			strings_add(s, from);
	}
}

static void put_value(const struct strings *s, struct slice raw, bool shared, struct buf *out)
{
	uint32_t i;

	if (!shared)
		text_xml(raw, out);
	else if (slice_to_u32(slice_trim(raw), &i) == 0 && i < s->count)
		buf_append(out, slice_sub(buf_slice(&s->text), s->spans[i].from, s->spans[i].to));
}

static void sheet_read(struct slice xml, const struct strings *s, struct buf *out)
{
	struct tag_reader tags = {.rest = xml};
	struct tag t;
	bool shared = false, value = false;

	while (!out->failed && tag_next(&tags, &t)) {
		const struct tag_attribute *type = tag_attribute(&t, SLICE("t"));
		if (value)
			put_value(s, tags.before, shared, out);
		value = !t.closing && !t.empty && (tag_is(&t, SLICE("v")) || tag_is(&t, SLICE("t")));
		if (tag_is(&t, SLICE("c")) && !t.closing)
			shared = type != NULL && slice_eq(type->value, SLICE("s"));
		if (tag_is(&t, SLICE("c")) && (t.closing || t.empty))
			buf_append_byte(out, '\t');
		if (tag_is(&t, SLICE("row")) && (t.closing || t.empty))
			buf_append_byte(out, '\n');
	}
}

bool text_sheet(struct slice content, struct buf *out)
{
	struct strings strings = {.text = BUF_INIT(MEMBER_MAX)};
	struct buf xml;
	char name[64];
	unsigned n = 1;
	bool good = true;

	if (text_member(content, "xl/sharedStrings.xml", MEMBER_MAX, &xml))
		strings_read(buf_slice(&xml), &strings);
	buf_free(&xml);
	for (; n <= SHEETS_MAX && good && !out->failed; n++) {
		(void)snprintf(name, sizeof name, "xl/worksheets/sheet%u.xml", n);
		good = text_member(content, name, MEMBER_MAX, &xml);
		if (good && n > 1)
			buf_append_byte(out, '\f');
		if (good)
			sheet_read(buf_slice(&xml), &strings, out);
		buf_free(&xml);
	}
	buf_free(&strings.text);
	memory_free(strings.spans);
	return n > 2 || good;
}
