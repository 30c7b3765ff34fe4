#include "imap/parser.h"

#include <string.h>
#include "base/utf8.h"

bool imap_parse_fail(struct imap_parser *p, const char *problem)
{
	if (p->problem == NULL)
		p->problem = problem;
	return false;
}

/* RFC 9051 9: atom-specials are ( ) { SP CTL % * " \ ] */
bool imap_is_atom_char(uint8_t c)
{
	return c > 0x20 && c < 0x7f && strchr("(){%*\"\\]", c) == NULL;
}

bool imap_is_astring_char(uint8_t c)
{
	return imap_is_atom_char(c) || c == ']';
}

static bool is_list_char(uint8_t c)
{
	return imap_is_astring_char(c) || c == '%' || c == '*';
}

/* Quoted text may hold UTF-8; in atoms 8-bit bytes are taken in mailbox names alone, as clients send them. */
static bool is_list_char_utf8(uint8_t c)
{
	return is_list_char(c) || c >= 0x80;
}

bool imap_at_end(const struct imap_parser *p)
{
	return p->in.n == 0 || slice_eq(p->in, SLICE("\r\n")) || slice_eq(p->in, SLICE("\n"));
}

bool imap_parse_end(struct imap_parser *p)
{
	return imap_at_end(p) || imap_parse_fail(p, "Unexpected text after the command");
}

bool imap_peek(const struct imap_parser *p, uint8_t c)
{
	return p->in.n > 0 && p->in.p[0] == c;
}

bool imap_take(struct imap_parser *p, uint8_t c)
{
	if (!imap_peek(p, c))
		return false;
	p->in = slice_from(p->in, 1);
	return true;
}

bool imap_parse_char(struct imap_parser *p, uint8_t c)
{
	if (imap_take(p, c))
		return true;
	return imap_parse_fail(p, c == '(' ? "Expected a parenthesis" : c == ')' ? "Expected a closing parenthesis" : "Unexpected character");
}

bool imap_parse_space(struct imap_parser *p)
{
	return imap_take(p, ' ') || imap_parse_fail(p, imap_at_end(p) ? "Missing argument" : "Expected a space");
}

bool imap_take_word(struct imap_parser *p, const char *word)
{
	struct slice w = slice_str(word);

	if (!slice_starts_nocase(p->in, w) || (p->in.n > w.n && imap_is_atom_char(p->in.p[w.n])))
		return false;
	p->in = slice_from(p->in, w.n);
	return true;
}

static bool take_run(struct imap_parser *p, bool (*is)(uint8_t), struct slice *ret, const char *problem)
{
	size_t n = 0;

	while (n < p->in.n && is(p->in.p[n]))
		n++;
	if (n == 0)
		return imap_parse_fail(p, problem);
	*ret = slice_sub(p->in, 0, n);
	p->in = slice_from(p->in, n);
	return true;
}

static bool is_tag_char(uint8_t c)
{
	return imap_is_astring_char(c) && c != '+';
}

bool imap_parse_tag(struct imap_parser *p, struct slice *ret)
{
	return take_run(p, is_tag_char, ret, "Expected a tag") && (ret->n <= IMAP_TAG_MAX || imap_parse_fail(p, "Tag too long"));
}

bool imap_parse_atom(struct imap_parser *p, struct slice *ret)
{
	return take_run(p, imap_is_atom_char, ret, "Expected an atom");
}

static bool check_text(struct imap_parser *p, struct slice s)
{
	if (slice_find(s, 0) >= 0)
		return imap_parse_fail(p, "NUL is not allowed");
	return true;
}

static bool parse_quoted(struct imap_parser *p, struct slice *ret)
{
	size_t end = 1;
	bool escaped = false;

	for (; end < p->in.n && p->in.p[end] != '"'; end++) {
		if (p->in.p[end] == '\r' || p->in.p[end] == '\n')
			break;
		if (p->in.p[end] == '\\') {
			escaped = true;
			if (++end == p->in.n || (p->in.p[end] != '"' && p->in.p[end] != '\\'))
				return imap_parse_fail(p, "Bad escape in a quoted string");
		}
	}
	if (end >= p->in.n || p->in.p[end] != '"')
		return imap_parse_fail(p, "Quoted string without end");
	struct slice raw = slice_sub(p->in, 1, end);
	p->in = slice_from(p->in, end + 1);
	if (!check_text(p, raw))
		return false;
	if (!slice_is_ascii(raw) && !utf8_valid(raw))
		return imap_parse_fail(p, "Quoted string is not UTF-8");
	if (!escaped) {
		*ret = raw;
		return true;
	}
	uint8_t *copy = arena_alloc(p->arena, raw.n), *to = copy;
	for (size_t i = 0; i < raw.n; i++) {
		i += raw.p[i] == '\\';
		*to++ = raw.p[i];
	}
	*ret = slice_make(copy, (size_t)(to - copy));
	return true;
}

static bool parse_literal(struct imap_parser *p, struct slice *ret)
{
	ptrdiff_t brace = slice_find(p->in, '}');
	uint64_t size;

	if (brace < 2)
		return imap_parse_fail(p, "Bad literal");
	size_t digits_end = (size_t)brace - (p->in.p[brace - 1] == '+' ? 1 : 0);
	if (slice_to_u64(slice_sub(p->in, 1, digits_end), &size) < 0)
		return imap_parse_fail(p, "Bad literal");
	struct slice rest = slice_from(p->in, (size_t)brace + 1);
	if (rest.n > 0 && rest.p[0] == '\r')
		rest = slice_from(rest, 1);
	if (rest.n == 0 || rest.p[0] != '\n' || size > rest.n - 1)
		return imap_parse_fail(p, "Bad literal");
	*ret = slice_sub(rest, 1, 1 + (size_t)size);
	p->in = slice_from(rest, 1 + (size_t)size);
	return check_text(p, *ret);
}

bool imap_parse_string(struct imap_parser *p, struct slice *ret)
{
	if (imap_peek(p, '"'))
		return parse_quoted(p, ret);
	if (imap_peek(p, '{'))
		return parse_literal(p, ret);
	return imap_parse_fail(p, "Expected a string");
}

bool imap_parse_astring(struct imap_parser *p, struct slice *ret)
{
	if (imap_peek(p, '"') || imap_peek(p, '{'))
		return imap_parse_string(p, ret);
	return take_run(p, imap_is_astring_char, ret, "Expected a string");
}

bool imap_parse_nstring(struct imap_parser *p, struct slice *ret, bool *ret_nil)
{
	*ret_nil = imap_take_word(p, "NIL");
	if (*ret_nil) {
		*ret = SLICE_NONE;
		return true;
	}
	return imap_parse_string(p, ret);
}

/* Wire form to UTF-8. A name that is neither good modified UTF-7 nor ... stays as it is when it is plain UTF-8. */
static bool decode_name(struct imap_parser *p, struct slice wire, struct slice *ret)
{
	struct buf out = BUF_INIT(IMAP_LITERAL_MAX * 2);
	bool good = true;

	if (wire.n > MAILBOX_NAME_MAX * 3)
		return imap_parse_fail(p, "Mailbox name too long");
	if (p->net_utf8_names || !slice_is_ascii(wire)) {
		*ret = wire;
		return utf8_valid(wire) || imap_parse_fail(p, "Mailbox name is not UTF-8");
	}
	if (slice_find(wire, '&') < 0) {
		*ret = wire;
		return true;
	}
	if (utf7_decode(wire, &out) < 0)
		good = imap_parse_fail(p, "Mailbox name is not modified UTF-7");
	else
		*ret = arena_dup(p->arena, buf_slice(&out));
	buf_free(&out);
	return good;
}

bool imap_parse_list_mailbox(struct imap_parser *p, struct slice *ret)
{
	struct slice wire;

	if (imap_peek(p, '"') || imap_peek(p, '{')) {
		if (!imap_parse_string(p, &wire))
			return false;
	} else if (!take_run(p, is_list_char_utf8, &wire, "Expected a mailbox pattern")) {
		return false;
	}
	return decode_name(p, wire, ret);
}

bool imap_parse_mailbox(struct imap_parser *p, struct slice *ret)
{
	struct slice wire;

	if (!imap_parse_astring(p, &wire) || !decode_name(p, wire, ret))
		return false;
	if (slice_eq_nocase(*ret, SLICE("INBOX")))
		*ret = SLICE("INBOX");
	else if (slice_starts_nocase(*ret, SLICE("INBOX/")))
		memcpy((uint8_t *)(ret->p = arena_dup(p->arena, *ret).p), "INBOX", 5);
	return true;
}

static bool is_digit(uint8_t c)
{
	return ascii_is_digit(c);
}

bool imap_parse_number(struct imap_parser *p, uint32_t *ret)
{
	struct slice digits;

	return take_run(p, is_digit, &digits, "Expected a number") &&
	       (slice_to_u32(digits, ret) == 0 || imap_parse_fail(p, "Number too large"));
}

bool imap_parse_number64(struct imap_parser *p, uint64_t *ret)
{
	struct slice digits;

	return take_run(p, is_digit, &digits, "Expected a number") &&
	       ((slice_to_u64(digits, ret) == 0 && *ret <= INT64_MAX) || imap_parse_fail(p, "Number too large"));
}

bool imap_parse_nz_number(struct imap_parser *p, uint32_t *ret)
{
	return imap_parse_number(p, ret) && (*ret > 0 || imap_parse_fail(p, "Zero is not allowed"));
}

bool imap_parse_flag(struct imap_parser *p, struct slice *ret)
{
	struct slice start = p->in, word;

	bool system = imap_take(p, '\\');
	if (!imap_parse_atom(p, &word))
		return imap_parse_fail(p, "Expected a flag");
	*ret = slice_make(start.p, word.n + (system ? 1 : 0));
	return true;
}
