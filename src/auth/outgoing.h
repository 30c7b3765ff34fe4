/* Mail that the server behind a relay domain sends out through us, without a sign-in: from its networks, with senders of its domains. */
#ifndef AUTH_OUTGOING_H
#define AUTH_OUTGOING_H

#include "auth/directory.h"
#include "store/fact.h"

#define OUTGOING_DOMAINS_MAX 200  /* that one client may write for */
#define OUTGOING_FACT_MAX 60000   /* bytes */

/*
 * May the client at `address` send this reverse-path anywhere? Its domain, or with the null reverse-path any, is a relay domain whose networks hold the
 * address. 1: the sender fact is appended: no account, "@domain" of all domains whose networks hold it, their keys. 0: no. Or an error of the
 * directory.
 */
int outgoing_fact(struct directory *d, struct slice address, struct slice reverse_path, const uint8_t secret[FACT_SECRET_SIZE], struct arena *arena,
	struct buf *out);

#endif
