/*
 * Email/queryChanges (RFC 8621 4.5). Whatever came, went or changed since then, and everything in its threads, is removed; what the result has of it now
 * is added: nothing else can have moved, whatever filter and order are.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "jmap/email_result.h"

#define CHANGED_MAX 5000 /* emails; beyond them a new query is cheaper */

struct changed {
	uint8_t (*ids)[16];
	size_t count, room;
};

static void add(struct changed *c, const uint8_t id[16])
{
	if (c->count == c->room) {
		c->room = c->room == 0 ? 64 : c->room * 2;
		c->ids = memory_grow(c->ids, c->room * sizeof *c->ids);
	}
	memcpy(c->ids[c->count++], id, 16);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

/* Sorted, each once. */
static void tidy(struct changed *c)
{
	size_t kept = 0;

	if (c->count > 1)
		qsort(c->ids, c->count, sizeof *c->ids, compare);
	for (size_t i = 0; i < c->count; i++) {
		if (kept == 0 || memcmp(c->ids[i], c->ids[kept - 1], 16) != 0)
			memmove(c->ids[kept++], c->ids[i], 16);
	}
	c->count = kept;
}

static bool has(const struct changed *c, const uint8_t id[16])
{
	return c->count > 0 && bsearch(id, c->ids, c->count, sizeof *c->ids, compare) != NULL;
}

struct collecting { struct changed emails, threads; };

static void on_change(void *arg, const struct email_change *c)
{
	struct collecting *all = arg;

	add(&all->emails, c->email_id);
	add(&all->threads, c->thread_id);
}

static int on_row(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	add(arg, row->email_id);
	return 0;
}

/* ERR_NOT_FOUND: it cannot be said; ERR_LIMIT: too many. */
static int collect(struct account *mail, uint64_t since, struct changed *ret)
{
	struct collecting all = {.emails = {.ids = NULL}};
	int rc = mail->ops->email_changes(mail, since, on_change, &all, NULL);

	tidy(&all.threads);
	if (rc == 0 && all.emails.count > CHANGED_MAX)
		rc = ERR_LIMIT;
	for (size_t i = 0; rc == 0 && i < all.threads.count; i++)
		rc = mail->ops->thread(mail, all.threads.ids[i], on_row, &all.emails, NULL);
	memory_free(all.threads.ids);
	tidy(&all.emails);
	*ret = all.emails;
	return rc;
}

static void print_added(struct emit *e, const struct jmap_result *result, const struct changed *changed)
{
	emit_array(e);
	for (size_t i = 0; i < result->count; i++) {
		if (!has(changed, result->list[i].id))
			continue;
		emit_object(e);
		emit_key(e, "id");
		emit_id(e, 'M', result->list[i].id);
		emit_member_number(e, "index", (int64_t)i);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void answer(struct jmap_call *call, const struct jmap_query *q, struct slice state, const struct jmap_result *result, const struct changed *changed)
{
	struct emit *e = jmap_out(call);

	jmap_answer_begin(call, NULL);
	emit_member_text(e, "accountId", jmap_account_name(call->jmap));
	emit_member_text(e, "oldQueryState", q->since);
	emit_member_text(e, "newQueryState", state);
	if (q->total)
		emit_member_number(e, "total", (int64_t)result->total);
	emit_key(e, "removed");
	emit_array(e);
	for (size_t i = 0; i < changed->count; i++)
		emit_id(e, 'M', changed->ids[i]);
	emit_array_end(e);
	emit_key(e, "added");
	print_added(e, result, changed);
	jmap_answer_end(call);
}

static uint64_t changes_of(const struct jmap_result *result, const struct changed *changed)
{
	uint64_t count = changed->count;

	for (size_t i = 0; i < result->count; i++)
		count += has(changed, result->list[i].id);
	return count;
}

/* ---- the method ---- */

#define RESTARTS_MAX 3 /* then the whole is done at once, so that it ends in a mailbox that always changes */

struct comparing {
	struct jmap_query query;
	struct jmap_since since;
	struct changed changed;
	struct jmap_running running;
	struct slice state;           /* when it began */
	bool collapse, begun;
	unsigned restarts;
};

static void forget(struct jmap_call *call)
{
	struct comparing *x = call->state;

	jmap_email_query_end(&x->running);
	memory_free(x->changed.ids);
}

static bool take_args(struct jmap_call *call)
{
	static const char *const more[] = {"collapseThreads", NULL};
	struct comparing *x = ARENA_NEW(&call->arena, struct comparing);

	call->state = x;
	call->forget = forget;
	if (!jmap_query_changes_args(call, jmap_email_condition_check, jmap_email_sorts, more, &x->query)
	    || !jmap_email_query_check(call, &x->query, &x->collapse))
		return false;
	if (jmap_since_read(jmap_mail(call), x->query.since, &x->since))
		return true;
	(void)jmap_error(call, "cannotCalculateChanges", NULL);
	return false;
}

static bool begin(struct jmap_call *call, struct comparing *x)
{
	int rc;

	MEMORY_FREE(&x->changed.ids);
	if (!jmap_state_of(call, JMAP_TYPE_EMAIL, &x->state))
		return false;
	rc = collect(jmap_mail(call), x->since.modseq, &x->changed);
	if (rc == ERR_NOT_FOUND)
		(void)jmap_error(call, "cannotCalculateChanges", NULL);
	else if (rc == ERR_LIMIT)
		(void)jmap_error(call, x->query.max_changes < CHANGED_MAX ? "tooManyChanges" : "cannotCalculateChanges", NULL);
	else if (rc < 0)
		(void)jmap_error_code(call, rc);
	x->begun = rc == 0;
	return x->begun;
}

/* What changed between two slices stands in the result and not in the changes: from the beginning. */
static bool is_stale(struct jmap_call *call, struct comparing *x)
{
	struct slice now;

	if (!jmap_state_of(call, JMAP_TYPE_EMAIL, &now) || slice_eq(now, x->state))
		return false;
	jmap_email_query_end(&x->running);
	x->running = (struct jmap_running){.at_once = ++x->restarts >= RESTARTS_MAX};
	x->begun = false;
	return true;
}

enum jmap_step jmap_email_query_changes(struct jmap_call *call)
{
	struct comparing *x;

	if (call->state == NULL && !take_args(call))
		return JMAP_DONE;
	x = call->state;
	if (!x->begun && !begin(call, x))
		return JMAP_DONE;
	if (jmap_email_query_run(call, &x->query, x->collapse, true, &x->running) == JMAP_AGAIN)
		return JMAP_AGAIN;
	if (x->running.code < 0)
		return jmap_error_code(call, x->running.code);
	if (is_stale(call, x))
		return JMAP_AGAIN;
	if (x->query.max_changes < changes_of(&x->running.result, &x->changed))
		return jmap_error(call, "tooManyChanges", NULL);
	answer(call, &x->query, x->state, &x->running.result, &x->changed);
	return JMAP_DONE;
}
