/* What has come for an account: pulled out of the ledger of queue, filed, and compared with a ledger that was made anew. */
#include "role/mail.h"

#include <string.h>

#include "base/memory.h"
#include "queue/queue.h"
#include "queue/recall.h"

/* ---- who waits for the end of a pull ---- */

/* They hear from the loop, whatever they do with the account then. */
static void waiters_tell(void *arg)
{
	struct mail_account *a = arg;

	while (a->ready != NULL) {
		struct mail_waiter *w = a->ready;

		a->ready = w->next;
		w->done(w->arg);
		memory_free(w);
	}
	mail_account_drop(a);
}

static void waiters_ready(struct mail_account *a)
{
	struct mail_waiter **end = &a->ready;

	if (a->waiters == NULL)
		return;
	if (a->ready == NULL) {
		mail_account_hold(a);
		loop_defer(a->role->ctx->loop, waiters_tell, a);
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = a->waiters;
	a->waiters = NULL;
}

void mail_arrivals_await(struct mail_account *a, void (*done)(void *arg), void *arg)
{
	struct mail_waiter *w = memory_alloc(sizeof *w);

	*w = (struct mail_waiter){.next = a->waiters, .done = done, .arg = arg};
	a->waiters = w;
	mail_arrivals_pull(a);
}

/* ---- the list of queue ---- */

static size_t arrivals_decode(struct slice list, struct store_arrival *ret, size_t max)
{
	struct queue_arrival q;
	size_t n = 0;

	while (n < max && list.n != 0 && queue_arrival_decode(&list, &q) == 0) {
		if (q.kind == RECALL_KIND + RECALL_UNREAD || q.kind == RECALL_KIND + RECALL_ANY)
			ret[n++] = (struct store_arrival){.seq = q.seq, .place = q.place, .recalls = q.size, .read_too = q.kind == RECALL_KIND + RECALL_ANY};
		else if (q.kind == READER_ARRIVAL || q.kind == READER_OWN)
			ret[n++] = (struct store_arrival){.seq = q.seq, .kind = (enum reader_kind)q.kind, .place = q.place, .size = q.size};
	}
	return n;
}

/* ---- a ledger that was made anew lists again what was given back ---- */

struct comparison {
	struct mail_account *account;
	uint64_t after, next;
};

static void compare_send(struct comparison *c);

/* 1: there is more. */
static int compare_take(struct comparison *c, const struct ipc_queue_arrivals_reply *reply, struct error *err)
{
	struct store_account *store = c->account->store;
	struct store_arrival *list = memory_alloc_array(STORE_BATCH_MAX, sizeof *list);
	size_t count = arrivals_decode(reply->list, list, STORE_BATCH_MAX);
	int rc = store_account_compare(store, list, count, err);

	if (count != 0)
		c->after = list[count - 1].seq;
	memory_free(list);
	if (rc < 0)
		return rc;
	return count != 0 && reply->more && c->after < store_account_cursor(store) ? 1 : store_account_agrees(store, c->next, err);
}

static void on_compare(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct comparison *c = arg;
	struct mail_account *a = c->account;
	const struct ipc_queue_arrivals_reply *reply = message;
	struct error err = {0};
	int rc = 0;

	if (outcome == IPC_OK && reply->result == QUEUE_OK && a->store != NULL)
		rc = compare_take(c, reply, &err);
	if (rc > 0) {
		compare_send(c);
	} else {
		if (rc < 0)
			mail_account_log(EV_STORE_DAMAGED, a, &err);
		a->comparing = false; /* when it failed: the next pull begins again */
		mail_unref_send(a);
		memory_free(c);
	}
	mail_account_drop(a);
}

static void compare_send(struct comparison *c)
{
	struct ipc_queue_arrivals request = {.after = c->after, .limit = STORE_BATCH_MAX};

	memcpy(request.account.b, c->account->id, sizeof request.account.b);
	mail_account_hold(c->account);
	ipc_request(c->account->role->ctx->ipc, IPC_QUEUE_ARRIVALS, IPC_ANY, &request, on_compare, c);
}

static void compare_begin(struct mail_account *a, uint64_t next)
{
	struct comparison *c;

	if (a->comparing || a->pulling || a->store == NULL || !store_account_disagrees(a->store, next))
		return;
	a->comparing = true;
	c = memory_alloc(sizeof *c);
	*c = (struct comparison){.account = a, .next = next};
	compare_send(c);
}

/* ---- pulling ---- */

static void pull_send(struct mail_account *a);

static void pull_end(struct mail_account *a, bool failed)
{
	bool again = a->pull_again && !failed;

	a->pulling = a->pull_again = false;
	if (failed)
		timer_start(a->retry, MAIL_RETRY_MS);
	if (again) {
		mail_arrivals_pull(a);
	} else {
		waiters_ready(a);
		if (!a->learning) /* what the reader taught does not wait for arrivals to end */
			mail_index_soon(a);
	}
}

static void account_works(struct mail_account *a)
{
	a->ran_ms = mail_now(a->role);
	if (a->memory == STORE_MEMORY_IDLE)
		mail_account_memory(a, STORE_MEMORY_USED);
}

static void note_filed(struct mail_account *a, const struct store_arrival *list, size_t count)
{
	char id[QUEUE_ID_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (list[i].kind != READER_ARRIVAL)
			continue;
		if (list[i].seq > a->delivered)
			a->delivered = list[i].seq;
		queue_id_format(list[i].place.pack, list[i].place.ordinal, id);
		log_event(EV_MAIL_FILED, LOG_TEXT("user", a->login), LOG_STR("mid", id));
	}
}

static void on_arrivals(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_account *a = arg;
	const struct ipc_queue_arrivals_reply *reply = message;
	struct store_arrival *list;
	struct error err = {0};
	size_t count, taken = 0;
	int rc;

	if (outcome != IPC_OK || reply->result != QUEUE_OK || a->store == NULL) {
		pull_end(a, true);
		goto out;
	}
	account_works(a);
	list = memory_alloc_array(STORE_BATCH_MAX, sizeof *list);
	count = arrivals_decode(reply->list, list, STORE_BATCH_MAX);
	rc = count == 0 ? 0 : store_account_file(a->store, list, count, &taken, &err);
	a->role->filed += taken;
	note_filed(a, list, taken);
	memory_free(list);
	if (rc < 0) {
		mail_account_log(EV_STORE_DAMAGED, a, &err);
		pull_end(a, true);
	} else if (reply->more && taken == count && count != 0) {
		pull_send(a);
	} else {
		pull_end(a, false);
		compare_begin(a, reply->next);
	}
out:
	mail_account_drop(a);
}

static void pull_send(struct mail_account *a)
{
	struct ipc_queue_arrivals request = {.after = store_account_cursor(a->store), .limit = STORE_BATCH_MAX};

	memcpy(request.account.b, a->id, sizeof request.account.b);
	mail_account_hold(a);
	ipc_request(a->role->ctx->ipc, IPC_QUEUE_ARRIVALS, IPC_ANY, &request, on_arrivals, a);
}

void mail_arrivals_pull(struct mail_account *a)
{
	if (a->store == NULL)
		return;
	if (a->pulling) {
		a->pull_again = true;
		return;
	}
	a->pulling = true;
	a->pulled_ms = mail_now(a->role);
	timer_stop(a->retry);
	pull_send(a);
}

void mail_arrivals_hint(struct mail_account *a)
{
	int64_t wait = a->pulled_ms + MAIL_GATHER_MS - mail_now(a->role);

	if (a->gathering)
		return;
	if (wait <= 0) {
		mail_arrivals_pull(a);
		return;
	}
	a->gathering = true;
	timer_start(a->gather, wait);
}

static void on_gather(void *arg)
{
	struct mail_account *a = arg;

	a->gathering = false;
	mail_arrivals_pull(a);
}

void mail_arrivals_setup(struct mail_account *a)
{
	a->gather = timer_create_on(a->role->ctx->loop, on_gather, a);
}
