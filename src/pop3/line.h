/* Lines, capabilities and replies that POP3 needs before and after login alike. */
#ifndef POP3_LINE_H
#define POP3_LINE_H

#include "base/buf.h"

/* RFC 2449 4 allows 255 octets; SASL initial responses (RFC 5034 4) need more. */
#define POP3_LINE_MAX 12288

enum pop3_line { POP3_LINE_NONE, POP3_LINE_READY, POP3_LINE_TOO_LONG };

struct pop3_command {
	struct slice verb;     /* as written */
	struct slice argument; /* everything after the first space, without CRLF */
	size_t length;         /* bytes to consume, CRLF included */
};

/* Finds a complete line; bare LF ends one too, as clients of old do so. */
enum pop3_line pop3_line_parse(struct slice in, struct pop3_command *ret);

/* "+OK text", "-ERR [code] text"; code may be NULL. */
void pop3_ok(struct buf *out, const char *text);
void pop3_err(struct buf *out, const char *code, const char *text);

/* RFC 2449 5, the multi-line answer of CAPA. starttls and sasl: before login; plus: SCRAM-SHA-256-PLUS too; tokens: OAUTHBEARER and XOAUTH2; certificate:
 * EXTERNAL. */
struct pop3_capabilities {
	bool starttls, sasl, plus, tokens, certificate;
};
void pop3_capa(struct buf *out, const struct pop3_capabilities *capabilities);

#endif
