#include "policy/check.h"

check_fn check_link_address;

static bool is_private(const struct policy_url *u)
{
	struct policy_ip ip;
	if (!policy_ip_parse(u->host, &ip) || ip.family != 4)
		return false;
	return ip.bytes[0] == 10 || (ip.bytes[0] == 192 && ip.bytes[1] == 168) || (ip.bytes[0] == 172 && (ip.bytes[1] & 0xf0) == 16);
}

void check_link_address(const struct check_input *in, struct check_result *r)
{
	const struct policy_url *worst = NULL;
	for (size_t i = 0; i < in->letter->url_count; i++) {
		const struct policy_url *u = &in->letter->urls[i];
		/* Machines of the own network are named by number in many offices. */
		if (u->is_ip && (u->odd_ip || !is_private(u)) && (worst == NULL || (u->odd_ip && !worst->odd_ip)))
			worst = u;
	}
	if (worst == NULL)
		return;
	check_hit(r, worst->odd_ip ? REASON_disguised_number : REASON_number_as_host);
	if (worst->odd_ip)
		r->score *= 2;
	check_say(r, "host", worst->host);
}
