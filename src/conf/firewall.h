/* The firewall that follows from the table of listeners, and whether what listens is what the table says. Pure. */
#ifndef CONF_FIREWALL_H
#define CONF_FIREWALL_H

#include "conf/config.h"

/*
 * A file for nft(8): whatever stands in `listen` comes in, the management listener from management.allow only, ICMP and SSH as the administrator needs
 * them; everything else is dropped. Listeners of this machine alone (loopback) need no row.
 */
void firewall_print(const struct config *config, struct buf *out);

enum firewall_finding {
	FIREWALL_SILENT,  /* a listener of the table where nothing listens */
	FIREWALL_FOREIGN, /* something else listens, open to other machines */
};
/* where: "imaps 192.0.2.1:993", or "0.0.0.0:8080". */
typedef void firewall_fn(void *arg, enum firewall_finding finding, struct slice where);
/* tcp4, tcp6: the text of /proc/net/tcp and tcp6. */
void firewall_compare(const struct config *config, struct slice tcp4, struct slice tcp6, firewall_fn *fn, void *arg);

#endif
