/* The engine of HTTP/1.1 behind http/server.h. */
#include "http/engine.h"

#include "base/ensure.h"
#include "base/memory.h"
#include "http/parser.h"
#include "http/problem.h"
#include "http/url.h"

#define BODY_PIECE 65536
#define PENDING_MAX (1u << 20) /* of one answer that is given outside of the pump */

enum phase {
	PHASE_IDLE,    /* between requests */
	PHASE_HEAD,    /* some of a head is there */
	PHASE_BODY,
	PHASE_ANSWER,  /* the request is whole, or nothing more of it is wanted */
	PHASE_RAW,     /* after an upgrade: bytes of another protocol */
	PHASE_OVER,
};

enum answer { ANSWER_NONE, ANSWER_BEGUN, ANSWER_DONE };

struct http1 {
	struct http_server base;
	struct http_server_settings settings;
	const struct http_server_events *events;
	void *owner;
	struct http_parser parser;
	enum phase phase;
	uint64_t turn;
	uint32_t stream;           /* the newest */
	unsigned requests;
	struct buf pending;        /* output that came outside of the pump */
	int64_t now;
	enum answer answer;
	uint64_t body_step;        /* of the body, in HTTP_BODY_STEP */
	uint64_t left;             /* of the answer's body */
	bool head_method, chunked, bodyless;
	bool expects;              /* 100-continue is owed */
	bool old;                  /* HTTP/1.0 */
	bool blank;                /* an empty line was overlooked */
	bool keep, closing, body_paused, pumping, ended_said;
	enum http_server_end why;
};

static void go(struct http1 *s, enum phase phase)
{
	s->phase = phase;
	s->turn++;
}

static void wake(struct http1 *s)
{
	if (!s->pumping)
		s->events->ready(s->owner);
}

/* Nothing more is read. */
static void over(struct http1 *s, enum http_server_end why)
{
	if (s->phase == PHASE_OVER)
		return;
	go(s, PHASE_OVER);
	s->why = why;
}

/* ---- answers ---- */

static void put_head(struct http1 *s, const struct http_response *r)
{
	struct buf *out = &s->pending;

	buf_printf(out, "HTTP/1.1 %u %.*s\r\nDate: ", r->status, SLICE_ARG(http_status_text(r->status)));
	http_date_put(out, s->now);
	buf_append_str(out, "\r\n");
	for (size_t i = 0; i < s->settings.field_count; i++)
		if (http_field_count(r->fields, r->field_count, s->settings.fields[i].name) == 0)
			http_field_put(out, s->settings.fields[i].name, s->settings.fields[i].value);
	for (size_t i = 0; i < r->field_count; i++)
		http_field_put(out, r->fields[i].name, r->fields[i].value);
	if (s->chunked)
		buf_append_str(out, "Transfer-Encoding: chunked\r\n");
	else if (!s->bodyless && r->length != HTTP_LENGTH_UNKNOWN)
		buf_printf(out, "Content-Length: %llu\r\n", (unsigned long long)r->length);
	if (!s->keep)
		buf_append_str(out, "Connection: close\r\n");
	buf_append_str(out, "\r\n");
}

static void http1_respond(struct http_server *base, uint32_t stream, const struct http_response *r)
{
	struct http1 *s = (struct http1 *)base;
	ENSURE(stream == s->stream && s->answer == ANSWER_NONE && r->status >= 200 && r->status < 600);
	s->answer = ANSWER_BEGUN;
	if (s->phase == PHASE_OVER)
		return;
	s->bodyless = http_status_bodyless(r->status);
	/* What is left of the request's body would have to be read to find the next request: better a new connection. */
	s->keep = s->keep && s->parser.complete && !s->closing;
	if (!s->parser.complete)
		go(s, PHASE_ANSWER);
	s->chunked = r->length == HTTP_LENGTH_UNKNOWN && !s->old && !s->bodyless;
	if (r->length == HTTP_LENGTH_UNKNOWN && s->old)
		s->keep = false;
	s->left = r->length;
	put_head(s, r);
	wake(s);
}

static void http1_write(struct http_server *base, uint32_t stream, struct slice bytes)
{
	struct http1 *s = (struct http1 *)base;
	ENSURE(stream == s->stream && s->answer == ANSWER_BEGUN);
	if (s->bodyless || s->phase == PHASE_OVER || bytes.n == 0)
		return;
	if (s->left != HTTP_LENGTH_UNKNOWN) {
		ENSURE(bytes.n <= s->left);
		s->left -= bytes.n;
	}
	if (s->head_method)
		return;
	if (s->chunked)
		buf_printf(&s->pending, "%zx\r\n", bytes.n);
	buf_append(&s->pending, bytes);
	if (s->chunked)
		buf_append_str(&s->pending, "\r\n");
	wake(s);
}

static void http1_finish(struct http_server *base, uint32_t stream)
{
	struct http1 *s = (struct http1 *)base;
	ENSURE(stream == s->stream && s->answer == ANSWER_BEGUN);
	s->answer = ANSWER_DONE;
	if (s->phase == PHASE_OVER)
		return;
	if (s->chunked && !s->head_method)
		buf_append_str(&s->pending, "0\r\n\r\n");
	if (!s->bodyless && !s->head_method && s->left != HTTP_LENGTH_UNKNOWN && s->left > 0)
		s->keep = false;
	if (s->keep)
		go(s, PHASE_IDLE);
	else
		over(s, HTTP_SERVER_CLOSED);
	wake(s);
}

/* RFC 9110 7.8. */
static bool http1_upgrade(struct http_server *base, uint32_t stream, const struct http_field *fields, size_t count)
{
	struct http1 *s = (struct http1 *)base;

	ENSURE(stream == s->stream && s->answer == ANSWER_NONE && s->events->body != NULL);
	if (s->old || !s->parser.complete || s->phase == PHASE_OVER)
		return false;
	s->answer = ANSWER_BEGUN;
	s->keep = s->chunked = s->bodyless = false;
	s->left = HTTP_LENGTH_UNKNOWN;
	buf_append_str(&s->pending, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n");
	for (size_t i = 0; i < count; i++)
		http_field_put(&s->pending, fields[i].name, fields[i].value);
	buf_append_str(&s->pending, "\r\n");
	go(s, PHASE_RAW);
	wake(s);
	return true;
}

/* ---- refusals of the engine ---- */

static void refuse(struct http1 *s, unsigned status)
{
	static const struct http_field type[] = {HTTP_FIELD("Content-Type", "application/problem+json")};
	struct buf body = BUF_INIT(1024);
	struct http_response r = {.status = status, .fields = type, .field_count = 1};

	if (s->answer != ANSWER_BEGUN) { /* else the connection just breaks off */
		s->keep = s->chunked = s->bodyless = false;
		http_problem(&body, &(struct http_problem){.status = status});
		r.length = buf_len(&body);
		put_head(s, &r);
		if (!s->head_method)
			buf_append(&s->pending, buf_slice(&body));
	}
	over(s, HTTP_SERVER_REFUSED);
	buf_free(&body);
}

static unsigned status_of(enum http_fault fault)
{
	switch (fault) {
	case HTTP_FAULT_NONE: case HTTP_FAULT_SYNTAX: return 400;
	case HTTP_FAULT_LINE_LONG: return 414;
	case HTTP_FAULT_HEAD_LARGE: return 431;
	case HTTP_FAULT_BODY_LARGE: return 413;
	case HTTP_FAULT_METHOD: case HTTP_FAULT_CODING: return 501;
	case HTTP_FAULT_VERSION: return 505;
	}
	UNREACHABLE();
}

/* ---- requests ---- */

/* RFC 9112 3.2: exactly one Host, and a usable one. HTTP/1.0 may be without. */
static bool host_check(const struct http1 *s, struct http_request *r)
{
	struct slice name = SLICE("Host"), host = http_field_get(r->fields, r->field_count, name);
	size_t count = http_field_count(r->fields, r->field_count, name);

	if (count > 1 || (count == 0 && !s->old) || (count == 1 && !http_host_valid(host)))
		return false;
	if (r->host.n == 0)
		r->host = host;
	return true;
}

/* 0, or the status of the refusal. */
static unsigned request_check(struct http1 *s, struct http_request *r)
{
	struct slice expect;

	if (!http_method_find(slice_str(llhttp_method_name((llhttp_method_t)s->parser.llhttp.method)), r))
		return 501;
	s->head_method = r->method == HTTP_METHOD_HEAD;
	if (!http_target_split(s->parser.target, r) || !host_check(s, r))
		return 400;
	expect = http_field_get(r->fields, r->field_count, SLICE("Expect"));
	s->expects = expect.n > 0 && !s->old && r->has_body;
	return expect.n > 0 && !slice_eq_nocase(expect, SLICE("100-continue")) ? 417 : 0;
}

static void on_body(void *owner, struct slice bytes)
{
	struct http1 *s = owner;

	if (s->parser.body_bytes / HTTP_BODY_STEP != s->body_step) {
		s->body_step = s->parser.body_bytes / HTTP_BODY_STEP;
		s->turn++;
	}
	/* An answer that began inside the former piece ends the interest in this one. */
	if (s->phase == PHASE_BODY && s->events->body != NULL)
		s->events->body(s->owner, s->stream, bytes);
}

static void request_whole(struct http1 *s)
{
	if (s->phase != PHASE_BODY || s->answer != ANSWER_NONE)
		return;
	go(s, PHASE_ANSWER);
	s->events->request_end(s->owner, s->stream);
}

static void body_broken(struct http1 *s, enum http_fault fault)
{
	refuse(s, status_of(fault));
	if (s->events->aborted != NULL)
		s->events->aborted(s->owner, s->stream);
}

static void request_begin(struct http1 *s)
{
	struct http_request r = {
		.fields = s->parser.fields, .field_count = s->parser.field_count, .has_body = s->parser.has_body, .length = s->parser.length,
	};
	unsigned refusal;

	s->old = s->parser.llhttp.http_minor == 0;
	s->keep = s->parser.keep_alive && !s->old && !s->closing && ++s->requests < s->settings.requests_max;
	refusal = request_check(s, &r);
	if (refusal != 0) {
		refuse(s, refusal);
		return;
	}
	s->stream++;
	s->body_step = 0;
	s->body_paused = false;
	go(s, PHASE_BODY);
	s->events->request(s->owner, s->stream, &r);
	if (s->phase != PHASE_BODY || s->answer != ANSWER_NONE)
		return;
	if (s->parser.complete)
		request_whole(s);
	else if (s->parser.length != HTTP_LENGTH_UNKNOWN && s->parser.length > s->parser.body_max)
		body_broken(s, HTTP_FAULT_BODY_LARGE);
}

/* ---- steps of the pump: each returns whether it got on ---- */

static bool step_idle(struct http1 *s, struct buf *in)
{
	if (s->closing) {
		over(s, HTTP_SERVER_CLOSED);
		return false;
	}
	if (buf_len(in) == 0 || slice_eq(buf_slice(in), SLICE("\r")))
		return false;
	/* One empty line in front of a request is overlooked (RFC 9112 2.2). */
	if (slice_starts(buf_slice(in), SLICE("\r\n")) && !s->blank) {
		s->blank = true;
		buf_consume(in, 2);
		return true;
	}
	s->blank = false;
	s->answer = ANSWER_NONE;
	s->head_method = s->expects = s->chunked = s->bodyless = false;
	http_parser_begin(&s->parser, false, s->settings.body_max);
	go(s, PHASE_HEAD);
	return true;
}

static bool step_head(struct http1 *s, struct buf *in)
{
	size_t n;
	enum http_fault fault = http_parser_frame(&s->parser, buf_slice(in), &n);

	if (fault == HTTP_FAULT_NONE && n == 0)
		return false;
	if (fault == HTTP_FAULT_NONE)
		fault = http_parser_head(&s->parser, slice_sub(buf_slice(in), 0, n));
	if (fault == HTTP_FAULT_NONE || fault == HTTP_FAULT_BODY_LARGE)
		request_begin(s);
	else
		refuse(s, status_of(fault));
	buf_consume(in, n);
	return true;
}

static bool step_body(struct http1 *s, struct buf *in)
{
	struct slice piece = slice_sub(buf_slice(in), 0, BODY_PIECE);
	enum http_fault fault;
	size_t n;

	if (s->body_paused)
		return false;
	if (s->expects && piece.n == 0)
		buf_append_str(&s->pending, "HTTP/1.1 100 Continue\r\n\r\n");
	s->expects = false;
	if (piece.n == 0)
		return false;
	fault = http_parser_body(&s->parser, piece, &n);
	buf_consume(in, n);
	if (s->phase != PHASE_BODY)
		return true;
	if (fault != HTTP_FAULT_NONE)
		body_broken(s, fault);
	else if (s->parser.complete)
		request_whole(s);
	return true;
}

static bool step_answer(struct http1 *s)
{
	size_t before = buf_len(&s->pending);

	if (s->answer != ANSWER_BEGUN || s->events->writable == NULL)
		return false;
	s->events->writable(s->owner, s->stream);
	return s->answer != ANSWER_BEGUN || buf_len(&s->pending) > before;
}

static bool step_raw(struct http1 *s, struct buf *in)
{
	struct slice piece = slice_sub(buf_slice(in), 0, BODY_PIECE);
	size_t before = buf_len(&s->pending);

	if (piece.n > 0 && !s->body_paused) {
		s->events->body(s->owner, s->stream, piece);
		buf_consume(in, piece.n);
		return true;
	}
	if (s->answer != ANSWER_BEGUN || s->events->writable == NULL)
		return false;
	s->events->writable(s->owner, s->stream);
	return s->answer == ANSWER_BEGUN && buf_len(&s->pending) > before;
}

static bool step(struct http1 *s, struct buf *in)
{
	switch (s->phase) {
	case PHASE_IDLE: return step_idle(s, in);
	case PHASE_HEAD: return step_head(s, in);
	case PHASE_BODY: return step_body(s, in);
	case PHASE_ANSWER: return step_answer(s);
	case PHASE_RAW: return step_raw(s, in);
	case PHASE_OVER: break;
	}
	buf_clear(in);
	return false;
}

static void flush(struct http1 *s, struct buf *out)
{
	if (s->pending.failed)
		over(s, HTTP_SERVER_CLOSED);
	if (buf_len(&s->pending) > 0)
		buf_move(out, &s->pending);
}

static void http1_pump(struct http_server *base, struct buf *in, struct buf *out, int64_t now)
{
	struct http1 *s = (struct http1 *)base;
	ENSURE(!s->pumping);
	s->pumping = true;
	s->now = now;
	flush(s, out);
	while (buf_len(out) < HTTP_SERVER_OUTPUT_HIGH && step(s, in))
		flush(s, out);
	flush(s, out);
	s->pumping = false;
	if (s->phase == PHASE_OVER && !s->ended_said) {
		s->ended_said = true;
		s->events->ended(s->owner, s->why);
	}
}

/* ---- the rest of the owner's side ---- */

static void http1_destroy(struct http_server *base)
{
	struct http1 *s = (struct http1 *)base;

	buf_free_secret(&s->pending);
	memory_free(s);
}

static int64_t http1_patience(const struct http_server *base)
{
	const struct http1 *s = (const struct http1 *)base;
	switch (s->phase) {
	case PHASE_IDLE: return s->settings.idle_ms;
	case PHASE_HEAD: return s->settings.head_ms;
	case PHASE_BODY: return s->body_paused ? 0 : s->settings.body_ms;
	case PHASE_ANSWER: case PHASE_RAW: case PHASE_OVER: break;
	}
	return 0;
}

static uint64_t http1_turn(const struct http_server *base)
{
	const struct http1 *s = (const struct http1 *)base;
	return s->turn;
}

static void http1_timeout(struct http_server *base)
{
	struct http1 *s = (struct http1 *)base;
	if (s->phase == PHASE_IDLE)
		over(s, HTTP_SERVER_CLOSED);
	else if (s->phase == PHASE_HEAD)
		refuse(s, 408);
	else if (s->phase == PHASE_BODY) {
		refuse(s, 408);
		if (s->events->aborted != NULL)
			s->events->aborted(s->owner, s->stream);
	}
	wake(s);
}

static void http1_close(struct http_server *base)
{
	struct http1 *s = (struct http1 *)base;
	s->closing = true;
	if (s->phase == PHASE_IDLE || s->phase == PHASE_HEAD || s->phase == PHASE_RAW)
		over(s, HTTP_SERVER_CLOSED);
	wake(s);
}

static void http1_body_limit(struct http_server *base, uint32_t stream, uint64_t bytes)
{
	struct http1 *s = (struct http1 *)base;
	ENSURE(stream == s->stream && s->phase == PHASE_BODY);
	s->parser.body_max = bytes;
}

static void http1_body_pause(struct http_server *base, uint32_t stream, bool paused)
{
	struct http1 *s = (struct http1 *)base;
	if (stream != s->stream || s->body_paused == paused)
		return;
	s->body_paused = paused;
	s->turn++;
	if (!paused)
		wake(s);
}

static const struct http_engine engine = {
	.destroy = http1_destroy, .pump = http1_pump, .patience = http1_patience, .turn = http1_turn, .timeout = http1_timeout,
	.close = http1_close, .body_limit = http1_body_limit, .body_pause = http1_body_pause, .respond = http1_respond, .write = http1_write,
	.finish = http1_finish, .upgrade = http1_upgrade,
};

struct http_server *http1_create(const struct http_server_settings *settings, const struct http_server_events *events, void *owner)
{
	struct http1 *s = memory_alloc(sizeof *s);

	s->base.engine = &engine;
	s->settings = *settings;
	s->events = events;
	s->owner = owner;
	buf_init(&s->pending, PENDING_MAX);
	http_parser_init(&s->parser, false, on_body, s);
	return &s->base;
}
