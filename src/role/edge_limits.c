#include "role/edge_limits.h"

#include <stdio.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/prefix.h"

#define TURNS_MS 50
#define LATE_SHARE 3 /* behind this part of the refusals answers come late */

static int64_t now_of(const struct edge *edge)
{
	return loop_now(edge->ctx->loop).mono_ms;
}

/* ---- values ---- */

void edge_limits_configure(struct edge *edge)
{
	const struct config *config = edge->ctx->config;

#define LIMIT(id, option, member, scope, counted, seconds, type, value, action, reply, help) limiter_set(edge->limits, LIMIT_##id, (uint64_t)config->member);
#include "base/limits.h"
}

static void on_turns(void *arg);

static void on_known(void *arg, struct ipc_call *call, const void *message)
{
	struct edge *edge = arg;
	const struct ipc_edge_known *hint = message;
	uint8_t room[64];

	(void)familiar_note(edge->familiar, limiter_address(LIMIT_SCOPE_ADDRESS, hint->address, room), now_of(edge));
}

void edge_limits_create(struct edge *edge)
{
	edge->limits = limiter_create();
	edge->familiar = familiar_create();
	list_init(&edge->strangers);
	list_init(&edge->turns);
	list_init(&edge->askers);
	edge->turns_timer = timer_create_on(edge->ctx->loop, on_turns, edge);
	edge_limits_configure(edge);
	if (edge->ctx->role == ROLE_CLIENT)
		ipc_handle(edge->ctx->ipc, IPC_EDGE_KNOWN, on_known, edge);
}

struct smtp_reply edge_limits_reply(enum limit limit)
{
	struct slice rest = limit_rows[limit].reply, code = SLICE_NONE, enhanced = SLICE_NONE;
	uint32_t number = 0;

	(void)slice_split(&rest, ' ', &code);
	if (slice_to_u32(code, &number) != 0 || number < 400 || number > 599)
		return (struct smtp_reply){.code = 421, .enhanced = SLICE("4.7.0"), .text = SLICE("Too much, try again later")};
	(void)slice_split(&rest, ' ', &enhanced);
	return (struct smtp_reply){.code = (uint16_t)number, .enhanced = enhanced, .text = rest};
}

static struct slice key_of(const struct edge_client *c, enum limit limit, uint8_t room[64])
{
	return limiter_address(limit_rows[limit].scope, edge_address(c), room);
}

bool edge_limits_take(struct edge_client *c, enum limit limit, uint64_t amount)
{
	uint8_t room[64];

	return limiter_take(c->edge->limits, limit, key_of(c, limit, room), amount, now_of(c->edge));
}

static bool hold(struct edge_client *c, enum limit limit)
{
	uint8_t room[64];
	bool held = limiter_hold(c->edge->limits, limit, key_of(c, limit, room));

	c->holds |= held ? 1u << limit : 0;
	return held;
}

static void release(struct edge_client *c, enum limit limit)
{
	uint8_t room[64];

	if ((c->holds & 1u << limit) != 0)
		limiter_release(c->edge->limits, limit, limit == LIMIT_DELAYS ? SLICE_NONE : key_of(c, limit, room));
	c->holds &= ~(1u << limit);
}

static bool delay(struct edge_client *c)
{
	bool held = (c->holds & 1u << LIMIT_DELAYS) != 0 || limiter_hold(c->edge->limits, LIMIT_DELAYS, SLICE_NONE);

	c->holds |= held ? 1u << LIMIT_DELAYS : 0;
	return held;
}

_Static_assert(LIMIT_COUNT <= 32, "holds is a set of limits");

/* ---- strangers ---- */

static unsigned slots(const struct edge *edge)
{
	uint64_t wanted = edge->ctx->config->limits_connections;

	return wanted < edge->connections_max ? (unsigned)wanted : edge->connections_max;
}

static unsigned slots_of_strangers(const struct edge *edge)
{
	uint64_t of = slots(edge), reserve = edge->ctx->config->limits_reserve;

	return (unsigned)(of - of * reserve / 100);
}

static void no_stranger(struct edge_client *c)
{
	if (!c->stranger)
		return;
	c->stranger = false;
	c->edge->stranger_count--;
	list_remove(&c->stranger_node);
	release(c, LIMIT_CONNECTIONS_NETWORK);
}

/* The stranger that came first makes room, when it had its time. */
static bool make_room(struct edge *edge)
{
	struct edge_client *c;

	if (list_empty(&edge->strangers))
		return false;
	c = LIST_ITEM(edge->strangers.next, struct edge_client, stranger_node);
	if (now_of(edge) - c->opened_ms < EDGE_STRANGER_REST_MS)
		return false;
	edge_client_hold(c);
	no_stranger(c);
	edge->displaced++;
	edge_limits_refuse(c, LIMIT_CONNECTIONS);
	edge_client_drop(c);
	return true;
}

/* Proxies speak for many: at the mail ports by XCLIENT, on the web by X-Forwarded-For. */
static bool is_known(const struct edge_client *c)
{
	const struct config *config = c->edge->ctx->config;
	const config_texts *trusted = c->service->auth_protocol != 0 ? &config->xclient_from : &config->forwarded_from;
	uint8_t room[64];

	return familiar_known(c->edge->familiar, limiter_address(LIMIT_SCOPE_ADDRESS, edge_address(c), room), now_of(c->edge))
	       || (trusted->count > 0 && net_prefixes_hold(trusted->items, trusted->count, edge_address(c)));
}

static enum limit admit_stranger(struct edge_client *c)
{
	struct edge *edge = c->edge;

	if (edge->stranger_count >= slots_of_strangers(edge) && !make_room(edge))
		return LIMIT_CONNECTIONS;
	if (!hold(c, LIMIT_CONNECTIONS_NETWORK))
		return LIMIT_CONNECTIONS_NETWORK;
	if (!edge_limits_take(c, LIMIT_ARRIVALS_ADDRESS, 1))
		return LIMIT_ARRIVALS_ADDRESS;
	if (!edge_limits_take(c, LIMIT_ARRIVALS_NETWORK, 1))
		return LIMIT_ARRIVALS_NETWORK;
	c->stranger = true;
	edge->stranger_count++;
	list_append(&edge->strangers, &c->stranger_node);
	return LIMIT_COUNT;
}

enum limit edge_limits_admit(struct edge_client *c)
{
	enum limit over = LIMIT_COUNT;

	if (c->edge->admitted >= slots(c->edge))
		over = LIMIT_CONNECTIONS;
	else if (!hold(c, LIMIT_CONNECTIONS_ADDRESS))
		over = LIMIT_CONNECTIONS_ADDRESS;
	else if (!is_known(c))
		over = admit_stranger(c);
	if (over != LIMIT_COUNT) {
		edge_limits_release(c);
		return over;
	}
	c->admitted = true;
	c->edge->admitted++;
	return LIMIT_COUNT;
}

void edge_limits_release(struct edge_client *c)
{
	no_stranger(c);
	list_remove(&c->turn_node);
	c->edge->admitted -= c->admitted;
	c->admitted = false;
	for (unsigned i = 0; i < LIMIT_COUNT; i++)
		release(c, (enum limit)i);
}

void edge_limits_trust(struct edge_client *c)
{
	uint8_t room[64];

	c->proven = true;
	(void)familiar_note(c->edge->familiar, limiter_address(LIMIT_SCOPE_ADDRESS, edge_address(c), room), now_of(c->edge));
	no_stranger(c);
}

/* ---- refusing ---- */

/* A flood of refusals is no flood of the log. */
static bool log_it(struct edge *edge)
{
	int64_t now = now_of(edge);

	if (now - edge->refused_since_ms >= 1000) {
		edge->refused_since_ms = now;
		edge->refused_logged = 0;
	}
	return edge->refused_logged++ < EDGE_REFUSED_LOGGED;
}

static void say(struct edge_client *c, enum limit limit)
{
	struct smtp_reply reply = edge_limits_reply(limit);
	struct buf *out = conn_output(c->conn);

	if (c->service->implicit_tls && !conn_is_secure(c->conn))
		return; /* whoever expects TLS sees the connection close */
	if (c->protocol == &edge_smtp)
		buf_printf(out, "421 4.7.0 %.*s\r\n", SLICE_ARG(reply.text));
	else if (c->protocol == &edge_imap)
		buf_printf(out, "* BYE [LIMIT] %.*s\r\n", SLICE_ARG(reply.text));
	else if (c->protocol == &edge_pop3)
		buf_printf(out, "-ERR [SYS/TEMP] %.*s\r\n", SLICE_ARG(reply.text));
	else if (c->protocol == &edge_sieve)
		buf_printf(out, "BYE (TRYLATER) \"%.*s\"\r\n", SLICE_ARG(reply.text)); /* RFC 5804 1.3 */
}

static void end(struct edge_client *c, enum limit limit)
{
	say(c, limit);
	conn_finish(c->conn);
}

/* Words under TLS cost a handshake: as long as the rate has some left. */
static bool may_speak_under_tls(struct edge_client *c)
{
	struct edge *edge = c->edge;

	return c->service->implicit_tls && !conn_is_secure(c->conn) && c->state == NULL && c->refused_by == LIMIT_COUNT && edge->tls != NULL
	       && edge->connections < edge->connections_max - edge->connections_max / 4 && limiter_take(edge->limits, LIMIT_HANDSHAKES, SLICE_NONE, 1, now_of(edge));
}

void edge_limits_refuse(struct edge_client *c, enum limit limit)
{
	struct edge *edge = c->edge;

	edge_limits_release(c);
	c->refused = true;
	edge->refused++;
	if (log_it(edge))
		log_event(EV_CONN_REFUSED, LOG_STR("service", c->service->name), LOG_TEXT("ip", edge_address(c)),
		          LOG_TEXT("why", limit_name(limit)));
	if (c->handshaking) {
		conn_finish(c->conn);
	} else if (may_speak_under_tls(c)) {
		c->refused_by = limit;
		c->handshaking = true;
		edge_client_deadline(c, EDGE_STRANGER_REST_MS);
		conn_secure_server(c->conn, edge->tls);
	} else {
		end(c, limit);
	}
}

/* ---- handshakes ---- */

static void handshake(struct edge_client *c)
{
	c->handshaking = true;
	edge_client_deadline(c, c->edge->ctx->config->limits_handshake_time);
	conn_secure_server(c->conn, c->edge->tls);
}

static bool may_begin(struct edge *edge)
{
	return limiter_take(edge->limits, LIMIT_HANDSHAKES, SLICE_NONE, 1, now_of(edge));
}

static void on_turns(void *arg)
{
	struct edge *edge = arg;

	while (!list_empty(&edge->turns) && may_begin(edge)) {
		struct edge_client *c = LIST_ITEM(edge->turns.next, struct edge_client, turn_node);

		list_remove(&c->turn_node);
		release(c, LIMIT_DELAYS);
		edge_client_hold(c);
		if (!c->ended)
			handshake(c);
		edge_client_drop(c);
	}
	if (!list_empty(&edge->turns))
		timer_start(edge->turns_timer, TURNS_MS);
}

void edge_limits_handshake(struct edge_client *c)
{
	struct edge *edge = c->edge;

	if (!c->stranger || (list_empty(&edge->turns) && may_begin(edge))) {
		handshake(c);
	} else if (delay(c)) {
		edge_client_deadline(c, edge->ctx->config->limits_handshake_time);
		list_append(&edge->turns, &c->turn_node);
		timer_start(edge->turns_timer, TURNS_MS);
	} else {
		edge_limits_refuse(c, LIMIT_DELAYS);
	}
}

/* ---- refused commands ---- */

enum limit edge_limits_refused(struct edge_client *c, bool *ret_late)
{
	static const enum limit rows[] = {LIMIT_REFUSALS_ADDRESS, LIMIT_REFUSALS_NETWORK};
	struct limiter *limits = c->edge->limits;
	uint8_t room[64];
	uint64_t most = limiter_value(limits, LIMIT_REFUSALS_ADDRESS);

	*ret_late = false;
	if (!c->stranger)
		return LIMIT_COUNT;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!edge_limits_take(c, rows[i], 1))
			return rows[i];
	if (most == 0 || limiter_used(limits, LIMIT_REFUSALS_ADDRESS, key_of(c, LIMIT_REFUSALS_ADDRESS, room), now_of(c->edge)) <= most / LATE_SHARE)
		return LIMIT_COUNT;
	*ret_late = delay(c);
	return *ret_late ? LIMIT_COUNT : LIMIT_DELAYS;
}

void edge_limits_in_time(struct edge_client *c)
{
	release(c, LIMIT_DELAYS);
}

void edge_limits_status(struct edge *edge, struct buf *out)
{
	struct buf reached = BUF_INIT(4096);

	limiter_status(edge->limits, &reached);
	buf_printf(out, ",\"strangers\":%u,\"displaced\":%llu,\"delayed\":%llu%s%.*s", edge->stranger_count, (unsigned long long)edge->displaced,
	           (unsigned long long)limiter_held(edge->limits, LIMIT_DELAYS, SLICE_NONE), buf_len(&reached) > 0 ? "," : "", SLICE_ARG(buf_slice(&reached)));
	buf_free(&reached);
}
