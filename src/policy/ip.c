#include "policy/ip.h"

#include <arpa/inet.h>
#include <string.h>

bool policy_ip_parse(struct slice text, struct policy_ip *ret)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char room[INET6_ADDRSTRLEN + 1] = "";
	struct policy_ip ip = {.family = 4};
	if (text.n == 0 || text.n >= sizeof room || slice_find(text, 0) >= 0)
		return false;
	memcpy(room, text.p, text.n);
	if (inet_pton(AF_INET, room, ip.bytes) != 1) {
		if (inet_pton(AF_INET6, room, ip.bytes) != 1)
			return false;
		ip.family = 6;
		if (memcmp(ip.bytes, mapped, sizeof mapped) == 0) {
			memmove(ip.bytes, ip.bytes + 12, 4);
			memset(ip.bytes + 4, 0, 12);
			ip.family = 4;
		}
	}
	*ret = ip;
	return true;
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
