/* Properties of a mailbox (RFC 8621 2). */
#ifndef JMAP_MAILBOX_SHOW_H
#define JMAP_MAILBOX_SHOW_H

#include "jmap/mail.h"

enum jmap_box_property {
	JMAP_BOX_ID, JMAP_BOX_NAME, JMAP_BOX_PARENT, JMAP_BOX_ROLE, JMAP_BOX_SORT, JMAP_BOX_EMAILS, JMAP_BOX_UNREAD_EMAILS, JMAP_BOX_THREADS,
	JMAP_BOX_UNREAD_THREADS, JMAP_BOX_RIGHTS, JMAP_BOX_SUBSCRIBED,
};

/* MailboxRights in a view that refuses what ACCOUNT_REFUSES_… says. m NULL: a new one. */
void jmap_rights_print(struct emit *e, const struct mailbox_info *m, unsigned refuses);

#endif
