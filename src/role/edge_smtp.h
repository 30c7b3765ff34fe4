/*
 * Inside of SMTP at the edge: the engine speaks, auth decides about senders and recipients, a letter goes its way.
 *
 *   edge_smtp.c       connections, refusals, sign-in     edge_smtp_rcpt.c  MAIL and RCPT
 *   edge_smtp_data.c  DATA and BDAT
 */
#ifndef ROLE_EDGE_SMTP_H
#define ROLE_EDGE_SMTP_H

#include "role/edge_letter.h"
#include "smtp/server.h"

struct edge_smtp {
	struct edge_client *client;
	struct smtp_server *engine;
	struct edge_letter *letter;      /* of the running transaction */
	struct buf reverse_path, envid, ret;
	struct buf sender, sealer;       /* facts of auth about this letter (ipc/fields.h) */
	uint64_t announced;              /* bytes of the letter as SIZE= says, 0: it does not */
	enum smtp_body body;
	bool smtputf8, requiretls;
	bool handshake, closing;
	bool sending;                    /* the letter is on its way to filter and queue */
	struct timer *late;              /* runs while the client has to wait for the next answer; NULL: it never had to */
	bool waits;
	int64_t since_ms;                /* of the connection, or of the last letter that was taken */
};

static inline struct edge_smtp *edge_smtp_of(struct edge_client *c)
{
	return c->state;
}

/* Lets the engine work and sends what it says. The caller holds the client. */
void edge_smtp_pump(struct edge_client *c);
/* A recipient was refused for good; before the answer is given to the engine: it goes out late, or is the last. */
void edge_smtp_note_refusal(struct edge_client *c);
/* Strangers who begin more than their address may (limits.commands_per_address): true, and the connection ends. */
bool edge_smtp_too_busy(struct edge_client *c);

/* Events of the engine (smtp/server.h); owner: struct edge_smtp. */
void edge_smtp_mail(void *owner, const struct smtp_mail *mail);
void edge_smtp_rcpt(void *owner, uint32_t token, const struct smtp_rcpt *rcpt);
void edge_smtp_data_begin(void *owner, uint64_t size_hint);
void edge_smtp_data(void *owner, struct slice bytes);
void edge_smtp_data_end(void *owner);

#endif
