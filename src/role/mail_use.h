/*
 * What a session does with the mail, for the record (A1, A6). Its owner's reading is counted and told in one event at the end of the session;
 * what anybody else reads is one event for each letter. docs/access.md.
 */
#ifndef ROLE_MAIL_USE_H
#define ROLE_MAIL_USE_H

#include "mailbox/restricted.h"
#include "role/mail.h"

/* Without mail.export a delegate takes at most this out of a mailbox within MAIL_BULK_MS; with it, more is told once. */
#define MAIL_BULK_LETTERS 200
#define MAIL_BULK_BYTES (UINT64_C(500) << 20)
#define MAIL_BULK_MS 3600000
#define MAIL_READERS_MAX 10000

/* What one delegate took out of one mailbox lately, over all sessions; in mail_role.readers under both ids. */
struct mail_reader {
	int64_t since_ms;
	uint64_t letters, bytes;
	bool told;
};

struct mail_use {
	struct mail_account *account;
	const char *cid, *address;
	char actor[AUTH_LOGIN_MAX + 1]; /* the delegate; empty: the owner */
	uint8_t delegate[16];
	bool may_export;
	uint64_t letters, bytes;        /* letters of which bytes were given; of the owner one that is asked for again counts again */
	struct mailbox_ref mailbox;     /* of those below */
	char name[MAILBOX_NAME_MAX + 1];
	uint32_t last_uid;
	struct uid_set viewed, downloaded;
};

/* cid and address are borrowed. */
void mail_use_begin(struct mail_use *use, struct mail_account *a, const struct mail_ticket *ticket, const char *cid, const char *address);
/* For restricted_account_create, with the use as arg. */
const struct account_watch *mail_use_watch(const struct mail_use *use);
/* The event of a delegate's end, with what was taken. */
void mail_use_end(struct mail_use *use, int64_t ms);
/* Messages left a mailbox while `use` (NULL: nobody's session, as when a mailbox is mended) was at work; target NULL: for good. */
void mail_use_removed(const struct mail_account *a, const struct mail_use *use, struct slice mailbox, const struct slice *target, size_t count);
/* Called with every sweep of the role. */
void mail_use_sweep(struct mail_role *m);

#endif
