#include "smtp/proxy.h"

#include <arpa/inet.h>
#include <string.h>
#include "base/endian.h"
#include "smtp/path.h"

#define V1_MAX 107 /* with CRLF, proxy-protocol.txt 2.1 */
#define V2_FIXED 16

static const uint8_t v2_signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

static int port_parse(struct slice text, uint16_t *ret)
{
	uint32_t value;
	if (slice_to_u32(text, &value) < 0 || value > 65535)
		return -1;
	*ret = (uint16_t)value;
	return 0;
}

/* Fields behind "PROXY TCPn ". */
static enum proxy_status v1_client(struct slice rest, bool six, struct proxy_header *ret)
{
	struct slice field[4];
	for (unsigned i = 0; i < 4; i++) {
		if (!slice_split(&rest, ' ', &field[i]))
			return PROXY_INVALID;
	}
	bool (*valid)(struct slice) = six ? smtp_ipv6_valid : smtp_ipv4_valid;
	if (rest.n > 0 || !valid(field[0]) || !valid(field[1]) || field[0].n >= sizeof ret->source)
		return PROXY_INVALID;
	if (port_parse(field[2], &ret->source_port) < 0 || port_parse(field[3], &ret->local_port) < 0)
		return PROXY_INVALID;
	memcpy(ret->source, field[0].p, field[0].n);
	ret->source[field[0].n] = '\0';
	return PROXY_CLIENT;
}

static enum proxy_status v1_parse(struct slice in, struct proxy_header *ret)
{
	ptrdiff_t end = slice_search(slice_sub(in, 0, V1_MAX), SLICE("\r\n"));
	if (end < 0)
		return in.n < V1_MAX ? PROXY_MORE : PROXY_INVALID;
	ret->length = (size_t)end + 2;
	struct slice rest = slice_sub(in, 6, (size_t)end);
	if (slice_starts(rest, SLICE("TCP4 ")))
		return v1_client(slice_from(rest, 5), false, ret);
	if (slice_starts(rest, SLICE("TCP6 ")))
		return v1_client(slice_from(rest, 5), true, ret);
	if (slice_eq(rest, SLICE("UNKNOWN")) || slice_starts(rest, SLICE("UNKNOWN ")))
		return PROXY_LOCAL;
	return PROXY_INVALID;
}

static enum proxy_status v2_client(struct slice body, int family, struct proxy_header *ret)
{
	size_t size = family == AF_INET ? 4 : 16;
	if (body.n < 2 * size + 4)
		return PROXY_INVALID;
	if (inet_ntop(family, body.p, ret->source, sizeof ret->source) == NULL)
		return PROXY_INVALID;
	ret->source_port = get_u16(body.p + 2 * size);
	ret->local_port = get_u16(body.p + 2 * size + 2);
	return PROXY_CLIENT;
}

static enum proxy_status v2_parse(struct slice in, struct proxy_header *ret)
{
	if (in.n < V2_FIXED)
		return PROXY_MORE;
	uint8_t command = in.p[12], family = in.p[13];
	ret->length = V2_FIXED + (size_t)get_u16(in.p + 14);
	if (command >> 4 != 2 || (command & 15) > 1 || ret->length > PROXY_HEADER_MAX)
		return PROXY_INVALID;
	if (in.n < ret->length)
		return PROXY_MORE;
	if ((command & 15) == 0)
		return PROXY_LOCAL;
	struct slice body = slice_sub(in, V2_FIXED, ret->length);
	switch (family) {
	case 0x11:
		return v2_client(body, AF_INET, ret);
	case 0x21:
		return v2_client(body, AF_INET6, ret);
	default:
		return PROXY_LOCAL;
	}
}

/* Does `in`, as far as it has arrived, agree with `start`? */
static bool begins(struct slice in, struct slice start)
{
	size_t n = in.n < start.n ? in.n : start.n;
	return slice_eq(slice_sub(in, 0, n), slice_sub(start, 0, n));
}

enum proxy_status proxy_header_parse(struct slice in, struct proxy_header *ret)
{
	struct slice v1 = SLICE("PROXY "), v2 = slice_make(v2_signature, sizeof v2_signature);
	*ret = (struct proxy_header){0};
	if (begins(in, v1))
		return in.n < v1.n ? PROXY_MORE : v1_parse(in, ret);
	if (begins(in, v2))
		return in.n < v2.n ? PROXY_MORE : v2_parse(in, ret);
	return PROXY_INVALID;
}
