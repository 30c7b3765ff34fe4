/* The second person: what nobody does alone waits for somebody else. */
#include <string.h>

#include "auth/admin_private.h"
#include "auth/directory_role.h"

#define APPROVAL_S (7 * 86400) /* a request for approval is open so long */

/* What goes on by itself answers here: the approver's job waits for it. */
static void approved_done(void *arg, unsigned status, struct slice result)
{
	struct admin_job *job = arg;
	json_t *value = json_loadb((const char *)result.p, result.n, 0, NULL);
	job->status = (enum admin_status)status;
	if (value != NULL)
		json_object_update(job->result, value);
	json_decref(value);
	job_conclude(job, status == ADMIN_OK ? 0 : ERR_DENIED);
}

int job_run_approved(struct admin_job *job, const char *operation, struct slice args, const uint8_t asker[16], struct slice asker_name)
{
	struct account account;
	struct admin_job *run = job_make(job->admin, slice_str(operation), args);
	struct auth_object object;
	int rc = directory_account_get(job_directory(job), asker, &run->arena, &account);
	if (rc == 0 && account.state != ACCOUNT_ACTIVE)
		rc = ERR_DENIED;
	if (rc == 0)
		rc = auth_subject_of(job_directory(job), &account, job_unix(job), &run->arena, &run->subject);
	run->approver = arena_dup(&run->arena, job->subject.name);
	if (rc != 0 || run->row == NULL || run->operation == NULL || run->row->prepare != NULL)
		rc = job_refuse(run, ADMIN_DENIED, "asker", "%.*s may not do this any more.", SLICE_ARG(asker_name));
	if (rc == 0)
		rc = job_load_object(run, &object);
	if (rc == 0)
		rc = job_permit(run, run->operation->right, &object);
	run->fn = approved_done;
	run->arg = job;
	if (rc == 0)
		rc = run->row->apply(run);
	if (run->later) {
		job->later = true;
		return rc;
	}
	job->status = run->status;
	json_decref(job->result);
	job->result = json_incref(run->result);
	job_free(run);
	return rc;
}

int job_second_person(struct admin_job *job, enum auth_right who)
{
	if (job->approver.n > 0 || job->subject.kind == AUTH_LOCAL_SETUP)
		return 0;
	if (job->subject.kind != AUTH_PERSON)
		return job_refuse(job, ADMIN_DENIED, "second_person", "This needs two persons, of whom the emergency access is none.");
	if (job->row->prepare != NULL) /* its arguments have secrets, which are not kept */
		return job_refuse(job, ADMIN_DENIED, "second_person", "This needs two persons: add a plain user first, then ask for the role.");
	return job_ask_approval(job, job->operation->name, job->args, who);
}

int job_ask_approval(struct admin_job *job, struct slice operation, const json_t *of, enum auth_right who)
{
	struct error err = {0};
	uint32_t id = 0;
	char *args = json_dumps(of, JSON_COMPACT | JSON_SORT_KEYS);
	struct directory_approval a = {.operation = operation, .args = slice_str(args != NULL ? args : "{}"), .asker_name = job->subject.name,
		.reason = job_text(job, "reason"), .created = job_unix(job), .ends = job_unix(job) + APPROVAL_S, .needs = who};
	memcpy(a.asker, job->subject.account, sizeof a.asker);
	int rc = directory_approval_add(job_directory(job), &a, &id, &err);
	json_give_back(args);
	if (rc != 0)
		return job_refuse_error(job, rc, "approval");
	job_event(job, EV_APPROVAL_ASKED, LOG_TEXT("actor", job->subject.name), LOG_NUM("id", id), LOG_TEXT("kind", operation),
		LOG_TEXT("object", job_text(job, "address")), LOG_TEXT("reason", job_text(job, "reason")));
	job_refuse(job, ADMIN_DENIED, "approval_needed", "A second person has to approve this: number %u (%s).", id, auth_right_name(who));
	job_set(job, "approval", json_integer(id));
	return ERR_DENIED;
}

int job_not_alone(struct admin_job *job, const struct account *account, bool *ret)
{
	auth_rights has = 0;
	int rc = auth_rights_of(job_directory(job), account, job_unix(job), &has);
	*ret = rc != 0 || (job->subject.kind == AUTH_PERSON && auth_rights_privileged(has));
	return rc == 0 ? 0 : job_refuse_error(job, rc, "user");
}

static auth_rights rights_over_all(const struct auth_subject *subject)
{
	auth_rights set = 0;
	for (size_t i = 0; i < subject->grant_count; i++)
		if (subject->grants[i].scope == AUTH_SCOPE_ORGANISATION)
			set |= subject->grants[i].rights;
	return set;
}

int job_second_for(struct admin_job *job, const struct account *account)
{
	auth_rights has = 0;
	int rc = auth_rights_of(job_directory(job), account, job_unix(job), &has);
	if (rc != 0)
		return job_refuse_error(job, rc, "user");
	bool two = job->subject.kind == AUTH_PERSON && auth_rights_privileged(has & ~rights_over_all(&job->subject));
	return two ? job_second_person(job, AUTH_ACT_APPROVE) : 0;
}
