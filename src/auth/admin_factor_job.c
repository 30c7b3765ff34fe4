/* What operations on second factors share: whose account it is, rows, and what happens with the first one. */
#include <string.h>

#include "auth/admin_factor.h"

struct moment factor_job_now(const struct admin_job *job)
{
	return job_host(job)->now(job_host(job)->arg);
}

struct factor_work factor_job_work(struct admin_job *job, const struct secrets *secrets, const struct auth_origin *origin, struct error *err)
{
	return (struct factor_work){.d = job_directory(job), .account = &job->account, .secrets = secrets, .origin = origin, .now = factor_job_now(job),
		.proof = job->args, .err = err};
}

struct auth_origin job_origin(struct admin_job *job)
{
	const struct auth_admin_settings *s = job_settings(job);
	struct slice claimed = job_text(job, "origin"), found = SLICE_NONE;
	for (size_t i = 0; i < s->web_origin_count; i++)
		if (claimed.n == 0 ? i == 0 : slice_eq(claimed, s->web_origins[i]))
			found = s->web_origins[i];
	if (s->web_origin_count == 0 && s->hostname.n > 0
	    && (claimed.n == 0 || (slice_starts(claimed, SLICE("https://")) && slice_eq(slice_from(claimed, 8), s->hostname))))
		found = arena_printf(&job->arena, "https://%.*s", SLICE_ARG(s->hostname));
	return (struct auth_origin){.origin = found, .rp_id = s->rp_id.n > 0 ? s->rp_id : s->hostname};
}

/* ---- who asks ---- */

/* The subject's own account and its secrets; only a person's own session opens them. */
static int open_own(struct admin_job *job, struct secrets *ret)
{
	struct error err = {0};
	if (job->subject.kind != AUTH_PERSON || job->subject.token || job->session.id == 0)
		return job_refuse(job, ADMIN_DENIED, "sign_in", "Sign in first: factors are registered within one's own session.");
	if (directory_account_get(job_directory(job), job->subject.account, &job->arena, &job->account) != 0
	    || session_open(&job->session, job->token, ret, &err) != 0)
		return job_refuse(job, ADMIN_FAILED, "internal", "The account's secrets cannot be opened.");
	return 0;
}

/* Somebody with a password alone may register the first factor, but none beside one that they have not shown. */
int factor_job_open(struct admin_job *job, struct secrets *ret)
{
	int rc = open_own(job, ret);
	int exist = rc == 0 ? auth_factors_exist(job_directory(job), job->account.id) : 0;
	if (exist < 0)
		rc = job_refuse_error(job, exist, "account");
	if (rc == 0 && exist == 1)
		rc = job_step_up(job);
	if (rc != 0)
		secrets_free(ret);
	return rc;
}

/* Behind the commit. Mail sessions that the password opened end: it opens none any more. */
static void tell_added(struct admin_job *job, const struct directory_factor *f)
{
	struct credential password;
	if (directory_credential_password(job_directory(job), job->account.id, &job->arena, &password) == 0)
		job_host(job)->revoke(job_host(job)->arg, job->account.id, password.id);
	job_event(job, EV_FACTOR_ADDED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
		LOG_STR("kind", factor_kind_name(f->kind)), LOG_NUM("id", f->id));
	job_set(job, "id", json_integer(f->id));
}

/* An operation that needs the secrets: opened, done inside one change, wiped. */
static int run_changed(struct admin_job *job, const struct secrets *secrets, factor_fn *fn)
{
	struct error err = {0};
	struct directory_factor added = {0};
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = fn(job, secrets, &added, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0 && job->status == ADMIN_OK)
		job_refuse_error(job, rc, "factor");
	if (rc == 0 && added.confirmed > 0)
		tell_added(job, &added);
	return rc;
}

int factor_job_run(struct admin_job *job, factor_fn *fn)
{
	struct secrets secrets = SECRETS_NONE;
	int rc = factor_job_open(job, &secrets);
	if (rc == 0)
		rc = run_changed(job, &secrets, fn);
	secrets_free(&secrets);
	return rc;
}

/* ---- rows ---- */

static int refuse_when_full(struct admin_job *job)
{
	struct directory_factor all[FACTORS_MAX];
	int count = directory_factor_list(job_directory(job), job->account.id, 0, &job->arena, all, FACTORS_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "factor");
	return count < FACTORS_MAX ? 0 : job_refuse(job, ADMIN_FAILED, "limit", "An account has at most %d second factors.", FACTORS_MAX);
}

/* What was begun before and never confirmed makes room. */
int factor_job_drop(struct admin_job *job, enum factor_kind kind, struct error *err)
{
	struct directory_factor all[FACTORS_MAX];
	int count = directory_factor_list(job_directory(job), job->account.id, kind, &job->arena, all, FACTORS_MAX), rc = count < 0 ? count : 0;
	for (int i = 0; rc == 0 && i < count; i++)
		if (all[i].confirmed == 0)
			rc = directory_factor_remove(job_directory(job), job->account.id, all[i].id, err);
	return rc;
}

int factor_job_add(struct admin_job *job, struct directory_factor *f, const struct secrets *secrets, struct slice state, struct error *err)
{
	struct buf data = BUF_INIT(FACTOR_DATA_MAX);
	int rc = job_name(job, "label", &f->label);
	if (rc == 0)
		rc = refuse_when_full(job);
	if (rc != 0)
		return rc;
	memcpy(f->account, job->account.id, sizeof f->account);
	f->created = job_unix(job);
	struct factor_owner owner = factor_owner_of(f);
	factor_seal(&owner, secrets, state, &data);
	f->data = buf_slice(&data);
	rc = data.failed ? ERR_LIMIT : directory_factor_add(job_directory(job), f, &f->id, err);
	f->data = SLICE_NONE;
	buf_free(&data);
	return rc;
}

int factor_job_load(struct admin_job *job, const struct secrets *secrets, unsigned kinds, bool confirmed, struct directory_factor *ret,
	struct buf *ret_state)
{
	const json_t *id = json_object_get(job->args, "id");
	int rc = json_integer_value(id) <= 0 || json_integer_value(id) > UINT32_MAX ? ERR_NOT_FOUND
	       : directory_factor_get(job_directory(job), job->account.id, (uint32_t)json_integer_value(id), &job->arena, ret);
	if (rc == 0 && ((FACTOR_BIT(ret->kind) & kinds) == 0 || (ret->confirmed > 0) != confirmed))
		rc = ERR_NOT_FOUND;
	if (rc != 0)
		return job_refuse_error(job, rc, "factor");
	struct factor_owner owner = factor_owner_of(ret);
	return factor_open(&owner, secrets, ret->data, ret_state);
}

/* ---- the first one ---- */

/* Sessions that were begun with the password alone end, but for the one that registers. */
static int end_weak_sessions(struct admin_job *job, struct error *err)
{
	struct session *list = arena_alloc_array(&job->arena, SESSIONS_MAX, sizeof *list);
	int count = session_list(job_directory(job), job->account.id, SESSION_PERSON, &job->arena, list, SESSIONS_MAX), rc = count < 0 ? count : 0;
	for (int i = 0; rc == 0 && i < count; i++)
		if (list[i].id != job->session.id && (list[i].proven & AUTH_PROVEN_SECOND) == 0)
			rc = session_remove(job_directory(job), job->account.id, list[i].id, err);
	return rc;
}

/* Inside a change: the factor counts from now on, and what the password could do by itself ends. `proven`: what was shown by confirming. */
int factor_job_confirm(struct admin_job *job, struct directory_factor *f, unsigned proven, struct error *err)
{
	int before = directory_factor_kinds(job_directory(job), job->account.id), rc = before < 0 ? before : 0;
	f->confirmed = f->used = job_unix(job);
	if (rc == 0)
		rc = directory_factor_set(job_directory(job), f, err);
	if (rc == 0)
		rc = directory_scram_forget_account(job_directory(job), job->account.id, err);
	if (rc == 0 && before == 0)
		rc = end_weak_sessions(job, err);
	if (rc == 0)
		rc = session_proven(job_directory(job), job->session.id, proven, job_unix(job), err);
	return rc;
}

