/*
 * An account seen through fewer rights: a delegate's session, or one that policy made read-only. Everything is passed on but what the session
 * may not do, which answers ERR_DENIED ([NOPERM], RFC 5530 3). \Deleted is never set then (RFC 4314 4): it would be deletion by the next expunge.
 */
#ifndef MAILBOX_RESTRICTED_H
#define MAILBOX_RESTRICTED_H

#include "mailbox/mailbox.h"

/* refuses: ACCOUNT_REFUSES_…. `inner` must outlive it. */
struct account *restricted_account_create(struct account *inner, unsigned refuses);
void restricted_account_destroy(struct account **account);

#endif
