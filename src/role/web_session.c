/* Signing in at the web: the token of the session goes into a cookie and never into a page. docs/web-signin.md. */
#include <string.h>

#include "http/url.h"
#include "role/api.h"
#include "role/web_call.h"
#include "role/web_cookie.h"
#include "role/web_policy.h"

/* ---- who am I ---- */

static void answer_nobody(struct web_exchange *x, bool forget)
{
	struct http_field gone = forget ? web_cookie_field(x, WEB_COOKIE_SESSION, SLICE_NONE) : (struct http_field){0};
	json_t *out = json_object();

	json_object_set_new(out, "signed_in", json_false());
	json_object_set_new(out, "policy", web_policy(x));
	web_reply(x, 200, out, &gone, 1);
	json_decref(out);
}

/* `fields`: the cookies of a sign-in, in x->state, or none. */
struct cookies {
	struct http_field fields[2];
	size_t count;
};

static void answer_person(struct web_exchange *x, json_t *result)
{
	const struct cookies *cookies = x->state;

	json_object_set_new(result, "signed_in", json_true());
	json_object_set_new(result, "policy", web_policy(x));
	web_reply(x, 200, result, cookies != NULL ? cookies->fields : NULL, cookies != NULL ? cookies->count : 0);
}

static void on_shown(struct web_exchange *x, enum admin_status status, json_t *result)
{
	if (status == ADMIN_OK)
		answer_person(x, result);
	else if (slice_eq(api_text(result, "code"), SLICE("sign_in")))
		answer_nobody(x, true);
	else
		web_reply_problem(x, status, result, NULL, 0);
}

void web_session_show(struct web_exchange *x)
{
	struct slice token = web_cookie_get(x, WEB_COOKIE_SESSION);

	if (!web_same_origin(x, false))
		return;
	if (token.n == 0)
		answer_nobody(x, false);
	else
		web_call(x, "session.show", token, NULL, on_shown);
}

/* ---- signing in ---- */

/* The cookies that a result brings; the texts leave it. */
static struct cookies *take_cookies(struct web_exchange *x, json_t *result)
{
	struct cookies *c = arena_alloc(&x->arena, sizeof *c);
	struct slice token = api_text(result, "token"), device = api_text(result, "device_key");

	c->count = 0;
	if (token.n > 0)
		c->fields[c->count++] = web_cookie_field(x, WEB_COOKIE_SESSION, token);
	if (device.n > 0)
		c->fields[c->count++] = web_cookie_field(x, WEB_COOKIE_DEVICE, device);
	json_object_del(result, "token");
	json_object_del(result, "device_key");
	return c;
}

/* Who signs in again ends what the browser had; nobody goes on in a session that he did not begin. */
static void end_former(struct web_exchange *x)
{
	struct slice former = web_cookie_get(x, WEB_COOKIE_SESSION);

	if (former.n > 0)
		web_call_away(x, "session.end", former);
}

static struct slice take_token(struct web_exchange *x, const json_t *result)
{
	return arena_dup(&x->arena, api_text(result, "token"));
}

static void on_started(struct web_exchange *x, enum admin_status status, json_t *result)
{
	struct slice token = take_token(x, result);
	struct cookies *cookies = take_cookies(x, result);

	if (status != ADMIN_OK) {
		web_reply_problem(x, status, result, cookies->fields, cookies->count);
		return;
	}
	end_former(x);
	x->state = cookies;
	web_call(x, "session.show", token, NULL, on_shown);
}

/* Members of the body that go on as they are. */
static bool pass(json_t *args, const json_t *body, const char *const *names)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		json_t *value = json_object_get(body, names[i]);

		if (value != NULL)
			json_object_set(args, names[i], value);
	}
	return true;
}

static bool only(const json_t *body, const char *const *names)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)body, key, value) {
		size_t i = 0;

		while (names[i] != NULL && strcmp(names[i], key) != 0)
			i++;
		if (names[i] == NULL)
			return false;
	}
	return true;
}

/* What every way of signing in has in common. */
static json_t *common_args(struct web_exchange *x, const json_t *body)
{
	static const char *const names[] = {"device", NULL};
	struct slice key = web_cookie_get(x, WEB_COOKIE_DEVICE);
	json_t *args = json_object();

	pass(args, body, names);
	if (key.n > 0)
		web_args_set(args, "device_key", key);
	web_args_set(args, "origin", web_origin(x));
	json_object_set_new(args, "web", json_true());
	return args;
}

static void start_password(struct web_exchange *x, const json_t *body, json_t *args)
{
	static const char *const names[] = {"address", "password", "factor", "proof", "work", NULL};

	pass(args, body, names);
	web_call(x, "session.start", SLICE_NONE, args, on_started);
}

static void start_passkey(struct web_exchange *x, json_t *proof, json_t *args)
{
	json_object_set(args, "proof", proof);
	web_call(x, "session.passkey.start", SLICE_NONE, args, on_started);
}

static void start_sso(struct web_exchange *x, const json_t *body, json_t *args)
{
	static const char *const names[] = {"factor", "proof", NULL}, *const back[] = {"flow", "query", NULL};

	pass(args, body, names);
	pass(args, json_object_get(body, "sso"), back);
	web_call(x, "sso.finish", SLICE_NONE, args, on_started);
}

void web_session_start(struct web_exchange *x)
{
	static const char *const names[] = {"address", "password", "factor", "proof", "work", "passkey", "sso", "device", NULL};
	json_t *body = web_same_origin(x, true) ? web_body_object(x) : NULL, *passkey = json_object_get(body, "passkey");

	if (body == NULL)
		return;
	if (!only(body, names))
		web_refuse(x, 400, "invalid", "There is a member that nobody knows.");
	else if (passkey != NULL)
		start_passkey(x, passkey, common_args(x, body));
	else if (json_object_get(body, "sso") != NULL)
		start_sso(x, body, common_args(x, body));
	else
		start_password(x, body, common_args(x, body));
	json_decref(body);
}

/* ---- what is asked before ---- */

static void on_result(struct web_exchange *x, enum admin_status status, json_t *result)
{
	if (status == ADMIN_OK)
		web_reply(x, 200, result, NULL, 0);
	else
		web_reply_problem(x, status, result, NULL, 0);
}

/* An operation whose arguments are the body's members `names`, and the origin where it is wanted. */
static void ask(struct web_exchange *x, const char *op, struct slice token, const char *const *names, bool origin, web_called_fn *fn)
{
	json_t *body = web_same_origin(x, true) ? web_body_object(x) : NULL, *args;

	if (body == NULL)
		return;
	args = json_object();
	pass(args, body, names);
	if (origin)
		web_args_set(args, "origin", web_origin(x));
	if (only(body, names)) {
		web_call(x, op, token, args, fn);
	} else {
		web_refuse(x, 400, "invalid", "There is a member that nobody knows.");
		json_decref(args);
	}
	json_decref(body);
}

void web_session_passkey(struct web_exchange *x)
{
	static const char *const names[] = {NULL};

	ask(x, "session.passkey.begin", SLICE_NONE, names, true, on_result);
}

void web_session_work(struct web_exchange *x)
{
	static const char *const names[] = {"address", NULL};

	ask(x, "session.work", SLICE_NONE, names, false, on_result);
}

void web_session_sso(struct web_exchange *x)
{
	static const char *const names[] = {"provider", "email", NULL};

	ask(x, "sso.begin", SLICE_NONE, names, false, on_result);
}

/* ---- the end, and the lock ---- */

static void on_ended(struct web_exchange *x, enum admin_status status, json_t *result)
{
	struct http_field gone = web_cookie_field(x, WEB_COOKIE_SESSION, SLICE_NONE);

	if (status == ADMIN_OK || slice_eq(api_text(result, "code"), SLICE("sign_in")))
		web_reply(x, 204, NULL, &gone, 1);
	else
		web_reply_problem(x, status, result, NULL, 0);
}

void web_session_end(struct web_exchange *x)
{
	struct http_field gone = web_cookie_field(x, WEB_COOKIE_SESSION, SLICE_NONE);
	struct slice token = web_cookie_get(x, WEB_COOKIE_SESSION);

	if (!web_same_origin(x, true))
		return;
	if (token.n == 0)
		web_reply(x, 204, NULL, &gone, 1);
	else
		web_call(x, "session.end", token, NULL, on_ended);
}

static void on_locked(struct web_exchange *x, enum admin_status status, json_t *result)
{
	if (status == ADMIN_OK)
		web_reply(x, 204, NULL, NULL, 0);
	else
		web_reply_problem(x, status, result, NULL, 0);
}

void web_session_lock(struct web_exchange *x)
{
	static const char *const names[] = {NULL};

	ask(x, "session.lock", web_cookie_get(x, WEB_COOKIE_SESSION), names, false, on_locked);
}

static void on_unlocked(struct web_exchange *x, enum admin_status status, json_t *result)
{
	if (status == ADMIN_OK)
		web_call(x, "session.show", web_cookie_get(x, WEB_COOKIE_SESSION), NULL, on_shown);
	else
		web_reply_problem(x, status, result, NULL, 0);
}

void web_session_unlock(struct web_exchange *x)
{
	static const char *const names[] = {"password", "proof", "factor", NULL};

	ask(x, "session.unlock", web_cookie_get(x, WEB_COOKIE_SESSION), names, true, on_unlocked);
}

/* ---- one-time links ---- */

static void go_home(struct web_exchange *x, const struct cookies *cookies)
{
	struct http_field fields[4] = {HTTP_FIELD("Location", "/"), HTTP_FIELD("Cache-Control", "no-store")};

	for (size_t i = 0; cookies != NULL && i < cookies->count; i++)
		fields[2 + i] = cookies->fields[i];
	web_answer(x, 303, NULL, fields, 2 + (cookies != NULL ? cookies->count : 0), SLICE_NONE);
}

static void on_linked(struct web_exchange *x, enum admin_status status, json_t *result)
{
	struct cookies *cookies = take_cookies(x, result);

	if (status == ADMIN_OK)
		end_former(x);
	go_home(x, cookies);
}

/*
 * A person follows a link: nothing that another site embeds, fetches or sends the browser to. The demonstration's own pages live on other
 * ports.
 */
static bool is_followed(struct web_exchange *x)
{
	struct slice site = web_field(x, SLICE("Sec-Fetch-Site")), mode = web_field(x, SLICE("Sec-Fetch-Mode"));

	return !slice_eq(site, SLICE("cross-site")) && (mode.n == 0 || slice_eq(mode, SLICE("navigate")));
}

void web_session_once(struct web_exchange *x)
{
	struct slice link = SLICE_NONE;
	json_t *args;

	if (!web_context(x)->config->web_links) {
		web_problem(x, 404);
		return;
	}
	if (!is_followed(x) || !web_query(x, SLICE("t"), &link) || link.n == 0) {
		go_home(x, NULL);
		return;
	}
	args = json_object();
	web_args_set(args, "link", link);
	json_object_set_new(args, "web", json_true());
	web_call(x, "session.link.use", SLICE_NONE, args, on_linked);
}
