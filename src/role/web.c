/* Connections of the class web. */
#include "role/web_person.h"

#include "admin/request.h"
#include "base/memory.h"
#include "net/prefix.h"

/* With every answer: only over TLS, nothing embedded, nothing interpreted, nothing told to others. A handler that serves pages overrides by fields
 * of the same name only where its route has reasons. */
static const struct http_field security[] = {
	HTTP_FIELD("Strict-Transport-Security", "max-age=31536000"),
	HTTP_FIELD("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
	HTTP_FIELD("X-Content-Type-Options", "nosniff"),
	HTTP_FIELD("Referrer-Policy", "no-referrer"),
	HTTP_FIELD("Cross-Origin-Opener-Policy", "same-origin"),
	HTTP_FIELD("Cross-Origin-Resource-Policy", "same-origin"),
};


static void pump(struct web *w)
{
	struct edge_client *c = w->client;

	if (c->ended)
		return;
	http_server_pump(w->server, conn_input(c->conn), conn_output(c->conn), moment_unix(loop_now(c->edge->ctx->loop)));
	conn_flush(c->conn);
	if (w->over) {
		edge_client_deadline(c, 0);
		conn_finish(c->conn);
	} else if (http_server_turn(w->server) != w->turn) {
		w->turn = http_server_turn(w->server);
		edge_client_deadline(c, http_server_patience(w->server));
	}
}

static void flush_now(void *arg)
{
	struct edge_client *c = arg;
	struct web *w = c->state;

	if (w != NULL) {
		w->flushing = false;
		pump(w);
	}
	edge_client_drop(c);
}

void web_flush_soon(struct web *w)
{
	if (w->flushing || w->client->ended)
		return;
	w->flushing = true;
	edge_client_hold(w->client);
	loop_defer(w->client->edge->ctx->loop, flush_now, w->client);
}

void edge_web_prepare(struct edge *edge)
{
	struct web_shared *shared = memory_alloc(sizeof *shared);

	admin_json_setup();
	shared->edge = edge;
	edge->web = shared;
	shared->people = web_people_create(edge);
}

/* TLS-ALPN-01 is only a handshake (RFC 8737 3). */
static bool only_handshake(const struct edge_client *c)
{
	return conn_tls(c->conn) != NULL && slice_eq(tls_alpn(conn_tls(c->conn)), SLICE("acme-tls/1"));
}

static bool is_loopback(struct slice address)
{
	return net_prefix_holds(SLICE("127.0.0.0/8"), address) || net_prefix_holds(SLICE("::1"), address);
}

static void start(struct edge_client *c, bool plain)
{
	struct web *w;
	struct http_server_settings settings = {.requests_max = WEB_REQUESTS_MAX, .fields = security, .field_count = ARRAY_LEN(security)};

	if (only_handshake(c)) {
		conn_finish(c->conn);
		return;
	}
	w = memory_alloc(sizeof *w);
	settings.http2 = !plain && slice_eq(tls_alpn(conn_tls(c->conn)), SLICE("h2"));
	if (plain) {
		settings.fields = security + 1; /* HSTS is ignored over plain HTTP (RFC 6797 7.2) */
		settings.field_count--;
	}
	w->client = c;
	w->near = is_loopback(edge_address(c));
	w->local = plain && c->edge->ctx->config->web_plain_loopback && w->near;
	w->shared = c->edge->web;
	w->turn = UINT64_MAX;
	w->routes = plain ? web_plain_routes : web_routes;
	w->route_count = plain ? web_plain_route_count : web_route_count;
	list_init(&w->exchanges);
	w->server = http_server_create(&settings, &web_events, w);
	conn_idle_limit(c->conn, WEB_IDLE_MS);
	c->state = w;
	pump(w);
}

static void web_start(struct edge_client *c)
{
	start(c, false);
}

static void plain_start(struct edge_client *c)
{
	start(c, true);
}

static void web_moved(struct edge_client *c)
{
	pump(c->state);
}

static void web_timeout(struct edge_client *c)
{
	struct web *w = c->state;

	if (w->over) {
		conn_finish(c->conn);
		return;
	}
	http_server_timeout(w->server);
	pump(w);
}

static void web_stop(struct edge_client *c)
{
	struct web *w = c->state;

	http_server_close(w->server);
	pump(w);
}

static void web_ended(struct edge_client *c)
{
	struct web *w = c->state;

	LIST_FOREACH(node, &w->exchanges)
		web_exchange_leave(LIST_ITEM(node, struct web_exchange, node));
}

static void web_free(struct edge_client *c)
{
	struct web *w = c->state;

	web_ended(c);
	http_server_destroy(&w->server);
	memory_free(w);
	c->state = NULL;
}

const struct edge_protocol edge_web = {
	.start = web_start, .readable = web_moved, .drained = web_moved, .timeout = web_timeout, .stop = web_stop, .free = web_free,
	.ended = web_ended,
};
const struct edge_protocol edge_web_plain = {
	.start = plain_start, .readable = web_moved, .drained = web_moved, .timeout = web_timeout, .stop = web_stop, .free = web_free,
	.ended = web_ended,
};

void edge_web_status(struct role_context *ctx, struct buf *out)
{
	const struct edge *edge = ctx->state;

	edge_status(ctx, out);
	for (unsigned i = 2; i < ARRAY_LEN(edge->web->requests); i++)
		buf_printf(out, ",\"requests_%uxx\":%llu", i, (unsigned long long)edge->web->requests[i]);
}
