/* The admin API: from a request to an operation with JSON args, and from the outcome to an answer. */
#include <jansson.h>
#include <string.h>

#include "admin/openapi.h"
#include "admin/operation.h"
#include "base/codec.h"
#include "http/problem.h"
#include "http/url.h"
#include "ipc/admin.h"
#include "role/manage.h"

#define NAME_MAX_BYTES 64
#define VALUE_MAX 8192

/* ---- args of a query ---- */

static bool member_find(struct slice members, struct slice name, struct admin_member *ret)
{
	while (admin_member_next(&members, ret))
		if (slice_eq(ret->name, name))
			return true;
	return false;
}

/* The text of a query as a value of the member's type; NULL: it is none. */
static json_t *value_of(const struct admin_member *m, struct slice text)
{
	uint64_t number;

	switch (m->type) {
	case ADMIN_TEXT: case ADMIN_TEXTS:
		return json_stringn((const char *)text.p, text.n);
	case ADMIN_NUMBER:
		return slice_to_u64(text, &number) == 0 && number <= INT64_MAX ? json_integer((json_int_t)number) : NULL;
	case ADMIN_FLAG:
		if (slice_eq(text, SLICE("true")))
			return json_true();
		return slice_eq(text, SLICE("false")) ? json_false() : NULL;
	case ADMIN_OBJECT: case ADMIN_OBJECTS: break;
	}
	return NULL;
}

static bool member_put(json_t *args, const struct admin_member *m, const char *name, json_t *value)
{
	json_t *list = json_object_get(args, name);

	if (value == NULL)
		return false;
	if (m->type != ADMIN_TEXTS) {
		bool twice = list != NULL;
		json_object_set_new(args, name, value);
		return !twice;
	}
	if (list == NULL)
		json_object_set_new(args, name, list = json_array());
	json_array_append_new(list, value);
	return true;
}

/* NULL: some parameter is unknown, doubled, or not of its type. */
static json_t *args_of_query(const struct admin_operation *op, struct slice query)
{
	struct buf name = BUF_INIT(NAME_MAX_BYTES), value = BUF_INIT(VALUE_MAX);
	json_t *args = json_object();
	struct admin_member m;
	bool good = true;
	int more;

	while (good && (more = http_query_next(&query, &name, &value)) != 0) {
		char key[NAME_MAX_BYTES + 1] = "";

		good = more > 0 && member_find(op->members, buf_slice(&name), &m);
		if (good)
			memcpy(key, buf_slice(&name).p, buf_len(&name));
		good = good && member_put(args, &m, key, value_of(&m, buf_slice(&value)));
	}
	buf_free(&name);
	buf_free(&value);
	if (!good) {
		json_decref(args);
		return NULL;
	}
	return args;
}

/* ---- answers ---- */

static unsigned status_of(enum admin_status status, struct slice code)
{
	static const struct {
		struct slice code;
		unsigned status;
	} codes[] = {
		{SLICE_INIT("sign_in"), 401}, {SLICE_INIT("password"), 401}, {SLICE_INIT("throttled"), 429}, {SLICE_INIT("key_reused"), 422},
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (slice_eq(codes[i].code, code))
			return codes[i].status;
	switch (status) {
	case ADMIN_OK: return 200;
	case ADMIN_FAILED: return 409;
	case ADMIN_INVALID: return 400;
	case ADMIN_CONFIG: return 409;
	case ADMIN_UNAVAILABLE: return 503;
	case ADMIN_DENIED: return 403;
	case ADMIN_NOT_FOUND: return 404;
	case ADMIN_PARTIAL: return 207;
	}
	return 500;
}

static struct slice text_member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value)) : SLICE_NONE;
}

static void set_text(json_t *object, const char *name, struct slice text)
{
	json_object_set_new(object, name, json_stringn((const char *)text.p, text.n));
}

/* The result of a refusal as problem+json: what else it tells (the number of an approval) stays in it (RFC 9457 3.2). */
static void answer_problem(struct manage *m, enum admin_status status, json_t *result)
{
	static const struct http_field challenge[] = {HTTP_FIELD("WWW-Authenticate", "Bearer realm=\"letterlock\"")};
	static const struct http_field later[] = {HTTP_FIELD("Retry-After", "60")};
	struct slice code = text_member(result, "code");
	unsigned number = status_of(status, code);
	json_t *detail = json_incref(json_object_get(result, "error"));
	char *text;

	json_object_del(result, "error");
	if (json_is_string(detail))
		json_object_set(result, "detail", detail);
	set_text(result, "title", http_status_text(number));
	json_object_set_new(result, "status", json_integer(number));
	set_text(result, "cid", edge_cid(m->client));
	text = json_dumps(result, JSON_COMPACT);
	manage_answer(m, number, "application/problem+json", number == 401 ? challenge : later, number == 401 || number == 429 || number == 503,
	              slice_str(text != NULL ? text : "{}"));
	free(text);
	json_decref(detail);
}

/* RFC 8288: where the next page is. */
static void put_link(const struct manage *m, const json_t *result, struct buf *link)
{
	struct slice next = text_member(result, "next"), query = m->query, pair;

	if (m->method != HTTP_METHOD_GET || next.n == 0 || !json_is_true(json_object_get(result, "more")))
		return;
	buf_printf(link, "<" ADMIN_API_PREFIX "%.*s?", SLICE_ARG(m->op));
	while (slice_split(&query, '&', &pair))
		if (!slice_starts(pair, SLICE("after=")) && pair.n > 0)
			buf_printf(link, "%.*s&", SLICE_ARG(pair));
	buf_append_str(link, "after=");
	http_percent_encode(next, link);
	buf_append_str(link, ">; rel=\"next\"");
}

static void answer_result(struct manage *m, enum admin_status status, const json_t *value, struct slice result)
{
	struct buf link = BUF_INIT(2 * HTTP_LINE_MAX);
	struct http_field field = {SLICE("Link"), SLICE_NONE};

	put_link(m, value, &link);
	field.value = buf_slice(&link);
	manage_answer(m, status_of(status, SLICE_NONE), "application/json", &field, field.value.n > 0 && !link.failed ? 1 : 0, result);
	buf_free(&link);
}

static void on_called(void *arg, enum ipc_outcome outcome, const void *data)
{
	const struct ipc_admin_call_reply *reply = data;
	struct manage *m = arg;
	struct edge_client *c = m->client;
	json_t *result = NULL;

	if (manage_gone(m))
		goto out;
	if (outcome != IPC_OK) {
		manage_problem(m, 503, outcome == IPC_BUSY ? "busy" : outcome == IPC_TIMEOUT ? "timeout" : "away", "Try again later.");
		goto out;
	}
	result = json_loadb((const char *)reply->result.p, reply->result.n, 0, NULL);
	if (!json_is_object(result))
		manage_problem(m, 500, "internal", "There was no answer that can be shown.");
	else if (reply->status != ADMIN_OK && reply->status != ADMIN_PARTIAL)
		answer_problem(m, (enum admin_status)reply->status, result);
	else if (m->route == ROUTE_METRICS)
		manage_metrics_granted(m);
	else if (m->route == ROUTE_OAUTH)
		manage_oauth_answer(m, result);
	else
		answer_result(m, (enum admin_status)reply->status, result, reply->result);
out:
	json_decref(result);
	if (!c->ended)
		manage_pump(m);
	edge_client_drop(c);
}

void manage_call(struct manage *m, struct slice op, struct slice args)
{
	struct ipc_admin_call call = {
		.cid = edge_cid(m->client), .token = m->token, .address = m->address, .agent = m->agent, .op = op, .args = args, .key = m->key,
	};

	edge_client_hold(m->client);
	ipc_request(m->client->edge->ctx->ipc, IPC_ADMIN_CALL, 0, &call, on_called, m);
}

/* ---- requests ---- */

static void get(struct manage *m, const struct admin_operation *op)
{
	json_t *args = args_of_query(op, m->query);
	char *text = args != NULL ? json_dumps(args, JSON_COMPACT) : NULL;

	if (text != NULL)
		manage_call(m, op->name, slice_str(text));
	else
		manage_problem(m, 400, "invalid", "A parameter is unknown, doubled, or not of its type.");
	free(text);
	json_decref(args);
}

static void post(struct manage *m, const struct admin_operation *op)
{
	if (m->content != CONTENT_NONE && m->content != CONTENT_JSON)
		manage_problem(m, 415, "media_type", "The body must be application/json.");
	else if (m->query.n > 0)
		manage_problem(m, 400, "invalid", "The arguments of POST stand in its body.");
	else
		manage_call(m, op->name, buf_slice(&m->body));
}

void manage_api(struct manage *m)
{
	const struct admin_operation *op = admin_operation_find(m->op);
	bool reads = op != NULL && admin_operation_queryable(op);

	if (op == NULL)
		manage_problem(m, 404, "unknown_operation", "There is no such operation.");
	else if (m->bad_key)
		manage_problem(m, 400, "invalid", "Idempotency-Key must have 1 to 200 characters, and come once.");
	else if (m->method == HTTP_METHOD_POST)
		post(m, op);
	else if (m->method == HTTP_METHOD_GET && reads)
		get(m, op);
	else
		manage_not_allowed(m, reads ? "GET, HEAD, POST, OPTIONS" : "POST, OPTIONS");
}

void manage_openapi(struct manage *m)
{
	manage_answer(m, 200, "application/json", NULL, 0, buf_slice(&m->shared->openapi));
}
