#ifndef IMAP_LOGIN_INTERNAL_H
#define IMAP_LOGIN_INTERNAL_H

#include "imap/login.h"
#include "imap/parser.h"

enum login_state {
	LOGIN_COMMANDS,   /* takes commands */
	LOGIN_TLS,        /* waits for the handshake */
	LOGIN_CHECKING,   /* waits for the owner's answer */
	LOGIN_RESPONSE,   /* waits for a line of the SASL exchange */
	LOGIN_FINAL,      /* signed in, waits for the empty response to the last challenge */
	LOGIN_DONE,
	LOGIN_CLOSING,
};

struct imap_login {
	uint32_t magic;
	struct imap_login_settings settings;
	struct imap_login_callbacks callbacks;
	void *owner;
	enum login_state state;
	struct imap_framer framer;
	struct arena arena;      /* of the current command */
	struct buf *out;         /* during imap_login_input */
	uint8_t tag[IMAP_TAG_MAX];
	size_t tag_length;
	unsigned failures, bad;
	bool plain_login;        /* LOGIN, not AUTHENTICATE: no challenge can be sent */
	bool exchange;           /* the owner has an exchange */
};

#define LOGIN_MAGIC 0x494c4f47

void login_tagged(struct imap_login *l, struct buf *out, const char *text);
void login_capabilities(const struct imap_login *l, struct buf *out);
void login_bad(struct imap_login *l, const char *text);
/* The commands of login_sasl.c; arguments behind the command name. */
void login_command_login(struct imap_login *l, struct imap_parser *p);
void login_command_authenticate(struct imap_login *l, struct imap_parser *p);
/* A line of the exchange, without CRLF. */
void login_response_line(struct imap_login *l, struct slice line);

#endif
