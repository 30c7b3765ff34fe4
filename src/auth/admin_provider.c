/* Sign-in by the identity provider, and LDAP: operations that wait for somebody else. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/external.h"
#include "auth/ldap.h"
#include "auth/managed.h"
#include "base/codec.h"
#include "base/endian.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/* ---- operations that end later ---- */

static void conclude_now(void *arg)
{
	job_conclude(arg, 0);
}

/* By the loop: what is asked for may be answered at once, from inside of `apply`. */
static void conclude(struct admin_job *job, int rc)
{
	if (rc != 0 && job->status == ADMIN_OK)
		job_refuse(job, ADMIN_FAILED, "internal", "An internal error happened.");
	job_host(job)->after(job_host(job)->arg, 0, conclude_now, job);
}

/* ---- sign-in by the identity provider ---- */

/*
 * What the browser has to bring back is kept by the browser itself, sealed for a few minutes: base64url of nonce and AEAD(u64 end, u8 kind,
 * flow or account). It must not reach another browser: the page keeps it where only it can read. SEEN: the provider has said who it is, which it says once; what
 * is missing is the second factor.
 */
#define FLOW_S 600
#define FLOW_SEALED_MAX 400
enum flow_kind { FLOW_BEGUN = 1, FLOW_SEEN = 2 };
struct flow_content {
	enum flow_kind kind;
	struct provider_flow flow;
	uint8_t account[16];
};
#define FLOW_PLAIN_SIZE (8 + 1 + sizeof(struct provider_flow) + 16)

static void flow_key(struct admin_job *job, uint8_t ret[AEAD_KEY_SIZE])
{
	hash_hkdf(slice_make(directory_lookup_key(job_directory(job)), 32), SLICE_NONE, "sso flow", SLICE_NONE, ret, AEAD_KEY_SIZE);
}

static void flow_seal(struct admin_job *job, const struct flow_content *content, struct buf *out)
{
	uint8_t key[AEAD_KEY_SIZE], plain[FLOW_PLAIN_SIZE], sealed[AEAD_XCHACHA20_NONCE_SIZE + sizeof plain + AEAD_TAG_SIZE];
	flow_key(job, key);
	put_u64(plain, (uint64_t)(job_unix(job) + FLOW_S));
	plain[8] = (uint8_t)content->kind;
	memcpy(plain + 9, &content->flow, sizeof content->flow);
	memcpy(plain + 9 + sizeof content->flow, content->account, sizeof content->account);
	random_bytes(sealed, AEAD_XCHACHA20_NONCE_SIZE);
	aead_seal(AEAD_XCHACHA20, key, sealed, SLICE_NONE, slice_make(plain, sizeof plain), sealed + AEAD_XCHACHA20_NONCE_SIZE);
	base64url_encode(slice_make(sealed, sizeof sealed), out);
	secret_wipe(key, sizeof key);
	secret_wipe(plain, sizeof plain);
}

static bool flow_open(struct admin_job *job, struct slice text, struct flow_content *ret)
{
	uint8_t key[AEAD_KEY_SIZE], plain[FLOW_PLAIN_SIZE];
	struct buf sealed = BUF_INIT(FLOW_SEALED_MAX);
	bool ok = base64url_decode_strict(text, &sealed) == 0 && buf_len(&sealed) == AEAD_XCHACHA20_NONCE_SIZE + sizeof plain + AEAD_TAG_SIZE;
	flow_key(job, key);
	ok = ok && aead_open(AEAD_XCHACHA20, key, buf_slice(&sealed).p, SLICE_NONE, slice_from(buf_slice(&sealed), AEAD_XCHACHA20_NONCE_SIZE),
		plain)
	     && (int64_t)get_u64(plain) > job_unix(job) && (plain[8] == FLOW_BEGUN || plain[8] == FLOW_SEEN);
	if (ok) {
		ret->kind = (enum flow_kind)plain[8];
		memcpy(&ret->flow, plain + 9, sizeof ret->flow);
		memcpy(ret->account, plain + 9 + sizeof ret->flow, sizeof ret->account);
	}
	secret_wipe(key, sizeof key);
	secret_wipe(plain, sizeof plain);
	buf_free(&sealed);
	return ok;
}

static int refuse_provider(struct admin_job *job, int rc, const char *why)
{
	job_event(job, EV_IDENTITY_FAILED, LOG_STR("why", why));
	return rc == ERR_UNSUPPORTED || rc == ERR_NOT_FOUND ? job_refuse(job, ADMIN_NOT_FOUND, "not_found", "No identity provider is set up for sign-in.")
	     : rc == ERR_DENIED ? job_refuse(job, ADMIN_DENIED, "denied", "The identity provider's answer lets nobody in.")
	                        : job_refuse(job, ADMIN_UNAVAILABLE, "provider", "The identity provider cannot be asked now.");
}

static void begun(void *arg, int rc, struct slice url, const struct provider_flow *flow, const struct error *err)
{
	struct admin_job *job = arg;
	struct buf sealed = BUF_INIT(FLOW_SEALED_MAX);
	if (rc == 0) {
		flow_seal(job, &(struct flow_content){.kind = FLOW_BEGUN, .flow = *flow}, &sealed);
		job_set(job, "url", job_json(url));
		job_set(job, "flow", job_json(buf_slice(&sealed)));
	} else {
		rc = refuse_provider(job, rc, err->private_text);
	}
	buf_free_secret(&sealed);
	conclude(job, rc);
}

static int sso_begin(struct admin_job *job)
{
	job->later = true;
	external_begin(job_external(job), job_text(job, "provider"), job_text(job, "email"), begun, job);
	return 0;
}

/* A ticket or a code of the provider is good once: who still has to show a factor goes on with this instead. */
static void give_seen(struct admin_job *job)
{
	struct flow_content content = {.kind = FLOW_SEEN};
	struct buf sealed = BUF_INIT(FLOW_SEALED_MAX);
	memcpy(content.account, job->account.id, sizeof content.account);
	flow_seal(job, &content, &sealed);
	job_set(job, "flow", job_json(buf_slice(&sealed)));
	buf_free_secret(&sealed);
}

static int load_account(struct admin_job *job, const uint8_t account[16])
{
	job->session_max = job_settings(job)->external_session_s;
	if (directory_account_get(job_directory(job), account, &job->arena, &job->account) != 0 || !account_signs_in(&job->account))
		return refuse_provider(job, ERR_DENIED, "the account is disabled");
	return 0;
}

/* A second factor that the provider saw counts where it is trusted for that; otherwise ours is asked for, by the usual road. */
static int start_session(struct admin_job *job, const struct external_result *r)
{
	unsigned kinds = 0;
	bool enforced, in_grace, second = external_second_factor(job_external(job), r->claims);
	struct moment now = job_host(job)->now(job_host(job)->arg);
	int rc = load_account(job, r->account);
	if (rc != 0)
		return rc;
	if (auth_factors_needed(job_directory(job), &job->account, now, &kinds, &enforced, &in_grace) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if (second)
		return job_make_session(job, r->secrets, AUTH_PROVEN_PASSWORD | AUTH_PROVEN_PROVIDER);
	rc = job_start_session(job, r->secrets, AUTH_PROVEN_PASSWORD);
	if (rc != 0 && kinds != 0)
		give_seen(job);
	return rc;
}

static void finished(void *arg, const struct external_result *r)
{
	struct admin_job *job = arg;
	int rc = r->status == EXTERNAL_OK ? start_session(job, r)
	       : refuse_provider(job, r->status == EXTERNAL_TEMPORARY ? ERR_TEMPORARY : ERR_DENIED, r->reason);
	if (r->status == EXTERNAL_OK)
		secrets_free(r->secrets);
	conclude(job, rc);
}

static void opened(void *arg, int rc, struct secrets *secrets, uint32_t credential)
{
	struct admin_job *job = arg;
	if (rc != 0) {
		conclude(job, refuse_provider(job, rc == ERR_NOT_FOUND ? ERR_DENIED : ERR_TEMPORARY, "the account's secrets cannot be opened"));
		return;
	}
	rc = job_start_session(job, secrets, AUTH_PROVEN_PASSWORD);
	secrets_free(secrets);
	conclude(job, rc);
}

static int sso_finish(struct admin_job *job)
{
	struct flow_content content;
	int rc = 0;
	if (!flow_open(job, job_text(job, "flow"), &content))
		return job_refuse(job, ADMIN_DENIED, "flow", "This sign-in took too long or was begun elsewhere; begin again.");
	if (content.kind == FLOW_SEEN && (rc = load_account(job, content.account)) != 0)
		return rc;
	job->later = true;
	if (content.kind == FLOW_SEEN)
		managed_open(job_directory(job), job_host(job), content.account, 0, opened, job);
	else
		external_finish(job_external(job), &content.flow, job_text(job, "query"), finished, job);
	secret_wipe(&content, sizeof content);
	return 0;
}

/* ---- LDAP ---- */

static void reported(void *arg, int rc, json_t *result, const char *why)
{
	struct admin_job *job = arg;
	if (result != NULL) {
		json_object_update(job->result, result);
		json_decref(result);
	}
	if (rc == ERR_LIMIT)
		rc = job_refuse(job, ADMIN_FAILED, "too_many_gone",
			"Too many of the known people would vanish, so nothing was changed. Look with --dry-run; --vanish N allows N percent.");
	else if (rc != 0)
		rc = job_refuse(job, rc == ERR_DENIED ? ADMIN_DENIED : rc == ERR_EXISTS ? ADMIN_FAILED : ADMIN_UNAVAILABLE, "ldap", "%s.", why);
	conclude(job, rc);
}

static int ldap_usable(struct admin_job *job)
{
	return job_ldap(job) != NULL ? 0 : job_refuse(job, ADMIN_NOT_FOUND, "not_found", "No LDAP directory is configured (ldap.url).");
}

static int ldap_test(struct admin_job *job)
{
	int rc = ldap_usable(job);
	if (rc != 0)
		return rc;
	job->later = true;
	auth_ldap_test(job_ldap(job), job_text(job, "address"), job_text(job, "password"), reported, job);
	return 0;
}

static int ldap_sync(struct admin_job *job)
{
	json_int_t vanish = json_integer_value(json_object_get(job->args, "vanish"));
	int rc = ldap_usable(job);
	if (rc == 0 && (vanish < 0 || vanish > 100))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "--vanish is a percentage.");
	if (rc != 0)
		return rc;
	job->later = true;
	auth_ldap_sync(job_ldap(job), json_is_true(json_object_get(job->args, "dry_run")), (unsigned)vanish, job->subject.name, reported, job);
	return 0;
}

const struct admin_operation_row admin_provider_rows[] = {
	{"sso.begin", OBJECT_OWN_CHECK, NULL, sso_begin},
	{"sso.finish", OBJECT_OWN_CHECK, NULL, sso_finish},
	{"ldap.test", OBJECT_OWN_CHECK, NULL, ldap_test},
	{"ldap.sync", OBJECT_OWN_CHECK, NULL, ldap_sync},
	{0},
};
