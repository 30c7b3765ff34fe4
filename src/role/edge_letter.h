/* One message on its way through the edge: collected, sealed by filter, made durable by queue. */
#ifndef ROLE_EDGE_LETTER_H
#define ROLE_EDGE_LETTER_H

#include "role/edge.h"
#include "smtp/reply.h"
#include "store/envelope.h"

/* MACed facts of all recipients of one message; above it RCPT answers 452 4.5.3. FILTER_SEAL must hold them. */
#define LETTER_FACTS_MAX 240000

struct edge_letter;
/* `reply` is valid during the call. size: bytes of the message. Called once, never from inside edge_letter_send. */
typedef void edge_letter_fn(void *arg, const struct smtp_reply *reply);

struct edge_letter *edge_letter_create(struct edge *edge);
/* Also while it is being sent: then the outcome is not reported. */
void edge_letter_free(struct edge_letter **letter);
/* The facts of one accepted RCPT. ERR_LIMIT: no room for them. */
int edge_letter_add_facts(struct edge_letter *letter, struct slice facts, unsigned count);
/* Takes bytes of the message. ERR_TEMPORARY (memory budget of the process), ERR_IO. */
int edge_letter_add(struct edge_letter *letter, struct slice bytes);
/* The account that sends it, and the delegate who does so for its owner (empty: nobody): recorded when it is accepted. Copied. */
void edge_letter_signed_in(struct edge_letter *letter, struct slice owner, struct slice actor);
/* Its writer follows it (queue/submission.h, submission_request_encode); `mail` alone says so. Copied. */
void edge_letter_followed(struct edge_letter *letter, struct slice submission);
uint64_t edge_letter_size(const struct edge_letter *letter);
/* envelope: recipients and recipient_count are filled in here; copied. Then filter and queue. */
void edge_letter_send(struct edge_letter *letter, const struct envelope *envelope, edge_letter_fn *fn, void *arg);

#endif
