#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/address.h"
#include "net/prefix.h"
#include "role/edge_limits.h"

#define STOP_CHECK_MS 50
#define STOP_PATIENCE_MS 8000
#define FDS_PER_CONNECTION 3 /* the client, and the end of a session or a letter and its record */
#define FDS_RESERVED 512

static const struct edge_service services[] = {
	{.name = "smtp", .protocol = &edge_smtp, .auth_protocol = AUTH_PROTOCOL_SUBMISSION},
	{.name = "submission", .protocol = &edge_smtp, .auth_protocol = AUTH_PROTOCOL_SUBMISSION, .submission = true},
	{.name = "submissions", .protocol = &edge_smtp, .auth_protocol = AUTH_PROTOCOL_SUBMISSION, .submission = true, .implicit_tls = true},
	{.name = "imap", .protocol = &edge_imap, .auth_protocol = AUTH_PROTOCOL_IMAP},
	{.name = "imaps", .protocol = &edge_imap, .auth_protocol = AUTH_PROTOCOL_IMAP, .implicit_tls = true},
	{.name = "pop3", .protocol = &edge_pop3, .auth_protocol = AUTH_PROTOCOL_POP3},
	{.name = "pop3s", .protocol = &edge_pop3, .auth_protocol = AUTH_PROTOCOL_POP3, .implicit_tls = true},
	{.name = "managesieve", .protocol = &edge_sieve, .auth_protocol = AUTH_PROTOCOL_SIEVE},
	{.name = "http", .protocol = &edge_web_plain},
	{.name = "https", .protocol = &edge_web, .implicit_tls = true},
	{.name = "management", .protocol = &edge_manage, .implicit_tls = true},
};

_Static_assert(ARRAY_LEN(services) <= TRAFFIC_LISTENERS, "each is counted");

const char *edge_service_name(unsigned index)
{
	return index < ARRAY_LEN(services) ? services[index].name : NULL;
}

unsigned edge_service_index(const struct edge_service *service)
{
	return (unsigned)(service - services);
}

struct slice edge_cid(const struct edge_client *c)
{
	return slice_str(c->cid);
}

struct slice edge_address(const struct edge_client *c)
{
	return slice_str(c->address);
}

/* ---- life of a client ---- */

static void client_free(struct edge_client *c)
{
	if (c->state != NULL)
		c->protocol->free(c);
	edge_sasl_free(c);
	buf_free(&c->identity.login);
	buf_free(&c->identity.sender);
	buf_free(&c->identity.actor);
	timer_destroy(&c->deadline);
	conn_destroy(&c->conn);
	edge_limits_release(c);
	list_remove(&c->node);
	c->edge->connections--;
	c->magic = 0;
	memory_free(c);
}

void edge_client_hold(struct edge_client *c)
{
	ENSURE_MAGIC(c, EDGE_CLIENT_MAGIC);
	c->held++;
}

void edge_client_drop(struct edge_client *c)
{
	ENSURE_MAGIC(c, EDGE_CLIENT_MAGIC);
	ENSURE(c->held > 0);
	if (--c->held == 0 && c->ended)
		client_free(c);
}

void edge_client_deadline(struct edge_client *c, int64_t ms)
{
	if (ms > 0)
		timer_start(c->deadline, ms);
	else
		timer_stop(c->deadline);
}

static void on_deadline(void *arg)
{
	struct edge_client *c = arg;

	edge_client_hold(c);
	if (!c->ended && c->state != NULL)
		c->protocol->timeout(c);
	else if (!c->ended)
		conn_finish(c->conn); /* in the handshake, or refused */
	edge_client_drop(c);
}

static void on_readable(void *owner)
{
	struct edge_client *c = owner;

	edge_client_hold(c);
	if (c->state != NULL)
		c->protocol->readable(c);
	edge_client_drop(c);
}

static void on_drained(void *owner)
{
	struct edge_client *c = owner;

	edge_client_hold(c);
	if (c->state != NULL && c->protocol->drained != NULL)
		c->protocol->drained(c);
	edge_client_drop(c);
}

/* The handshake goes on as if no certificate had been shown; whoever wonders why finds it here. */
static void note_certificate(const struct edge_client *c)
{
	const struct tls_session *tls = conn_tls(c->conn);
	struct slice why = tls != NULL && edge_asks_certificates(c->edge) ? tls_peer_problem(tls) : SLICE_NONE;
	char text[200];

	if (why.n == 0)
		return;
	(void)snprintf(text, sizeof text, "the client's certificate does not hold: %.*s", SLICE_ARG(why));
	log_event(EV_TLS_FAILED, LOG_STR("service", c->service->name), LOG_TEXT("ip", edge_address(c)), LOG_STR("why", text));
}

static void on_secured(void *owner)
{
	struct edge_client *c = owner;

	edge_client_hold(c);
	c->handshaking = false;
	note_certificate(c);
	if (c->refused_by != LIMIT_COUNT)
		edge_limits_refuse(c, c->refused_by);
	else if (c->state == NULL)
		c->protocol->start(c);
	else
		c->protocol->secured(c);
	edge_client_drop(c);
}

static const char *end_name(enum conn_end why)
{
	switch (why) {
	case CONN_EOF: return "eof";
	case CONN_ERROR: return "error";
	case CONN_TIMEOUT: return "timeout";
	case CONN_LOCAL: return "closed";
	}
	return "unknown";
}

static void on_ended(void *owner, enum conn_end why)
{
	struct edge_client *c = owner;

	edge_client_hold(c);
	c->ended = true;
	timer_stop(c->deadline);
	if (c->state != NULL && c->protocol->ended != NULL)
		c->protocol->ended(c);
	edge_traffic_end(c);
	log_event(EV_CONN_CLOSE, LOG_TEXT("cid", edge_cid(c)), LOG_STR("service", c->service->name), LOG_TEXT("ip", edge_address(c)),
	          LOG_STR("why", end_name(why)), LOG_NUM("ms", loop_now(c->edge->ctx->loop).mono_ms - c->opened_ms));
	edge_client_drop(c);
}

static const struct conn_events client_events = {on_readable, on_drained, on_secured, on_ended};

/* ---- accepting ---- */

static char cid_letter(enum role role)
{
	return role == ROLE_MX ? 'm' : role == ROLE_MANAGE ? 'a' : role == ROLE_WEB ? 'w' : 'c';
}

static void make_cid(struct edge *edge, struct edge_client *c)
{
	uint64_t start = (uint64_t)loop_now(edge->ctx->loop).wall_ms / 1000;

	snprintf(c->cid, sizeof c->cid, "%c%u%07llx%05x", cid_letter(edge->ctx->role), edge->ctx->index % 10,
	         (unsigned long long)(start & 0xfffffff), edge->cid_counter++ & 0xfffff);
}

static bool may_manage(const struct edge_client *c)
{
	const config_texts *allow = &c->edge->ctx->config->management_allow;

	return c->protocol != &edge_manage || allow->count == 0 || net_prefixes_hold(allow->items, allow->count, edge_address(c));
}

static struct edge_client *client_create(struct edge *edge, const struct edge_service *service, int fd)
{
	struct edge_client *c = memory_alloc(sizeof *c);

	c->magic = EDGE_CLIENT_MAGIC;
	c->edge = edge;
	c->refused_by = LIMIT_COUNT;
	c->service = service;
	c->protocol = service->protocol;
	c->opened_ms = loop_now(edge->ctx->loop).mono_ms;
	make_cid(edge, c);
	c->deadline = timer_create_on(edge->ctx->loop, on_deadline, c);
	buf_init(&c->identity.login, 1024);
	buf_init(&c->identity.sender, 65536);
	buf_init(&c->identity.actor, AUTH_LOGIN_MAX);
	c->conn = conn_create(edge->ctx->loop, fd, EDGE_INPUT_MAX, &client_events, c);
	list_append(&edge->clients, &c->node);
	edge->connections++;
	edge->accepted++;
	return c;
}

/* Why the connection may not even be counted, or NULL. */
static const char *unwelcome(struct edge_client *c)
{
	if (c->edge->stopping)
		return "stopping";
	return may_manage(c) ? NULL : "not in management.allow";
}

static void turn_away(struct edge_client *c, const char *why)
{
	c->edge->refused++;
	log_event(EV_CONN_REFUSED, LOG_STR("service", c->service->name), LOG_TEXT("ip", edge_address(c)), LOG_STR("why", why));
	conn_finish(c->conn);
}

static void welcome(struct edge_client *c)
{
	log_event(EV_CONN_OPEN, LOG_TEXT("cid", edge_cid(c)), LOG_STR("service", c->service->name), LOG_TEXT("ip", edge_address(c)));
	if (!c->service->implicit_tls)
		c->protocol->start(c);
	else if (c->edge->tls != NULL)
		edge_limits_handshake(c);
	else
		conn_finish(c->conn);
}

void edge_accept(struct edge *edge, const struct edge_service *service, int fd, struct slice address)
{
	struct edge_client *c = client_create(edge, service, fd);
	const char *why;
	enum limit over;

	edge_client_hold(c);
	if (address.n > 0)
		conn_set_peer_address(c->conn, address);
	snprintf(c->address, sizeof c->address, "%.*s", SLICE_ARG(conn_peer_address(c->conn)));
	why = unwelcome(c);
	over = why == NULL ? edge_limits_admit(c) : LIMIT_COUNT;
	if (why != NULL)
		turn_away(c, why);
	else if (over != LIMIT_COUNT)
		edge_limits_refuse(c, over);
	else
		welcome(c);
	edge_client_drop(c);
}

/* The address counts everywhere from now on: for limits, throttling, log and Received. */
bool edge_client_readdress(struct edge_client *c, struct slice address)
{
	struct sockaddr_storage parsed;
	char text[ADDRESS_TEXT_MAX];
	enum limit over;

	if (net_address_parse(address, 0, &parsed) == 0)
		return false;
	edge_limits_release(c);
	conn_set_peer_address(c->conn, address_format(&parsed, text));
	snprintf(c->address, sizeof c->address, "%.*s", SLICE_ARG(conn_peer_address(c->conn)));
	over = edge_limits_admit(c);
	if (over != LIMIT_COUNT) {
		c->edge->refused++;
		log_event(EV_CONN_REFUSED, LOG_STR("service", c->service->name), LOG_TEXT("ip", edge_address(c)),
		          LOG_TEXT("why", limit_name(over)));
		return false;
	}
	log_event(EV_CONN_OPEN, LOG_TEXT("cid", edge_cid(c)), LOG_STR("service", c->service->name), LOG_TEXT("ip", edge_address(c)));
	return true;
}

struct door {
	struct edge *edge;
	const struct edge_service *service;
};

static void on_accept(void *arg, int fd)
{
	const struct door *door = arg;

	if (edge_proxy_trusted(door->edge, fd))
		edge_proxy_accept(door->edge, door->service, fd);
	else
		edge_accept(door->edge, door->service, fd, SLICE_NONE);
}

static const struct edge_service *service_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (slice_eq(slice_str(services[i].name), slice_str(name)))
			return &services[i];
	return NULL;
}

/* ---- what auth takes back ---- */

static bool stands_on(const struct edge_identity *who, const struct ipc_edge_revoke *r)
{
	if (!who->known)
		return false;
	return (memcmp(&who->account, &r->account, sizeof who->account) == 0 && (r->credential == 0 || r->credential == who->credential))
	       || (memcmp(&who->delegate, &r->account, sizeof who->delegate) == 0 && (r->credential == 0 || r->credential == who->proof));
}

static void on_revoke(void *arg, struct ipc_call *call, const void *request)
{
	struct edge *edge = ((struct role_context *)arg)->state;
	struct ipc_edge_revoke_reply reply = {0};

	LIST_FOREACH(node, &edge->clients) {
		struct edge_client *c = LIST_ITEM(node, struct edge_client, node);

		if (c->ended || c->state == NULL || c->protocol->revoke == NULL || !stands_on(&c->identity, request))
			continue;
		edge_client_hold(c);
		c->protocol->revoke(c);
		edge_client_drop(c);
	}
	ipc_reply(call, &reply);
}

/* ---- the role ---- */

/* As many as have descriptors for what they may need, so that letters and channels never run short of them. */
static unsigned connections_possible(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur / FDS_PER_CONNECTION > UINT32_MAX)
		return UINT32_MAX;
	return files.rlim_cur > 2 * FDS_RESERVED ? (unsigned)((files.rlim_cur - FDS_RESERVED) / FDS_PER_CONNECTION)
	                                         : (unsigned)(files.rlim_cur / 2 / FDS_PER_CONNECTION);
}

static int edge_start(struct role_context *ctx, struct error *err)
{
	struct edge *edge = memory_alloc(sizeof *edge);

	ctx->state = edge;
	edge->ctx = ctx;
	edge->connections_max = connections_possible();
	list_init(&edge->clients);
	edge_limits_create(edge);
	edge_traffic_create(edge);
	if (ctx->role == ROLE_CLIENT) {
		ipc_handle(ctx->ipc, IPC_EDGE_REVOKE, on_revoke, ctx);
		edge_trust_prepare(edge);
	}
	if (ctx->role == ROLE_MANAGE)
		edge_manage_prepare(edge);
	if (ctx->role == ROLE_WEB)
		edge_web_prepare(edge);
	edge_tls_load(edge);
	if (ctx->listen_count > ARRAY_LEN(edge->listeners))
		return error_set(err, ERR_LIMIT, "more than %zu listeners", ARRAY_LEN(edge->listeners));
	return 0;
}

static void edge_run(struct role_context *ctx)
{
	struct edge *edge = ctx->state;

	if (ctx->role == ROLE_CLIENT)
		edge_trust_start(edge);
	edge_tls_run(edge);

	for (unsigned i = 0; i < ctx->listen_count; i++) {
		struct door *door = memory_alloc(sizeof *door); /* lives as long as the process */

		*door = (struct door){edge, service_of(ctx->listens[i].service)};
		if (door->service != NULL)
			edge->listeners[edge->listener_count++] = listener_create(ctx->loop, ctx->listens[i].fd, on_accept, door);
		else
			memory_free(door);
	}
}

/* Certificates that were revoked, or whose authority is not trusted any more, end what they opened. */
static void recheck_certificates(struct edge *edge)
{
	for (struct list_node *node = edge->clients.next, *next; edge->tls != NULL && node != &edge->clients; node = next) {
		struct edge_client *c = LIST_ITEM(node, struct edge_client, node);

		next = node->next;
		if (c->ended || c->conn == NULL || conn_tls(c->conn) == NULL || tls_peer_still_holds(conn_tls(c->conn), edge->tls))
			continue;
		log_event(EV_TLS_FAILED, LOG_STR("service", c->service->name), LOG_TEXT("ip", edge_address(c)),
		          LOG_STR("why", "the client's certificate does not hold any more; the connection ends"));
		conn_finish(c->conn);
	}
}

static void edge_reload(struct role_context *ctx)
{
	edge_limits_configure(ctx->state);
	edge_tls_load(ctx->state);
	recheck_certificates(ctx->state);
}

void edge_trust_changed(struct edge *edge)
{
	edge_tls_load(edge);
	recheck_certificates(edge);
}

static void stop_check(void *arg)
{
	struct edge *edge = arg;

	if (list_empty(&edge->clients))
		role_stopped(edge->ctx);
}

struct stopping {
	struct edge *edge;
	struct timer *timer;
	int64_t grace_until_ms, until_ms;
};

/* Goodbye was said; only who waits for the outcome of a letter may hold us up. */
static void cut_idle(struct edge *edge)
{
	LIST_FOREACH(node, &edge->clients) {
		struct edge_client *c = LIST_ITEM(node, struct edge_client, node);

		if (c->held == 0)
			on_ended(c, CONN_TIMEOUT);
	}
}

static void stop_tick(void *arg)
{
	struct stopping *s = arg;

	int64_t now = loop_now(s->edge->ctx->loop).mono_ms;

	if (now >= s->grace_until_ms)
		cut_idle(s->edge);
	if (now >= s->until_ms)
		role_stopped(s->edge->ctx);
	else
		stop_check(s->edge);
	timer_start(s->timer, STOP_CHECK_MS);
}

static void edge_stop(struct role_context *ctx)
{
	struct edge *edge = ctx->state;
	struct stopping *s = memory_alloc(sizeof *s);
	int64_t now;

	edge->stopping = true;
	for (unsigned i = 0; i < edge->listener_count; i++)
		listener_destroy(&edge->listeners[i]);
	edge->listener_count = 0;
	LIST_FOREACH(node, &edge->clients) {
		struct edge_client *c = LIST_ITEM(node, struct edge_client, node);

		edge_client_hold(c);
		if (!c->ended && c->state != NULL)
			c->protocol->stop(c);
		else if (!c->ended)
			conn_finish(c->conn);
		edge_client_drop(c);
	}
	now = loop_now(ctx->loop).mono_ms;
	*s = (struct stopping){edge, NULL, now + ctx->config->limits_stop_grace, now + STOP_PATIENCE_MS};
	s->timer = timer_create_on(ctx->loop, stop_tick, s);
	timer_start(s->timer, 1);
}

void edge_status(struct role_context *ctx, struct buf *out)
{
	struct edge *edge = ctx->state;

	buf_printf(out, "\"connections\":%u,\"accepted\":%llu,\"refused\":%llu,\"messages\":%llu,\"transit_bytes\":%llu", edge->connections,
	           (unsigned long long)edge->accepted, (unsigned long long)edge->refused, (unsigned long long)edge->messages,
	           (unsigned long long)edge->transit);
	edge_limits_status(edge, out);
	edge_traffic_status(edge, out);
}

const struct role_ops role_mx = {edge_start, edge_run, edge_reload, edge_stop, edge_status, edge_tls_tickets};
const struct role_ops role_client = {edge_start, edge_run, edge_reload, edge_stop, edge_status, edge_tls_tickets};
const struct role_ops role_manage = {edge_start, edge_run, edge_reload, edge_stop, edge_manage_status, edge_tls_tickets};
const struct role_ops role_web = {edge_start, edge_run, edge_reload, edge_stop, edge_web_status, edge_tls_tickets};
