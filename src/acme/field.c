#include "acme/acme.h"

static const char *const names[] = {[ACME_HTTP_01] = "http-01", [ACME_TLS_ALPN_01] = "tls-alpn-01", [ACME_DNS_01] = "dns-01"};

const char *acme_challenge_name(enum acme_challenge kind)
{
	return names[kind];
}

bool acme_challenge_find(struct slice name, enum acme_challenge *ret)
{
	for (size_t i = 0; i < ACME_CHALLENGES; i++)
		if (slice_eq(slice_str(names[i]), name)) {
			*ret = (enum acme_challenge)i;
			return true;
		}
	return false;
}

struct slice acme_field(struct slice fields, struct slice name)
{
	struct slice line;
	while (slice_split(&fields, '\n', &line)) {
		ptrdiff_t colon = slice_find(line, ':');
		if (colon > 0 && slice_eq_nocase(slice_sub(line, 0, (size_t)colon), name))
			return slice_trim(slice_from(line, (size_t)colon + 1));
	}
	return SLICE_NONE;
}

int64_t acme_retry_after(struct slice fields)
{
	struct slice value = acme_field(fields, SLICE("Retry-After"));
	uint64_t seconds;
	if (value.n == 0)
		return 0;
	if (slice_to_u64(value, &seconds) != 0)
		return 60;
	return seconds > 86400 ? 86400 : (int64_t)seconds;
}
