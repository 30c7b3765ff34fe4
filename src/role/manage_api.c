/* The admin API: from a request to an operation with JSON args, and from the outcome to an answer. */
#include <jansson.h>
#include <stdlib.h>

#include "admin/openapi.h"
#include "admin/operation.h"
#include "http/problem.h"
#include "ipc/admin.h"
#include "role/api.h"
#include "role/manage.h"

/* ---- answers ---- */

static void answer_problem(struct manage *m, enum admin_status status, json_t *result)
{
	char room[API_FIELD_MAX];
	unsigned number;
	char *text = api_problem(status, result, edge_cid(m->client), &number);
	struct http_field field = api_problem_field(number, result, room);

	manage_answer(m, number, "application/problem+json", &field, field.name.n > 0, slice_str(text != NULL ? text : "{}"));
	free(text);
}

static void answer_result(struct manage *m, enum admin_status status, const json_t *value, struct slice result)
{
	struct buf link = BUF_INIT(2 * HTTP_LINE_MAX);
	struct http_field field = {SLICE("Link"), SLICE_NONE};

	if (m->method == HTTP_METHOD_GET)
		api_link(m->op, m->query, value, &link);
	field.value = buf_slice(&link);
	manage_answer(m, api_status(status, SLICE_NONE), "application/json", &field, field.value.n > 0 && !link.failed ? 1 : 0, result);
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
	json_t *args = api_args_of_query(op, m->query);
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
