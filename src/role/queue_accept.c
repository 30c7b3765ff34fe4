/* What comes in: records, questions for room and arrivals, and the end of references. */
#include <string.h>
#include <unistd.h>
#include "auth/auth.h"
#include "base/log.h"
#include "base/memory.h"
#include "queue/bundle.h"
#include "queue/disk.h"
#include "queue/submission.h"
#include "role/queue.h"
#include "sys/fault.h"

#define RECORD_SLACK (16u << 20) /* a record is at most twice the message and this */

struct accept {
	struct queue_job job;
	struct ipc_call *call;      /* NULL: from inside */
	struct file_map map, more;  /* more: the bundle that came with it (queue/bundle.h) */
	struct job_submission submission; /* its writer follows it */
	uint8_t submitter[16];
	uint8_t submission_data[JOB_DATA_MAX];
	struct follower *followers;
	size_t follower_count, left; /* left: of it and its followers, those that are not done */
	struct ledger_mark *marks;
	queue_accepted_fn *fn;
	queue_held_fn *held_fn;     /* of what is let out of quarantine */
	void *arg;
};
/* A letter of a bundle. */
struct follower {
	struct queue_job job;
	struct accept *lead;
};

/* The group is written as a whole, but told one by one: what followers stand in goes with the last of them. */
static void accept_done(struct accept *a)
{
	if (--a->left > 0)
		return;
	for (size_t i = 0; i < a->follower_count; i++)
		ledger_op_free(&a->followers[i].job.op);
	ledger_op_free(&a->job.op);
	file_unmap(&a->map);
	file_unmap(&a->more);
	memory_free(a->followers);
	memory_free(a->marks);
	memory_free(a);
}

void queue_accept_tell(struct queue_role *q)
{
	unsigned shards = ipc_instances(q->ctx->ipc, ROLE_MAIL);
	for (size_t i = 0; i < q->hint_count && shards > 0; i++) {
		const struct ledger_hint *hint = &q->hints[i];
		struct ipc_mail_hint request = {.seq = hint->seq, .arrival = hint->arrival};
		memcpy(request.account.b, hint->account, sizeof request.account.b);
		ipc_request(q->ctx->ipc, IPC_MAIL_HINT, auth_shard(hint->account, shards), &request, NULL, NULL);
	}
	q->hint_count = 0;
}

/* Several letters of one group for one reader are one hint: that of the newest. */
static void hint_add(struct queue_role *q, const struct ledger_hint *hint)
{
	size_t i = 0;
	while (i < q->hint_count && memcmp(q->hints[i].account, hint->account, sizeof hint->account) != 0)
		i++;
	if (i == QUEUE_HINTS_MAX) {
		queue_accept_tell(q);
		i = 0;
	}
	if (i == q->hint_count)
		q->hints[q->hint_count++] = *hint;
	else if (q->hints[i].seq < hint->seq)
		q->hints[i].seq = hint->seq;
	q->hints[i].arrival |= hint->arrival;
}

static void hint_readers(struct queue_role *q, const struct ledger_op *op)
{
	for (size_t i = 0; i < op->accept.hint_count; i++)
		hint_add(q, &op->accept.hints[i]);
}

/* The operation whose id stands for all; NULL: nothing was written. */
static const struct ledger_op *first_written(const struct accept *a)
{
	if (!a->job.op.accept.empty)
		return &a->job.op;
	for (size_t i = 0; i < a->follower_count; i++)
		if (!a->followers[i].job.op.accept.skipped)
			return &a->followers[i].job.op;
	return NULL;
}

static void reply_accept(struct accept *a)
{
	const struct ledger_op *op = first_written(a);
	struct ipc_queue_accept_reply reply = {.result = (uint8_t)a->job.op.result};
	char id[QUEUE_ID_SIZE];
	if (a->job.op.result == QUEUE_OK && op != NULL) {
		queue_id_format(op->accept.place.pack, op->accept.place.ordinal, id);
		reply.queue_id = slice_str(id);
		reply.seq = op->accept.own_seq;
		reply.pack = op->accept.place.pack;
		reply.ordinal = op->accept.place.ordinal;
		reply.offset = op->accept.place.offset;
	}
	ipc_reply(a->call, &reply);
}

static void tell_quarantined(const struct ledger_op *op)
{
	const struct job *job = &op->accept.message.job;
	char id[QUEUE_ID_SIZE];
	if (job->held.n == 0)
		return;
	queue_id_format(op->accept.place.pack, op->accept.place.ordinal, id);
	log_event(EV_QUARANTINE_HELD, LOG_STR("mid", id), LOG_TEXT("cid", job->cid), LOG_TEXT("from", job->reverse_path), LOG_TEXT("what", job->held));
}

static void tell_held(struct queue_role *q, const struct accept *a)
{
	const struct ledger_op *op = &a->job.op;
	char id[QUEUE_ID_SIZE];
	queue_id_format(op->accept.place.pack, op->accept.place.ordinal, id);
	a->held_fn(q, a->arg, op->result, op->result == QUEUE_OK ? slice_str(id) : SLICE_NONE);
}

static void go_on(struct queue_role *q, const struct ledger_op *op)
{
	q->accepted++;
	queue_later_note(q, &op->accept.message.job);
	tell_quarantined(op);
	hint_readers(q, op);
	if (op->accept.has_message) {
		queue_send_message(q, &op->accept.message);
		if (queue_message_owes(&op->accept.message))
			queue_notice(q, op->accept.message.record);
		queue_send_pump(q);
	}
}

static void on_follower(struct queue_role *q, struct queue_job *job)
{
	struct follower *f = CONTAINER_OF(job, struct follower, job);
	if (job->op.result == QUEUE_OK && !job->op.accept.skipped)
		go_on(q, &job->op);
	else if (job->op.result == QUEUE_REFUSED)
		log_event(EV_INTERNAL, LOG_STR("error", job->op.err.private_text));
	accept_done(f->lead);
}

static void on_accepted(struct queue_role *q, struct queue_job *job)
{
	struct accept *a = CONTAINER_OF(job, struct accept, job);
	const struct ledger_op *op = &job->op;
	if (a->call != NULL)
		reply_accept(a);
	if (op->result == QUEUE_OK && !op->accept.empty) {
		go_on(q, op);
	} else if (op->result == QUEUE_REFUSED && op->accept.held == 0) {
		log_event(EV_INTERNAL, LOG_STR("error", op->err.private_text));
	}
	if (a->fn != NULL)
		a->fn(q, a->arg, op->result);
	if (a->held_fn != NULL)
		tell_held(q, a);
	accept_done(a);
}

/* Takes the descriptor over; without one, copies `small`. */
static int accept_begin(struct queue_role *q, int fd, struct slice small, struct accept **ret, struct error *err)
{
	struct accept *a = memory_alloc(sizeof *a);
	uint64_t max = 2 * q->ctx->config->message_size + RECORD_SLACK;
	int rc = 0;
	if (fd < 0 && small.n == 0) {
		a->job.op.accept.empty = true;
	} else if (fd < 0) {
		a->map.copy = memory_dup_str(small);
		a->map.content = slice_make(a->map.copy, small.n);
	} else {
		rc = memfd_map(fd, max < PACK_RECORD_MAX ? max : PACK_RECORD_MAX, &a->map, err);
	}
	if (fd >= 0)
		close(fd);
	if (rc < 0) {
		memory_free(a);
		return rc;
	}
	a->left = 1;
	a->job.done = on_accepted;
	a->job.bytes = a->map.content.n;
	a->job.op.kind = LEDGER_ACCEPT;
	a->job.op.accept.record = a->map.content;
	*ret = a;
	return 0;
}

/* The letters of the bundle follow the first one. Takes the descriptor over. */
static int accept_more(struct queue_role *q, struct accept *a, int fd, struct error *err)
{
	struct bundle bundle;
	struct bundle_letter letter;
	uint64_t max = 2 * q->ctx->config->message_size + RECORD_SLACK;
	int rc = memfd_map(fd, max * 4, &a->more, err);
	close(fd);
	if (rc == 0 && bundle_open(a->more.content, q->ctx->boot_secret, &bundle) < 0)
		rc = error_set(err, ERR_DENIED, "the bundle is not of filter");
	if (rc < 0)
		return rc;
	a->job.op.accept.claims = bundle.claims;
	a->followers = memory_alloc_array(bundle.letter_count + 1, sizeof *a->followers);
	while (a->follower_count < bundle.letter_count && bundle_next_letter(&bundle.letters, &letter)) {
		struct follower *f = &a->followers[a->follower_count++];
		f->lead = a;
		f->job.done = on_follower;
		f->job.bytes = letter.record.n;
		f->job.op.kind = LEDGER_ACCEPT;
		f->job.op.accept.record = letter.record;
		f->job.op.accept.lead = &a->job.op;
		f->job.op.accept.once = letter.once;
		f->job.op.accept.once_keep_s = letter.once_keep_s;
	}
	a->job.followers = a->follower_count;
	a->left += a->follower_count;
	return 0;
}

static void submit(struct queue_role *q, struct accept *a)
{
	queue_submit(q, &a->job);
	for (size_t i = 0; i < a->follower_count; i++)
		queue_submit(q, &a->followers[i].job);
}

/* Of a letter that somebody of the shard sends. */
static int accept_followed(struct accept *a, struct slice submission, struct error *err)
{
	struct job_submission *s = &a->submission;
	if (submission_request_decode(submission, a->submitter, s) < 0)
		return error_set(err, ERR_INVALID, "a malformed submission");
	memcpy(a->submission_data, s->data.p, s->data.n);
	s->data = slice_make(a->submission_data, s->data.n);
	a->job.op.accept.submission = s;
	a->job.op.accept.submitter = a->submitter;
	return 0;
}

static int accept_open(struct queue_role *q, const struct ipc_queue_accept *request, struct accept **ret, struct error *err)
{
	bool nothing = request->record < 0 && request->small.n == 0 && request->more < 0 && request->submission.n == 0;
	int rc = nothing ? error_set(err, ERR_INVALID, "nothing to accept") :
	         accept_begin(q, request->record, request->small, ret, err);
	if (rc < 0) {
		if (request->more >= 0)
			close(request->more);
		return rc;
	}
	if (request->submission.n > 0 && (rc = accept_followed(*ret, request->submission, err)) < 0 && request->more >= 0)
		close(request->more);
	if (rc == 0 && request->more >= 0)
		rc = accept_more(q, *ret, request->more, err);
	if (rc < 0) {
		(*ret)->left = 1;
		accept_done(*ret);
	}
	return rc;
}

/* Only `mail` follows letters, and only for accounts of its own buckets. */
static bool may_follow(const struct queue_role *q, const struct ipc_call *call, struct slice submission)
{
	struct job_submission s;
	unsigned index = 0;
	uint8_t account[16];
	return submission.n == 0 || (ipc_call_sender(call, &index) == ROLE_MAIL && submission_request_decode(submission, account, &s) == 0 &&
		auth_shard(account, ipc_instances(q->ctx->ipc, ROLE_MAIL)) == index);
}

static void handle_accept(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_accept *request = message;
	struct error err = {0};
	struct accept *a;
	if (q->stopping || !may_follow(q, call, request->submission)) {
		if (request->record >= 0)
			close(request->record);
		if (request->more >= 0)
			close(request->more);
		ipc_reply(call, &(struct ipc_queue_accept_reply){.result = QUEUE_ERROR});
		return;
	}
	if (accept_open(q, request, &a, &err) < 0) {
		log_event(EV_INTERNAL, LOG_TEXT("cid", request->cid), LOG_STR("error", err.private_text));
		ipc_reply(call, &(struct ipc_queue_accept_reply){.result = QUEUE_REFUSED});
		return;
	}
	a->call = call;
	submit(q, a);
}

void queue_accept_own(struct queue_role *q, int record, const struct ledger_mark *marks, size_t mark_count, queue_accepted_fn *fn, void *arg)
{
	struct accept *a;
	struct error err = {0};
	if (accept_begin(q, record, SLICE_NONE, &a, &err) < 0) {
		log_event(EV_INTERNAL, LOG_STR("error", err.private_text));
		fn(q, arg, QUEUE_REFUSED);
		return;
	}
	a->marks = memory_alloc_array(mark_count + 1, sizeof *a->marks);
	memcpy(a->marks, marks, mark_count * sizeof *a->marks);
	a->job.op.accept.marks = a->marks;
	a->job.op.accept.mark_count = mark_count;
	a->fn = fn;
	a->arg = arg;
	queue_submit(q, &a->job);
}

void queue_accept_held(struct queue_role *q, uint64_t record, uint64_t size, bool look, queue_held_fn *fn, void *arg)
{
	struct accept *a = memory_alloc(sizeof *a);
	a->left = 1;
	a->job.done = on_accepted;
	a->job.bytes = size;
	a->job.op.kind = LEDGER_ACCEPT;
	a->job.op.accept.held = record;
	a->job.op.accept.look = look;
	a->held_fn = fn;
	a->arg = arg;
	queue_submit(q, &a->job);
}

/* ---- room ---- */

struct room {
	struct queue_job job;
	struct ipc_call *call;
	uint64_t limit, size;
};

static void on_room(struct queue_role *q, struct queue_job *job)
{
	struct room *r = CONTAINER_OF(job, struct room, job);
	const struct ledger_op *op = &job->op;
	struct ipc_queue_room_reply reply = {.result = (uint8_t)op->result, .used = op->room.used, .count = op->room.count};
	bool over = r->limit > 0 && (op->room.used > r->limit || r->size > r->limit - op->room.used);
	if (op->result == QUEUE_OK && over)
		reply.result = QUEUE_QUOTA;
	ipc_reply(r->call, &reply);
	ledger_op_free(&job->op);
	memory_free(r);
}

static void handle_room(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_room *request = message;
	static const uint8_t nobody[16];
	struct ipc_queue_room_reply reply = {.result = QUEUE_OK};
	if (q->full || !disk_has_room(disk_available(q->spool), q->prepared, request->size))
		reply.result = QUEUE_FULL;
	if (reply.result != QUEUE_OK || memcmp(request->account.b, nobody, sizeof nobody) == 0) {
		ipc_reply(call, &reply);
		return;
	}
	struct room *r = memory_alloc(sizeof *r);
	r->call = call;
	r->limit = request->limit;
	r->size = request->size;
	r->job.done = on_room;
	r->job.op.kind = LEDGER_ROOM;
	memcpy(r->job.op.room.account, request->account.b, sizeof r->job.op.room.account);
	queue_submit(q, &r->job);
}

/* ---- arrivals ---- */

/* A shard asks for the accounts of its buckets only; what it says of others is refused. */
static bool speaks_for(const struct queue_role *q, const struct ipc_call *call, const ipc_id *account)
{
	unsigned index = 0;
	(void)ipc_call_sender(call, &index);
	return auth_shard(account->b, ipc_instances(q->ctx->ipc, ROLE_MAIL)) == index;
}

struct ask {
	struct queue_job job;
	struct ipc_call *call;
	struct slice seqs;         /* unref: owned copy */
};

static void on_arrivals(struct queue_role *q, struct queue_job *job)
{
	struct ask *a = CONTAINER_OF(job, struct ask, job);
	struct ipc_queue_arrivals_reply reply = {.result = (uint8_t)job->op.result};
	if (job->op.result == QUEUE_OK) {
		reply.more = job->op.arrivals.more;
		reply.next = job->op.arrivals.next_seq;
		reply.list = buf_slice(&job->op.arrivals.list);
	}
	ipc_reply(a->call, &reply);
	ledger_op_free(&job->op);
	memory_free(a);
}

static void handle_arrivals(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_arrivals *request = message;
	if (!speaks_for(q, call, &request->account)) {
		ipc_reply(call, &(struct ipc_queue_arrivals_reply){.result = QUEUE_REFUSED});
		return;
	}
	struct ask *a = memory_alloc(sizeof *a);
	a->call = call;
	a->job.done = on_arrivals;
	a->job.op.kind = LEDGER_ARRIVALS;
	memcpy(a->job.op.arrivals.account, request->account.b, sizeof a->job.op.arrivals.account);
	a->job.op.arrivals.after = request->after;
	a->job.op.arrivals.limit = request->limit;
	queue_submit(q, &a->job);
}

static void on_unref(struct queue_role *q, struct queue_job *job)
{
	struct ask *a = CONTAINER_OF(job, struct ask, job);
	struct ipc_queue_unref_reply reply = {.result = (uint8_t)job->op.result, .kept = job->op.unref.kept};
	ipc_reply(a->call, &reply);
	ledger_op_free(&job->op);
	memory_free((void *)(uintptr_t)a->seqs.p);
	memory_free(a);
}

static void handle_unref(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_unref *request = message;
	if (!speaks_for(q, call, &request->account)) {
		ipc_reply(call, &(struct ipc_queue_unref_reply){.result = QUEUE_REFUSED});
		return;
	}
	struct ask *a = memory_alloc(sizeof *a);
	a->call = call;
	a->seqs = slice_make(memory_dup_str(request->seqs), request->seqs.n);
	a->job.done = on_unref;
	a->job.op.kind = LEDGER_UNREF;
	memcpy(a->job.op.unref.account, request->account.b, sizeof a->job.op.unref.account);
	a->job.op.unref.how = request->how <= QUEUE_UNREF_KEEP ? (enum queue_unref)request->how : QUEUE_UNREF_DROP;
	a->job.op.unref.seqs = a->seqs;
	queue_submit(q, &a->job);
}

void queue_accept_setup(struct queue_role *q)
{
	ipc_handle(q->ctx->ipc, IPC_QUEUE_ACCEPT, handle_accept, q);
	ipc_handle(q->ctx->ipc, IPC_QUEUE_ROOM, handle_room, q);
	ipc_handle(q->ctx->ipc, IPC_QUEUE_ARRIVALS, handle_arrivals, q);
	ipc_handle(q->ctx->ipc, IPC_QUEUE_UNREF, handle_unref, q);
}
