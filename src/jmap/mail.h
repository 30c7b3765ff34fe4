/*
 * What the methods of mail share (RFC 8621). Ids are those that IMAP shows (RFC 8474): F mailbox, M email, T thread. A blob is the bytes of an email
 * ("B" and the digits of its id) or of one of its parts, with its transfer encoding undone ("B…-3": the third part in the order of the message, the
 * root is the first).
 */
#ifndef JMAP_MAIL_H
#define JMAP_MAIL_H

#include "jmap/method.h"
#include "mime/digest.h"

/* ---- states: "<incarnation>-<modseq>", in the middle of many changes "-<id>" behind it ---- */

/* Everything was told up to this modseq; of the next one, when `partial`, up to this id. */
struct jmap_since {
	uint64_t modseq;
	bool partial;
	uint8_t id[16];
};
void jmap_since_print(struct account *mail, const struct jmap_since *since, struct buf *out);
/* False: no state of ours, or of an account.db that was made anew: cannotCalculateChanges. */
bool jmap_since_read(struct account *mail, struct slice text, struct jmap_since *ret);

/* What has changed, each object once; filled in any order, then told in the order of the changes. */
struct jmap_change { uint64_t modseq; uint8_t id[16]; uint8_t kind; };
enum { JMAP_CHANGE_CREATED, JMAP_CHANGE_UPDATED, JMAP_CHANGE_DESTROYED };
struct jmap_change_list {
	struct jmap_change *list;
	size_t count, capacity;
};
/* From modseq `since->modseq` on (exclusive, but for a partial one). */
void jmap_change_add(struct jmap_change_list *l, uint64_t modseq, const uint8_t id[16], uint8_t kind);
/* The newest change of each object stays, by modseq and id; those that `since` has told go. */
void jmap_change_sort(struct jmap_change_list *l, const struct jmap_since *since);
/* Fills created, updated, destroyed, state and more of `ret`; frees the list. letter: of the ids. */
void jmap_change_give(struct jmap_call *call, struct jmap_change_list *l, char letter, struct jmap_changes *ret);

/* ---- emails ---- */

struct jmap_email_row {
	struct mailbox_ref mailbox;
	uint32_t uid;
	uint64_t modseq;
	struct flag_set flags;
};
/* RFC 8621 4.1.1: $seen when it is in all rows, any other keyword when it is in one. Rows with \Deleted are not there. */
struct jmap_email {
	uint8_t id[16], thread_id[16];
	struct jmap_email_row *rows;
	size_t row_count;
	struct flag_set flags;
	int64_t received;
	uint64_t size;
};
/* In the arena. ERR_NOT_FOUND: it is not visible. */
int jmap_email_find(struct account *mail, const uint8_t id[16], struct arena *arena, struct jmap_email *ret);
int jmap_email_find_text(struct account *mail, struct slice id, struct arena *arena, struct jmap_email *ret);

/* The letter and 32 hexadecimal digits. */
void jmap_id_print(char letter, const uint8_t id[16], struct buf *out);

/* ---- blobs ---- */

/* part 0: the whole email. */
void jmap_blob_print(const uint8_t email_id[16], unsigned part, struct buf *out);
bool jmap_blob_parse(struct slice text, uint8_t ret_email_id[16], unsigned *ret_part);
/* The part with that number, NULL: there is none, or it is a multipart, which has no blob. */
const struct mime_part *jmap_part_find(const struct mime_part *root, unsigned number);
unsigned jmap_part_number(const struct mime_part *part);
/* "image/png", its file name in UTF-8 (empty: none). */
struct slice jmap_part_type(const struct mime_part *part, struct arena *arena);
struct slice jmap_part_name(const struct mime_part *part, struct arena *arena);

/* ---- keywords ---- */

/* The bits of a keyword, "$seen" and the like as flags. ERR_NOT_FOUND (not `create`), ERR_INVALID (RFC 8621 4.1.1), ERR_LIMIT. */
int jmap_keyword_bits(struct account *mail, struct slice name, bool create, struct flag_set *ret);
/* fn for each keyword of the set, by its name in JMAP. */
void jmap_keywords_print(struct account *mail, struct flag_set flags, struct emit *e);

/* ---- mailboxes ---- */

struct jmap_mailboxes {
	struct mailbox_info *list;  /* those that exist and the levels above them, by name, INBOX first */
	size_t count;
};
int jmap_mailboxes_list(struct account *mail, struct arena *arena, struct jmap_mailboxes *ret);
const struct mailbox_info *jmap_mailbox_by_id(const struct jmap_mailboxes *l, const uint8_t id[16]);
const struct mailbox_info *jmap_mailbox_by_text(const struct jmap_mailboxes *l, struct slice id);
const struct mailbox_info *jmap_mailbox_parent(const struct jmap_mailboxes *l, const struct mailbox_info *m);
/* The last level of its name. */
struct slice jmap_mailbox_leaf(const struct jmap_mailboxes *l, const struct mailbox_info *m);
/* NULL: none. */
const char *jmap_mailbox_role(const struct mailbox_info *m);
/* The special use of a role; false: there is no such role. "inbox" is USE 0. */
bool jmap_role_use(struct slice role, uint32_t *ret);

#endif
