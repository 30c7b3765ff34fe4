/* What left the mailbox is given back to the ledger of queue, which forgets it at once or after the time of the bin. */
#include "role/mail.h"

#include <string.h>

#include "base/memory.h"
#include "queue/queue.h"
#include "sys/fault.h"

struct unrefs {
	struct mail_account *account;
	bool now;
	size_t count;
	uint64_t seqs[MAIL_UNREF_BATCH];
};

static void on_unref(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct unrefs *u = arg;
	struct mail_account *a = u->account;
	const struct ipc_queue_unref_reply *reply = message;
	struct error err = {0};

	a->sending_unrefs = false;
	if (outcome == IPC_OK && reply->result == QUEUE_OK && a->store != NULL) {
		if (store_account_unrefs_done(a->store, u->now, u->seqs, u->count, &err) == 0)
			mail_unref_send(a);
		else
			mail_account_log(EV_STORE_DAMAGED, a, &err);
	} else {
		timer_start(a->retry, MAIL_RETRY_MS);
	}
	memory_free(u);
	mail_account_drop(a);
}

void mail_unref_send(struct mail_account *a)
{
	struct unrefs *u;
	struct buf list = BUF_INIT(MAIL_UNREF_BATCH * 8);
	struct ipc_queue_unref request = {0};

	if (a->sending_unrefs || a->store == NULL)
		return;
	u = memory_alloc(sizeof *u);
	u->account = a;
	u->count = store_account_unrefs(a->store, false, u->seqs, MAIL_UNREF_BATCH);
	u->now = u->count == 0;
	if (u->now)
		u->count = store_account_unrefs(a->store, true, u->seqs, MAIL_UNREF_BATCH);
	if (u->count == 0) {
		memory_free(u);
		return;
	}
	for (size_t i = 0; i < u->count; i++)
		buf_put_u64(&list, u->seqs[i]);
	memcpy(request.account.b, a->id, sizeof request.account.b);
	request.how = u->now ? QUEUE_UNREF_NOW : QUEUE_UNREF_DROP;
	request.seqs = buf_slice(&list);
	a->sending_unrefs = true;
	mail_account_hold(a);
	ipc_request(a->role->ctx->ipc, IPC_QUEUE_UNREF, IPC_ANY, &request, on_unref, u);
	FAULT_POINT(unref_sent);
	buf_free(&list);
}

/* ---- one is kept for longer ---- */

struct keeping {
	struct mail_account *account;
	void (*done)(void *arg, int code);
	void *arg;
};

static void on_kept(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct keeping *k = arg;
	const struct ipc_queue_unref_reply *reply = message;
	struct mail_account *a = k->account;
	bool good = outcome == IPC_OK && reply->result == QUEUE_OK;

	k->done(k->arg, !good ? ERR_TEMPORARY : reply->kept == 1 ? 0 : ERR_NOT_FOUND);
	memory_free(k);
	mail_account_drop(a);
}

void mail_unref_keep(struct mail_account *a, uint64_t seq, void (*done)(void *arg, int code), void *arg)
{
	struct keeping *k = memory_alloc(sizeof *k);
	struct buf list = BUF_INIT(8);
	struct ipc_queue_unref request = {.how = QUEUE_UNREF_KEEP};

	*k = (struct keeping){a, done, arg};
	mail_account_hold(a);
	buf_put_u64(&list, seq);
	memcpy(request.account.b, a->id, sizeof request.account.b);
	request.seqs = buf_slice(&list);
	ipc_request(a->role->ctx->ipc, IPC_QUEUE_UNREF, IPC_ANY, &request, on_kept, k);
	buf_free(&list);
}
