/*
 * What filter has to know of an account whose owner has an active Sieve script, as auth tells it (AUTH_SCRIPTS): under the MAC of the boot secret,
 * as facts are, because the edge carries it. One that travels needs no reader key: that is in the recipient fact.
 */
#ifndef STORE_PROFILE_H
#define STORE_PROFILE_H

#include "base/arena.h"
#include "base/buf.h"

#define PROFILE_BYTES_MAX 250000       /* of one; auth activates no script that would pass it */

struct profile_script { struct slice name, text; };
struct profile_mailbox { struct slice name, special_use; };
struct delivery_profile {
	uint8_t account[16];
	struct slice address;              /* of the account */
	struct slice language;             /* of its owner, or empty */
	struct slice signer;               /* what answers are signed with: a sender fact of the domain (auth/signer.h), or empty */
	const struct slice *addresses;     /* all of its own; "@domain" stands for every address of it */
	size_t address_count;
	const struct profile_mailbox *mailboxes;
	size_t mailbox_count;
	const struct profile_script *scripts; /* the active one first, then those that may be included */
	size_t script_count;
};

void profile_write(struct buf *out, const struct delivery_profile *p, const uint8_t secret[32]);
/* Takes the next off the list. 0, ERR_DENIED (MAC), ERR_INVALID. Slices point into the list. */
int profile_read(struct slice *list, const uint8_t secret[32], struct arena *arena, struct delivery_profile *ret);

/* recipient_fact.profile: there is an active script, and how long its profile is about. */
void profile_mark(struct buf *out, uint32_t bytes);
/* 0: there is none. */
uint32_t profile_marked(struct slice mark);

#endif
