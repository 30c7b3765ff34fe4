/* Somebody leaves: one command ends everything that the account has, and says before what that is. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/directory_keys.h"
#include "auth/directory_role.h"
#include "auth/escrow.h"

static int put_counts(struct admin_job *job)
{
	json_t *ends = json_object();
	const char *name;
	job_set(job, "ends", ends);
	for (size_t i = 0; (name = directory_leave_part(i)) != NULL; i++) {
		int count = directory_leave_count(job_directory(job), i, job->account.id, job->account.address);
		if (count < 0)
			return job_refuse_error(job, count, "user");
		json_object_set_new(ends, name, json_integer(count));
	}
	return 0;
}

static int leave_in_change(struct admin_job *job, struct slice target, struct error *err)
{
	struct directory *d = job_directory(job);
	struct directory_leaver leaver = {.target = target, .author = job->subject.name, .left = job_unix(job)};
	struct slice address = job->account.address;
	int rc = target.n > 0 ? directory_aliases_move(d, address, target, err) : 0;
	if (rc == 0)
		rc = job_forget_delegations(job, err);
	if (rc == 0)
		rc = directory_grant_end_all(d, job->account.id, job_unix(job), err);
	for (size_t i = 0; rc == 0 && directory_leave_part(i) != NULL; i++)
		rc = directory_leave_end(d, i, job->account.id, address, err);
	job->account.state = ACCOUNT_LEFT;
	job->account.role = AUTH_ROLE_USER; /* who comes back begins without the rights of before */
	if (rc == 0)
		rc = directory_account_update(d, &job->account, err);
	return rc == 0 ? directory_leaver_set(d, job->account.id, &leaver, err) : rc;
}

static int leave(struct admin_job *job, struct slice target)
{
	struct error err = {0};
	/* Before the delegations are gone: sessions that the leaver has in the mailboxes of others end with them. */
	job_revoke_account(job, job->account.id);
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = leave_in_change(job, target, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0)
		return job_refuse_error(job, rc, "user");
	job_revoke_account(job, job->account.id);
	job_event(job, EV_ACCOUNT_LEFT, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_TEXT("target", target));
	return 0;
}

/* Is there something to hand over, and somebody to hand it to? */
static bool may_hand_over(struct admin_job *job, struct slice target)
{
	struct address a;
	struct directory_address found;
	struct credential escrow;
	return target.n > 0 && address_parse(target, &job->arena, &a) == 0
	       && directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found) == 0 && found.kind == ADDRESS_ACCOUNT
	       && escrow_credential(job_directory(job), job->account.id, &job->arena, &escrow) == 0;
}

/* The request for the second person; the answer of this operation stays. */
static void ask_hand_over(struct admin_job *job, struct slice target, struct slice reason)
{
	json_t *kept = json_copy(job->result), *args = json_object();
	json_object_set_new(args, "address", job_json(job->account.address));
	json_object_set_new(args, "target", job_json(target));
	json_object_set_new(args, "reason", job_json(reason));
	(void)job_ask_approval(job, SLICE("escrow.hand_over_ask"), args, AUTH_ACT_APPROVE);
	json_t *number = json_incref(json_object_get(job->result, "approval"));
	job->status = ADMIN_OK;
	json_object_clear(job->result);
	json_object_update(job->result, kept);
	if (number != NULL)
		json_object_set_new(job->result, "approval", number);
	json_decref(args);
	json_decref(kept);
}

static int check_leaver(struct admin_job *job, struct slice *ret_target, struct slice *ret_reason)
{
	int rc = job_name(job, "reason", ret_reason);
	if (rc == 0 && ret_reason->n == 0)
		rc = job_refuse(job, ADMIN_INVALID, "reason", "Say why: it stands in the record.");
	if (rc == 0 && memcmp(job->subject.account, job->account.id, 16) == 0)
		rc = job_refuse(job, ADMIN_DENIED, "self", "Somebody else has to do this for you.");
	if (rc == 0)
		rc = job_target(job, "target", job_text(job, "target"), ret_target);
	if (rc == 0)
		rc = job_may_forward(job, job->account.address, *ret_target);
	if (rc == 0 && slice_eq_nocase(*ret_target, job->account.address))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "The mail of somebody who leaves cannot go to the same address.");
	return rc;
}

static int user_leave(struct admin_job *job)
{
	struct slice target = SLICE_NONE, reason = SLICE_NONE;
	bool dry = json_is_true(json_object_get(job->args, "dry_run"));
	int rc = check_leaver(job, &target, &reason);
	if (rc == 0 && !dry)
		rc = job_step_up(job);
	if (rc == 0 && !dry)
		rc = job_second_for(job, &job->account);
	if (rc == 0)
		rc = put_counts(job);
	if (rc != 0)
		return rc;
	bool hand_over = may_hand_over(job, target);
	job_set(job, "address", job_json(job->account.address));
	job_set(job, "target", job_json(target));
	job_set(job, "dry_run", json_boolean(dry));
	job_set(job, "hand_over", json_string(hand_over ? "asked of a second person, then of the quorum" : "none"));
	if (dry)
		return 0;
	rc = leave(job, target);
	if (rc == 0 && hand_over && job->subject.kind == AUTH_PERSON)
		ask_hand_over(job, target, reason);
	return rc;
}

const struct admin_operation_row admin_leaver_rows[] = {
	{"user.leave", OBJECT_ACCOUNT, NULL, user_leave},
	{0},
};
