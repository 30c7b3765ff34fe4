#include "auth/external.h"

#include <string.h>

#include "auth/managed.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"

#define FORMER_MAX 4 /* providers of former settings that still work on something */

struct external {
	struct directory *directory;
	const struct auth_host *host;
	struct sso_host http;
	struct external_settings settings;
	struct provider *provider;
	struct provider *former[FORMER_MAX];
};

struct external *external_create(struct directory *d, const struct auth_host *host, const struct sso_host *http)
{
	struct external *e = memory_alloc(sizeof *e);
	e->directory = d;
	e->host = host;
	e->http = *http;
	return e;
}

static void sweep(struct external *e)
{
	for (size_t i = 0; i < FORMER_MAX; i++)
		if (e->former[i] != NULL && provider_idle(e->former[i]))
			provider_destroy(&e->former[i]);
}

/* One that is at work lives on; when too many do, the new settings wait for the next time. */
static bool put_aside(struct external *e)
{
	sweep(e);
	for (size_t i = 0; i < FORMER_MAX && e->provider != NULL; i++)
		if (e->former[i] == NULL) {
			e->former[i] = e->provider;
			e->provider = NULL;
		}
	sweep(e);
	return e->provider == NULL;
}

void external_configure(struct external *e, const struct external_settings *settings)
{
	if (!put_aside(e))
		return;
	e->settings = (struct external_settings){.link_email = settings->link_email, .trusted_factors = settings->trusted_factors};
	if (settings->provider.issuer.n > 0)
		e->provider = provider_create(&e->http, &settings->provider);
}

void external_destroy(struct external **e)
{
	if (*e == NULL)
		return;
	sweep(*e);
	if ((*e)->provider != NULL && provider_idle((*e)->provider))
		provider_destroy(&(*e)->provider);
	MEMORY_FREE(e);
}

bool external_usable(const struct external *e)
{
	return e->provider != NULL;
}

/* ---- from claims to an account ---- */

struct opening {
	struct external *e;
	struct arena arena;
	const char *scope;
	struct jwt_claims claims;
	struct external_result result;
	external_fn *fn;
	void *arg;
};

static void finish(struct opening *o, enum external_status status, const char *reason)
{
	o->result.status = status;
	o->result.reason = reason;
	o->result.claims = status == EXTERNAL_OK ? &o->claims : NULL;
	o->fn(o->arg, &o->result);
	arena_free(&o->arena);
	memory_free(o);
}

static void got_secrets(void *arg, int rc, struct secrets *secrets, uint32_t credential)
{
	struct opening *o = arg;
	o->result.secrets = secrets;
	o->result.credential = credential;
	if (rc == 0)
		finish(o, EXTERNAL_OK, "");
	else if (rc == ERR_NOT_FOUND)
		finish(o, EXTERNAL_REFUSED, "the account's secrets are not managed: it was never linked with its password");
	else
		finish(o, EXTERNAL_TEMPORARY, "key does not answer");
}

/* The account of a verified address of ours; only accounts whose secrets are managed, so nobody's password account is taken over. */
static int find_by_email(struct opening *o)
{
	struct address a;
	struct directory_address found;
	struct directory_identity i = {.issuer = o->claims.issuer, .subject = o->claims.subject, .email = o->claims.email};
	struct credential c;
	if (!o->e->settings.link_email || !o->claims.email_verified || address_parse(o->claims.email, &o->arena, &a) != 0)
		return ERR_NOT_FOUND;
	int rc = directory_address_get(o->e->directory, a.local, a.domain, &o->arena, &found);
	if (rc == 0 && (found.kind != ADDRESS_ACCOUNT
	                || directory_credential_list(o->e->directory, found.account, WRAP_MANAGED, &o->arena, &c, 1) != 1))
		rc = ERR_NOT_FOUND;
	if (rc != 0)
		return rc;
	memcpy(i.account, found.account, sizeof i.account);
	memcpy(o->result.account, found.account, sizeof i.account);
	i.created = moment_unix(o->e->host->now(o->e->host->arg));
	rc = directory_identity_add(o->e->directory, &i, NULL);
	if (rc == 0 && o->e->host->record != NULL)
		o->e->host->record(o->e->host->arg, EV_IDENTITY_LINKED, (const struct log_field[]){LOG_TEXT("address", o->claims.email),
			LOG_TEXT("name", i.issuer), LOG_TEXT("id", i.subject), LOG_END});
	return rc;
}

static void find_account(struct opening *o)
{
	struct directory_identity i;
	int rc = directory_identity_get(o->e->directory, o->claims.issuer, o->claims.subject, &o->arena, &i);
	if (rc == 0)
		memcpy(o->result.account, i.account, sizeof i.account);
	else if (rc == ERR_NOT_FOUND)
		rc = find_by_email(o);
	if (rc == ERR_NOT_FOUND)
		finish(o, EXTERNAL_REFUSED, "the identity belongs to no account");
	else if (rc != 0)
		finish(o, EXTERNAL_TEMPORARY, "the directory cannot be read");
	else
		managed_open(o->e->directory, o->e->host, o->result.account, 0, got_secrets, o);
}

static struct slice keep(struct opening *o, struct slice s)
{
	return s.n > 0 ? arena_dup(&o->arena, s) : SLICE_NONE;
}

static void keep_claims(struct opening *o, const struct jwt_claims *c)
{
	o->claims = *c;
	struct slice *const texts[] = {&o->claims.issuer, &o->claims.subject, &o->claims.client, &o->claims.id, &o->claims.email, &o->claims.name,
		&o->claims.user, &o->claims.scope, &o->claims.acr, &o->claims.department};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = keep(o, *texts[i]);
	for (size_t i = 0; i < o->claims.method_count; i++)
		o->claims.methods[i] = keep(o, o->claims.methods[i]);
}

static void got_claims(void *arg, int rc, const struct jwt_claims *claims, const struct error *err)
{
	struct opening *o = arg;
	if (rc != 0) {
		finish(o, rc == ERR_TEMPORARY ? EXTERNAL_TEMPORARY : EXTERNAL_REFUSED, err->private_text);
		return;
	}
	keep_claims(o, claims);
	if (o->scope != NULL && !jwt_scope_has(o->claims.scope, slice_str(o->scope)))
		finish(o, EXTERNAL_SCOPE, "the token is not for this protocol");
	else
		find_account(o);
}

static struct opening *start(struct external *e, const char *scope, external_fn *fn, void *arg)
{
	struct opening *o = memory_alloc(sizeof *o);
	o->e = e;
	o->scope = scope;
	o->fn = fn;
	o->arg = arg;
	if (e->provider != NULL)
		return o;
	finish(o, EXTERNAL_REFUSED, "no identity provider is trusted");
	return NULL;
}

void external_open(struct external *e, struct slice token, const char *scope, external_fn *fn, void *arg)
{
	struct opening *o = start(e, scope, fn, arg);
	if (o != NULL)
		provider_verify(e->provider, token, JWT_ACCESS_TOKEN, SLICE_NONE, got_claims, o);
}

void external_begin(struct external *e, provider_begin_fn *fn, void *arg)
{
	struct error err = {0};
	if (e->provider != NULL)
		provider_begin(e->provider, fn, arg);
	else
		fn(arg, error_set(&err, ERR_UNSUPPORTED, "no identity provider is trusted"), SLICE_NONE, &(struct provider_flow){0}, &err);
}

void external_finish(struct external *e, const struct provider_flow *flow, struct slice query, external_fn *fn, void *arg)
{
	struct opening *o = start(e, NULL, fn, arg);
	if (o != NULL)
		provider_finish(e->provider, flow, query, got_claims, o);
}

bool external_second_factor(const struct external *e, const struct jwt_claims *claims)
{
	static const char *const second[] = {"mfa", "otp", "hwk", "sc", "sms", "tel"};
	for (size_t i = 0; i < claims->method_count && e->settings.trusted_factors; i++)
		for (size_t k = 0; k < ARRAY_LEN(second); k++)
			if (slice_eq(claims->methods[i], slice_str(second[k])))
				return true;
	return false;
}
