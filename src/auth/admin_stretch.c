/* Passwords of an operation: tries are counted, keys come from the pool and from `key`, then the operation goes on. */
#include <string.h>

#include "auth/admin_password.h"
#include "auth/admin_private.h"
#include "auth/directory_factor.h"
#include "auth/managed.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

static void fake_password(struct admin_job *job)
{
	uint8_t fake[HASH_SIZE];
	hash_keyed(job->account.address, directory_lookup_key(job_directory(job)), fake);
	job->password = (struct credential){.cost = job->admin->settings.cost};
	memcpy(job->password.salt, fake, sizeof job->password.salt);
}

/* The password of another system: its hash is verified, and the secrets are opened by `key`. */
static bool stretch_imported(struct admin_job *job, struct slice text)
{
	struct slice hash;
	struct credential managed;
	if (job->managed.wanted || directory_imported_get(job_directory(job), job->account.id, &job->arena, &hash) != 0
	    || directory_credential_list(job_directory(job), job->account.id, WRAP_MANAGED, &job->arena, &managed, 1) != 1)
		return false;
	job->password = managed;
	job->managed.owner = (struct wrap_owner){.credential = managed.id, .kind = WRAP_MANAGED};
	memcpy(job->managed.owner.account, job->account.id, sizeof job->account.id);
	job->managed.wanted = job->old_kek.wanted = job->imported = true;
	job->old_kek.request = (struct kek_request){.password = text, .foreign = hash, .owner = job->managed.owner};
	return true;
}

int job_allowed(struct admin_job *job)
{
	struct moment now = job_host(job)->now(job_host(job)->arg);
	if (throttle_allowed(job->admin->throttle, job->address, job->account.address, now))
		return 0;
	job_refuse(job, ADMIN_DENIED, "throttled", "Too many failed tries from this address; wait a minute.");
	job_set(job, "retry_after", json_integer((json_int_t)(throttle_wait(job->admin->throttle, job->address, now) + 999) / 1000));
	return ERR_DENIED;
}

void job_tried(struct admin_job *job, bool right)
{
	struct moment now = job_host(job)->now(job_host(job)->arg);
	if (right)
		throttle_succeeded(job->admin->throttle, job->address, job->account.address, now);
	else
		job->delay_ms = throttle_failed(job->admin->throttle, job->address, job->account.address, job->admin->settings.failure_delay_ms, now);
}

int job_stretch_old(struct admin_job *job, const char *name)
{
	struct slice text = job_text(job, name);
	if (job_allowed(job) != 0)
		return ERR_DENIED;
	if (text.n == 0 || text.n > PASSWORD_MAX) {
		job_tried(job, false);
		return job_refuse(job, ADMIN_DENIED, "password", "The name or the password is not right.");
	}
	int rc = job->known ? directory_credential_password(job_directory(job), job->account.id, &job->arena, &job->password) : ERR_NOT_FOUND;
	if (rc == ERR_NOT_FOUND && job->known && stretch_imported(job, text))
		return 0;
	if (rc == ERR_NOT_FOUND)
		fake_password(job); /* unknown names and accounts without password cost the same */
	else if (rc != 0)
		return job_refuse_error(job, rc, "account");
	struct kek_request *r = &job->old_kek.request;
	*r = (struct kek_request){.cost = job->password.cost, .password = text};
	r->owner = (struct wrap_owner){.credential = job->password.id, .kind = WRAP_PASSWORD};
	memcpy(r->owner.account, job->account.id, sizeof r->owner.account);
	memcpy(r->salt, job->password.salt, sizeof r->salt);
	job->old_kek.wanted = true;
	return 0;
}

static int take_number(struct admin_job *job, struct error *err)
{
	return directory_credential_number(job_directory(job), &job->new_kek.request.owner.credential, err);
}

int job_stretch_new(struct admin_job *job, const char *name)
{
	struct slice text = job_text(job, name);
	int rc = job_check_password(job, text, job->row->object != OBJECT_PROOF);
	if (rc != 0)
		return rc;
	struct kek_request *r = &job->new_kek.request;
	*r = (struct kek_request){.cost = job->admin->settings.cost, .password = text, .owner = {.kind = WRAP_PASSWORD}};
	memcpy(r->owner.account, job->account.id, sizeof r->owner.account);
	if (job->admin->settings.scram_passwords)
		r->text_count = scram_texts(text, &job->prepared, r->texts);
	memcpy(r->scram_salt, job->account.scram_salt, sizeof r->scram_salt);
	random_bytes(r->salt, sizeof r->salt);
	job->new_kek.wanted = true;
	return job_change(job, take_number);
}

static void kek_ready(struct admin_job *job, struct admin_kek *k, int rc, const struct kek_result *result)
{
	if (rc == 0)
		k->result = *result;
	else if (rc != ERR_DENIED)
		job->kek_rc = rc;
	k->ready = rc == 0;
	if (--job->pending == 0)
		job_apply(job);
}

static void old_ready(void *arg, int rc, const struct kek_result *result)
{
	struct admin_job *job = arg;
	kek_ready(job, &job->old_kek, rc, result);
}

static void new_ready(void *arg, int rc, const struct kek_result *result)
{
	struct admin_job *job = arg;
	kek_ready(job, &job->new_kek, rc, result);
}

static void managed_ready(void *arg, int rc, const uint8_t *kek)
{
	struct admin_job *job = arg;
	if (rc == 0)
		memcpy(job->managed.kek, kek, sizeof job->managed.kek);
	else
		job->kek_rc = rc;
	if (--job->pending == 0)
		job_apply(job);
}

void job_start_keks(struct admin_job *job)
{
	job->pending = (unsigned)job->old_kek.wanted + job->new_kek.wanted + job->managed.wanted;
	if (job->pending == 0) {
		job_apply(job);
		return;
	}
	/* kek_start never answers from inside, so `job` stays valid between the two. */
	if (job->old_kek.wanted)
		kek_start(job->admin->keks, &job->old_kek.request, old_ready, job);
	if (job->new_kek.wanted)
		kek_start(job->admin->keks, &job->new_kek.request, new_ready, job);
	/* Last, because it may answer at once. */
	if (job->managed.wanted)
		managed_kek(&job->admin->host, &job->managed.owner, managed_ready, job);
}
