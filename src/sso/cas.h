/*
 * CAS (protocol 3.0, 2.4 to 2.6): a browser comes back from the organisation's sign-in with a ticket, and the server is asked whose it is. What it says of the
 * person is a user name and, perhaps, attributes. Pure; the road there is that of every other provider (sso/provider.h).
 */
#ifndef SSO_CAS_H
#define SSO_CAS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define CAS_TICKET_MAX 256
#define CAS_ANSWER_MAX 65536
#define CAS_USER_MAX 200

struct cas_person { /* in the arena */
	struct slice user, email, name, department;
};

/* Where the browser is sent: server "https://cas.example.org/cas", redirect: ours, state: 43 characters that come back with it. */
void cas_login_url(struct slice server, struct slice redirect, struct slice state, struct buf *out);
/* Whom the ticket is of: the same service as before. */
void cas_validate_url(struct slice server, struct slice redirect, struct slice state, struct slice ticket, struct buf *out);
/* Letters, digits, '-', '_', '.', beginning with "ST-" (3.1.1). */
bool cas_ticket_valid(struct slice ticket);
/*
 * The server's answer (2.5.2). ERR_DENIED: it refused the ticket; ERR_INVALID: no answer that can be read, or with two users, which is nobody. err: for the
 * log, without anything that the server wrote.
 */
int cas_answer_parse(struct slice body, struct arena *arena, struct cas_person *ret, struct error *err);

#endif
