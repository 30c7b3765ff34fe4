/* One job: the data key, the hops in turn, a result for every recipient. */
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "role/relay.h"
#include "queue/memory.h"
#include "smtp/path.h"
#include "sys/fault.h"
#include "trust/tlsrpt.h"

#define KEY_RETRY_MS 200
#define RECORD_MAX (1ull << 31)
#define RESULT_TEXT_MAX 500
#define RESULT_FIXED_MAX 120   /* of one result besides host and text */
#define HOST_TEXT_MAX 80       /* in a result when there are many */
#define RESULTS_MAX 120000     /* below the maximum of RELAY_DELIVER */

static struct slice printable(struct arena *arena, struct slice text, size_t max)
{
	struct slice copy = arena_dup(arena, utf8_prefix(text, max));
	for (size_t i = 0; i < copy.n; i++) {
		uint8_t *c = (uint8_t *)copy.p + i;
		*c = *c < ' ' || *c == 0x7f ? ' ' : *c;
	}
	return copy;
}

static enum delivery_state state_of(const struct smtp_reply *reply, bool dsn)
{
	if (reply->code >= 200 && reply->code < 400)
		return dsn ? DELIVERY_DONE : DELIVERY_RELAYED;
	/* RFC 5321 4.5.3.1.10: an old way to say "too many recipients". */
	if (reply->code == 552 && slice_eq(reply->enhanced, SLICE("5.5.3")))
		return DELIVERY_TEMPORARY;
	return reply->code >= 500 ? DELIVERY_PERMANENT : DELIVERY_TEMPORARY;
}

static void result_set(struct relay_delivery *d, size_t index, const struct smtp_reply *reply, struct slice host, struct slice tls)
{
	struct delivery_result *r = &d->results[index];
	bool dsn = d->link != NULL && relay_link_has_dsn(d->link);
	if (r->state != 0)
		return;
	*r = (struct delivery_result){.state = state_of(reply, dsn), .code = reply->code, .remote_host = host, .tls = tls};
	r->enhanced = arena_dup(&d->arena, reply->enhanced);
	r->text = printable(&d->arena, reply->text, RESULT_TEXT_MAX);
	if (d->probe != NULL)
		return;
	d->relay->delivered += r->state == DELIVERY_DONE || r->state == DELIVERY_RELAYED;
	d->relay->deferred += r->state == DELIVERY_TEMPORARY;
	d->relay->bounced += r->state == DELIVERY_PERMANENT;
}

void relay_delivery_release(struct relay_delivery *d)
{
	if (!d->finished || d->outstanding > 0)
		return;
	sealed_close(&d->sealed);
	file_unmap(&d->record);
	timer_destroy(&d->deadline);
	timer_destroy(&d->retry);
	buf_free(&d->tls);
	list_remove(&d->node);
	arena_free(&d->arena);
	memory_free(d);
}

/* So that all results fit into one reply: the more recipients, the shorter the texts. */
static void shorten(struct relay_delivery *d)
{
	size_t n = d->job.recipient_count;
	size_t share = n > 0 ? RESULTS_MAX / n : RESULTS_MAX;
	if (share > RESULT_FIXED_MAX + RESULT_TEXT_MAX + 2 * SMTP_DOMAIN_MAX)
		return;
	size_t text = share > RESULT_FIXED_MAX + HOST_TEXT_MAX ? share - RESULT_FIXED_MAX - HOST_TEXT_MAX : 0;
	for (size_t i = 0; i < n; i++) {
		struct delivery_result *r = &d->results[i];
		r->text = utf8_prefix(r->text, text);
		r->remote_host = text > 0 ? slice_sub(r->remote_host, 0, HOST_TEXT_MAX) : SLICE_NONE;
	}
}

static int64_t now_s(const struct relay_delivery *d)
{
	return loop_now(d->relay->ctx->loop).wall_ms / 1000;
}

static void tell_queue(struct relay_delivery *d)
{
	struct buf results = BUF_INIT(1u << 22), sts = BUF_INIT(STS_STATE_MAX);
	shorten(d);
	for (size_t i = 0; i < d->job.recipient_count; i++)
		delivery_result_encode(&d->results[i], &results);
	if (d->sts.learnt)
		sts_state_encode(&d->sts.state, &sts);
	struct ipc_relay_deliver_reply reply = {.results = buf_slice(&results), .sts = buf_slice(&sts), .sts_keep_s = sts_keep_s(&d->sts.state, now_s(d)),
		.tls = buf_slice(&d->tls)};
	ipc_reply(d->call, &reply);
	buf_free(&results);
	buf_free(&sts);
}

/* Every recipient has a result: tell who asked. */
static void finish(struct relay_delivery *d)
{
	struct relay *relay = d->relay;
	if (d->finished)
		return;
	d->finished = true;
	relay_link_abandon(d);
	timer_stop(d->deadline);
	if (d->probe != NULL)
		relay_probe_done(d->probe, &d->results[0]);
	else
		tell_queue(d);
	relay->running--;
	relay_delivery_release(d);
	/* Answers that are still to come concern nobody: a stop does not wait for them. */
	if (relay->stopping && relay->running == 0)
		role_stopped(relay->ctx);
}

void relay_delivery_give_up(struct relay_delivery *d, const struct smtp_reply *why)
{
	if (d->finished)
		return;
	for (size_t i = 0; i < d->job.recipient_count; i++)
		result_set(d, i, why, d->last_host, SLICE_NONE);
	finish(d);
}

/* ---- the hops ---- */

static void next_hop(struct relay_delivery *d)
{
	if (d->hop < d->route.count)
		relay_link_request(d->relay, &d->route.hops[d->hop], d);
	else
		relay_delivery_give_up(d, &d->last);
}

static struct slice host_text(struct relay_delivery *d)
{
	const struct relay_hop *hop = &d->route.hops[d->hop];
	return arena_printf(&d->arena, "%.*s [%.*s]", SLICE_ARG(hop->host), SLICE_ARG(hop->address));
}

/* What a connection says of itself is no verdict on the recipients: refusals of the whole host are tried again later. */
static struct smtp_reply kept_reply(struct relay_delivery *d, const struct smtp_reply *reply)
{
	struct smtp_reply kept = {.code = reply->code < 500 ? reply->code : 450, .enhanced = SLICE("4.4.0")};
	if (reply->enhanced.n > 0 && reply->enhanced.p[0] == '4')
		kept.enhanced = arena_dup(&d->arena, reply->enhanced);
	kept.text = printable(&d->arena, reply->text, RESULT_TEXT_MAX);
	return kept;
}

void relay_delivery_failed(struct relay_delivery *d, enum smtp_client_stage stage, const struct smtp_reply *reply)
{
	d->last = kept_reply(d, reply);
	d->last_host = host_text(d);
	d->link = NULL;
	/* After the end of the data the peer may have taken it; another host now could make it two. */
	if (stage == SMTP_STAGE_FINAL)
		d->hop = d->route.count;
	else
		d->hop++;
	next_hop(d);
}

void relay_delivery_done(struct relay_delivery *d)
{
	d->link = NULL;
	finish(d);
}

/* ---- the transaction ---- */

static struct slice notify_text(uint8_t notify, struct arena *arena)
{
	if (notify & NOTIFY_NEVER)
		return SLICE("NEVER");
	struct slice text = arena_printf(arena, "%s%s%s", notify & NOTIFY_SUCCESS ? ",SUCCESS" : "", notify & NOTIFY_FAILURE ? ",FAILURE" : "",
	                                 notify & NOTIFY_DELAY ? ",DELAY" : "");
	return slice_from(text, 1);
}

const struct smtp_client_message *relay_delivery_message(struct relay_delivery *d)
{
	uint32_t max = relay_link_recipients_max(d->link);
	max = max == 0 || max > RELAY_RECIPIENTS_MAX ? RELAY_RECIPIENTS_MAX : max;
	size_t n = 0;
	for (size_t i = 0; i < d->job.recipient_count && n < max; i++) {
		const struct job_recipient *r = &d->job.recipients[i];
		if (d->results[i].state != 0)
			continue;
		d->batch_index[n] = i;
		d->batch[n++] = (struct smtp_client_recipient){.address = r->address, .orcpt = r->original, .notify = notify_text(r->notify, &d->arena)};
	}
	d->message.recipients = d->batch;
	d->message.recipient_count = n;
	d->batch_settled = 0;
	d->position = 0;
	return n > 0 ? &d->message : NULL;
}

/* RFC 5321 4.5.3.1.10: the rest goes in a further transaction, as long as each takes somebody. */
static bool is_too_many(const struct relay_delivery *d, const struct smtp_reply *reply)
{
	return reply->code == 452 && d->batch_settled > 0 && (reply->enhanced.n == 0 || slice_eq(reply->enhanced, SLICE("4.5.3")));
}

void relay_delivery_recipient(struct relay_delivery *d, size_t index, const struct smtp_reply *reply)
{
	struct buf tls = BUF_INIT(100);
	if (index > 0 && is_too_many(d, reply))
		return;
	d->batch_settled++;
	if (reply->code < 300)
		FAULT_POINT(relay_sent);
	relay_link_tls_text(d->link, &d->route.hops[d->hop], &tls);
	result_set(d, d->batch_index[index], reply, host_text(d), arena_dup(&d->arena, buf_slice(&tls)));
	buf_free(&tls);
}

int relay_delivery_body(struct relay_delivery *d, struct buf *out)
{
	size_t before = buf_len(out);
	if (sealed_read(d->sealed, d->position, RELAY_PIECE, out, NULL) < 0)
		return ERR_DAMAGED;
	d->position += buf_len(out) - before;
	if (d->position < sealed_size(d->sealed) && buf_len(out) == before)
		return ERR_DAMAGED;
	return d->position < sealed_size(d->sealed) ? SMTP_BODY_MORE : SMTP_BODY_DONE;
}

/* ---- the record ---- */

/* A letter that is passed on goes under the reverse-path that auth made for it; its recipients share a destination, so this holds for all of them. */
static struct slice reverse_path_of(const struct relay_delivery *d)
{
	return d->job.recipient_count > 0 && d->job.recipients[0].forwarded && d->job.forward_path.n > 0 ? d->job.forward_path : d->job.reverse_path;
}

/* SMTPUTF8 is asked for only when something really needs it (RFC 6531 3.4). */
static bool needs_utf8(struct relay_delivery *d)
{
	bool needed = !slice_is_ascii(reverse_path_of(d));
	for (size_t i = 0; i < d->job.recipient_count && !needed; i++)
		needed = !slice_is_ascii(d->job.recipients[i].address);
	if (needed || !d->job.smtputf8)
		return needed;
	struct buf header = BUF_INIT(RELAY_HEADER_MAX + (1u << 20));
	uint64_t size = sealed_header_size(d->sealed);
	needed = size > RELAY_HEADER_MAX || sealed_read(d->sealed, 0, size, &header, NULL) < 0 || !slice_is_ascii(buf_slice(&header));
	buf_free(&header);
	return needed;
}

static void message_prepare(struct relay_delivery *d)
{
	static const struct slice rets[] = {[1] = SLICE_INIT("FULL"), [2] = SLICE_INIT("HDRS")};
	d->message = (struct smtp_client_message){
		.reverse_path = reverse_path_of(d), .size = sealed_size(d->sealed), .smtputf8 = needs_utf8(d), .body_8bit = d->job.body_8bit,
		.body_binary = d->job.body_binary, .ret = d->job.ret <= 2 ? rets[d->job.ret] : SLICE_NONE, .envid = d->job.envid, .requiretls = d->job.requiretls,
	};
}

static const struct smtp_reply unreadable = SMTP_REPLY_INIT(451, "4.3.0", "The stored message cannot be read");

static void key_ask(void *arg);

static void on_key(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct relay_delivery *d = arg;
	const struct ipc_key_open_reply *reply = message;
	struct error err = {0};
	d->outstanding--;
	if (d->finished) {
		relay_delivery_release(d);
	} else if (outcome == IPC_BUSY) {
		timer_start(d->retry, KEY_RETRY_MS);
	} else if (outcome != IPC_OK || reply->status != 0 || sealed_open_with_key(&d->source, reply->data_key.b, &d->sealed, &err) < 0) {
		log_event(EV_INTERNAL, LOG_TEXT("cid", d->job.cid), LOG_STR("error", err.code != 0 ? err.private_text : "KEY_OPEN failed"));
		relay_delivery_give_up(d, &unreadable);
	} else {
		message_prepare(d);
		next_hop(d);
	}
}

static void key_ask(void *arg)
{
	struct relay_delivery *d = arg;
	struct ipc_key_open request = {0};
	uint8_t nonce[16], wrap[48];
	if (sealed_outbound_wrap(&d->source, &request.epoch, request.ephemeral.b, nonce, wrap) < 0) {
		relay_delivery_give_up(d, &unreadable);
		return;
	}
	request.record_nonce = slice_make(nonce, sizeof nonce);
	request.wrap = slice_make(wrap, sizeof wrap);
	d->outstanding++;
	ipc_request(d->relay->ctx->ipc, IPC_KEY_OPEN, 0, &request, on_key, d);
}

static void route_use(struct relay_delivery *d)
{
	if (d->job.requiretls && d->route.count > 0)
		relay_route_require_tls(&d->route);
	if (d->route.count == 0)
		relay_delivery_give_up(d, &d->route.failure);
	else
		key_ask(d);
}

static void on_sts(void *arg)
{
	static const struct smtp_reply later = SMTP_REPLY_INIT(450, "4.4.3", "The MTA-STS policy of the domain cannot be asked for now");
	struct relay_delivery *d = arg;
	d->outstanding--;
	if (d->finished) {
		relay_delivery_release(d);
	} else if (d->sts.postponed) {
		relay_delivery_give_up(d, &later);
	} else {
		if (d->sts.problem != NULL)
			relay_report_policy(d, d->sts.problem);
		relay_sts_apply(&d->route, &d->sts.state, now_s(d));
		if (d->route.count == 0)
			relay_report_policy(d, TLSRPT_VALIDATION);
		route_use(d);
	}
}

/* What tells a domain that its policy cannot be met must not wait for that (RFC 8460 5.3). */
static void any_tls_will_do(struct relay_route *route)
{
	for (size_t i = 0; i < route->count && route->mx_domain.n > 0; i++) {
		route->hops[i].tls = RELAY_TLS_OPPORTUNISTIC;
		route->hops[i].tlsa = SLICE_NONE;
	}
}

static void on_route(void *arg)
{
	struct relay_delivery *d = arg;
	d->outstanding--;
	if (d->finished) {
		relay_delivery_release(d);
		return;
	}
	if (d->route.tls_problem != NULL)
		relay_report_policy(d, d->route.tls_problem);
	if (d->job.any_tls)
		any_tls_will_do(&d->route);
	if (!d->job.any_tls && relay_sts_concerns(&d->route)) {
		d->outstanding++;
		relay_sts_find(d->relay, d->route.mx_domain, d->sts_remembered, &d->arena, &d->sts, on_sts, d);
	} else {
		route_use(d);
	}
}

static void on_deadline(void *arg)
{
	static const struct smtp_reply late = SMTP_REPLY_INIT(450, "4.4.2", "The receiving host is too slow");
	relay_delivery_give_up(arg, &late);
}

static int record_read(void *arg, uint64_t offset, void *p, size_t n)
{
	struct relay_delivery *d = arg;
	struct slice part = slice_sub(d->record.content, offset, offset + n);
	if (part.n != n)
		return ERR_DAMAGED;
	memcpy(p, part.p, n);
	return 0;
}

struct relay_delivery *relay_delivery_new(struct relay *relay)
{
	struct relay_delivery *d = memory_alloc(sizeof *d);
	d->relay = relay;
	d->deadline = timer_create_on(relay->ctx->loop, on_deadline, d);
	d->retry = timer_create_on(relay->ctx->loop, key_ask, d);
	d->last = unreadable;
	buf_init(&d->tls, RELAY_TLS_RESULTS_MAX * (MEMORY_VALUE_MAX + 4));
	list_append(&relay->deliveries, &d->node);
	relay->running++;
	return d;
}

void relay_delivery_start(struct relay_delivery *d)
{
	next_hop(d);
}

void relay_delivery_recipients(struct relay_delivery *d, size_t count)
{
	d->results = arena_alloc_array(&d->arena, count, sizeof *d->results);
	d->batch = arena_alloc_array(&d->arena, count, sizeof *d->batch);
	d->batch_index = arena_alloc_array(&d->arena, count, sizeof *d->batch_index);
}

static int request_take(struct relay_delivery *d, const struct ipc_relay_deliver *request)
{
	int fd = request->record;
	int rc = memfd_map(fd, RECORD_MAX, &d->record, NULL);
	file_close(&fd);
	if (rc == 0)
		rc = relay_job_decode(arena_dup(&d->arena, request->job), &d->arena, &d->destination, &d->job);
	if (rc < 0)
		return rc;
	d->source = (struct seal_source){.read = record_read, .arg = d, .size = d->record.content.n};
	d->sts_remembered = arena_dup(&d->arena, request->sts);
	relay_delivery_recipients(d, d->job.recipient_count);
	return 0;
}

void relay_delivery_begin(struct relay *relay, struct ipc_call *call, const struct ipc_relay_deliver *request)
{
	static const struct smtp_reply closing = SMTP_REPLY_INIT(421, "4.3.2", "Service shutting down");
	struct relay_delivery *d = relay_delivery_new(relay);
	d->call = call;
	if (request_take(d, request) < 0) {
		/* No results: queue takes that for a temporary failure of all. */
		finish(d);
	} else if (relay->stopping) {
		relay_delivery_give_up(d, &closing);
	} else {
		timer_start(d->deadline, RELAY_JOB_MS);
		d->outstanding++;
		relay_route_find(relay, d->destination, &d->arena, &d->route, on_route, d);
	}
}
