/*
 * The client side of SMTP and LMTP as an engine without I/O: RFC 5321 and the extensions of server.h.
 *
 * The owner calls smtp_client_pump() when input has arrived, when output has drained, after the handshake, and when the engine says `wake`.
 * One message at a time; the same connection takes the next one after `message_done`.
 *
 * Downgrades. SMTPUTF8 needed and not offered: every recipient fails with 5.6.7 (RFC 6531 3.5). BINARYMIME without BINARYMIME and
 * CHUNKING at the peer: 5.6.3 (RFC 3030 3). 8-bit text without 8BITMIME at the peer is sent as it is: re-encoding breaks signatures, bouncing loses
 * mail, and no server in use strips the eighth bit. A message above the peer's SIZE: 5.3.4, before a byte was sent.
 */
#ifndef SMTP_CLIENT_H
#define SMTP_CLIENT_H

#include "base/buf.h"
#include "smtp/reply.h"

struct smtp_client;

enum smtp_client_tls { SMTP_TLS_NEVER, SMTP_TLS_OPPORTUNISTIC, SMTP_TLS_REQUIRED };

/* For whom we speak, to servers that announce XCLIENT; nothing of it is known: empty. */
struct smtp_client_known {
	struct slice address;       /* 192.0.2.1 or 2001:db8::1 */
	struct slice name, helo, login;
	bool esmtp;
};

/* Copied by the engine, texts included. */
struct smtp_client_settings {
	struct slice helo;          /* our host name */
	bool lmtp;
	enum smtp_client_tls tls;
	bool secure;                /* the connection began with TLS */
	struct slice user, password; /* AUTH PLAIN, or LOGIN where only that is offered, when user is not empty; only under TLS unless auth_in_clear */
	bool auth_in_clear;
	struct smtp_client_known known; /* told once, before the first message: the connection is this client's from then on */
};

struct smtp_client_recipient {
	struct slice address;       /* without <> */
	struct slice notify;        /* as NOTIFY takes it, or empty */
	struct slice orcpt;         /* "rfc822;xtext" or empty */
};
/* Borrowed until message_done or failed. */
struct smtp_client_message {
	struct slice reverse_path;  /* without <>; empty: null */
	uint64_t size;              /* 0: unknown */
	bool smtputf8;              /* address or header needs it */
	bool body_8bit, body_binary;
	bool requiretls;            /* RFC 8689: only to a peer that offers it, and under TLS; else every recipient fails with 5.7.30 */
	bool probe;                 /* only asked whether the recipients are taken: what RCPT is answered is their result, nothing is sent. MAIL refused: failed() */
	struct slice ret, envid;    /* DSN, or empty */
	const struct smtp_client_recipient *recipients;
	size_t recipient_count;
};

enum smtp_client_stage {
	SMTP_STAGE_GREETING, SMTP_STAGE_HELLO, SMTP_STAGE_TLS, SMTP_STAGE_AUTH, SMTP_STAGE_READY, SMTP_STAGE_ENVELOPE, SMTP_STAGE_BODY,
	SMTP_STAGE_FINAL, /* the end of the data is out: the peer may have taken the message */
	SMTP_STAGE_QUIT, SMTP_STAGE_ENDED,
};

enum { SMTP_BODY_MORE = 1, SMTP_BODY_DONE = 0 };

/* Slices are valid during the callback. A callback must not destroy the engine. */
struct smtp_client_events {
	/* The peer answered 220: do the handshake, then smtp_client_secured(). */
	void (*starttls)(void *owner);
	/* Signed in and idle: smtp_client_send or smtp_client_quit. Called once. */
	void (*opened)(void *owner);
	/* What became of a recipient; once for each, in any order. A code below 400 is success. */
	void (*recipient)(void *owner, size_t index, const struct smtp_reply *reply);
	/* Every recipient has its result; idle again. */
	void (*message_done)(void *owner);
	/* Appends the next piece of the message (some ten kilobytes): SMTP_BODY_MORE, SMTP_BODY_DONE (this was the last), or negative: the
	 * connection is given up, so that nobody takes a part for the whole. */
	int (*body)(void *owner, struct buf *out);
	/* The conversation is over too early: recipients without result have none from this peer. reply.code 0: no reply, the text is ours. */
	void (*failed)(void *owner, enum smtp_client_stage stage, const struct smtp_reply *reply);
	/* QUIT was answered or is not worth waiting for: close. */
	void (*closed)(void *owner);
	/* A call came from outside of the pump: call smtp_client_pump() soon. */
	void (*wake)(void *owner);
};

/* What the peer offers. */
struct smtp_client_peer {
	bool esmtp, pipelining, eightbitmime, smtputf8, starttls, chunking, binarymime, dsn, enhanced, requiretls, auth_plain, auth_login, has_size;
	unsigned xclient;        /* attributes of XCLIENT that it takes: bits of client_impl.h; 0: no XCLIENT */
	uint64_t size_max;       /* with has_size; 0: no limit stated */
	uint32_t recipients_max; /* LIMITS RCPTMAX, 0: none stated */
	uint32_t mail_max;       /* LIMITS MAILMAX, 0: none stated */
};

struct smtp_client *smtp_client_create(const struct smtp_client_settings *settings, const struct smtp_client_events *events, void *owner);
void smtp_client_destroy(struct smtp_client **client);

/* The input buffer of the owner must be able to hold this much. */
#define SMTP_CLIENT_INPUT_MIN 8192
void smtp_client_pump(struct smtp_client *client, struct buf *in, struct buf *out);
void smtp_client_secured(struct smtp_client *client);
void smtp_client_send(struct smtp_client *client, const struct smtp_client_message *message);
void smtp_client_quit(struct smtp_client *client);

enum smtp_client_stage smtp_client_stage(const struct smtp_client *client);
const struct smtp_client_peer *smtp_client_peer(const struct smtp_client *client);

#endif
