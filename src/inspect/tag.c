#include "inspect/tag.h"

#include "base/ensure.h"
#include "base/utf8.h"

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static void skip_spaces(struct slice *s)
{
	size_t i = 0;
	while (i < s->n && is_space(s->p[i]))
		i++;
	*s = slice_from(*s, i);
}

struct slice tag_local_name(struct slice prefixed)
{
	ptrdiff_t colon = slice_rfind(prefixed, ':');
	return slice_from(prefixed, (size_t)(colon + 1));
}

/* ---- attributes ---- */

static struct slice take_name(struct slice *s)
{
	size_t i = 0;
	while (i < s->n && !is_space(s->p[i]) && s->p[i] != '>' && s->p[i] != '/' && (s->p[i] != '=' || i == 0))
		i++;
	struct slice name = slice_sub(*s, 0, i);
	*s = slice_from(*s, i);
	return name;
}

static struct slice take_value(struct slice *s)
{
	struct slice value;
	if (s->n > 0 && (s->p[0] == '"' || s->p[0] == '\'')) {
		uint8_t quote = s->p[0];
		*s = slice_from(*s, 1);
		ptrdiff_t end = slice_find(*s, quote);
		value = end >= 0 ? slice_sub(*s, 0, (size_t)end) : *s;
		*s = slice_from(*s, value.n + (end >= 0));
		return value;
	}
	size_t i = 0;
	while (i < s->n && !is_space(s->p[i]) && s->p[i] != '>')
		i++;
	value = slice_sub(*s, 0, i);
	*s = slice_from(*s, i);
	return value;
}

/* Up to and with '>'. */
static void take_attributes(struct slice *s, struct tag *t)
{
	for (;;) {
		skip_spaces(s);
		if (s->n == 0)
			return;
		if (s->p[0] == '>') {
			*s = slice_from(*s, 1);
			return;
		}
		if (s->p[0] == '/' || s->p[0] == '?') {
			t->empty = s->n > 1 && s->p[1] == '>';
			*s = slice_from(*s, 1);
			continue;
		}
		struct tag_attribute a = {.name = take_name(s)};
		skip_spaces(s);
		if (s->n > 0 && s->p[0] == '=') {
			*s = slice_from(*s, 1);
			skip_spaces(s);
			a.value = take_value(s);
		}
		if (t->count < TAG_ATTRIBUTES_MAX)
			t->attributes[t->count++] = a;
	}
}

/* ---- tags ---- */

static bool pass_comment(struct tag_reader *r)
{
	if (slice_starts(r->rest, SLICE("<![CDATA["))) {
		ptrdiff_t end = r->html || r->no_cdata_end ? -1 : slice_search(r->rest, SLICE("]]>"));
		r->no_cdata_end = end < 0;
		/* In HTML it is a comment that ends at '>'; what stands in it counts as text here, so it is gone through. */
		if (r->html || end < 0)
			r->rest = slice_from(r->rest, 9);
		else
			r->rest = slice_from(r->rest, (size_t)end + 3);
		return true;
	}
	if (!slice_starts(r->rest, SLICE("<!--")))
		return false;
	struct slice body = slice_from(r->rest, 4);
	ptrdiff_t end = r->no_comment_end ? -1 : slice_search(body, SLICE("--"));
	/* "<!-->" and "<!--->" are whole comments. */
	if (r->html && (slice_starts(body, SLICE(">")) || slice_starts(body, SLICE("->")))) {
		r->rest = slice_from(body, slice_starts(body, SLICE(">")) ? 1 : 2);
		return true;
	}
	size_t at = 0;
	while (end >= 0) {
		at += (size_t)end;
		struct slice tail = slice_from(body, at + 2);
		if (slice_starts(tail, SLICE(">")) || (r->html && slice_starts(tail, SLICE("!>")))) {
			r->comment = slice_sub(body, 0, at);
			r->rest = slice_from(tail, slice_starts(tail, SLICE(">")) ? 1 : 2);
			return true;
		}
		at++;
		end = slice_search(slice_from(body, at), SLICE("--"));
	}
	/* Never closed: what stands behind is gone through all the same. */
	r->no_comment_end = true;
	r->rest = body;
	return true;
}

static bool is_raw(struct slice name)
{
	static const struct slice rows[] = {SLICE_INIT("script"), SLICE_INIT("style"), SLICE_INIT("textarea"), SLICE_INIT("title"),
		SLICE_INIT("xmp"),
		SLICE_INIT("noembed"), SLICE_INIT("noframes")};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(name, rows[i]))
			return true;
	return false;
}

/* To "</name"; the end tag itself is left. */
static struct slice take_raw(struct slice *s, struct slice name)
{
	size_t at = 0;
	for (;;) {
		ptrdiff_t next = slice_search(slice_from(*s, at), SLICE("</"));
		if (next < 0)
			break;
		at += (size_t)next;
		if (slice_starts_nocase(slice_from(*s, at + 2), name)) {
			struct slice raw = slice_sub(*s, 0, at);
			*s = slice_from(*s, at);
			return raw;
		}
		at += 2;
	}
	struct slice raw = *s;
	*s = SLICE_NONE;
	return raw;
}

static bool starts_tag(struct slice s)
{
	return s.n > 1 && s.p[0] == '<' && (ascii_is_alpha(s.p[1]) || s.p[1] == '/' || s.p[1] == '!' || s.p[1] == '?' || s.p[1] == '_' ||
		s.p[1] >= 0x80);
}

/* Moves to the next tag, past comments. */
static bool find_tag(struct tag_reader *r)
{
	r->comment = r->before = SLICE_NONE;
	for (;;) {
		ptrdiff_t at = slice_find(r->rest, '<');
		if (at < 0)
			return false;
		if (at > 0)
			r->before = slice_sub(r->rest, 0, (size_t)at);
		r->rest = slice_from(r->rest, (size_t)at);
		if (r->comment.n > 0 || !pass_comment(r)) {
			if (starts_tag(r->rest))
				return true;
			r->rest = slice_from(r->rest, 1);
		} else if (r->comment.n > 0)
			return true;
	}
}

bool tag_next(struct tag_reader *r, struct tag *t)
{
	if (!find_tag(r))
		return false;
	t->count = 0;
	t->closing = t->empty = false;
	t->content = t->name = t->prefixed = SLICE_NONE;
	/* A comment comes alone, as a tag without a name. */
	if (r->comment.n > 0)
		return true;
	r->rest = slice_from(r->rest, 1);
	if (r->rest.n > 0 && r->rest.p[0] == '/') {
		t->closing = true;
		r->rest = slice_from(r->rest, 1);
	}
	t->prefixed = take_name(&r->rest);
	t->name = tag_local_name(t->prefixed);
	take_attributes(&r->rest, t);
	if (r->html && !t->closing && !t->empty && is_raw(t->name))
		t->content = take_raw(&r->rest, t->prefixed);
	return true;
}

const struct tag_attribute *tag_attribute(const struct tag *t, struct slice name)
{
	for (size_t i = 0; i < t->count; i++)
		if (slice_eq_nocase(tag_local_name(t->attributes[i].name), name))
			return &t->attributes[i];
	return NULL;
}

/* ---- values ---- */

static bool take_number(struct slice *s, unsigned base, uint32_t *ret)
{
	uint32_t value = 0;
	size_t i = 0;
	for (; i < s->n && i < 10; i++) {
		uint8_t c = ascii_lower(s->p[i]);
		unsigned digit = ascii_is_digit(c) ? c - (unsigned)'0' : c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10 : 99;
		if (digit >= base)
			break;
		value = value > 0x110000 ? value : value * base + digit;
	}
	*s = slice_from(*s, i);
	if (s->n > 0 && s->p[0] == ';')
		*s = slice_from(*s, 1);
	*ret = value;
	return i > 0;
}

static uint32_t take_reference(struct slice *s)
{
	static const struct { struct slice name; uint8_t c; } rows[] =
		{{SLICE_INIT("amp;"), '&'}, {SLICE_INIT("lt;"), '<'}, {SLICE_INIT("gt;"), '>'},
		{SLICE_INIT("quot;"), '"'}, {SLICE_INIT("apos;"), '\''}, {SLICE_INIT("colon;"), ':'}, {SLICE_INIT("Tab;"), '\t'},
		{SLICE_INIT("NewLine;"), '\n'},
		{SLICE_INIT("sol;"), '/'}, {SLICE_INIT("lpar;"), '('}, {SLICE_INIT("rpar;"), ')'}, {SLICE_INIT("period;"), '.'}};
	struct slice at = slice_from(*s, 1);
	uint32_t c;
	if (slice_starts(at, SLICE("#"))) {
		bool hex = slice_starts_nocase(at, SLICE("#x"));
		at = slice_from(at, hex ? 2 : 1);
		if (take_number(&at, hex ? 16 : 10, &c)) {
			*s = at;
			return c;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_starts(at, rows[i].name)) {
			*s = slice_from(at, rows[i].name.n);
			return rows[i].c;
		}
	*s = at;
	return '&';
}

struct slice tag_value(struct slice value, struct buf *room)
{
	buf_clear(room);
	while (value.n > 0 && buf_len(room) + 4 <= room->max) {
		uint32_t c = value.p[0] == '&' ? take_reference(&value) : utf8_next(&value);
		if (c > ' ' || (c == ' ' && buf_len(room) > 0))
			utf8_append(room, c);
	}
	return buf_slice(room);
}
