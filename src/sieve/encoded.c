/* What stands in "${…}" of a string: encoded characters (RFC 5228 2.4.2.4), which are resolved here, and variables (RFC 5229 3). */
#include "base/ascii.h"
#include "base/utf8.h"
#include "sieve/script.h"

/* One hexadecimal number off *s, behind white space. False: none, or too long. */
static bool take_hex(struct slice *s, size_t digits_max, uint32_t *ret)
{
	size_t digits = 0;
	*s = slice_from(*s, s->n - slice_trim(*s).n == 0 ? 0 : (size_t)(slice_trim(*s).p - s->p));
	*ret = 0;
	while (s->n > 0 && ascii_hex_value(s->p[0]) >= 0) {
		if (++digits > digits_max)
			return false;
		*ret = *ret << 4 | (uint32_t)ascii_hex_value(s->p[0]);
		*s = slice_from(*s, 1);
	}
	return digits > 0;
}

/* False: not of this form, it stays as it is. *ret_bad: of this form but no character. */
static bool decode(struct slice inside, struct buf *out, bool *ret_bad)
{
	bool hex = slice_starts_nocase(inside, SLICE("hex:")), unicode = slice_starts_nocase(inside, SLICE("unicode:"));
	struct buf bytes = BUF_INIT(SIEVE_STRING_MAX);
	struct slice rest = slice_trim(slice_from(inside, hex ? 4 : 8));
	bool ok = (hex || unicode) && rest.n > 0;
	uint32_t value;
	while (ok && rest.n > 0) {
		ok = take_hex(&rest, hex ? 2 : 6, &value) && (rest.n == 0 || slice_trim(rest).n < rest.n);
		if (ok && hex)
			buf_append_byte(&bytes, (uint8_t)value);
		else if (ok && (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)))
			*ret_bad = true;
		else if (ok)
			utf8_append(&bytes, value);
		rest = slice_trim(rest);
	}
	if (ok && !*ret_bad)
		buf_append(out, buf_slice(&bytes));
	buf_free(&bytes);
	return ok;
}

static bool encoded_resolve(struct compiler *c, struct sieve_string *s)
{
	struct buf out = BUF_INIT(SIEVE_STRING_MAX);
	struct slice rest = s->text;
	ptrdiff_t at, end;
	bool bad = false;
	while (!bad && (at = slice_search(rest, SLICE("${"))) >= 0) {
		struct slice behind = slice_from(rest, (size_t)at + 2);
		end = slice_find(behind, '}');
		buf_append(&out, slice_sub(rest, 0, (size_t)at));
		if (end >= 0 && decode(slice_sub(behind, 0, (size_t)end), &out, &bad)) {
			rest = slice_from(behind, (size_t)end + 1);
		} else {
			buf_append_str(&out, "${");
			rest = behind;
		}
	}
	buf_append(&out, rest);
	s->text = arena_dup(c->arena, buf_slice(&out));
	buf_free(&out);
	return !bad || compile_error(c, s->place, "there is no such Unicode character");
}

static bool is_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_identifier(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '_')
			return false;
	return s.n > 0 && s.n <= SIEVE_IDENTIFIER_MAX && !ascii_is_digit(s.p[0]);
}

bool sieve_variable_name(struct slice text)
{
	struct slice part;
	if (is_digits(text))
		return text.n <= 4;
	if (text.n == 0 || text.p[text.n - 1] == '.')
		return false;
	while (slice_split(&text, '.', &part))
		if (!is_identifier(part))
			return false;
	return true;
}

/* Namespaces: of RFC 6609 3.4.2 only. */
static bool reference_check(struct compiler *c, const struct sieve_string *s, struct slice name)
{
	uint32_t number;
	if (slice_to_u32(name, &number) == 0 && number >= SIEVE_MATCHES_MAX)
		return compile_error(c, s->place, "match variables go up to ${%d}", SIEVE_MATCHES_MAX - 1);
	if (slice_find(name, '.') < 0)
		return true;
	if (slice_starts_nocase(name, SLICE("global.")) && compile_has(c, SIEVE_INCLUDE) && slice_find(slice_from(name, 7), '.') < 0)
		return true;
	return compile_error(c, s->place, "there is no namespace for ${%.*s}", SLICE_ARG(name));
}

static bool references_check(struct compiler *c, struct sieve_string *s)
{
	struct slice rest = s->text;
	ptrdiff_t at, end;
	while ((at = slice_search(rest, SLICE("${"))) >= 0) {
		rest = slice_from(rest, (size_t)at + 2);
		end = slice_find(rest, '}');
		if (end < 0 || !sieve_variable_name(slice_sub(rest, 0, (size_t)end)))
			continue;
		s->dynamic = true;
		if (!reference_check(c, s, slice_sub(rest, 0, (size_t)end)))
			return false;
	}
	return true;
}

bool sieve_strings_bind(struct compiler *c, struct sieve_arg *arg)
{
	for (size_t i = 0; arg->kind == SIEVE_ARG_STRINGS && i < arg->count; i++) {
		if (slice_find(arg->strings[i].text, '$') < 0)
			continue;
		if (compile_has(c, SIEVE_ENCODED_CHARACTER) && !encoded_resolve(c, &arg->strings[i]))
			return false;
		if (compile_has(c, SIEVE_VARIABLES) && !references_check(c, &arg->strings[i]))
			return false;
	}
	return true;
}
