/*
 * Links as a browser would follow them, not as RFC 3986 writes them: blanks and controls vanish, backslashes are slashes, hosts are percent
 * decoded, folded and mapped (UTS 46), numbers are IPv4 addresses. What a filter reads differently from a browser is where phishing lives.
 */
#ifndef POLICY_URL_H
#define POLICY_URL_H

#include "base/arena.h"
#include "base/slice.h"

#define URL_LENGTH_MAX 2048 /* bytes of a link that are looked at */
#define URL_HOST_MAX 253

enum url_kind { URL_TEXT, URL_ANCHOR, URL_FORM, URL_IMAGE };

struct policy_url {
	enum url_kind kind;
	struct slice scheme;       /* lower case */
	struct slice host;         /* lower case, A-labels; an IP address in its usual form; empty: none */
	struct slice host_unicode; /* the same with U-labels */
	struct slice rest;         /* path, query and fragment as written */
	struct slice text;         /* of an anchor: what is shown, UTF-8 */
	bool userinfo, is_ip, odd_ip /* an address not in its usual form */, punycode;
};

/* False: no link (relative, no scheme). Everything else in `ret` but kind and text; strings in `arena`. */
bool policy_url_parse(struct slice text, struct arena *arena, struct policy_url *ret);
/* The first link in plain text, where it stands: with a scheme, or beginning with "www."; empty: none. */
struct slice policy_url_find(struct slice text);
/* The next link in plain text: with a scheme, or beginning with "www.". *rest moves behind it. */
bool policy_url_next(struct slice *rest, struct arena *arena, struct policy_url *ret);
/*
 * What looks like a host name or a link at the front of shown text ("www.bank.example/login", "BANK.example"); empty: nothing does.
 * A-labels.
 */
struct slice policy_url_shown_host(struct slice text, struct arena *arena);

#endif
