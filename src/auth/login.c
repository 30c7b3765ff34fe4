#include <string.h>

#include "auth/escrow.h"
#include "auth/mechanism.h"
#include "auth/access.h"
#include "auth/remember.h"
#include "auth/scram_renew.h"
#include "auth/sending.h"
#include "auth/throttle.h"
#include "base/ensure.h"
#include "base/map.h"
#include "base/memory.h"
#include "factor/policy.h"
#include "crypt/crypt.h"

#define EXCHANGE_MAGIC 0x45584348u
#define STEPS_MAX 4

struct auth_login {
	struct directory *directory;
	struct auth_host host;
	struct kek_queue *keks;
	struct remember *remember;
	struct throttle *throttle;
	struct access *access;
	struct external *external;
	struct auth_ldap *ldap;
	struct auth_login_settings settings;
	struct map exchanges; /* by id */
};

struct auth_login *auth_login_create(struct directory *directory, const struct auth_host *host, struct kek_queue *queue,
                                     const struct auth_login_settings *settings)
{
	struct auth_login *login = memory_alloc(sizeof *login);
	login->directory = directory;
	login->host = *host;
	login->keks = queue;
	login->settings = *settings;
	login->remember = remember_create();
	login->throttle = throttle_create(settings->failures_per_minute, settings->failures_per_network);
	login->access = access_create(directory, host);
	return login;
}

static void exchange_free(struct exchange *x)
{
	ENSURE_MAGIC(x, EXCHANGE_MAGIC);
	map_remove(&x->login->exchanges, map_key_u64(&x->id));
	if (x->password.n > 0)
		secret_wipe((void *)x->password.p, x->password.n);
	buf_free(&x->sender_facts);
	arena_free(&x->arena);
	x->magic = 0;
	memory_free(x);
}

void auth_login_destroy(struct auth_login **login)
{
	if (*login == NULL)
		return;
	MAP_FOREACH(e, &(*login)->exchanges)
		exchange_free(e->value);
	map_free(&(*login)->exchanges);
	remember_destroy(&(*login)->remember);
	throttle_destroy(&(*login)->throttle);
	access_destroy(&(*login)->access);
	MEMORY_FREE(login);
}

void auth_login_configure(struct auth_login *login, const struct auth_login_settings *settings)
{
	login->settings = *settings;
	throttle_limit(login->throttle, settings->failures_per_minute, settings->failures_per_network);
	throttle_free_failures(login->throttle, settings->free_failures);
}

struct throttle *auth_login_throttle(struct auth_login *login)
{
	return login->throttle;
}

struct access *auth_login_access(struct auth_login *login)
{
	return login->access;
}

unsigned auth_login_exchanges(const struct auth_login *login)
{
	return (unsigned)login->exchanges.count;
}

struct directory *login_directory(struct auth_login *login) { return login->directory; }
struct kek_queue *login_keks(struct auth_login *login) { return login->keks; }
struct remember *login_remember(struct auth_login *login) { return login->remember; }
const struct auth_host *login_host(const struct auth_login *login) { return &login->host; }
struct password_cost login_cost(const struct auth_login *login) { return login->settings.cost; }
bool login_scram_passwords(const struct auth_login *login) { return login->settings.scram_passwords; }

bool login_password_expired(const struct auth_login *login, const struct credential *password)
{
	struct password_policy policy = {.age_max_ms = login->settings.password_age_ms};
	return password_expired(&policy, password->created, login->host.now(login->host.arg));
}
bool login_takes_certificates(const struct auth_login *login) { return login->settings.certificates; }
bool login_takes_tokens(const struct auth_login *login) { return login->settings.tokens; }
struct slice login_oauth_issuer(const struct auth_login *login) { return login->settings.oauth_issuer; }
struct external *login_external(const struct auth_login *login) { return login->external; }
struct auth_ldap *login_ldap(const struct auth_login *login) { return login->ldap; }

void auth_login_ldap(struct auth_login *login, struct auth_ldap *ldap)
{
	login->ldap = ldap;
}

void auth_login_external(struct auth_login *login, struct external *external)
{
	login->external = external;
}

void exchange_renew_scram(struct exchange *x, uint32_t credential, const struct slice *texts, size_t count, const struct secrets *secrets)
{
	scram_renew(x->login->directory, x->login->keks, &x->account, credential, texts, count, secrets);
}

static struct moment now_of(const struct exchange *x)
{
	return x->login->host.now(x->login->host.arg);
}

/* ---- answers ---- */

static void answer(struct exchange *x, struct auth_step_result *result)
{
	auth_step_fn *fn = x->fn;
	x->running = false;
	x->fn = NULL;
	result->mechanism = x->mechanism->name;
	result->reason = x->reason;
	fn(x->fn_arg, result);
}

void exchange_challenge(struct exchange *x, struct slice data)
{
	struct auth_step_result result = {.status = AUTH_CONTINUE, .session = x->id, .data = data};
	x->steps++;
	answer(x, &result);
}

static void answer_failure(void *arg)
{
	struct exchange *x = arg;
	struct auth_step_result result = {.status = x->status, .login = x->name};
	answer(x, &result);
	exchange_free(x);
}

static void note_failure(const struct exchange *x)
{
	if (!x->refused_by_policy)
		access_failed(x->login->access, x->known ? &x->account : NULL, x->name, x->protocol, x->address);
}

/* All bad credentials are answered at the same distance from the question, whatever work they took. */
void exchange_failed(struct exchange *x, enum auth_status status, const char *reason)
{
	x->status = status;
	x->reason = reason;
	if (status != AUTH_BAD_CREDENTIALS) {
		answer_failure(x);
		return;
	}
	note_failure(x);
	struct moment now = now_of(x);
	int64_t delay = throttle_failed(x->login->throttle, x->address, x->name, x->login->settings.failure_delay_ms, now);
	int64_t passed = now.mono_ms - x->step_ms;
	x->login->host.after(x->login->host.arg, passed < delay ? delay - passed : 0, answer_failure, x);
}

/* Counted and delayed like any failure, though the client gets to read why. */
static void answer_refusal(void *arg)
{
	struct exchange *x = arg;
	x->refused = true;
	exchange_challenge(x, x->final_data);
}

void exchange_refused(struct exchange *x, struct slice data, const char *reason)
{
	note_failure(x);
	struct moment now = now_of(x);
	int64_t delay = throttle_failed(x->login->throttle, x->address, x->name, x->login->settings.failure_delay_ms, now);
	int64_t passed = now.mono_ms - x->step_ms;
	x->reason = reason;
	x->final_data = data;
	x->login->host.after(x->login->host.arg, passed < delay ? delay - passed : 0, answer_refusal, x);
}

void exchange_ended(struct exchange *x, enum auth_status status)
{
	x->status = status;
	answer_failure(x);
}

static void answer_success(struct exchange *x, bool with_ticket)
{
	struct auth_step_result result = {
		.status = AUTH_OK, .data = x->final_data, .login = x->account.address, .actor = x->actor, .sender = buf_slice(&x->sender_facts),
		.shard = auth_shard(x->account.id, x->login->settings.shards), .credential = x->used_credential, .proof = x->proof,
	};
	memcpy(result.delegate, x->delegate, sizeof result.delegate);
	memcpy(result.account, x->account.id, sizeof result.account);
	if (with_ticket)
		memcpy(result.ticket, x->ticket, sizeof result.ticket);
	throttle_succeeded(x->login->throttle, x->address, x->name, now_of(x));
	answer(x, &result);
	exchange_free(x);
}

/* The ticket stands for a session with auth itself (role/auth_sieve.c): no secrets are needed. */
static void answer_sieve(struct exchange *x)
{
	random_bytes(x->ticket, sizeof x->ticket);
	answer_success(x, true);
}

static void ticket_taken(void *arg, bool ok)
{
	struct exchange *x = arg;
	if (ok)
		answer_success(x, true);
	else
		exchange_failed(x, AUTH_TEMPORARY, "the mail process took no ticket");
}

/* ---- after verification ---- */

void auth_account_fact(const struct account *account, enum fact_kind kind, const struct auth_login_settings *settings,
	struct recipient_fact *ret)
{
	*ret = (struct recipient_fact){
		.kind = kind, .generation = account->generation, .shard = auth_shard(account->id, settings->shards),
		.quota = account->quota != 0 ? account->quota : settings->quota, .address = account->address,
	};
	memcpy(ret->account, account->id, sizeof ret->account);
	memcpy(ret->public_key, account->public_key, sizeof ret->public_key);
}

static int write_sender_facts(struct exchange *x)
{
	bool named = (x->rights & AUTH_BIT(AUTH_MAIL_SEND_AS)) == 0;
	struct slice *own;
	size_t count;
	return sending_facts(x->login->directory, &x->account, named ? x->actor : SLICE_NONE, &x->login->settings, &x->arena, &x->sender_facts, &own, &count);
}

/* What a session that policy made read-only may still do. */
#define READING (AUTH_BIT(AUTH_MAIL_VIEW) | AUTH_BIT(AUTH_MAIL_DOWNLOAD) | AUTH_BIT(AUTH_MAIL_PRINT) | AUTH_BIT(AUTH_MAIL_EXPORT))

static void send_ticket(struct exchange *x, const struct secrets *secrets)
{
	struct buf encoded = BUF_INIT(SECRETS_ENCODED_MAX), own = BUF_INIT(4096);
	struct recipient_fact fact;
	struct auth_ticket t = {.login = x->account.address, .protocol = (uint8_t)x->protocol, .credential = x->used_credential, .proof = x->proof};
	memcpy(t.delegate, x->delegate, sizeof t.delegate);
	secrets_encode(secrets, &encoded);
	auth_account_fact(&x->account, FACT_OWN, &x->login->settings, &fact);
	fact_write_recipient(&own, &fact, x->login->settings.boot_secret);
	random_bytes(x->ticket, sizeof x->ticket);
	memcpy(t.ticket, x->ticket, sizeof t.ticket);
	memcpy(t.account, x->account.id, sizeof t.account);
	t.shard = fact.shard;
	t.quota = fact.quota;
	t.rights = x->actor.n > 0 ? x->rights : ~UINT64_C(0);
	if (x->read_only)
		t.rights &= READING;
	t.actor = x->actor;
	t.secrets = buf_slice(&encoded);
	t.own = buf_slice(&own);
	x->login->host.ticket(x->login->host.arg, &t, ticket_taken, x);
	buf_free_secret(&encoded);
	buf_free(&own);
}

static bool may_use(const struct exchange *x)
{
	return auth_permit_own(x->account.role, x->protocol == AUTH_PROTOCOL_SUBMISSION ? AUTH_MAIL_SEND : AUTH_MAIL_VIEW);
}

/* What was true when the exchange began may have ended meanwhile. */
static int reload(struct exchange *x, uint32_t credential)
{
	uint8_t id[16];
	memcpy(id, x->account.id, sizeof id);
	int rc = directory_credential_exists(x->login->directory, id, credential);
	return rc == 0 ? directory_account_get(x->login->directory, id, &x->arena, &x->account) : rc;
}

/* Sending and changing scripts are no reading. */
static bool keeps_to_reading(enum auth_protocol protocol)
{
	return protocol != AUTH_PROTOCOL_SUBMISSION && protocol != AUTH_PROTOCOL_SIEVE;
}

/*
 * What the credential, its device and the conditions say. Who is refused learns nothing of the reason: it is in the record. Read-only means
 * no sending at all.
 */
static int check_access(struct exchange *x)
{
	struct access_request request = {.account = &x->account, .protocol = x->protocol, .address = x->address, .credential = x->used_credential};
	struct access_verdict verdict;
	/* A session was looked at, and noted, when it began: now only what policy says of it. */
	int rc = x->session.id != 0 ? access_check_session(x->login->access, &x->account, &x->session, x->address, SLICE_NONE, &x->arena, &verdict)
	                            : access_check(x->login->access, &request, &x->arena, &verdict);
	if (rc != 0)
		return rc;
	x->read_only = verdict.action == CONDITION_READ_ONLY;
	x->refused_by_policy = (verdict.action != CONDITION_ALLOW && !x->read_only) || (x->read_only && !keeps_to_reading(x->protocol));
	/* Who may not send because the account is isolated learns that when sending. */
	x->read_only = x->read_only || x->account.restriction >= AUTH_READ_ONLY;
	return x->refused_by_policy ? ERR_DENIED : 0;
}

static void send_own_ticket(struct exchange *x, const struct secrets *secrets)
{
	if (x->actor.n == 0)
		escrow_ensure(x->login->directory, &x->account, secrets, moment_unix(now_of(x)));
	send_ticket(x, secrets);
}

/* The own escrow of who just showed the secrets, before they become somebody else's. */
static int act_for_owner(struct exchange *x, struct secrets *secrets)
{
	escrow_ensure(x->login->directory, &x->account, secrets, moment_unix(now_of(x)));
	return exchange_act_for_owner(x, secrets);
}

void exchange_verified(struct exchange *x, struct secrets *secrets, uint32_t credential, struct slice data)
{
	x->used_credential = credential;
	x->final_data = data;
	int rc = reload(x, credential);
	if (rc == ERR_NOT_FOUND)
		exchange_failed(x, AUTH_BAD_CREDENTIALS, "the credential was removed just now");
	else if (rc != 0)
		exchange_failed(x, AUTH_TEMPORARY, "the directory cannot be read");
	else if (x->account.state != ACCOUNT_ACTIVE)
		exchange_failed(x, AUTH_BAD_CREDENTIALS, "the account is disabled");
	else if (!account_signs_in(&x->account))
		exchange_failed(x, AUTH_BAD_CREDENTIALS, "the account is isolated");
	else if (!may_use(x))
		exchange_failed(x, AUTH_DENIED, "the account has no mailbox");
	else if (x->protocol == AUTH_PROTOCOL_SIEVE && x->owner.n > 0)
		exchange_failed(x, AUTH_BAD_CREDENTIALS, "scripts are changed by their owner only");
	else if ((rc = check_access(x)) == ERR_DENIED)
		exchange_failed(x, AUTH_BAD_CREDENTIALS, "refused by policy");
	else if (rc == 0 && x->owner.n > 0 && (rc = act_for_owner(x, secrets)) == ERR_DENIED)
		exchange_failed(x, AUTH_BAD_CREDENTIALS, "no delegation for this mailbox");
	else if (rc != 0 || write_sender_facts(x) != 0)
		exchange_failed(x, AUTH_TEMPORARY, "the directory cannot be read");
	else if (x->protocol == AUTH_PROTOCOL_SUBMISSION)
		answer_success(x, false);
	else if (x->protocol == AUTH_PROTOCOL_SIEVE)
		answer_sieve(x);
	else
		send_own_ticket(x, secrets);
	secrets_free(secrets);
}

/* ---- beginning ---- */

int exchange_identify(struct exchange *x, struct slice name)
{
	struct address a;
	struct directory_address found;
	x->known = false;
	name = exchange_split_name(x, name);
	x->name = arena_dup(&x->arena, slice_sub(name, 0, AUTH_LOGIN_MAX));
	if (address_parse(name, &x->arena, &a) != 0)
		return 0;
	x->name = address_text(&a, &x->arena);
	int rc = directory_address_get(x->login->directory, a.local, a.domain, &x->arena, &found);
	if (rc == 0 && found.kind == ADDRESS_ACCOUNT)
		rc = directory_account_get(x->login->directory, found.account, &x->arena, &x->account);
	else if (rc == 0)
		rc = ERR_NOT_FOUND;
	x->known = rc == 0;
	return rc == 0 || rc == ERR_NOT_FOUND ? 0 : ERR_TEMPORARY;
}

bool exchange_allowed(struct exchange *x)
{
	if (throttle_allowed(x->login->throttle, x->address, x->name, now_of(x)))
		return true;
	exchange_failed(x, AUTH_THROTTLED, "too many failures from this address");
	return false;
}

static const struct mechanism *mechanism_find(struct slice name)
{
	static const struct mechanism *const all[] = {&mechanism_plain, &mechanism_scram, &mechanism_scram_plus, &mechanism_oauthbearer,
		&mechanism_xoauth2, &mechanism_external, &mechanism_session, &mechanism_other};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (slice_eq_nocase(name, slice_str(all[i]->name)))
			return all[i];
	return NULL;
}

static void drop_old(struct auth_login *login, int64_t now)
{
	MAP_FOREACH(e, &login->exchanges) {
		struct exchange *x = e->value;
		if (!x->running && x->began_ms + LOGIN_EXCHANGE_MS < now)
			exchange_free(x);
	}
}

static struct exchange *begin(struct auth_login *login, const struct auth_step *step, const struct mechanism *mechanism, int64_t now)
{
	if (login->exchanges.count >= LOGIN_EXCHANGES_MAX)
		drop_old(login, now);
	if (login->exchanges.count >= LOGIN_EXCHANGES_MAX)
		return NULL;
	struct exchange *x = memory_alloc(sizeof *x);
	x->magic = EXCHANGE_MAGIC;
	x->login = login;
	x->sender = step->sender;
	x->protocol = step->protocol;
	x->tls = step->tls;
	x->mechanism = mechanism;
	x->began_ms = now;
	x->address = arena_dup(&x->arena, step->address);
	buf_init(&x->sender_facts, SENDING_FACTS_MAX);
	do
		random_bytes(&x->id, sizeof x->id);
	while (x->id == 0 || map_get(&login->exchanges, map_key_u64(&x->id)) != NULL);
	map_put(&login->exchanges, map_key_u64(&x->id), x);
	return x;
}

static void refuse(auth_step_fn *fn, void *arg, enum auth_status status, const char *reason)
{
	struct auth_step_result result = {.status = status, .mechanism = "", .reason = reason};
	fn(arg, &result);
}

static bool step_valid(const struct auth_step *step)
{
	return step->data.n <= AUTH_SASL_DATA_MAX && step->protocol >= AUTH_PROTOCOL_SUBMISSION && step->protocol < AUTH_PROTOCOL_COUNT
		&& access_protocol_name(step->protocol)[0] != '\0' && (unsigned)step->protocol != ACCESS_WEB;
}

/* The exchange that a later step names; one that belongs to another sender or is at work does not exist for it. */
static struct exchange *find(struct auth_login *login, const struct auth_step *step)
{
	struct exchange *x = map_get(&login->exchanges, map_key_u64(&step->session));
	return x != NULL && x->sender == step->sender && !x->running && x->steps < STEPS_MAX ? x : NULL;
}

void auth_login_step(struct auth_login *login, const struct auth_step *step, auth_step_fn *fn, void *arg)
{
	int64_t now = login->host.now(login->host.arg).mono_ms;
	const struct mechanism *mechanism = step->session == 0 ? mechanism_find(step->mechanism) : NULL;
	if (!step_valid(step) || (step->session == 0 && mechanism == NULL)) {
		refuse(fn, arg, AUTH_INVALID, "unknown mechanism or protocol, or too long");
		return;
	}
	struct exchange *x = step->session == 0 ? begin(login, step, mechanism, now) : find(login, step);
	if (x == NULL) {
		refuse(fn, arg, step->session == 0 ? AUTH_TEMPORARY : AUTH_INVALID, "no such exchange, or too many");
		return;
	}
	if (step->binding.n > 0) {
		x->binding_type = arena_dup(&x->arena, step->binding_type);
		x->binding = arena_dup(&x->arena, step->binding);
	}
	x->running = true;
	x->step_ms = now;
	x->fn = fn;
	x->fn_arg = arg;
	x->other = step->other;
	x->mechanism->step(x, step->data);
}
