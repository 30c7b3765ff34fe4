/* ICAP (RFC 3507): a part is shown to the server as the answer of a web server (RESPMOD), or as what is uploaded to one (REQMOD), with a preview and 204. One request per
 * connection. */
#ifndef SCAN_ICAP_H
#define SCAN_ICAP_H

#include "scan/talk.h"

#define ICAP_PREVIEW 1024u  /* bytes that the server sees first */

/* host: of the URL, as in Host; service: the path, with its slash. All must stay until the talk is freed. */
struct icap_service {
	struct slice host, service;
	bool upload; /* REQMOD */
};
/*
 * 204, or the content back unchanged: SCAN_CLEAN. Anything else that the server gives instead of it: SCAN_INFECTED, named by X-Infection-Found, X-Virus-ID
 * or X-Violations-Found. Other status codes: the talk fails.
 */
struct talk *icap_scan(const struct icap_service *service, struct slice content);
/* OPTIONS (RFC 3507 4.10): is the service there? */
struct talk *icap_look(const struct icap_service *service);

#endif
