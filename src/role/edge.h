/*
 * The edge: roles mx (port 25), client (submission, IMAP, POP3), web (HTTPS) and manage (admin API). It holds connections and TLS, drives the protocol engines up to the
 * point where mail is touched, and carries a letter through filter and queue. It has no disk, no keys and no mail of anybody.
 *
 *   edge.c        the role: listeners, limits, life of a client      edge_sasl.c   one sign-in, for all protocols
 *   edge_smtp*.c  SMTP engine <-> auth                               edge_letter.c message -> filter -> queue
 *   edge_login.c  IMAP and POP3 before login                         edge_pass.c   bytes to and from `mail` after it
 *   edge_proxy.c  PROXY header of trusted addresses                manage.c, web.c  HTTP of the classes management and web
 *   edge_limits.c slots, turns, reserve     edge_harvest.c who guesses recipients
 *   edge_trust.c  authorities whose certificates clients show
 *   edge_dns.c    turns of questions       edge_traffic.c what comes, and what is usual
 */
#ifndef ROLE_EDGE_H
#define ROLE_EDGE_H

#include "auth/auth.h"
#include "base/list.h"
#include "base/map.h"
#include "net/conn.h"
#include "net/familiar.h"
#include "net/limiter.h"
#include "net/traffic.h"
#include "role/role.h"

#define EDGE_CLIENT_MAGIC 0x65646765u
#define EDGE_INPUT_MAX 65536

struct edge_client;

/* What a protocol does with its connection. All are called with a live client. */
struct edge_protocol {
	void (*start)(struct edge_client *c);     /* connection is ready (and secure where TLS is implicit) */
	void (*readable)(struct edge_client *c);
	void (*drained)(struct edge_client *c);   /* may be NULL */
	void (*secured)(struct edge_client *c);   /* after STARTTLS */
	/* Outcome of a sign-in step; data: challenge, or what goes out with success. */
	void (*sasl_result)(struct edge_client *c, enum auth_status status, struct slice data);
	void (*timeout)(struct edge_client *c);   /* the deadline of edge_client_deadline passed */
	void (*stop)(struct edge_client *c);      /* the process ends: close when nothing is in hand */
	void (*free)(struct edge_client *c);      /* the connection is gone and nothing is awaited; only after start */
	void (*revoke)(struct edge_client *c);    /* what the sign-in stood on is gone; NULL: another role ends the session */
	void (*ended)(struct edge_client *c);     /* the connection is gone, though something may be awaited; only after start; may be NULL */
};
extern const struct edge_protocol edge_smtp, edge_imap, edge_pop3, edge_sieve, edge_manage, edge_web, edge_web_plain;

struct edge_service {
	const char *name;                    /* of role_listen.service */
	const struct edge_protocol *protocol;
	enum auth_protocol auth_protocol;
	bool implicit_tls;
	bool submission;                     /* SMTP: sign-in needed, relaying allowed */
};

struct edge_sasl {
	bool running;
	uint64_t session;
	struct slice mechanism;              /* one of the table in edge_sasl.c */
	enum { EDGE_SASL_PLAIN_FIRST, EDGE_SASL_LOGIN_USER, EDGE_SASL_LOGIN_PASS, EDGE_SASL_FORWARD } step;
	struct buf user;                     /* of LOGIN */
	struct slice binding_type;           /* -PLUS: what the client chose */
	struct buf binding;
};

/* Who signed in. */
struct edge_identity {
	bool known;
	ipc_id account, ticket, delegate;    /* delegate: zero for the owner */
	uint32_t credential, proof;          /* what the session stands on (ipc/fields.h) */
	uint16_t shard;
	struct buf login, sender, actor;
};

struct edge_client {
	uint32_t magic;
	struct list_node node;
	struct edge *edge;
	const struct edge_service *service;
	const struct edge_protocol *protocol; /* of the service; edge_passing after login */
	struct conn *conn;
	char cid[24];
	char address[46];
	struct timer *deadline;
	unsigned held;                       /* answers awaited and calls in progress: the client is not freed below */
	bool ended;                          /* the connection is gone */
	unsigned holds;                      /* slots of limits that it has: bit of enum limit */
	bool admitted;
	bool stranger;                       /* neither signed in nor from a known address; in edge->strangers */
	struct list_node stranger_node, turn_node; /* in edge->strangers; in edge->turns while the handshake waits */
	bool handshaking;
	bool proven, refused;                /* signed in, or mail was taken; turned away by a limit */
	enum limit refused_by;               /* told once it is under TLS; LIMIT_COUNT: it is welcome */
	int64_t opened_ms;
	struct edge_sasl sasl;
	unsigned sasl_turn;                  /* counts exchanges */
	struct edge_identity identity;
	void *state;                         /* of the protocol */
};

struct edge {
	struct role_context *ctx;
	struct tls_context *tls;             /* NULL: no certificate */
	struct list_node clients;
	struct limiter *limits;              /* edge_limits.c, as what follows */
	struct familiar *familiar;
	struct list_node strangers, turns;   /* struct edge_client: oldest first */
	struct timer *turns_timer;
	struct traffic *traffic;             /* edge_traffic.c */
	struct timer *traffic_timer;
	struct list_node askers;             /* letters with questions that wait (edge_dns.c) */
	bool taking_turns;
	unsigned admitted, stranger_count, refused_logged; /* admitted: connections that have a slot */
	uint64_t displaced;                  /* strangers that made room for others */
	int64_t refused_since_ms;
	struct listener *listeners[16];
	unsigned listener_count;
	unsigned connections, connections_max;
	uint64_t transit;                    /* bytes of messages held */
	uint64_t accepted, refused, messages;
	uint32_t cid_counter;
	int64_t room_until_ms;               /* the disk was found to have room */
	int64_t key_rest_until_ms;           /* key did not answer: it is not asked before */
	struct manage_shared *manage;        /* of the class management (role/manage.h) */
	struct buf certificates;             /* by name, as auth gave them (ipc/fields.h, AUTH_CERTIFICATES) */
	uint64_t certificates_generation;
	struct timer *certificates_timer;
	struct web_shared *web;              /* of the class web (role/web.h) */
	bool stopping;
	struct buf own_ca;                   /* PEM of our own authorities; of clients */
	struct timer *trust_timer;
};

/* A client stays in memory while held. */
void edge_client_hold(struct edge_client *c);
void edge_client_drop(struct edge_client *c);
/* Moves or (0) stops the deadline. */
void edge_client_deadline(struct edge_client *c, int64_t ms);
/* A connection that was accepted (and whose PROXY header was read). address may be empty: that of the socket. */
void edge_accept(struct edge *edge, const struct edge_service *service, int fd, struct slice address);
/* A trusted peer says for which address it speaks: that one counts from now on. False: it is none, or has too many connections already. */
bool edge_client_readdress(struct edge_client *c, struct slice address);
void edge_status(struct role_context *ctx, struct buf *out);        /* what all classes count */
/* Once, before the jail closes. */
void edge_manage_prepare(struct edge *edge);
void edge_manage_status(struct role_context *ctx, struct buf *out);
/* edge_tls.c: makes the context of new connections; then asks auth for certificates by name, on and on. */
void edge_tls_load(struct edge *edge);
void edge_tls_run(struct edge *edge);
void edge_tls_tickets(struct role_context *ctx);
void edge_web_prepare(struct edge *edge);
void edge_web_status(struct role_context *ctx, struct buf *out);
/* Services by number; NULL past the last. */
const char *edge_service_name(unsigned index);
unsigned edge_service_index(const struct edge_service *service);
void edge_traffic_create(struct edge *edge);
void edge_traffic_end(struct edge_client *c); /* the connection has ended */
void edge_traffic_status(struct edge *edge, struct buf *out);
struct slice edge_cid(const struct edge_client *c);
struct slice edge_address(const struct edge_client *c);

/* Reads the PROXY header off a fresh descriptor, then edge_accept; closes it when there is none. */
void edge_proxy_accept(struct edge *edge, const struct edge_service *service, int fd);
bool edge_proxy_trusted(const struct edge *edge, int fd);

/* A recipient of the client is unknown (limits.unknown_recipients). */
void edge_harvest_count(struct edge_client *c);
/* Has it guessed too often? */
bool edge_harvest_over(struct edge_client *c);

#define EDGE_OWN_CA_MAX 262144
/* Our own authorities (edge_trust.c): before and after the channels are there. */
void edge_trust_prepare(struct edge *edge);
void edge_trust_start(struct edge *edge);
/* They have changed: connections from now on, and those that rest on one that is gone. */
void edge_trust_changed(struct edge *edge);
/* Are clients asked for certificates? */
bool edge_asks_certificates(const struct edge *edge);
/* Did the client show a certificate that auth.client_ca or an authority of our own vouches for? */
bool edge_has_certificate(const struct edge_client *client);
/* One sign-in. sasl_result is called for every step, never from inside these. */
void edge_sasl_begin(struct edge_client *c, struct slice mechanism, struct slice initial, bool has_initial);
void edge_sasl_continue(struct edge_client *c, struct slice response);
void edge_sasl_cancel(struct edge_client *c);
void edge_sasl_free(struct edge_client *c);

/* Hands the connection to `mail` after login: from now on only bytes. tag: what the session answers first. */
void edge_pass_begin(struct edge_client *c, struct slice tag);
/* The protocol of a connection that was handed over. */
extern const struct edge_protocol edge_passing;

#endif
