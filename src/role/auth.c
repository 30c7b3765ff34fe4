/* The auth role: wires src/auth to loop, messages and configuration. */
#include "role/auth.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/access.h"
#include "auth/authority.h"
#include "auth/hygiene.h"
#include "auth/reading.h"
#include "auth/saslprep.h"
#include "auth/tls.h"
#include "base/log.h"
#include "policy/warm.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define PATH_MAX_BYTES 4000
#define KEY_REPLY_MAX 4096
#define PARALLEL_MAX 64

/* ---- struct auth_host over this process ---- */

static struct moment host_now(void *arg)
{
	const struct auth_process *a = arg;
	return loop_now(a->ctx->loop);
}

struct pending {
	union {
		auth_hmac_fn *hmac;
		auth_ticket_fn *ticket;
		auth_call_fn *call;
	};
	void *arg;
	struct timer *timer;
};

static void hmac_replied(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct pending *p = arg;
	const struct ipc_key_hmac_reply *reply = message;
	p->hmac(p->arg, outcome == IPC_OK && reply->status == 0 ? reply->mac.b : NULL);
	memory_free(p);
}

static void host_hmac(void *arg, const char *label, struct slice data, auth_hmac_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct pending *p = memory_alloc(sizeof *p);
	struct ipc_key_hmac request = {.label = slice_str(label), .data = data};
	p->hmac = fn;
	p->arg = fn_arg;
	ipc_request(a->ctx->ipc, IPC_KEY_HMAC, IPC_ANY, &request, hmac_replied, p);
}

static void host_work(void *arg, auth_call_fn *work, auth_call_fn *done, void *call_arg)
{
	const struct auth_process *a = arg;
	loop_work(a->ctx->loop, work, done, call_arg);
}

static void timer_fired(void *arg)
{
	struct pending *p = arg;
	timer_destroy(&p->timer);
	p->call(p->arg);
	memory_free(p);
}

static void host_after(void *arg, int64_t ms, auth_call_fn *fn, void *fn_arg)
{
	const struct auth_process *a = arg;
	if (ms <= 0) {
		loop_defer(a->ctx->loop, fn, fn_arg);
		return;
	}
	struct pending *p = memory_alloc(sizeof *p);
	p->call = fn;
	p->arg = fn_arg;
	p->timer = timer_create_on(a->ctx->loop, timer_fired, p);
	timer_start(p->timer, ms);
}

static void ticket_replied(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct pending *p = arg;
	const struct ipc_mail_ticket_reply *reply = message;
	p->ticket(p->arg, outcome == IPC_OK && reply->status == 0);
	memory_free(p);
}

static void host_ticket(void *arg, const struct auth_ticket *ticket, auth_ticket_fn *fn, void *fn_arg)
{
	const struct auth_process *a = arg;
	struct pending *p = memory_alloc(sizeof *p);
	struct ipc_mail_ticket request = {
		.login = ticket->login, .secrets = ticket->secrets, .own = ticket->own, .quota = ticket->quota, .protocol = ticket->protocol,
		.credential = ticket->credential, .rights = ticket->rights, .actor = ticket->actor, .proof = ticket->proof,
		.reading = (uint8_t)reading_rules(a->directory),
	};
	memcpy(request.delegate.b, ticket->delegate, sizeof request.delegate.b);
	memcpy(request.ticket.b, ticket->ticket, sizeof request.ticket.b);
	memcpy(request.account.b, ticket->account, sizeof request.account.b);
	p->ticket = fn;
	p->arg = fn_arg;
	ipc_request(a->ctx->ipc, IPC_MAIL_TICKET, ticket->shard, &request, ticket_replied, p);
}

/* When the shard or edge is away its sessions are as well: nothing to do again. */
static void revoke_replied(void *arg, enum ipc_outcome outcome, const void *message)
{
	if (outcome == IPC_TIMEOUT || outcome == IPC_BUSY)
		log_event(EV_IPC_DEADLINE, LOG_STR("request", arg));
}

static void host_record(void *arg, enum log_event event, const struct log_field *fields)
{
	struct auth_process *a = arg;
	log_write(event, fields);
	if (a->notices != NULL)
		notices_event(a->notices, event, fields);
}

static void host_revoke(void *arg, const uint8_t account[16], uint32_t credential)
{
	static char mail_name[] = "mail_revoke", edge_name[] = "edge_revoke";
	struct auth_process *a = arg;
	struct ipc_mail_revoke mail = {.credential = credential};
	struct ipc_edge_revoke edge = {.credential = credential};
	memcpy(mail.account.b, account, sizeof mail.account.b);
	memcpy(edge.account.b, account, sizeof edge.account.b);
	/* A delegate has sessions in the shards of the owners. */
	for (unsigned i = 0, n = ipc_instances(a->ctx->ipc, ROLE_MAIL); i < n; i++)
		ipc_request(a->ctx->ipc, IPC_MAIL_REVOKE, i, &mail, revoke_replied, mail_name);
	for (unsigned i = 0, n = ipc_instances(a->ctx->ipc, ROLE_CLIENT); i < n; i++)
		ipc_request(a->ctx->ipc, IPC_EDGE_REVOKE, i, &edge, revoke_replied, edge_name);
}

struct unlearning {
	auth_unlearn_fn *fn;
	void *arg;
};

static void unlearn_replied(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct unlearning *u = arg;
	const struct ipc_mail_unlearn_reply *reply = message;
	u->fn(u->arg, outcome == IPC_OK && reply->status == 0);
	memory_free(u);
}

static void host_unlearn(void *arg, const uint8_t account[16], auth_unlearn_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct unlearning *u = memory_alloc(sizeof *u);
	struct ipc_mail_unlearn request;
	*u = (struct unlearning){fn, fn_arg};
	memcpy(request.account.b, account, sizeof request.account.b);
	ipc_request(a->ctx->ipc, IPC_MAIL_UNLEARN, auth_shard(account, ipc_instances(a->ctx->ipc, ROLE_MAIL)), &request, unlearn_replied, u);
}

static bool host_sign(void *arg, struct slice text, uint8_t ret_public[32], uint8_t ret_signature[64])
{
	struct auth_process *a = arg;
	struct ipc_key_sign_certificate request = {.text = text};
	struct ipc_key_sign_certificate_reply reply = {0};
	uint8_t storage[KEY_REPLY_MAX];
	enum ipc_outcome outcome = ipc_request_sync(a->ctx->ipc, IPC_KEY_SIGN_CERTIFICATE, &request, &reply, storage, sizeof storage);
	if (outcome != IPC_OK || reply.status != 0 || reply.signature.n != 64)
		return false;
	memcpy(ret_public, reply.public_key.b, 32);
	memcpy(ret_signature, reply.signature.p, 64);
	return true;
}

/* ---- life ---- */

static int fetch_key(struct auth_process *a, uint8_t ret_key[32], struct error *err)
{
	struct ipc_key_database request = {.name = SLICE("directory")};
	struct ipc_key_database_reply reply = {0};
	uint8_t storage[KEY_REPLY_MAX];
	enum ipc_outcome outcome = ipc_request_sync(a->ctx->ipc, IPC_KEY_DATABASE, &request, &reply, storage, sizeof storage);
	bool ok = outcome == IPC_OK && reply.status == 0;
	if (ok)
		memcpy(ret_key, reply.key.b, 32);
	secret_wipe(&reply, sizeof reply);
	secret_wipe(storage, sizeof storage);
	return ok ? 0 : error_set(err, ERR_TEMPORARY, "key does not give the key of the directory");
}

static int open_directory(struct auth_process *a, struct error *err)
{
	uint8_t key[32];
	struct buf path = BUF_INIT(PATH_MAX_BYTES);
	int rc = fetch_key(a, key, err);
	if (rc != 0)
		return rc;
	buf_printf(&path, "%s/" ROLE_DIR_DIRECTORY "/directory.db", a->ctx->data_dir);
	buf_append_byte(&path, 0);
	rc = path.failed ? error_set(err, ERR_LIMIT, "data_dir is too long") : directory_open((const char *)buf_slice(&path).p, key,
		&a->directory, err);
	secret_wipe(key, sizeof key);
	buf_free(&path);
	return rc;
}

/* Measured once, kept: a later start on a busy machine must not choose weaker. auth.hash_time 0 is for tests. */
static int load_cost(struct auth_process *a, struct error *err)
{
	struct password_cost *cost = &a->settings.cost;
	if (a->ctx->config->auth_hash_time == 0) {
		*cost = PASSWORD_COST_MIN;
		return 0;
	}
	if (directory_setting_u32(a->directory, "argon2id passes", &cost->passes) == 0
	    && directory_setting_u32(a->directory, "argon2id memory", &cost->memory_kib) == 0)
		return 0;
	*cost = password_calibrate((uint32_t)a->ctx->config->auth_hash_time);
	int rc = directory_begin(a->directory, err);
	if (rc == 0)
		rc = directory_setting_set_u32(a->directory, "argon2id passes", cost->passes, err);
	if (rc == 0)
		rc = directory_setting_set_u32(a->directory, "argon2id memory", cost->memory_kib, err);
	if (rc == 0)
		rc = directory_commit(a->directory, err);
	directory_rollback(a->directory);
	return rc;
}

static void read_settings(struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	unsigned shards = ipc_instances(a->ctx->ipc, ROLE_MAIL);
	a->settings.failures_per_minute = c->limits_logins_per_minute;
	a->settings.failures_per_network = c->limits_logins_per_minute > 0 ? c->limits_logins_per_network : 0;
	a->settings.free_failures = c->limits_free_failures;
	a->settings.failure_delay_ms = c->auth_failure_delay;
	a->settings.shards = shards > 0 ? shards : 1;
	a->settings.quota = c->quota;
	a->settings.scram_passwords = slice_eq(c->auth_scram, SLICE("all"));
	a->settings.boot_secret = a->ctx->boot_secret;
}

static enum auth_work_when work_when(struct slice text)
{
	if (slice_eq(text, SLICE("never")))
		return AUTH_WORK_NEVER;
	return slice_eq(text, SLICE("always")) ? AUTH_WORK_ALWAYS : AUTH_WORK_AFTER_FAILURES;
}

static struct auth_admin_settings admin_settings(const struct auth_process *a)
{
	return (struct auth_admin_settings){
		.local = {.own_uid = (unsigned)geteuid()}, .session_idle_s = a->ctx->config->auth_session_idle / 1000,
		.session_s = a->ctx->config->auth_session_time / 1000, .external_session_s = a->ctx->config->sso_session / 1000, .confirm_s = (a->ctx->config->auth_conditions_confirm + 999) / 1000, .cost = a->settings.cost,
		.password_min = a->ctx->config->auth_password_min, .failure_delay_ms = a->settings.failure_delay_ms,
		.scram_passwords = a->settings.scram_passwords, .gateway_only = a->ctx->config->gateway_only,
		.work = work_when(a->ctx->config->web_work), .work_bits = (unsigned)a->ctx->config->web_work_bits, .links = a->ctx->config->web_links,
	};
}

static void limit_work(struct auth_process *a)
{
	throttle_work(auth_login_throttle(a->login), a->ctx->config->limits_failures_before_work, a->ctx->config->limits_waits_for_work);
}

/* What is not to be used is not to be there for a thief either. */
static int forget_scram(struct auth_process *a, struct error *err)
{
	return a->settings.scram_passwords ? 0 : directory_scram_forget_passwords(a->directory, err);
}

static unsigned parallel(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores < 3 ? 1 : cores > PARALLEL_MAX ? PARALLEL_MAX : (unsigned)cores - 1;
}

/* Passwords and codes pass through JSON values: their memory is overwritten when it is given back. */
static void free_wiped(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* Without it nothing is known of places: rules that name countries then see "unknown". */
static void open_places(struct auth_process *a)
{
	struct error err = {0};
	struct slice path = a->ctx->config->auth_places;
	if (path.n == 0)
		return;
	a->places = place_base_open((const char *)path.p, &err);
	if (a->places == NULL)
		log_event(EV_INTERNAL, LOG_STR("what", "auth.places cannot be opened"), LOG_STR("why", err.private_text));
	access_places(auth_login_access(a->login), a->places);
}

static int auth_start(struct role_context *ctx, struct error *err)
{
	struct auth_process *a = memory_alloc(sizeof *a);
	crypt_init();
	saslprep_warm();
	(void)umask(077); /* SQLite makes its files by the umask */
	json_set_alloc_funcs(malloc, free_wiped);
	json_object_seed(0); /* before the jail closes: it reads the system's random source */
	a->ctx = ctx;
	ctx->state = a;
	a->host = (struct auth_host){.arg = a, .now = host_now, .hmac = host_hmac, .work = host_work, .after = host_after, .ticket = host_ticket,
		.record = host_record, .sign = host_sign, .revoke = host_revoke, .unlearn = host_unlearn};
	auth_dkim_host(&a->host);
	auth_contain_host(&a->host);
	auth_quarantine_host(&a->host);
	auth_ca_host(&a->host);
	auth_meter_host(&a->host);
	auth_factor_start(a);
	int rc = open_directory(a, err);
	if (rc == 0)
		rc = load_cost(a, err);
	if (rc != 0)
		return rc;
	read_settings(a);
	rc = forget_scram(a, err);
	if (rc != 0)
		return rc;
	struct auth_admin_settings settings = admin_settings(a);
	auth_factor_settings(a, &settings);
	a->keks = kek_queue_create(&a->host, parallel());
	policy_warm(); /* before the jail closes */
	a->people = people_new(a->directory);
	people_configure(a->people, ctx->config->trust_executives.items, ctx->config->trust_executives.count);
	a->login = auth_login_create(a->directory, &a->host, a->keks, &a->settings);
	limit_work(a);
	a->admin = auth_admin_create(a->directory, &a->host, a->keks, auth_login_throttle(a->login), &settings);
	auth_admin_access(a->admin, auth_login_access(a->login));
	open_places(a);
	auth_notice_start(a);
	auth_dkim_start(a);
	auth_ca_start(a);
	auth_dns_start(a);
	auth_sso_start(a);
	auth_quarantine_start(a);
	auth_reports_start(a);
	auth_meter_start(a);
	auth_register(a);
	auth_web_register(a);
	auth_tls_start(a);
	return 0;
}

static void tick(void *arg)
{
	struct auth_process *a = arg;
	auth_admin_tick(a->admin);
	host_after(a, MINUTES_MS(1), tick, a);
}

static void watch(void *arg)
{
	struct auth_process *a = arg;
	access_watch(auth_login_access(a->login));
	authority_sweep(a->authority);
	host_after(a, SECONDS_MS(1), watch, a);
}

static void daily(void *arg)
{
	struct auth_process *a = arg;
	hygiene_daily(a->directory, &a->host);
	timer_start(a->daily, HOURS_MS(1));
}

/* What was decided just before a crash may not have reached the shards. */
static void auth_run(struct role_context *ctx)
{
	host_after(ctx->state, MINUTES_MS(1), tick, ctx->state);
	watch(ctx->state);
	struct auth_process *a = ctx->state;
	a->daily = timer_create_on(ctx->loop, daily, a);
	timer_start(a->daily, MINUTES_MS(5));
	unsigned shards = ipc_instances(ctx->ipc, ROLE_MAIL);
	a->host.ca_changed(a);
	for (unsigned i = 0; i < shards; i++)
		ipc_request(ctx->ipc, IPC_MAIL_REVALIDATE, i, &(struct ipc_mail_revalidate){0}, NULL, NULL);
}

static void auth_reload(struct role_context *ctx)
{
	struct auth_process *a = ctx->state;
	struct error err = {0};
	read_settings(a);
	struct auth_admin_settings settings = admin_settings(a);
	auth_factor_settings(a, &settings);
	auth_dkim_reload(a);
	auth_ca_reload(a);
	auth_dns_reload(a);
	auth_quarantine_reload(a);
	auth_reports_reload(a);
	auth_tls_reload(a);
	auth_sso_configure(a);
	auth_notice_configure(a);
	people_configure(a->people, ctx->config->trust_executives.items, ctx->config->trust_executives.count);
	auth_admin_configure(a->admin, &settings);
	limit_work(a);
	auth_recipient_configure(a);
	auth_meter_configure(a);
	if (forget_scram(a, &err) != 0)
		log_event(EV_INTERNAL, LOG_STR("what", "SCRAM keys of passwords stay"), LOG_STR("why", err.private_text));
}

static void auth_role_status(struct role_context *ctx, struct buf *out)
{
	const struct auth_process *a = ctx->state;
	int64_t ends = auth_tls_first_end(a->tls);
	if (ends != 0)
		buf_printf(out, "\"certificate_expiry_s\":%lld,", (long long)(ends - moment_unix(loop_now(ctx->loop))));
	buf_printf(out, "\"sign_ins\":%llu,\"failures\":%llu,", (unsigned long long)a->sign_ins, (unsigned long long)a->failures);
	buf_printf(out, "\"exchanges\":%u,\"hashing_waits\":%u,\"argon2id_kib\":%u,\"argon2id_passes\":%u", auth_login_exchanges(a->login),
	           kek_waiting(a->keks), a->settings.cost.memory_kib, a->settings.cost.passes);
}

const struct role_ops role_auth = {.start = auth_start, .run = auth_run, .reload = auth_reload, .status = auth_role_status};
