/* Event sources (RFC 8620 7.3) and JMAP over WebSocket (RFC 8887). */
#include "role/mail_events.h"

#include "base/codec.h"
#include "base/memory.h"
#include "crypt/digest.h"
#include "http/websocket.h"
#include "jmap/method.h"
#include "jmap/push.h"
#include "role/mail_visit.h"

#define SETTLE_MS 50               /* between a change and its event: what happens together is told together */
#define PING_MIN_S 5
#define PING_MAX_S 60              /* edges end connections on which nothing moves */
#define EVENT_MAX 16384
#define WS_PIECE 65536             /* of what goes out, at a time: an answer may be much more than the connection holds */
#define WS_INPUT_MAX (JMAP_REQUEST_MAX + 65536)

/* ---- event sources ---- */

struct source {
	struct mail_visit_watch others; /* first: other mailboxes that are open */
	struct mail_exchange *x;
	struct jmap_push *push;
	struct timer *settle, *ping;
	uint64_t ping_s;           /* as asked for; 0: only the comments that keep the connection */
	bool close_after, missed;  /* missed: something changed while the client was slow */
	bool settling;             /* the timer runs: it is not moved, however much changes */
};

static void source_end(struct source *s)
{
	struct mail_exchange *x = s->x;

	x->state = NULL;
	mail_visit_unwatch(&s->others);
	jmap_push_destroy(&s->push);
	timer_destroy(&s->settle);
	timer_destroy(&s->ping);
	memory_free(s);
	mail_http_drop(x);
}

static void put_event(struct source *s, const char *name, struct slice data, struct slice id)
{
	struct buf text = BUF_INIT(EVENT_MAX);

	buf_printf(&text, "event: %s\ndata: ", name);
	buf_append(&text, data);
	if (id.n > 0)
		buf_printf(&text, "\nid: %.*s", SLICE_ARG(id));
	buf_append_str(&text, "\n\n");
	mail_http_write(s->x, buf_slice(&text));
	buf_free(&text);
}

static uint64_t ping_seconds(const struct source *s)
{
	return s->ping_s == 0 || s->ping_s > PING_MAX_S ? PING_MAX_S : s->ping_s < PING_MIN_S ? PING_MIN_S : s->ping_s;
}

static void tell(struct source *s, bool all)
{
	struct buf data = BUF_INIT(EVENT_MAX), id = BUF_INIT(JMAP_STATE_MAX);
	bool any;

	if (mail_http_full(s->x)) {
		s->missed = true;
		return;
	}
	s->missed = false;
	mail_http_enter(s->x->person);
	any = jmap_push_take(s->push, all, &data);
	mail_http_leave(s->x->person);
	jmap_push_state(s->push, &id);
	if (any)
		put_event(s, "state", buf_slice(&data), buf_slice(&id));
	buf_clear(&data);
	if (mail_visit_take(&s->others, &data)) {
		put_event(s, "state", buf_slice(&data), buf_slice(&id));
		any = true;
	}
	buf_free(&data);
	buf_free(&id);
	if (any && s->close_after) {
		mail_http_end(s->x);
		source_end(s);
	}
}

static void on_settled(void *arg)
{
	((struct source *)arg)->settling = false;
	tell(arg, false);
}

static void on_changed(void *arg)
{
	struct source *s = arg;

	if (!s->settling)
		timer_start(s->settle, SETTLE_MS);
	s->settling = true;
}

static void on_other_changed(struct mail_visit_watch *watch)
{
	on_changed((struct source *)watch);
}

static void on_ping(void *arg)
{
	struct source *s = arg;
	struct buf data = BUF_INIT(100);

	buf_printf(&data, "{\"interval\":%llu}", (unsigned long long)ping_seconds(s));
	if (mail_http_full(s->x))
		;
	else if (s->ping_s > 0)
		put_event(s, "ping", buf_slice(&data), SLICE_NONE);
	else
		mail_http_write(s->x, SLICE(": \n\n"));
	buf_free(&data);
	timer_start(s->ping, (int64_t)ping_seconds(s) * 1000);
}

static bool take_query(struct mail_exchange *x, uint64_t *ret_types, bool *ret_close, uint64_t *ret_ping)
{
	struct slice types = SLICE("*"), close = SLICE("no"), ping = SLICE("0");

	(void)mail_http_query(x, SLICE("types"), &types);
	(void)mail_http_query(x, SLICE("closeafter"), &close);
	(void)mail_http_query(x, SLICE("ping"), &ping);
	(void)jmap_push_types(types, ret_types); /* types that we do not have never change */
	*ret_close = slice_eq(close, SLICE("state"));
	return slice_to_u64(ping, ret_ping) == 0 && (*ret_close || slice_eq(close, SLICE("no")));
}

/* Who says how far he was is told at once when that is not the present. */
static bool was_away(const struct source *s)
{
	struct slice last = mail_http_field(s->x, SLICE("Last-Event-ID"));
	struct buf now = BUF_INIT(JMAP_STATE_MAX);
	bool away;

	jmap_push_state(s->push, &now);
	away = last.n > 0 && !slice_eq(last, buf_slice(&now));
	buf_free(&now);
	return away;
}

void mail_events(struct mail_exchange *x)
{
	struct loop *loop = mail_http_context(x)->loop;
	uint64_t types, ping;
	bool close_after;
	struct source *s;

	if (!take_query(x, &types, &close_after, &ping)) {
		mail_http_problem(x, 400, NULL, NULL);
		return;
	}
	s = memory_alloc(sizeof *s);
	s->x = x;
	s->ping_s = ping;
	s->close_after = close_after;
	s->settle = timer_create_on(loop, on_settled, s);
	s->ping = timer_create_on(loop, on_ping, s);
	s->push = jmap_push_create(x->person->jmap, types, on_changed, s);
	s->others = (struct mail_visit_watch){.changed = on_other_changed, .types = types};
	mail_visit_watch(x->person, &s->others);
	x->state = s;
	mail_http_hold(x);
	mail_http_begin(x, 200, "text/event-stream; charset=utf-8", NULL, 0, HTTP_LENGTH_UNKNOWN);
	mail_http_write(x, SLICE(": \n\n")); /* so that the head goes out */
	timer_start(s->ping, (int64_t)ping_seconds(s) * 1000);
	if (was_away(s))
		tell(s, true);
}

void mail_events_more(struct mail_exchange *x)
{
	struct source *s = x->state;

	if (s != NULL && s->missed)
		on_changed(s);
}

void mail_events_gone(struct mail_exchange *x)
{
	if (x->state != NULL)
		source_end(x->state);
}

/* ---- WebSocket ---- */

/* One at a time: while a request runs nothing more is read. */
struct socket {
	struct mail_visit_watch others; /* first */
	struct mail_exchange *x;
	struct websocket ws;
	struct buf in, out, answer;
	struct jmap_request *request;
	struct jmap_push *push;
	struct timer *settle, *ping;
	bool waiting, whole, begun, soon, ending, changed, settling;
};

static void socket_free(struct socket *s)
{
	struct mail_exchange *x = s->x;

	x->state = NULL;
	jmap_request_leave(&s->request);
	mail_visit_unwatch(&s->others);
	jmap_push_destroy(&s->push);
	timer_destroy(&s->settle);
	timer_destroy(&s->ping);
	websocket_free(&s->ws);
	buf_free_secret(&s->in);
	buf_free_secret(&s->out);
	buf_free_secret(&s->answer);
	memory_free(s);
	mail_http_drop(x);
}

static void run_later(struct socket *s);

/* Some of it; the rest when there is room. */
static void flush(struct socket *s)
{
	struct slice piece = slice_sub(buf_slice(&s->out), 0, WS_PIECE);

	if (piece.n == 0 || mail_http_full(s->x))
		return;
	mail_http_write(s->x, piece);
	buf_consume(&s->out, piece.n);
	if (buf_len(&s->out) > 0)
		run_later(s);
}

static void put_message(struct socket *s, struct slice json)
{
	websocket_put_text(&s->out, json, true, true);
}

/* RFC 8887 4.3.4. */
static void put_error(struct socket *s, const struct jmap_problem *problem, const json_t *id)
{
	struct buf text = BUF_INIT(4096), members = BUF_INIT(2048);
	struct emit e = EMIT_INIT(&text);

	jmap_problem_print(problem, &members);
	emit_object(&e);
	emit_member_text(&e, "@type", SLICE("RequestError"));
	emit_key(&e, "requestId");
	if (json_is_string(id))
		emit_json(&e, id);
	else
		emit_null(&e);
	emit_raw(&e, slice_sub(buf_slice(&members), 1, buf_len(&members) - 1));
	emit_object_end(&e);
	put_message(s, buf_slice(&text));
	buf_free(&text);
	buf_free(&members);
}

static void tell_socket(struct socket *s, bool all)
{
	struct buf text = BUF_INIT(EVENT_MAX);

	/* Between two messages only, and not to who does not listen now. */
	if (s->push == NULL || s->request != NULL || mail_http_full(s->x)) {
		s->changed = true;
		return;
	}
	s->changed = false;
	mail_http_enter(s->x->person);
	if (jmap_push_take(s->push, all, &text))
		put_message(s, buf_slice(&text));
	mail_http_leave(s->x->person);
	buf_clear(&text);
	if (mail_visit_take(&s->others, &text))
		put_message(s, buf_slice(&text));
	flush(s);
	buf_free(&text);
}

static void on_socket_settled(void *arg)
{
	((struct socket *)arg)->settling = false;
	tell_socket(arg, false);
}

static void on_socket_changed(void *arg)
{
	struct socket *s = arg;

	if (!s->settling)
		timer_start(s->settle, SETTLE_MS);
	s->settling = true;
}

static void on_other_told(struct mail_visit_watch *watch)
{
	on_socket_changed((struct socket *)watch);
}

/* RFC 8887 4.3.5.2. */
static void push_enable(struct socket *s, const json_t *message)
{
	const json_t *names = json_object_get(message, "dataTypes"), *state = json_object_get(message, "pushState"), *one;
	uint64_t types = json_is_array(names) ? 0 : JMAP_PUSH_ALL;
	struct buf now = BUF_INIT(JMAP_STATE_MAX);
	enum jmap_type type;
	size_t i;

	json_array_foreach(names, i, one)
		if (json_is_string(one) && jmap_type_find(slice_make(json_string_value(one), json_string_length(one)), &type))
			types |= UINT64_C(1) << type;
	jmap_push_destroy(&s->push);
	s->push = jmap_push_create(s->x->person->jmap, types, on_socket_changed, s);
	mail_visit_unwatch(&s->others);
	s->others = (struct mail_visit_watch){.changed = on_other_told, .types = types};
	mail_visit_watch(s->x->person, &s->others);
	jmap_push_state(s->push, &now);
	if (json_is_string(state) && !slice_eq(slice_make(json_string_value(state), json_string_length(state)), buf_slice(&now)))
		tell_socket(s, true);
	buf_free(&now);
}

static void push_disable(struct socket *s)
{
	mail_visit_unwatch(&s->others);
	jmap_push_destroy(&s->push);
}

static void on_request_ready(void *owner)
{
	struct socket *s = owner;

	s->waiting = false;
	run_later(s);
}

static const struct jmap_request_events request_events = {.ready = on_request_ready};

/* Takes the message over. */
static void request_begin(struct socket *s, json_t *message)
{
	json_t *id = json_incref(json_object_get(message, "id"));
	struct jmap_problem problem;

	s->request = jmap_request_create(s->x->person->jmap, &request_events, s);
	s->waiting = s->whole = s->begun = false;
	if (jmap_request_start_message(s->request, message, &problem) != 0) {
		put_error(s, &problem, id);
		jmap_request_leave(&s->request);
	} else {
		run_later(s);
	}
	json_decref(id);
}

static void take_message(struct socket *s, struct slice text)
{
	static const struct jmap_problem large = {.type = "limit", .status = 400, .limit = "maxSizeRequest"};
	bool fits = jmap_values_count(text) <= JMAP_VALUES_MAX;
	json_t *message = fits ? json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL) : NULL;
	const json_t *kind = json_object_get(message, "@type");
	struct slice name = json_is_string(kind) ? slice_make(json_string_value(kind), json_string_length(kind)) : SLICE_NONE;

	if (slice_eq(name, SLICE("Request"))) {
		request_begin(s, message);
		return;
	}
	if (!fits)
		put_error(s, &large, NULL);
	else if (slice_eq(name, SLICE("WebSocketPushEnable")))
		push_enable(s, message);
	else if (slice_eq(name, SLICE("WebSocketPushDisable")))
		push_disable(s);
	else
		put_error(s, &(struct jmap_problem){.type = message == NULL ? "notJSON" : "notRequest", .status = 400}, json_object_get(message, "id"));
	json_decref(message);
}

static void socket_end(struct socket *s)
{
	struct mail_exchange *x = s->x;

	mail_http_hold(x);
	socket_free(s);
	mail_http_end(x);
	mail_http_drop(x);
}

/* A piece of the answer as a frame. False: nothing can be done now. */
static bool answer_step(struct socket *s)
{
	enum jmap_progress progress = jmap_request_run(s->request, &s->answer);
	struct slice piece = buf_slice(&s->answer);

	s->waiting = progress == JMAP_RUN_WAIT;
	s->whole = progress == JMAP_RUN_DONE;
	if (progress == JMAP_RUN_BROKEN) {
		websocket_close(&s->ws, WEBSOCKET_INTERNAL, &s->out);
		s->ending = true;
		return false;
	}
	if (piece.n > 0 || s->whole) {
		websocket_put_text(&s->out, piece, !s->begun, s->whole);
		s->begun = true;
	}
	buf_clear(&s->answer);
	if (s->whole)
		jmap_request_leave(&s->request);
	return !s->waiting;
}

/* False: its account has too much of what is not whole. */
static bool gather(struct socket *s)
{
	if (buf_len(&s->in) == 0)
		buf_free_secret(&s->in);
	return mail_http_gather(s->x, buf_len(&s->in) + buf_len(&s->ws.message));
}

static bool read_step(struct socket *s)
{
	switch (websocket_take(&s->ws, &s->in, &s->out)) {
	case WEBSOCKET_MORE: return false;
	case WEBSOCKET_PONG: return true;
	case WEBSOCKET_CLOSED:
		s->ending = true;
		return false;
	case WEBSOCKET_MESSAGE:
		take_message(s, buf_slice(&s->ws.message));
		buf_free_secret(&s->ws.message);
		return true;
	}
	return false;
}

static void socket_run(struct socket *s)
{
	struct mail_exchange *x = s->x;
	bool more = buf_len(&s->out) > 0;

	mail_http_hold(x);
	if (buf_len(&s->out) == 0 && !s->ending) {
		mail_http_enter(x->person);
		if (s->request != NULL)
			more = !s->waiting && answer_step(s);
		else
			more = read_step(s);
		(void)gather(s);
		mail_http_leave(x->person);
	}
	flush(s);
	if (s->out.failed || (s->ending && buf_len(&s->out) == 0)) {
		socket_end(s);
	} else {
		mail_http_pause(x, s->request != NULL || buf_len(&s->out) > 0);
		if (s->changed && s->request == NULL)
			on_socket_changed(s);
		if (more)
			run_later(s);
	}
	mail_http_drop(x);
}

static void run_soon(void *arg)
{
	struct mail_exchange *x = arg;
	struct socket *s = x->state;

	if (s != NULL && !mail_http_is_gone(x)) {
		s->soon = false;
		if (!mail_http_full(x)) /* else: `more` */
			socket_run(s);
	}
	mail_http_drop(x);
}

static void run_later(struct socket *s)
{
	if (s->soon)
		return;
	s->soon = true;
	mail_http_hold(s->x);
	loop_defer(mail_http_context(s->x)->loop, run_soon, s->x);
}

static void on_socket_ping(void *arg)
{
	struct socket *s = arg;

	if (!s->begun || s->request == NULL) { /* not within a message that is being given, which shows life itself */
		websocket_put_ping(&s->out);
		flush(s);
	}
	timer_start(s->ping, PING_MAX_S * 1000);
}

static void put_accept(struct slice key, struct buf *out)
{
	struct buf text = BUF_INIT(100);
	uint8_t digest[DIGEST_MAX];

	buf_append(&text, key);
	buf_append_str(&text, WEBSOCKET_GUID);
	digest_compute(DIGEST_SHA1, buf_slice(&text), digest);
	base64_encode(slice_make(digest, digest_size(DIGEST_SHA1)), out);
	buf_free(&text);
}

static bool wants_socket(const struct mail_exchange *x)
{
	return http_field_lists(x->fields, x->field_count, SLICE("Upgrade"), SLICE("websocket"))
	       && slice_eq(mail_http_field(x, SLICE("Sec-WebSocket-Version")), SLICE("13"))
	       && http_field_lists(x->fields, x->field_count, SLICE("Sec-WebSocket-Protocol"), SLICE("jmap"))
	       && websocket_key_valid(mail_http_field(x, SLICE("Sec-WebSocket-Key")));
}

static struct socket *socket_create(struct mail_exchange *x)
{
	struct loop *loop = mail_http_context(x)->loop;
	struct socket *s = memory_alloc(sizeof *s);

	s->x = x;
	websocket_init(&s->ws, JMAP_REQUEST_MAX);
	buf_init(&s->in, WS_INPUT_MAX);
	buf_init(&s->out, JMAP_ANSWER_MAX * 2);
	buf_init(&s->answer, JMAP_ANSWER_MAX * 2);
	s->settle = timer_create_on(loop, on_socket_settled, s);
	s->ping = timer_create_on(loop, on_socket_ping, s);
	timer_start(s->ping, PING_MAX_S * 1000);
	x->state = s;
	mail_http_hold(x);
	return s;
}

void mail_socket(struct mail_exchange *x)
{
	struct buf accept = BUF_INIT(100);

	if (!wants_socket(x)) {
		mail_http_answer(x, 426, NULL, (const struct http_field[]){HTTP_FIELD("Upgrade", "websocket"), HTTP_FIELD("Sec-WebSocket-Version", "13")}, 2, SLICE_NONE);
		return;
	}
	put_accept(mail_http_field(x, SLICE("Sec-WebSocket-Key")), &accept);
	const struct http_field fields[] = {HTTP_FIELD("Upgrade", "websocket"), {SLICE("Sec-WebSocket-Accept"), buf_slice(&accept)},
		HTTP_FIELD("Sec-WebSocket-Protocol", "jmap")};
	if (mail_http_upgrade(x, fields, ARRAY_LEN(fields)))
		(void)socket_create(x);
	else
		mail_http_problem(x, 426, NULL, NULL);
	buf_free(&accept);
}

void mail_socket_piece(struct mail_exchange *x, struct slice bytes)
{
	struct socket *s = x->state;

	if (s == NULL)
		return;
	buf_append(&s->in, bytes);
	if (!gather(s))
		websocket_close(&s->ws, WEBSOCKET_LATER, &s->out);
	if (s->in.failed || s->ws.closing)
		s->ending = true;
	run_later(s);
}

void mail_socket_more(struct mail_exchange *x)
{
	struct socket *s = x->state;

	if (s != NULL && (buf_len(&s->out) > 0 || (s->request != NULL ? !s->waiting : buf_len(&s->in) > 0)))
		run_later(s);
}

void mail_socket_gone(struct mail_exchange *x)
{
	if (x->state != NULL)
		socket_free(x->state);
}
