#include "auth/external.h"

#include <string.h>

#include "auth/directory_device.h"
#include "auth/external_new.h"
#include "auth/managed.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"

#define FORMER_MAX (4 * EXTERNAL_PROVIDERS_MAX) /* providers of former settings that still work on something */

struct external {
	struct directory *directory;
	const struct auth_host *host;
	struct sso_host http;
	struct trusted {
		struct provider *provider;
		char domains[2000];
		bool link_email, provision, trusted_factors;
	} trusted[EXTERNAL_PROVIDERS_MAX];
	size_t count;
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

static bool put_one_aside(struct external *e, struct provider *p)
{
	for (size_t i = 0; i < FORMER_MAX; i++)
		if (e->former[i] == NULL) {
			e->former[i] = p;
			return true;
		}
	return false;
}

/* One that is at work lives on; when too many do, the new settings wait for the next time. */
static bool put_aside(struct external *e)
{
	sweep(e);
	while (e->count > 0 && put_one_aside(e, e->trusted[e->count - 1].provider))
		e->count--;
	sweep(e);
	return e->count == 0;
}

static void add_provider(struct external *e, const struct external_settings *s)
{
	if (s->provider.issuer.n == 0 || e->count == EXTERNAL_PROVIDERS_MAX)
		return;
	struct trusted *t = &e->trusted[e->count++];
	*t = (struct trusted){.provider = provider_create(&e->http, &s->provider), .link_email = s->link_email, .provision = s->provision,
		.trusted_factors = s->trusted_factors};
	if (s->domains.n >= sizeof t->domains)
		t->link_email = t->provision = false; /* a list that does not fit would be a shorter one */
	else if (s->domains.n > 0)
		memcpy(t->domains, s->domains.p, s->domains.n);
}

void external_configure(struct external *e, const struct external_settings *settings, size_t count)
{
	if (!put_aside(e))
		return;
	for (size_t i = 0; i < count; i++)
		add_provider(e, &settings[i]);
}

void external_destroy(struct external **e)
{
	if (*e == NULL)
		return;
	sweep(*e);
	for (size_t i = 0; i < (*e)->count; i++)
		if (provider_idle((*e)->trusted[i].provider))
			provider_destroy(&(*e)->trusted[i].provider);
	MEMORY_FREE(e);
}

bool external_usable(const struct external *e)
{
	return e->count > 0;
}

/* ---- which provider ---- */

static struct trusted *by_name(struct external *e, struct slice name)
{
	for (size_t i = 0; i < e->count; i++)
		if (slice_eq(provider_settings(e->trusted[i].provider)->name, name))
			return &e->trusted[i];
	return name.n == 0 && e->count == 1 ? &e->trusted[0] : NULL;
}

static const struct trusted *by_issuer(const struct external *e, struct slice issuer)
{
	for (size_t i = 0; i < e->count; i++)
		if (issuer.n > 0 && slice_eq(provider_settings(e->trusted[i].provider)->issuer, issuer))
			return &e->trusted[i];
	return NULL;
}

static struct trusted *by_email(struct external *e, struct slice email)
{
	for (size_t i = 0; i < e->count; i++)
		if (provider_domains_have(slice_str(e->trusted[i].domains), email))
			return &e->trusted[i];
	return by_name(e, SLICE_NONE);
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
	if (rc == 0 && o->scope != NULL)
		rc = directory_lease_set(o->e->directory, o->result.account, credential, o->claims.expires, NULL);
	if (rc == 0)
		finish(o, EXTERNAL_OK, "");
	else if (rc == ERR_NOT_FOUND)
		finish(o, EXTERNAL_REFUSED, "the account's secrets are not managed: it was never linked with its password");
	else
		finish(o, EXTERNAL_TEMPORARY, "key does not answer");
}

/* May this issuer speak for the address that it names? */
static const struct trusted *speaks_for(const struct opening *o)
{
	const struct trusted *from = by_issuer(o->e, o->claims.issuer);
	if (from == NULL || !o->claims.email_verified || (from->domains[0] != '\0' && !provider_domains_have(slice_str(from->domains), o->claims.email)))
		return NULL;
	return from;
}

/*
 * Who has come once by an issuer is that identity from then on: an address that the issuer gives to somebody else, or that another issuer names, opens nothing
 * by itself.
 */
static bool is_pinned(const struct opening *o, const uint8_t account[16])
{
	struct arena arena = ARENA_INIT;
	struct directory_identity one;
	int count = directory_identity_list(o->e->directory, account, &arena, &one, 1);
	arena_free(&arena);
	return count != 0;
}

/* The account of a verified address of ours; only accounts whose secrets are managed, so nobody's password account is taken over. */
static int find_by_email(struct opening *o)
{
	struct address a;
	struct directory_address found;
	struct directory_identity i = {.issuer = o->claims.issuer, .subject = o->claims.subject, .email = o->claims.email};
	struct credential c;
	const struct trusted *from = speaks_for(o);
	if (from == NULL || !from->link_email || address_parse(o->claims.email, &o->arena, &a) != 0)
		return ERR_NOT_FOUND;
	int rc = directory_address_get(o->e->directory, a.local, a.domain, &o->arena, &found);
	if (rc == 0 && (found.kind != ADDRESS_ACCOUNT
	                || directory_credential_list(o->e->directory, found.account, WRAP_MANAGED, &o->arena, &c, 1) != 1
	                || is_pinned(o, found.account)))
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

static void made(void *arg, int rc, const uint8_t *account)
{
	struct opening *o = arg;
	if (rc != 0) {
		finish(o, rc == ERR_TEMPORARY ? EXTERNAL_TEMPORARY : EXTERNAL_REFUSED, "the identity belongs to no account, and none can be made of it");
		return;
	}
	memcpy(o->result.account, account, sizeof o->result.account);
	managed_open(o->e->directory, o->e->host, o->result.account, 0, got_secrets, o);
}

/* Through the browser only: a mail program that brings a token makes nobody. */
static bool may_make(const struct opening *o)
{
	const struct trusted *from = speaks_for(o);
	return o->scope == NULL && from != NULL && from->provision && from->domains[0] != '\0';
}

static void find_account(struct opening *o)
{
	struct directory_identity i;
	int rc = directory_identity_get(o->e->directory, o->claims.issuer, o->claims.subject, &o->arena, &i);
	if (rc == 0)
		memcpy(o->result.account, i.account, sizeof i.account);
	else if (rc == ERR_NOT_FOUND)
		rc = find_by_email(o);
	if (rc == ERR_NOT_FOUND && may_make(o))
		external_new(o->e->directory, o->e->host, &o->claims, made, o);
	else if (rc == ERR_NOT_FOUND)
		finish(o, EXTERNAL_REFUSED, "the identity belongs to no account");
	else if (rc != 0)
		finish(o, EXTERNAL_TEMPORARY, "the directory cannot be read");
	else
		managed_open(o->e->directory, o->e->host, o->result.account, 0, got_secrets, o);
}

static void got_claims(void *arg, int rc, const struct jwt_claims *claims, const struct error *err)
{
	struct opening *o = arg;
	if (rc != 0) {
		finish(o, rc == ERR_TEMPORARY ? EXTERNAL_TEMPORARY : EXTERNAL_REFUSED, err->private_text);
		return;
	}
	o->claims = *claims;
	jwt_claims_keep(&o->claims, &o->arena);
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
	return o;
}

void external_open(struct external *e, struct slice token, const char *scope, external_fn *fn, void *arg)
{
	struct opening *o = start(e, scope, fn, arg);
	const struct trusted *from = by_issuer(e, jwt_issuer(token, &o->arena));
	if (from != NULL)
		provider_verify(from->provider, token, JWT_ACCESS_TOKEN, SLICE_NONE, got_claims, o);
	else
		finish(o, EXTERNAL_REFUSED, "the token's issuer is not trusted");
}

void external_begin(struct external *e, struct slice name, struct slice email, provider_begin_fn *fn, void *arg)
{
	struct error err = {0};
	const struct trusted *t = name.n > 0 ? by_name(e, name) : by_email(e, email);
	if (t != NULL)
		provider_begin(t->provider, fn, arg);
	else
		fn(arg, error_set(&err, name.n > 0 ? ERR_NOT_FOUND : ERR_UNSUPPORTED, "no such identity provider is trusted"), SLICE_NONE,
			&(struct provider_flow){0}, &err);
}

void external_finish(struct external *e, const struct provider_flow *flow, struct slice query, external_fn *fn, void *arg)
{
	struct opening *o = start(e, NULL, fn, arg);
	const struct trusted *t = by_name(e, slice_str(flow->name));
	if (t != NULL)
		provider_finish(t->provider, flow, query, got_claims, o);
	else
		finish(o, EXTERNAL_REFUSED, "the identity provider is not trusted any more");
}

bool external_second_factor(const struct external *e, const struct jwt_claims *claims)
{
	static const char *const second[] = {"mfa", "otp", "hwk", "sc", "sms", "tel"};
	const struct trusted *from = by_issuer(e, claims->issuer);
	for (size_t i = 0; from != NULL && from->trusted_factors && i < claims->method_count; i++)
		for (size_t k = 0; k < ARRAY_LEN(second); k++)
			if (slice_eq(claims->methods[i], slice_str(second[k])))
				return true;
	return false;
}
