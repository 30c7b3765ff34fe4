/* Crypto-shredding: every key to an account's mail is destroyed, and a signed certificate says so. docs/keys.md. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/delegation.h"
#include "auth/directory_factor.h"
#include "auth/directory_keys.h"
#include "base/codec.h"

#define DESTRUCTION_TEXT_MAX 3800 /* what KEY_SIGN_CERTIFICATE takes */
#define KEYS_LISTED 20 /* more would not fit */
#define PEM_MAX 400

static const struct { const char *name; enum wrap_kind kind; } wraps[] = {
	{"password", WRAP_PASSWORD}, {"recovery_code", WRAP_RECOVERY}, {"app_passwords", WRAP_APP}, {"managed", WRAP_MANAGED},
	{"passkeys", WRAP_PASSKEY}, {"certificates", WRAP_CERTIFICATE}, {"escrow", WRAP_ESCROW}, {"delegations", WRAP_DELEGATE},
};

/* What is there now, by kind; sessions hold wraps as well. */
static json_t *count_wraps(struct admin_job *job)
{
	struct session *sessions = arena_alloc_array(&job->arena, SESSIONS_MAX, sizeof *sessions);
	json_t *out = json_object();
	for (size_t i = 0; i < sizeof wraps / sizeof wraps[0]; i++)
		json_object_set_new(out, wraps[i].name, json_integer(directory_credential_count(job_directory(job), job->account.id, wraps[i].kind)));
	json_object_set_new(out, "sessions", json_integer(session_list(job_directory(job), job->account.id, 0, &job->arena, sessions, SESSIONS_MAX)));
	return out;
}

static void set_hex(json_t *o, const char *name, const uint8_t *bytes, size_t n)
{
	struct buf hex = BUF_INIT(64);
	hex_encode(slice_make(bytes, n), &hex);
	json_object_set_new(o, name, job_json(buf_slice(&hex)));
	buf_free(&hex);
}

static json_t *generation_json(uint32_t generation, const uint8_t public_key[32])
{
	json_t *o = json_object();
	json_object_set_new(o, "generation", json_integer(generation));
	set_hex(o, "public_key", public_key, 32);
	return o;
}

/*
 * Every key that is destroyed, the newest first: what is sealed to one of these opens for nobody. Of an account with very many the oldest are
 * named by number alone: all from 1 to "older".
 */
static int put_generations(struct admin_job *job, json_t *o)
{
	struct former_key keys[KEYS_LISTED - 1];
	int count = directory_former_keys(job_directory(job), job->account.id, keys, KEYS_LISTED - 1);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *list = json_array();
	json_array_append_new(list, generation_json(job->account.generation, job->account.public_key));
	for (int i = 0; i < count; i++)
		json_array_append_new(list, generation_json(keys[i].generation, keys[i].public_key));
	uint32_t oldest = count > 0 ? keys[count - 1].generation : job->account.generation;
	json_object_set_new(o, "generations", list);
	json_object_set_new(o, "older", json_integer(oldest > 0 ? oldest - 1 : 0));
	return 0;
}

/* The text that is signed: a first line that says what it is, then one line of JSON. */
static int certificate_text(struct admin_job *job, struct slice *ret)
{
	json_t *o = json_object();
	if (put_generations(job, o) != 0) {
		json_decref(o);
		return ERR_DENIED;
	}
	set_hex(o, "account", job->account.id, sizeof job->account.id);
	json_object_set_new(o, "address", job_json(job->account.address));
	json_object_set_new(o, "time", json_integer((json_int_t)job_unix(job)));
	json_object_set_new(o, "actor", job_json(job->subject.name));
	json_object_set_new(o, "approver", job_json(job->approver));
	json_object_set_new(o, "reason", job_json(job_text(job, "reason")));
	json_object_set_new(o, "destroyed", count_wraps(job));
	size_t n = json_dumpb(o, NULL, 0, JSON_COMPACT | JSON_SORT_KEYS);
	char *line = arena_alloc(&job->arena, n + 1);
	(void)json_dumpb(o, line, n, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(o);
	*ret = arena_printf(&job->arena, DESTRUCTION_TITLE "\n%.*s\n", (int)n, line);
	return ret->n <= DESTRUCTION_TEXT_MAX ? 0 : job_refuse(job, ADMIN_INVALID, "limit", "The certificate would be too long.");
}

static int destroy_in_change(struct admin_job *job, struct slice text, struct error *err)
{
	struct directory *d = job_directory(job);
	int rc = job_forget_delegations(job, err);
	if (rc == 0)
		rc = session_remove_all(d, job->account.id, err);
	if (rc == 0)
		rc = directory_factor_remove_kinds(d, job->account.id, ~0u, err);
	if (rc == 0)
		rc = directory_history_trim(d, job->account.id, 0, err);
	if (rc == 0)
		rc = directory_imported_remove(d, job->account.id, err);
	if (rc == 0)
		rc = directory_credential_remove_all(d, job->account.id, err);
	return rc == 0 ? directory_destruction_set(d, job->account.id, job->account.address, text, job_unix(job), err) : rc;
}

/* The certificate with a signature of the role key; the text is kept, so it can be asked for again. */
static int put_certificate(struct admin_job *job, struct slice text)
{
	static const uint8_t spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}; /* RFC 8410 4 */
	uint8_t key[sizeof spki + 32], signature[64];
	struct buf encoded = BUF_INIT(PEM_MAX), pem = BUF_INIT(PEM_MAX);
	job_set(job, "certificate", job_json(text));
	memcpy(key, spki, sizeof spki);
	if (job_host(job)->sign == NULL || !job_host(job)->sign(job_host(job)->arg, text, key + sizeof spki, signature))
		return job_refuse(job, ADMIN_UNAVAILABLE, "unsigned", "The keys are destroyed, but the certificate cannot be signed now; ask for it again "
			"(account.certificate).");
	base64_encode(slice_make(key, sizeof key), &encoded);
	buf_printf(&pem, "-----BEGIN PUBLIC KEY-----\n%.*s\n-----END PUBLIC KEY-----\n", SLICE_ARG(buf_slice(&encoded)));
	job_set(job, "public_key", job_json(buf_slice(&pem)));
	buf_clear(&encoded);
	base64_encode(slice_make(signature, sizeof signature), &encoded);
	job_set(job, "signature", job_json(buf_slice(&encoded)));
	buf_free(&encoded);
	buf_free(&pem);
	return 0;
}

static int destroy(struct admin_job *job, struct slice text)
{
	struct error err = {0};
	job_revoke_account(job, job->account.id);
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = destroy_in_change(job, text, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	/* The pages are overwritten (secure_delete); what the log still holds of them goes now. */
	if (rc == 0)
		rc = directory_checkpoint(job_directory(job), &err);
	if (rc != 0)
		return job_refuse_error(job, rc, "user");
	job_revoke_account(job, job->account.id);
	job_event(job, EV_KEY_SHREDDED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_STR("kind", "account"));
	return 0;
}

static int account_shred(struct admin_job *job)
{
	struct slice reason;
	int rc = job_name(job, "reason", &reason);
	if (rc == 0 && reason.n == 0)
		rc = job_refuse(job, ADMIN_INVALID, "reason", "Say why: it stands in the certificate.");
	if (rc == 0 && job->account.state == ACCOUNT_ACTIVE)
		rc = job_refuse(job, ADMIN_FAILED, "active", "The user is active: letterlock user leave, or user disable, comes first.");
	if (rc == 0)
		rc = job_step_up(job);
	if (rc == 0)
		rc = job_second_person(job, AUTH_ACT_APPROVE);
	if (rc != 0)
		return rc;
	struct slice text;
	rc = certificate_text(job, &text);
	if (rc == 0)
		rc = destroy(job, text);
	return rc == 0 ? put_certificate(job, text) : rc;
}

/* By address, also when the user has been removed. */
static int account_certificate(struct admin_job *job)
{
	struct address a;
	struct slice text;
	int rc = job_address(job, "address", &a);
	if (rc != 0)
		return rc;
	rc = directory_destruction_get(job_directory(job), address_text(&a, &job->arena), &job->arena, &text);
	return rc == 0 ? put_certificate(job, text) : job_refuse_error(job, rc, "certificate");
}

const struct admin_operation_row admin_shred_rows[] = {
	{"account.shred", OBJECT_ACCOUNT, NULL, account_shred},
	{"account.certificate", OBJECT_NAMED, NULL, account_certificate},
	{0},
};
