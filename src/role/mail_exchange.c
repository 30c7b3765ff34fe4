/* One request over HTTP and its answer (role/mail_http.h). */
#include "role/mail_link.h"

#include "base/memory.h"
#include "http/problem.h"
#include "http/url.h"

#define FIELDS_MAX 16

/* ---- life ---- */

struct mail_exchange *mail_exchange_create(struct mail_link *l, uint32_t stream, const struct http_request *q)
{
	struct mail_exchange *x = memory_alloc(sizeof *x);
	struct http_field *fields = arena_alloc_array(&x->arena, q->field_count + 1, sizeof *fields);

	x->link = l;
	x->person = l->person;
	mail_http_keep(x->person);
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

bool mail_http_gather(struct mail_exchange *x, size_t bytes)
{
	struct mail_account *a = x->person->account;

	ENSURE(a->gathered >= x->gathered);
	a->gathered += bytes - x->gathered;
	x->gathered = bytes;
	return bytes == 0 || a->gathered <= MAIL_BODIES_MAX;
}

static void exchange_free(struct mail_exchange *x)
{
	struct mail_http *p = x->person;

	(void)mail_http_gather(x, 0);
	buf_free_secret(&x->body);
	arena_free(&x->arena);
	memory_free(x);
	mail_http_let(p);
}

/* The connection knows nothing of it any more. */
static void exchange_part(struct mail_exchange *x)
{
	x->link->exchange = NULL;
	x->link = NULL;
	if (x->held == 0)
		exchange_free(x);
}

void mail_exchange_leave(struct mail_exchange *x)
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

/* ---- what was asked ---- */

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

/* ---- the answer ---- */

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
	mail_link_end(l);
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
