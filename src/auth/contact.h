/* The address that codes are sent to: where mail to it ends. */
#ifndef AUTH_CONTACT_H
#define AUTH_CONTACT_H

#include "auth/resolve.h"

/*
 * A code in the mailbox that it opens is no second factor, nor one that several people get: `to` must lead to exactly one place, outside or
 * to another account, whatever aliases, groups, subaddresses and catch-alls are between. 0 with *ret (texts in the arena); ERR_DENIED: it leads
 * to this account; ERR_INVALID: nowhere or to several; ERR_TEMPORARY: that cannot be told now.
 */
int contact_resolve(struct directory *d, const uint8_t account[16], struct slice to, struct arena *arena, struct resolve_target *ret);

#endif
