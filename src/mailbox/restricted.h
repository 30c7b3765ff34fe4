/*
 * An account as one session sees it: through its rights, and watched. Everything is passed on but what the session may not do, which answers
 * ERR_DENIED ([NOPERM], RFC 5530 3). Without the right to delete, \Deleted is neither set nor cleared (RFC 4314 4): it would be deletion by
 * the next expunge, or a rescue that nobody asked for. One's own drafts may go all the same (restricted_account_author).
 *
 * What of a message goes to the reader is judged by bytes, not by the names that protocols have for them: the body of a part that a person would
 * save as a file (mime_part_is_attachment) is DOWNLOADED, any other byte behind the top header VIEWED, the rest LISTED. A message whose structure
 * cannot be read counts as a download. docs/access.md has the table.
 */
#ifndef MAILBOX_RESTRICTED_H
#define MAILBOX_RESTRICTED_H

#include "mailbox/mailbox.h"

enum account_given { GIVEN_LISTED, GIVEN_VIEWED, GIVEN_DOWNLOADED };

/* Told what happens, in the middle of the call; must not use the session. Members may be NULL. */
struct account_watch {
	bool closely; /* `what` of given is found out, at the price of a decoded digest; else it is GIVEN_LISTED */
	/* n bytes of the message go to the reader. False: they do not (ERR_DENIED). */
	bool (*given)(void *arg, const struct mailbox_ref *m, uint32_t uid, enum account_given what, uint64_t n);
	/* `count` messages were copied; what is moved or removed is told by the store. */
	void (*copied)(void *arg, const struct mailbox_ref *from, const struct mailbox_ref *to, size_t count);
};

/* refuses: ACCOUNT_REFUSES_…. `inner` must outlive it; watch may be NULL and is borrowed. */
struct account *restricted_account_create(struct account *inner, unsigned refuses, const struct account_watch *watch, void *arg);
void restricted_account_destroy(struct account **account);
/*
 * Who writes here for the owner: without the right to delete, messages in the mailbox \Drafts whose Sender is this address may be expunged and moved, so that
 * a draft is replaced by its next version and goes where it was sent from. Nothing else becomes a mailbox for drafts then. Borrowed; empty: nobody.
 */
void restricted_account_author(struct account *account, struct slice address);
/*
 * Until it is told otherwise, bytes that are given or read do not go to the reader but become pictures, or are looked at for malware: attachments are
 * VIEWED, and nothing is refused for want of the right to download.
 */
void restricted_account_depict(struct account *account, bool depict);

#endif
