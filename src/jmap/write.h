/*
 * Emails that clients write (RFC 8621 4.6): from an object of Email/set or a blob to a letter of the host, and from there into mailboxes. For the methods
 * Email/set create, Email/import and EmailSubmission/set.
 */
#ifndef JMAP_WRITE_H
#define JMAP_WRITE_H

#include "jmap/blob.h"
#include "jmap/mail.h"
#include "mime/build.h"

/* ---- Email/set create ---- */

/* For jmap_set_ops.create of Email/set. */
enum jmap_step jmap_email_create(struct jmap_call *call, struct jmap_set_item *item);

/* Its updates and destructions (email_set.c), also for what follows a submission. */
enum jmap_step jmap_email_update(struct jmap_call *call, struct jmap_set_item *item);
enum jmap_step jmap_email_destroy(struct jmap_call *call, struct jmap_set_item *item);

/* ---- what it is made of ---- */

/* The message that an object of Email/set describes. `fields` and `root` of the message are set; false: the item has its error. */
bool jmap_compose(struct jmap_call *call, struct jmap_set_item *item, struct build_message *ret);
/* The field of one property of `object`, appended to *list: "subject", "header:X-Y:asText", …; false: it has another type or does not fit. */
bool jmap_compose_field(struct jmap_call *call, const char *property, const json_t *value, struct build_field ***end);
/* The field that a property describes ("from" is From); empty: none. */
struct slice jmap_property_field(struct slice property);

/* Where it goes. */
struct jmap_filing {
	struct mailbox_ref mailboxes[64];
	size_t mailbox_count;
	struct flag_set flags;
	int64_t received;
};
/* mailboxIds, keywords, receivedAt of the object. JMAP_AGAIN: it refers to a mailbox that is not created yet; JMAP_DONE with item->error, or without: it is good. */
enum jmap_step jmap_filing_take(struct jmap_call *call, struct jmap_set_item *item, struct jmap_filing *ret);

/* ---- blobs as content ---- */

/* A blob that is read from its front, as often as wanted. */
struct jmap_source {
	struct jmap_blob blob;
	struct jmap_blob_reader reader;
	struct buf pending;         /* read, not given yet */
	uint64_t at, size;
	bool open;
};
/* Asks whether it may be given. ERR_NOT_FOUND, ERR_DENIED. Once it was read, jmap_source_close is due. */
int jmap_source_open(struct jmap_call *call, struct slice id, struct jmap_source *ret);
void jmap_source_close(struct jmap_source *s);
/* A build_read_fn; arg: the source; offset: 0, or where the last one ended. */
int jmap_source_read(void *arg, uint64_t offset, size_t n, struct buf *out, struct error *err);

/* ---- into mailboxes ---- */

/* An append under way: JMAP_WAIT until it is done; then the item has id and members (blobId, threadId, size), or its error. Takes the letter over. */
struct jmap_storing {
	struct jmap_letter *letter;
	struct jmap_filing filing;
	struct jmap_appended done;
	bool begun;
};
enum jmap_step jmap_store(struct jmap_call *call, struct jmap_set_item *item, struct jmap_storing *s);
/* Bytes into a letter of the host: a build_sink_fn, arg: struct jmap_letter_sink. */
struct jmap_letter_sink { struct jmap_call *call; struct jmap_letter *letter; };
int jmap_letter_write(void *arg, struct slice bytes, struct error *err);
enum jmap_step jmap_write_error(struct jmap_set_item *item, int code, const struct error *err);

#endif
