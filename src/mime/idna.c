#include "mime/idna.h"

#include <unicode/uidna.h>

#include "base/utf8.h"

static struct slice lowered(struct arena *arena, struct slice s)
{
	uint8_t *p = arena_alloc(arena, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(s.p[i]);
	return slice_make(p, s.n);
}

/* Opened per call: the instance is a singleton inside of ICU. */
static int32_t convert(struct slice domain, char *out, int32_t size)
{
	UErrorCode code = U_ZERO_ERROR;
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UIDNA *idna = uidna_openUTS46(UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII, &code);
	int32_t n = 0;
	if (U_SUCCESS(code))
		n = uidna_nameToASCII_UTF8(idna, (const char *)domain.p, (int32_t)domain.n, out, size, &info, &code);
	uidna_close(idna);
	return U_SUCCESS(code) && info.errors == 0 && n <= size ? n : 0;
}

bool idna_to_ascii(struct arena *arena, struct slice domain, struct slice *ret)
{
	char out[IDNA_DOMAIN_MAX];
	if (domain.n == 0 || domain.n > IDNA_DOMAIN_MAX)
		return false;
	if (slice_is_ascii(domain)) {
		*ret = lowered(arena, domain);
		return true;
	}
	int32_t n = utf8_valid(domain) ? convert(domain, out, sizeof out) : 0;
	if (n > 0)
		*ret = arena_dup(arena, slice_make(out, (size_t)n));
	return n > 0;
}
