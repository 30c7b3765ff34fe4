/*
 * Everything under /jmap/ goes to the mail process of the reader, as plain HTTP/1.1 over a socket pair. A person who signed in has a few such connections,
 * which are kept for a while; events and WebSockets have one each for as long as they last. Nothing of mail is parsed here.
 *
 * Back-pressure: what comes from the client is not read while the connection to mail is congested; what comes from mail is read only when the client's
 * side has asked for more (web_route.more).
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "http/client.h"
#include "role/web_cookie.h"
#include "role/web_person.h"

#define LINK_MAGIC 0x776c6e6bu
#define LINKS_MAX 40               /* connections of one person */
#define LINK_INPUT_MAX 65536
#define LINK_IDLE_MS 30000         /* mail waits longer */
#define FIELDS_MAX 20

struct forward;

/* One connection to mail. */
struct link {
	uint32_t magic;
	struct list_node node;         /* in person->links */
	struct web_person *person;
	struct conn *conn;
	struct http_client *http;
	struct forward *forward;       /* what it is used for; NULL: idle, or it only waits to be freed */
	struct timer *idle;
	bool attached, over, failed, done, reusable, pumping;
	unsigned held;
};

/* One request on its way; of the exchange's arena. */
struct forward {
	struct web_exchange *x;
	struct link *link;
	bool sent, whole;              /* the head went out; the whole request did */
	bool hungry;                   /* the client's side has room */
	bool tried;                    /* a door was found closed once already */
	bool unfit;                    /* mail changed the protocol, the client's side cannot */
	bool over;
};

/* ---- links ---- */

static void link_free(struct link *l)
{
	ENSURE_MAGIC(l, LINK_MAGIC);
	list_remove(&l->node);
	l->person->link_count--;
	web_person_touch(l->person);
	conn_destroy(&l->conn);
	http_client_destroy(&l->http);
	timer_destroy(&l->idle);
	web_person_drop(l->person);
	l->magic = 0;
	memory_free(l);
}

static void link_hold(struct link *l)
{
	l->held++;
}

static void link_drop(struct link *l)
{
	ENSURE(l->held > 0);
	if (--l->held == 0 && l->over)
		link_free(l);
}

/* It is of no use any more; freed when nobody is in the middle of it. */
static void link_end(struct link *l)
{
	if (l->over)
		return;
	l->over = true;
	if (l->forward != NULL)
		l->forward->link = NULL;
	l->forward = NULL;
	link_hold(l);
	link_drop(l);
}

static void link_rest(struct link *l)
{
	l->forward = NULL;
	l->done = l->reusable = false;
	timer_start(l->idle, LINK_IDLE_MS);
}

static void on_idle(void *arg)
{
	link_end(arg);
}

/* ---- the end of a request ---- */

static void forward_end(struct forward *f)
{
	struct link *l = f->link;

	f->over = true;
	f->link = NULL;
	if (l == NULL)
		return;
	if (l->done && l->reusable)
		link_rest(l);
	else
		link_end(l);
}

/* Mail is not there, or broke off. */
static void forward_fail(struct forward *f)
{
	struct web_exchange *x = f->x;

	if (f->over)
		return;
	forward_end(f);
	if (x->upgraded)
		web_end(x);
	else if (x->answering)
		web_break(x);
	else
		web_problem(x, f->unfit ? 400 : 503);
}

/* ---- answers of mail ---- */

/* Fields between two hops, and those that our own engine makes. */
static bool is_ours(struct slice name)
{
	static const struct slice names[] = {SLICE_INIT("Connection"), SLICE_INIT("Keep-Alive"), SLICE_INIT("Transfer-Encoding"), SLICE_INIT("Content-Length"),
		SLICE_INIT("Date")};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_nocase(names[i], name))
			return true;
	return false;
}

/*
 * A browser keeps nothing of what a cookie opened: neither the next person at the machine shall find it there after the sign-out, nor this one when the
 * letter was taken back. Programs have their own stores (RFC 8620 6.2).
 */
static struct http_field field_for(const struct link *l, const struct http_field *field)
{
	if (l->person->cookie && slice_eq_nocase(field->name, SLICE("Cache-Control")))
		return (struct http_field)HTTP_FIELD("Cache-Control", "private, no-store");
	return *field;
}

static void on_head(void *owner, unsigned status, const struct http_field *fields, size_t count)
{
	struct link *l = owner;
	struct forward *f = l->forward;
	struct http_field out[FIELDS_MAX];
	uint64_t length = HTTP_LENGTH_UNKNOWN;
	size_t n = 0;

	if (f == NULL)
		return;
	for (size_t i = 0; i < count && n < FIELDS_MAX; i++)
		if (!is_ours(fields[i].name))
			out[n++] = field_for(l, &fields[i]);
	if (slice_to_u64(http_field_get(fields, count, SLICE("Content-Length")), &length) != 0)
		length = HTTP_LENGTH_UNKNOWN;
	if (status != 101)
		web_begin(f->x, status, NULL, out, n, length);
	else if (!web_upgrade(f->x, out, n)) /* HTTP/1.0, or a body is still to come */
		l->failed = f->unfit = true;
}

static void on_body(void *owner, struct slice bytes)
{
	struct link *l = owner;

	if (l->forward != NULL && !l->failed)
		web_write(l->forward->x, bytes);
}

static void on_done(void *owner, bool reusable)
{
	struct link *l = owner;

	l->done = true;
	l->reusable = reusable;
}

static void on_failed(void *owner, enum http_client_error why)
{
	struct link *l = owner;

	l->failed = true;
}

static const struct http_client_events http_events = {on_head, on_body, on_done, on_failed};

/* ---- moving ---- */

/* What the engine said is acted on here, where it does not run. */
static void link_settle(struct link *l)
{
	struct forward *f = l->forward;

	if (f == NULL) {
		if (l->failed)
			link_end(l);
		return;
	}
	if (l->done) {
		struct web_exchange *x = f->x;
		forward_end(f);
		web_end(x);
	} else if (l->failed) {
		forward_fail(f);
	}
}

static bool may_read(const struct link *l)
{
	return l->forward == NULL || l->forward->hungry || !l->forward->x->answering;
}

static void link_pump(struct link *l)
{
	static struct buf nothing;
	struct buf *in = conn_input(l->conn);
	bool read;

	if (l->over || l->pumping)
		return;
	link_hold(l);
	l->pumping = true;
	read = may_read(l);
	if (read && buf_len(in) > 0 && l->forward != NULL)
		l->forward->hungry = false;
	http_client_pump(l->http, read ? in : &nothing, conn_output(l->conn));
	conn_flush(l->conn);
	l->pumping = false;
	link_settle(l);
	link_drop(l);
}

static void client_flow(struct link *l)
{
	if (l->forward != NULL && l->forward->sent)
		web_pause(l->forward->x, conn_congested(l->conn));
}

static void on_link_readable(void *owner)
{
	link_pump(owner);
}

static void on_link_drained(void *owner)
{
	struct link *l = owner;

	link_hold(l);
	link_pump(l);
	client_flow(l);
	link_drop(l);
}

static void on_link_ended(void *owner, enum conn_end why)
{
	struct link *l = owner;

	link_hold(l);
	if (l->attached && !l->over) {
		if (l->forward != NULL) /* all that mail said is given */
			http_client_pump(l->http, conn_input(l->conn), conn_output(l->conn));
		if (!l->done && !l->failed)
			http_client_end(l->http);
		l->reusable = false;
		link_settle(l);
		link_end(l);
	}
	link_drop(l);
}

static const struct conn_events link_events = {.readable = on_link_readable, .drained = on_link_drained, .ended = on_link_ended};

/* ---- the request ---- */

static size_t request_fields(const struct web_exchange *x, struct http_field out[FIELDS_MAX])
{
	static const struct slice passed[] = {SLICE_INIT("Content-Type"), SLICE_INIT("Accept"), SLICE_INIT("Accept-Language"), SLICE_INIT("Last-Event-ID"),
		SLICE_INIT("Sec-WebSocket-Key"), SLICE_INIT("Sec-WebSocket-Version"), SLICE_INIT("Sec-WebSocket-Protocol")};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		if (http_field_count(x->fields, x->field_count, passed[i]) > 0)
			out[n++] = (struct http_field){passed[i], web_field(x, passed[i])};
	out[n++] = (struct http_field){SLICE("X-Forwarded-Proto"), x->secure ? SLICE("https") : SLICE("http")};
	out[n++] = (struct http_field){SLICE("X-Request-Id"), x->cid};
	return n;
}

static bool is_loopback(struct slice name)
{
	return slice_eq(name, SLICE("localhost")) || slice_eq(name, SLICE("127.0.0.1")) || slice_eq(name, SLICE("[::1]"));
}

/* Where the client is told to ask: as it asked, where that is a name of ours; a name that somebody made up leads nobody away. */
static struct slice host_of(struct web_exchange *x)
{
	const struct config *c = web_context(x)->config;
	ptrdiff_t colon = slice_rfind(x->authority, ':'), bracket = slice_rfind(x->authority, ']');
	struct slice name = colon > bracket ? slice_sub(x->authority, 0, (size_t)colon) : x->authority;

	if (slice_eq_nocase(name, c->hostname) || (is_loopback(name) && x->web->near))
		return x->authority;
	for (size_t i = 0; i < c->auth_web_origins.count; i++)
		if (slice_eq(web_origin(x), c->auth_web_origins.items[i]))
			return x->authority;
	return c->hostname;
}

static bool wants_upgrade(const struct web_exchange *x)
{
	return x->method == HTTP_METHOD_GET && http_field_lists(x->fields, x->field_count, SLICE("Connection"), SLICE("Upgrade"))
	       && http_field_lists(x->fields, x->field_count, SLICE("Upgrade"), SLICE("websocket"));
}

static void send_request(struct forward *f)
{
	struct web_exchange *x = f->x;
	struct link *l = f->link;
	struct http_field fields[FIELDS_MAX];
	struct http_client_request request = {.method = x->method == HTTP_METHOD_POST ? SLICE("POST") : SLICE("GET"), .target = x->target,
		.host = host_of(x), .fields = fields, .field_count = request_fields(x, fields),
		.streamed = x->method == HTTP_METHOD_POST, .upgrade = wants_upgrade(x), .keep = true};

	if (request.upgrade) {
		fields[request.field_count++] = (struct http_field)HTTP_FIELD("Connection", "Upgrade");
		fields[request.field_count++] = (struct http_field)HTTP_FIELD("Upgrade", "websocket");
	}
	if (http_client_send(l->http, &request) != 0) {
		forward_end(f);
		web_problem(x, 400);
		return;
	}
	f->sent = true;
	if (f->whole)
		http_client_finish(l->http);
	web_hold(x);
	link_hold(l);
	link_pump(l);
	client_flow(l);
	link_drop(l);
	web_drop(x);
}

static void on_person(struct web_exchange *x, struct web_person *person, enum web_person_status status);

/* ---- new links ---- */


/* The door is closed: the sign-in is shown to auth again, once. */
static void door_closed(struct link *l, struct forward *f)
{
	web_person_end(l->person);
	link_end(l);
	if (f == NULL || f->over)
		return;
	if (f->tried) {
		forward_fail(f);
		return;
	}
	f->tried = true;
	web_person_ask(f->x, on_person);
}

static void on_attached(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct link *l = arg;
	const struct ipc_mail_attach_reply *reply = message;
	struct forward *f = l->forward;
	struct web_exchange *x = f != NULL ? f->x : NULL;

	if (x != NULL)
		web_hold(x);
	if (outcome == IPC_OK && reply->status == AUTH_OK) {
		l->attached = true;
		if (f != NULL)
			send_request(f);
		else
			link_end(l);
	} else if (outcome == IPC_OK && reply->status == AUTH_DENIED) {
		door_closed(l, f);
	} else if (f != NULL) {
		bool many = outcome == IPC_OK && reply->status == AUTH_THROTTLED;
		f->over = true;
		link_end(l);
		web_problem(x, many ? 429 : 503);
	} else {
		link_end(l);
	}
	link_drop(l);
	if (x != NULL)
		web_drop(x);
}

static struct link *link_create(struct web_person *p, struct role_context *ctx, int fd)
{
	struct link *l = memory_alloc(sizeof *l);

	l->magic = LINK_MAGIC;
	l->person = p;
	web_person_hold(p);
	list_append(&p->links, &l->node);
	p->link_count++;
	l->conn = conn_create(ctx->loop, fd, LINK_INPUT_MAX, &link_events, l);
	l->http = http_client_create(UINT64_MAX, &http_events, l);
	l->idle = timer_create_on(ctx->loop, on_idle, l);
	return l;
}

static bool link_open(struct forward *f, struct web_person *p)
{
	struct role_context *ctx = web_context(f->x);
	struct ipc_mail_attach request = {.ticket = p->ticket, .cid = f->x->cid, .protocol = AUTH_PROTOCOL_JMAP, .tls = f->x->secure, .address = f->x->address};
	int pair[2];

	if (p->link_count >= LINKS_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	f->link = link_create(p, ctx, pair[0]);
	f->link->forward = f;
	request.session = pair[1];
	link_hold(f->link); /* until the answer */
	ipc_request(ctx->ipc, IPC_MAIL_ATTACH, p->shard, &request, on_attached, f->link);
	close(pair[1]);
	return true;
}

static struct link *link_idle(struct web_person *p)
{
	LIST_FOREACH(node, &p->links) {
		struct link *l = LIST_ITEM(node, struct link, node);

		if (l->attached && !l->over && !l->failed && l->forward == NULL)
			return l;
	}
	return NULL;
}

static void on_person(struct web_exchange *x, struct web_person *p, enum web_person_status status)
{
	struct forward *f = x->state;
	struct link *l;

	if (status != WEB_PERSON_KNOWN) {
		f->over = true;
		web_person_refuse(x, status);
		return;
	}
	l = link_idle(p);
	if (l != NULL) {
		timer_stop(l->idle);
		l->forward = f;
		f->link = l;
		send_request(f);
	} else if (!link_open(f, p)) {
		f->over = true;
		web_problem(x, 429);
	}
}

/* ---- the route ---- */

void web_mail_begin(struct web_exchange *x)
{
	struct forward *f = arena_alloc(&x->arena, sizeof *f);

	x->state = f;
	f->x = x;
	f->hungry = true;
	f->whole = x->method != HTTP_METHOD_POST;
	web_pause(x, true);
	web_person_ask(x, on_person);
}

void web_mail_piece(struct web_exchange *x, struct slice bytes)
{
	struct forward *f = x->state;
	struct link *l = f->link;

	if (f->over || l == NULL)
		return;
	if (http_client_write(l->http, bytes) != 0) {
		forward_fail(f);
		return;
	}
	link_hold(l);
	link_pump(l);
	client_flow(l);
	link_drop(l);
}

void web_mail_handle(struct web_exchange *x)
{
	struct forward *f = x->state;

	f->whole = true;
	if (f->over || f->link == NULL || !f->sent)
		return;
	http_client_finish(f->link->http);
	link_pump(f->link);
}

void web_mail_more(struct web_exchange *x)
{
	struct forward *f = x->state;

	f->hungry = true;
	if (!f->over && f->link != NULL && f->link->attached)
		link_pump(f->link);
}

void web_mail_gone(struct web_exchange *x)
{
	struct forward *f = x->state;
	struct link *l = f->link;

	f->over = true;
	f->link = NULL;
	if (l != NULL)
		link_end(l);
}

/* RFC 8620 2.2. */
void web_mail_discover(struct web_exchange *x)
{
	web_redirect(x, 307, SLICE("/jmap/session"));
}
