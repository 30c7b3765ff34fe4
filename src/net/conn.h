/*
 * A stream connection: TCP or socket pair, plain or TLS, seen as two buffers and a few events.
 *
 * Reading stops by itself while the input buffer is full (its `max`), writing is pulled: when output falls below the low mark the
 * owner is told (`drained`) and may append more. So back-pressure is structural and memory per connection is bounded.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "base/buf.h"
#include "crypt/tls.h"
#include "net/loop.h"

struct conn;

enum conn_end {
	CONN_EOF,      /* the peer closed in order */
	CONN_ERROR,    /* reset, TLS error */
	CONN_TIMEOUT,  /* nothing happened for the idle time */
	CONN_LOCAL,    /* conn_finish completed: all output was sent */
};

struct conn_events {
	/* New bytes are in conn_input. Consume what is complete; return without consuming to wait for more. */
	void (*readable)(void *owner);
	/* Output fell below CONN_LOW_MARK. May be NULL. */
	void (*drained)(void *owner);
	/* The TLS handshake that was started has ended well. May be NULL. */
	void (*secured)(void *owner);
	/* The connection has ended. The owner calls conn_destroy, now or later. Called once. */
	void (*ended)(void *owner, enum conn_end why);
};

#define CONN_LOW_MARK 65536
#define CONN_HIGH_MARK 262144

/* Takes `fd` over (non-blocking is set here). input_max: limit of the input buffer, i.e. of one frame. */
struct conn *conn_create(struct loop *loop, int fd, size_t input_max, const struct conn_events *events, void *owner);
void conn_destroy(struct conn **conn); /* closes at once; no event follows */

struct buf *conn_input(struct conn *conn);
struct buf *conn_output(struct conn *conn); /* append, then conn_flush; max is CONN_HIGH_MARK * 2 */
void conn_flush(struct conn *conn);
/* True while the owner should stop producing. */
bool conn_congested(const struct conn *conn);
/* Stops / resumes reading (input already buffered stays). Resume calls readable soon if bytes wait. An owner that consumes input outside
 * of `readable` calls conn_flush or conn_resume afterwards, so that reading goes on. */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);
/* Sends what is queued, then closes (TLS close_notify, FIN) and reports CONN_LOCAL. Input is ignored from now on. */
void conn_finish(struct conn *conn);
/* Reports CONN_TIMEOUT when neither side moved for this long; 0: never. */
void conn_idle_limit(struct conn *conn, int64_t ms);

/* Server side handshake on the running connection. Plain bytes already in the input buffer are discarded first: nothing is accepted
 * between STARTTLS and the handshake (CVE-2011-0411). */
void conn_secure_server(struct conn *conn, struct tls_context *context);
/* Client side; server_name for SNI. */
void conn_secure_client(struct conn *conn, struct tls_context *context, struct slice server_name);
/* With tls_context_client_dane: the certificate is checked with these TLSA records and for the name `other` as well (crypt/tls.h). Records that cannot be
 * used end the connection with CONN_ERROR. Copied. */
void conn_secure_client_dane(struct conn *conn, struct tls_context *context, struct slice server_name, struct slice records, struct slice other);
/* Before conn_secure_client: resume with *ticket, which the connection takes over (set to NULL; NULL is allowed). */
void conn_offer_ticket(struct conn *conn, struct tls_ticket **ticket);
/* The newest ticket of a client connection for the next one to this peer; the caller's. NULL: none. */
struct tls_ticket *conn_take_ticket(struct conn *conn);
bool conn_is_secure(const struct conn *conn);
const struct tls_session *conn_tls(const struct conn *conn); /* NULL when plain */
/* Takes the descriptor away from a plain connection whose buffers are empty: -1 when not possible. No event follows; destroy it. */
int conn_release_fd(struct conn *conn);

/* Address of the peer as text, "192.0.2.1" or "2001:db8::1"; empty for a socket pair. */
struct slice conn_peer_address(const struct conn *conn);
/* Bytes that came and went so far, under TLS those inside of it. */
void conn_bytes(const struct conn *conn, uint64_t *ret_in, uint64_t *ret_out);
uint16_t conn_local_port(const struct conn *conn);
/* Our own address of the connection, in `room` of ADDRESS_TEXT_MAX bytes (net/address.h); empty for a socket pair and one that is gone. */
struct slice conn_local_address(const struct conn *conn, char *room);
/* Sets the peer's address (PROXY protocol). */
void conn_set_peer_address(struct conn *conn, struct slice address);

/* Accepts on a listening descriptor; pauses by itself while descriptors are short. The callback owns fd (non-blocking, close-on-exec). */
struct listener;
typedef void listener_fn(void *arg, int fd);
struct listener *listener_create(struct loop *loop, int fd, listener_fn *fn, void *arg);
void listener_pause(struct listener *listener, bool paused);
void listener_destroy(struct listener **listener);

/* Non-blocking connect to an address literal, or to a Unix socket by its path (beginning with '/'); fn gets a connected descriptor (its owner now), or -1 and errno. The connector is gone when
 * fn runs; cancel only before. listener_destroy closes its descriptor. */
typedef void connect_fn(void *arg, int fd, int error);
struct connector;
struct connector *connector_start(struct loop *loop, struct slice address, uint16_t port, int64_t timeout_ms, connect_fn *fn, void *arg);
void connector_cancel(struct connector **connector);

#endif
