/*
 * The trace of somebody's own letters (A5): what a sender or recipient may know of what happened. Who sent a letter signed in sees where it went, for
 * every recipient what a delivery report would say (RFC 3464), and no more: not when somebody here opened the mailbox, not who is in a list.
 * Who received it sees when it came, from whom, and that it was filed. Nobody sees addresses of machines of others, or other recipients.
 */
#ifndef AUDIT_OWN_H
#define AUDIT_OWN_H

#include "audit/record.h"
#include "base/map.h"

struct audit_own {
	struct slice address;       /* of the account; borrowed */
	struct slice id;            /* queue id; empty: every letter; borrowed */
	struct map sent, received;  /* queue ids */
};
void audit_own_init(struct audit_own *t, struct slice address, struct slice id);
void audit_own_free(struct audit_own *t);
/* Is the record a step of an own letter? Then only the fields stay that the person may see. Records come in their order. */
bool audit_own_takes(struct audit_own *t, struct audit_record *r);

#endif
