#include <string.h>

#include "base/ensure.h"
#include "base/utf8.h"
#include "mime/html.h"

enum state { TEXT, TAG_START, TAG_NAME, TAG_INSIDE, TAG_QUOTED, MARKUP, COMMENT, REFERENCE, RAW };

static const struct reference {
	const char *name;
	uint32_t code;
} references[] = {
	{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '}, {"copy", 0xa9}, {"reg", 0xae}, {"trade", 0x2122},
	{"euro", 0x20ac}, {"pound", 0xa3}, {"yen", 0xa5}, {"cent", 0xa2}, {"sect", 0xa7}, {"deg", 0xb0}, {"plusmn", 0xb1}, {"middot", 0xb7},
	{"bull", 0x2022}, {"hellip", 0x2026}, {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"sbquo", 0x201a},
	{"ldquo", 0x201c}, {"rdquo", 0x201d}, {"bdquo", 0x201e}, {"laquo", 0xab}, {"raquo", 0xbb}, {"times", 0xd7}, {"divide", 0xf7},
	{"ensp", ' '}, {"emsp", ' '}, {"thinsp", ' '}, {"zwnj", 0x200c}, {"zwj", 0x200d}, {"shy", 0xad}, {"iexcl", 0xa1}, {"iquest", 0xbf},
	{"Agrave", 0xc0}, {"Aacute", 0xc1}, {"Acirc", 0xc2}, {"Atilde", 0xc3}, {"Auml", 0xc4}, {"Aring", 0xc5}, {"AElig", 0xc6}, {"Ccedil", 0xc7},
	{"Egrave", 0xc8}, {"Eacute", 0xc9}, {"Ecirc", 0xca}, {"Euml", 0xcb}, {"Igrave", 0xcc}, {"Iacute", 0xcd}, {"Icirc", 0xce}, {"Iuml", 0xcf},
	{"Ntilde", 0xd1}, {"Ograve", 0xd2}, {"Oacute", 0xd3}, {"Ocirc", 0xd4}, {"Otilde", 0xd5}, {"Ouml", 0xd6}, {"Oslash", 0xd8},
	{"Ugrave", 0xd9}, {"Uacute", 0xda}, {"Ucirc", 0xdb}, {"Uuml", 0xdc}, {"szlig", 0xdf}, {"agrave", 0xe0}, {"aacute", 0xe1}, {"acirc", 0xe2},
	{"atilde", 0xe3}, {"auml", 0xe4}, {"aring", 0xe5}, {"aelig", 0xe6}, {"ccedil", 0xe7}, {"egrave", 0xe8}, {"eacute", 0xe9}, {"ecirc", 0xea},
	{"euml", 0xeb}, {"igrave", 0xec}, {"iacute", 0xed}, {"icirc", 0xee}, {"iuml", 0xef}, {"ntilde", 0xf1}, {"ograve", 0xf2}, {"oacute", 0xf3},
	{"ocirc", 0xf4}, {"otilde", 0xf5}, {"ouml", 0xf6}, {"oslash", 0xf8}, {"ugrave", 0xf9}, {"uacute", 0xfa}, {"ucirc", 0xfb}, {"uuml", 0xfc},
	{"yuml", 0xff},
};

/* Start a new line before and behind. */
static const char *const blocks[] = {
	"address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form", "h1", "h2",
	"h3", "h4", "h5", "h6", "head", "header", "hr", "html", "li", "main", "nav", "ol", "option", "p", "pre", "section", "table", "tbody",
	"tr", "ul",
};
static const char *const cells[] = {"td", "th", "img", "input", "button"};
/* Their content is not shown. */
static const char *const hidden[] = {"script", "style", "title", "template"};

static bool in_list(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static void flush_space(struct html *h, struct buf *out)
{
	if (h->any && h->pending_break)
		buf_append_byte(out, '\n');
	else if (h->any && h->pending_space)
		buf_append_byte(out, ' ');
	h->pending_break = h->pending_space = false;
	h->any = true;
}

/* A run of text without markup. */
static void put_text(struct html *h, struct slice s, struct buf *out)
{
	size_t i = 0;

	while (i < s.n) {
		size_t from = i;

		while (i < s.n && !is_space(s.p[i]))
			i++;
		if (i > from) {
			flush_space(h, out);
			buf_append(out, slice_sub(s, from, i));
		}
		while (i < s.n && is_space(s.p[i])) {
			h->pending_space = true;
			i++;
		}
	}
}

static void name_start(struct html *h)
{
	h->name_length = 0;
	h->name[0] = '\0';
}

static void name_add(struct html *h, uint8_t c)
{
	if (h->name_length < HTML_NAME_MAX) {
		h->name[h->name_length++] = (char)c;
		h->name[h->name_length] = '\0';
	}
}

static void tag_done(struct html *h)
{
	if (in_list(h->name, blocks, ARRAY_LEN(blocks)))
		h->pending_break = true;
	else if (in_list(h->name, cells, ARRAY_LEN(cells)))
		h->pending_space = true;
	h->state = TEXT;
	if (!h->closing && in_list(h->name, hidden, ARRAY_LEN(hidden))) {
		memcpy(h->raw, h->name, sizeof h->raw);
		h->state = RAW;
		name_start(h);
	}
}

static uint32_t numeric_reference(const char *digits)
{
	bool hex = digits[0] == 'x' || digits[0] == 'X';
	uint32_t code = 0;

	for (const char *p = digits + hex; *p != '\0'; p++) {
		uint8_t c = ascii_lower((uint8_t)*p);

		if (ascii_is_digit(c))
			code = code * (hex ? 16 : 10) + (c - '0');
		else if (hex && c >= 'a' && c <= 'f')
			code = code * 16 + (c - 'a' + 10u);
		else
			return 0;
		if (code > 0x10ffff)
			return 0xfffd;
	}
	return code == 0xa0 ? ' ' : code;
}

static uint32_t reference_code(const char *name)
{
	if (name[0] == '#')
		return numeric_reference(name + 1);
	for (size_t i = 0; i < ARRAY_LEN(references); i++)
		if (strcmp(references[i].name, name) == 0)
			return references[i].code;
	return 0;
}

/* The name of a reference is complete; an unknown one is shown as it stands. False: unknown. */
static bool reference_done(struct html *h, struct buf *out)
{
	uint32_t code = reference_code(h->name);

	h->state = TEXT;
	if (code == 0) {
		flush_space(h, out);
		buf_append_byte(out, '&');
		put_text(h, slice_make(h->name, h->name_length), out);
	} else if (code <= ' ') {
		h->pending_space = true;
	} else {
		flush_space(h, out);
		utf8_append(out, code);
	}
	return code != 0;
}

/* The byte after "<". False when that "<" stood alone and is text. */
static bool step_tag_start(struct html *h, uint8_t c, struct buf *out)
{
	name_start(h);
	h->closing = c == '/';
	if (c == '!' || c == '?') {
		h->state = MARKUP;
		h->dashes = 0;
	} else if (c == '/') {
		h->state = TAG_NAME;
	} else if (ascii_is_alpha(c)) {
		name_add(h, ascii_lower(c));
		h->state = TAG_NAME;
	} else {
		put_text(h, SLICE("<"), out);
		h->state = TEXT;
		return false;
	}
	return true;
}

static void step_tag_name(struct html *h, uint8_t c)
{
	if (c == '>')
		tag_done(h);
	else if (is_space(c) || c == '/')
		h->state = TAG_INSIDE;
	else
		name_add(h, ascii_lower(c));
}

static void step_tag_inside(struct html *h, uint8_t c)
{
	if (c == '>') {
		tag_done(h);
	} else if (c == '"' || c == '\'') {
		h->quote = c;
		h->state = TAG_QUOTED;
	}
}

static void step_markup(struct html *h, uint8_t c)
{
	/* 3: anything but the two dashes that start a comment came */
	h->dashes = c == '-' && h->dashes < 2 ? (uint8_t)(h->dashes + 1) : 3;
	if (h->dashes == 2) {
		h->state = COMMENT;
		h->dashes = 0;
	} else if (c == '>') {
		h->state = TEXT;
	}
}

static void step_comment(struct html *h, uint8_t c)
{
	if (c == '>' && h->dashes >= 2)
		h->state = TEXT;
	h->dashes = c == '-' ? (uint8_t)(h->dashes < 2 ? h->dashes + 1 : 2) : 0;
}

/* Waits for "</name". */
static void step_raw(struct html *h, uint8_t c)
{
	if (c == '<') {
		name_start(h);
		name_add(h, c);
		return;
	}
	if (h->name_length == 0)
		return;
	name_add(h, ascii_lower(c));
	if (h->name_length == 2 && c != '/') {
		name_start(h);
	} else if (h->name_length > 2 && strncmp(h->name + 2, h->raw, (size_t)h->name_length - 2) != 0) {
		name_start(h);
	} else if (h->name_length > 2 && strcmp(h->name + 2, h->raw) == 0) {
		h->closing = true;
		h->state = TAG_INSIDE;
	}
}

/* One byte in a state that is not TEXT. Returns false when the byte belongs to the text again. */
static bool step(struct html *h, uint8_t c, struct buf *out)
{
	switch ((enum state)h->state) {
	case TEXT:
		return false;
	case TAG_START:
		return step_tag_start(h, c, out);
	case TAG_NAME:
		step_tag_name(h, c);
		break;
	case TAG_INSIDE:
		step_tag_inside(h, c);
		break;
	case TAG_QUOTED:
		if (c == h->quote)
			h->state = TAG_INSIDE;
		break;
	case MARKUP:
		step_markup(h, c);
		break;
	case COMMENT:
		step_comment(h, c);
		break;
	case REFERENCE:
		if ((ascii_is_alnum(c) || (c == '#' && h->name_length == 0)) && h->name_length < HTML_NAME_MAX) {
			name_add(h, c);
			break;
		}
		return reference_done(h, out) && c == ';';
	case RAW:
		step_raw(h, c);
		break;
	}
	return true;
}

void html_feed(struct html *h, struct slice in, bool last, struct buf *out)
{
	size_t i = 0;

	while (i < in.n) {
		size_t from = i;

		if (h->state != TEXT && step(h, in.p[i], out)) {
			i++;
			continue;
		}
		while (i < in.n && in.p[i] != '<' && in.p[i] != '&')
			i++;
		put_text(h, slice_sub(in, from, i), out);
		if (i < in.n) {
			h->state = in.p[i] == '<' ? TAG_START : REFERENCE;
			name_start(h);
			i++;
		}
	}
	if (last && h->state == REFERENCE)
		reference_done(h, out);
	else if (last && h->state == TAG_START)
		put_text(h, SLICE("<"), out);
}
