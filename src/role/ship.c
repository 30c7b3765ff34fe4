#include "role/ship.h"

#include <string.h>

#include "audit/format.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"

static void sink_read(struct sink *s);

static void on_timer(void *arg)
{
	struct sink *s = arg;
	s->on_timer(s);
}

void sink_after(struct sink *s, int64_t ms, void (*fn)(struct sink *s))
{
	s->on_timer = fn;
	timer_start(s->timer, ms);
}

static void sink_free(struct sink *s)
{
	sink_stream_close(s);
	timer_destroy(&s->timer);
	buf_free(&s->lines);
	memory_free(s);
}

bool sink_awaited(struct sink *s)
{
	bool ended = s->ended;
	s->busy = false;
	if (ended)
		sink_free(s);
	return !ended;
}

/* ---- the round: read, deliver, move the cursor ---- */

static void on_cursor(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct sink *s = arg;
	const struct ipc_audit_cursor_reply *reply = message;
	if (!sink_awaited(s))
		return;
	if (outcome == IPC_OK && reply->status == 0)
		sink_read(s);
	else
		sink_after(s, SHIP_BACKOFF_MS, sink_delivered); /* it is there: only the cursor has to be told */
}

void sink_delivered(struct sink *s)
{
	struct ipc_audit_cursor request = {.sink = s->name, .next = s->next};
	if (s->lost)
		log_event(EV_AUDIT_SINK, LOG_TEXT("name", s->name), LOG_TEXT("host", s->host), LOG_STR("result", "back"));
	s->lost = false;
	s->backoff_ms = SHIP_BACKOFF_MS;
	s->sent += buf_len(&s->lines) > 0;
	buf_clear(&s->lines);
	s->busy = true;
	ipc_request(s->ship->ctx->ipc, IPC_AUDIT_CURSOR, 0, &request, on_cursor, s);
}

static void sink_again(struct sink *s)
{
	s->kind->deliver(s);
}

void sink_failed(struct sink *s, const char *why)
{
	s->failures++;
	if (!s->lost)
		log_event(EV_AUDIT_SINK, LOG_TEXT("name", s->name), LOG_TEXT("host", s->host), LOG_STR("result", "lost"), LOG_STR("error", why));
	s->lost = true;
	sink_after(s, s->backoff_ms, sink_again);
	s->backoff_ms = s->backoff_ms * 2 > SHIP_BACKOFF_MAX_MS ? SHIP_BACKOFF_MAX_MS : s->backoff_ms * 2;
}

static void on_read(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct sink *s = arg;
	const struct ipc_audit_read_reply *reply = message;
	if (!sink_awaited(s))
		return;
	if (outcome != IPC_OK || reply->status != 0) {
		sink_after(s, SHIP_IDLE_MS, sink_read);
		return;
	}
	buf_append(&s->lines, reply->lines);
	s->next = reply->next;
	if (buf_len(&s->lines) == 0)
		sink_delivered(s); /* records that were retired */
	else
		s->kind->deliver(s);
}

static void sink_read(struct sink *s)
{
	struct ipc_audit_read request = {.sink = s->name, .limit = SHIP_RECORDS};
	s->busy = true;
	ipc_request(s->ship->ctx->ipc, IPC_AUDIT_READ, 0, &request, on_read, s);
}

/* ---- the receivers of the configuration ---- */

static const struct {
	struct slice name;
	const struct sink_kind *kind;
	enum audit_format format;
} kinds[] = {
	{SLICE_INIT("syslog"), &sink_stream, AUDIT_FORMAT_SYSLOG},
	{SLICE_INIT("cef"), &sink_stream, AUDIT_FORMAT_CEF},
	{SLICE_INIT("json"), &sink_stream, AUDIT_FORMAT_JSON},
	{SLICE_INIT("webhook"), &sink_webhook, AUDIT_FORMAT_JSON},
};

static bool is_here(struct slice host)
{
	return slice_eq(host, SLICE("127.0.0.1")) || slice_eq(host, SLICE("::1"));
}

/* "tls://host:port", "tls://[address]:port", "tcp://…" to this host only. */
static bool parse_stream(struct sink *s)
{
	struct slice rest = s->url;
	uint32_t port;
	s->tls = slice_starts(rest, SLICE("tls://"));
	if (!s->tls && !slice_starts(rest, SLICE("tcp://")))
		return false;
	rest = slice_from(rest, 6);
	ptrdiff_t colon = slice_rfind(rest, ':');
	if (colon <= 0 || slice_to_u32(slice_from(rest, (size_t)colon + 1), &port) < 0 || port == 0 || port > 65535)
		return false;
	s->host = slice_sub(rest, 0, (size_t)colon);
	if (s->host.n > 2 && s->host.p[0] == '[' && slice_ends(s->host, SLICE("]")))
		s->host = slice_sub(s->host, 1, s->host.n - 1);
	s->port = (uint16_t)port;
	return s->tls || is_here(s->host);
}

static bool parse_sink(struct sink *s, struct slice text)
{
	struct slice kind;
	if (!slice_split(&text, ' ', &s->name) || !slice_split(&text, ' ', &kind))
		return false;
	s->url = slice_trim(text);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!slice_eq(kind, kinds[i].name))
			continue;
		s->kind = kinds[i].kind;
		s->format = kinds[i].format;
		s->host = s->url;
		return s->kind == &sink_webhook ? slice_starts(s->url, SLICE("https://")) : parse_stream(s);
	}
	return false;
}

static void add_sink(struct ship *ship, struct slice text)
{
	struct sink *s = memory_alloc(sizeof *s);
	*s = (struct sink){.ship = ship, .fd = -1, .lines = BUF_INIT(1 << 20), .backoff_ms = SHIP_BACKOFF_MS};
	s->timer = timer_create_on(ship->ctx->loop, on_timer, s);
	if (!parse_sink(s, text) || ship->sink_count == SHIP_SINKS_MAX) {
		log_event(EV_CONFIG_REFUSED, LOG_STR("what", "audit.sinks"), LOG_TEXT("problem", text));
		sink_free(s);
		return;
	}
	ship->sinks[ship->sink_count++] = s;
	sink_read(s);
}

static void add_sinks(struct ship *ship)
{
	const struct config *c = ship->ctx->config;
	for (size_t i = 0; i < c->audit_sinks.count; i++)
		add_sink(ship, c->audit_sinks.items[i]);
}

static void drop_sinks(struct ship *ship)
{
	for (size_t i = 0; i < ship->sink_count; i++) {
		struct sink *s = ship->sinks[i];
		s->ended = true;
		timer_stop(s->timer);
		sink_stream_close(s);
		if (!s->busy)
			sink_free(s);
	}
	ship->sink_count = 0;
}

/* ---- life ---- */

static int load_tls(struct ship *ship, struct error *err)
{
	struct tls_context *fresh = tls_context_client(true, ship->ctx->tls_ca, err);
	if (fresh == NULL)
		return ERR_INVALID;
	tls_context_free(&ship->tls);
	ship->tls = fresh;
	return 0;
}

static void on_note_timer(void *arg)
{
	struct ship *ship = arg;
	timer_start(ship->note_timer, SHIP_NOTE_MS);
	ship_ask_outside(ship);
}

static int ship_start(struct role_context *ctx, struct error *err)
{
	struct ship *ship = memory_alloc(sizeof *ship);
	ship->ctx = ctx;
	ctx->state = ship;
	return load_tls(ship, err);
}

static void ship_run(struct role_context *ctx)
{
	struct ship *ship = ctx->state;
	add_sinks(ship);
	ship->note_timer = timer_create_on(ctx->loop, on_note_timer, ship);
	timer_start(ship->note_timer, SHIP_IDLE_MS);
}

static void ship_reload(struct role_context *ctx)
{
	struct ship *ship = ctx->state;
	struct error err = {0};
	if (load_tls(ship, &err) < 0)
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", err.private_text));
	drop_sinks(ship);
	add_sinks(ship);
	timer_start(ship->note_timer, SHIP_IDLE_MS);
}

static void ship_status(struct role_context *ctx, struct buf *out)
{
	const struct ship *ship = ctx->state;
	uint64_t sent = 0, failures = 0, lost = 0;
	for (size_t i = 0; i < ship->sink_count; i++) {
		sent += ship->sinks[i]->sent;
		failures += ship->sinks[i]->failures;
		lost += ship->sinks[i]->lost;
	}
	buf_printf(out, "\"receivers\":%zu,\"lost\":%llu,\"batches\":%llu,\"failures\":%llu", ship->sink_count, (unsigned long long)lost,
		(unsigned long long)sent, (unsigned long long)failures);
}

const struct role_ops role_ship = {.start = ship_start, .run = ship_run, .reload = ship_reload, .status = ship_status};
