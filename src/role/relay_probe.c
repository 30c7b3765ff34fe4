/*
 * Asks servers behind relay domains whether they know an address (RELAY_VERIFY). One question after the other for each server, so that one
 * connection does, which waits for the next one as it does after a letter.
 */
#include "base/log.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "role/relay.h"

#define WITHIN_MAX_MS 40000 /* below the deadline of RELAY_VERIFY */

enum { PROBE_KNOWN = 0, PROBE_UNKNOWN = 1, PROBE_LATER = 2 };

/* The questions for one server. */
struct relay_probe_line {
	struct relay *relay;
	struct list_node waiting;
	size_t count;
	bool running, next_due;
};

struct relay_probe {
	struct list_node node;           /* of line->waiting */
	struct relay_probe_line *line;
	struct ipc_call *call;
	struct arena arena;
	struct slice domain, address;
	struct relay_behind behind;
	int64_t until_ms;
};

static int64_t now_ms(const struct relay *r)
{
	return loop_now(r->ctx->loop).mono_ms;
}

static void answer(struct relay_probe *p, uint8_t status, uint16_t code, struct slice text)
{
	ipc_reply(p->call, &(struct ipc_relay_verify_reply){.status = status, .code = code, .text = text});
	arena_free(&p->arena);
	memory_free(p);
}

/*
 * Only what is said of the address counts (RFC 3463 3.2): a host that refuses us, or whose mailbox is full, says nothing of who exists. 5.4.1 is what
 * hosted Exchange says of unknown recipients, 5.6.7 that it cannot take such an address at all.
 */
static bool denies_address(const struct delivery_result *r)
{
	static const struct slice codes[] = {SLICE_INIT("5.2.1"), SLICE_INIT("5.4.1"), SLICE_INIT("5.6.7")};
	if (r->state != DELIVERY_PERMANENT)
		return false;
	if (r->enhanced.n == 0)
		return r->code == 550 || r->code == 551 || r->code == 553;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (slice_eq(r->enhanced, codes[i]))
			return true;
	return slice_starts(r->enhanced, SLICE("5.1."));
}

static void line_serve(void *arg);

/* When the connection of the last question has come to rest. */
static void line_next(struct relay_probe_line *line)
{
	line->running = false;
	if (!line->next_due) {
		line->next_due = true;
		loop_defer(line->relay->ctx->loop, line_serve, line);
	}
}

void relay_probe_done(struct relay_probe *p, const struct delivery_result *result)
{
	struct relay_probe_line *line = p->line;
	bool known = result->state == DELIVERY_DONE || result->state == DELIVERY_RELAYED;
	answer(p, known ? PROBE_KNOWN : denies_address(result) ? PROBE_UNKNOWN : PROBE_LATER, result->code, result->text);
	line_next(line);
}

static void on_route(void *arg)
{
	struct relay_delivery *d = arg;
	d->outstanding--;
	if (d->finished)
		relay_delivery_release(d);
	else if (d->route.count == 0)
		relay_delivery_give_up(d, &d->route.failure);
	else
		relay_delivery_start(d);
}

static void ask(struct relay_probe *p, int64_t within_ms)
{
	struct relay_delivery *d = relay_delivery_new(p->line->relay);
	d->probe = p;
	d->job.recipients = arena_alloc_array(&d->arena, 1, sizeof *d->job.recipients);
	d->job.recipients[0].address = arena_dup(&d->arena, p->address);
	d->job.recipient_count = 1;
	relay_delivery_recipients(d, 1);
	d->message = (struct smtp_client_message){.probe = true, .smtputf8 = !slice_is_ascii(p->address)};
	timer_start(d->deadline, within_ms);
	d->outstanding++;
	relay_route_behind(p->line->relay, p->domain, &p->behind, &d->arena, &d->route, on_route, d);
}

static void line_serve(void *arg)
{
	struct relay_probe_line *line = arg;
	line->next_due = false;
	while (!line->running && line->count > 0) {
		struct relay_probe *p = LIST_ITEM(line->waiting.next, struct relay_probe, node);
		int64_t left = p->until_ms - now_ms(line->relay);
		list_remove(&p->node);
		line->count--;
		if (left <= 0 || line->relay->stopping) {
			answer(p, PROBE_LATER, 0, SLICE("The server behind is too slow"));
			continue;
		}
		line->running = true;
		ask(p, left);
	}
}

static struct relay_probe_line *line_get(struct relay *r, const struct ipc_relay_verify *request)
{
	struct buf key = BUF_INIT(1024);
	buf_printf(&key, "%.*s %u %d", SLICE_ARG(request->host), request->port, request->tls_verified);
	struct relay_probe_line *line = map_get(&r->probes, buf_slice(&key));
	if (line == NULL) {
		line = memory_alloc(sizeof *line);
		line->relay = r;
		list_init(&line->waiting);
		map_put(&r->probes, buf_slice(&key), line);
	}
	buf_free(&key);
	return line;
}

static void on_verify(void *arg, struct ipc_call *call, const void *message)
{
	struct relay *r = arg;
	const struct ipc_relay_verify *request = message;
	struct relay_probe_line *line = line_get(r, request);
	struct relay_probe *p = memory_alloc(sizeof *p);
	p->line = line;
	p->call = call;
	if (line->count >= RELAY_PROBES_MAX || r->stopping) {
		answer(p, PROBE_LATER, 0, SLICE("Too many addresses are asked about"));
		return;
	}
	p->domain = arena_dup(&p->arena, request->domain);
	p->address = arena_dup(&p->arena, request->address);
	p->behind = (struct relay_behind){arena_dup(&p->arena, request->host), request->port, request->tls_verified != 0,
		(enum relay_client)request->client_info};
	p->until_ms = now_ms(r) + (request->within_ms < WITHIN_MAX_MS ? request->within_ms : WITHIN_MAX_MS);
	list_append(&line->waiting, &p->node);
	line->count++;
	if (!line->next_due)
		line_serve(line);
}

void relay_probe_register(struct relay *r)
{
	ipc_handle(r->ctx->ipc, IPC_RELAY_VERIFY, on_verify, r);
}

void relay_probes_free(struct relay *r)
{
	MAP_FOREACH(entry, &r->probes)
		memory_free(entry->value);
	map_free(&r->probes);
}
