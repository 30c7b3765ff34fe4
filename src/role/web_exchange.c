/* One request and its answer: between the engine and the handler of a route. */
#include <string.h>

#include "base/ascii.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/problem.h"
#include "http/url.h"
#include "role/web.h"
#include "sys/file.h"

#define ANSWER_FIELDS_MAX 24
#define PROBLEM_MAX 1024

/* ---- life ---- */

static void exchange_free(struct web_exchange *x)
{
	list_remove(&x->node);
	buf_free_secret(&x->body);
	file_close(&x->body_fd);
	arena_free(&x->arena);
	memory_free(x);
}

static void budget_back(struct web_exchange *x)
{
	if (x->route != NULL && x->route->body == WEB_BODY_MEMFD && x->web != NULL)
		x->web->shared->edge->transit -= x->body_size;
}

/* The engine knows nothing of it any more. */
static void exchange_part(struct web_exchange *x)
{
	budget_back(x);
	list_remove(&x->node);
	x->web = NULL;
	if (x->held == 0)
		exchange_free(x);
}

void web_exchange_leave(struct web_exchange *x)
{
	bool tell = !x->done && x->route != NULL && x->route->gone != NULL;

	web_hold(x);
	exchange_part(x);
	if (tell)
		x->route->gone(x);
	web_drop(x);
}

void web_hold(struct web_exchange *x)
{
	x->held++;
}

void web_drop(struct web_exchange *x)
{
	ENSURE(x->held > 0);
	if (--x->held == 0 && x->web == NULL)
		exchange_free(x);
}

bool web_is_gone(const struct web_exchange *x)
{
	return x->web == NULL || x->done;
}

struct role_context *web_context(const struct web_exchange *x)
{
	return x->web->shared->edge->ctx;
}

/* ---- what the request says ---- */

struct slice web_field(const struct web_exchange *x, struct slice name)
{
	return http_field_get(x->fields, x->field_count, name);
}

bool web_query(struct web_exchange *x, struct slice name, struct slice *ret)
{
	struct buf key = BUF_INIT(HTTP_LINE_MAX), value = BUF_INIT(HTTP_LINE_MAX);
	struct slice query = x->query;
	bool found = false;

	while (!found && http_query_next(&query, &key, &value) > 0)
		if (slice_eq_nocase(buf_slice(&key), name)) {
			*ret = arena_dup(&x->arena, buf_slice(&value));
			found = true;
		}
	buf_free(&key);
	buf_free(&value);
	return found;
}

static struct web_exchange *exchange_create(struct web *w, uint32_t stream, const struct http_request *q)
{
	struct web_exchange *x = memory_alloc(sizeof *x);
	struct http_field *fields = arena_alloc_array(&x->arena, q->field_count + 1, sizeof *fields);

	x->web = w;
	x->stream = stream;
	x->body_fd = -1;
	x->method = q->method == HTTP_METHOD_HEAD ? HTTP_METHOD_GET : q->method;
	x->target = arena_printf(&x->arena, "%.*s%s%.*s", SLICE_ARG(q->path), q->query.n > 0 ? "?" : "", SLICE_ARG(q->query));
	x->query = arena_dup(&x->arena, q->query);
	x->authority = ascii_dup_lower(&x->arena, q->host);
	x->host = ascii_dup_lower(&x->arena, http_host_name(q->host));
	x->secure = conn_is_secure(w->client->conn);
	x->address = arena_dup(&x->arena, edge_address(w->client));
	x->cid = arena_dup(&x->arena, edge_cid(w->client));
	for (size_t i = 0; i < q->field_count; i++)
		fields[i] = (struct http_field){arena_dup(&x->arena, q->fields[i].name), arena_dup(&x->arena, q->fields[i].value)};
	x->fields = fields;
	x->field_count = q->field_count;
	list_append(&w->exchanges, &x->node);
	return x;
}

/* ---- answers ---- */

static void note(struct web_exchange *x, unsigned status)
{
	x->status = status;
	x->web->shared->requests[status / 100]++;
	log_event(EV_HTTP_REQUEST, LOG_TEXT("cid", x->cid), LOG_TEXT("ip", x->address), LOG_TEXT("op", slice_sub(x->path, 0, 100)), LOG_NUM("code", status));
}

static size_t fields_of(const char *type, const struct http_field *fields, size_t count, struct http_field out[ANSWER_FIELDS_MAX])
{
	size_t n = 0;

	ENSURE(count + 1 <= ANSWER_FIELDS_MAX);
	if (type != NULL)
		out[n++] = (struct http_field){SLICE("Content-Type"), slice_str(type)};
	for (size_t i = 0; i < count; i++)
		out[n++] = fields[i];
	return n;
}

void web_begin(struct web_exchange *x, unsigned status, const char *type, const struct http_field *fields, size_t count, uint64_t length)
{
	struct http_field all[ANSWER_FIELDS_MAX];
	struct http_response r = {.status = status, .fields = all, .length = length};

	if (web_is_gone(x))
		return;
	ENSURE(!x->answering);
	x->answering = true;
	r.field_count = fields_of(type, fields, count, all);
	note(x, status);
	http_server_respond(x->web->server, x->stream, &r);
}

void web_write(struct web_exchange *x, struct slice bytes)
{
	if (!web_is_gone(x))
		http_server_write(x->web->server, x->stream, bytes);
}

void web_end(struct web_exchange *x)
{
	if (web_is_gone(x))
		return;
	x->done = true;
	http_server_finish(x->web->server, x->stream);
	exchange_part(x);
}

void web_break(struct web_exchange *x)
{
	struct edge_client *c;

	if (web_is_gone(x))
		return;
	c = x->web->client;
	x->done = true;
	exchange_part(x);
	conn_finish(c->conn);
}

bool web_upgrade(struct web_exchange *x, const struct http_field *fields, size_t count)
{
	if (web_is_gone(x) || x->answering || !http_server_upgrade(x->web->server, x->stream, fields, count))
		return false;
	x->answering = x->upgraded = true;
	note(x, 101);
	return true;
}

void web_answer(struct web_exchange *x, unsigned status, const char *type, const struct http_field *fields, size_t count, struct slice body)
{
	web_hold(x);
	web_begin(x, status, type, fields, count, body.n);
	web_write(x, body);
	web_end(x);
	web_drop(x);
}

void web_refuse(struct web_exchange *x, unsigned status, const char *code, const char *detail)
{
	static const struct http_field later[] = {HTTP_FIELD("Retry-After", "60")};
	struct buf body = BUF_INIT(PROBLEM_MAX);

	http_problem(&body, &(struct http_problem){.status = status, .code = slice_str(code), .detail = slice_str(detail), .cid = x->cid});
	web_answer(x, status, "application/problem+json", later, status == 503 || status == 429, buf_slice(&body));
	buf_free(&body);
}

void web_problem(struct web_exchange *x, unsigned status)
{
	web_refuse(x, status, "", "");
}

void web_redirect(struct web_exchange *x, unsigned status, struct slice location)
{
	struct http_field field = {SLICE("Location"), location};

	web_answer(x, status, NULL, &field, 1, SLICE_NONE);
}

static void answer_allow(struct web_exchange *x, unsigned status, const char *allow)
{
	struct http_field field = {SLICE("Allow"), slice_str(allow)};

	web_answer(x, status, NULL, &field, 1, SLICE_NONE);
}

void web_pause(struct web_exchange *x, bool paused)
{
	if (!web_is_gone(x))
		http_server_body_pause(x->web->server, x->stream, paused);
}

/* ---- bodies ---- */

static void body_to_file(struct web_exchange *x, struct slice bytes)
{
	struct edge *edge = x->web->shared->edge;
	struct error err = {0};

	if (edge->transit + bytes.n > edge->ctx->config->limits_memory || (x->body_fd < 0 && (x->body_fd = memfd_new("request", &err)) < 0)
	    || file_write_all(x->body_fd, bytes, &err) != 0) {
		web_problem(x, 503);
		return;
	}
	edge->transit += bytes.n;
	x->body_size += bytes.n;
}

static void take_body(struct web_exchange *x, struct slice bytes)
{
	switch (x->route->body) {
	case WEB_BODY_NONE: break;
	case WEB_BODY_BUFFER: buf_append(&x->body, bytes); break;
	case WEB_BODY_MEMFD: body_to_file(x, bytes); break;
	case WEB_BODY_STREAM:
		if (x->route->piece != NULL)
			x->route->piece(x, bytes);
	}
}

static bool seal_body(struct web_exchange *x)
{
	struct error err = {0};

	if (x->route->body != WEB_BODY_MEMFD)
		return true;
	if (x->body_fd < 0)
		x->body_fd = memfd_from_slice("request", SLICE_NONE, &err);
	else if (memfd_seal(x->body_fd, &err) != 0)
		return false;
	return x->body_fd >= 0;
}

/* ---- events of the engine ---- */

static struct web_exchange *find(struct web *w, uint32_t stream)
{
	LIST_FOREACH(node, &w->exchanges) {
		struct web_exchange *x = LIST_ITEM(node, struct web_exchange, node);

		if (x->stream == stream)
			return x;
	}
	return NULL;
}

/* A name that only this machine itself can mean: others, though they lead here, stay outside (rebinding of DNS). */
static bool is_local_name(struct slice host)
{
	return slice_eq(host, SLICE("localhost")) || slice_eq(host, SLICE("127.0.0.1")) || slice_eq(host, SLICE("[::1]"));
}

static void route(struct web_exchange *x, enum http_method method)
{
	struct web *w = x->web;
	bool all = w->local && is_local_name(x->host);
	const struct web_route *routes = all ? web_routes : w->routes;
	size_t count = all ? web_route_count : w->route_count;
	char allow[HTTP_ALLOW_MAX];
	size_t at = 0;

	switch (http_route_find(routes, count, sizeof *routes, x->host, x->path, method, &at, allow)) {
	case HTTP_ROUTE_FOUND:
		x->route = &routes[at];
		buf_init(&x->body, (size_t)x->route->body_max);
		http_server_body_limit(w->server, x->stream, x->route->body == WEB_BODY_NONE ? 0 : x->route->body_max);
		if (x->route->begin != NULL)
			x->route->begin(x);
		break;
	case HTTP_ROUTE_NOTHING: web_problem(x, 404); break;
	case HTTP_ROUTE_METHOD: answer_allow(x, 405, allow); break;
	case HTTP_ROUTE_OPTIONS: answer_allow(x, 204, allow);
	}
}

static void on_request(void *owner, uint32_t stream, const struct http_request *q)
{
	struct web_exchange *x = exchange_create(owner, stream, q);
	struct buf path = BUF_INIT(HTTP_LINE_MAX);
	bool good = http_path_decode(q->path, &path) == 0;

	web_hold(x);
	x->path = arena_dup(&x->arena, buf_slice(&path));
	buf_free(&path);
	if (q->method == HTTP_METHOD_OPTIONS && slice_eq(q->path, SLICE("*")))
		answer_allow(x, 204, "GET, HEAD, POST, OPTIONS");
	else if (!good)
		web_problem(x, 400);
	else
		route(x, q->method);
	web_drop(x);
}

static void on_body(void *owner, uint32_t stream, struct slice bytes)
{
	struct web_exchange *x = find(owner, stream);

	if (x != NULL && x->route != NULL && (!x->answering || x->upgraded))
		take_body(x, bytes);
}

static void on_end(void *owner, uint32_t stream)
{
	struct web_exchange *x = find(owner, stream);

	if (x == NULL || x->route == NULL || x->answering)
		return;
	web_hold(x);
	if (seal_body(x))
		x->route->handle(x);
	else
		web_problem(x, 503);
	web_drop(x);
}

static void on_aborted(void *owner, uint32_t stream)
{
	struct web_exchange *x = find(owner, stream);

	if (x != NULL)
		web_exchange_leave(x);
}

static void on_writable(void *owner, uint32_t stream)
{
	struct web_exchange *x = find(owner, stream);

	if (x != NULL && x->route != NULL && x->route->more != NULL)
		x->route->more(x);
}

static void on_ended(void *owner, enum http_server_end why)
{
	((struct web *)owner)->over = true;
}

static void on_ready(void *owner)
{
	web_flush_soon(owner);
}

const struct http_server_events web_events = {
	.request = on_request, .body = on_body, .request_end = on_end, .aborted = on_aborted, .writable = on_writable, .ended = on_ended,
	.ready = on_ready,
};
