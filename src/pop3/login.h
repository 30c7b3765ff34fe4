/*
 * POP3 before login (RFC 1939 4, RFC 2449, RFC 2595 4, RFC 5034): greeting, CAPA, STLS, USER, PASS, AUTH, UTF8. It runs in the process
 * that holds the network connection; after success the plain bytes go to a session (session.h) in another process. Pure: bytes in,
 * bytes out; the owner checks credentials.
 */
#ifndef POP3_LOGIN_H
#define POP3_LOGIN_H

#include "base/buf.h"

#define POP3_LOGIN_FAILURES_MAX 5
#define POP3_LOGIN_BAD_MAX 20

struct pop3_login;

struct pop3_login_settings {
	struct slice server_name; /* must live as long as the engine */
	bool starttls;            /* STLS is possible now */
	bool secure;              /* TLS is on; without it no password is taken */
	bool channel_binding;     /* SCRAM-SHA-256-PLUS can be offered */
	bool tokens;              /* OAUTHBEARER and XOAUTH2 */
	bool certificate;         /* the client showed one that is trusted: EXTERNAL */
};

struct pop3_login_callbacks {
	/* The +OK is in `out`: send it, do the handshake, then pop3_login_secured. */
	void (*start_tls)(void *owner);
	/* As imap_login_callbacks: USER/PASS arrives as PLAIN with an initial response. Answer with exactly one of challenge, failed, succeeded. */
	void (*auth_begin)(void *owner, struct slice mechanism, struct slice initial, bool has_initial);
	void (*auth_continue)(void *owner, struct slice response);
	void (*auth_cancel)(void *owner); /* no answer is wanted */
};

enum pop3_login_failure {
	POP3_LOGIN_BAD_CREDENTIALS, /* [AUTH], RFC 3206 */
	POP3_LOGIN_UNAVAILABLE,     /* [SYS/TEMP] */
	POP3_LOGIN_DENIED,          /* [AUTH] not allowed to use POP3 */
	POP3_LOGIN_THROTTLED,       /* [LOGIN-DELAY] */
	POP3_LOGIN_INVALID,         /* the exchange was malformed */
};

struct pop3_login *pop3_login_create(const struct pop3_login_settings *settings, const struct pop3_login_callbacks *callbacks, void *owner);
void pop3_login_destroy(struct pop3_login **login);

void pop3_login_greet(struct pop3_login *login, struct buf *out);
/* Takes complete lines off `in`, answers into `out`, until it needs input, waits for the owner, or has ended. */
void pop3_login_input(struct pop3_login *login, struct buf *in, struct buf *out);
void pop3_login_secured(struct pop3_login *login, bool channel_binding);
/* Before pop3_login_secured: the handshake brought a trusted certificate. */
void pop3_login_certificate(struct pop3_login *login);

/* Answers to auth_begin and auth_continue. Afterwards call pop3_login_input again: input may wait. */
void pop3_login_challenge(struct pop3_login *login, struct slice challenge, struct buf *out);
void pop3_login_failed(struct pop3_login *login, enum pop3_login_failure why, struct buf *out);
/* `data`: SCRAM server-final or empty; it goes out as a challenge that the client answers with an empty line (RFC 5034 4). */
void pop3_login_succeeded(struct pop3_login *login, struct slice data, struct buf *out);

/* True: signed in; the session says the +OK, bytes left in `in` belong to it. *ret_utf8: the client has asked for UTF8. */
bool pop3_login_done(const struct pop3_login *login, bool *ret_utf8);
/* True: all is said, close after the output is sent. */
bool pop3_login_closing(const struct pop3_login *login);
/* Time is up, or the server stops. */
void pop3_login_bye(struct pop3_login *login, const char *text, struct buf *out);

#endif
