/* The answer to AUTH_RECIPIENT: MACed facts of everybody whom a recipient leads to. */
#ifndef AUTH_RECIPIENT_H
#define AUTH_RECIPIENT_H

#include "auth/login.h"
#include "auth/resolve.h"

#define RECIPIENT_FACTS_MAX 260000 /* bytes; more cannot travel: the answer is a refusal */

/*
 * Appends one fact per target of an accepted result. dsn: auth_dsn_encode. original: ORCPT as given, else the recipient as
 * "rfc822;xtext" when an alias changed it. forward_path: the reverse-path for targets outside (auth/srs.h); empty: as it is. 0, ERR_INVALID (dsn), ERR_LIMIT.
 */
int recipient_facts(const struct resolve_result *result, struct slice recipient, struct slice dsn, struct slice forward_path,
	const struct auth_login_settings *settings, struct buf *out);

#endif
