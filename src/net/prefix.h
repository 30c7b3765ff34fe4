/* Lists of addresses and prefixes: who may, who is trusted. */
#ifndef NET_PREFIX_H
#define NET_PREFIX_H

#include "base/slice.h"

/* An address literal, or one with the number of its leading bits: "192.0.2.0/24", "2001:db8::/32". */
bool net_prefix_valid(struct slice prefix);
/* Is the address within it? A mapped IPv4 address counts as IPv4; what is no address is within nothing. */
bool net_prefix_holds(struct slice prefix, struct slice address);
/* Within one of them? */
bool net_prefixes_hold(const struct slice *prefixes, size_t count, struct slice address);
/* This machine, or an address that is not routed in the internet: private, link-local, shared, documentation, multicast, reserved
 * (RFC 6890, RFC 4193). What is no address counts as such. */
bool net_address_is_private(struct slice address);

#endif
