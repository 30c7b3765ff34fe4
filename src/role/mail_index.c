/* Indexing and learning. A batch holds the loop of all sessions of the shard: the accounts take turns, one batch at a time. */
#include "base/log.h"
#include "role/mail.h"

/* While sessions are busy a batch waits for MAIL_INDEX_BUSY_MS, so that the index still grows. */
static bool makes_way(struct mail_role *m)
{
	m->index_waited = !m->index_waited && mail_now(m) - m->ran_ms < MAIL_INDEX_QUIET_MS;
	return m->index_waited;
}

static void learn_end(struct mail_account *a)
{
	if (!a->learning)
		return;
	a->learning = false;
	mail_account_drop(a);
}

/* The index first: then the texts that are learnt from are at hand. */
static int batch(struct mail_account *a, bool *ret_more, struct error *err)
{
	bool more = false;
	int rc = store_account_index(a->store, MAIL_INDEX_BATCH, &more, err);

	if (rc == 0 && !more)
		rc = store_account_learn(a->store, MAIL_INDEX_BATCH, &more, err);
	*ret_more = more;
	return rc;
}

static void index_batch(struct mail_account *a)
{
	struct error err = {0};
	bool more = false;

	if (a->store == NULL || store_account_parked(a->store)) {
		learn_end(a);
		return;
	}
	if (a->memory == STORE_MEMORY_IDLE)
		mail_account_memory(a, STORE_MEMORY_USED);
	if (batch(a, &more, &err) < 0) {
		mail_account_log(EV_STORE_DAMAGED, a, &err);
		learn_end(a);
	} else if (more) {
		mail_account_touch(a); /* not parked before the index is complete */
		list_append(&a->role->to_index, &a->index_node);
	} else {
		learn_end(a);
	}
}

static void on_turn(void *arg)
{
	struct mail_role *m = arg;
	struct mail_account *a;

	if (list_empty(&m->to_index))
		return;
	if (makes_way(m)) {
		timer_start(m->index, MAIL_INDEX_BUSY_MS);
		return;
	}
	a = LIST_ITEM(m->to_index.next, struct mail_account, index_node);
	list_remove(&a->index_node);
	index_batch(a);
	if (!list_empty(&m->to_index) && m->to_index.next != &a->index_node && mail_now(m) - a->ran_ms >= MAIL_WARM_MS)
		mail_account_memory(a, STORE_MEMORY_IDLE);
	timer_start(m->index, MAIL_INDEX_STEP_MS);
}

void mail_index_add(struct mail_account *a)
{
	struct mail_role *m = a->role;

	if (list_linked(&a->index_node))
		return;
	if (list_empty(&m->to_index))
		timer_start(m->index, MAIL_INDEX_STEP_MS);
	list_append(&m->to_index, &a->index_node);
}

void mail_index_soon(struct mail_account *a)
{
	timer_start(a->index, MAIL_INDEX_WAIT_MS);
}

void mail_index_learn(struct mail_account *a)
{
	if (a->role->stopping || a->learning)
		return;
	a->learning = true;
	mail_account_hold(a);
	mail_index_soon(a);
}

void mail_index_start(struct mail_role *m)
{
	list_init(&m->to_index);
	m->index = timer_create_on(m->ctx->loop, on_turn, m);
}
