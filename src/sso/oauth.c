#include "sso/oauth.h"

#include <string.h>

#include "base/ensure.h"
#include "sso/json.h"
#include "sso/pkce.h"
#include "sso/url.h"

void oauth_answer_free(struct oauth_answer *a)
{
	buf_free_secret(&a->body);
	buf_free_secret(&a->location);
}

static void set_json(struct oauth_answer *a, unsigned status, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	a->status = status;
	buf_clear(&a->body);
	if (text != NULL) {
		buf_append_str(&a->body, text);
		explicit_bzero(text, strlen(text));
	}
	free(text);
	json_decref(object);
}

void oauth_answer_error(struct oauth_answer *a, const char *code, const char *description)
{
	unsigned status = strcmp(code, "invalid_client") == 0 ? 401 : strcmp(code, "temporarily_unavailable") == 0 ? 503 : 400;
	set_json(a, status, json_pack("{s:s,s:s}", "error", code, "error_description", description));
}

static int refuse(struct oauth_answer *a, const char *code, const char *description)
{
	oauth_answer_error(a, code, description);
	return ERR_DENIED;
}

static json_t *text_of(struct slice s)
{
	json_t *text = json_stringn(s.n > 0 ? (const char *)s.p : "", s.n);
	return text != NULL ? text : json_string("");
}

void oauth_answer_tokens(struct oauth_answer *a, const struct oauth_grant *grant)
{
	json_t *o = json_pack("{s:s,s:s,s:I}", "access_token", grant->access, "token_type", "Bearer", "expires_in", (json_int_t)grant->lifetime);
	json_object_set_new(o, "scope", text_of(grant->scope));
	if (grant->refresh != NULL)
		json_object_set_new(o, "refresh_token", json_string(grant->refresh));
	set_json(a, 200, o);
}

void oauth_answer_consent(struct oauth_answer *a, const struct oauth_client *client, struct slice scope, struct slice redirect)
{
	json_t *o = json_object();
	json_object_set_new(o, "client", text_of(client->id));
	json_object_set_new(o, "name", text_of(client->name));
	json_object_set_new(o, "scope", text_of(scope));
	json_object_set_new(o, "redirect", text_of(redirect));
	set_json(a, 200, o);
}

void oauth_answer_as_json(struct oauth_answer *a)
{
	if (a->status != 303)
		return;
	json_t *o = json_object();
	json_object_set_new(o, "redirect", text_of(buf_slice(&a->location)));
	set_json(a, 200, o);
	buf_free_secret(&a->location);
}

void oauth_answer_empty(struct oauth_answer *a)
{
	set_json(a, 200, json_object());
}

static void set_endpoint(json_t *o, const char *name, struct slice issuer, const char *path)
{
	json_object_set_new(o, name, json_sprintf("%.*s%s", SLICE_ARG(issuer), path));
}

void oauth_metadata(struct slice issuer, struct oauth_answer *a)
{
	json_t *o = json_pack("{s:[s],s:[s],s:[s,s,s],s:[s],s:[s],s:[s,s,s,s],s:b}", "response_types_supported", "code",
		"code_challenge_methods_supported", "S256", "grant_types_supported", "authorization_code", "refresh_token",
		"urn:ietf:params:oauth:grant-type:device_code", "token_endpoint_auth_methods_supported", "none",
		"revocation_endpoint_auth_methods_supported", "none", "scopes_supported", "imap", "pop", "smtp", "sieve",
		"authorization_response_iss_parameter_supported", 1);
	set_endpoint(o, "issuer", issuer, "");
	set_endpoint(o, "authorization_endpoint", issuer, "/oauth/authorize");
	set_endpoint(o, "token_endpoint", issuer, "/oauth/token");
	set_endpoint(o, "device_authorization_endpoint", issuer, "/oauth/device_authorization");
	set_endpoint(o, "revocation_endpoint", issuer, "/oauth/revoke");
	set_json(a, 200, o);
}

/* ---- clients ---- */

static bool is_client_id(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
			return false;
	return s.n > 0 && s.n <= OAUTH_CLIENT_ID_MAX;
}

static int mistake(struct error *err, const char *text)
{
	error_public(err, "%s", text);
	return error_set(err, ERR_INVALID, "%s", text);
}

int oauth_client_check(const struct oauth_client *client, struct error *err)
{
	struct oauth_scope scope;
	struct slice rest = client->redirects, one;
	unsigned count = 0;
	if (!is_client_id(client->id))
		return mistake(err, "A client id has 1 to 100 letters, digits, '-', '_' or '.'.");
	if (oauth_scope_parse(client->scope, &scope) != 0)
		return mistake(err, "Scopes are imap, pop, smtp, sieve and api:<right>.");
	while (slice_split(&rest, ' ', &one))
		if (!url_redirect_usable(one) || ++count > OAUTH_REDIRECTS_MAX)
			return mistake(err, "A redirect URI is https, http://127.0.0.1, http://[::1] or a private scheme such as com.example.app:/cb.");
	return count > 0 || client->device ? 0 : mistake(err, "A client has a redirect URI or is a device.");
}

/* ---- authorization requests ---- */

static struct slice registered_redirect(const struct oauth_client *client, struct slice given)
{
	struct slice rest = client->redirects, one;
	while (slice_split(&rest, ' ', &one))
		if (url_redirect_matches(one, given))
			return given;
	return SLICE_NONE;
}

static void redirect(struct oauth_answer *a, const struct oauth_authorize *request, struct slice issuer, const char *name,
	struct slice value)
{
	a->status = 303; /* never 307: a POST must not be repeated at the client (RFC 9700 4.12) */
	buf_clear(&a->location);
	buf_append(&a->location, request->redirect);
	if (slice_find(request->redirect, '?') < 0)
		buf_append_byte(&a->location, '?');
	form_put(&a->location, name, value);
	if (request->state.n > 0)
		form_put(&a->location, "state", request->state);
	form_put(&a->location, "iss", issuer);
}

static const char *authorize_mistake(const struct form *form, const struct oauth_client *client, struct oauth_authorize *r)
{
	struct oauth_scope allowed;
	if (!slice_eq(form_get(form, "response_type"), SLICE("code")))
		return "unsupported_response_type";
	if (!slice_eq(form_get(form, "code_challenge_method"), SLICE("S256")) || !pkce_challenge_valid(r->challenge) || r->state.n > 1000)
		return "invalid_request";
	if (oauth_scope_parse(r->scope_text, &r->scope) != 0 || oauth_scope_parse(client->scope, &allowed) != 0
	    || !oauth_scope_covers(&allowed, &r->scope))
		return "invalid_scope";
	return NULL;
}

int oauth_authorize_check(const struct form *form, const struct oauth_client *client, struct slice issuer, struct oauth_authorize *ret,
                          struct oauth_answer *a)
{
	*ret = (struct oauth_authorize){.state = form_get(form, "state"), .challenge = form_get(form, "code_challenge"),
	                                .scope_text = form_get(form, "scope")};
	if (client == NULL)
		return refuse(a, "invalid_client", "unknown client");
	ret->redirect = registered_redirect(client, form_get(form, "redirect_uri"));
	if (ret->redirect.n == 0)
		return refuse(a, "invalid_request", "the redirect URI is not registered");
	const char *wrong = authorize_mistake(form, client, ret);
	if (wrong == NULL)
		return 0;
	redirect(a, ret, issuer, "error", slice_str(wrong));
	return ERR_DENIED;
}

void oauth_authorize_answer(const struct oauth_authorize *request, struct slice issuer, const char *code, struct oauth_answer *a)
{
	redirect(a, request, issuer, code != NULL ? "code" : "error", code != NULL ? slice_str(code) : SLICE("access_denied"));
}

int oauth_device_check(const struct form *form, const struct oauth_client *client, struct oauth_scope *ret, struct oauth_answer *a)
{
	struct oauth_scope allowed;
	if (client == NULL)
		return refuse(a, "invalid_client", "unknown client");
	if (!client->device)
		return refuse(a, "unauthorized_client", "this client is no device");
	if (oauth_scope_parse(form_get(form, "scope"), ret) != 0 || oauth_scope_parse(client->scope, &allowed) != 0
		|| !oauth_scope_covers(&allowed, ret))
		return refuse(a, "invalid_scope", "not a scope of this client");
	return 0;
}

/* ---- token requests ---- */

static const struct {
	const char *name, *member;
	enum oauth_grant_type type;
	enum oauth_kind kind;
} grants[] = {
	{"authorization_code", "code", OAUTH_GRANT_CODE, OAUTH_CODE},
	{"refresh_token", "refresh_token", OAUTH_GRANT_REFRESH, OAUTH_CODE},
	{"urn:ietf:params:oauth:grant-type:device_code", "device_code", OAUTH_GRANT_DEVICE, OAUTH_DEVICE},
};

int oauth_token_check(const struct form *form, struct oauth_token_request *ret, struct oauth_answer *a)
{
	struct slice type = form_get(form, "grant_type");
	*ret = (struct oauth_token_request){.client = form_get(form, "client_id"), .redirect = form_get(form, "redirect_uri"),
	                                    .verifier = form_get(form, "code_verifier"), .scope = form_get(form, "scope")};
	if (!is_client_id(ret->client))
		return refuse(a, "invalid_client", "unknown client");
	for (size_t i = 0; i < ARRAY_LEN(grants); i++) {
		if (!slice_eq(type, slice_str(grants[i].name)))
			continue;
		ret->type = grants[i].type;
		struct slice text = form_get(form, grants[i].member);
		if (ret->type == OAUTH_GRANT_REFRESH)
			ret->refresh = text;
		if (ret->type == OAUTH_GRANT_REFRESH ? text.n > 0 : oauth_token_parse(text, grants[i].kind, &ret->token))
			return 0;
		return refuse(a, "invalid_grant", "not valid, expired or used");
	}
	return refuse(a, "unsupported_grant_type", "unknown grant type");
}

bool oauth_code_redeems(const struct oauth_code *code, const struct oauth_token_request *request)
{
	return slice_eq(code->client, request->client) && slice_eq(code->redirect, request->redirect)
	       && pkce_matches(code->challenge, request->verifier);
}

void oauth_device_answer(struct slice issuer, const char *device_code, const char *user_code, int64_t lifetime, int64_t interval,
                         struct oauth_answer *a)
{
	json_t *o = json_pack("{s:s,s:s,s:I,s:I}", "device_code", device_code, "user_code", user_code, "expires_in", (json_int_t)lifetime,
		"interval", (json_int_t)interval);
	set_endpoint(o, "verification_uri", issuer, "/oauth/device");
	set_json(a, 200, o);
}
