/* Network addresses as policies compare them. An IPv4 address mapped into IPv6 is an IPv4 address. */
#ifndef POLICY_IP_H
#define POLICY_IP_H

#include "base/arena.h"
#include "base/slice.h"

struct policy_ip {
	uint8_t family;    /* 4, 6 or 0: not known */
	uint8_t bytes[16]; /* the first 4 of IPv4 */
};

/* Text as RFC 4291 2.2 or dotted decimal, without brackets and port. False: neither. */
bool policy_ip_parse(struct slice text, struct policy_ip *ret);
struct trust_ip;
struct policy_ip policy_ip_from(const struct trust_ip *ip);
/* The network that answers for the address: /24 of IPv4, /64 of IPv6; the other bits are zero. */
struct policy_ip policy_ip_network(struct policy_ip ip);
/* The bytes that count: 4, 16 or 0. */
struct slice policy_ip_bytes(const struct policy_ip *ip);
/* "2.0.0.192" or 32 nibbles with dots, as DNS lists ask (RFC 5782 2.1, 2.4). */
struct slice policy_ip_reversed(struct policy_ip ip, struct arena *arena);

#endif
