#include "auth/address.h"

#include <idn2.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

/* RFC 5322 3.2.3 atext without letters and digits. */
static const char atext[] = "!#$%&'*+-/=?^_`{|}~";

static bool is_atext(uint8_t c)
{
	return ascii_is_alnum(c) || c >= 0x80 || (c != 0 && strchr(atext, c) != NULL);
}

static bool is_dot_atom(struct slice s)
{
	if (s.n == 0 || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '.' ? s.p[i - 1] == '.' : !is_atext(s.p[i]))
			return false;
	return utf8_valid(s);
}

static void lower(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = ascii_lower(p[i]);
}

/* Quoted-string without quotes and backslashes (RFC 5321 4.1.2). */
static int unquote(struct slice given, struct arena *arena, struct slice *ret)
{
	uint8_t *out = arena_alloc(arena, given.n);
	size_t n = 0;
	for (size_t i = 1; i + 1 < given.n; i++) {
		if (given.p[i] == '\\' && ++i + 1 >= given.n)
			return ERR_INVALID;
		if (given.p[i] < 0x20 || given.p[i] == 0x7f)
			return ERR_INVALID;
		out[n++] = given.p[i];
	}
	*ret = slice_make(out, n);
	return n > 0 && utf8_valid(*ret) ? 0 : ERR_INVALID;
}

static int normal_local(struct slice given, struct arena *arena, struct slice *ret)
{
	if (given.n == 0 || given.n > ADDRESS_LOCAL_MAX)
		return ERR_INVALID;
	if (given.n >= 3 && given.p[0] == '"' && given.p[given.n - 1] == '"') {
		if (unquote(given, arena, ret) != 0)
			return ERR_INVALID;
	} else if (is_dot_atom(given)) {
		*ret = arena_dup(arena, given);
	} else {
		return ERR_INVALID;
	}
	lower((uint8_t *)ret->p, ret->n);
	return 0;
}

static bool is_label(struct slice s)
{
	if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return true;
}

static bool is_host_name(struct slice s)
{
	struct slice label;
	if (s.n == 0 || s.n > ADDRESS_DOMAIN_MAX || s.p[s.n - 1] == '.')
		return false;
	while (slice_split(&s, '.', &label))
		if (!is_label(label))
			return false;
	return true;
}

static int to_a_labels(struct slice text, struct arena *arena, struct slice *ret)
{
	uint8_t *out = NULL;
	if (!utf8_valid(text) || slice_find(text, 0) >= 0)
		return ERR_INVALID;
	int rc = idn2_lookup_u8((const uint8_t *)arena_dup_str(arena, text), &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc == IDN2_OK)
		*ret = arena_dup(arena, slice_str((const char *)out));
	idn2_free(out);
	return rc == IDN2_OK ? 0 : ERR_INVALID;
}

int address_domain(struct slice text, struct arena *arena, struct slice *ret)
{
	if (text.n > 1 && text.p[text.n - 1] == '.')
		text.n--;
	if (text.n == 0 || text.n > ADDRESS_DOMAIN_MAX)
		return ERR_INVALID;
	if (slice_is_ascii(text))
		*ret = arena_dup(arena, text);
	else if (to_a_labels(text, arena, ret) != 0)
		return ERR_INVALID;
	lower((uint8_t *)ret->p, ret->n);
	return is_host_name(*ret) ? 0 : ERR_INVALID;
}

static bool is_literal(struct slice s)
{
	if (s.n < 3 || s.n > ADDRESS_DOMAIN_MAX || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != ':')
			return false;
	return true;
}

int address_parse(struct slice text, struct arena *arena, struct address *ret)
{
	ptrdiff_t at = slice_rfind(text, '@');
	if (at <= 0)
		return ERR_INVALID;
	struct slice domain = slice_from(text, (size_t)at + 1);
	ret->given = arena_dup(arena, slice_sub(text, 0, (size_t)at));
	if (normal_local(ret->given, arena, &ret->local) != 0)
		return ERR_INVALID;
	if (!is_literal(domain))
		return address_domain(domain, arena, &ret->domain);
	ret->domain = arena_dup(arena, domain);
	lower((uint8_t *)ret->domain.p, ret->domain.n);
	return 0;
}

struct slice address_text(const struct address *a, struct arena *arena)
{
	return arena_printf(arena, "%.*s@%.*s", SLICE_ARG(a->local), SLICE_ARG(a->domain));
}

bool address_detail(struct slice local, struct slice *ret_base, struct slice *ret_detail)
{
	ptrdiff_t plus = slice_find(local, '+');
	if (plus <= 0)
		return false;
	*ret_base = slice_sub(local, 0, (size_t)plus);
	*ret_detail = slice_from(local, (size_t)plus + 1);
	return true;
}

bool address_local_usable(struct slice local)
{
	return local.n <= ADDRESS_LOCAL_MAX && is_dot_atom(local) && slice_find(local, '+') < 0;
}

struct slice address_domain_of(struct slice address)
{
	ptrdiff_t at = slice_rfind(address, '@');
	return at < 0 ? SLICE_NONE : slice_from(address, (size_t)at + 1);
}
