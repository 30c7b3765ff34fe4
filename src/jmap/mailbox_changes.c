/* Mailbox/changes (RFC 8621 2.2). */
#include <string.h>

#include "base/memory.h"
#include "jmap/mail.h"

struct collecting {
	struct jmap_change_list list;
	bool only_counts; /* nothing but counts was changed in those that are updated */
};

static void collect(void *arg, const struct mailbox_change *c)
{
	static const uint8_t kinds[] = {
		[MAILBOX_COUNTED] = JMAP_CHANGE_UPDATED, [MAILBOX_CHANGED] = JMAP_CHANGE_UPDATED, [MAILBOX_CREATED] = JMAP_CHANGE_CREATED,
		[MAILBOX_GONE] = JMAP_CHANGE_DESTROYED,
	};
	struct collecting *all = arg;

	all->only_counts = all->only_counts && c->kind != MAILBOX_CHANGED;
	jmap_change_add(&all->list, c->modseq, c->id, kinds[c->kind]);
}

/* A new mailbox is counted as well: it stays new. */
static void keep_created(struct jmap_change_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		for (size_t k = 0; l->list[i].kind == JMAP_CHANGE_CREATED && k < l->count; k++) {
			if (memcmp(l->list[k].id, l->list[i].id, 16) == 0)
				l->list[k].kind = JMAP_CHANGE_CREATED;
		}
	}
}

enum jmap_step jmap_mailbox_changes(struct jmap_call *call)
{
	struct collecting all = {.only_counts = true};
	struct jmap_changes changes;
	struct jmap_since since;
	struct emit *e = jmap_out(call);
	int rc;

	if (!jmap_changes_args(call, NULL, &changes))
		return JMAP_DONE;
	if (!jmap_since_read(jmap_mail(call), changes.since, &since))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	rc = jmap_mail(call)->ops->mailbox_changes(jmap_mail(call), since.modseq, collect, &all, NULL);
	if (rc < 0) {
		memory_free(all.list.list);
		return rc == ERR_NOT_FOUND ? jmap_error(call, "cannotCalculateChanges", NULL) : jmap_error_code(call, rc);
	}
	keep_created(&all.list);
	jmap_change_sort(&all.list, &since);
	jmap_change_give(call, &all.list, 'F', &changes);
	jmap_changes_begin(call, &changes);
	emit_key(e, "updatedProperties");
	if (all.only_counts && json_array_size(changes.updated) > 0)
		emit_raw(e, SLICE("[\"totalEmails\",\"unreadEmails\",\"totalThreads\",\"unreadThreads\"]"));
	else
		emit_null(e);
	jmap_answer_end(call);
	return JMAP_DONE;
}
