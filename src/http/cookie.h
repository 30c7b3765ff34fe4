/* Cookies (RFC 6265): those of a request, and Set-Cookie for sessions. */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "http/message.h"

/* The value of the first cookie of that name in all Cookie fields; empty when there is none. */
struct slice http_cookie_get(const struct http_field *fields, size_t count, struct slice name);
/*
 * Appends the value of a Set-Cookie field: always Secure, HttpOnly and SameSite=Strict, with Path=/ (so a name may begin with "__Host-").
 * max_age in seconds: 0 removes it, negative: until the browser closes. ERR_INVALID for a name or value that no cookie may have.
 */
int http_cookie_set(struct buf *out, struct slice name, struct slice value, int64_t max_age);

#endif
