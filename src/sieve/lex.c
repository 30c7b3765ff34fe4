#include "sieve/lex.h"

#include "base/utf8.h"

void lexer_init(struct lexer *l, struct compiler *c, struct slice text)
{
	*l = (struct lexer){.rest = text, .place = {1, 1}, .compiler = c};
	lexer_next(l);
}

/* Moves over n bytes and counts lines and characters. */
static void skip(struct lexer *l, size_t n)
{
	for (size_t i = 0; i < n && i < l->rest.n; i++) {
		uint8_t c = l->rest.p[i];
		if (c == '\n') {
			l->place.line++;
			l->place.column = 1;
		} else if ((c & 0xc0) != 0x80) {
			l->place.column++;
		}
	}
	l->rest = slice_from(l->rest, n);
}

static void fail(struct lexer *l, const char *what)
{
	l->token.kind = TOKEN_ERROR;
	compile_error(l->compiler, l->token.place, "%s", what);
}

static bool skip_comment(struct lexer *l)
{
	ptrdiff_t end;
	l->token.place = l->place;
	if (l->rest.p[0] == '#') {
		end = slice_find(l->rest, '\n');
		skip(l, end < 0 ? l->rest.n : (size_t)end + 1);
		return true;
	}
	end = slice_search(slice_from(l->rest, 2), SLICE("*/"));
	if (end < 0) {
		fail(l, "this comment has no end");
		return false;
	}
	skip(l, (size_t)end + 4);
	return true;
}

static bool skip_white(struct lexer *l)
{
	while (l->rest.n > 0) {
		uint8_t c = l->rest.p[0];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			skip(l, 1);
		else if (c != '#' && !slice_starts(l->rest, SLICE("/*")))
			break;
		else if (!skip_comment(l))
			return false;
	}
	return true;
}

static bool is_name_byte(uint8_t c)
{
	return ascii_is_alnum(c) || c == '_';
}

static struct slice take_name(struct lexer *l)
{
	size_t n = 0;
	while (n < l->rest.n && is_name_byte(l->rest.p[n]))
		n++;
	struct slice name = slice_sub(l->rest, 0, n);
	skip(l, n);
	return name;
}

static void take_identifier(struct lexer *l, enum token_kind kind)
{
	l->token.kind = kind;
	l->token.text = take_name(l);
	if (l->token.text.n == 0 || ascii_is_digit(l->token.text.p[0]))
		fail(l, "a name is expected behind the colon");
	else if (l->token.text.n > SIEVE_IDENTIFIER_MAX)
		fail(l, "this name is too long");
}

static unsigned quantifier_shift(uint8_t c)
{
	switch (ascii_lower(c)) {
	case 'k': return 10;
	case 'm': return 20;
	case 'g': return 30;
	default: return 0;
	}
}

/* RFC 5228 2.4.1: at least 31 bits; ours have 32 and no more, so that sums cannot overflow. */
static void take_number(struct lexer *l)
{
	uint64_t value = 0;
	bool too_big = false;
	l->token.kind = TOKEN_NUMBER;
	while (l->rest.n > 0 && ascii_is_digit(l->rest.p[0])) {
		value = value * 10 + (uint64_t)(l->rest.p[0] - '0');
		too_big = too_big || value > UINT32_MAX;
		if (too_big)
			value = 0;
		skip(l, 1);
	}
	unsigned shift = l->rest.n > 0 ? quantifier_shift(l->rest.p[0]) : 0;
	skip(l, shift > 0);
	l->token.number = value << shift;
	if (too_big || l->token.number > UINT32_MAX)
		fail(l, "this number is too big");
	else if (l->rest.n > 0 && is_name_byte(l->rest.p[0]))
		fail(l, "a number ends with a digit, K, M or G");
}

static void finish_string(struct lexer *l, struct buf *text)
{
	l->token.kind = TOKEN_STRING;
	l->token.text = arena_dup(l->compiler->arena, buf_slice(text));
	if (text->failed) {
		l->token.kind = TOKEN_ERROR;
		compile_limit(l->compiler, l->token.place, "this string is too long");
	}
	buf_free(text);
}

static void take_quoted(struct lexer *l)
{
	struct buf text = BUF_INIT(SIEVE_STRING_MAX);
	skip(l, 1);
	while (l->rest.n > 0 && l->rest.p[0] != '"') {
		if (l->rest.p[0] == '\\' && l->rest.n > 1)
			skip(l, 1);
		buf_append_byte(&text, l->rest.p[0]);
		skip(l, 1);
	}
	if (l->rest.n == 0) {
		buf_free(&text);
		fail(l, "this string has no end");
		return;
	}
	skip(l, 1);
	finish_string(l, &text);
}

/* The line without its end; false: the last one had none. */
static bool take_line(struct lexer *l, struct slice *ret)
{
	ptrdiff_t end = slice_find(l->rest, '\n');
	if (end < 0)
		return false;
	*ret = slice_sub(l->rest, 0, (size_t)end);
	if (slice_ends(*ret, SLICE("\r")))
		ret->n--;
	skip(l, (size_t)end + 1);
	return true;
}

/* "text:" up to a line with only a dot. Lines end with CRLF in the string, however they were stored. */
static void take_multi_line(struct lexer *l)
{
	struct buf text = BUF_INIT(SIEVE_STRING_MAX);
	struct slice line;
	while (l->rest.n > 0 && ascii_is_wsp(l->rest.p[0]))
		skip(l, 1);
	bool ok = take_line(l, &line) && (line.n == 0 || line.p[0] == '#');
	if (!ok) {
		fail(l, "only a comment may follow text: on its line");
		return;
	}
	while ((ok = take_line(l, &line)) && !slice_eq(line, SLICE("."))) {
		buf_append(&text, slice_starts(line, SLICE(".")) ? slice_from(line, 1) : line);
		buf_append_str(&text, "\r\n");
	}
	/* The dot may be the end of the script. */
	if (!ok && slice_eq(slice_trim(l->rest), SLICE("."))) {
		skip(l, l->rest.n);
		ok = true;
	}
	if (!ok) {
		buf_free(&text);
		fail(l, "this text has no end: a line with only a dot is missing");
		return;
	}
	finish_string(l, &text);
}

static void take_name_or_text(struct lexer *l)
{
	if (slice_starts_nocase(l->rest, SLICE("text:"))) {
		skip(l, 5);
		take_multi_line(l);
	} else {
		take_identifier(l, TOKEN_NAME);
	}
}

void lexer_next(struct lexer *l)
{
	if (l->token.kind == TOKEN_ERROR || !skip_white(l))
		return;
	l->token = (struct token){.kind = TOKEN_END, .place = l->place};
	if (l->rest.n == 0)
		return;
	uint8_t c = l->rest.p[0];
	if (ascii_is_alpha(c) || c == '_') {
		take_name_or_text(l);
	} else if (ascii_is_digit(c)) {
		take_number(l);
	} else if (c == '"') {
		take_quoted(l);
	} else if (c == ':') {
		skip(l, 1);
		take_identifier(l, TOKEN_TAG);
	} else if (slice_find(SLICE("()[]{},;"), c) >= 0) {
		l->token.kind = TOKEN_PUNCTUATION;
		l->token.punctuation = c;
		skip(l, 1);
	} else {
		fail(l, "this character has no meaning here");
	}
}
