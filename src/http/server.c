/* What both engines of the server share, and the choice between them. */
#include "http/server.h"

#include "base/ensure.h"
#include "base/memory.h"
#include "http/engine.h"
#include "http/url.h"

#define SERVER_MAGIC 0x68747053u
#define IDLE_MS 60000
#define HEAD_MS 20000
#define BODY_MS 30000

/* ---- requests ---- */

static const struct {
	struct slice name;
	enum http_method method;
} methods[] = {
	{SLICE_INIT("GET"), HTTP_METHOD_GET}, {SLICE_INIT("HEAD"), HTTP_METHOD_HEAD}, {SLICE_INIT("POST"), HTTP_METHOD_POST},
	{SLICE_INIT("PUT"), HTTP_METHOD_PUT}, {SLICE_INIT("DELETE"), HTTP_METHOD_DELETE}, {SLICE_INIT("OPTIONS"), HTTP_METHOD_OPTIONS},
	{SLICE_INIT("PATCH"), HTTP_METHOD_PATCH},
};

bool http_method_find(struct slice name, struct http_request *r)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (slice_eq(methods[i].name, name)) {
			r->method = methods[i].method;
			r->method_name = methods[i].name;
			return true;
		}
	return false;
}

/* RFC 9112 3.2: origin form, absolute form, or "*" for OPTIONS. */
bool http_target_split(struct slice target, struct http_request *r)
{
	struct http_url url;
	ptrdiff_t mark;

	if (slice_eq(target, SLICE("*"))) {
		r->path = target;
		return r->method == HTTP_METHOD_OPTIONS;
	}
	if (target.n == 0 || target.p[0] != '/') {
		if (http_url_parse(target, &url) != 0)
			return false;
		r->host = url.authority;
		target = url.path.n > 0 ? url.path : SLICE("/");
	}
	if (slice_find(target, '#') >= 0)
		return false;
	mark = slice_find(target, '?');
	r->path = mark >= 0 ? slice_sub(target, 0, (size_t)mark) : target;
	r->query = mark >= 0 ? slice_from(target, (size_t)mark + 1) : SLICE_NONE;
	return true;
}

bool http_status_bodyless(unsigned status)
{
	return status == 204 || status == 304;
}

/* ---- the face of both ---- */

struct http_server *http_server_create(const struct http_server_settings *settings, const struct http_server_events *events, void *owner)
{
	struct http_server_settings set = *settings;

	set.body_max = settings->body_max > 0 ? settings->body_max : HTTP_BODY_DEFAULT;
	set.requests_max = settings->requests_max > 0 ? settings->requests_max : HTTP_REQUESTS_DEFAULT;
	set.idle_ms = settings->idle_ms > 0 ? settings->idle_ms : IDLE_MS;
	set.head_ms = settings->head_ms > 0 ? settings->head_ms : HEAD_MS;
	set.body_ms = settings->body_ms > 0 ? settings->body_ms : BODY_MS;
	struct http_server *s = set.http2 ? http2_create(&set, events, owner) : http1_create(&set, events, owner);
	s->magic = SERVER_MAGIC;
	return s;
}

void http_server_destroy(struct http_server **server)
{
	struct http_server *s = *server;

	if (s == NULL)
		return;
	ENSURE_MAGIC(s, SERVER_MAGIC);
	s->magic = 0;
	s->engine->destroy(s);
	*server = NULL;
}

void http_server_pump(struct http_server *s, struct buf *in, struct buf *out, int64_t now)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	s->engine->pump(s, in, out, now);
}

int64_t http_server_patience(const struct http_server *s)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	return s->engine->patience(s);
}

uint64_t http_server_turn(const struct http_server *s)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	return s->engine->turn(s);
}

void http_server_timeout(struct http_server *s)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	s->engine->timeout(s);
}

void http_server_close(struct http_server *s)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	s->engine->close(s);
}

void http_server_body_limit(struct http_server *s, uint32_t stream, uint64_t bytes)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	s->engine->body_limit(s, stream, bytes);
}

void http_server_body_pause(struct http_server *s, uint32_t stream, bool paused)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	s->engine->body_pause(s, stream, paused);
}

void http_server_respond(struct http_server *s, uint32_t stream, const struct http_response *r)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	ENSURE(r->status >= 200 && r->status < 600);
	s->engine->respond(s, stream, r);
}

void http_server_write(struct http_server *s, uint32_t stream, struct slice bytes)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	s->engine->write(s, stream, bytes);
}

void http_server_finish(struct http_server *s, uint32_t stream)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	s->engine->finish(s, stream);
}

bool http_server_upgrade(struct http_server *s, uint32_t stream, const struct http_field *fields, size_t field_count)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	return s->engine->upgrade != NULL && s->engine->upgrade(s, stream, fields, field_count);
}

void http_server_answer(struct http_server *s, uint32_t stream, unsigned status, const struct http_field *fields, size_t field_count,
                        struct slice body)
{
	struct http_response r = {.status = status, .fields = fields, .field_count = field_count, .length = body.n};

	http_server_respond(s, stream, &r);
	http_server_write(s, stream, body);
	http_server_finish(s, stream);
}
