/* Single sign-on in the auth role: our authorization server, and the identity provider of the configuration over the role fetch. */
#include <stdio.h>

#include "base/log.h"
#include "base/memory.h"
#include "role/auth.h"

#define FIELDS_MAX 8192
#define SKEW_S 60

/* ---- struct sso_host over the role fetch ---- */

struct fetching {
	sso_response_fn *fn;
	void *arg;
	size_t answer_max;
};

static struct moment host_now(void *arg)
{
	const struct auth_process *a = arg;
	return loop_now(a->ctx->loop);
}

static void fetched(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct fetching *f = arg;
	const struct ipc_fetch_reply *reply = message;
	bool ok = outcome == IPC_OK && reply->error.n == 0 && reply->body.n <= f->answer_max;
	if (!ok)
		log_event(EV_IDENTITY_FAILED, LOG_TEXT("why", outcome != IPC_OK ? SLICE("the role fetch does not answer")
			: reply->error.n > 0 ? reply->error : SLICE("the answer is too large")));
	f->fn(f->arg, ok ? reply->code : 0, ok ? reply->body : SLICE_NONE);
	memory_free(f);
}

static void host_fetch(void *arg, const struct sso_request *request, sso_response_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct fetching *f = memory_alloc(sizeof *f);
	struct buf fields = BUF_INIT(FIELDS_MAX);
	*f = (struct fetching){fn, fn_arg, request->answer_max};
	buf_append_str(&fields, "Accept: application/json\n");
	if (request->body.n > 0)
		buf_append_str(&fields, "Content-Type: application/x-www-form-urlencoded\n");
	if (request->authorization.n > 0)
		buf_printf(&fields, "Authorization: %.*s\n", SLICE_ARG(request->authorization));
	struct ipc_fetch message = {.method = request->body.n > 0 ? SLICE("POST") : SLICE("GET"), .url = request->url,
		.fields = buf_slice(&fields),
		.body = request->body};
	ipc_request(a->ctx->ipc, IPC_FETCH, IPC_ANY, &message, fetched, f);
	buf_free_secret(&fields);
}

/* ---- struct ldap_host over the role ldap ---- */

struct asking {
	union {
		ldap_verdict_fn *verdict;
		ldap_piece_fn *piece;
	};
	void *arg;
};

static void ldap_verified(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asking *q = arg;
	const struct ipc_ldap_verify_reply *reply = message;
	if (outcome == IPC_OK && reply->status <= LDAP_LATER)
		q->verdict(q->arg, (enum ldap_verdict)reply->status, reply->record, reply->error);
	else
		q->verdict(q->arg, LDAP_LATER, SLICE_NONE, SLICE("the role ldap does not answer"));
	memory_free(q);
}

static void ldap_verify_password(void *arg, struct slice name, struct slice password, ldap_verdict_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct asking *q = memory_alloc(sizeof *q);
	*q = (struct asking){.verdict = fn, .arg = fn_arg};
	ipc_request(a->ctx->ipc, IPC_LDAP_VERIFY, IPC_ANY, &(struct ipc_ldap_verify){.name = name, .password = password}, ldap_verified, q);
}

static void ldap_collected(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asking *q = arg;
	const struct ipc_ldap_sync_reply *reply = message;
	if (outcome == IPC_OK && reply->status == 0)
		q->piece(q->arg, true, reply->more != 0, reply->cursor, reply->left_out, reply->records);
	else
		q->piece(q->arg, false, false, 0, 0, outcome == IPC_OK ? reply->error : SLICE("the role ldap does not answer"));
	memory_free(q);
}

static void ldap_collect_piece(void *arg, uint64_t cursor, uint64_t offset, ldap_piece_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct asking *q = memory_alloc(sizeof *q);
	*q = (struct asking){.piece = fn, .arg = fn_arg};
	ipc_request(a->ctx->ipc, IPC_LDAP_SYNC, IPC_ANY, &(struct ipc_ldap_sync){.cursor = cursor, .offset = offset}, ldap_collected, q);
}

static void synced(void *arg, int rc, json_t *result, const char *why)
{
	json_decref(result);
	if (rc != 0)
		log_event(EV_LDAP_FAILED, LOG_STR("why", why));
}

static void on_sync_time(void *arg)
{
	struct auth_process *a = arg;
	auth_ldap_sync(a->ldap, false, 0, SLICE("ldap"), synced, a);
	timer_start(a->ldap_sync, a->ctx->config->ldap_sync);
}

/* ---- settings ---- */

static void configure_ldap(struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	struct auth_ldap_settings s = {.used = c->ldap_url.n > 0, .adopt = c->ldap_adopt, .vanish_percent = (unsigned)(c->ldap_vanish > 100
		? 100 : c->ldap_vanish)};
	auth_ldap_configure(a->ldap, &s);
	auth_login_ldap(a->login, s.used ? a->ldap : NULL);
	auth_admin_ldap(a->admin, s.used ? a->ldap : NULL);
	timer_stop(a->ldap_sync);
	if (s.used && c->ldap_sync > 0)
		timer_start(a->ldap_sync, c->ldap_sync);
}


static void configure_oauth(struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	char issuer[300] = "";
	if (c->auth_oauth && c->auth_oauth_issuer.n > 0)
		(void)snprintf(issuer, sizeof issuer, "%.*s", SLICE_ARG(c->auth_oauth_issuer));
	else if (c->auth_oauth)
		(void)snprintf(issuer, sizeof issuer, "https://%.*s", SLICE_ARG(c->hostname));
	auth_oauth_configure(a->oauth, slice_str(issuer));
	a->settings.tokens = c->auth_oauth;
	a->settings.certificates = c->auth_client_ca.n > 0;
	a->settings.oauth_issuer = auth_oauth_issuer(a->oauth);
}

static struct slice or_else(struct slice value, struct slice otherwise)
{
	return value.n > 0 ? value : otherwise;
}

/* A '+' stands for a space: the line is split at spaces. */
static struct slice scope_of(struct slice text, struct arena *arena)
{
	uint8_t *copy = arena_alloc(arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++)
		copy[i] = text.p[i] == '+' ? ' ' : text.p[i];
	return slice_make(copy, text.n);
}

static bool further_provider(const struct auth_process *a, struct slice line, unsigned algorithms, struct arena *arena, struct external_settings *ret)
{
	const struct config *c = a->ctx->config;
	struct provider_row row;
	struct error err = {0};
	if (provider_row_parse(line, &row, &err) != 0) {
		log_event(EV_IDENTITY_FAILED, LOG_STR("why", err.private_text));
		return false;
	}
	*ret = (struct external_settings){
		.provider = {.name = row.name, .issuer = row.issuer, .client = row.client, .secret = provider_secret(a->ctx->password, row.name),
			.audience = row.audience, .redirect = or_else(row.redirect, c->sso_redirect),
			.scope = row.scope.n > 0 ? scope_of(row.scope, arena) : c->sso_scope, .algorithms = algorithms, .skew = SKEW_S,
			.cas = row.cas, .domain = slice_find(row.domains, ',') < 0 ? row.domains : SLICE_NONE},
		.domains = row.domains, .link_email = row.link_email, .provision = row.provision, .trusted_factors = row.trusted_factors,
	};
	return true;
}

static void configure_external(struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	struct arena arena = ARENA_INIT;
	struct external_settings *all = arena_alloc_array(&arena, EXTERNAL_PROVIDERS_MAX, sizeof *all);
	size_t count = 1;
	all[0] = (struct external_settings){
		.provider = {.issuer = c->sso_issuer, .client = c->sso_client, .secret = provider_secret(a->ctx->password, SLICE_NONE),
			.audience = c->sso_audience, .redirect = c->sso_redirect, .scope = c->sso_scope, .skew = SKEW_S},
		.link_email = c->sso_link_email, .trusted_factors = c->sso_trusted_factors,
	};
	for (size_t i = 0; i < c->sso_algorithms.count; i++)
		all[0].provider.algorithms |= jwt_algorithm(c->sso_algorithms.items[i]);
	for (size_t i = 0; i < c->sso_providers.count && count < EXTERNAL_PROVIDERS_MAX; i++)
		count += further_provider(a, c->sso_providers.items[i], all[0].provider.algorithms, &arena, &all[count]);
	external_configure(a->external, all, count);
	auth_login_external(a->login, external_usable(a->external) ? a->external : NULL);
	arena_free(&arena);
}

void auth_sso_configure(struct auth_process *a)
{
	configure_oauth(a);
	configure_external(a);
	configure_ldap(a);
	auth_login_configure(a->login, &a->settings);
}

void auth_sso_start(struct auth_process *a)
{
	const struct sso_host http = {a, host_now, host_fetch};
	const struct ldap_host ldap = {a, ldap_verify_password, ldap_collect_piece};
	a->oauth = auth_oauth_create(a->directory, &a->host);
	a->external = external_create(a->directory, &a->host, &http);
	a->ldap = auth_ldap_create(a->directory, &a->host, &ldap);
	a->ldap_sync = timer_create_on(a->ctx->loop, on_sync_time, a);
	auth_admin_oauth(a->admin, a->oauth);
	auth_admin_external(a->admin, a->external);
	auth_sso_configure(a);
}
