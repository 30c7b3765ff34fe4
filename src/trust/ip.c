#include "trust/ip.h"

#include <arpa/inet.h>
#include <string.h>

bool trust_ip_parse(struct slice text, struct trust_ip *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char literal[TRUST_IP_TEXT_MAX];
	struct trust_ip ip = {0};
	if (text.n == 0 || text.n >= sizeof literal || memchr(text.p, 0, text.n) != NULL)
		return false;
	memcpy(literal, text.p, text.n);
	literal[text.n] = '\0';
	ip.v6 = inet_pton(AF_INET, literal, ip.bytes) != 1;
	if (ip.v6 && inet_pton(AF_INET6, literal, ip.bytes) != 1)
		return false;
	if (ip.v6 && memcmp(ip.bytes, mapped, sizeof mapped) == 0) {
		struct trust_ip v4 = {0};
		memcpy(v4.bytes, ip.bytes + 12, 4);
		ip = v4;
	}
	*ret = ip;
	return true;
}

void trust_ip_append(const struct trust_ip *ip, struct buf *out)
{
	char text[TRUST_IP_TEXT_MAX];
	if (inet_ntop(ip->v6 ? AF_INET6 : AF_INET, ip->bytes, text, sizeof text) != NULL)
		buf_append_str(out, text);
}

bool trust_ip_within(const struct trust_ip *ip, const struct trust_ip *network, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (ip->v6 != network->v6 || bits > trust_ip_bits(ip))
		return false;
	if (memcmp(ip->bytes, network->bytes, whole) != 0)
		return false;
	return rest == 0 || (ip->bytes[whole] ^ network->bytes[whole]) >> (8 - rest) == 0;
}

bool trust_ip_is_loopback(const struct trust_ip *ip)
{
	static const struct trust_ip v4 = {false, {127}}, v6 = {true, {[15] = 1}};
	return trust_ip_within(ip, &v4, 8) || trust_ip_within(ip, &v6, 128);
}

void trust_ip_append_reverse(const struct trust_ip *ip, struct buf *out)
{
	if (ip->v6)
		for (unsigned i = 16; i-- > 0;)
			buf_printf(out, "%x.%x.", ip->bytes[i] & 15, ip->bytes[i] >> 4);
	else
		buf_printf(out, "%u.%u.%u.%u.", ip->bytes[3], ip->bytes[2], ip->bytes[1], ip->bytes[0]);
	buf_append_str(out, ip->v6 ? "ip6.arpa" : "in-addr.arpa");
}
