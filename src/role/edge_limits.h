/*
 * Who gets in, and whose turn it is. Strangers share what is left of the slots beside a reserve for signed-in users and addresses that are known; of
 * strangers who wait, the one that has waited longest without signing in gives way to a new one. TLS handshakes of strangers are begun at a rate, in order of
 * arrival. Everything that waits is bounded by limits.delays.
 */
#ifndef ROLE_EDGE_LIMITS_H
#define ROLE_EDGE_LIMITS_H

#include "role/edge.h"
#include "smtp/reply.h"

#define EDGE_LATE_MS 2000          /* a late answer */
#define EDGE_STRANGER_REST_MS 5000 /* a stranger keeps the slot at least so long */
#define EDGE_REFUSED_LOGGED 20     /* refusals of a second that are logged; the others are counted */

void edge_limits_create(struct edge *edge);
void edge_limits_configure(struct edge *edge); /* takes over the values of the configuration */

/* Takes a slot for a client whose address is known. LIMIT_COUNT: it stays; else the limit that it is over. */
enum limit edge_limits_admit(struct edge_client *c);
/* Gives back what the client holds. */
void edge_limits_release(struct edge_client *c);
/* It signed in, or its mail was taken: no stranger any more. */
void edge_limits_trust(struct edge_client *c);
/* Says so where the protocol has words, and ends the connection. */
void edge_limits_refuse(struct edge_client *c, enum limit limit);
/* Begins the TLS handshake, at once or when it is the client's turn. */
void edge_limits_handshake(struct edge_client *c);
/* The reply of a limit's row. */
struct smtp_reply edge_limits_reply(enum limit limit);

/* Takes `amount` of a row that is counted by address or network. */
bool edge_limits_take(struct edge_client *c, enum limit limit, uint64_t amount);
/*
 * A command of the client was refused. LIMIT_COUNT: nothing; a limit: the connection should end. *ret_late: the next answer should come late, for which
 * a slot of limits.delays is taken until edge_limits_in_time.
 */
enum limit edge_limits_refused(struct edge_client *c, bool *ret_late);
void edge_limits_in_time(struct edge_client *c);
void edge_limits_status(struct edge *edge, struct buf *out);

#endif
