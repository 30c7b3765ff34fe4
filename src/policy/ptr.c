#include "policy/ptr.h"

static bool resolves_back(const struct dns_answer *a, struct policy_ip ip)
{
	struct slice records = a->status == DNS_FOUND ? a->records : SLICE_NONE, rdata;
	while (dns_record_next(&records, &rdata))
		if (slice_eq(rdata, policy_ip_bytes(&ip)))
			return true;
	return false;
}

bool policy_ptr(struct facts *facts, struct policy_ip ip, struct slice *ret_name)
{
	struct slice rdata, name;
	bool waits = false;
	*ret_name = SLICE_NONE;
	if (ip.family == 0)
		return true;
	const char *zone = ip.family == 4 ? "in-addr.arpa" : "ip6.arpa";
	const struct dns_answer *a = facts_dns(facts, arena_printf(facts->arena, "%.*s.%s", SLICE_ARG(policy_ip_reversed(ip, facts->arena)), zone),
		DNS_PTR);
	if (a->status == DNS_WANTED)
		return false;
	struct slice records = a->status == DNS_FOUND ? a->records : SLICE_NONE;
	for (unsigned i = 0; i < PTR_NAMES_MAX && dns_record_next(&records, &rdata); i++) {
		if (!dns_name_read(facts->arena, &rdata, &name))
			continue;
		const struct dns_answer *forward = facts_dns(facts, name, ip.family == 4 ? DNS_A : DNS_AAAA);
		waits = waits || forward->status == DNS_WANTED;
		if (ret_name->n == 0 && resolves_back(forward, ip))
			*ret_name = name;
	}
	return ret_name->n > 0 || !waits;
}
