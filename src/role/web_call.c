#include "role/web_call.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "http/problem.h"
#include "ipc/ipc.h"
#include "role/api.h"
#include "role/edge.h"

#define AGENT_MAX 200
#define FIELDS_MAX (WEB_REPLY_FIELDS + 2)

static const struct http_field no_store = HTTP_FIELD("Cache-Control", "no-store");

/* ---- calls ---- */

struct called {
	struct web_exchange *x;
	web_called_fn *fn;
};

static void away(struct web_exchange *x, enum ipc_outcome outcome)
{
	web_refuse(x, 503, outcome == IPC_BUSY ? "busy" : outcome == IPC_TIMEOUT ? "timeout" : "away", "Try again later.");
}

static void on_called(void *arg, enum ipc_outcome outcome, const void *data)
{
	const struct ipc_admin_call_reply *reply = data;
	struct called *c = arg;
	struct web_exchange *x = c->x;
	json_t *result = NULL;

	if (web_is_gone(x))
		goto out;
	if (outcome != IPC_OK) {
		away(x, outcome);
		goto out;
	}
	result = json_loadb((const char *)reply->result.p, reply->result.n, 0, NULL);
	if (json_is_object(result))
		c->fn(x, (enum admin_status)reply->status, result);
	else
		web_refuse(x, 500, "internal", "There was no answer that can be shown.");
out:
	json_decref(result);
	memory_free(c);
	web_drop(x);
}

static void ask(struct web_exchange *x, struct slice op, struct slice token, struct slice key, json_t *args, ipc_reply_fn *fn, void *arg)
{
	char *text = args != NULL ? json_dumps(args, JSON_COMPACT) : NULL;
	struct ipc_admin_call call = {
		.cid = x->cid, .token = token, .address = x->address, .agent = slice_sub(web_field(x, SLICE("User-Agent")), 0, AGENT_MAX), .op = op,
		.args = text != NULL ? slice_str(text) : SLICE_NONE, .key = key,
	};

	ipc_request(web_context(x)->ipc, IPC_ADMIN_CALL, 0, &call, fn, arg);
	free(text);
	json_decref(args);
}

void web_call_keyed(struct web_exchange *x, struct slice op, struct slice token, struct slice key, json_t *args, web_called_fn *fn)
{
	struct called *c = memory_alloc(sizeof *c);

	*c = (struct called){x, fn};
	web_hold(x);
	ask(x, op, token, key, args, on_called, c);
}

void web_call(struct web_exchange *x, const char *op, struct slice token, json_t *args, web_called_fn *fn)
{
	web_call_keyed(x, slice_str(op), token, SLICE_NONE, args, fn);
}

static void on_away(void *arg, enum ipc_outcome outcome, const void *data)
{
}

void web_call_away(struct web_exchange *x, const char *op, struct slice token)
{
	ask(x, slice_str(op), token, SLICE_NONE, NULL, on_away, NULL);
}

/* ---- bodies ---- */

static bool is_json(struct web_exchange *x)
{
	struct slice type = web_field(x, SLICE("Content-Type"));
	ptrdiff_t end = slice_find(type, ';');

	return slice_eq_nocase(slice_trim(end >= 0 ? slice_sub(type, 0, (size_t)end) : type), SLICE("application/json"));
}

json_t *web_body_object(struct web_exchange *x)
{
	struct slice body = buf_slice(&x->body);
	json_t *value;

	if (body.n == 0)
		return json_object();
	if (!is_json(x)) {
		web_refuse(x, 415, "media_type", "The body must be application/json.");
		return NULL;
	}
	value = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(value))
		return value;
	json_decref(value);
	web_refuse(x, 400, "invalid", "The body must be an object.");
	return NULL;
}

bool web_args_set(json_t *args, const char *name, struct slice text)
{
	return json_object_set_new(args, name, json_stringn((const char *)text.p, text.n)) == 0;
}

/* ---- answers ---- */

static void reply_text(struct web_exchange *x, unsigned status, const char *type, const struct http_field *fields, size_t count,
                       const char *text)
{
	struct http_field all[FIELDS_MAX] = {no_store};
	size_t n = 1;

	ENSURE(count < FIELDS_MAX);
	for (size_t i = 0; i < count; i++)
		if (fields[i].value.n > 0)
			all[n++] = fields[i];
	web_answer(x, status, text != NULL ? type : NULL, all, n, text != NULL ? slice_str(text) : SLICE_NONE);
}

void web_reply(struct web_exchange *x, unsigned status, const json_t *value, const struct http_field *fields, size_t count)
{
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;

	reply_text(x, status, "application/json", fields, count, text);
	free(text);
}

void web_reply_problem(struct web_exchange *x, enum admin_status status, json_t *result, const struct http_field *fields, size_t count)
{
	struct http_field all[FIELDS_MAX];
	char room[API_FIELD_MAX];
	unsigned number;
	char *text = api_problem(status, result, x->cid, &number);

	ENSURE(count <= WEB_REPLY_FIELDS);
	if (count > 0)
		memcpy(all, fields, count * sizeof *all);
	all[count] = api_problem_field(number, result, room);
	reply_text(x, number, "application/problem+json", all, count + 1, text != NULL ? text : "{}");
	free(text);
}
