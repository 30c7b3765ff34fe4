#include "policy/check.h"
#include "policy/lookalike.h"

check_fn check_helo_odd;

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 4.1.3). */
static bool literal_of(struct slice helo, struct policy_ip *ret)
{
	if (helo.n < 3 || helo.p[0] != '[' || helo.p[helo.n - 1] != ']')
		return false;
	helo = slice_sub(helo, 1, helo.n - 1);
	if (slice_starts_nocase(helo, SLICE("IPv6:")))
		helo = slice_from(helo, 5);
	return policy_ip_parse(helo, ret);
}

static bool same(struct policy_ip a, struct policy_ip b)
{
	return slice_eq(policy_ip_bytes(&a), policy_ip_bytes(&b));
}

void check_helo_odd(const struct check_input *in, struct check_result *r)
{
	const struct policy_letter *l = in->letter;
	struct policy_ip ip;
	if (l->helo.n == 0)
		return;
	if (literal_of(l->helo, &ip) || policy_ip_parse(l->helo, &ip)) {
		if (l->client.family == 0 || same(ip, l->client))
			return;
		check_hit(r, REASON_helo_literal);
	} else if (in->known->domains != NULL && targets_own(in->known->domains, l->helo) &&
		   !targets_own(in->known->domains, l->ptr)) {
		check_hit(r, REASON_helo_ours);
	} else if (slice_find(l->helo, '.') < 0) {
		check_hit(r, REASON_helo_bare);
	} else {
		return;
	}
	check_say(r, "helo", l->helo);
}
