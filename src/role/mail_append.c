/* APPEND: memfd -> filter (seal, digest) -> queue (kind own, group commit) -> rows. */
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/memory.h"
#include "queue/queue.h"
#include "role/mail.h"
#include "store/envelope.h"

struct mail_append {
	struct mail_account *account;
	struct store_append *append;
	size_t at;                  /* item in hand */
};

static void append_next(struct mail_append *p);

static void append_item_done(struct mail_append *p, enum error_code code)
{
	p->append->items[p->at++].code = code;
	/* All or nothing: after a refusal the others need not be tried. */
	if (code != ERR_NONE) {
		for (; p->at < p->append->count; p->at++)
			p->append->items[p->at].code = code;
	}
	append_next(p);
}

static enum error_code code_of_result(enum queue_result result)
{
	switch (result) {
	case QUEUE_OK:
		return ERR_NONE;
	case QUEUE_QUOTA:
		return ERR_NO_SPACE;
	case QUEUE_FULL:
	case QUEUE_REFUSED:
	case QUEUE_CHANGED:
	case QUEUE_ERROR:
		return ERR_TEMPORARY;
	}
	return ERR_TEMPORARY;
}

static void on_accepted(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_append *p = arg;
	const struct ipc_queue_accept_reply *reply = message;
	struct store_append_item *item = &p->append->items[p->at];

	if (outcome != IPC_OK) {
		append_item_done(p, ERR_TEMPORARY);
		return;
	}
	item->arrival = (struct store_arrival){.seq = reply->seq, .kind = READER_OWN, .size = item->size,
	                                       .place = {.pack = reply->pack, .ordinal = reply->ordinal, .offset = reply->offset}};
	if (reply->result == QUEUE_OK)
		log_event(EV_MAIL_APPENDED, LOG_TEXT("user", p->account->login), LOG_TEXT("mid", reply->queue_id), LOG_NUM("size", item->size));
	append_item_done(p, code_of_result((enum queue_result)reply->result));
}

static void on_sealed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_append *p = arg;
	const struct ipc_filter_seal_reply *reply = message;
	struct ipc_queue_accept request = {.cid = SLICE("append"), .more = -1};

	if (outcome != IPC_OK || reply->code != 250 || reply->record < 0) {
		if (outcome == IPC_OK && reply->record >= 0)
			close(reply->record);
		append_item_done(p, outcome == IPC_OK && reply->code / 100 == 5 ? ERR_INVALID : ERR_TEMPORARY);
		return;
	}
	request.record = reply->record;
	ipc_request(p->account->role->ctx->ipc, IPC_QUEUE_ACCEPT, IPC_ANY, &request, on_accepted, p);
	close(reply->record);
}

static void append_seal(struct mail_append *p)
{
	struct mail_account *a = p->account;
	struct store_append_item *item = &p->append->items[p->at];
	struct buf flags = BUF_INIT(65536), encoded = BUF_INIT(131072);
	struct envelope e = {.source = ENVELOPE_APPEND, .received_ms = loop_now(a->role->ctx->loop).wall_ms, .cid = SLICE("append"),
	                     .hostname = a->role->ctx->config->hostname, .recipients = buf_slice(&a->own), .recipient_count = 1,
	                     .mailbox_id = slice_make(item->mailbox_id, 16), .internal_date = item->internal_date};
	struct ipc_filter_seal request = {.cid = e.cid, .message = item->fd, .facts = -1};

	store_flags_print(a->store, item->flags, &flags);
	e.flags = buf_slice(&flags);
	envelope_encode(&e, &encoded);
	request.envelope = buf_slice(&encoded);
	ipc_request(a->role->ctx->ipc, IPC_FILTER_SEAL, IPC_ANY, &request, on_sealed, p);
	buf_free(&flags);
	buf_free(&encoded);
}

static void append_next(struct mail_append *p)
{
	struct mail_account *a = p->account;

	if (p->at < p->append->count) {
		append_seal(p);
		return;
	}
	store_account_appended(p->append);
	memory_free(p);
	/* An own ref may have been held back meanwhile. */
	mail_arrivals_pull(a);
	mail_account_drop(a);
}

static void append_begin(void *arg)
{
	append_next(arg);
}

void mail_append_start(struct mail_account *a, struct store_append *append)
{
	struct mail_append *p = memory_alloc(sizeof *p);

	*p = (struct mail_append){.account = a, .append = append};
	mail_account_hold(a);
	loop_defer(a->role->ctx->loop, append_begin, p);
}
