#include "net/prefix.h"

#include <netinet/in.h>
#include <string.h>

#include "base/ensure.h"
#include "net/address.h"

struct bits {
	uint8_t bytes[16];
	unsigned count; /* 32 or 128 */
};

static bool bits_of(struct slice text, struct bits *ret)
{
	struct sockaddr_storage parsed;

	if (net_address_parse(text, 0, &parsed) == 0)
		return false;
	if (parsed.ss_family == AF_INET) {
		memcpy(ret->bytes, &((struct sockaddr_in *)&parsed)->sin_addr, 4);
		ret->count = 32;
		return true;
	}
	const struct in6_addr *v6 = &((struct sockaddr_in6 *)&parsed)->sin6_addr;
	ret->count = IN6_IS_ADDR_V4MAPPED(v6) ? 32 : 128;
	memcpy(ret->bytes, ret->count == 32 ? v6->s6_addr + 12 : v6->s6_addr, ret->count / 8);
	return true;
}

static bool prefix_parse(struct slice prefix, struct bits *ret, unsigned *ret_length)
{
	ptrdiff_t slash = slice_find(prefix, '/');
	uint32_t length;

	if (!bits_of(slash >= 0 ? slice_sub(prefix, 0, (size_t)slash) : prefix, ret))
		return false;
	*ret_length = ret->count;
	if (slash < 0)
		return true;
	if (slice_to_u32(slice_from(prefix, (size_t)slash + 1), &length) != 0 || length > ret->count)
		return false;
	*ret_length = length;
	return true;
}

bool net_prefix_valid(struct slice prefix)
{
	struct bits bits;
	unsigned length;

	return prefix_parse(prefix, &bits, &length);
}

bool net_prefix_holds(struct slice prefix, struct slice address)
{
	struct bits want, have;
	unsigned length;

	if (!prefix_parse(prefix, &want, &length) || !bits_of(address, &have) || want.count != have.count)
		return false;
	if (memcmp(want.bytes, have.bytes, length / 8) != 0)
		return false;
	return length % 8 == 0 || ((want.bytes[length / 8] ^ have.bytes[length / 8]) >> (8 - length % 8)) == 0;
}

bool net_prefixes_hold(const struct slice *prefixes, size_t count, struct slice address)
{
	for (size_t i = 0; i < count; i++)
		if (net_prefix_holds(prefixes[i], address))
			return true;
	return false;
}

bool net_address_is_private(struct slice address)
{
	static const struct slice special[] = {
		SLICE_INIT("0.0.0.0/8"), SLICE_INIT("10.0.0.0/8"), SLICE_INIT("100.64.0.0/10"), SLICE_INIT("127.0.0.0/8"), SLICE_INIT("169.254.0.0/16"),
		SLICE_INIT("172.16.0.0/12"), SLICE_INIT("192.0.0.0/24"), SLICE_INIT("192.0.2.0/24"), SLICE_INIT("192.88.99.0/24"),
		SLICE_INIT("192.168.0.0/16"), SLICE_INIT("198.18.0.0/15"), SLICE_INIT("198.51.100.0/24"), SLICE_INIT("203.0.113.0/24"),
		SLICE_INIT("224.0.0.0/3"), SLICE_INIT("::/96"), SLICE_INIT("64:ff9b::/96"), SLICE_INIT("64:ff9b:1::/48"), SLICE_INIT("100::/64"),
		SLICE_INIT("2001::/23"), SLICE_INIT("2001:db8::/32"), SLICE_INIT("2002::/16"), SLICE_INIT("3fff::/20"), SLICE_INIT("5f00::/16"),
		SLICE_INIT("fc00::/7"), SLICE_INIT("fe80::/10"), SLICE_INIT("fec0::/10"), SLICE_INIT("ff00::/8"),
	};
	struct bits bits;

	return !bits_of(address, &bits) || net_prefixes_hold(special, ARRAY_LEN(special), address);
}
