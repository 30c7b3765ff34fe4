/*
 * ManageSieve (RFC 5804), from the greeting to LOGOUT. It runs in the process that holds the connection; scripts are its owner's business. Pure: bytes in,
 * bytes out; the owner checks credentials and keeps scripts.
 */
#ifndef MANAGESIEVE_SERVER_H
#define MANAGESIEVE_SERVER_H

#include "base/buf.h"

#define MANAGESIEVE_FAILURES_MAX 5
#define MANAGESIEVE_BAD_MAX 20

struct managesieve;

struct managesieve_settings {
	struct slice server_name, extensions; /* must live as long as the engine; extensions: names separated by spaces */
	unsigned redirects;       /* at most, of one script */
	bool starttls;            /* STARTTLS is possible now */
	bool secure;              /* TLS is on; without it nobody signs in */
	bool channel_binding;     /* SCRAM-SHA-256-PLUS can be offered */
	bool tokens;              /* OAUTHBEARER and XOAUTH2 */
	bool certificate;         /* the client showed one that is trusted: EXTERNAL */
};

enum managesieve_op {
	MANAGESIEVE_CHECK, MANAGESIEVE_HAVESPACE, MANAGESIEVE_PUT, MANAGESIEVE_LIST, MANAGESIEVE_SETACTIVE, MANAGESIEVE_GET, MANAGESIEVE_DELETE,
	MANAGESIEVE_RENAME,
};
struct managesieve_request {
	enum managesieve_op op;
	struct slice name, text;  /* RENAME: text is the new name */
	uint64_t size;
};

struct managesieve_callbacks {
	/* The OK is in `out`: send it, do the handshake, then managesieve_secured. */
	void (*start_tls)(void *owner);
	/* As pop3_login_callbacks. Answer with exactly one of challenge, failed, succeeded. */
	void (*auth_begin)(void *owner, struct slice mechanism, struct slice initial, bool has_initial);
	void (*auth_continue)(void *owner, struct slice response);
	void (*auth_cancel)(void *owner);
	/* Signed in: does it, then calls managesieve_answer. The slices are valid during the call. */
	void (*request)(void *owner, const struct managesieve_request *request);
	/* The identity is given up (UNAUTHENTICATE). */
	void (*sign_out)(void *owner);
};

enum managesieve_failure { MANAGESIEVE_BAD_CREDENTIALS, MANAGESIEVE_UNAVAILABLE, MANAGESIEVE_DENIED, MANAGESIEVE_THROTTLED, MANAGESIEVE_INVALID };

enum managesieve_result {
	MANAGESIEVE_OK, MANAGESIEVE_REFUSED, MANAGESIEVE_NONEXISTENT, MANAGESIEVE_ALREADYEXISTS, MANAGESIEVE_ACTIVE, MANAGESIEVE_MAXSCRIPTS, MANAGESIEVE_MAXSIZE,
	MANAGESIEVE_TRYLATER,
};

struct managesieve *managesieve_create(const struct managesieve_settings *settings, const struct managesieve_callbacks *callbacks, void *owner);
void managesieve_destroy(struct managesieve **m);

void managesieve_greet(struct managesieve *m, struct buf *out);
/* Takes bytes off `in`, answers into `out`, until it needs input, waits for the owner, or has ended. */
void managesieve_input(struct managesieve *m, struct buf *in, struct buf *out);
/* The handshake is done: says the capabilities again (RFC 5804 2.2). */
void managesieve_secured(struct managesieve *m, bool channel_binding, bool certificate, struct buf *out);

/* Answers to auth_begin and auth_continue. Afterwards call managesieve_input again: input may wait. */
void managesieve_challenge(struct managesieve *m, struct slice challenge, struct buf *out);
void managesieve_failed(struct managesieve *m, enum managesieve_failure why, struct buf *out);
/* data: SCRAM server-final or empty. login: whose scripts these are. */
void managesieve_succeeded(struct managesieve *m, struct slice data, struct slice login, struct buf *out);

/* The answer to `request`. text: why not, for a person. GET: result is the script; LIST: u8 active, u32 length and bytes of each name. */
void managesieve_answer(struct managesieve *m, enum managesieve_result result, struct slice text, struct slice content, struct buf *out);

bool managesieve_signed_in(const struct managesieve *m);
/* True: all is said, close after the output is sent. */
bool managesieve_closing(const struct managesieve *m);
/* Time is up, the session is over, or the server stops. */
void managesieve_bye(struct managesieve *m, const char *text, struct buf *out);

#endif
