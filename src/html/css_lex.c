#include "html/css_lex.h"

#include <string.h>

#include "base/ascii.h"
#include "base/ensure.h"
#include "base/utf8.h"

static uint8_t peek(const struct css_lex *l, size_t i)
{
	return l->at + i < l->in.n ? l->in.p[l->at + i] : 0;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_newline(uint8_t c)
{
	return c == '\n' || c == '\r' || c == '\f';
}

static bool is_start(uint8_t c)
{
	return ascii_is_alpha(c) || c == '_' || c >= 0x80;
}

static bool is_name(uint8_t c)
{
	return is_start(c) || ascii_is_digit(c) || c == '-';
}

static bool is_escape(const struct css_lex *l, size_t i)
{
	return peek(l, i) == '\\' && l->at + i + 1 < l->in.n && !is_newline(peek(l, i + 1));
}

static bool starts_name(const struct css_lex *l, size_t i)
{
	if (peek(l, i) == '-')
		return is_start(peek(l, i + 1)) || peek(l, i + 1) == '-' || is_escape(l, i + 1);
	return is_start(peek(l, i)) || is_escape(l, i);
}

static bool starts_number(const struct css_lex *l)
{
	size_t i = peek(l, 0) == '+' || peek(l, 0) == '-';

	return ascii_is_digit(peek(l, i)) || (peek(l, i) == '.' && ascii_is_digit(peek(l, i + 1)));
}

/* Behind a backslash: the character that is meant. */
static uint32_t escape_next(struct css_lex *l)
{
	uint32_t code = 0;
	size_t n = 0;

	while (n < 6 && ascii_hex_value(peek(l, n)) >= 0)
		code = code * 16 + (uint32_t)ascii_hex_value(peek(l, n++));
	if (n == 0) {
		struct slice rest = slice_from(l->in, l->at);
		code = utf8_next(&rest);
		l->at = l->in.n - rest.n;
		return code;
	}
	l->at += n;
	if (peek(l, 0) == '\r' && peek(l, 1) == '\n')
		l->at++;
	if (is_space(peek(l, 0)))
		l->at++;
	return code;
}

static void put(struct css_token *t, uint8_t c, bool *bad)
{
	*bad = *bad || !is_name(c) || t->name_length >= CSS_NAME_MAX;
	if (!*bad)
		t->name[t->name_length++] = (char)c;
}

/* A name at the front, its escapes decoded. */
static void name_next(struct css_lex *l, struct css_token *t)
{
	bool bad = false;

	t->name_length = 0;
	while (l->at < l->in.n) {
		if (is_name(peek(l, 0))) {
			put(t, l->in.p[l->at++], &bad);
		} else if (is_escape(l, 0)) {
			l->at++;
			uint32_t code = escape_next(l);
			/* Only letters of ASCII are worth decoding: what is spelled otherwise is no name of the tables. */
			put(t, code < 0x80 ? (uint8_t)code : 0, &bad);
		} else {
			break;
		}
	}
	if (bad)
		t->name_length = 0;
	t->name[t->name_length] = 0;
}

static void string_next(struct css_lex *l, struct css_token *t)
{
	uint8_t quote = l->in.p[l->at++];
	size_t from = l->at;

	t->kind = CSS_STRING;
	while (l->at < l->in.n && l->in.p[l->at] != quote) {
		if (is_newline(l->in.p[l->at])) {
			t->kind = CSS_BAD;
			return;
		}
		l->at += l->in.p[l->at] == '\\' && l->at + 1 < l->in.n ? 2 : 1;
	}
	t->text = slice_sub(l->in, from, l->at);
	if (l->at < l->in.n)
		l->at++;
}

static void number_next(struct css_lex *l, struct css_token *t)
{
	size_t from = l->at;

	if (peek(l, 0) == '+' || peek(l, 0) == '-')
		l->at++;
	while (ascii_is_digit(peek(l, 0)))
		l->at++;
	if (peek(l, 0) == '.' && ascii_is_digit(peek(l, 1)))
		for (l->at++; ascii_is_digit(peek(l, 0));)
			l->at++;
	size_t sign = peek(l, 1) == '+' || peek(l, 1) == '-';
	if (ascii_lower(peek(l, 0)) == 'e' && ascii_is_digit(peek(l, 1 + sign)))
		for (l->at += 1 + sign; ascii_is_digit(peek(l, 0));)
			l->at++;
	t->kind = CSS_NUMBER;
	t->text = slice_sub(l->in, from, l->at);
	if (peek(l, 0) == '%') {
		l->at++;
		t->kind = CSS_PERCENT;
	} else if (starts_name(l, 0)) {
		t->kind = CSS_DIMENSION;
		name_next(l, t);
	}
}

/* Behind "url(" when no quote follows. */
static void url_next(struct css_lex *l, struct css_token *t)
{
	size_t from = l->at, to;

	t->kind = CSS_URL;
	while (l->at < l->in.n && l->in.p[l->at] != ')') {
		uint8_t c = l->in.p[l->at];
		if (c == '"' || c == '\'' || c == '(' || (c < ' ' && !is_space(c)))
			t->kind = CSS_BAD;
		l->at += is_escape(l, 0) ? 2 : 1;
	}
	if (l->at > l->in.n)
		l->at = l->in.n;
	to = l->at;
	if (l->at < l->in.n)
		l->at++;
	t->text = slice_trim(slice_sub(l->in, from, to));
}

/* "url(" with blanks and a quote behind is a function; else it is one token. */
static bool quote_follows(const struct css_lex *l)
{
	size_t i = 0;

	while (is_space(peek(l, i)))
		i++;
	return peek(l, i) == '"' || peek(l, i) == '\'';
}

static void name_like(struct css_lex *l, struct css_token *t)
{
	name_next(l, t);
	t->kind = CSS_IDENT;
	if (peek(l, 0) != '(')
		return;
	l->at++;
	t->kind = CSS_FUNCTION;
	if (css_name_is(t, "url") && !quote_follows(l))
		url_next(l, t);
}

static bool skip_comment(struct css_lex *l)
{
	if (peek(l, 0) != '/' || peek(l, 1) != '*')
		return false;
	ptrdiff_t end = slice_search(slice_from(l->in, l->at + 2), SLICE("*/"));
	l->at = end < 0 ? l->in.n : l->at + (size_t)end + 4;
	return true;
}

static bool skip_mark(struct css_lex *l)
{
	struct slice rest = slice_from(l->in, l->at);
	size_t n = slice_starts(rest, SLICE("<!--")) ? 4 : slice_starts(rest, SLICE("-->")) ? 3 : 0;

	l->at += n;
	return n > 0;
}

static enum css_kind single(uint8_t c)
{
	switch (c) {
	case ':': return CSS_COLON;
	case ';': return CSS_SEMICOLON;
	case ',': return CSS_COMMA;
	case '(': return CSS_OPEN;
	case ')': return CSS_CLOSE;
	case '[': return CSS_SQUARE;
	case ']': return CSS_SQUARE_END;
	case '{': return CSS_CURLY;
	case '}': return CSS_CURLY_END;
	default: return CSS_DELIMITER;
	}
}

static void sign_next(struct css_lex *l, struct css_token *t, enum css_kind kind)
{
	l->at++;
	t->kind = kind;
	name_next(l, t);
}

void css_next(struct css_lex *l, struct css_token *ret)
{
	ret->kind = CSS_END;
	ret->name_length = 0;
	ret->name[0] = 0;
	ret->text = SLICE_NONE;
	while (skip_comment(l))
		;
	if (l->at >= l->in.n)
		return;
	uint8_t c = l->in.p[l->at];
	if (is_space(c)) {
		while (is_space(peek(l, 0)))
			l->at++;
		ret->kind = CSS_SPACE;
	} else if (c == '"' || c == '\'') {
		string_next(l, ret);
	} else if (skip_mark(l)) {
		ret->kind = CSS_MARK;
	} else if (starts_number(l)) {
		number_next(l, ret);
	} else if (starts_name(l, 0)) {
		name_like(l, ret);
	} else if (c == '#' && (is_name(peek(l, 1)) || is_escape(l, 1))) {
		sign_next(l, ret, CSS_HASH);
	} else if (c == '@' && starts_name(l, 1)) {
		sign_next(l, ret, CSS_AT);
	} else {
		ret->kind = single(c);
		ret->text = slice_sub(l->in, l->at, l->at + 1);
		l->at++;
	}
}

bool css_name_is(const struct css_token *t, const char *name)
{
	return slice_eq_nocase(css_name(t), slice_str(name));
}
