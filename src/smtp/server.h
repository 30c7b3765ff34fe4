/*
 * The server side of SMTP and LMTP as an engine without I/O: bytes and answers in, bytes and questions out.
 *
 * RFC 5321, 2033 (LMTP), 1870 (SIZE), 2034 (ENHANCEDSTATUSCODES), 2920 (PIPELINING), 3030 (CHUNKING, BINARYMIME), 3207 (STARTTLS),
 * 3461 (DSN), 4954 (AUTH), 6152 (8BITMIME), 6531 (SMTPUTF8), 9422 (LIMITS); XCLIENT (Postfix).
 *
 * The owner calls smtp_server_pump() once after accepting (it sends the greeting), whenever input has arrived, whenever output has
 * drained, and when the engine says `ready`. Questions (`struct smtp_server_events`) may be answered inside the callback or any time
 * later with the matching smtp_server_*_reply(); each must be answered exactly once. Several `rcpt` questions may be open at once,
 * everything else is asked one at a time; replies go out in the order of the commands.
 *
 * Lines end with CRLF and with nothing else. A bare CR or LF in a command is refused; in DATA the message is read to its true end
 * (CRLF . CRLF) and refused, so no other view of where it ends can be smuggled through (CVE-2023-51764 and its family).
 *
 * A callback must not destroy the engine; `ended` says when the owner may do so (later, or from anywhere but a callback).
 */
#ifndef SMTP_SERVER_H
#define SMTP_SERVER_H

#include "base/buf.h"
#include "smtp/path.h"
#include "smtp/reply.h"

struct smtp_server;

enum { /* smtp_server_settings.mechanisms */
	SMTP_AUTH_PLAIN = 1, SMTP_AUTH_LOGIN = 2, SMTP_AUTH_SCRAM_SHA_256 = 4, SMTP_AUTH_SCRAM_SHA_256_PLUS = 8,
	SMTP_AUTH_OAUTHBEARER = 16, SMTP_AUTH_XOAUTH2 = 32, SMTP_AUTH_EXTERNAL = 64,
};

/* Copied by the engine, texts included. Zero of a limit means its default. */
struct smtp_server_settings {
	struct slice hostname;      /* in greeting and EHLO reply */
	bool lmtp;                  /* LHLO, one reply per recipient after the data */
	bool starttls;              /* offered until smtp_server_secured() */
	bool tls_required;          /* MAIL and AUTH only under TLS (530 5.7.0) */
	bool auth_required;         /* MAIL only after AUTH (530 5.7.0) */
	bool trusted;               /* XCLIENT is offered and believed, until it has named an address */
	bool auth_in_clear;         /* AUTH without TLS; for socket pairs and tests only */
	unsigned mechanisms;        /* SMTP_AUTH_*; 0: AUTH does not exist (port 25) */
	uint64_t size_max;          /* largest message; 50 MiB */
	unsigned recipients_max;    /* of one message; then 452 4.5.3; 1000 */
	unsigned mail_max;          /* transactions of one connection; then 421 4.7.0; 0: no limit, LIMITS says nothing of it */
	unsigned errors_max;        /* mistakes of the peer; then 421 4.7.0; 20 */
	unsigned refused_max;       /* recipients refused with 5xx; then 421 4.7.0; 0: no limit */
	unsigned noise_max;         /* NOOP, RSET, VRFY, EHLO, … since the last message; then 421 4.7.0; 1000 */
	int64_t command_ms;         /* smtp_server_patience() between commands; 5 min (RFC 5321 4.5.3.2.7) */
	int64_t data_ms;            /* … while data arrives; 3 min (RFC 5321 4.5.3.2.5) */
};

enum smtp_body { SMTP_BODY_UNSET, SMTP_BODY_7BIT, SMTP_BODY_8BITMIME, SMTP_BODY_BINARYMIME };

/* Slices are valid during the callback. */
struct smtp_mail {
	struct smtp_path path;   /* path.address empty: <> */
	uint64_t size;           /* announced, 0: not */
	enum smtp_body body;
	bool smtputf8;
	bool requiretls;       /* RFC 8689; offered and taken under TLS only */
	struct slice ret;        /* "FULL", "HDRS" or empty; RFC 3461 4.3 */
	struct slice envid;      /* xtext as given, checked; RFC 3461 4.4 */
	struct slice auth;       /* xtext as given, "<>" or empty; RFC 4954 5; to be believed from trusted peers only */
};
struct smtp_rcpt {
	struct smtp_path path;   /* path.domain empty: <Postmaster> */
	struct slice notify;     /* upper case, "NEVER" or a list of SUCCESS,FAILURE,DELAY, or empty; RFC 3461 4.1 */
	struct slice orcpt;      /* "rfc822;xtext" as given, checked; or empty; RFC 3461 4.2 */
};

enum smtp_sasl_result {
	SMTP_SASL_CHALLENGE, /* data goes to the client; sasl_step follows */
	SMTP_SASL_OK,        /* signed in; data (server-final of SCRAM) is delivered and acknowledged by the engine first */
	SMTP_SASL_FAIL,      /* 535 5.7.8 */
	SMTP_SASL_TEMPORARY, /* 454 4.7.0 */
};

enum smtp_server_end {
	SMTP_SERVER_QUIT,     /* 221 is in the output */
	SMTP_SERVER_REFUSED,  /* 421 is in the output: too many errors, a limit, or smtp_server_close */
};

struct smtp_server_events {
	/* 220 is in the output, all input is dropped. Send the output, do the handshake, then smtp_server_secured(). Nothing is read before. */
	void (*starttls)(void *owner);
	/* Answer: smtp_server_sasl_reply. mechanism: upper case; data: decoded initial response (empty for LOGIN without one; the engine
	 * fetches the first response of PLAIN and SCRAM itself, so for them data is always the client's first message). */
	void (*sasl_start)(void *owner, struct slice mechanism, struct slice data);
	void (*sasl_step)(void *owner, struct slice data);
	void (*sasl_cancel)(void *owner); /* the client gave up ("*") or sent nonsense; no answer is expected. May be NULL. */
	/* XCLIENT: the client at this address speaks from now on (a literal without brackets). False: it may not; the conversation ends with
	 * 421. Only called when settings.trusted. */
	bool (*client)(void *owner, struct slice address);
	/* A peer that is not trusted said for whom it speaks, by "XCLIENT" or by the "PROXY" header; it was refused. May be NULL. */
	void (*not_believed)(void *owner, struct slice how);
	/* Answer: smtp_server_mail_reply. Positive begins a transaction. */
	void (*mail)(void *owner, const struct smtp_mail *mail);
	/* Answer: smtp_server_rcpt_reply with the same token. */
	void (*rcpt)(void *owner, uint32_t token, const struct smtp_rcpt *rcpt);
	/* DATA or the first BDAT, after at least one accepted recipient. size_hint: what MAIL or BDAT announced, 0: unknown.
	 * Answer: smtp_server_data_begin_reply. */
	void (*data_begin)(void *owner, uint64_t size_hint);
	/* Bytes of the message as it is: dots unstuffed, lines with CRLF. Pause reading of the connection for back-pressure. */
	void (*data)(void *owner, struct slice bytes);
	/* The message is complete. Answer: smtp_server_data_reply. */
	void (*data_end)(void *owner);
	/* The transaction that `mail` began is over without data_end (RSET, EHLO, bad data, …). Never for one that data_end concluded. */
	void (*reset)(void *owner);
	/* The last reply is in the output: send it and close. Called once. */
	void (*ended)(void *owner, enum smtp_server_end why);
	/* An answer came from outside of smtp_server_pump(): call it soon. Never called from inside it. */
	void (*ready)(void *owner);
};

struct smtp_server *smtp_server_create(const struct smtp_server_settings *settings, const struct smtp_server_events *events, void *owner);
void smtp_server_destroy(struct smtp_server **server); /* no event follows */

/* The input buffer of the owner must be able to hold this much. */
#define SMTP_SERVER_INPUT_MIN 16384
/* Nothing more is consumed while this much output waits. */
#define SMTP_SERVER_OUTPUT_HIGH 65536

/* Consumes what is complete in `in`, appends replies to `out`. Call again with whatever is left over; nothing is consumed while an answer
 * is awaited that the next command depends on. Never re-entered. */
void smtp_server_pump(struct smtp_server *server, struct buf *in, struct buf *out);

/* The handshake is done, or the connection began with TLS (before the first pump). */
void smtp_server_secured(struct smtp_server *server);
/* Other mechanisms from now on: a certificate of the client is known after the handshake only. */
void smtp_server_mechanisms(struct smtp_server *server, unsigned mechanisms);
void smtp_server_sasl_reply(struct smtp_server *server, enum smtp_sasl_result result, struct slice data);
/* `reply` NULL: the usual "250 2.1.0 Sender ok". */
void smtp_server_mail_reply(struct smtp_server *server, const struct smtp_reply *reply);
/* `reply` NULL: the usual "250 2.1.5 Recipient ok". */
void smtp_server_rcpt_reply(struct smtp_server *server, uint32_t token, const struct smtp_reply *reply);
/* NULL: go on. Otherwise the refusal (452, …): DATA is not begun, BDAT is swallowed; the transaction ends with `reset`. */
void smtp_server_data_begin_reply(struct smtp_server *server, const struct smtp_reply *reply);
/* While data arrives: take no more of it; the rest is swallowed and answered with `reply`; `reset` follows, data_end does not. */
void smtp_server_data_refuse(struct smtp_server *server, const struct smtp_reply *reply);
/* count: 1, or with LMTP one per accepted recipient in order (or 1 for all of them). */
void smtp_server_data_reply(struct smtp_server *server, const struct smtp_reply *replies, size_t count);
/* Between two transactions (at once when idle): 421 with this text and `ended`. For shutdown and limits. NULL: "Service shutting down". */
void smtp_server_close(struct smtp_server *server, const struct smtp_reply *reply);
/* As smtp_server_close but at once, whatever is going on: for timeouts (NULL: "421 4.4.2 Timeout"). */
void smtp_server_abort(struct smtp_server *server, const struct smtp_reply *reply);

/* How long the peer may be silent now, in ms; 0: not the peer's turn. */
int64_t smtp_server_patience(const struct smtp_server *server);
struct slice smtp_server_helo(const struct smtp_server *server);
/* The `with` of Received: "ESMTP", "ESMTPSA", "UTF8SMTPS", "LMTP", … (RFC 3848, 6531 4.3), of the current transaction. */
struct slice smtp_server_protocol(const struct smtp_server *server);
bool smtp_server_signed_in(const struct smtp_server *server);
unsigned smtp_server_recipients(const struct smtp_server *server); /* accepted in this transaction */
/* True between MAIL and the end of the transaction. */
bool smtp_server_busy(const struct smtp_server *server);

#endif
