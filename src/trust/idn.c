#include "trust/idn.h"

#include <idn2.h>

#include "base/ascii.h"
#include "base/utf8.h"

#define LABEL_MAX 63
#define INPUT_MAX 1024 /* bytes of a name that is converted */

static bool to_ascii(struct arena *arena, struct slice domain, struct slice *ret)
{
	uint8_t *out = NULL;
	bool ok = domain.n <= INPUT_MAX && utf8_valid(domain) && slice_find(domain, 0) < 0 &&
		idn2_lookup_u8((const uint8_t *)arena_dup_str(arena, domain), &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK;
	if (ok)
		*ret = arena_dup(arena, slice_str((const char *)out));
	idn2_free(out);
	return ok;
}

bool trust_domain_ascii(struct arena *arena, struct slice domain, struct slice *ret)
{
	struct slice name = domain;
	if (slice_ends(name, SLICE(".")))
		name.n--;
	if (name.n == 0 || (!slice_is_ascii(name) && !to_ascii(arena, name, &name)))
		return false;
	*ret = ascii_dup_lower(arena, name);
	return true;
}

bool trust_domain_is_fqdn(struct slice domain)
{
	size_t label = 0, labels = 1;
	if (domain.n == 0 || domain.n > TRUST_DOMAIN_MAX || domain.p[0] == '[')
		return false;
	for (size_t i = 0; i < domain.n; i++) {
		uint8_t c = domain.p[i];
		if (c <= 0x20 || c >= 0x7f || (c == '.' && label == 0))
			return false;
		labels += c == '.';
		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0 && labels > 1;
}

bool trust_domain_within(struct slice name, struct slice domain)
{
	if (name.n == domain.n)
		return slice_eq_nocase(name, domain);
	return name.n > domain.n && slice_ends_nocase(name, domain) && name.p[name.n - domain.n - 1] == '.';
}
