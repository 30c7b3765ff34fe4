/* The PROXY protocol header, versions 1 and 2 (haproxy.org, proxy-protocol.txt 2.1 and 2.2), as a load balancer sends it. */
#ifndef SMTP_PROXY_H
#define SMTP_PROXY_H

#include "base/buf.h"

#define PROXY_HEADER_MAX 4096 /* with the TLVs of version 2, which are skipped */

enum proxy_status {
	PROXY_MORE,     /* incomplete: read on */
	PROXY_INVALID,  /* not a header, or damaged: close */
	PROXY_LOCAL,    /* valid, says nothing of a client (LOCAL, UNKNOWN, UNIX): keep the connection's own addresses */
	PROXY_CLIENT,   /* valid: source and port are set */
};
struct proxy_header {
	char source[46];       /* text form, "192.0.2.1" or "2001:db8::1" */
	uint16_t source_port;
	uint16_t local_port;   /* destination port as the client saw it */
	size_t length;         /* bytes of the header: consume them (LOCAL and CLIENT) */
};
/* Appends a header of version 2: the client (port 0: not known) came from `source` to `destination`; LOCAL when source is empty or no address. */
void proxy_header_write(struct slice source, struct slice destination, uint16_t port, struct buf *out);
enum proxy_status proxy_header_parse(struct slice in, struct proxy_header *ret);

#endif
