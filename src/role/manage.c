#include "role/manage.h"

#include "admin/openapi.h"
#include "admin/request.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/problem.h"
#include "http/url.h"
#include "net/prefix.h"

#define AGENT_MAX 200
#define FORWARDED_MAX 50 /* addresses looked at in X-Forwarded-For */

/* With every answer: nothing is kept, embedded or interpreted, and there is no CORS. */
static const struct http_field security[] = {
	HTTP_FIELD("Cache-Control", "no-store"),
	HTTP_FIELD("X-Content-Type-Options", "nosniff"),
	HTTP_FIELD("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
	HTTP_FIELD("Cross-Origin-Resource-Policy", "same-origin"),
	HTTP_FIELD("Referrer-Policy", "no-referrer"),
	HTTP_FIELD("Strict-Transport-Security", "max-age=31536000"),
};

/* ---- answers ---- */

bool manage_gone(const struct manage *m)
{
	return m->client->ended || m->over;
}

/* Token and body are secrets: they stay no longer than it takes to answer. */
static void request_clear(struct manage *m)
{
	buf_free_secret(&m->body);
	buf_init(&m->body, MANAGE_BODY_MAX);
	arena_free(&m->arena);
	m->path = m->query = m->op = m->token = m->key = m->agent = m->address = SLICE_NONE;
	m->bad_token = m->bad_key = false;
	m->route = ROUTE_NONE;
}

void manage_answer(struct manage *m, unsigned status, const char *type, const struct http_field *fields, size_t count, struct slice body)
{
	struct http_field all[8];
	size_t n = 0;

	ENSURE(count + 1 <= ARRAY_LEN(all));
	if (type != NULL)
		all[n++] = (struct http_field){SLICE("Content-Type"), slice_str(type)};
	for (size_t i = 0; i < count; i++)
		all[n++] = fields[i];
	m->shared->requests[status / 100]++;
	log_event(EV_HTTP_REQUEST, LOG_TEXT("cid", edge_cid(m->client)), LOG_TEXT("ip", m->address), LOG_TEXT("op", m->op),
	          LOG_NUM("code", status));
	http_server_answer(m->server, m->stream, status, all, n, body);
	request_clear(m);
}

void manage_problem(struct manage *m, unsigned status, const char *code, const char *detail)
{
	static const struct http_field challenge[] = {HTTP_FIELD("WWW-Authenticate", "Bearer realm=\"letterlock\"")};
	struct buf body = BUF_INIT(8192);

	http_problem(&body, &(struct http_problem){status, slice_str(code), slice_str(detail), edge_cid(m->client)});
	manage_answer(m, status, "application/problem+json", challenge, status == 401 ? 1 : 0, buf_slice(&body));
	buf_free(&body);
}

void manage_not_allowed(struct manage *m, const char *allow)
{
	struct http_field field = {SLICE("Allow"), slice_str(allow)};
	struct buf body = BUF_INIT(8192);
	bool asked = m->method == HTTP_METHOD_OPTIONS;

	http_problem(&body, &(struct http_problem){.status = 405, .code = SLICE("method"), .cid = edge_cid(m->client)});
	manage_answer(m, asked ? 204 : 405, asked ? NULL : "application/problem+json", &field, 1, asked ? SLICE_NONE : buf_slice(&body));
	buf_free(&body);
}

/* ---- what a request says ---- */

/* The client behind trusted proxies: the last address of the list that is none of theirs. */
static struct slice forwarded_address(const struct manage *m, const struct http_request *q)
{
	const config_texts *trusted = &m->client->edge->ctx->config->forwarded_from;
	struct slice address = edge_address(m->client), rest, last;
	ptrdiff_t comma;

	if (!net_prefixes_hold(trusted->items, trusted->count, address))
		return address;
	/* More than one such field could be read in two ways. */
	if (http_field_count(q->fields, q->field_count, SLICE("X-Forwarded-For")) != 1)
		return address;
	rest = http_field_get(q->fields, q->field_count, SLICE("X-Forwarded-For"));
	for (unsigned i = 0; i < FORWARDED_MAX && rest.n > 0; i++) {
		comma = slice_rfind(rest, ',');
		last = slice_trim(comma >= 0 ? slice_from(rest, (size_t)comma + 1) : rest);
		rest = comma >= 0 ? slice_sub(rest, 0, (size_t)comma) : SLICE_NONE;
		if (!net_prefix_valid(last) || slice_find(last, '/') >= 0)
			return address;
		address = last;
		if (!net_prefixes_hold(trusted->items, trusted->count, address))
			break;
	}
	return address;
}

/* RFC 6750 2.1. */
static void take_token(struct manage *m, const struct http_request *q)
{
	struct slice value = http_field_get(q->fields, q->field_count, SLICE("Authorization"));

	if (http_field_count(q->fields, q->field_count, SLICE("Authorization")) == 0)
		return;
	m->bad_token = !slice_starts_nocase(value, SLICE("Bearer ")) || http_field_count(q->fields, q->field_count, SLICE("Authorization")) > 1;
	if (!m->bad_token)
		m->token = arena_dup(&m->arena, slice_trim(slice_from(value, 7)));
	m->bad_token |= m->token.n == 0;
}

/* Quoted, as its draft has it, or bare. */
static void take_key(struct manage *m, const struct http_request *q)
{
	struct slice name = SLICE("Idempotency-Key"), value = http_field_get(q->fields, q->field_count, name);

	if (http_field_count(q->fields, q->field_count, name) == 0)
		return;
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = slice_sub(value, 1, value.n - 1);
	m->bad_key = value.n == 0 || value.n > 200 || http_field_count(q->fields, q->field_count, name) > 1;
	m->key = arena_dup(&m->arena, value);
}

static enum manage_content content_of(const struct http_request *q)
{
	struct slice type = http_field_get(q->fields, q->field_count, SLICE("Content-Type"));
	ptrdiff_t end = slice_find(type, ';');

	if (!q->has_body)
		return CONTENT_NONE;
	type = slice_trim(end >= 0 ? slice_sub(type, 0, (size_t)end) : type);
	if (slice_eq_nocase(type, SLICE("application/json")))
		return CONTENT_JSON;
	return slice_eq_nocase(type, SLICE("application/x-www-form-urlencoded")) ? CONTENT_FORM : CONTENT_OTHER;
}

static enum manage_route route_of(struct manage *m)
{
	static const struct {
		struct slice path;
		enum manage_route route;
	} routes[] = {
		{SLICE_INIT("/healthz/live"), ROUTE_LIVE}, {SLICE_INIT("/healthz/ready"), ROUTE_READY}, {SLICE_INIT("/metrics"), ROUTE_METRICS},
		{SLICE_INIT(ADMIN_API_PREFIX "openapi.json"), ROUTE_OPENAPI},
	};

	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		if (slice_eq(m->path, routes[i].path))
			return routes[i].route;
	if (manage_oauth_path(m->path))
		return ROUTE_OAUTH;
	if (!slice_starts(m->path, SLICE(ADMIN_API_PREFIX)))
		return ROUTE_NONE;
	m->op = slice_from(m->path, sizeof ADMIN_API_PREFIX - 1);
	return ROUTE_API;
}

static bool address_allowed(const struct manage *m)
{
	const config_texts *allow = &m->client->edge->ctx->config->management_allow;

	return allow->count == 0 || net_prefixes_hold(allow->items, allow->count, m->address);
}

static void on_request(void *owner, uint32_t stream, const struct http_request *q)
{
	struct manage *m = owner;
	struct buf path = BUF_INIT(HTTP_LINE_MAX);

	request_clear(m);
	m->stream = stream;
	m->method = q->method == HTTP_METHOD_HEAD ? HTTP_METHOD_GET : q->method;
	m->address = arena_dup(&m->arena, forwarded_address(m, q));
	m->query = arena_dup(&m->arena, q->query);
	m->agent = arena_dup(&m->arena, slice_sub(http_field_get(q->fields, q->field_count, SLICE("User-Agent")), 0, AGENT_MAX));
	m->content = content_of(q);
	take_token(m, q);
	take_key(m, q);
	if (http_path_decode(q->path, &path) == 0)
		m->path = arena_dup(&m->arena, buf_slice(&path));
	m->route = route_of(m);
	/* What will be refused anyway is not read first. */
	if (!address_allowed(m))
		manage_problem(m, 403, "address", "This address may not use the management listener.");
	else if (m->route == ROUTE_NONE)
		manage_problem(m, 404, "not_found", "There is nothing here.");
	buf_free(&path);
}

static void on_body(void *owner, uint32_t stream, struct slice bytes)
{
	buf_append(&((struct manage *)owner)->body, bytes);
}

static void on_request_end(void *owner, uint32_t stream)
{
	static void (*const routes[])(struct manage *) = {
		[ROUTE_API] = manage_api, [ROUTE_OPENAPI] = manage_openapi, [ROUTE_LIVE] = manage_live, [ROUTE_READY] = manage_ready,
		[ROUTE_METRICS] = manage_metrics, [ROUTE_OAUTH] = manage_oauth,
	};
	struct manage *m = owner;

	if (m->bad_token)
		manage_problem(m, 401, "token", "Authorization must be \"Bearer\" and a token.");
	else if (m->route != ROUTE_API && m->route != ROUTE_OAUTH && m->method != HTTP_METHOD_GET)
		manage_not_allowed(m, "GET, HEAD, OPTIONS");
	else
		routes[m->route](m);
}

/* ---- the connection ---- */

static void on_ended(void *owner, enum http_server_end why)
{
	((struct manage *)owner)->over = true;
}

/* Whoever answers outside of the engine's events pumps when the answer is complete. */
static void on_ready(void *owner)
{
}

static const struct http_server_events server_events = {
	.request = on_request, .body = on_body, .request_end = on_request_end, .ended = on_ended, .ready = on_ready,
};

void manage_pump(struct manage *m)
{
	struct edge_client *c = m->client;
	struct role_context *ctx = c->edge->ctx;

	if (c->ended)
		return;
	http_server_pump(m->server, conn_input(c->conn), conn_output(c->conn), moment_unix(loop_now(ctx->loop)));
	conn_flush(c->conn);
	if (m->over) {
		edge_client_deadline(c, 0);
		conn_finish(c->conn);
	} else if (http_server_turn(m->server) != m->turn) {
		m->turn = http_server_turn(m->server);
		edge_client_deadline(c, http_server_patience(m->server));
	}
}

void edge_manage_prepare(struct edge *edge)
{
	struct manage_shared *shared = memory_alloc(sizeof *shared);

	admin_json_setup();
	shared->edge = edge;
	buf_init(&shared->openapi, 4u << 20);
	buf_init(&shared->health, 1u << 20);
	buf_init(&shared->counters, 1u << 20);
	list_init(&shared->waiting);
	admin_openapi(&shared->openapi, false);
	edge->manage = shared;
}

static void manage_start(struct edge_client *c)
{
	static const struct http_server_settings settings = {
		.body_max = MANAGE_BODY_MAX, .fields = security, .field_count = ARRAY_LEN(security),
	};
	struct manage *m = memory_alloc(sizeof *m);

	m->client = c;
	m->shared = c->edge->manage;
	m->turn = UINT64_MAX;
	buf_init(&m->body, MANAGE_BODY_MAX);
	m->server = http_server_create(&settings, &server_events, m);
	conn_idle_limit(c->conn, MANAGE_IDLE_MS);
	c->state = m;
	manage_pump(m);
}

static void manage_moved(struct edge_client *c)
{
	manage_pump(c->state);
}

static void manage_timeout(struct edge_client *c)
{
	struct manage *m = c->state;

	if (m->over) {
		conn_finish(c->conn);
		return;
	}
	http_server_timeout(m->server);
	manage_pump(m);
}

static void manage_stop(struct edge_client *c)
{
	struct manage *m = c->state;

	http_server_close(m->server);
	manage_pump(m);
}

static void manage_free(struct edge_client *c)
{
	struct manage *m = c->state;

	list_remove(&m->waiting);
	http_server_destroy(&m->server);
	request_clear(m);
	buf_free_secret(&m->body);
	memory_free(m);
	c->state = NULL;
}

const struct edge_protocol edge_manage = {
	.start = manage_start, .readable = manage_moved, .drained = manage_moved, .timeout = manage_timeout, .stop = manage_stop,
	.free = manage_free,
};

void edge_manage_status(struct role_context *ctx, struct buf *out)
{
	const struct edge *edge = ctx->state;

	edge_status(ctx, out);
	for (unsigned i = 2; i < ARRAY_LEN(edge->manage->requests); i++)
		buf_printf(out, ",\"requests_%uxx\":%llu", i, (unsigned long long)edge->manage->requests[i]);
}
