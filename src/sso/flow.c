/* The authorization code flow of a relying party, and the tickets of CAS. */
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "sso/cas.h"
#include "sso/form.h"
#include "sso/json.h"
#include "sso/pkce.h"
#include "sso/provider_private.h"

#define TOKEN_ANSWER_MAX 65536
#define REQUEST_MAX 8192
#define USERINFO_MAX 65536
#define ACCESS_TOKEN_MAX 7000 /* it must fit into the fields of a request */

/* ---- to the issuer ---- */

struct beginning {
	struct provider *p;
	provider_begin_fn *fn;
	void *arg;
};

static void secret_text(char ret[FLOW_SECRET_SIZE + 1])
{
	struct buf b = BUF_INIT(64);
	pkce_verifier(&b); /* 256 random bits */
	ENSURE(buf_len(&b) == FLOW_SECRET_SIZE);
	memcpy(ret, buf_slice(&b).p, FLOW_SECRET_SIZE);
	ret[FLOW_SECRET_SIZE] = '\0';
	buf_free_secret(&b);
}

static void write_url(const struct provider *p, const struct provider_flow *flow, struct buf *url)
{
	const struct provider_settings *s = &p->settings;
	struct buf scope = BUF_INIT(1000), challenge = BUF_INIT(64);
	buf_printf(&scope, "openid %.*s", SLICE_ARG(s->scope));
	pkce_challenge(slice_str(flow->verifier), &challenge);
	buf_append(url, p->metadata.authorization_endpoint);
	if (slice_find(p->metadata.authorization_endpoint, '?') < 0)
		buf_append_byte(url, '?');
	form_put(url, "response_type", SLICE("code"));
	form_put(url, "client_id", s->client);
	form_put(url, "redirect_uri", s->redirect);
	form_put(url, "scope", slice_trim(buf_slice(&scope)));
	form_put(url, "state", slice_str(flow->state));
	form_put(url, "nonce", slice_str(flow->nonce));
	form_put(url, "code_challenge", buf_slice(&challenge));
	form_put(url, "code_challenge_method", SLICE("S256"));
	buf_free(&scope);
	buf_free(&challenge);
}

static void begin(void *arg, int rc, const struct error *err)
{
	struct beginning *b = arg;
	struct provider_flow flow = {0};
	struct buf url = BUF_INIT(REQUEST_MAX);
	if (rc == 0) {
		memcpy(flow.name, b->p->settings.name.p, b->p->settings.name.n);
		secret_text(flow.state);
		secret_text(flow.nonce);
		secret_text(flow.verifier);
		if (b->p->settings.cas)
			cas_login_url(b->p->settings.issuer, b->p->settings.redirect, slice_str(flow.state), &url);
		else
			write_url(b->p, &flow, &url);
		rc = url.failed ? ERR_LIMIT : 0;
	}
	b->fn(b->arg, rc, rc == 0 ? buf_slice(&url) : SLICE_NONE, &flow, err);
	secret_wipe(&flow, sizeof flow);
	buf_free(&url);
	memory_free(b);
}

void provider_begin(struct provider *p, provider_begin_fn *fn, void *arg)
{
	struct error err = {0};
	if ((p->settings.client.n == 0 && !p->settings.cas) || p->settings.redirect.n == 0) {
		fn(arg, error_set(&err, ERR_UNSUPPORTED, "web sign-in is not set up for this issuer"), SLICE_NONE, &(struct provider_flow){0}, &err);
		return;
	}
	struct beginning *b = memory_alloc(sizeof *b);
	*b = (struct beginning){p, fn, arg};
	if (p->settings.cas)
		begin(b, 0, &err);
	else
		provider_ready(p, false, begin, b);
}

/* ---- and back ---- */

struct ending {
	struct provider *p;
	struct provider_flow flow;
	struct arena arena;
	struct slice code, access_token;
	struct jwt_claims claims;
	provider_claims_fn *fn;
	void *arg;
};

static void done(void *arg, int rc, const struct jwt_claims *claims, const struct error *err)
{
	struct ending *e = arg;
	e->p->returning--;
	e->fn(e->arg, rc, claims, err);
	arena_free(&e->arena);
	secret_wipe(e, sizeof *e);
	memory_free(e);
}

static void fail(struct ending *e, enum error_code code, const char *why)
{
	struct error err = {0};
	error_set(&err, code, "%s", why);
	done(e, code, NULL, &err);
}

/* ---- userinfo (OpenID Connect Core 5.3) ---- */

/* An address counts with what the same answer says of it. */
static void add_claims(struct ending *e, const json_t *info)
{
	const struct { const char *name; struct slice *to; } texts[] = {
		{"email", &e->claims.email}, {"name", &e->claims.name}, {"preferred_username", &e->claims.user}, {"department", &e->claims.department},
	};
	e->claims.email_verified = json_is_true(json_object_get(info, "email_verified"));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].to->n == 0)
			*texts[i].to = sso_json_text(info, texts[i].name, &e->arena);
}

static void got_userinfo(void *arg, unsigned status, struct slice body)
{
	struct ending *e = arg;
	struct error err = {0};
	json_t *info = status == 200 ? sso_json_object(body, USERINFO_MAX) : NULL;
	/* 5.3.2: without the same subject it may be somebody else's. */
	bool same = info == NULL || slice_eq(sso_json_peek(info, "sub"), e->claims.subject);
	if (info != NULL && same)
		add_claims(e, info);
	json_decref(info);
	if (same)
		done(e, 0, &e->claims, &err);
	else
		fail(e, ERR_DENIED, "the issuer's userinfo is of another subject");
}

static void ask_userinfo(struct ending *e)
{
	struct buf authorization = BUF_INIT(TOKEN_ANSWER_MAX);
	buf_printf(&authorization, "Bearer %.*s", SLICE_ARG(e->access_token));
	struct sso_request request = {.url = e->p->metadata.userinfo_endpoint, .authorization = buf_slice(&authorization), .answer_max = USERINFO_MAX};
	e->p->host.fetch(e->p->host.arg, &request, got_userinfo, e);
	buf_free_secret(&authorization);
}

static void verified(void *arg, int rc, const struct jwt_claims *claims, const struct error *err)
{
	struct ending *e = arg;
	if (rc != 0 || claims->email.n > 0 || e->access_token.n == 0 || e->p->metadata.userinfo_endpoint.n == 0) {
		done(e, rc, claims, err);
		return;
	}
	e->claims = *claims;
	jwt_claims_keep(&e->claims, &e->arena);
	ask_userinfo(e);
}

/* A header field must not get a line of its own from it (RFC 6750 2.1). */
static struct slice token_text(const json_t *answer, struct arena *arena)
{
	struct slice token = sso_json_text(answer, "access_token", arena);
	for (size_t i = 0; i < token.n; i++)
		if (token.p[i] <= ' ' || token.p[i] >= 0x7f)
			return SLICE_NONE;
	return token.n <= ACCESS_TOKEN_MAX ? token : SLICE_NONE;
}

static void got_tokens(void *arg, unsigned status, struct slice body)
{
	struct ending *e = arg;
	if (status == 0 || status >= 500) {
		fail(e, ERR_TEMPORARY, "the issuer gives no token now");
		return;
	}
	json_t *answer = status == 200 ? sso_json_object(body, TOKEN_ANSWER_MAX) : NULL;
	struct slice token = answer != NULL ? sso_json_text(answer, "id_token", &e->arena) : SLICE_NONE;
	e->access_token = answer != NULL ? token_text(answer, &e->arena) : SLICE_NONE;
	json_decref(answer);
	if (token.n == 0)
		fail(e, ERR_DENIED, "the issuer refused the code");
	else
		provider_verify(e->p, token, JWT_ID_TOKEN, slice_str(e->flow.nonce), verified, e);
}

/* RFC 6749 2.3.1: both are form-encoded before they become Basic credentials. */
static void basic_credentials(const struct provider_settings *s, struct buf *out)
{
	struct buf pair = BUF_INIT(REQUEST_MAX);
	form_escape(s->client, &pair);
	buf_append_byte(&pair, ':');
	form_escape(s->secret, &pair);
	buf_append_str(out, "Basic ");
	base64_encode(buf_slice(&pair), out);
	buf_free_secret(&pair);
}

static void redeem(void *arg, int rc, const struct error *err)
{
	struct ending *e = arg;
	const struct provider_settings *s = &e->p->settings;
	struct buf body = BUF_INIT(REQUEST_MAX), authorization = BUF_INIT(REQUEST_MAX);
	if (rc != 0) {
		done(e, ERR_TEMPORARY, NULL, err);
		return;
	}
	bool basic = s->secret.n > 0 && e->p->metadata.basic;
	form_put(&body, "grant_type", SLICE("authorization_code"));
	form_put(&body, "code", e->code);
	form_put(&body, "redirect_uri", s->redirect);
	form_put(&body, "code_verifier", slice_str(e->flow.verifier));
	if (!basic)
		form_put(&body, "client_id", s->client);
	if (!basic && s->secret.n > 0)
		form_put(&body, "client_secret", s->secret);
	if (basic)
		basic_credentials(s, &authorization);
	struct sso_request request = {e->p->metadata.token_endpoint, buf_slice(&body), buf_slice(&authorization), TOKEN_ANSWER_MAX};
	if (body.failed || authorization.failed)
		fail(e, ERR_LIMIT, "the code is too long");
	else
		e->p->host.fetch(e->p->host.arg, &request, got_tokens, e);
	buf_free_secret(&body);
	buf_free_secret(&authorization);
}

/* ---- CAS ---- */

static void got_person(void *arg, unsigned status, struct slice body)
{
	struct ending *e = arg;
	struct cas_person person;
	struct error err = {0};
	int rc = status == 200 ? cas_answer_parse(body, &e->arena, &person, &err)
	       : error_set(&err, status == 0 || status >= 500 ? ERR_TEMPORARY : ERR_DENIED, "the CAS server says nothing of the ticket");
	if (rc != 0) {
		done(e, rc == ERR_TEMPORARY ? rc : ERR_DENIED, NULL, &err);
		return;
	}
	const struct provider_settings *s = &e->p->settings;
	/* What the organisation's own server says of an address is believed as far as `domains` go (auth/external.h). */
	e->claims = (struct jwt_claims){.issuer = s->issuer, .subject = person.user, .user = person.user, .email = person.email, .name = person.name,
		.department = person.department, .email_verified = true};
	if (person.email.n == 0 && slice_find(person.user, '@') >= 0)
		e->claims.email = person.user;
	else if (person.email.n == 0 && s->domain.n > 0)
		e->claims.email = arena_printf(&e->arena, "%.*s@%.*s", SLICE_ARG(person.user), SLICE_ARG(s->domain));
	done(e, 0, &e->claims, &err);
}

static void validate(struct ending *e, struct slice ticket)
{
	struct buf url = BUF_INIT(REQUEST_MAX);
	if (cas_ticket_valid(ticket))
		cas_validate_url(e->p->settings.issuer, e->p->settings.redirect, slice_str(e->flow.state), ticket, &url);
	struct sso_request request = {.url = buf_slice(&url), .answer_max = CAS_ANSWER_MAX};
	if (url.failed || buf_len(&url) == 0)
		fail(e, ERR_DENIED, "the answer has no ticket");
	else
		e->p->host.fetch(e->p->host.arg, &request, got_person, e);
	buf_free_secret(&url);
}

/* ---- what came back ---- */

static bool state_fits(const struct provider_flow *flow, struct slice state)
{
	return flow->state[0] != '\0' && state.n == FLOW_SECRET_SIZE && secret_equal(flow->state, state.p, FLOW_SECRET_SIZE);
}

void provider_finish(struct provider *p, const struct provider_flow *flow, struct slice query, provider_claims_fn *fn, void *arg)
{
	struct form form;
	struct ending *e = memory_alloc(sizeof *e);
	*e = (struct ending){.p = p, .flow = *flow, .fn = fn, .arg = arg};
	p->returning++;
	if (form_parse(query, &e->arena, &form) != 0 || !state_fits(flow, form_get(&form, "state"))) {
		fail(e, ERR_DENIED, "the answer belongs to no sign-in of this browser");
		return;
	}
	if (p->settings.cas) {
		validate(e, form_get(&form, "ticket"));
		return;
	}
	struct slice issuer = form_get(&form, "iss");
	e->code = form_get(&form, "code");
	/* Mix-up of issuers (RFC 9207 2.4). */
	if (issuer.n > 0 ? !slice_eq(issuer, p->settings.issuer) : p->metadata.response_issuer)
		fail(e, ERR_DENIED, "the answer is of another issuer");
	else if (form_get(&form, "error").n > 0)
		fail(e, ERR_DENIED, "the issuer declined");
	else if (e->code.n == 0)
		fail(e, ERR_DENIED, "the answer has no code");
	else
		provider_ready(p, false, redeem, e);
}
