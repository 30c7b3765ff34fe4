/*
 * The relay: sends the messages of one job after the other to other hosts. It opens a record with a data key that `key` gives it for this
 * one record, asks `resolver` for names, and touches no disk.
 *
 *   relay.c          the role: jobs in, results out           relay_route.c  from a domain to addresses; asks `auth` for relay domains
 *   relay_delivery.c one job: hops in turn, results           relay_link.c   connections and those kept for the next message
 *   relay_report.c   results of TLS, for reports
 *   relay_sts.c      what MTA-STS asks of a destination       relay_probe.c  asks servers behind relay domains for addresses
 */
#ifndef ROLE_RELAY_H
#define ROLE_RELAY_H

#include "base/list.h"
#include "base/map.h"
#include "net/conn.h"
#include "queue/job.h"
#include "role/role.h"
#include "smtp/client.h"
#include "store/seal.h"
#include "sys/file.h"
#include "trust/mta_sts.h"

#define RELAY_HOPS_MAX 16          /* addresses tried for one job */
#define RELAY_HOSTS_MAX 8          /* MX hosts looked at */
#define RELAY_CONNECT_MS 30000     /* one address; RFC 5321 4.5.3.2 leaves it to TCP */
#define RELAY_IDLE_MS 5000         /* a connection waits this long for another message */
#define RELAY_MESSAGES_MAX 100     /* of one connection */
#define RELAY_JOB_MS 780000        /* a job is answered by then; below the deadline of RELAY_DELIVER */
#define RELAY_RECIPIENTS_MAX 1000  /* of one transaction */
#define RELAY_PIECE 32768          /* bytes of the message opened at a time */
#define RELAY_HEADER_MAX (4u << 20)
#define RELAY_STS_FAILED_MAX 4096  /* domains whose policy did not come; with more all are forgotten */
#define RELAY_PROBES_MAX 256       /* addresses that wait to be asked about at one server */
#define RELAY_TLS_RESULTS_MAX 32   /* of one job */
#define RELAY_PEERS_MAX 4096       /* destinations remembered (TLS ticket, failed TLS) */

struct relay {
	struct role_context *ctx;
	struct tls_context *opportunistic, *verified, *dane;
	struct map peers;              /* "address port" -> struct relay_peer */
	struct map sts_failed;         /* domain -> when its policy did not come, int64_t in seconds */
	struct map probes;             /* "host port" -> struct relay_probe_line */
	struct list_node deliveries, links;
	unsigned running;              /* deliveries without results */
	uint64_t delivered, deferred, bounced;
	bool stopping;
};

/* Frees the state of a role that has stopped, for tests: processes just end. */
void relay_free(struct relay **relay);

/* What a connection has to reach before a letter goes over it; a higher one contains the lower. */
enum relay_tls {
	RELAY_TLS_OPPORTUNISTIC, /* RFC 3207: TLS where it works, else plain */
	RELAY_TLS_ENCRYPTED,     /* TLS with any certificate: TLSA records that nobody can use (RFC 7672 2.2) */
	RELAY_TLS_VERIFIED,      /* a certificate of a trusted authority for the name of the host (RFC 8461 4.1, 8689 4.2.1) */
	RELAY_TLS_DANE,          /* a certificate that the TLSA records of the host vouch for (RFC 7672) */
};
const char *relay_tls_name(enum relay_tls tls); /* "opportunistic", "encrypted", … */

/* How the server is told who the client was (auth/directory.h enum relay_client_info; the values travel). */
enum relay_client { RELAY_TELL_NOBODY = 0, RELAY_TELL_PROXY = 1, RELAY_TELL_XCLIENT = 2 };

/* An address to try. */
struct relay_hop {
	struct slice host;             /* name for SNI and logs, without port; a literal for a literal */
	struct slice address;          /* 192.0.2.1 or 2001:db8::1 */
	uint16_t port;
	bool smart_host;               /* sign in, verify */
	bool named_securely;           /* the host was found by DNSSEC, a configured route or MTA-STS: its name can be relied on */
	enum relay_tls tls;
	bool sts;                      /* a policy of MTA-STS asks for it */
	enum relay_client client;      /* what the server behind a relay domain is told */
	struct slice tlsa;             /* DANE: records (crypt/tls.h) */
	struct slice domain;           /* DANE: of the mail; a certificate under a trust anchor may bear it */
};

/* What came out of routing: hops, or why there are none. */
struct relay_route {
	struct relay_hop hops[RELAY_HOPS_MAX];
	size_t count;
	struct slice mx_domain;        /* whose MX they are, as DNS knows it; empty: a configured route or a literal */
	const char *tls_problem;       /* TLSRPT_… (trust/tlsrpt.h) that looking it up showed, for reports; NULL: none */
	struct smtp_reply failure;     /* when count is 0; constant texts; a code below 500: try again later */
};
typedef void relay_route_fn(void *arg);
/* The server behind a relay domain: what auth says of it. */
struct relay_behind {
	struct slice host;
	uint16_t port;
	bool tls_verified;
	enum relay_client client;
};
/* As relay_route_find, to this server. */
void relay_route_behind(struct relay *relay, struct slice domain, const struct relay_behind *behind, struct arena *arena, struct relay_route *route,
                        relay_route_fn *fn, void *arg);
/* Fills *route (texts in the arena); fn once, perhaps from inside. The search cannot be cancelled: `arg` must live until fn. */
void relay_route_find(struct relay *relay, struct slice destination, struct arena *arena, struct relay_route *route, relay_route_fn *fn,
                      void *arg);
/* Makes every hop do for a letter that asks for REQUIRETLS (RFC 8689 4.2.1): hops that cannot are taken out. */
void relay_route_require_tls(struct relay_route *route);
/* From rdata of an MX record: preference and name as text. 0 or ERR_INVALID. */
int relay_mx_parse(struct slice rdata, struct arena *arena, uint16_t *ret_preference, struct slice *ret_name);

/* ---- relay_sts.c ---- */
/* What is known of a policy: what queue remembered, brought up to date. */
struct relay_sts {
	struct sts_state state;        /* texts in the arena */
	bool learnt;                   /* it is to be remembered anew */
	const char *problem;           /* TLSRPT_…: why the policy did not come, for reports; NULL: it did, or was not asked for */
	bool postponed;                /* it has to be fetched, and cannot be now for a reason of our own */
};
typedef void relay_sts_fn(void *arg);
/* Does MTA-STS concern the route? Not when it is configured, nor when DANE guards all of it (RFC 8461 2). */
bool relay_sts_concerns(const struct relay_route *route);
/* Fills *ret for the domain; fn once, perhaps from inside. It cannot be cancelled: `arg` must live until fn. */
void relay_sts_find(struct relay *relay, struct slice domain, struct slice remembered, struct arena *arena, struct relay_sts *ret, relay_sts_fn *fn,
                    void *arg);
/*
 * Makes every hop do for what the policy asks now: hosts that it does not name are taken out, the others have to be verified, and those with DANE
 * stay as they are. Only an enforced policy changes anything.
 */
void relay_sts_apply(struct relay_route *route, const struct sts_state *state, int64_t now_s);
void relay_sts_free(struct relay *relay);

struct relay_delivery;
struct relay_link;

/* One destination address. Counts its connections, keeps idle ones, lets deliveries wait. */
struct relay_peer {
	struct relay_hop hop;
	char *key;
	unsigned open;                 /* links, idle ones included */
	unsigned held;                 /* loops that work on it: it is not freed */
	struct list_node idle;         /* links */
	struct list_node waiting;      /* deliveries */
	struct tls_ticket *ticket;
	int64_t plain_until_ms;        /* a handshake failed: connections are plain until then */
};

/* ---- relay_link.c ---- */
/* Gives the delivery a link to the hop as soon as there is one; then the link calls delivery_* below. */
void relay_link_request(struct relay *relay, const struct relay_hop *hop, struct relay_delivery *d);
/* The delivery wants no more of it (while it waits, connects or sends): an open connection is dropped. */
void relay_link_abandon(struct relay_delivery *d);
/* Says QUIT on every idle connection. */
void relay_links_close_idle(struct relay *relay);
/* Closes everything at once; no delivery may be left. */
void relay_links_free(struct relay *relay);
/* Capabilities and TLS of the link, for results. */
bool relay_link_has_dsn(const struct relay_link *link);
uint32_t relay_link_recipients_max(const struct relay_link *link);
/* hop: of the delivery, for what asked for the level. "none", "dane TLSv1.3", "sts TLSv1.3", … */
void relay_link_tls_text(const struct relay_link *link, const struct relay_hop *hop, struct buf *out);

/* ---- relay_delivery.c ---- */
struct relay_probe;
struct relay_delivery {
	struct list_node node;         /* of relay->deliveries */
	struct relay_probe *probe;     /* no letter is sent: only asked about its one recipient; NULL: a job of queue */
	struct list_node waiting;      /* of a peer */
	struct relay *relay;
	struct ipc_call *call;
	struct arena arena;
	struct slice destination;
	struct job job;
	struct file_map record;
	struct seal_source source;
	struct sealed *sealed;
	uint64_t position;             /* of the body that goes out */
	struct relay_route route;
	struct slice sts_remembered;
	struct relay_sts sts;
	struct buf tls;                /* results of TLS (queue/report_session.h), each with its length */
	unsigned tls_results;
	size_t hop;                    /* which is tried */
	struct delivery_result *results; /* one per recipient; state 0: none yet */
	struct smtp_client_message message;
	struct smtp_client_recipient *batch; /* of the current transaction */
	size_t *batch_index;           /* recipient of the job */
	size_t batch_settled;
	struct smtp_reply last;        /* why the last hop failed */
	struct slice last_host;
	struct timer *deadline;
	struct timer *retry;           /* of KEY_OPEN */
	struct relay_link *link;
	unsigned outstanding;          /* answers of other roles that will come */
	bool finished;
};
void relay_delivery_begin(struct relay *relay, struct ipc_call *call, const struct ipc_relay_deliver *request);
/* For relay_probe.c: a delivery without job, to be given one recipient, a route and relay_delivery_start. */
struct relay_delivery *relay_delivery_new(struct relay *relay);
void relay_delivery_recipients(struct relay_delivery *d, size_t count);
void relay_delivery_start(struct relay_delivery *d);
void relay_delivery_release(struct relay_delivery *d); /* frees it when it is finished and nothing is awaited */
void relay_delivery_give_up(struct relay_delivery *d, const struct smtp_reply *why);
/* From the link. */
const struct smtp_client_message *relay_delivery_message(struct relay_delivery *d); /* next transaction, NULL: all done */
void relay_delivery_recipient(struct relay_delivery *d, size_t index, const struct smtp_reply *reply);
int relay_delivery_body(struct relay_delivery *d, struct buf *out);
void relay_delivery_done(struct relay_delivery *d);
void relay_delivery_failed(struct relay_delivery *d, enum smtp_client_stage stage, const struct smtp_reply *reply);

/* ---- relay_report.c: nothing happens where reports do not concern the delivery ---- */
/* A session that was opened now, with the TLS that was asked for or without. */
void relay_report_opened(struct relay_delivery *d, const struct relay_hop *hop, const struct conn *conn);
/* One that ended in its TLS. offered: the host offered STARTTLS. */
void relay_report_failed(struct relay_delivery *d, const struct relay_hop *hop, const struct conn *conn, bool offered);
/* No session: what is published cannot be used (TLSRPT_STS_…, TLSRPT_DNSSEC_INVALID). */
void relay_report_policy(struct relay_delivery *d, const char *failure);

/* ---- relay_probe.c ---- */
void relay_probe_register(struct relay *relay);
/* The delivery of the probe has its result. */
void relay_probe_done(struct relay_probe *probe, const struct delivery_result *result);
void relay_probes_free(struct relay *relay);

#endif
