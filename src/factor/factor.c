#include "factor/factor.h"

static const char *const kinds[FACTOR_KIND_COUNT] = {
	[FACTOR_TOTP] = "totp", [FACTOR_WEBAUTHN] = "webauthn", [FACTOR_CODES] = "codes",
	[FACTOR_LIST] = "list", [FACTOR_MAIL] = "mail", [FACTOR_SMS] = "sms",
};

const char *factor_kind_name(enum factor_kind kind)
{
	return (unsigned)kind < FACTOR_KIND_COUNT ? kinds[kind] : NULL;
}

bool factor_kind_parse(struct slice name, enum factor_kind *ret)
{
	for (unsigned i = 1; i < FACTOR_KIND_COUNT; i++) {
		if (slice_eq(name, slice_str(kinds[i]))) {
			*ret = (enum factor_kind)i;
			return true;
		}
	}
	return false;
}

const char *factor_verdict_name(enum factor_verdict verdict)
{
	static const char *const names[] = {
		[FACTOR_RIGHT] = "right", [FACTOR_WRONG] = "wrong", [FACTOR_REPLAYED] = "replayed", [FACTOR_EXPIRED] = "expired",
		[FACTOR_SPENT] = "spent", [FACTOR_MALFORMED] = "malformed",
	};
	return (size_t)verdict < sizeof names / sizeof names[0] ? names[verdict] : "unknown";
}
