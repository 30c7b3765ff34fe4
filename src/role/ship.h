/*
 * The role ship: carries the audit log to other systems. It has network but no disk and no key of the log: it reads behind a cursor that audit
 * keeps, and moves the cursor when the receiver's system has acknowledged every byte (streams) or answered 2xx (webhooks). After any failure the
 * batch goes again: records may arrive twice, they are never left out; "n" tells.
 *
 *   ship.c          the role, the receivers of the configuration      ship_stream.c  syslog, CEF and JSON over TLS
 *   ship_request.c  webhooks, co-signers, time stamps, by way of the role fetch
 */
#ifndef ROLE_SHIP_H
#define ROLE_SHIP_H

#include "base/list.h"
#include "net/conn.h"
#include "role/role.h"

#define SHIP_SINKS_MAX 32
#define SHIP_RECORDS 500             /* of one batch */
#define SHIP_IDLE_MS 1000            /* until the next look when there was nothing */
#define SHIP_BACKOFF_MS 1000
#define SHIP_BACKOFF_MAX_MS 60000
#define SHIP_CONNECT_MS 10000
#define SHIP_DRAIN_MS 30000          /* for the acknowledgement of a batch */
#define SHIP_NOTE_MS MINUTES_MS(10)  /* between questions to a co-signer or time stamp service */

struct sink;
struct sink_kind {
	const char *name;
	void (*deliver)(struct sink *s);  /* the batch is there; ends with sink_delivered or sink_failed */
};

/* One receiver. It reads, delivers and moves its cursor, one batch at a time. */
struct sink {
	struct ship *ship;
	const struct sink_kind *kind;
	int format;                      /* enum audit_format, of streams */
	struct slice name, url;          /* of the configuration, which stays */
	struct slice host;
	uint16_t port;
	bool tls;
	struct buf lines;                /* the batch */
	uint64_t next;
	struct timer *timer;
	void (*on_timer)(struct sink *s);
	int64_t backoff_ms;
	bool lost, busy, ended;          /* ended: a reload took it away; freed when nothing is awaited */
	uint64_t sent, failures;
	/* streams */
	struct connector *connector;
	struct conn *conn;
	int fd;                          /* of conn */
	int64_t drain_until;
	bool ready;                      /* the connection can be written */
};

struct ship {
	struct role_context *ctx;
	struct tls_context *tls;
	struct sink *sinks[SHIP_SINKS_MAX];
	size_t sink_count;
	struct timer *note_timer;
	bool stopping;
};

/* An answer that was awaited (busy) has come. False: a reload took the receiver away meanwhile, and it is freed now. */
bool sink_awaited(struct sink *s);
void sink_delivered(struct sink *s);
void sink_failed(struct sink *s, const char *why);
void sink_after(struct sink *s, int64_t ms, void (*fn)(struct sink *s));

/* ship_stream.c */
extern const struct sink_kind sink_stream;
void sink_stream_close(struct sink *s);
/* ship_request.c */
extern const struct sink_kind sink_webhook;
void ship_ask_outside(struct ship *ship); /* every co-signer and the time stamp service */

#endif
