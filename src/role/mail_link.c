/* Connections of web for people who signed in, and the requests that come on them. */
#include "role/mail_link.h"

#include "base/memory.h"
#include "http/url.h"
#include "role/mail_visit.h"

#define LINK_MAGIC 0x6d6c6e6bu
#define LINK_INPUT_MAX 131072
#define LINK_IDLE_MS 120000        /* web closes earlier */
#define REQUESTS_MAX 1000000

_Static_assert(LINK_INPUT_MAX >= HTTP_SERVER_INPUT_MIN, "the engine needs a whole head");

static struct loop *loop_of(const struct mail_http *p)
{
	return p->account->role->ctx->loop;
}

/* ---- requests ---- */

static void route(struct mail_exchange *x)
{
	char allow[HTTP_ALLOW_MAX];
	size_t at = 0;

	switch (http_route_find(mail_routes, mail_route_count, sizeof *mail_routes, SLICE_NONE, x->path, x->method, &at, allow)) {
	case HTTP_ROUTE_FOUND:
		x->route = &mail_routes[at];
		if (mail_visit_passes(x))
			break;
		buf_init(&x->body, (size_t)x->route->body_max);
		http_server_body_limit(x->link->server, x->stream, x->route->body_max);
		if (x->route->begin != NULL)
			x->route->begin(x);
		break;
	case HTTP_ROUTE_NOTHING: mail_http_problem(x, 404, NULL, NULL); break;
	case HTTP_ROUTE_METHOD: case HTTP_ROUTE_OPTIONS:
		mail_http_answer(x, 405, NULL, &(struct http_field){SLICE("Allow"), slice_str(allow)}, 1, SLICE_NONE);
	}
}

static void on_request(void *owner, uint32_t stream, const struct http_request *q)
{
	struct mail_exchange *x = mail_exchange_create(owner, stream, q);
	struct buf path = BUF_INIT(HTTP_LINE_MAX);
	bool good = http_path_decode(q->path, &path) == 0;

	mail_http_hold(x);
	x->path = arena_dup(&x->arena, buf_slice(&path));
	buf_free(&path);
	if (good)
		route(x);
	else
		mail_http_problem(x, 400, NULL, NULL);
	mail_http_drop(x);
}

static void on_body(void *owner, uint32_t stream, struct slice bytes)
{
	struct mail_exchange *x = ((struct mail_link *)owner)->exchange;

	if (x == NULL || x->route == NULL || (x->answering && !x->upgraded))
		return;
	mail_http_hold(x);
	if (x->route->piece != NULL)
		x->route->piece(x, bytes);
	else
		buf_append(&x->body, bytes);
	mail_http_drop(x);
}

static void on_end(void *owner, uint32_t stream)
{
	struct mail_exchange *x = ((struct mail_link *)owner)->exchange;

	if (x == NULL || x->route == NULL || x->answering)
		return;
	mail_http_hold(x);
	x->route->handle(x);
	mail_http_drop(x);
}

static void on_aborted(void *owner, uint32_t stream)
{
	struct mail_exchange *x = ((struct mail_link *)owner)->exchange;

	if (x != NULL)
		mail_exchange_leave(x);
}

static void on_writable(void *owner, uint32_t stream)
{
	struct mail_exchange *x = ((struct mail_link *)owner)->exchange;

	if (x == NULL || x->route == NULL || x->route->more == NULL)
		return;
	mail_http_hold(x);
	x->route->more(x);
	mail_http_drop(x);
}

static void on_server_ended(void *owner, enum http_server_end why)
{
	((struct mail_link *)owner)->over = true;
}

/* ---- connections ---- */

static void link_free(struct mail_link *l)
{
	struct mail_http *p = l->person;

	list_remove(&l->node);
	p->link_count--;
	if (p->link_count == 0 && !p->over)
		timer_start(p->idle, MAIL_HTTP_IDLE_MS);
	http_server_destroy(&l->server);
	conn_destroy(&l->conn);
	l->magic = 0;
	memory_free(l);
	mail_http_let(p);
}

static void link_drop(struct mail_link *l)
{
	ENSURE_MAGIC(l, LINK_MAGIC);
	ENSURE(l->held > 0);
	if (--l->held == 0)
		link_free(l);
}

/* At once: web sees the end of the socket. */
void mail_link_end(struct mail_link *l)
{
	if (l->ended)
		return;
	l->ended = true;
	if (l->exchange != NULL)
		mail_exchange_leave(l->exchange);
	conn_finish(l->conn);
	link_drop(l); /* the connection's */
}

static void link_pump(struct mail_link *l)
{
	struct mail_http *p = l->person;

	if (l->ended)
		return;
	l->held++;
	mail_http_enter(p);
	http_server_pump(l->server, conn_input(l->conn), conn_output(l->conn), moment_unix(loop_now(loop_of(p))));
	mail_http_leave(p);
	if (!l->ended)
		conn_flush(l->conn);
	if (l->over && !l->ended)
		conn_finish(l->conn); /* its end follows when the last byte is out */
	link_drop(l);
}

static void pump_soon(void *arg)
{
	struct mail_link *l = arg;

	l->soon = false;
	link_pump(l);
	link_drop(l);
}

static void on_server_ready(void *owner)
{
	struct mail_link *l = owner;

	if (l->soon || l->ended)
		return;
	l->soon = true;
	l->held++;
	loop_defer(loop_of(l->person), pump_soon, l);
}

static const struct http_server_events server_events = {
	.request = on_request, .body = on_body, .request_end = on_end, .aborted = on_aborted, .writable = on_writable, .ended = on_server_ended,
	.ready = on_server_ready,
};

static void on_conn(void *owner)
{
	link_pump(owner);
}

static void on_conn_ended(void *owner, enum conn_end why)
{
	mail_link_end(owner);
}

static const struct conn_events conn_events = {.readable = on_conn, .drained = on_conn, .ended = on_conn_ended};

void mail_link_create(struct mail_http *p, int fd)
{
	struct mail_link *l = memory_alloc(sizeof *l);
	struct http_server_settings settings = {.requests_max = REQUESTS_MAX};

	l->magic = LINK_MAGIC;
	l->person = p;
	l->held = 1;
	mail_http_keep(p);
	p->link_count++;
	timer_stop(p->idle);
	list_append(&p->links, &l->node);
	l->server = http_server_create(&settings, &server_events, l);
	l->conn = conn_create(loop_of(p), fd, LINK_INPUT_MAX, &conn_events, l);
	conn_idle_limit(l->conn, LINK_IDLE_MS);
}
