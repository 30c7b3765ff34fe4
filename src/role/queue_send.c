/* What goes out: tasks of the schedule become deliveries of relay, their results become marks in the ledger. */
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "queue/memory.h"
#include "queue/notify.h"
#include "role/queue.h"
#include "sys/fault.h"

/* ---- settings ---- */

static void parse_retries(const config_texts *texts, struct schedule_settings *s)
{
	for (size_t i = 0; i < texts->count; i++) {
		struct slice rest = texts->items[i], word;
		while (slice_split(&rest, ' ', &word)) {
			int64_t ms;
			if (word.n > 0 && s->retry_count < SCHEDULE_RETRIES_MAX && config_parse_duration(word, &ms) == 0 && ms > 0)
				s->retry_ms[s->retry_count++] = ms;
		}
	}
	if (s->retry_count == 0)
		s->retry_ms[s->retry_count++] = MINUTES_MS(5);
}

static struct schedule_settings settings_of(const struct config *c)
{
	struct schedule_settings s = {
		.expire_ms = c->relay_expire, .warn_ms = c->relay_warn,
		.per_destination = c->relay_per_destination > 0 && c->relay_per_destination < 1000 ? (unsigned)c->relay_per_destination : 10,
		.running_max = QUEUE_RUNNING_MAX, .random = random_below,
	};
	parse_retries(&c->relay_retry, &s);
	return s;
}

void queue_send_configure(struct queue_role *q)
{
	struct schedule_settings s = settings_of(q->ctx->config);
	schedule_configure(q->schedule, &s);
}

/* ---- messages into the schedule ---- */

static struct slice sender_of(const struct job *job)
{
	static const uint8_t nobody[16];
	if (memcmp(job->sender_account, nobody, sizeof nobody) != 0)
		return slice_make(job->sender_account, sizeof job->sender_account);
	return job->reverse_path;
}

#define CLOCK_STEP_MS SECONDS_MS(30) /* less is a correction of the time server, which moves nothing */

struct part {
	uint16_t recipients[QUEUE_PART_RECIPIENTS];
	size_t count, bytes;
	struct schedule_item item;
};

int64_t queue_schedule_now(struct queue_role *q)
{
	struct moment now = queue_now(q);
	int64_t offset = now.wall_ms - now.mono_ms, step = offset - q->clock_offset_ms;
	if (q->clock_offset_ms != 0 && (step > CLOCK_STEP_MS || step < -CLOCK_STEP_MS))
		schedule_clock_set(q->schedule, step);
	q->clock_offset_ms = offset;
	return now.wall_ms;
}

static void part_flush(struct queue_role *q, struct part *part)
{
	part->item.recipients = part->recipients;
	part->item.recipient_count = part->count;
	if (part->count > 0)
		schedule_add(q->schedule, &part->item, queue_schedule_now(q));
	part->count = part->bytes = 0;
}

static void part_add(struct queue_role *q, struct part *part, const struct ledger_message *m, const struct ledger_recipient *r)
{
	const struct job_recipient *to = &m->job.recipients[r->index];
	size_t bytes = to->address.n + to->original.n + 32;
	if (part->count == QUEUE_PART_RECIPIENTS || (part->count > 0 && part->bytes + bytes > QUEUE_PART_BYTES))
		part_flush(q, part);
	if (part->count == 0) {
		part->item.attempts = r->attempts;
		part->item.due_ms = r->due_ms;
		part->item.warned = r->delay != DELAY_NONE;
	}
	part->bytes += bytes;
	part->recipients[part->count++] = r->index;
}

/* Adds the recipients that share the destination of recipient `first`, unless an earlier one has it. */
static void schedule_destination(struct queue_role *q, const struct ledger_message *m, size_t first)
{
	struct slice destination = m->recipients[first].destination;
	struct part part = {.item = {
		.record = m->record, .destination = destination, .sender = sender_of(&m->job), .created_ms = m->created_ms, .hold = m->hold != 0}};
	for (size_t i = 0; i < m->recipient_count; i++) {
		const struct ledger_recipient *r = &m->recipients[i];
		if (r->state != OUTBOUND_WAIT || !slice_eq(r->destination, destination))
			continue;
		if (i < first)
			return;
		part_add(q, &part, m, r);
	}
	part_flush(q, &part);
}

void queue_send_message(struct queue_role *q, const struct ledger_message *m)
{
	for (size_t i = 0; i < m->recipient_count; i++) {
		if (m->recipients[i].state == OUTBOUND_WAIT)
			schedule_destination(q, m, i);
	}
}

/* ---- marks ---- */

struct marks {
	struct queue_job job;
	struct arena arena;        /* of the marks; op.arena is the ledger's */
	struct ledger_mark *marks;
	size_t count;
};

static bool owes(const struct marks *m, uint64_t *ret_record)
{
	for (size_t i = 0; i < m->count; i++) {
		enum mark_kind kind = m->marks[i].kind;
		*ret_record = m->marks[i].record;
		if (kind == MARK_FAILED || kind == MARK_RELAYED || kind == MARK_DELAY_OWED)
			return true;
	}
	return false;
}

static void on_marked(struct queue_role *q, struct queue_job *job)
{
	struct marks *m = CONTAINER_OF(job, struct marks, job);
	uint64_t record;
	ledger_op_free(&job->op);
	if (job->op.result != QUEUE_OK) { /* what relay did is done: the disk has to hear of it one day */
		list_append(&q->lost_marks, &job->node);
		return;
	}
	FAULT_POINT(marks_committed);
	if (owes(m, &record))
		queue_notice(q, record);
	arena_free(&m->arena);
	memory_free(m);
}

static void marks_submit(struct queue_role *q, struct marks *m)
{
	m->job.done = on_marked;
	m->job.op = (struct ledger_op){.kind = LEDGER_MARK};
	m->job.op.mark.marks = m->marks;
	m->job.op.mark.count = m->count;
	queue_submit(q, &m->job);
}

void queue_send_retry_marks(struct queue_role *q)
{
	while (!list_empty(&q->lost_marks)) {
		struct queue_job *job = LIST_ITEM(q->lost_marks.next, struct queue_job, node);
		list_remove(&job->node);
		marks_submit(q, CONTAINER_OF(job, struct marks, job));
		if (q->full || q->io_failed)
			break; /* one probe a second */
	}
}

void queue_mark(struct queue_role *q, const struct ledger_mark *marks, size_t count)
{
	struct marks *m = memory_alloc(sizeof *m);
	m->marks = arena_alloc_array(&m->arena, count + 1, sizeof *m->marks);
	m->count = count;
	for (size_t i = 0; i < count; i++) {
		m->marks[i] = marks[i];
		m->marks[i].enhanced = arena_dup(&m->arena, marks[i].enhanced);
		m->marks[i].text = arena_dup(&m->arena, marks[i].text);
		m->marks[i].host = arena_dup(&m->arena, marks[i].host);
	}
	marks_submit(q, m);
}

/* Who sends to many addresses that do not exist is looked at (auth/meter.h). */
static void tell_bounced(struct queue_role *q, const struct job *job)
{
	static const uint8_t nobody[16];
	struct ipc_auth_bounced hint = {.count = 1};
	memcpy(hint.account.b, job->sender_account, sizeof hint.account.b);
	if (memcmp(nobody, job->sender_account, sizeof nobody) != 0)
		ipc_request(q->ctx->ipc, IPC_AUTH_BOUNCED, IPC_ANY, &hint, NULL, NULL);
}

enum mark_kind queue_failure_kind(struct queue_role *q, const struct job *job, size_t recipient, struct slice queue_id)
{
	q->bounced++;
	tell_bounced(q, job);
	if (notify_wanted(job, &job->recipients[recipient], OUTCOME_FAILED))
		return MARK_FAILED;
	if (notify_double_bounce(job))
		log_event(EV_QUEUE_BOUNCED, LOG_TEXT("cid", job->cid), LOG_TEXT("id", queue_id), LOG_TEXT("to", job->recipients[recipient].address),
		          LOG_STR("note", "dropped: it has no sender to tell"));
	return MARK_DONE;
}

/* ---- deliveries ---- */

struct delivery {
	struct queue_job job;
	struct queue_role *q;
	enum schedule_action action;
	struct task *task;          /* ours while it runs; NULL for DELAYED */
	struct arena arena;
	uint64_t record;
	const uint16_t *indices;
	size_t count;
	struct slice note;
	struct ledger_message message;
	struct place place;
	struct slice sts;           /* what is remembered of the destination's policy */
	int64_t now_ms;
	char id[QUEUE_ID_SIZE];
	int fd;
	int rc;
	struct error err;
};

static void delivery_free(struct delivery *d)
{
	file_close(&d->fd);
	arena_free(&d->arena);
	memory_free(d);
}

static void log_result(const struct delivery *d, enum log_event event, size_t recipient, const struct delivery_result *r)
{
	const struct job *job = &d->message.job;
	log_event(event, LOG_TEXT("cid", job->cid), LOG_STR("id", d->id), LOG_TEXT("to", job->recipients[recipient].address),
	          LOG_TEXT("host", r->remote_host), LOG_TEXT("tls", r->tls), LOG_NUM("code", r->code), LOG_TEXT("reply", r->text));
}

static struct ledger_mark mark_of(struct delivery *d, size_t recipient, const struct delivery_result *r)
{
	struct queue_role *q = d->q;
	const struct job *job = &d->message.job;
	struct ledger_mark m = {
		.record = d->record, .recipient = (uint16_t)recipient, .kind = MARK_DONE, .tried_ms = queue_now(q).wall_ms,
		.code = r->code, .enhanced = r->enhanced, .text = r->text, .host = r->remote_host,
	};
	switch (r->state) {
	case DELIVERY_RELAYED:
		if (notify_wanted(job, &job->recipients[recipient], OUTCOME_RELAYED))
			m.kind = MARK_RELAYED;
		/* fall through */
	case DELIVERY_DONE:
		q->delivered++;
		log_result(d, EV_QUEUE_DELIVERED, recipient, r);
		break;
	case DELIVERY_TEMPORARY:
		q->deferred++;
		m.kind = MARK_DEFERRED;
		log_result(d, EV_QUEUE_DEFERRED, recipient, r);
		break;
	case DELIVERY_PERMANENT:
		m.kind = queue_failure_kind(q, job, recipient, slice_str(d->id));
		log_result(d, EV_QUEUE_BOUNCED, recipient, r);
		break;
	}
	return m;
}

/* No reply of a peer for any recipient: the destination cannot be reached at all. */
static bool unreachable(const struct delivery_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (results[i].state != DELIVERY_TEMPORARY || results[i].code != 0)
			return false;
	}
	return true;
}

static void delivery_results(struct delivery *d, const struct delivery_result *results)
{
	struct queue_role *q = d->q;
	enum delivery_state states[QUEUE_PART_RECIPIENTS];
	struct ledger_mark marks[QUEUE_PART_RECIPIENTS];
	uint32_t attempts = task_attempts(d->task) + 1;
	for (size_t i = 0; i < d->count; i++) {
		states[i] = results[i].state;
		marks[i] = mark_of(d, d->indices[i], &results[i]);
	}
	int64_t due = schedule_done(q->schedule, d->task, states, unreachable(results, d->count), results[0].text, queue_schedule_now(q));
	for (size_t i = 0; i < d->count; i++) {
		marks[i].attempts = attempts;
		marks[i].due_ms = marks[i].kind == MARK_DEFERRED ? due : 0;
	}
	queue_mark(q, marks, d->count);
	delivery_free(d);
	queue_send_pump(q);
}

static void delivery_put_back(struct delivery *d)
{
	schedule_put_back(d->q->schedule, d->task, QUEUE_PUT_BACK_MS, queue_schedule_now(d->q));
	struct queue_role *q = d->q;
	delivery_free(d);
	queue_send_pump(q);
}

static void fail_all(struct delivery *d, enum delivery_state state, const char *enhanced, const char *text)
{
	struct delivery_result results[QUEUE_PART_RECIPIENTS];
	for (size_t i = 0; i < d->count; i++)
		results[i] = (struct delivery_result){.state = state, .enhanced = slice_str(enhanced), .text = slice_str(text)};
	delivery_results(d, results);
}

static struct slice sts_key(struct delivery *d)
{
	return arena_printf(&d->arena, "sts:%.*s", SLICE_ARG(task_destination(d->task)));
}

static void on_relayed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct delivery *d = arg;
	const struct ipc_relay_deliver_reply *reply = message;
	struct delivery_result results[QUEUE_PART_RECIPIENTS];
	file_close(&d->fd);
	if (outcome != IPC_OK) {
		delivery_put_back(d);
		return;
	}
	if (reply->sts.n > 0 && reply->sts_keep_s > 0)
		queue_memory_put(d->q, sts_key(d), reply->sts, reply->sts_keep_s);
	queue_report_tls(d->q, reply->tls);
	struct slice list = reply->results;
	for (size_t i = 0; i < d->count; i++) {
		if (delivery_result_decode(&list, &results[i]) < 0) {
			log_event(EV_INTERNAL, LOG_STR("error", "relay answered with malformed results"), LOG_STR("id", d->id));
			delivery_put_back(d);
			return;
		}
	}
	delivery_results(d, results);
}

static void relay(struct delivery *d)
{
	struct job job = d->message.job;
	struct buf encoded = BUF_INIT(130000);
	job.recipients = arena_alloc_array(&d->arena, d->count, sizeof *job.recipients);
	job.recipient_count = d->count;
	for (size_t i = 0; i < d->count; i++)
		job.recipients[i] = d->message.job.recipients[d->indices[i]];
	relay_job_encode(task_destination(d->task), &job, &encoded);
	if (encoded.failed) {
		fail_all(d, DELIVERY_PERMANENT, "5.5.3", "too many long addresses");
	} else {
		struct ipc_relay_deliver request = {.job = buf_slice(&encoded), .record = d->fd, .sts = d->sts};
		ipc_request(d->q->ctx->ipc, IPC_RELAY_DELIVER, IPC_ANY, &request, on_relayed, d);
	}
	buf_free(&encoded);
}

static void copy_work(void *arg)
{
	struct delivery *d = arg;
	d->fd = queue_copy_record(d->q->packs, &d->place, &d->err);
}

static void copy_done(void *arg)
{
	struct delivery *d = arg;
	if (d->fd >= 0) {
		relay(d);
		return;
	}
	log_event(EV_STORE_DAMAGED, LOG_STR("id", d->id), LOG_STR("error", d->err.private_text));
	if (d->err.code == ERR_DAMAGED || d->err.code == ERR_NOT_FOUND)
		fail_all(d, DELIVERY_PERMANENT, "5.3.0", "the stored message is damaged");
	else
		delivery_put_back(d);
}

int queue_copy_record(const char *packs, struct place *place, struct error *err)
{
	struct pack_reader *reader = pack_reader_open(packs, 1, err);
	uint64_t size = 0;
	int rc = -1;
	if (reader == NULL)
		return -1;
	if (pack_verify(reader, place, err) == 0 && pack_record_size(reader, place, &size, err) == 0) {
		uint8_t *p = memory_alloc(size ? size : 1);
		rc = pack_read(reader, place, 0, p, size, err);
		if (rc == 0)
			rc = memfd_from_slice("letterlock-record", slice_make(p, size), err);
		memory_free(p);
	}
	pack_reader_close(&reader);
	return rc < 0 ? -1 : rc;
}

/* ---- expiry and delay ---- */

/* What was said last: to this recipient, or to another message for the destination. */
static void last_words(const struct delivery *d, const struct ledger_recipient *r, struct ledger_mark *mark)
{
	mark->code = r->code;
	mark->enhanced = r->enhanced;
	mark->text = r->text.n > 0 ? r->text : d->note;
	mark->host = r->host;
	mark->tried_ms = r->tried_ms;
	mark->attempts = r->attempts;
}

static const struct ledger_recipient *find_recipient(const struct ledger_message *m, uint16_t index)
{
	for (size_t i = 0; i < m->recipient_count; i++) {
		if (m->recipients[i].index == index && m->recipients[i].state == OUTBOUND_WAIT)
			return &m->recipients[i];
	}
	return NULL;
}

static void expire_one(struct delivery *d, uint16_t index, const struct ledger_recipient *r, struct ledger_mark *mark)
{
	const struct job *job = &d->message.job;
	last_words(d, r, mark);
	mark->kind = queue_failure_kind(d->q, job, index, slice_str(d->id));
	log_event(EV_QUEUE_EXPIRED, LOG_TEXT("cid", job->cid), LOG_STR("id", d->id), LOG_TEXT("to", job->recipients[index].address),
	          LOG_NUM("attempts", r->attempts), LOG_TEXT("reply", mark->text));
}

static void delay_one(struct delivery *d, uint16_t index, struct ledger_mark *mark)
{
	const struct job *job = &d->message.job;
	mark->kind = notify_wanted(job, &job->recipients[index], OUTCOME_DELAYED) ? MARK_DELAY_OWED : MARK_DELAY_SENT;
}

/* EXPIRED and DELAYED change rows only. */
static void decide(struct delivery *d)
{
	struct ledger_mark marks[QUEUE_PART_RECIPIENTS];
	size_t count = 0;
	for (size_t i = 0; i < d->count; i++) {
		const struct ledger_recipient *r = find_recipient(&d->message, d->indices[i]);
		struct ledger_mark mark = {.record = d->record, .recipient = d->indices[i]};
		if (r == NULL)
			continue;
		if (d->action == SCHEDULE_EXPIRED)
			expire_one(d, d->indices[i], r, &mark);
		else
			delay_one(d, d->indices[i], &mark);
		marks[count++] = mark;
	}
	if (count > 0)
		queue_mark(d->q, marks, count);
}

static void delivery_end(struct delivery *d)
{
	if (d->task != NULL)
		schedule_remove(d->q->schedule, d->task);
	struct queue_role *q = d->q;
	delivery_free(d);
	queue_send_pump(q);
}

static int load_work(struct ledger *ledger, void *arg, struct error *err)
{
	struct delivery *d = arg;
	int rc = ledger_message_get(ledger, d->record, &d->arena, &d->message, err);
	if (rc == 0)
		rc = ledger_place(ledger, d->record, &d->place, err);
	if (rc == 0 && d->action == SCHEDULE_DELIVER && memory_get(ledger, sts_key(d), d->now_ms, &d->arena, &d->sts, err) < 0)
		d->sts = SLICE_NONE;
	d->rc = rc;
	return rc;
}

static void on_loaded(struct queue_role *q, struct queue_job *job)
{
	struct delivery *d = CONTAINER_OF(job, struct delivery, job);
	if (d->rc < 0) {
		if (d->rc != ERR_NOT_FOUND) /* dropped meanwhile */
			log_event(EV_QUEUE_IO, LOG_STR("error", job->op.err.private_text));
		if (d->rc == ERR_NOT_FOUND || d->action != SCHEDULE_DELIVER)
			delivery_end(d);
		else
			delivery_put_back(d);
		return;
	}
	if (d->action == SCHEDULE_DELIVER) {
		loop_work(q->ctx->loop, copy_work, copy_done, d);
		return;
	}
	decide(d);
	delivery_end(d);
}

static void delivery_begin(struct queue_role *q, enum schedule_action action, struct task *task)
{
	struct delivery *d = memory_alloc(sizeof *d);
	size_t count;
	const uint16_t *indices = task_recipients(task, &count);
	ENSURE(count <= QUEUE_PART_RECIPIENTS);
	d->q = q;
	d->action = action;
	d->task = action == SCHEDULE_DELAYED ? NULL : task;
	d->record = task_record(task);
	d->now_ms = queue_now(q).wall_ms;
	d->fd = -1;
	d->count = count;
	d->indices = (const uint16_t *)(const void *)arena_dup(&d->arena, slice_make(indices, count * sizeof *indices)).p;
	d->note = arena_dup(&d->arena, task_note(task));
	queue_id_format(record_pack(d->record), record_ordinal(d->record), d->id);
	d->job.done = on_loaded;
	d->job.op.kind = LEDGER_CALL;
	d->job.op.call.fn = load_work;
	d->job.op.call.arg = d;
	queue_submit(q, &d->job);
}

void queue_send_pump(struct queue_role *q)
{
	enum schedule_action action;
	struct task *task;
	if (!q->loaded || q->stopping)
		return;
	int64_t now = queue_schedule_now(q);
	while ((action = schedule_next(q->schedule, now, &task)) != SCHEDULE_NOTHING)
		delivery_begin(q, action, task);
	int64_t wait = schedule_wait(q->schedule, now);
	if (wait < 0)
		timer_stop(q->send_timer);
	else
		timer_start(q->send_timer, wait > 0 && wait < MINUTES_MS(10) ? wait : wait == 0 ? 1 : MINUTES_MS(10));
}

static void on_send_timer(void *arg)
{
	queue_send_pump(arg);
}

void queue_send_setup(struct queue_role *q)
{
	struct schedule_settings s = settings_of(q->ctx->config);
	q->schedule = schedule_create(&s);
	q->send_timer = timer_create_on(q->ctx->loop, on_send_timer, q);
}
