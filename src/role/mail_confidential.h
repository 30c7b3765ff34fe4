/*
 * Opens confidential letters (docs/confidential.md): the letter inside is decrypted into a memory file, in rounds of the loop, for a document or a preview.
 * Nothing else in the program opens them.
 */
#ifndef ROLE_MAIL_CONFIDENTIAL_H
#define ROLE_MAIL_CONFIDENTIAL_H

#include "mime/digest.h"
#include "role/mail_http.h"
#include "role/mail_view.h"

/* A confidential letter in the mailbox of a sign-in, not opened. In the arena of the exchange. */
struct mail_confidential {
	uint8_t email_id[16];
	const struct digest_secret *secret;
	bool expired;
	struct mailbox_ref mailbox;
	uint32_t uid;
	uint64_t text_start, text_end;     /* of what is said outside, in the message as its reader sees it */
	uint64_t start, end;               /* of the sealed part */
};
/* 0; ERR_NOT_FOUND: there is no such letter, or it is an ordinary one; other codes of mailbox.h. */
int mail_confidential_find(struct mail_exchange *x, const uint8_t email_id[16], struct mail_confidential *ret);

enum mail_confidential_use { MAIL_CONFIDENTIAL_READ, MAIL_CONFIDENTIAL_ATTACHMENT /* becomes pictures (restricted_account_depict) */ };
/* status: of HTTP; 200: `inner` is what was inside, until fn returns. Called exactly once, never from inside of what began it. */
typedef void mail_confidential_fn(void *arg, unsigned status, const struct mail_view_inner *inner);
/* `letter` is copied, and may be expired: then status is 410. What is opened is recorded once for each sign-in and letter. */
void mail_confidential_open(struct mail_exchange *x, const struct mail_confidential *letter, enum mail_confidential_use use, mail_confidential_fn *fn,
                            void *arg);

/* Ids of attachments inside: "C", the letter's id, and the number of the part. False: it is none. */
bool mail_confidential_blob(struct slice id, uint8_t ret_email_id[16], unsigned *ret_part);

/* The answer to `info=1`, and whether the letter ends, as a field of a document. */
void mail_confidential_info(struct mail_exchange *x, const struct mail_confidential *letter);
struct slice mail_confidential_end(const struct mail_confidential *letter, struct arena *arena);

#endif
