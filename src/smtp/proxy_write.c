/* The header of version 2 as we send it. */
#include <arpa/inet.h>
#include <string.h>

#include "smtp/proxy.h"

enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21, STREAM_IPV4 = 0x11, STREAM_IPV6 = 0x21 };

static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

/* An IPv4 address as IPv4 or, where the other side has IPv6, mapped. */
static bool put_address(struct slice text, bool six, struct buf *out)
{
	char copy[INET6_ADDRSTRLEN] = "";
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
	if (text.n >= sizeof copy)
		return false;
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	bool four = inet_pton(AF_INET, copy, bytes + 12) == 1;
	if (!four && (!six || inet_pton(AF_INET6, copy, bytes) != 1))
		return false;
	buf_append_bytes(out, six ? bytes : bytes + 12, six ? 16 : 4);
	return true;
}

void proxy_header_write(struct slice source, struct slice destination, uint16_t port, struct buf *out)
{
	bool six = slice_find(source, ':') >= 0 || slice_find(destination, ':') >= 0;
	struct buf addresses = BUF_INIT(64);
	bool known = source.n > 0 && put_address(source, six, &addresses) && put_address(destination, six, &addresses);
	buf_append_bytes(out, signature, sizeof signature);
	buf_put_u8(out, known ? COMMAND_PROXY : COMMAND_LOCAL);
	buf_put_u8(out, !known ? 0 : six ? STREAM_IPV6 : STREAM_IPV4);
	buf_put_u16(out, known ? (uint16_t)(buf_len(&addresses) + 4) : 0);
	if (known) {
		buf_append(out, buf_slice(&addresses));
		buf_put_u16(out, 0); /* which port the client had is not kept */
		buf_put_u16(out, port);
	}
	buf_free(&addresses);
}
