/*
 * RecoverableEmail: what was deleted for good and can be had back for a while (docs/jmap.md). The mailbox has it or not
 * (account_ops.bin); its id is "R" and a number that the account gives once.
 */
#ifndef JMAP_RECOVERABLE_H
#define JMAP_RECOVERABLE_H

#include "jmap/mail.h"
#include "jmap/private.h"

struct jmap_binned {
	struct binned b;
	struct slice digest;       /* in the arena of the call */
};
struct jmap_bin {
	struct jmap_binned *list;  /* newest first, from the call's arena */
	size_t count, room;
	bool more;                 /* there are more than JMAP_BIN_MAX */
};
#define JMAP_BIN_MAX 20000

/* text folded (mime_fold); empty: every one. 0 or a code of mailbox.h. */
int jmap_bin_list(struct jmap_call *call, struct slice text, struct jmap_bin *ret);
int jmap_bin_find(struct jmap_call *call, uint64_t number, struct jmap_binned *ret);
bool jmap_bin_id(struct slice text, uint64_t *ret);
void jmap_bin_id_print(uint64_t number, struct buf *out);

#endif
