/* The inside of the client engine, shared by client*.c only. */
#ifndef SMTP_CLIENT_IMPL_H
#define SMTP_CLIENT_IMPL_H

#include "base/ensure.h"
#include "smtp/body.h"
#include "smtp/client.h"
#include "smtp/client_reply.h"

#define CLIENT_MAGIC 0x534d5443u
#define CLIENT_OUTPUT_HIGH 131072   /* no more is produced while this much waits */
#define CLIENT_PIECE_MAX (128u << 10) /* one piece of the body */

/* Whose reply comes next. */
enum client_expect {
	EXPECT_GREETING, EXPECT_EHLO, EXPECT_HELO, EXPECT_STARTTLS, EXPECT_TLS, EXPECT_XCLIENT, EXPECT_AUTH, EXPECT_NOTHING, EXPECT_ENVELOPE,
	EXPECT_CHUNK, EXPECT_FINAL, EXPECT_RSET, EXPECT_QUIT, EXPECT_ENDED,
};

struct smtp_client {
	unsigned magic;
	struct smtp_client_settings set;
	struct buf texts;              /* copies of the settings' texts */
	const struct smtp_client_events *events;
	void *owner;
	struct smtp_client_peer peer;
	enum client_expect expect;
	bool pumping, secure, opened, introduced; /* introduced: XCLIENT was sent */
	bool own_name;                 /* the peer does not like the name of whom we speak for */
	unsigned login_step;           /* challenges of AUTH LOGIN that were answered */
	bool hello_due, quit_due;      /* to be written by the next pump */
	struct reply_reader reader;

	/* The message in hand. Replies come in the order MAIL, RCPT…, DATA. */
	const struct smtp_client_message *message;
	uint8_t *rcpt_state;           /* one RCPT_* per recipient */
	bool mail_sent, mail_answered, data_sent, mail_ok;
	size_t rcpt_sent, rcpt_answered, rcpt_ok, finals; /* finals: replies seen after the data (LMTP) */
	const struct smtp_reply *local; /* why it cannot be sent to this peer at all */
	bool body_open;
	struct smtp_stuff stuff;
	struct buf piece;              /* plain bytes of the body between owner and output */
};
enum { RCPT_OPEN, RCPT_ACCEPTED, RCPT_SETTLED };

void client_fail(struct smtp_client *c, const struct smtp_reply *reply);
void client_line(struct buf *out, const char *verb, struct slice rest);
/* Attributes of XCLIENT, as bits of smtp_client_peer.xclient. */
enum { XCLIENT_ADDR, XCLIENT_NAME, XCLIENT_HELO, XCLIENT_PROTO, XCLIENT_LOGIN };
void client_take_xclient(struct smtp_client_peer *peer, struct slice args);
bool client_xclient_send(struct smtp_client *c, struct buf *out); /* false: nothing that the peer takes is known */
void client_ehlo_parse(struct smtp_client *c, struct slice text);

/* The transaction. */
void client_fail_text(struct smtp_client *c, const char *enhanced, const char *text);
void client_message_start(struct smtp_client *c);
bool client_message_write(struct smtp_client *c, struct buf *out); /* true when something was written */
void client_message_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *out);
void client_message_forget(struct smtp_client *c);

#endif
