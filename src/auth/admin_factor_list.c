/* Second factors: who has which, and how they go. */
#include <string.h>

#include "auth/admin_factor.h"
#include "auth/factors_policy.h"
#include "factor/codes.h"

static void add_left(const struct directory_factor *f, const struct secrets *secrets, json_t *o)
{
	struct buf state = BUF_INIT(FACTOR_STATE_MAX);
	struct factor_owner owner = factor_owner_of(f);
	unsigned left = 0, next = 0;
	if (secrets->count > 0 && (f->kind == FACTOR_CODES || f->kind == FACTOR_LIST) && factor_open(&owner, secrets, f->data, &state) == 0
	    && codes_left(buf_slice(&state), &left, &next) == 0)
		json_object_set_new(o, "left", json_integer(left));
	buf_free_secret(&state);
}

static json_t *factor_json(const struct directory_factor *f, const struct secrets *secrets)
{
	json_t *o = json_object();
	json_object_set_new(o, "id", json_integer(f->id));
	json_object_set_new(o, "kind", json_string(factor_kind_name(f->kind) != NULL ? factor_kind_name(f->kind) : ""));
	json_object_set_new(o, "label", job_json(f->label));
	json_object_set_new(o, "created", json_integer((json_int_t)f->created));
	json_object_set_new(o, "used", json_integer((json_int_t)f->used));
	add_left(f, secrets, o);
	return o;
}

static int list_factors(struct admin_job *job, const struct secrets *secrets)
{
	struct directory_factor all[FACTORS_MAX];
	bool demanded = false;
	int64_t grace_ends = 0;
	int count = directory_factor_list(job_directory(job), job->account.id, 0, &job->arena, all, FACTORS_MAX);
	int rc = count < 0 ? count : factors_policy_demands(job_directory(job), &job->account, job_unix(job), &demanded, &grace_ends);
	if (rc != 0)
		return job_refuse_error(job, rc, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++)
		if (all[i].confirmed > 0)
			json_array_append_new(out, factor_json(&all[i], secrets));
	job_set(job, "factors", out);
	job_set(job, "enforced", json_boolean(demanded));
	job_set(job, "grace_ends", json_integer((json_int_t)grace_ends));
	return 0;
}

/* One's own with how many codes are left; of others what devices show too. */
int factor_list(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	if (job->session.id != 0 && memcmp(job->subject.account, job->account.id, 16) == 0 && !job->subject.token)
		(void)session_open(&job->session, job->token, &secrets, NULL);
	int rc = list_factors(job, &secrets);
	secrets_free(&secrets);
	return rc;
}

/* Without a factor of its own kind nothing is left that codes and lists could stand in for. */
static int remove_row(struct admin_job *job, const struct directory_factor *f, struct error *err)
{
	int rc = f->kind == FACTOR_WEBAUTHN ? factor_passkey_remove(job_directory(job), f, &job->arena, err) : 0;
	if (rc == 0)
		rc = directory_factor_remove(job_directory(job), job->account.id, f->id, err);
	int kinds = rc == 0 ? directory_factor_kinds(job_directory(job), job->account.id) : rc;
	if (kinds >= 0 && ((unsigned)kinds & FACTOR_MAIN_KINDS) == 0)
		return directory_factor_remove_kinds(job_directory(job), job->account.id, ~0u, err);
	return kinds < 0 ? kinds : 0;
}

static void tell_removed(struct admin_job *job, const struct directory_factor *f)
{
	job_event(job, EV_FACTOR_REMOVED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
		LOG_STR("kind", factor_kind_name(f->kind)), LOG_NUM("id", f->id));
}

static int remove_in_change(struct admin_job *job, struct error *err)
{
	struct directory_factor f;
	json_int_t id = json_integer_value(json_object_get(job->args, "id"));
	int rc = id <= 0 || id > UINT32_MAX ? ERR_NOT_FOUND
	       : directory_factor_get(job_directory(job), job->account.id, (uint32_t)id, &job->arena, &f);
	if (rc == 0)
		rc = remove_row(job, &f, err);
	if (rc == 0)
		tell_removed(job, &f);
	return rc == ERR_NOT_FOUND ? job_refuse_error(job, rc, "factor") : rc;
}

int factor_remove(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	int rc = factor_job_open(job, &secrets);
	secrets_free(&secrets);
	return rc == 0 ? job_change(job, remove_in_change) : rc;
}

static int reset_in_change(struct admin_job *job, struct error *err)
{
	struct directory_factor all[FACTORS_MAX];
	int count = directory_factor_list(job_directory(job), job->account.id, 0, &job->arena, all, FACTORS_MAX), rc = count < 0 ? count : 0;
	for (int i = 0; rc == 0 && i < count; i++) {
		if (all[i].kind == FACTOR_WEBAUTHN)
			rc = factor_passkey_remove(job_directory(job), &all[i], &job->arena, err);
		if (all[i].confirmed > 0)
			tell_removed(job, &all[i]);
	}
	if (rc == 0)
		rc = directory_factor_remove_kinds(job_directory(job), job->account.id, ~0u, err);
	if (rc == 0)
		rc = session_remove_all(job_directory(job), job->account.id, err);
	return rc;
}

/* For somebody who lost everything: all factors go, and all sessions; the password alone registers anew. */
int factor_reset(struct admin_job *job)
{
	bool two = false;
	int rc = job_step_up(job);
	if (rc == 0)
		rc = job_not_alone(job, &job->account, &two);
	if (rc == 0 && two)
		rc = job_second_person(job, AUTH_ACT_APPROVE);
	if (rc == 0)
		rc = job_change(job, reset_in_change);
	if (rc == 0)
		job_host(job)->revoke(job_host(job)->arg, job->account.id, 0);
	return rc;
}

