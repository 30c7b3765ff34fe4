/* Cookies of the web, and what a request must show so that they count: that no other site made it. docs/web-signin.md. */
#ifndef ROLE_WEB_COOKIE_H
#define ROLE_WEB_COOKIE_H

#include "role/web.h"

#define WEB_COOKIE_MAX 200 /* bytes of a Set-Cookie */
#define WEB_DEVICE_S (365 * 86400)

enum web_cookie { WEB_COOKIE_SESSION, WEB_COOKIE_DEVICE };

/* The value; empty: none. */
struct slice web_cookie_get(const struct web_exchange *x, enum web_cookie cookie);
/* A Set-Cookie field in the exchange's arena; an empty value removes the cookie. */
struct http_field web_cookie_field(struct web_exchange *x, enum web_cookie cookie, struct slice value);

/* "https://mail.example.org:8443": where the page that may ask lives. In the arena. */
struct slice web_origin(struct web_exchange *x);
/*
 * Did a page of ours make the request? changes: it has to show so by X-Letterlock and by Sec-Fetch-Site or Origin; otherwise no other
 * site may have made it. When not, it is answered.
 */
bool web_same_origin(struct web_exchange *x, bool changes);

#endif
