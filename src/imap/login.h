/*
 * IMAP before login (RFC 9051 3.1, 6.1, 6.2): greeting, capabilities, STARTTLS, LOGIN, AUTHENTICATE. It runs in the process that
 * holds the network connection; after success the plain bytes go to a session (session.h) in another process. Pure: bytes in, bytes
 * out; the owner checks credentials.
 */
#ifndef IMAP_LOGIN_H
#define IMAP_LOGIN_H

#include "base/buf.h"
#include "base/clock.h"

#define IMAP_LOGIN_FAILURES_MAX 5     /* then BYE */
#define IMAP_LOGIN_BAD_MAX 20         /* commands that make no sense, then BYE */
#define IMAP_LOGIN_SASL_MAX 12288     /* one base64 line of a SASL exchange */

struct imap_login;

struct imap_login_settings {
	struct slice server_name; /* of the greeting; must live as long as the engine */
	bool starttls;            /* STARTTLS is possible: a certificate is there and the connection is plain */
	bool secure;              /* TLS is on, or plain text logins are allowed (loopback demo) */
	bool channel_binding;     /* SCRAM-SHA-256-PLUS can be offered */
	bool tokens;              /* OAUTHBEARER and XOAUTH2 */
	bool certificate;         /* the client showed one that is trusted: EXTERNAL */
};

struct imap_login_callbacks {
	/* The OK is in `out`: send it, then do the handshake, then imap_login_secured. */
	void (*start_tls)(void *owner);
	/* Begins an exchange. `initial`: decoded initial response; has_initial false: the mechanism begins with an (empty) challenge, which
	 * the owner gives by imap_login_challenge. LOGIN user password arrives as PLAIN with an initial response. `in_the_clear` never
	 * happens: without TLS the engine refuses by itself. May answer from inside. */
	void (*auth_begin)(void *owner, struct slice mechanism, struct slice initial, bool has_initial);
	/* The client's next decoded response. */
	void (*auth_continue)(void *owner, struct slice response);
	/* The client gave up ("*") or left: forget the exchange. No answer is wanted. */
	void (*auth_cancel)(void *owner);
	/* Client identification (RFC 2971), quoted and bounded, for the log: a parenthesised list. May be NULL. */
	void (*client_id)(void *owner, struct slice list);
};

/* Why a login did not succeed, RFC 5530. */
enum imap_login_failure {
	IMAP_LOGIN_BAD_CREDENTIALS, /* [AUTHENTICATIONFAILED] */
	IMAP_LOGIN_UNAVAILABLE,     /* [UNAVAILABLE] temporary */
	IMAP_LOGIN_DENIED,          /* [AUTHORIZATIONFAILED] not allowed to use IMAP, or suspended */
	IMAP_LOGIN_EXPIRED,         /* [EXPIRED] */
	IMAP_LOGIN_THROTTLED,       /* [LIMIT] */
	IMAP_LOGIN_INVALID,         /* BAD: the exchange was malformed */
};

struct imap_login *imap_login_create(const struct imap_login_settings *settings, const struct imap_login_callbacks *callbacks, void *owner);
void imap_login_destroy(struct imap_login **login); /* an exchange that runs is cancelled */

/* The greeting (RFC 9051 7.1). */
void imap_login_greet(struct imap_login *login, struct buf *out);
/* Takes complete commands off `in`, answers into `out`. Returns when it needs more input, waits for the owner, or has ended. */
void imap_login_input(struct imap_login *login, struct buf *in, struct buf *out, struct moment now);
/* TLS is on now (after start_tls). settings.secure becomes true. */
void imap_login_secured(struct imap_login *login, bool channel_binding);
/* Before imap_login_secured: the handshake brought a trusted certificate. */
void imap_login_certificate(struct imap_login *login);

/* Answers to auth_begin / auth_continue, exactly one each. After them call imap_login_input again: input may wait. */
void imap_login_challenge(struct imap_login *login, struct slice challenge, struct buf *out);
void imap_login_failed(struct imap_login *login, enum imap_login_failure why, struct buf *out);
/* Success with more to say to the client (SCRAM server-final): RFC 9051 has no place for it in the OK, so it goes as a challenge and the
 * client answers with an empty response; the engine does this by itself. `data` may be empty. Afterwards imap_login_done is true, at
 * once or after the client's empty response. */
void imap_login_succeeded(struct imap_login *login, struct slice data, struct buf *out);
/* True: signed in. *ret_tag (lives as long as the engine) is the tag that the session answers; bytes left in `in` belong to it. */
bool imap_login_done(const struct imap_login *login, struct slice *ret_tag);
/* True: all is said, close after the output is sent. */
bool imap_login_closing(const struct imap_login *login);
/* Time is up or the server stops: says BYE; then closing is true. */
void imap_login_bye(struct imap_login *login, const char *text, struct buf *out);

#endif
