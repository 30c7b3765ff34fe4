/* IP addresses as values, for the checks of mail. */
#ifndef TRUST_IP_H
#define TRUST_IP_H

#include "base/buf.h"

struct trust_ip {
	bool v6;
	uint8_t bytes[16]; /* IPv4: the first four */
};

#define TRUST_IP_TEXT_MAX 46

/* An IPv4 or IPv6 literal without brackets and zone; an IPv4-mapped address is taken as IPv4. False: neither. */
bool trust_ip_parse(struct slice text, struct trust_ip *ret);
/* "192.0.2.1", or IPv6 as RFC 5952 wants it. */
void trust_ip_append(const struct trust_ip *ip, struct buf *out);
/* 127.0.0.0/8 or ::1: this machine. */
bool trust_ip_is_loopback(const struct trust_ip *ip);
/* Same family and the same first `bits` bits (at most all). */
bool trust_ip_within(const struct trust_ip *ip, const struct trust_ip *network, unsigned bits);
static inline unsigned trust_ip_bits(const struct trust_ip *ip)
{
	return ip->v6 ? 128 : 32;
}
/* The name of its PTR record: "1.2.0.192.in-addr.arpa". */
void trust_ip_append_reverse(const struct trust_ip *ip, struct buf *out);

#endif
