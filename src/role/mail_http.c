#include "role/mail_visit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/permit.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/problem.h"
#include "http/server.h"
#include "http/url.h"

#define LINK_MAGIC 0x6d6c6e6bu
#define LINK_INPUT_MAX 131072
#define LINK_IDLE_MS 120000        /* web closes earlier */
#define REQUESTS_MAX 1000000
#define FIELDS_MAX 16

/* One connection from web. */
struct mail_link {
	uint32_t magic;
	struct list_node node;
	struct mail_http *person;
	struct conn *conn;
	struct http_server *server;
	struct mail_exchange *exchange; /* HTTP/1.1: one at a time */
	unsigned held;
	bool ended, over, soon;
};

static struct loop *loop_of(const struct mail_http *p)
{
	return p->account->role->ctx->loop;
}

/* ---- a sign-in ---- */

static void person_hold(struct mail_http *p)
{
	ENSURE_MAGIC(p, MAIL_HTTP_MAGIC);
	p->held++;
}

static void person_free(struct mail_http *p)
{
	struct mail_account *a = p->account;
	int64_t ms = (moment_unix(loop_now(loop_of(p))) - p->since) * 1000;

	list_remove(&p->node);
	jmap_destroy(&p->jmap);
	restricted_account_destroy(&p->seen);
	buf_free(&p->extensions);
	timer_destroy(&p->idle);
	a->role->session_count--;
	a->sessions--;
	mail_use_end(&p->use, ms);
	log_event(EV_SESSION_END, LOG_STR("cid", p->cid), LOG_STR("ip", p->address), LOG_TEXT("user", a->login), LOG_NUM("messages", p->use.letters),
	          LOG_NUM("bytes", p->use.bytes), LOG_NUM("ms", ms), p->use.actor[0] != 0 ? LOG_STR("actor", p->use.actor) : LOG_END);
	p->magic = 0;
	memory_free(p);
	mail_account_drop(a);
}

static void person_drop(struct mail_http *p)
{
	ENSURE_MAGIC(p, MAIL_HTTP_MAGIC);
	ENSURE(p->held > 0);
	if (--p->held == 0)
		person_free(p);
}

void mail_http_keep(struct mail_http *p)
{
	person_hold(p);
}

void mail_http_let(struct mail_http *p)
{
	person_drop(p);
}

void mail_http_enter(struct mail_http *p)
{
	if (p->entered++ == 0)
		mail_account_runs(p->account);
	p->account->at_work = &p->use;
}

void mail_http_leave(struct mail_http *p)
{
	ENSURE(p->entered > 0);
	if (--p->entered == 0)
		p->account->at_work = NULL;
}

static void link_end(struct mail_link *l);

/* It serves nothing any more. */
static void person_end(struct mail_http *p)
{
	if (p->over)
		return;
	p->over = true;
	LIST_FOREACH(node, &p->links)
		link_end(LIST_ITEM(node, struct mail_link, node));
	person_drop(p);
}

static void on_person_idle(void *arg)
{
	person_end(arg);
}

static void open_account(struct mail_http *p)
{
	const uint64_t changing = AUTH_BIT(AUTH_MAIL_SEND) | AUTH_BIT(AUTH_MAIL_FORWARD) | AUTH_BIT(AUTH_MAIL_DELETE);
	unsigned refuses = ((p->rights & AUTH_BIT(AUTH_MAIL_DELETE)) == 0 ? ACCOUNT_REFUSES_DELETE : 0u)
		| ((p->rights & changing) == 0 ? ACCOUNT_REFUSES_CHANGE : 0u)
		| ((p->rights & AUTH_BIT(AUTH_MAIL_DOWNLOAD)) == 0 ? ACCOUNT_REFUSES_DOWNLOAD : 0u);

	p->seen = restricted_account_create(store_account_mailboxes(p->account->store), refuses, mail_use_watch(&p->use), &p->use);
}

static void copy_text(char *to, size_t size, struct slice from)
{
	snprintf(to, size, "%.*s", SLICE_ARG(from));
}

static struct mail_http *person_create(struct mail_account *a, const struct mail_ticket *t, const struct ipc_mail_attach *request)
{
	struct mail_http *p = memory_alloc(sizeof *p);

	p->magic = MAIL_HTTP_MAGIC;
	p->held = 1;
	p->account = a;
	p->ticket = t->id;
	p->stands = t->stands;
	p->rights = t->rights;
	p->reading = t->reading;
	p->since = moment_unix(loop_now(a->role->ctx->loop));
	list_init(&p->links);
	buf_init(&p->extensions, 2000);
	copy_text(p->cid, sizeof p->cid, request->cid);
	copy_text(p->address, sizeof p->address, request->address);
	mail_use_begin(&p->use, a, t, p->cid, p->address);
	mail_account_hold(a);
	a->sessions++;
	a->role->session_count++;
	a->role->session_total++;
	list_append(&a->role->people, &p->node);
	p->idle = timer_create_on(a->role->ctx->loop, on_person_idle, p);
	open_account(p);
	mail_jmap_start(p);
	log_event(EV_SESSION_START, LOG_STR("cid", p->cid), LOG_STR("service", "jmap"), LOG_STR("ip", p->address), LOG_TEXT("user", a->login),
	          LOG_NUM("credential", p->stands.credential), p->use.actor[0] != 0 ? LOG_STR("actor", p->use.actor) : LOG_END);
	return p;
}

/* ---- exchanges ---- */

static void exchange_free(struct mail_exchange *x)
{
	struct mail_http *p = x->person;

	buf_free_secret(&x->body);
	arena_free(&x->arena);
	memory_free(x);
	person_drop(p);
}

/* The connection knows nothing of it any more. */
static void exchange_part(struct mail_exchange *x)
{
	x->link->exchange = NULL;
	x->link = NULL;
	if (x->held == 0)
		exchange_free(x);
}

static void exchange_leave(struct mail_exchange *x)
{
	bool tell = !x->done && x->route != NULL && x->route->gone != NULL;

	mail_http_hold(x);
	exchange_part(x);
	if (tell)
		x->route->gone(x);
	mail_http_drop(x);
}

void mail_http_hold(struct mail_exchange *x)
{
	x->held++;
}

void mail_http_drop(struct mail_exchange *x)
{
	ENSURE(x->held > 0);
	if (--x->held == 0 && x->link == NULL)
		exchange_free(x);
}

bool mail_http_is_gone(const struct mail_exchange *x)
{
	return x->link == NULL || x->done;
}

struct http_server *mail_http_server(const struct mail_exchange *x)
{
	return x->link->server;
}

bool mail_http_full(const struct mail_exchange *x)
{
	return x->link != NULL && conn_congested(x->link->conn);
}

struct role_context *mail_http_context(const struct mail_exchange *x)
{
	return x->person->account->role->ctx;
}

struct slice mail_http_field(const struct mail_exchange *x, struct slice name)
{
	return http_field_get(x->fields, x->field_count, name);
}

bool mail_http_query(struct mail_exchange *x, struct slice name, struct slice *ret)
{
	struct buf key = BUF_INIT(HTTP_LINE_MAX), value = BUF_INIT(HTTP_LINE_MAX);
	struct slice query = x->query;
	bool found = false;

	while (!found && http_query_next(&query, &key, &value) > 0)
		if (slice_eq(buf_slice(&key), name)) {
			*ret = arena_dup(&x->arena, buf_slice(&value));
			found = true;
		}
	buf_free(&key);
	buf_free(&value);
	return found;
}

void mail_http_begin(struct mail_exchange *x, unsigned status, const char *type, const struct http_field *fields, size_t count, uint64_t length)
{
	struct http_field all[FIELDS_MAX];
	struct http_response r = {.status = status, .fields = all, .length = length};

	if (mail_http_is_gone(x))
		return;
	ENSURE(!x->answering && count + 2 <= FIELDS_MAX);
	x->answering = true;
	if (type != NULL)
		all[r.field_count++] = (struct http_field){SLICE("Content-Type"), slice_str(type)};
	if (http_field_count(fields, count, SLICE("Cache-Control")) == 0)
		all[r.field_count++] = (struct http_field)HTTP_FIELD("Cache-Control", "no-store");
	for (size_t i = 0; i < count; i++)
		all[r.field_count++] = fields[i];
	http_server_respond(x->link->server, x->stream, &r);
}

void mail_http_write(struct mail_exchange *x, struct slice bytes)
{
	if (!mail_http_is_gone(x))
		http_server_write(x->link->server, x->stream, bytes);
}

void mail_http_end(struct mail_exchange *x)
{
	if (mail_http_is_gone(x))
		return;
	x->done = true;
	http_server_finish(x->link->server, x->stream);
	exchange_part(x);
}

void mail_http_break(struct mail_exchange *x)
{
	struct mail_link *l = x->link;

	if (mail_http_is_gone(x))
		return;
	x->done = true;
	exchange_part(x);
	link_end(l);
}

void mail_http_answer(struct mail_exchange *x, unsigned status, const char *type, const struct http_field *fields, size_t count, struct slice body)
{
	mail_http_hold(x);
	mail_http_begin(x, status, type, fields, count, body.n);
	mail_http_write(x, body);
	mail_http_end(x);
	mail_http_drop(x);
}

void mail_http_problem(struct mail_exchange *x, unsigned status, const char *code, const char *detail)
{
	struct buf body = BUF_INIT(2048);

	http_problem(&body, &(struct http_problem){.status = status, .code = slice_str(code), .detail = slice_str(detail)});
	mail_http_answer(x, status, "application/problem+json", NULL, 0, buf_slice(&body));
	buf_free(&body);
}

bool mail_http_upgrade(struct mail_exchange *x, const struct http_field *fields, size_t count)
{
	if (mail_http_is_gone(x) || x->answering || !http_server_upgrade(x->link->server, x->stream, fields, count))
		return false;
	x->answering = x->upgraded = true;
	return true;
}

void mail_http_pause(struct mail_exchange *x, bool paused)
{
	if (!mail_http_is_gone(x))
		http_server_body_pause(x->link->server, x->stream, paused);
}

/* ---- requests ---- */

static struct mail_exchange *exchange_create(struct mail_link *l, uint32_t stream, const struct http_request *q)
{
	struct mail_exchange *x = memory_alloc(sizeof *x);
	struct http_field *fields = arena_alloc_array(&x->arena, q->field_count + 1, sizeof *fields);

	x->link = l;
	x->person = l->person;
	person_hold(x->person);
	x->stream = stream;
	x->method = q->method;
	x->query = arena_dup(&x->arena, q->query);
	x->target = q->query.n > 0 ? arena_printf(&x->arena, "%.*s?%.*s", SLICE_ARG(q->path), SLICE_ARG(q->query)) : arena_dup(&x->arena, q->path);
	x->authority = arena_dup(&x->arena, q->host);
	for (size_t i = 0; i < q->field_count; i++)
		fields[i] = (struct http_field){arena_dup(&x->arena, q->fields[i].name), arena_dup(&x->arena, q->fields[i].value)};
	x->fields = fields;
	x->field_count = q->field_count;
	l->exchange = x;
	return x;
}

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
	struct mail_exchange *x = exchange_create(owner, stream, q);
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
		exchange_leave(x);
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
	person_drop(p);
}

static void link_drop(struct mail_link *l)
{
	ENSURE_MAGIC(l, LINK_MAGIC);
	ENSURE(l->held > 0);
	if (--l->held == 0)
		link_free(l);
}

/* At once: web sees the end of the socket. */
static void link_end(struct mail_link *l)
{
	if (l->ended)
		return;
	l->ended = true;
	if (l->exchange != NULL)
		exchange_leave(l->exchange);
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
	link_end(owner);
}

static const struct conn_events conn_events = {.readable = on_conn, .drained = on_conn, .ended = on_conn_ended};

static void link_create(struct mail_http *p, int fd)
{
	struct mail_link *l = memory_alloc(sizeof *l);
	struct http_server_settings settings = {.requests_max = REQUESTS_MAX};

	l->magic = LINK_MAGIC;
	l->person = p;
	l->held = 1;
	person_hold(p);
	p->link_count++;
	timer_stop(p->idle);
	list_append(&p->links, &l->node);
	l->server = http_server_create(&settings, &server_events, l);
	l->conn = conn_create(loop_of(p), fd, LINK_INPUT_MAX, &conn_events, l);
	conn_idle_limit(l->conn, LINK_IDLE_MS);
}

/* ---- for the role ---- */

static struct mail_http *person_find(struct mail_role *m, const ipc_id *ticket)
{
	LIST_FOREACH(node, &m->people) {
		struct mail_http *p = LIST_ITEM(node, struct mail_http, node);

		if (!p->over && memcmp(&p->ticket, ticket, sizeof *ticket) == 0)
			return p;
	}
	return NULL;
}

static enum auth_status first(struct mail_role *m, const struct ipc_mail_attach *r, struct mail_http **ret, struct error *err)
{
	struct mail_ticket *t = map_get(&m->tickets, slice_make(r->ticket.b, sizeof r->ticket.b));
	size_t limit = m->ctx->config->limits_sessions_per_user;
	enum auth_status status = AUTH_OK;

	if (t == NULL || t->protocol != AUTH_PROTOCOL_JMAP || t->until_ms < mail_now(m) || m->stopping) {
		error_set(err, ERR_DENIED, "no such ticket");
		return AUTH_DENIED;
	}
	if (t->account->sessions >= MAIL_SESSIONS_PER_ACCOUNT || (limit > 0 && t->account->sessions >= limit)) {
		error_set(err, ERR_LIMIT, "sessions_per_user");
		status = AUTH_THROTTLED;
	} else if (mail_account_open(t->account, err) < 0) {
		status = AUTH_TEMPORARY;
	} else {
		*ret = person_create(t->account, t, r);
	}
	if (status != AUTH_TEMPORARY) /* good for one sign-in; what failed for a moment may be tried again */
		mail_ticket_free(m, t);
	return status;
}

bool mail_http_join(struct mail_http *p, int fd)
{
	if (p->over || p->link_count >= MAIL_HTTP_LINKS_MAX) {
		close(fd);
		return false;
	}
	link_create(p, fd);
	return true;
}

enum auth_status mail_http_attach(struct mail_role *m, const struct ipc_mail_attach *r, struct error *err)
{
	struct mail_http *p = r->session >= 0 ? person_find(m, &r->ticket) : NULL;
	enum auth_status status = AUTH_OK;

	if (r->session < 0)
		return AUTH_DENIED;
	if (p == NULL)
		status = first(m, r, &p, err);
	else if (p->link_count >= MAIL_HTTP_LINKS_MAX)
		status = AUTH_THROTTLED;
	if (status == AUTH_OK)
		link_create(p, r->session);
	else
		close(r->session);
	return status;
}

void mail_http_revoke(struct mail_role *m, const uint8_t *account, uint32_t credential)
{
	LIST_FOREACH(node, &m->people) {
		struct mail_http *p = LIST_ITEM(node, struct mail_http, node);

		if (account == NULL || mail_stands_on(p->account, &p->stands, account, credential))
			person_end(p);
	}
	mail_visit_revoke(m, account, credential);
}

void mail_http_pairs(struct mail_role *m, struct buf *out)
{
	LIST_FOREACH(node, &m->people) {
		struct mail_http *p = LIST_ITEM(node, struct mail_http, node);

		mail_standing_pairs(p->account, &p->stands, out);
	}
}

static void put_member(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, "\"%s\":", name);
	http_json_text(out, value);
	buf_append_byte(out, ',');
}

void mail_http_list(struct mail_role *m, struct buf *out, const char **comma)
{
	LIST_FOREACH(node, &m->people) {
		struct mail_http *p = LIST_ITEM(node, struct mail_http, node);

		if (buf_len(out) > 50000)
			return;
		buf_printf(out, "%s{", *comma);
		put_member(out, "cid", slice_str(p->cid));
		put_member(out, "protocol", SLICE("jmap"));
		put_member(out, "address", slice_str(p->address));
		put_member(out, "user", p->account->login);
		put_member(out, "actor", slice_str(p->use.actor));
		buf_printf(out, "\"since\":%lld}", (long long)p->since);
		*comma = ",";
	}
}
