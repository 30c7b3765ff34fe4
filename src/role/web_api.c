/* Self-service: the operations about oneself, in the session of the cookie. docs/web-signin.md. */
#include "admin/openapi.h"
#include "admin/own.h"
#include "http/problem.h"
#include "role/api.h"
#include "role/web_call.h"
#include "role/web_cookie.h"

#define KEY_MAX 200

static void answer_result(struct web_exchange *x, enum admin_status status, const json_t *result)
{
	struct buf link = BUF_INIT(2 * HTTP_LINE_MAX);
	struct http_field field = {SLICE("Link"), SLICE_NONE};

	if (x->method == HTTP_METHOD_GET)
		api_link(slice_from(x->path, sizeof ADMIN_API_PREFIX - 1), x->query, result, &link);
	field.value = link.failed ? SLICE_NONE : buf_slice(&link);
	web_reply(x, api_status(status, SLICE_NONE), result, &field, 1);
	buf_free(&link);
}

static void on_called(struct web_exchange *x, enum admin_status status, json_t *result)
{
	struct http_field gone;

	if (status == ADMIN_OK || status == ADMIN_PARTIAL) {
		answer_result(x, status, result);
		return;
	}
	gone = slice_eq(api_text(result, "code"), SLICE("sign_in")) ? web_cookie_field(x, WEB_COOKIE_SESSION, SLICE_NONE) : (struct http_field){0};
	web_reply_problem(x, status, result, &gone, 1);
}

static bool has_member(const struct admin_operation *op, struct slice name)
{
	struct slice members = op->members;
	struct admin_member m;

	while (admin_member_next(&members, &m))
		if (slice_eq(m.name, name))
			return true;
	return false;
}

/* NULL: answered. */
static json_t *args_of(struct web_exchange *x, const struct admin_operation *op)
{
	json_t *args;

	if (x->method == HTTP_METHOD_POST)
		return web_body_object(x);
	args = api_args_of_query(op, x->query);
	if (args == NULL)
		web_refuse(x, 400, "invalid", "A parameter is unknown, doubled, or not of its type.");
	return args;
}

static void call(struct web_exchange *x, const struct admin_operation *op, struct slice token)
{
	struct slice key = web_field(x, SLICE("Idempotency-Key"));
	json_t *args;

	if (key.n >= 2 && key.p[0] == '"' && key.p[key.n - 1] == '"')
		key = slice_sub(key, 1, key.n - 1);
	if (key.n > KEY_MAX) {
		web_refuse(x, 400, "invalid", "Idempotency-Key must have 1 to 200 characters.");
		return;
	}
	args = args_of(x, op);
	if (args == NULL)
		return;
	/* Where the page is, says the request, and not the page. */
	if (has_member(op, SLICE("origin")))
		web_args_set(args, "origin", web_origin(x));
	web_call_keyed(x, op->name, token, key, args, on_called);
}

void web_api(struct web_exchange *x)
{
	const struct admin_operation *op = admin_operation_find(slice_from(x->path, sizeof ADMIN_API_PREFIX - 1));
	enum admin_own own = op != NULL ? admin_operation_own(op) : ADMIN_OWN_NOT;
	struct slice token = web_cookie_get(x, WEB_COOKIE_SESSION);
	bool reads = op != NULL && admin_operation_queryable(op);
	struct http_field allow = HTTP_FIELD("Allow", "POST, OPTIONS");

	if (!web_same_origin(x, x->method != HTTP_METHOD_GET))
		return;
	if (own != ADMIN_OWN_CALL && own != ADMIN_OWN_OUTSIDE)
		web_refuse(x, 404, "unknown_operation", "There is no such operation.");
	else if (x->method == HTTP_METHOD_GET && !reads)
		web_answer(x, 405, NULL, &allow, 1, SLICE_NONE);
	else if (token.n == 0 && own == ADMIN_OWN_CALL)
		web_refuse(x, 401, "sign_in", "Sign in first.");
	else
		call(x, op, token);
}
