/*
 * POP3 after login (RFC 1939 5 and 6, RFC 2449, RFC 6856) over one struct account. Pure: bytes in, bytes out. Its view of the INBOX is
 * taken once, when the session begins; messages that other sessions expunge answer -ERR afterwards.
 *
 * The owner calls pop3_session_run when bytes arrived, when `out` was drained, and after callbacks.wake.
 */
#ifndef POP3_SESSION_H
#define POP3_SESSION_H

#include "base/buf.h"
#include "mailbox/mailbox.h"

#define POP3_OUTPUT_HIGH 262144   /* the session stops producing above this */
#define POP3_IDLE_MS 600000       /* RFC 1939 3: at least 10 minutes */
#define POP3_BAD_MAX 20
#define POP3_MESSAGES_MAX 1000000 /* of the view; further ones are left for the next session */

struct pop3_session;

struct pop3_session_callbacks {
	/* Call pop3_session_run soon. Never called from inside it. */
	void (*wake)(void *owner);
};

struct pop3_session *pop3_session_create(struct account *account, const struct pop3_session_callbacks *callbacks, void *owner);
void pop3_session_destroy(struct pop3_session **session);

/* First call: the +OK of the login, which comes when the mailbox is up to date. utf8: asked for before login. */
void pop3_session_hello(struct pop3_session *session, bool utf8);
void pop3_session_run(struct pop3_session *session, struct buf *in, struct buf *out);
/* True: there is more to produce as soon as output has room. */
bool pop3_session_hungry(const struct pop3_session *session);
/* True: all is said; close when output is sent. */
bool pop3_session_closing(const struct pop3_session *session);
/* The server stops or time is up. Nothing is deleted (RFC 1939 6). */
void pop3_session_bye(struct pop3_session *session, const char *text, struct buf *out);

#endif
