#include "http/client.h"

#include "base/ensure.h"
#include "base/error.h"
#include "base/memory.h"
#include "http/parser.h"
#include "http/url.h"

#define CLIENT_MAGIC 0x68747043u

enum phase { PHASE_REST, PHASE_HEAD, PHASE_BODY, PHASE_RAW, PHASE_OVER };

struct http_client {
	uint32_t magic;
	const struct http_client_events *events;
	void *owner;
	struct http_parser parser;
	struct buf pending;
	uint64_t body_max;
	enum phase phase;
	unsigned interim;
	bool head_method, keep, sending, upgrade;
};

static void on_body(void *owner, struct slice bytes)
{
	struct http_client *c = owner;

	c->events->body(c->owner, bytes);
}

struct http_client *http_client_create(uint64_t body_max, const struct http_client_events *events, void *owner)
{
	struct http_client *c = memory_alloc(sizeof *c);

	c->magic = CLIENT_MAGIC;
	c->events = events;
	c->owner = owner;
	c->body_max = body_max;
	buf_init(&c->pending, HTTP_REQUEST_MAX);
	http_parser_init(&c->parser, true, on_body, c);
	return c;
}

void http_client_destroy(struct http_client **client)
{
	if (*client == NULL)
		return;
	ENSURE_MAGIC(*client, CLIENT_MAGIC);
	buf_free_secret(&(*client)->pending); /* tokens of the request */
	(*client)->magic = 0;
	MEMORY_FREE(client);
}

/* ---- the request ---- */

static bool is_target(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.n > 0 && s.n <= HTTP_URL_MAX;
}

static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool request_valid(const struct http_client_request *r)
{
	if (!http_is_token(r->method) || !is_target(r->target) || !http_host_valid(r->host))
		return false;
	for (size_t i = 0; i < r->field_count; i++)
		if (!http_is_token(r->fields[i].name) || !is_value(r->fields[i].value))
			return false;
	return true;
}

static bool has_length(const struct http_client_request *r)
{
	return r->body.n > 0 || slice_eq(r->method, SLICE("POST")) || slice_eq(r->method, SLICE("PUT")) || slice_eq(r->method, SLICE("PATCH"));
}

int http_client_send(struct http_client *c, const struct http_client_request *r)
{
	struct buf *out = &c->pending;

	ENSURE_MAGIC(c, CLIENT_MAGIC);
	ENSURE(c->phase == PHASE_REST);
	if (!request_valid(r))
		return ERR_INVALID;
	buf_printf(out, "%.*s %.*s HTTP/1.1\r\n", SLICE_ARG(r->method), SLICE_ARG(r->target));
	http_field_put(out, SLICE("Host"), r->host);
	for (size_t i = 0; i < r->field_count; i++)
		http_field_put(out, r->fields[i].name, r->fields[i].value);
	if (r->streamed)
		buf_append_str(out, "Transfer-Encoding: chunked\r\n");
	else if (has_length(r))
		buf_printf(out, "Content-Length: %zu\r\n", r->body.n);
	buf_append_str(out, r->keep || r->upgrade ? "\r\n" : "Connection: close\r\n\r\n");
	buf_append(out, r->body);
	if (out->failed) {
		buf_free_secret(out);
		return ERR_LIMIT;
	}
	c->head_method = slice_eq(r->method, SLICE("HEAD"));
	c->keep = r->keep;
	c->sending = r->streamed;
	c->upgrade = r->upgrade;
	c->interim = 0;
	c->phase = PHASE_HEAD;
	http_parser_begin(&c->parser, c->head_method, c->body_max);
	return 0;
}

int http_client_write(struct http_client *c, struct slice bytes)
{
	struct buf *out = &c->pending;

	ENSURE_MAGIC(c, CLIENT_MAGIC);
	if (bytes.n == 0 || (c->phase != PHASE_RAW && !c->sending))
		return 0;
	if (c->phase == PHASE_RAW) {
		buf_append(out, bytes);
	} else {
		buf_printf(out, "%zx\r\n", bytes.n);
		buf_append(out, bytes);
		buf_append_str(out, "\r\n");
	}
	return out->failed ? ERR_LIMIT : 0;
}

void http_client_finish(struct http_client *c)
{
	ENSURE_MAGIC(c, CLIENT_MAGIC);
	if (c->sending)
		buf_append_str(&c->pending, "0\r\n\r\n");
	c->sending = false;
}

/* ---- the answer ---- */

static void fail(struct http_client *c, enum http_client_error why)
{
	if (c->phase == PHASE_OVER)
		return;
	c->phase = PHASE_OVER;
	c->events->failed(c->owner, why);
}

static void fault(struct http_client *c, enum http_fault what)
{
	bool large = what == HTTP_FAULT_BODY_LARGE || what == HTTP_FAULT_HEAD_LARGE || what == HTTP_FAULT_LINE_LONG;

	fail(c, large ? HTTP_CLIENT_LARGE : HTTP_CLIENT_SYNTAX);
}

static void done(struct http_client *c)
{
	bool reusable = c->keep && !c->sending && c->parser.keep_alive && !c->parser.until_end;

	c->sending = false;

	c->phase = reusable ? PHASE_REST : PHASE_OVER;
	c->events->done(c->owner, reusable);
}

static void head_take(struct http_client *c)
{
	unsigned status = c->parser.llhttp.status_code;

	if (status == 101 && c->upgrade) {
		c->phase = PHASE_RAW;
		c->events->head(c->owner, status, c->parser.fields, c->parser.field_count);
		return;
	}
	if (status < 200) {
		/* 101 was never asked for. */
		if (status < 100 || status == 101 || ++c->interim > HTTP_INTERIM_MAX)
			fail(c, HTTP_CLIENT_SYNTAX);
		else
			http_parser_begin(&c->parser, c->head_method, c->body_max);
		return;
	}
	c->phase = PHASE_BODY;
	c->events->head(c->owner, status, c->parser.fields, c->parser.field_count);
	if (c->parser.complete)
		done(c);
}

static bool step_head(struct http_client *c, struct buf *in)
{
	size_t n;
	enum http_fault what = http_parser_frame(&c->parser, buf_slice(in), &n);

	if (what == HTTP_FAULT_NONE && n == 0)
		return false;
	if (what == HTTP_FAULT_NONE)
		what = http_parser_head(&c->parser, slice_sub(buf_slice(in), 0, n));
	if (what == HTTP_FAULT_NONE)
		head_take(c);
	else
		fault(c, what);
	buf_consume(in, n);
	return true;
}

static bool step_body(struct http_client *c, struct buf *in)
{
	enum http_fault what;
	size_t n;

	if (buf_len(in) == 0)
		return false;
	what = http_parser_body(&c->parser, buf_slice(in), &n);
	buf_consume(in, n);
	if (what != HTTP_FAULT_NONE)
		fault(c, what);
	else if (c->parser.complete)
		done(c);
	return true;
}

static bool step_raw(struct http_client *c, struct buf *in)
{
	struct slice bytes = buf_slice(in);

	if (bytes.n > 0)
		c->events->body(c->owner, bytes);
	buf_consume(in, bytes.n);
	return false;
}

static bool step(struct http_client *c, struct buf *in)
{
	switch (c->phase) {
	case PHASE_RAW: return step_raw(c, in);
	case PHASE_HEAD: return step_head(c, in);
	case PHASE_BODY: return step_body(c, in);
	case PHASE_REST:
		/* Nobody asked: such a connection is not used again. */
		if (buf_len(in) > 0)
			fail(c, HTTP_CLIENT_SYNTAX);
		return false;
	case PHASE_OVER: break;
	}
	buf_clear(in);
	return false;
}

void http_client_pump(struct http_client *c, struct buf *in, struct buf *out)
{
	ENSURE_MAGIC(c, CLIENT_MAGIC);
	if (buf_len(&c->pending) > 0)
		buf_move(out, &c->pending);
	while (step(c, in))
		continue;
	if (buf_len(&c->pending) > 0)
		buf_move(out, &c->pending);
}

void http_client_end(struct http_client *c)
{
	ENSURE_MAGIC(c, CLIENT_MAGIC);
	if (c->phase == PHASE_BODY && http_parser_end(&c->parser))
		done(c);
	else
		fail(c, HTTP_CLIENT_CLOSED);
}
