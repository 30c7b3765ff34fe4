#include "role/web_policy.h"

#include "role/web_cookie.h"
#include "sso/provider_row.h"

static json_t *text(struct slice s)
{
	return json_stringn((const char *)s.p, s.n);
}

static json_t *seconds(int64_t ms)
{
	return json_integer((json_int_t)(ms / 1000));
}

/* As auth sees it (job_origin): keys work where the page's address is one of those that they may be bound to. */
static bool has_passkeys(struct web_exchange *x)
{
	const struct config *c = web_context(x)->config;
	struct slice origin = web_origin(x);

	for (size_t i = 0; i < c->auth_web_origins.count; i++)
		if (slice_eq(origin, c->auth_web_origins.items[i]))
			return true;
	return c->auth_web_origins.count == 0 && !x->web->local && slice_eq_nocase(x->authority, c->hostname);
}

static void add_provider(json_t *out, struct slice name, const char *kind)
{
	json_t *provider = json_object();

	json_object_set_new(provider, "name", text(name));
	json_object_set_new(provider, "kind", json_string(kind));
	json_array_append_new(out, provider);
}

/* The first has no name; the others begin with theirs. */
static json_t *providers(const struct config *c)
{
	json_t *out = json_array();

	if (c->sso_issuer.n > 0 && c->sso_client.n > 0)
		add_provider(out, SLICE_NONE, "oidc");
	for (size_t i = 0; i < c->sso_providers.count; i++) {
		struct provider_row row;

		if (provider_row_parse(c->sso_providers.items[i], &row, NULL) == 0 && (row.cas || row.client.n > 0))
			add_provider(out, row.name, row.cas ? "cas" : "oidc");
	}
	return out;
}

/* "ROLE URL NAME" of a demonstration; never shown where others may come from. */
static json_t *personas(struct web_exchange *x)
{
	const config_texts *rows = &web_context(x)->config->web_personas;
	json_t *out = json_array();

	for (size_t i = 0; x->web->local && i < rows->count; i++) {
		struct slice row = rows->items[i], role, url;

		if (!slice_split(&row, ' ', &role) || !slice_split(&row, ' ', &url))
			continue;
		json_array_append_new(out, json_pack("{s:o, s:o, s:o}", "role", text(role), "url", text(url), "name", text(row)));
	}
	return out;
}

json_t *web_policy(struct web_exchange *x)
{
	const struct config *c = web_context(x)->config;
	json_t *out = json_object();

	json_object_set_new(out, "work", text(c->web_work));
	json_object_set_new(out, "keyboard", text(c->web_keyboard));
	json_object_set_new(out, "lock_after", seconds(c->web_lock_after));
	json_object_set_new(out, "session_idle", seconds(c->auth_session_idle));
	json_object_set_new(out, "session_time", seconds(c->auth_session_time));
	json_object_set_new(out, "password_min", json_integer((json_int_t)c->auth_password_min));
	json_object_set_new(out, "languages", json_pack("[s, s, s]", "en", "zh-CN", "zh-TW"));
	json_object_set_new(out, "passkeys", json_boolean(has_passkeys(x)));
	json_object_set_new(out, "providers", providers(c));
	json_object_set_new(out, "personas", personas(x));
	return out;
}
