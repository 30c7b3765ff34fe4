/* Email/changes (RFC 8621 4.3). */
#include <string.h>

#include "base/memory.h"
#include "jmap/mail.h"

struct collecting {
	struct jmap_change_list list;
	struct jmap_since since;
};

/* It came into the account after what `since` has told. */
static bool is_new(const struct jmap_since *since, const struct email_change *c)
{
	if (c->created == since->modseq + 1 && since->partial)
		return memcmp(c->email_id, since->id, 16) > 0;
	return c->created > since->modseq;
}

static void collect(void *arg, const struct email_change *c)
{
	struct collecting *all = arg;
	bool fresh = is_new(&all->since, c);

	if (!c->visible && fresh)
		return; /* it came and went meanwhile */
	jmap_change_add(&all->list, c->modseq, c->email_id, !c->visible ? JMAP_CHANGE_DESTROYED : fresh ? JMAP_CHANGE_CREATED : JMAP_CHANGE_UPDATED);
}

enum jmap_step jmap_email_changes(struct jmap_call *call)
{
	struct collecting all = {.list = {.list = NULL}};
	struct jmap_changes changes;
	int rc;

	if (!jmap_changes_args(call, NULL, &changes))
		return JMAP_DONE;
	if (!jmap_since_read(jmap_mail(call), changes.since, &all.since))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	rc = jmap_mail(call)->ops->email_changes(jmap_mail(call), all.since.modseq, collect, &all, NULL);
	if (rc < 0) {
		memory_free(all.list.list);
		return rc == ERR_NOT_FOUND ? jmap_error(call, "cannotCalculateChanges", NULL) : jmap_error_code(call, rc);
	}
	jmap_change_sort(&all.list, &all.since);
	jmap_change_give(call, &all.list, 'M', &changes);
	jmap_changes_begin(call, &changes);
	jmap_answer_end(call);
	return JMAP_DONE;
}
