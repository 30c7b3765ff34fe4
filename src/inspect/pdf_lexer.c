#include "inspect/pdf_lexer.h"

#include "base/ascii.h"
#include "inspect/text.h"

static bool is_space(uint8_t c)
{
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' ';
}

static bool is_delimiter(uint8_t c)
{
	return c == '(' || c == ')' || c == '<' || c == '>' || c == '[' || c == ']' || c == '{' || c == '}' || c == '/' || c == '%';
}

static void skip(struct pdf_lexer *l)
{
	while (l->at < l->s.n) {
		uint8_t c = l->s.p[l->at];
		if (c == '%')
			while (l->at < l->s.n && l->s.p[l->at] != '\n' && l->s.p[l->at] != '\r')
				l->at++;
		else if (is_space(c))
			l->at++;
		else
			return;
	}
}

static void take_name(struct pdf_lexer *l, struct pdf_token *t)
{
	size_t start = ++l->at;
	t->name_length = 0;
	t->escaped = false;
	while (l->at < l->s.n && !is_space(l->s.p[l->at]) && !is_delimiter(l->s.p[l->at])) {
		uint8_t c = l->s.p[l->at++];
		int high = c == '#' && l->at + 1 < l->s.n ? ascii_hex_value(l->s.p[l->at]) : -1, low = high >= 0 ? ascii_hex_value(l->s.p[l->at + 1]) : -1;
		if (low >= 0) {
			c = (uint8_t)(high << 4 | low);
			l->at += 2;
			t->escaped = t->escaped || ascii_is_alnum(c);
		}
		if (t->name_length < PDF_NAME_MAX)
			t->name[t->name_length++] = c;
	}
	t->kind = PDF_NAME;
	t->raw = slice_sub(l->s, start, l->at);
}

static void take_text(struct pdf_lexer *l, struct pdf_token *t)
{
	size_t start = ++l->at, depth = 1;
	while (l->at < l->s.n) {
		uint8_t c = l->s.p[l->at++];
		if (c == '\\')
			l->at += l->at < l->s.n;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			break;
	}
	t->kind = PDF_TEXT;
	t->hex = false;
	t->raw = slice_sub(l->s, start, depth == 0 ? l->at - 1 : l->at);
}

static void take_hex(struct pdf_lexer *l, struct pdf_token *t)
{
	size_t start = ++l->at;
	while (l->at < l->s.n && l->s.p[l->at] != '>')
		l->at++;
	t->kind = PDF_TEXT;
	t->hex = true;
	t->raw = slice_sub(l->s, start, l->at);
	l->at += l->at < l->s.n;
}

static void take_word(struct pdf_lexer *l, struct pdf_token *t)
{
	size_t start = l->at;
	while (l->at < l->s.n && !is_space(l->s.p[l->at]) && !is_delimiter(l->s.p[l->at]))
		l->at++;
	/* A stray bracket: passed over. */
	l->at += l->at == start;
	t->raw = slice_sub(l->s, start, l->at);
	t->kind = slice_to_u64(t->raw, &t->number) == 0 ? PDF_NUMBER : PDF_WORD;
}

bool pdf_next(struct pdf_lexer *l, struct pdf_token *t)
{
	skip(l);
	t->kind = PDF_END;
	if (l->at >= l->s.n)
		return false;
	uint8_t c = l->s.p[l->at], next = l->at + 1 < l->s.n ? l->s.p[l->at + 1] : 0;
	if (c == '/')
		take_name(l, t);
	else if (c == '(')
		take_text(l, t);
	else if (c == '<' && next != '<')
		take_hex(l, t);
	else if (c == '<' || (c == '>' && next == '>')) {
		t->kind = c == '<' ? PDF_DICT_OPEN : PDF_DICT_CLOSE;
		l->at += 2;
	} else if (c == '[' || c == ']') {
		t->kind = c == '[' ? PDF_ARRAY_OPEN : PDF_ARRAY_CLOSE;
		l->at++;
	} else
		take_word(l, t);
	return true;
}

/* ---- texts ---- */

static void append_escape(struct slice s, size_t *at, struct buf *out)
{
	static const char letters[] = "nrtbf", meant[] = "\n\r\t\b\f";
	uint8_t c = s.p[(*at)++];
	if (c >= '0' && c <= '7') {
		unsigned v = c - (unsigned)'0';
		for (unsigned i = 0; i < 2 && *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '7'; i++)
			v = v * 8 + (s.p[(*at)++] - (unsigned)'0');
		buf_append_byte(out, (uint8_t)v);
		return;
	}
	for (size_t i = 0; letters[i] != 0; i++)
		if (c == (uint8_t)letters[i]) {
			buf_append_byte(out, (uint8_t)meant[i]);
			return;
		}
	/* A line break behind the backslash joins lines. */
	if (c != '\r' && c != '\n')
		buf_append_byte(out, c);
}

static void append_bytes(const struct pdf_token *t, struct buf *out)
{
	int half = -1;
	for (size_t i = 0; i < t->raw.n && buf_len(out) < out->max;) {
		uint8_t c = t->raw.p[i++];
		if (t->hex) {
			int digit = ascii_hex_value(c);
			if (digit >= 0 && half >= 0) {
				buf_append_byte(out, (uint8_t)(half << 4 | digit));
				half = -1;
			} else if (digit >= 0)
				half = digit;
		} else if (c == '\\' && i < t->raw.n)
			append_escape(t->raw, &i, out);
		else
			buf_append_byte(out, c);
	}
}

void pdf_text(const struct pdf_token *t, struct buf *out)
{
	struct buf bytes = BUF_INIT(out->max);
	append_bytes(t, &bytes);
	struct slice s = buf_slice(&bytes);
	if (slice_starts(s, SLICE("\xfe\xff")) || slice_starts(s, SLICE("\xff\xfe")))
		text_from_utf16(slice_from(s, 2), s.p[0] == 0xfe, out);
	else
		buf_append(out, s);
	buf_free(&bytes);
}
