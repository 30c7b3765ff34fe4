#include <string.h>

#include "base/ensure.h"
#include "base/error.h"
#include "trust/spf_private.h"

#define VERSION SLICE("v=spf1")

struct row {
	struct slice name;
	enum spf_mechanism mechanism;
	bool takes_domain, needs_domain, takes_prefix;
};

static const struct row rows[] = {
	{SLICE_INIT("all"), SPF_ALL, false, false, false},
	{SLICE_INIT("include"), SPF_INCLUDE, true, true, false},
	{SLICE_INIT("a"), SPF_A, true, false, true},
	{SLICE_INIT("mx"), SPF_MX, true, false, true},
	{SLICE_INIT("ptr"), SPF_PTR, true, false, false},
	{SLICE_INIT("ip4"), SPF_IP4, false, false, false},
	{SLICE_INIT("ip6"), SPF_IP6, false, false, false},
	{SLICE_INIT("exists"), SPF_EXISTS, true, true, false},
};

bool spf_record_is(struct slice text)
{
	return slice_starts_nocase(text, VERSION) && (text.n == VERSION.n || text.p[VERSION.n] == ' ');
}

static bool is_name_char(uint8_t c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static size_t name_length(struct slice s)
{
	size_t n = 0;
	if (s.n == 0 || !ascii_is_alpha(s.p[0]))
		return 0;
	while (n < s.n && is_name_char(s.p[n]))
		n++;
	return n;
}

/* toplabel: letters, digits and inner hyphens, not only digits. */
static bool toplabel_valid(struct slice label)
{
	bool other = false;
	for (size_t i = 0; i < label.n; i++) {
		if (!ascii_is_alnum(label.p[i]) && label.p[i] != '-')
			return false;
		other = other || !ascii_is_digit(label.p[i]);
	}
	return other && label.p[0] != '-' && label.p[label.n - 1] != '-';
}

/* Does the text end with a macro-expand? */
static bool ends_with_macro(struct slice text)
{
	size_t i = 0, end = 0;
	while (i < text.n) {
		if (text.p[i] != '%') {
			i++;
			continue;
		}
		if (i + 1 < text.n && text.p[i + 1] == '{')
			while (i < text.n && text.p[i] != '}')
				i++;
		else
			i++;
		end = ++i;
	}
	return end == text.n;
}

static bool domain_spec_valid(struct slice text)
{
	if (text.n == 0 || !spf_macro_valid(text, false))
		return false;
	if (ends_with_macro(text))
		return true;
	struct slice name = slice_ends(text, SLICE(".")) ? slice_sub(text, 0, text.n - 1) : text;
	ptrdiff_t dot = slice_rfind(name, '.');
	return dot >= 0 && toplabel_valid(slice_from(name, (size_t)dot + 1));
}

/* "0" or a number without leading zeros. */
static bool prefix_number(struct slice digits, unsigned max, unsigned *ret)
{
	uint32_t value;
	if (digits.n == 0 || digits.n > 3 || (digits.n > 1 && digits.p[0] == '0') || slice_to_u32(digits, &value) < 0 || value > max)
		return false;
	*ret = value;
	return true;
}

static bool is_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

/* Takes "/24", "//64" or "/24//64" off the end of *arg. */
static bool take_prefixes(struct slice *arg, struct spf_directive *d)
{
	ptrdiff_t slash = slice_rfind(*arg, '/');
	if (slash > 0 && arg->p[slash - 1] == '/' && is_digits(slice_from(*arg, (size_t)slash + 1))) {
		if (!prefix_number(slice_from(*arg, (size_t)slash + 1), 128, &d->bits6))
			return false;
		*arg = slice_sub(*arg, 0, (size_t)slash - 1);
		slash = slice_rfind(*arg, '/');
	}
	if (slash >= 0 && is_digits(slice_from(*arg, (size_t)slash + 1))) {
		if (!prefix_number(slice_from(*arg, (size_t)slash + 1), 32, &d->bits4))
			return false;
		*arg = slice_sub(*arg, 0, (size_t)slash);
	}
	return true;
}

static bool parse_network(struct slice arg, struct spf_directive *d)
{
	bool v6 = d->mechanism == SPF_IP6;
	ptrdiff_t slash = slice_find(arg, '/');
	struct slice address = slash >= 0 ? slice_sub(arg, 0, (size_t)slash) : arg;
	unsigned *bits = v6 ? &d->bits6 : &d->bits4;
	if (slash >= 0 && !prefix_number(slice_from(arg, (size_t)slash + 1), v6 ? 128 : 32, bits))
		return false;
	if (v6 != (slice_find(address, ':') >= 0) || !trust_ip_parse(address, &d->network))
		return false;
	if (!d->network.v6 && v6) {
		/* A mapped network: no client has such an address, a mapped client counts as IPv4. */
		memmove(d->network.bytes + 12, d->network.bytes, 4);
		memset(d->network.bytes, 0, 10);
		memset(d->network.bytes + 10, 0xff, 2);
		d->network.v6 = true;
	}
	return true;
}

static const struct row *find_row(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static enum spf_result take_qualifier(struct slice *term)
{
	static const struct { char c; enum spf_result result; } qualifiers[] = {
		{'+', SPF_PASS}, {'-', SPF_FAIL}, {'~', SPF_SOFTFAIL}, {'?', SPF_NEUTRAL},
	};
	for (size_t i = 0; i < ARRAY_LEN(qualifiers); i++)
		if (term->n > 0 && term->p[0] == (uint8_t)qualifiers[i].c) {
			*term = slice_from(*term, 1);
			return qualifiers[i].result;
		}
	return SPF_PASS;
}

static bool parse_argument(const struct row *row, struct slice arg, struct spf_directive *d)
{
	if (row->mechanism == SPF_IP4 || row->mechanism == SPF_IP6)
		return arg.n > 1 && arg.p[0] == ':' && parse_network(slice_from(arg, 1), d);
	if (row->takes_prefix && !take_prefixes(&arg, d))
		return false;
	if (arg.n == 0)
		return !row->needs_domain;
	d->domain_spec = slice_from(arg, 1);
	return row->takes_domain && arg.p[0] == ':' && domain_spec_valid(d->domain_spec);
}

static bool parse_directive(struct slice term, struct spf_record *r)
{
	struct spf_directive *d = &r->directives[r->count];
	*d = (struct spf_directive){.text = term, .bits4 = 32, .bits6 = 128};
	d->qualifier = take_qualifier(&term);
	size_t n = name_length(term);
	const struct row *row = find_row(slice_sub(term, 0, n));
	if (row == NULL)
		return false;
	d->mechanism = row->mechanism;
	if (!parse_argument(row, slice_from(term, n), d))
		return false;
	r->count++;
	return true;
}

static bool parse_modifier(struct slice name, struct slice value, struct spf_record *r)
{
	struct slice *known = slice_eq_nocase(name, SLICE("redirect")) ? &r->redirect : slice_eq_nocase(name, SLICE("exp")) ? &r->exp : NULL;
	if (known == NULL)
		return spf_macro_valid(value, false);
	if (known->n > 0 || !domain_spec_valid(value))
		return false;
	*known = value;
	return true;
}

static bool parse_term(struct slice term, struct spf_record *r)
{
	size_t n = name_length(term);
	if (n > 0 && n < term.n && term.p[n] == '=')
		return parse_modifier(slice_sub(term, 0, n), slice_from(term, n + 1), r);
	return parse_directive(term, r);
}

int spf_record_parse(struct slice text, struct arena *arena, struct spf_record *ret)
{
	struct slice term;
	*ret = (struct spf_record){0};
	if (text.n > SPF_RECORD_MAX)
		return ERR_INVALID;
	ret->directives = arena_alloc_array(arena, SPF_RECORD_TERMS_MAX, sizeof *ret->directives);
	text = slice_from(text, VERSION.n);
	while (slice_split(&text, ' ', &term)) {
		if (term.n == 0)
			continue;
		ret->wrong = term;
		if (ret->count >= SPF_RECORD_TERMS_MAX || !parse_term(term, ret))
			return ERR_INVALID;
	}
	ret->wrong = SLICE_NONE;
	return 0;
}
