#include "sso/provider_private.h"

#include "base/ensure.h"
#include "base/memory.h"

struct provider_wait {
	struct list_node node;
	provider_ready_fn *fn;
	void *arg;
};

static int64_t mono(const struct provider *p)
{
	return p->host.now(p->host.arg).mono_ms;
}

int64_t provider_unix(const struct provider *p)
{
	return moment_unix(p->host.now(p->host.arg));
}

struct provider *provider_create(const struct sso_host *host, const struct provider_settings *settings)
{
	struct provider *p = memory_alloc(sizeof *p);
	p->magic = PROVIDER_MAGIC;
	p->host = *host;
	p->settings = *settings;
	struct slice *const texts[] = {&p->settings.issuer, &p->settings.client, &p->settings.secret, &p->settings.audience, &p->settings.redirect,
	                               &p->settings.scope, &p->settings.name, &p->settings.domain};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = arena_dup(&p->arena, *texts[i]);
	ENSURE(p->settings.name.n <= PROVIDER_NAME_MAX);
	list_init(&p->waiting);
	return p;
}

void provider_destroy(struct provider **pp)
{
	struct provider *p = *pp;
	if (p == NULL)
		return;
	ENSURE_MAGIC(p, PROVIDER_MAGIC);
	ENSURE(provider_idle(p));
	jwks_free(&p->keys);
	arena_free(&p->metadata_arena);
	arena_free(&p->arena);
	p->magic = 0;
	MEMORY_FREE(pp);
}

bool provider_idle(const struct provider *p)
{
	return p->waiting_count == 0 && !p->fetching && p->returning == 0;
}

const struct provider_settings *provider_settings(const struct provider *p)
{
	return &p->settings;
}

/* ---- fetching ---- */

static void wake(struct provider *p, int rc, const struct error *err)
{
	struct list_node all;
	list_init(&all);
	while (!list_empty(&p->waiting)) {
		struct list_node *node = p->waiting.next;
		list_remove(node);
		list_append(&all, node);
	}
	p->fetching = false;
	p->waiting_count = 0;
	while (!list_empty(&all)) {
		struct provider_wait *w = LIST_ITEM(all.next, struct provider_wait, node);
		list_remove(&w->node);
		w->fn(w->arg, rc, err);
		memory_free(w);
	}
}

static bool have(int64_t since, int64_t lifetime, int64_t now)
{
	return since > 0 && since + lifetime > now;
}

/* Old keys are better than none, for a while: an issuer that is away stops nobody. */
static void ended(struct provider *p, int rc, const struct error *err)
{
	if (rc != 0 && p->keys != NULL && have(p->keys_ms, PROVIDER_STALE_MS, mono(p)) && p->metadata_ms > 0)
		rc = 0;
	wake(p, rc, err);
}

static void got_keys(void *arg, unsigned status, struct slice body)
{
	struct provider *p = arg;
	struct error err = {0};
	struct jwks *keys = NULL;
	int rc = status == 200 ? jwks_parse(body, &keys, &err) : error_set(&err, ERR_TEMPORARY, "the issuer's keys cannot be fetched (%u)",
		status);
	if (rc == 0) {
		jwks_free(&p->keys);
		p->keys = keys;
		p->keys_ms = mono(p);
	}
	ended(p, rc, &err);
}

static void fetch_keys(struct provider *p)
{
	struct sso_request request = {.url = p->metadata.jwks_uri, .answer_max = JWKS_MAX};
	p->host.fetch(p->host.arg, &request, got_keys, p);
}

static void got_metadata(void *arg, unsigned status, struct slice body)
{
	struct provider *p = arg;
	struct error err = {0};
	struct arena arena = ARENA_INIT;
	struct discovery found;
	int rc = status == 200 ? discovery_parse(body, p->settings.issuer, &arena, &found, &err)
	                       : error_set(&err, ERR_TEMPORARY, "the issuer's metadata cannot be fetched (%u)", status);
	if (rc != 0) {
		arena_free(&arena);
		ended(p, rc, &err);
		return;
	}
	arena_free(&p->metadata_arena);
	p->metadata_arena = arena;
	p->metadata = found;
	p->metadata_ms = mono(p);
	fetch_keys(p);
}

static void fetch_metadata(struct provider *p)
{
	struct buf url = BUF_INIT(4096);
	discovery_address(p->settings.issuer, &url);
	struct sso_request request = {.url = buf_slice(&url), .answer_max = DISCOVERY_MAX};
	p->host.fetch(p->host.arg, &request, got_metadata, p);
	buf_free(&url);
}

static void start(struct provider *p, int64_t now)
{
	p->fetching = true;
	p->tried = true;
	p->tried_ms = now;
	if (have(p->metadata_ms, PROVIDER_METADATA_MS, now))
		fetch_keys(p);
	else
		fetch_metadata(p);
}

void provider_ready(struct provider *p, bool renew_keys, provider_ready_fn *fn, void *arg)
{
	struct error err = {0};
	int64_t now = mono(p);
	bool fresh = have(p->metadata_ms, PROVIDER_METADATA_MS, now) && have(p->keys_ms, PROVIDER_KEYS_MS, now);
	bool usable = p->metadata_ms > 0 && have(p->keys_ms, PROVIDER_STALE_MS, now);
	bool rested = !p->tried || p->tried_ms + PROVIDER_RETRY_MS <= now;
	if ((fresh && !renew_keys) || (!p->fetching && !rested && usable)) {
		fn(arg, 0, &err);
		return;
	}
	if ((!p->fetching && !rested) || p->waiting_count >= PROVIDER_WAITING_MAX) {
		fn(arg, error_set(&err, ERR_TEMPORARY, "the issuer cannot be asked now"), &err);
		return;
	}
	struct provider_wait *w = memory_alloc(sizeof *w);
	w->fn = fn;
	w->arg = arg;
	list_append(&p->waiting, &w->node);
	p->waiting_count++;
	if (!p->fetching)
		start(p, now);
}

/* ---- verifying ---- */

struct verification {
	struct provider *p;
	struct arena arena;
	struct slice token, nonce;
	enum jwt_use use;
	bool renewed;
	provider_claims_fn *fn;
	void *arg;
};

static void finish(struct verification *v, int rc, const struct jwt_claims *claims, const struct error *err)
{
	v->fn(v->arg, rc, rc == 0 ? claims : NULL, err);
	arena_free(&v->arena);
	memory_free(v);
}

static void verify(void *arg, int rc, const struct error *why)
{
	struct verification *v = arg;
	const struct provider_settings *s = &v->p->settings;
	struct error err = {0};
	struct jwt_claims claims;
	struct jwt_policy policy = {
		.use = v->use, .issuer = s->issuer, .audience = v->use == JWT_ID_TOKEN ? s->client : s->audience, .nonce = v->nonce,
		.algorithms = s->algorithms, .now = provider_unix(v->p), .skew = s->skew,
	};
	if (rc != 0) {
		finish(v, ERR_TEMPORARY, NULL, why);
		return;
	}
	rc = jwt_verify(v->token, &policy, v->p->keys, &v->arena, &claims, &err);
	if (rc == ERR_NOT_FOUND && !v->renewed) {
		v->renewed = true;
		provider_ready(v->p, true, verify, v);
		return;
	}
	finish(v, rc, &claims, &err);
}

void provider_verify(struct provider *p, struct slice token, enum jwt_use use, struct slice nonce, provider_claims_fn *fn, void *arg)
{
	struct error err = {0};
	struct slice kid;
	unsigned algorithm;
	struct verification *v = memory_alloc(sizeof *v);
	v->p = p;
	v->use = use;
	v->fn = fn;
	v->arg = arg;
	int rc = (use == JWT_ID_TOKEN ? p->settings.client : p->settings.audience).n > 0
	         ? jwt_head(token, use, p->settings.algorithms, &v->arena, &kid, &algorithm, &err)
	         : error_set(&err, ERR_DENIED, "no tokens of this issuer are taken here");
	if (rc != 0) { /* a malformed one makes nobody fetch anything */
		finish(v, rc, NULL, &err);
		return;
	}
	v->token = arena_dup(&v->arena, token);
	v->nonce = arena_dup(&v->arena, nonce);
	provider_ready(p, false, verify, v);
}
