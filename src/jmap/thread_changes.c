/* Thread/changes (RFC 8621 3.2): a thread changes when an email of it comes or goes. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "jmap/mail.h"

/* An email that came or went, with its thread. */
struct passage {
	uint8_t thread_id[16], email_id[16];
	uint64_t modseq;
	bool fresh;  /* it was not there before */
};
struct collecting {
	struct passage *list;
	size_t count, capacity;
	uint64_t since;
};

/* Flags alone change no thread. */
static void collect(void *arg, const struct email_change *c)
{
	struct collecting *all = arg;
	struct passage *p;

	if (c->created <= all->since && c->visible)
		return;
	if (all->count == all->capacity) {
		all->capacity = all->capacity == 0 ? 64 : all->capacity * 2;
		all->list = memory_grow(all->list, all->capacity * sizeof *all->list);
	}
	p = &all->list[all->count++];
	*p = (struct passage){.modseq = c->modseq, .fresh = c->created > all->since};
	memcpy(p->thread_id, c->thread_id, 16);
	memcpy(p->email_id, c->email_id, 16);
}

static int by_thread(const void *pa, const void *pb)
{
	const struct passage *a = pa, *b = pb;
	int threads = memcmp(a->thread_id, b->thread_id, 16);

	return threads != 0 ? threads : memcmp(a->email_id, b->email_id, 16);
}

/* The passages of one thread, by email. */
struct group {
	const struct passage *list;
	size_t count;
	bool visible, old; /* some email is there now; was there before */
};

static int look(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	struct group *g = arg;

	if ((row->flags.system & FLAG_DELETED) != 0)
		return 0;
	g->visible = true;
	for (size_t i = 0; i < g->count; i++) {
		if (memcmp(g->list[i].email_id, row->email_id, 16) == 0 && g->list[i].fresh)
			return 0;
	}
	g->old = true;
	return 0;
}

static int give_group(struct jmap_call *call, struct group *g, struct jmap_change_list *ret)
{
	uint64_t modseq = 0;
	int rc = jmap_mail(call)->ops->thread(jmap_mail(call), g->list[0].thread_id, look, g, NULL);

	for (size_t i = 0; i < g->count; i++) {
		g->old |= !g->list[i].fresh;
		modseq = g->list[i].modseq > modseq ? g->list[i].modseq : modseq;
	}
	if (rc == 0 && (g->visible || g->old))
		jmap_change_add(ret, modseq, g->list[0].thread_id, !g->visible ? JMAP_CHANGE_DESTROYED : g->old ? JMAP_CHANGE_UPDATED : JMAP_CHANGE_CREATED);
	return rc;
}

static int give_groups(struct jmap_call *call, struct collecting *all, struct jmap_change_list *ret)
{
	struct group g;
	int rc = 0;

	if (all->count > 1)
		qsort(all->list, all->count, sizeof *all->list, by_thread);
	for (size_t i = 0; rc == 0 && i < all->count; i += g.count) {
		g = (struct group){.list = all->list + i, .count = 1};
		while (i + g.count < all->count && memcmp(g.list[g.count].thread_id, g.list[0].thread_id, 16) == 0)
			g.count++;
		rc = give_group(call, &g, ret);
	}
	return rc;
}

enum jmap_step jmap_thread_changes(struct jmap_call *call)
{
	struct collecting all = {.list = NULL};
	struct jmap_change_list list = {.list = NULL};
	struct jmap_changes changes;
	struct jmap_since since;
	int rc;

	if (!jmap_changes_args(call, NULL, &changes))
		return JMAP_DONE;
	if (!jmap_since_read(jmap_mail(call), changes.since, &since))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	all.since = since.modseq;
	rc = jmap_mail(call)->ops->email_changes(jmap_mail(call), since.modseq, collect, &all, NULL);
	if (rc == 0)
		rc = give_groups(call, &all, &list);
	memory_free(all.list);
	if (rc < 0) {
		memory_free(list.list);
		return rc == ERR_NOT_FOUND ? jmap_error(call, "cannotCalculateChanges", NULL) : jmap_error_code(call, rc);
	}
	jmap_change_sort(&list, &since);
	jmap_change_give(call, &list, 'T', &changes);
	jmap_changes_begin(call, &changes);
	jmap_answer_end(call);
	return JMAP_DONE;
}
