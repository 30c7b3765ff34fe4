/*
 * IMAP after login (RFC 9051, RFC 3501 and the extensions of docs/rfc-imap.md) over one struct account. Pure: bytes in, bytes out,
 * changes by account->ops->listen. One session per connection; several sessions of one account share the struct account.
 *
 *   owner                                    session
 *   bytes arrived in `in`      ->  imap_session_run(in, out): takes commands, appends answers until `out` holds IMAP_OUTPUT_HIGH
 *   `out` was drained          ->  imap_session_run again: a long answer goes on where it stopped
 *   callbacks.wake             <-  news for an idle client, an append that ended: call imap_session_run soon (not from inside)
 */
#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include "base/buf.h"
#include "base/clock.h"
#include "mailbox/mailbox.h"

#define IMAP_OUTPUT_HIGH 262144       /* the session stops producing above this */
#define IMAP_OUTPUT_MAX (IMAP_OUTPUT_HIGH + 1048576) /* wanted max of `out`: one untagged response may pass the high mark */
#define IMAP_IDLE_MS 1860000          /* 31 minutes without a command (RFC 9051 5.4: at least 30) */
#define IMAP_IDLE_KEEPALIVE_MS 120000 /* "* OK Still here" while in IDLE */
#define IMAP_BAD_MAX 50               /* malformed commands in a row, then BYE */

struct imap_session;

struct imap_session_settings {
	uint64_t append_limit;    /* APPENDLIMIT, RFC 7889: largest message; 0: 50 MiB */
	struct slice server_name; /* ID answer; must outlive the session */
	struct slice user;        /* as above */
};

struct imap_session_callbacks {
	/* The sink of a message literal: a sealed memfd made by the owner. begin and data answer 0 or a negative error_code (the rest of the
	 * literal is swallowed, the command is refused). end gives the descriptor or a negative error_code; the session owns it until close. */
	int (*literal_begin)(void *owner, uint64_t size);
	int (*literal_data)(void *owner, struct slice data);
	int (*literal_end)(void *owner);
	void (*literal_abort)(void *owner);          /* begun but will not end */
	void (*literal_close)(void *owner, int fd);
	/* Call imap_session_run soon. Never called from inside imap_session_run. */
	void (*wake)(void *owner);
	/* For the log, may be NULL: client identification; a mailbox was selected. */
	void (*client_id)(void *owner, struct slice list);
};

struct imap_session *imap_session_create(struct account *account, const struct imap_session_settings *settings,
                                         const struct imap_session_callbacks *callbacks, void *owner);
/* At any time; appends that run go on, their result is dropped. *session becomes NULL. */
void imap_session_destroy(struct imap_session **session);

/* The tagged OK of the login command, with [CAPABILITY ...]. First call. An empty tag: "* PREAUTH". */
void imap_session_hello(struct imap_session *session, struct slice tag, struct buf *out);
/* Takes input and makes output until input is missing, output is above IMAP_OUTPUT_HIGH, or something asynchronous runs. */
void imap_session_run(struct imap_session *session, struct buf *in, struct buf *out, struct moment now);
/* True: there is more to produce as soon as output has room (otherwise only input, wake or time bring more). */
bool imap_session_hungry(const struct imap_session *session);
/* True: all is said (LOGOUT, BYE); close when output is sent. */
bool imap_session_closing(const struct imap_session *session);
/* Time without input after which the owner calls imap_session_timeout; it differs in IDLE and while a command runs (0: never). */
int64_t imap_session_idle_limit(const struct imap_session *session);
/* Says what is due: a keep-alive in IDLE, else BYE. Returns true while the session goes on. */
bool imap_session_timeout(struct imap_session *session, struct buf *out, struct moment now);
/* The server stops, the account is suspended, …: "* BYE text"; closing is true afterwards. */
void imap_session_bye(struct imap_session *session, const char *text, struct buf *out);

#endif
