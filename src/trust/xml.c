#include "trust/xml.h"

#include "base/ensure.h"
#include "base/utf8.h"

void xml_init(struct xml *x, struct slice document)
{
	*x = (struct xml){.rest = document, .text = BUF_INIT(4 * XML_TEXT_MAX)};
	if (slice_starts(document, SLICE("\xef\xbb\xbf")))
		x->rest = slice_from(document, 3);
}

void xml_free(struct xml *x)
{
	buf_free(&x->text);
}

struct slice xml_text(const struct xml *x)
{
	return slice_trim(buf_slice(&x->text));
}

/* ---- text ---- */

static void add_text(struct xml *x, struct slice s)
{
	size_t room = XML_TEXT_MAX - (buf_len(&x->text) < XML_TEXT_MAX ? buf_len(&x->text) : XML_TEXT_MAX);
	utf8_append_clean(&x->text, utf8_prefix(s, room));
}

static bool read_number(struct slice digits, uint32_t *ret)
{
	bool hex = digits.n > 0 && digits.p[0] == 'x';
	uint32_t value = 0;
	digits = slice_from(digits, hex ? 1 : 0);
	if (digits.n == 0 || digits.n > 7)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		uint8_t c = ascii_lower(digits.p[i]);
		if (!ascii_is_digit(c) && !(hex && c >= 'a' && c <= 'f'))
			return false;
		value = value * (hex ? 16 : 10) + (uint32_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	*ret = value;
	return true;
}

/* Behind "&". */
static bool take_reference(struct xml *x)
{
	static const struct { struct slice name; struct slice text; } entities[] = {
		{SLICE_INIT("lt"), SLICE_INIT("<")}, {SLICE_INIT("gt"), SLICE_INIT(">")}, {SLICE_INIT("amp"), SLICE_INIT("&")},
		{SLICE_INIT("quot"), SLICE_INIT("\"")}, {SLICE_INIT("apos"), SLICE_INIT("'")},
	};
	ptrdiff_t end = slice_find(slice_sub(x->rest, 0, 12), ';');
	uint32_t code;
	if (end < 0)
		return false;
	struct slice name = slice_sub(x->rest, 0, (size_t)end);
	x->rest = slice_from(x->rest, (size_t)end + 1);
	for (size_t i = 0; i < ARRAY_LEN(entities); i++)
		if (slice_eq(entities[i].name, name)) {
			add_text(x, entities[i].text);
			return true;
		}
	if (!slice_starts(name, SLICE("#")) || !read_number(slice_from(name, 1), &code) || code == 0)
		return false;
	if (buf_len(&x->text) < XML_TEXT_MAX)
		utf8_append(&x->text, code);
	return true;
}

static bool take_text(struct xml *x)
{
	size_t n = 0;
	while (n < x->rest.n && x->rest.p[n] != '<' && x->rest.p[n] != '&')
		n++;
	struct slice s = slice_sub(x->rest, 0, n);
	x->rest = slice_from(x->rest, n);
	if (x->depth == 0)
		return slice_trim(s).n == 0 && (x->rest.n == 0 || x->rest.p[0] == '<');
	add_text(x, s);
	if (x->rest.n == 0 || x->rest.p[0] != '&')
		return true;
	x->rest = slice_from(x->rest, 1);
	return take_reference(x);
}

/* ---- tags ---- */

static bool skip_past(struct xml *x, struct slice end)
{
	ptrdiff_t at = slice_search(x->rest, end);
	if (at < 0)
		return false;
	x->rest = slice_from(x->rest, (size_t)at + end.n);
	return true;
}

static bool take_cdata(struct xml *x)
{
	x->rest = slice_from(x->rest, 9);
	ptrdiff_t at = slice_search(x->rest, SLICE("]]>"));
	if (at < 0 || x->depth == 0)
		return false;
	add_text(x, slice_sub(x->rest, 0, (size_t)at));
	x->rest = slice_from(x->rest, (size_t)at + 3);
	return true;
}

static bool is_name_byte(uint8_t c)
{
	return ascii_is_alnum(c) || c == '_' || c == '-' || c == '.' || c == ':' || c >= 0x80;
}

static bool take_name(struct xml *x, struct slice *ret)
{
	size_t n = 0;
	while (n < x->rest.n && is_name_byte(x->rest.p[n]))
		n++;
	*ret = slice_sub(x->rest, 0, n);
	x->rest = slice_from(x->rest, n);
	return n > 0 && n <= XML_NAME_MAX;
}

/* Attributes up to ">" or "/>"; a ">" in quotes is theirs. */
static bool skip_attributes(struct xml *x)
{
	uint8_t quote = 0, last = 0;
	for (size_t i = 0; i < x->rest.n; i++) {
		uint8_t c = x->rest.p[i];
		if (quote != 0) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '<') {
			return false;
		} else if (c == '>') {
			x->empty = last == '/';
			x->rest = slice_from(x->rest, i + 1);
			return true;
		}
		last = c;
	}
	return false;
}

static enum xml_event take_start(struct xml *x)
{
	struct slice tag;
	if (x->depth == XML_DEPTH_MAX || x->finished || !take_name(x, &tag) || !skip_attributes(x))
		return XML_BROKEN;
	ptrdiff_t colon = slice_find(tag, ':');
	x->tags[x->depth] = tag;
	x->names[x->depth] = slice_from(tag, (size_t)(colon + 1));
	x->depth++;
	buf_clear(&x->text);
	return XML_START;
}

static enum xml_event close_element(struct xml *x)
{
	x->empty = false;
	x->depth--;
	x->finished = x->depth == 0;
	x->ended = true;
	return XML_END;
}

static enum xml_event take_end(struct xml *x)
{
	struct slice tag;
	if (x->depth == 0 || !take_name(x, &tag) || !slice_eq(tag, x->tags[x->depth - 1]) || !skip_attributes(x))
		return XML_BROKEN;
	return close_element(x);
}

/* What stands at "<" and is no element: passed over. 1: it was, 0: it is an element, -1: broken. */
static int take_other(struct xml *x)
{
	if (slice_starts(x->rest, SLICE("<!--")))
		return skip_past(x, SLICE("-->")) ? 1 : -1;
	if (slice_starts(x->rest, SLICE("<?")))
		return skip_past(x, SLICE("?>")) ? 1 : -1;
	if (slice_starts(x->rest, SLICE("<![CDATA[")))
		return take_cdata(x) ? 1 : -1;
	return slice_starts(x->rest, SLICE("<!")) ? -1 : 0;
}

enum xml_event xml_next(struct xml *x)
{
	if (x->ended)
		buf_clear(&x->text);
	x->ended = false;
	if (x->empty)
		return close_element(x);
	while (x->rest.n > 0) {
		if (x->rest.p[0] != '<') {
			if (!take_text(x))
				return XML_BROKEN;
			continue;
		}
		int other = take_other(x);
		if (other < 0)
			return XML_BROKEN;
		if (other > 0)
			continue;
		x->rest = slice_from(x->rest, 1);
		if (!slice_starts(x->rest, SLICE("/")))
			return take_start(x);
		x->rest = slice_from(x->rest, 1);
		return take_end(x);
	}
	return x->finished ? XML_FINISHED : XML_BROKEN;
}
