/* What the methods of EmailSubmission and Identity share (RFC 8621 6 and 7). Ids: S submission, I identity. */
#ifndef JMAP_SENT_H
#define JMAP_SENT_H

#include "jmap/mail.h"

/* ---- submissions ---- */

/* All of the account, or what has changed since; loaded page by page. */
struct jmap_sent_load {
	struct jmap_sent_answer page;
	struct jmap_sent *all;       /* in the call's arena */
	size_t count, room;
	uint64_t after, state, floor;
	int code;                    /* of what failed */
	bool asked, done;
};
/* JMAP_WAIT until it is done; JMAP_DONE: look at l->code. */
enum jmap_step jmap_sent_load(struct jmap_call *call, struct jmap_sent_load *l);
/* One question; JMAP_WAIT at first, then JMAP_DONE with the answer. */
struct jmap_sent_question { struct jmap_sent_answer answer; bool asked; };
enum jmap_step jmap_sent_ask_one(struct jmap_call *call, struct jmap_sent_question *q, enum jmap_sent_ask ask, const uint8_t id[16]);

/* What mail keeps with a submission: ids as texts, in the call's arena; empty when unknown. */
struct jmap_sent_data { struct slice identity, email, thread; bool confidential; };
void jmap_sent_data_read(struct jmap_call *call, struct slice data, struct jmap_sent_data *ret);
struct slice jmap_sent_data_write(struct jmap_call *call, const struct jmap_sent_data *data);
struct slice jmap_sent_state_text(struct jmap_call *call, uint64_t state);
/* False: it is no such text. */
bool jmap_sent_state_read(struct slice text, uint64_t *ret);
/* "pending", … */
const char *jmap_sent_undo(const struct jmap_sent *s);
/* When it went, goes or would have gone, unix seconds. */
static inline int64_t jmap_sent_at(const struct jmap_sent *s)
{
	return s->due > 0 ? s->due : s->created;
}

/* ---- identities ---- */

/* Of an address that one may send as. */
void jmap_identity_id(struct slice address, struct buf *out);
/* The address of an identity among those of the sender; empty: there is none. */
struct slice jmap_identity_address(const struct jmap_sender *sender, struct slice id);
/* Does the sender own it? */
bool jmap_sender_owns(const struct jmap_sender *sender, struct slice address);

#endif
