/* Socket addresses from and to text. Internal to net, role and tests. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <sys/socket.h>
#include "base/slice.h"

#define ADDRESS_TEXT_MAX 46

/* An IPv4 or IPv6 literal without brackets. Returns the length of the socket address, or 0 when it is neither. */
socklen_t net_address_parse(struct slice text, uint16_t port, struct sockaddr_storage *ret_address);
/* The literal of an address ("192.0.2.1"; a mapped IPv4 address as IPv4), empty for other families. `text` must hold ADDRESS_TEXT_MAX. */
struct slice address_format(const struct sockaddr_storage *address, char *text);
uint16_t address_port(const struct sockaddr_storage *address);

#endif
