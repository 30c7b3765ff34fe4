/* Which addresses single sign-on talks to and sends people to. Plain checks of text; nothing is looked up. */
#ifndef SSO_URL_H
#define SSO_URL_H

#include "base/slice.h"

#define URL_MAX 2000

struct url {
	struct slice scheme, host, port, path; /* path: with query; host without brackets */
	bool bracket;                          /* the host is an IPv6 address */
};

/* scheme "://" host [":" port] [path]: printable ASCII, no user part, no fragment, no backslash. False: anything else. */
bool url_parse(struct slice text, struct url *ret);
/* An https address that url_parse takes: issuers and endpoints of identity providers. */
bool url_is_https(struct slice text);
/* "http" on 127.0.0.1 or ::1: where a program on the user's own computer listens (RFC 8252 7.3). "localhost" is not one (8.3). */
bool url_is_loopback(const struct url *url);
/* May a client be registered with this redirect URI: https, loopback, or a private-use scheme with a dot in it (RFC 8252 7.1). */
bool url_redirect_usable(struct slice text);
/* Is `given` the registered redirect URI? Exact text (RFC 9700 4.1.3); for loopback the port may differ (RFC 8252 7.3). */
bool url_redirect_matches(struct slice registered, struct slice given);

#endif
