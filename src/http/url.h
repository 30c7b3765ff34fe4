/* URLs of http and https (RFC 3986, RFC 9110 4.2), their paths, and the fields of forms and queries. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "base/buf.h"

#define HTTP_URL_MAX 8000

/* All borrow from the text. */
struct http_url {
	bool secure;            /* https */
	struct slice authority; /* host and port as written */
	struct slice host;      /* without brackets */
	uint16_t port;          /* 80 or 443 when there is none */
	struct slice path;      /* with the query; empty when there is none */
};
/* Absolute, without user information and fragment; printable ASCII only. 0 or ERR_INVALID. */
int http_url_parse(struct slice text, struct http_url *ret);
/* "host" or "host:port" of Host: name, IPv4 or [IPv6]. RFC 9110 7.2. */
bool http_host_valid(struct slice host);

/* Undoes percent-encoding of a path. ERR_INVALID: bad encoding or UTF-8, control characters, an encoded "/", or segments "." and ".." . */
int http_path_decode(struct slice path, struct buf *out);

/*
 * Takes the next "name=value" off a query or a form (application/x-www-form-urlencoded), decoded into the buffers, which are cleared
 * first. 1: there was one; 0: the end; ERR_INVALID: bad encoding, or larger than the buffers allow.
 */
int http_query_next(struct slice *query, struct buf *name, struct buf *value);
/* Percent-encodes all but the unreserved characters of RFC 3986 2.3. */
void http_percent_encode(struct slice text, struct buf *out);

#endif
