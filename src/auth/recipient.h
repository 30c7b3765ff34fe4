/* The answer to AUTH_RECIPIENT: MACed facts of everybody whom a recipient leads to. */
#ifndef AUTH_RECIPIENT_H
#define AUTH_RECIPIENT_H

#include "auth/login.h"
#include "auth/resolve.h"

#define RECIPIENT_FACTS_MAX 260000 /* bytes; more cannot travel: the answer is a refusal */

/* A letter that is passed on to somebody outside. */
struct recipient_forward {
	struct slice path; /* the reverse-path there (auth/srs.h); empty: as it is */
	struct slice by;   /* our address that passes it on */
};

/*
 * Appends one fact per target of an accepted result. dsn: auth_dsn_encode. original: ORCPT as given, else the recipient as
 * "rfc822;xtext" when an alias changed it. forward: for targets outside. 0, ERR_INVALID (dsn), ERR_LIMIT.
 */
int recipient_facts(const struct resolve_result *result, struct slice recipient, struct slice dsn,
	const struct recipient_forward *forward, const struct auth_login_settings *settings, struct buf *out);

#endif
