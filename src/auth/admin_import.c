/* Accounts from another system: with their password hash, until the owner signs in. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/directory_factor.h"
#include "auth/managed.h"
#include "crypt/crypt.h"
#include "factor/foreign.h"

static int refuse_hash(struct admin_job *job, int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case ERR_UNSUPPORTED:
		return job_refuse(job, ADMIN_INVALID, "hash", "Password hashes are $6$, $5$, $y$, $2a$, $2b$, $2y$, {SSHA}, {SSHA256} or {SSHA512}.");
	case ERR_LIMIT:
		return job_refuse(job, ADMIN_INVALID, "hash", "The password hash is too long or too expensive to verify.");
	default:
		return job_refuse(job, ADMIN_INVALID, "hash", "The password hash is malformed.");
	}
}

static int take_number(struct admin_job *job, struct error *err)
{
	return directory_credential_number(job_directory(job), &job->managed.owner.credential, err);
}

static bool is_dry(const struct admin_job *job)
{
	return json_is_true(json_object_get(job->args, "dry_run"));
}

static int import_prepare(struct admin_job *job)
{
	struct address address;
	struct directory_address found;
	struct account *a = &job->account;
	int rc = job_mailbox_address(job, "address", &address);
	if (rc == 0)
		rc = refuse_hash(job, foreign_check(job_text(job, "password_hash")));
	if (rc != 0)
		return rc;
	if (directory_address_get(job_directory(job), address.local, address.domain, &job->arena, &found) == 0)
		return job_refuse_error(job, ERR_EXISTS, "address");
	*a = (struct account){.address = address_text(&address, &job->arena), .state = ACCOUNT_ACTIVE, .role = AUTH_ROLE_USER,
		.flags = ACCOUNT_MANAGED, .created = job_unix(job)};
	random_bytes(a->id, sizeof a->id);
	random_bytes(a->scram_salt, sizeof a->scram_salt);
	rc = job_account_properties(job, a);
	if (rc != 0 || is_dry(job))
		return rc;
	job->managed.owner = (struct wrap_owner){.kind = WRAP_MANAGED};
	memcpy(job->managed.owner.account, a->id, sizeof a->id);
	job->managed.wanted = true;
	return job_change(job, take_number);
}

static int add_in_change(struct admin_job *job, struct error *err)
{
	struct secrets secrets = SECRETS_NONE;
	uint8_t secret_key[32];
	int rc = secrets_add(&secrets, 1, err);
	if (rc != 0)
		return rc;
	job->account.generation = secrets_newest(&secrets)->generation;
	secrets_pair(secrets_newest(&secrets), job->account.public_key, secret_key);
	secret_wipe(secret_key, sizeof secret_key);
	rc = directory_account_add(job_directory(job), &job->account, err);
	if (rc == 0)
		rc = managed_add(job_directory(job), &job->managed.owner, job->managed.kek, SLICE("imported"), &secrets, job_unix(job), err);
	if (rc == 0)
		rc = directory_imported_set(job_directory(job), job->account.id, job_text(job, "password_hash"), job_unix(job), err);
	secrets_free(&secrets);
	return rc;
}

static int user_import(struct admin_job *job)
{
	int rc = is_dry(job) ? 0 : job_change(job, add_in_change);
	if (rc != 0)
		return rc;
	job_set(job, "address", job_json(job->account.address));
	job_set(job, "dry_run", json_boolean(is_dry(job)));
	if (!is_dry(job))
		job_event(job, EV_ACCOUNT_ADDED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address));
	return 0;
}

const struct admin_operation_row admin_import_rows[] = {
	{"user.import", OBJECT_NAMED, import_prepare, user_import},
	{0},
};
