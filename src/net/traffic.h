/*
 * Who talks to a listener how much: connections, bytes, refusals and TLS of each peer network, with what it did before as the measure. Pure, bounded:
 * TRAFFIC_SLOTS networks; where there is no room, the quietest one gives way.
 */
#ifndef NET_TRAFFIC_H
#define NET_TRAFFIC_H

#include "base/buf.h"
#include "base/slice.h"

#define TRAFFIC_SLOTS 8192  /* a power of two */
#define TRAFFIC_WAYS 8
#define TRAFFIC_LISTENERS 16
#define TRAFFIC_MINUTE_MS 60000
#define TRAFFIC_LEARN 10    /* minutes of traffic, before a jump or a new peer is one */
#define TRAFFIC_JUMP 10     /* times the usual */
#define TRAFFIC_JUMP_LEAST 100 /* connections of a minute that are no jump */

enum traffic_finding {
	TRAFFIC_NEW,       /* a network that was never seen at this listener, where strangers are no rule */
	TRAFFIC_JUMPED,    /* far more connections in a minute than usual; of a network, or (empty network) of the listener */
	TRAFFIC_DOWNGRADE, /* a network that always had TLS, or a newer version of it, has not now */
	TRAFFIC_FINDINGS
};
/* network: "192.0.2.0/24" or "2001:db8::/48". */
typedef void traffic_fn(void *arg, enum traffic_finding finding, unsigned listener, struct slice network, uint64_t count);

struct traffic_totals { uint64_t connections, bytes_in, bytes_out, refused, plain; int64_t ms; };

struct traffic;
struct traffic *traffic_create(traffic_fn *fn, void *arg);
void traffic_destroy(struct traffic **traffic);
/* few: the listener has a small circle of peers, of which each new one is told. */
void traffic_listener(struct traffic *t, unsigned listener, bool few);
/* At the end of a connection. tls: 0 none, else the version as a number that grows (0x0304). now_ms: monotonic. */
struct traffic_one { struct slice address; unsigned listener; uint64_t bytes_in, bytes_out; unsigned tls; bool refused, knows_tls; int64_t ms; };
void traffic_add(struct traffic *t, const struct traffic_one *one, int64_t now_ms);
/* Once a minute: what is usual follows what was. */
void traffic_minute(struct traffic *t, int64_t now_ms);
const struct traffic_totals *traffic_of(const struct traffic *t, unsigned listener);

#endif
