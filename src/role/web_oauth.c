/*
 * Our authorization server at the public address (auth/oauth.h). What programs ask goes to auth as it came, in nobody's session. Browsers get the page of
 * consent, which asks by script like every other screen, in the session of the cookie: no other site can look at it or press its button.
 * docs/web-signin.md.
 */
#include "role/api.h"
#include "role/web_call.h"
#include "role/web_cookie.h"
#include "sso/form.h"

/* ---- programs ---- */

static void on_answered(struct web_exchange *x, enum admin_status status, json_t *result)
{
	json_int_t code = json_integer_value(json_object_get(result, "status"));
	struct http_field fields[] = {HTTP_FIELD("Cache-Control", "no-store"), HTTP_FIELD("Pragma", "no-cache")};

	if (status != ADMIN_OK)
		web_reply_problem(x, status, result, NULL, 0);
	else if (code < 200 || code > 599)
		web_refuse(x, 500, "internal", "There was no answer that can be shown.");
	else
		web_answer(x, (unsigned)code, "application/json", fields, ARRAY_LEN(fields), api_text(result, "body"));
}

static bool is_form(const struct web_exchange *x)
{
	struct slice type = web_field(x, SLICE("Content-Type"));
	ptrdiff_t end = slice_find(type, ';');

	return slice_eq_nocase(slice_trim(end >= 0 ? slice_sub(type, 0, (size_t)end) : type), SLICE("application/x-www-form-urlencoded"));
}

void web_oauth_program(struct web_exchange *x)
{
	bool post = x->method == HTTP_METHOD_POST;
	json_t *args;

	if (post && !is_form(x)) {
		web_refuse(x, 415, "media_type", "The body must be application/x-www-form-urlencoded.");
		return;
	}
	args = json_object();
	if (post)
		json_object_set_new(args, "post", json_true());
	if (web_args_set(args, "path", x->path) && web_args_set(args, post ? "form" : "query", post ? buf_slice(&x->body) : x->query)) {
		web_call(x, "oauth.request", SLICE_NONE, args, on_answered);
		return;
	}
	json_decref(args);
	web_refuse(x, 400, "invalid", "The request is not UTF-8.");
}

/* ---- the page of consent ---- */

/* {"error","error_description"} of OAuth as a problem; who has to sign in first hears so as everywhere. */
static void refuse(struct web_exchange *x, unsigned status, const json_t *body)
{
	const char *code = json_string_value(json_object_get(body, "error")), *text = json_string_value(json_object_get(body, "error_description"));

	if (status == 401 && code != NULL && slice_eq(slice_str(code), SLICE("login_required")))
		web_refuse(x, 401, "sign_in", "Sign in first.");
	else
		web_refuse(x, status == 401 ? 400 : status, code != NULL ? code : "internal", text != NULL ? text : "That did not work.");
}

static void on_consent(struct web_exchange *x, enum admin_status status, json_t *result)
{
	json_int_t code = json_integer_value(json_object_get(result, "status"));
	struct slice text = api_text(result, "body"), location = api_text(result, "location");
	json_t *body = json_loadb((const char *)text.p, text.n, 0, NULL);

	if (status != ADMIN_OK) {
		web_reply_problem(x, status, result, NULL, 0);
	} else if (code == 303) {
		/* The request itself is wrong, which the program is to hear: the person is told and goes there when he wants to. */
		json_decref(body);
		body = json_object();
		web_args_set(body, "mistake", location);
		web_reply(x, 200, body, NULL, 0);
	} else if (code == 200 && body != NULL) {
		web_reply(x, 200, body, NULL, 0);
	} else {
		refuse(x, code >= 400 && code <= 599 ? (unsigned)code : 500, body);
	}
	json_decref(body);
}

static bool is_decision(struct slice text)
{
	return text.n == 0 || slice_eq(text, SLICE("allow")) || slice_eq(text, SLICE("deny"));
}

/* The query of the browser's address names no decision: the person makes it, and not the link. */
static bool fits(struct slice endpoint, struct slice query, struct slice decision)
{
	struct arena arena = ARENA_INIT;
	struct form form;
	bool ok = (slice_eq(endpoint, SLICE("authorize")) || slice_eq(endpoint, SLICE("device"))) && is_decision(decision)
	          && form_parse(query, &arena, &form) == 0;

	for (size_t i = 0; ok && i < form.count; i++)
		ok = !slice_eq(form.fields[i].name, SLICE("decision"));
	arena_free(&arena);
	return ok;
}

static json_t *consent_args(struct slice endpoint, struct slice query, struct slice decision)
{
	struct buf path = BUF_INIT(100), form = BUF_INIT(FORM_MAX);
	json_t *args = json_object();

	buf_printf(&path, "/oauth/%.*s", SLICE_ARG(endpoint));
	buf_append(&form, query);
	if (decision.n > 0)
		form_put(&form, "decision", decision);
	web_args_set(args, "path", buf_slice(&path));
	if (decision.n > 0)
		json_object_set_new(args, "post", json_true());
	if (form.failed || !web_args_set(args, decision.n > 0 ? "form" : "query", buf_slice(&form))) {
		json_decref(args);
		args = NULL;
	}
	buf_free(&path);
	buf_free(&form);
	return args;
}

static void consent(struct web_exchange *x, struct slice token, const json_t *body)
{
	struct slice endpoint = api_text(body, "endpoint"), query = api_text(body, "query"), decision = api_text(body, "decision");
	json_t *args = fits(endpoint, query, decision) ? consent_args(endpoint, query, decision) : NULL;

	if (args != NULL)
		web_call(x, "oauth.request", token, args, on_consent);
	else
		web_refuse(x, 400, "invalid_request", "The address that the program opened is malformed.");
}

void web_oauth_consent(struct web_exchange *x)
{
	struct slice token = web_cookie_get(x, WEB_COOKIE_SESSION);
	json_t *body = web_same_origin(x, true) ? web_body_object(x) : NULL;

	if (body == NULL)
		return;
	if (token.n == 0)
		web_refuse(x, 401, "sign_in", "Sign in first.");
	else
		consent(x, token, body);
	json_decref(body);
}
