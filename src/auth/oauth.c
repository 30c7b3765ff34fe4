/* The endpoints of our authorization server. */
#include <stdio.h>
#include <string.h>

#include "auth/factors.h"
#include "auth/oauth_private.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"

struct call {
	struct auth_oauth *o;
	const struct auth_oauth_request *request;
	struct oauth_answer *answer;
	struct arena arena;
	struct form form;
};

/* The person in whose session a request comes. */
struct person {
	struct auth_subject subject;
	struct session session;
};

struct auth_oauth *auth_oauth_create(struct directory *directory, const struct auth_host *host)
{
	struct auth_oauth *o = memory_alloc(sizeof *o);
	o->directory = directory;
	o->host = *host;
	return o;
}

void auth_oauth_configure(struct auth_oauth *o, struct slice issuer)
{
	(void)snprintf(o->issuer, sizeof o->issuer, "%.*s", SLICE_ARG(issuer));
}

struct slice auth_oauth_issuer(const struct auth_oauth *o)
{
	return slice_str(o->issuer);
}

void auth_oauth_destroy(struct auth_oauth **o)
{
	if (*o == NULL)
		return;
	MAP_FOREACH(e, &(*o)->pending)
		pending_remove(*o, e->value);
	map_free(&(*o)->pending);
	map_free(&(*o)->user_codes);
	MEMORY_FREE(o);
}

int64_t oauth_now_ms(const struct auth_oauth *o)
{
	return o->host.now(o->host.arg).mono_ms;
}

int64_t oauth_unix(const struct auth_oauth *o)
{
	return moment_unix(o->host.now(o->host.arg));
}

static void fail(struct call *c, const char *code, const char *text)
{
	oauth_answer_error(c->answer, code, text);
}

static void record(struct auth_oauth *o, enum log_event event, const struct log_field *fields)
{
	if (o->host.record != NULL)
		o->host.record(o->host.arg, event, fields);
}
#define record_event(o, event, ...) record((o), (event), (const struct log_field[]){__VA_ARGS__, LOG_END})

/* NULL: unknown, or the directory cannot be read. */
static const struct oauth_client *client_of(struct call *c, struct oauth_client *room)
{
	struct slice id = form_get(&c->form, "client_id");
	return id.n > 0 && directory_oauth_client_get(c->o->directory, id, &c->arena, room) == 0 ? room : NULL;
}

bool auth_oauth_may_allow(struct auth_oauth *o, const struct auth_subject *subject)
{
	struct arena arena = ARENA_INIT;
	struct account account;
	bool ok = subject->kind == AUTH_PERSON && !subject->token && directory_account_get(o->directory, subject->account, &arena, &account) == 0
	          && ((subject->proven & AUTH_PROVEN_SECOND) != 0
	              || auth_factors_bar_password(o->directory, &account, o->host.now(o->host.arg)) == 0);
	arena_free(&arena);
	return ok;
}

static bool load_person(struct call *c, struct person *ret)
{
	const struct auth_evidence evidence = {.uid = AUTH_UID_NONE, .token = c->request->token};
	const struct auth_local local = {AUTH_UID_NONE};
	const char *why;
	int rc = c->request->token.n > 0 ? auth_subject_load(c->o->directory, &evidence, &local, oauth_unix(c->o), &c->arena, &ret->subject,
		&ret->session, &why) : ERR_DENIED;
	if (rc == 0 && !ret->session.locked && auth_oauth_may_allow(c->o, &ret->subject))
		return true;
	fail(c, "login_required", "sign in first");
	c->answer->status = 401;
	return false;
}

static bool decided_to_allow(const struct call *c)
{
	return slice_eq(form_get(&c->form, "decision"), SLICE("allow"));
}

static struct slice scope_text(struct call *c, const struct oauth_scope *scope)
{
	struct buf b = BUF_INIT(2 * OAUTH_SCOPE_MAX);
	oauth_scope_write(scope, &b);
	struct slice text = arena_dup(&c->arena, buf_slice(&b));
	buf_free(&b);
	return text;
}

/* The secrets of the session go under the code that was made for it. */
static bool allow(struct call *c, const struct person *who, struct oauth_pending *p, const struct oauth_token *token)
{
	struct secrets secrets = SECRETS_NONE;
	memcpy(p->account, who->subject.account, sizeof p->account);
	p->proven = who->session.proven;
	bool ok = session_open(&who->session, c->request->token, &secrets, NULL) == 0 && pending_seal(p, token, &secrets);
	p->state = ok ? PENDING_ALLOWED : PENDING_DENIED;
	secrets_free(&secrets);
	return ok;
}

/* ---- authorize ---- */

static void give_code(struct call *c, const struct person *who, const struct oauth_authorize *r, const struct oauth_client *client)
{
	struct oauth_token token;
	char text[OAUTH_TOKEN_SIZE + 1];
	struct oauth_pending *p = pending_add(c->o, OAUTH_CODE, OAUTH_CODE_S, &token);
	if (p == NULL) {
		fail(c, "temporarily_unavailable", "too many requests");
		return;
	}
	p->code = (struct oauth_code){arena_dup(&p->arena, client->id), arena_dup(&p->arena, r->redirect), arena_dup(&p->arena, r->challenge)};
	p->scope = arena_dup(&p->arena, scope_text(c, &r->scope));
	if (allow(c, who, p, &token)) {
		oauth_token_text(&token, text);
		oauth_authorize_answer(r, auth_oauth_issuer(c->o), text, c->answer);
		secret_wipe(text, sizeof text);
	} else {
		pending_remove(c->o, p);
		fail(c, "server_error", "try again");
	}
	secret_wipe(&token, sizeof token);
}

static void on_authorize(struct call *c)
{
	struct oauth_client room;
	struct oauth_authorize r;
	struct person who = {0};
	const struct oauth_client *client = client_of(c, &room);
	if (oauth_authorize_check(&c->form, client, auth_oauth_issuer(c->o), &r, c->answer) == 0 && load_person(c, &who)) {
		if (!c->request->post)
			oauth_answer_consent(c->answer, client, scope_text(c, &r.scope), r.redirect);
		else if (decided_to_allow(c))
			give_code(c, &who, &r, client);
		else
			oauth_authorize_answer(&r, auth_oauth_issuer(c->o), NULL, c->answer);
	}
	if (c->request->post)
		oauth_answer_as_json(c->answer);
}

/* ---- devices ---- */

static void on_device_authorization(struct call *c)
{
	struct oauth_client room;
	struct oauth_scope scope;
	struct oauth_token token;
	char text[OAUTH_TOKEN_SIZE + 1];
	const struct oauth_client *client = client_of(c, &room);
	if (oauth_device_check(&c->form, client, &scope, c->answer) != 0)
		return;
	struct slice from = c->request->address;
	struct oauth_pending *p = from.n > 0 && pending_devices_of(c->o, from) >= OAUTH_DEVICES_PER_ADDRESS ? NULL
		: pending_add(c->o, OAUTH_DEVICE, OAUTH_DEVICE_S, &token);
	if (p == NULL) {
		fail(c, "temporarily_unavailable", "too many requests");
		return;
	}
	p->code.client = arena_dup(&p->arena, client->id);
	p->scope = arena_dup(&p->arena, scope_text(c, &scope));
	p->from = arena_dup(&p->arena, from);
	p->interval_ms = OAUTH_DEVICE_INTERVAL_S * 1000;
	pending_name(c->o, p);
	oauth_token_text(&token, text);
	oauth_device_answer(auth_oauth_issuer(c->o), text, p->user_code, OAUTH_DEVICE_S, OAUTH_DEVICE_INTERVAL_S, c->answer);
	secret_wipe(&token, sizeof token);
	secret_wipe(text, sizeof text);
}

static void on_device(struct call *c)
{
	struct person who = {0};
	struct oauth_client client;
	if (!load_person(c, &who))
		return;
	struct oauth_pending *p = pending_find_user(c->o, form_get(&c->form, "user_code"));
	if (p == NULL || directory_oauth_client_get(c->o->directory, p->code.client, &c->arena, &client) != 0) {
		fail(c, "invalid_request", "no such code; it may have expired");
		return;
	}
	if (!c->request->post) {
		oauth_answer_consent(c->answer, &client, p->scope, SLICE_NONE);
		return;
	}
	if (!decided_to_allow(c))
		p->state = PENDING_DENIED;
	else if (!allow(c, &who, p, NULL)) {
		fail(c, "server_error", "try again");
		return;
	}
	oauth_answer_empty(c->answer);
}

/* RFC 8628 3.5: what a device that asks gets to hear while there is nothing to give. False: it is answered. */
static bool device_may_take(struct call *c, struct oauth_pending *p)
{
	int64_t now = oauth_now_ms(c->o);
	if (p->state == PENDING_WAITS && now < p->next_poll_ms) {
		p->interval_ms += OAUTH_DEVICE_INTERVAL_S * 1000;
		p->next_poll_ms = now + p->interval_ms;
		fail(c, "slow_down", "ask less often");
	} else if (p->state == PENDING_WAITS) {
		p->next_poll_ms = now + p->interval_ms;
		fail(c, "authorization_pending", "the person has not decided");
	} else if (p->state == PENDING_DENIED) {
		fail(c, "access_denied", "the person declined");
	} else {
		return true;
	}
	return false;
}

/* ---- tokens ---- */

static const char bad_grant[] = "not valid, expired or used";

static bool account_is_active(struct call *c, const uint8_t id[16])
{
	struct account account;
	return directory_account_get(c->o->directory, id, &c->arena, &account) == 0 && account_signs_in(&account);
}

static void answer_issue(struct call *c, struct oauth_issue *issue, int rc)
{
	struct oauth_grant g = {issue->access_text, issue->refresh ? issue->refresh_text : NULL, OAUTH_ACCESS_S,
		issue->narrowed.n > 0 ? issue->narrowed : issue->grant.scope};
	if (rc == 0)
		oauth_answer_tokens(c->answer, &g);
	else
		fail(c, rc == ERR_LIMIT ? "invalid_grant" : "temporarily_unavailable", rc == ERR_LIMIT ? "too many tokens of this account" : "try again");
	secret_wipe(issue, sizeof *issue);
}

/* A code that comes again was stolen from somebody, or by somebody: what was made with it ends (RFC 6749 4.1.2). */
static void replayed(struct call *c, struct oauth_pending *p)
{
	record_event(c->o, EV_OAUTH_REUSED, LOG_TEXT("name", p->code.client), LOG_STR("kind", "code"));
	if (p->grant != 0)
		(void)oauth_end(c->o, p->grant, p->account, NULL);
	fail(c, "invalid_grant", bad_grant);
}

static void redeem(struct call *c, const struct oauth_token_request *r)
{
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	struct oauth_pending *p = pending_find(c->o, &r->token);
	if (p == NULL || !slice_eq(p->code.client, r->client)) {
		fail(c, r->type == OAUTH_GRANT_DEVICE && p == NULL ? "expired_token" : "invalid_grant", bad_grant);
		return;
	}
	if (p->state == PENDING_USED) {
		replayed(c, p);
		return;
	}
	if (r->type == OAUTH_GRANT_DEVICE && !device_may_take(c, p))
		return;
	if ((r->type == OAUTH_GRANT_CODE && !oauth_code_redeems(&p->code, r)) || !account_is_active(c, p->account)
	    || pending_open(p, &r->token, &secrets) != 0) {
		pending_remove(c->o, p); /* one try: whoever has the code without the verifier is a thief */
		fail(c, "invalid_grant", bad_grant);
		return;
	}
	struct oauth_issue issue = {.grant = {.client = p->code.client, .scope = p->scope, .proven = p->proven}, .refresh = true};
	memcpy(issue.grant.account, p->account, sizeof issue.grant.account);
	int rc = oauth_issue(c->o, &issue, SLICE_NONE, &secrets, &err);
	p->state = PENDING_USED;
	p->grant = rc == 0 ? issue.grant.id : 0; /* a number that was rolled back becomes somebody else's */
	buf_free_secret(&p->wrap);
	if (rc == 0)
		record_event(c->o, EV_OAUTH_GRANTED, LOG_TEXT("name", p->code.client), LOG_NUM("id", issue.grant.id), LOG_TEXT("right", p->scope));
	answer_issue(c, &issue, rc);
	secrets_free(&secrets);
}

static void refresh_again(struct call *c, struct slice token)
{
	uint32_t id;
	struct directory_oauth grant;
	if (directory_oauth_spent(c->o->directory, token, &id) == 0 && directory_oauth_get(c->o->directory, id, &c->arena, &grant) == 0) {
		record_event(c->o, EV_OAUTH_REUSED, LOG_TEXT("name", grant.client), LOG_STR("kind", "refresh token"));
		(void)oauth_end(c->o, id, grant.account, NULL);
	}
	fail(c, "invalid_grant", bad_grant);
}

/* RFC 6749 6: the scope may be narrowed, never widened. */
static bool narrow(struct call *c, const struct oauth_token_request *r, struct oauth_issue *issue)
{
	struct oauth_scope all, part;
	if (r->scope.n == 0)
		return true;
	if (oauth_scope_parse(r->scope, &part) != 0 || oauth_scope_parse(issue->grant.scope, &all) != 0 || !oauth_scope_covers(&all, &part))
		return false;
	issue->narrowed = scope_text(c, &part);
	return true;
}

static void refresh(struct call *c, const struct oauth_token_request *r)
{
	struct session session;
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	struct oauth_issue issue = {.refresh = true};
	int rc = session_find(c->o->directory, r->refresh, oauth_unix(c->o), &c->arena, &session);
	if (rc == ERR_DENIED) {
		refresh_again(c, r->refresh);
		return;
	}
	if (rc != 0) {
		fail(c, "temporarily_unavailable", "try again");
		return;
	}
	if (session.kind != SESSION_REFRESH || directory_oauth_of_session(c->o->directory, session.id, &c->arena, &issue.grant) != 0
	    || !slice_eq(issue.grant.client, r->client) || !account_is_active(c, session.account)
	    || session_open(&session, r->refresh, &secrets, NULL) != 0) {
		fail(c, "invalid_grant", bad_grant);
		return;
	}
	if (narrow(c, r, &issue))
		answer_issue(c, &issue, oauth_issue(c->o, &issue, r->refresh, &secrets, &err));
	else
		fail(c, "invalid_scope", "more than was allowed");
	secrets_free(&secrets);
}

static void on_token(struct call *c)
{
	struct oauth_token_request r;
	struct oauth_client room;
	if (oauth_token_check(&c->form, &r, c->answer) != 0)
		return;
	if (client_of(c, &room) == NULL)
		fail(c, "invalid_client", "unknown client");
	else if (r.type == OAUTH_GRANT_REFRESH)
		refresh(c, &r);
	else
		redeem(c, &r);
	secret_wipe(&r.token, sizeof r.token);
}

/* RFC 7009: 200 whatever the token is. */
static void on_revoke(struct call *c)
{
	struct session session;
	struct directory_oauth grant;
	if (session_find(c->o->directory, form_get(&c->form, "token"), oauth_unix(c->o), &c->arena, &session) == 0
	    && directory_oauth_of_session(c->o->directory, session.id, &c->arena, &grant) == 0
	    && slice_eq(grant.client, form_get(&c->form, "client_id")))
		(void)oauth_end(c->o, grant.id, grant.account, NULL);
	oauth_answer_empty(c->answer);
}

static void on_metadata(struct call *c)
{
	oauth_metadata(auth_oauth_issuer(c->o), c->answer);
}

/* ---- requests ---- */

static const struct {
	const char *path;
	bool get, post;
	void (*run)(struct call *c);
} endpoints[] = {
	{"/.well-known/oauth-authorization-server", true, false, on_metadata},
	{"/oauth/authorize", true, true, on_authorize},
	{"/oauth/device", true, true, on_device},
	{"/oauth/device_authorization", false, true, on_device_authorization},
	{"/oauth/token", false, true, on_token},
	{"/oauth/revoke", false, true, on_revoke},
};

void auth_oauth_run(struct auth_oauth *o, const struct auth_oauth_request *request, struct oauth_answer *answer)
{
	struct call c = {.o = o, .request = request, .answer = answer};
	size_t i = 0;
	while (i < ARRAY_LEN(endpoints) && !slice_eq(request->path, slice_str(endpoints[i].path)))
		i++;
	if (o->issuer[0] == '\0' || i == ARRAY_LEN(endpoints)) {
		fail(&c, "not_found", "no such address");
		answer->status = 404;
	} else if (!(request->post ? endpoints[i].post : endpoints[i].get)) {
		fail(&c, "invalid_request", "another method is needed");
		answer->status = 405;
	} else if (form_parse(request->post ? request->form : request->query, &c.arena, &c.form) != 0) {
		fail(&c, "invalid_request", "the form is malformed");
	} else {
		endpoints[i].run(&c);
	}
	arena_free(&c.arena);
}
