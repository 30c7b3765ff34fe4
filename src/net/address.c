#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

socklen_t net_address_parse(struct slice text, uint16_t port, struct sockaddr_storage *ret_address)
{
	char literal[ADDRESS_TEXT_MAX];
	if (text.n == 0 || text.n >= sizeof literal)
		return 0;
	memcpy(literal, text.p, text.n);
	literal[text.n] = '\0';
	*ret_address = (struct sockaddr_storage){0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
	if (inet_pton(AF_INET, literal, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof *v4;
	}
	if (inet_pton(AF_INET6, literal, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof *v6;
	}
	return 0;
}

struct slice address_format(const struct sockaddr_storage *address, char *text)
{
	text[0] = '\0';
	if (address->ss_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, ADDRESS_TEXT_MAX);
	if (address->ss_family == AF_INET6) {
		const struct in6_addr *a = &((const struct sockaddr_in6 *)address)->sin6_addr;
		if (IN6_IS_ADDR_V4MAPPED(a))
			inet_ntop(AF_INET, a->s6_addr + 12, text, ADDRESS_TEXT_MAX);
		else
			inet_ntop(AF_INET6, a, text, ADDRESS_TEXT_MAX);
	}
	return slice_str(text);
}

uint16_t address_port(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)address)->sin_port);
	if (address->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
	return 0;
}
