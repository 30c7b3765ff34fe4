#include "policy/ip.h"

#include <string.h>

#include "trust/ip.h"

bool policy_ip_parse(struct slice text, struct policy_ip *ret)
{
	struct trust_ip ip;
	if (!trust_ip_parse(text, &ip))
		return false;
	*ret = policy_ip_from(&ip);
	return true;
}

struct policy_ip policy_ip_from(const struct trust_ip *ip)
{
	struct policy_ip ret = {.family = ip->v6 ? 6 : 4};
	memcpy(ret.bytes, ip->bytes, ip->v6 ? 16 : 4);
	return ret;
}

struct policy_ip policy_ip_network(struct policy_ip ip)
{
	size_t keep = ip.family == 4 ? 3 : 8;
	memset(ip.bytes + keep, 0, sizeof ip.bytes - keep);
	return ip;
}

struct slice policy_ip_bytes(const struct policy_ip *ip)
{
	return slice_make(ip->bytes, ip->family == 4 ? 4 : ip->family == 6 ? 16 : 0);
}

struct slice policy_ip_reversed(struct policy_ip ip, struct arena *arena)
{
	static const char digits[] = "0123456789abcdef";
	if (ip.family == 4)
		return arena_printf(arena, "%u.%u.%u.%u", ip.bytes[3], ip.bytes[2], ip.bytes[1], ip.bytes[0]);
	char text[64];
	for (size_t i = 0; i < 16; i++) {
		uint8_t byte = ip.bytes[15 - i];
		char four[4] = {digits[byte & 15], '.', digits[byte >> 4], '.'};
		memcpy(text + i * 4, four, sizeof four);
	}
	return ip.family == 6 ? arena_dup(arena, slice_make(text, sizeof text - 1)) : SLICE_NONE;
}
