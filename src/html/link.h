/* Links of letters: only absolute ones over HTTP, HTTPS and mailto, written anew so that every browser reads what was judged here. */
#ifndef HTML_LINK_H
#define HTML_LINK_H

#include "base/arena.h"
#include "base/buf.h"

#define LINK_LENGTH_MAX 8192 /* bytes; longer ones are none */

enum link_scheme { LINK_NONE, LINK_HTTP, LINK_HTTPS, LINK_MAILTO };

struct link {
	enum link_scheme scheme;
	struct slice target;  /* written anew: ASCII, without blanks, quotes, angles */
	struct slice host;    /* A-labels, or an IP address; of mailto: empty */
	struct slice shown_host; /* with U-labels, when no letter of it deceives; else as host */
	bool port;            /* one is named */
	bool odd;             /* user information before the host, an address in a strange form, a host of mixed scripts */
};

/* `href`: the value with its references decoded. Strings in `arena`. */
struct link link_read(struct slice href, struct arena *arena);
/*
 * Does the text of an anchor show another host than it leads to? Hosts with the same registered domain are the same. ret_shown: the host
 * that is shown.
 */
bool link_deceives(const struct link *link, struct slice text, struct arena *arena, struct slice *ret_shown);

#endif
