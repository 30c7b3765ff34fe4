/* The role audit: takes the records of all processes, numbers them, and answers when they are durable. */
#include "role/audit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/slab.h"
#include "sys/fault.h"

enum append_status { APPEND_OK = 0, APPEND_LATER = 1 };

struct audit_waiting {
	struct audit_waiting *next;
	struct ipc_call *call;
	struct audit_sender *sender;
	uint64_t below;
};

static void commit(struct audit_role *a);

int64_t audit_now_ms(const struct audit_role *a)
{
	return loop_now(a->ctx->loop).mono_ms;
}

/* ---- batches ---- */

static struct audit_batch *batch_new(struct audit_role *a)
{
	struct audit_batch *b = memory_alloc(sizeof *b);
	b->role = a;
	audit_group_init(&b->group);
	return b;
}

static void answer_calls(struct audit_batch *b, enum append_status status)
{
	while (b->calls != NULL) {
		struct audit_waiting *w = b->calls;
		b->calls = w->next;
		if (status == APPEND_OK && w->sender->durable < w->below)
			w->sender->durable = w->below;
		ipc_reply(w->call, &(struct ipc_audit_append_reply){.status = (uint8_t)status, .below = w->sender->durable});
		memory_free(w);
	}
}

static void batch_free(struct audit_batch *b)
{
	audit_group_free(&b->group);
	memory_free(b);
}

/* ---- taking records ---- */

/* Prints the record behind the ones that gather. */
static void add_event(struct audit_role *a, const struct audit_origin *origin, const struct audit_event *event)
{
	struct buf text = BUF_INIT(AUDIT_TEXT_MAX);
	uint8_t salt[AUDIT_SALT_SIZE];
	random_bytes(salt, sizeof salt);
	audit_record_print(a->next, origin, salt, event, &text);
	ENSURE(!text.failed);
	audit_group_add(&a->gathering->group, buf_slice(&text), event->wall_ms);
	audit_metrics_count(a->metrics, event);
	a->next++;
	a->records++;
	buf_free(&text);
}

/* Runs of processes that ended long ago; those that live come back with their next number. */
static void forget_idle_senders(struct audit_role *a)
{
	MAP_FOREACH(entry, &a->senders) {
		struct audit_sender *s = entry->value;
		if (s->queued != s->durable)
			continue;
		map_remove(&a->senders, map_entry_key(entry));
		memory_free(s);
	}
}

static struct audit_sender *sender_get(struct audit_role *a, uint64_t start, uint64_t first)
{
	struct audit_sender *s = map_get(&a->senders, map_key_u64(&start));
	if (s != NULL)
		return s;
	if (a->senders.count >= AUDIT_SENDERS_MAX)
		forget_idle_senders(a);
	s = memory_alloc(sizeof *s);
	*s = (struct audit_sender){.start = start, .queued = first, .durable = first};
	map_put(&a->senders, map_key_u64(&start), s);
	return s;
}

/* The numbers of a batch are what they should be, and every record can be read. */
static bool batch_is_sound(const struct ipc_audit_append *r)
{
	struct slice in = r->records;
	struct audit_event e;
	if (r->count == 0 || r->first > UINT64_MAX - r->count)
		return false;
	for (uint32_t i = 0; i < r->count; i++)
		if (audit_event_decode(&in, &e) < 0 || e.number != r->first + i)
			return false;
	return in.n == 0;
}

static void take_records(struct audit_role *a, const struct ipc_audit_append *r, const struct audit_origin *origin, struct audit_sender *s)
{
	struct slice in = r->records;
	struct audit_event e;
	for (uint32_t i = 0; i < r->count; i++) {
		ENSURE(audit_event_decode(&in, &e) == 0);
		if (e.number < s->queued)
			a->duplicates++;
		else
			add_event(a, origin, &e);
	}
	if (s->queued < r->first + r->count)
		s->queued = r->first + r->count;
}

static void wait_for_commit(struct audit_role *a, struct ipc_call *call, struct audit_sender *s, bool urgent)
{
	if (s->durable == s->queued) {
		ipc_reply(call, &(struct ipc_audit_append_reply){.status = APPEND_OK, .below = s->durable});
		return;
	}
	struct audit_waiting *w = memory_alloc(sizeof *w);
	*w = (struct audit_waiting){a->gathering->calls, call, s, s->queued};
	a->gathering->calls = w;
	a->gathering->urgent |= urgent;
	if (a->gathering->urgent || buf_len(&a->gathering->group.records) > AUDIT_GROUP_WAIT_BYTES)
		commit(a);
	else if (a->writing == NULL)
		timer_start(a->gather, AUDIT_GATHER_MS);
}

static void refuse(struct audit_role *a, struct ipc_call *call)
{
	a->refused++;
	ipc_reply(call, &(struct ipc_audit_append_reply){.status = APPEND_LATER});
}

static void on_append(void *arg, struct ipc_call *call, const void *message)
{
	struct audit_role *a = arg;
	const struct ipc_audit_append *r = message;
	unsigned instance;
	enum role role = ipc_call_sender(call, &instance);
	struct audit_origin origin = {role_name(role), instance, r->start};
	if (a->broken || a->stopping || buf_len(&a->gathering->group.records) > AUDIT_GROUP_WAIT_BYTES) {
		refuse(a, call);
		return;
	}
	struct audit_sender *s = sender_get(a, r->start, r->first);
	if (r->first > s->queued) {
		refuse(a, call); /* what is before it was refused; it comes again, in order */
		return;
	}
	if (batch_is_sound(r)) {
		take_records(a, r, &origin, s);
	} else {
		/* It would be sent for ever; that something was there is recorded. */
		log_event(EV_AUDIT_LOST, LOG_STR("peer", origin.role), LOG_NUM("instance", instance), LOG_NUM("count", r->count));
		s->queued = r->first + r->count;
	}
	wait_for_commit(a, call, s, r->urgent);
}

/* ---- our own events ---- */

static void on_own_event(void *arg, enum log_event event, const struct log_field *fields)
{
	struct audit_role *a = arg;
	struct audit_origin origin = {role_name(ROLE_AUDIT), a->ctx->index, a->own.start};
	struct buf wire = BUF_INIT(AUDIT_WIRE_MAX);
	struct audit_event e;
	if (a->broken || buf_len(&a->gathering->group.records) > 2 * AUDIT_GROUP_WAIT_BYTES)
		return;
	audit_event_encode(a->own.queued, loop_now(a->ctx->loop).wall_ms, event, fields, &wire);
	struct slice in = buf_slice(&wire);
	if (audit_event_decode(&in, &e) == 0) {
		add_event(a, &origin, &e);
		a->own.queued++;
		if (a->writing == NULL)
			timer_start(a->gather, AUDIT_GATHER_MS);
	}
	buf_free(&wire);
}

/* ---- writing ---- */

static void write_work(void *arg)
{
	struct audit_batch *b = arg;
	b->rc = audit_store_append(b->role->store, &b->group, &b->err);
}

/* Nothing of it is on the disk: who sent it sends it again. */
static void forget_queued(struct audit_role *a)
{
	a->next = audit_store_size(a->store);
	MAP_FOREACH(entry, &a->senders) {
		struct audit_sender *s = entry->value;
		s->queued = s->durable;
	}
	a->own.queued = a->own.durable;
}

static void fail(struct audit_role *a, struct audit_batch *b)
{
	bool first = a->failing_since == 0;
	answer_calls(b, APPEND_LATER);
	answer_calls(a->gathering, APPEND_LATER);
	batch_free(a->gathering);
	a->gathering = batch_new(a);
	forget_queued(a);
	snprintf(a->why, sizeof a->why, "%s", b->err.private_text);
	if (!first)
		return;
	a->failing_since = audit_now_ms(a);
	log_event(EV_AUDIT_FAILED, LOG_STR("error", b->err.private_text), LOG_STR("effect", "administrative acts are refused"));
}

static void recover(struct audit_role *a)
{
	int64_t ms = audit_now_ms(a) - a->failing_since;
	if (a->failing_since == 0)
		return;
	a->failing_since = 0;
	a->why[0] = 0;
	log_event(EV_AUDIT_RECOVERED, LOG_NUM("ms", ms));
}

static void stop_when_done(struct audit_role *a);

static void write_done(void *arg)
{
	struct audit_batch *b = arg;
	struct audit_role *a = b->role;
	a->writing = NULL;
	if (b->rc == 0) {
		FAULT_POINT(audit_synced);
		audit_store_publish(a->store, &b->group);
		a->groups++;
		a->own.durable = a->own.queued; /* those that gather now are no more than a few, and nobody waits for them */
		answer_calls(b, APPEND_OK);
		recover(a);
	} else if (b->rc == ERR_NO_SPACE) {
		fail(a, b);
	} else {
		/* What is on the disk is not known: we begin anew and look. */
		log_event(EV_INTERNAL, LOG_STR("what", "audit log"), LOG_STR("error", b->err.private_text));
		_exit(1);
	}
	batch_free(b);
	if (a->gathering->urgent || a->gathering->calls != NULL || a->gathering->group.count > 0)
		timer_start(a->gather, a->failing_since != 0 ? AUDIT_FULL_RETRY_MS : a->gathering->urgent ? 0 : AUDIT_GATHER_MS);
	stop_when_done(a);
}

static void commit(struct audit_role *a)
{
	struct audit_batch *b = a->gathering;
	if (a->writing != NULL || a->broken)
		return;
	timer_stop(a->gather);
	if (b->group.count == 0) {
		answer_calls(b, APPEND_OK); /* all of it is there already */
		b->urgent = false;
		return;
	}
	a->writing = b;
	a->gathering = batch_new(a);
	loop_work(a->ctx->loop, write_work, write_done, b);
}

static void on_gather(void *arg)
{
	commit(arg);
}

/* ---- opening ---- */

/* So that a record which was acknowledged, or was about to be, is not taken a second time. */
static int remember_sender(void *arg, const struct audit_item *item)
{
	struct audit_role *a = arg;
	struct arena arena = ARENA_INIT;
	struct audit_record r;
	int rc = 0;
	if (item->text.n == 0)
		return 0;
	if (audit_record_parse(item->text, &arena, &r) == 0) {
		struct audit_sender *s = sender_get(a, r.start, r.number);
		s->queued = s->durable = r.number + 1;
	} else {
		rc = ERR_DAMAGED;
	}
	arena_free(&arena);
	return rc;
}

static int get_key(struct audit_role *a, uint8_t key[AUDIT_STORE_KEY_SIZE], struct error *err)
{
	struct ipc_key_database request = {.name = SLICE("audit")};
	struct ipc_key_database_reply reply;
	uint8_t storage[256];
	enum ipc_outcome outcome = ipc_request_sync(a->ctx->ipc, IPC_KEY_DATABASE, &request, &reply, storage, sizeof storage);
	if (outcome != IPC_OK || reply.status != 0)
		return error_set(err, ERR_TEMPORARY, "key did not give the key of the audit log");
	memcpy(key, reply.key.b, AUDIT_STORE_KEY_SIZE);
	secret_wipe(&reply, sizeof reply);
	secret_wipe(storage, sizeof storage);
	return 0;
}

static int open_store(struct audit_role *a, struct audit_opened *opened, struct error *err)
{
	uint8_t key[AUDIT_STORE_KEY_SIZE];
	int rc = get_key(a, key, err);
	if (rc == 0)
		rc = audit_store_open(a->directory, key, remember_sender, a, &a->store, opened, err);
	secret_wipe(key, sizeof key);
	if (rc == 0)
		a->next = opened->size;
	return rc;
}

static int audit_start(struct role_context *ctx, struct error *err)
{
	struct audit_role *a = memory_alloc(sizeof *a);
	struct audit_opened opened = {0};
	crypt_init();
	json_object_seed(0); /* before the jail closes: it reads the system's random source */
	ctx->state = a;
	a->ctx = ctx;
	a->metrics = audit_metrics_create();
	a->gathering = batch_new(a);
	random_bytes(&a->own.start, sizeof a->own.start);
	snprintf(a->directory, sizeof a->directory, "%s/" ROLE_DIR_AUDIT, ctx->data_dir);
	a->gather = timer_create_on(ctx->loop, on_gather, a);
	int rc = open_store(a, &opened, err);
	if (rc == 0)
		rc = audit_heads_open(a, err);
	if (rc == 0)
		rc = audit_feed_open(a, err);
	if (rc < 0)
		return rc;
	log_set_audit(on_own_event, a);
	if (opened.cut > 0)
		log_event(EV_AUDIT_CUT, LOG_NUM("bytes", opened.cut));
	log_event(EV_AUDIT_OPENED, LOG_NUM("size", opened.size));
	ipc_handle(ctx->ipc, IPC_AUDIT_APPEND, on_append, a);
	audit_admin_setup(a);
	audit_feed_setup(a);
	audit_tidy_setup(a);
	return 0;
}

static void audit_run(struct role_context *ctx)
{
	audit_heads_run(ctx->state);
}

static void audit_reload(struct role_context *ctx)
{
	audit_heads_reload(ctx->state);
}

/* ---- the end ---- */

static void on_last_head(void *arg, const struct audit_signed *head)
{
	struct audit_role *a = arg;
	(void)head;
	role_stopped(a->ctx);
}

static void stop_when_done(struct audit_role *a)
{
	if (!a->stopping || a->closing || a->writing != NULL)
		return;
	if (a->gathering->group.count > 0 && a->failing_since == 0 && !a->broken) {
		commit(a);
		return;
	}
	a->closing = true;
	audit_head_get(a, on_last_head, a);
}

static void on_stop_later(void *arg)
{
	struct audit_role *a = arg;
	a->stopping = true;
	stop_when_done(a);
}

static void audit_stop(struct role_context *ctx)
{
	struct audit_role *a = ctx->state;
	log_set_audit(NULL, NULL);
	timer_stop(a->tidy);
	/* The last words of those who ended before us may still be in their sockets: they are read first. */
	struct timer *t = timer_create_on(ctx->loop, on_stop_later, a);
	timer_start(t, AUDIT_GATHER_MS);
}

/* ---- status ---- */

static void audit_status(struct role_context *ctx, struct buf *out)
{
	const struct audit_role *a = ctx->state;
	const struct audit_signed *head = a->head_count > 0 ? &a->heads[a->head_count - 1] : NULL;
	buf_printf(out, "\"size\":%llu,\"groups\":%llu,\"records\":%llu,\"duplicates\":%llu,\"refused\":%llu,\"senders\":%zu,\"writable\":%s",
		(unsigned long long)audit_store_size(a->store), (unsigned long long)a->groups, (unsigned long long)a->records,
		(unsigned long long)a->duplicates, (unsigned long long)a->refused, a->senders.count,
		a->failing_since == 0 && !a->broken ? "true" : "false");
	buf_printf(out, ",\"broken\":%s,\"head_size\":%llu,\"head_time\":%lld", a->broken ? "true" : "false",
		head != NULL ? (unsigned long long)head->size : 0, head != NULL ? (long long)head->time : 0);
	buf_printf(out, ",\"outside\":%s,\"cosigned_size\":%llu,\"cosigned_time\":%lld,\"stamped_size\":%llu,\"stamped_time\":%lld",
		audit_has_outside(a) ? "true" : "false", (unsigned long long)a->cosigned_size, (long long)a->cosigned_time,
		(unsigned long long)a->stamped_size, (long long)a->stamped_time);
	buf_printf(out, ",\"chain_ok\":%d", a->failing_since == 0 && !a->broken);
	for (enum log_class c = LOG_CLASS_NONE + 1; c < LOG_CLASS_COUNT; c++)
		buf_printf(out, ",\"events_%s\":%llu", log_class_name(c), (unsigned long long)audit_metrics_class(a->metrics, c));
	audit_feed_status(a, out);
}

const struct role_ops role_audit = {.start = audit_start, .run = audit_run, .reload = audit_reload, .stop = audit_stop, .status = audit_status};
