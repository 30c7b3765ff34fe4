/* What an operation acts on, and whether the subject may. */
#include <string.h>

#include "auth/admin_private.h"
#include "base/codec.h"

static int load_account(struct admin_job *job)
{
	struct address a;
	struct directory_address found;
	int rc = job_address(job, "address", &a);
	if (rc != 0)
		return rc;
	rc = directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found);
	if (rc == 0 && found.kind != ADDRESS_ACCOUNT)
		rc = ERR_NOT_FOUND;
	if (rc == 0)
		rc = directory_account_get(job_directory(job), found.account, &job->arena, &job->account);
	job->known = rc == 0;
	if (rc == ERR_NOT_FOUND)
		job->account.address = address_text(&a, &job->arena);
	return rc;
}

struct auth_object job_object(const struct account *account)
{
	struct auth_object object = {.department = account->department, .domain = address_domain_of(account->address)};
	memcpy(object.account, account->id, sizeof object.account);
	return object;
}

static struct auth_object named_object(struct directory *d, const json_t *args, struct arena *arena)
{
	struct auth_object object = {0};
	struct account account;
	struct address a;
	struct directory_address found;
	struct slice address = json_slice(args, "address"), id = json_slice(args, "account"), domain = json_slice(args, "domain");
	struct buf bytes = BUF_INIT(16);
	if (address.n > 0 && address_parse(address, arena, &a) == 0) {
		object.domain = a.domain;
		if (directory_address_get(d, a.local, a.domain, arena, &found) == 0 && found.kind == ADDRESS_ACCOUNT
		    && directory_account_get(d, found.account, arena, &account) == 0)
			object = job_object(&account);
	} else if (id.n > 0 && hex_decode(id, &bytes) == 0 && buf_len(&bytes) == 16) {
		memcpy(object.account, buf_slice(&bytes).p, 16);
		if (directory_account_get(d, object.account, arena, &account) == 0)
			object = job_object(&account);
	} else if (domain.n > 0) {
		(void)address_domain(domain, arena, &object.domain);
	}
	buf_free(&bytes);
	return object;
}

struct auth_object job_named_object(struct admin_job *job)
{
	struct auth_object object = named_object(job_directory(job), job->args, &job->arena);
	enum auth_right right = job->operation->right;
	bool self = right != AUTH_ANYBODY && auth_right_class(right) == AUTH_CLASS_SELF;
	/* What is about oneself needs no name. */
	if (self && job->subject.kind == AUTH_PERSON && json_slice(job->args, "address").n == 0)
		memcpy(object.account, job->subject.account, sizeof object.account);
	return object;
}

bool job_may(const struct admin_job *job, enum auth_right right, const struct auth_object *object)
{
	return auth_permit(&job->subject, right, object, job_unix(job));
}

int job_permit(struct admin_job *job, enum auth_right right, const struct auth_object *object)
{
	struct auth_decision decision = auth_decide(&job->subject, right, object, job_unix(job));
	switch (decision.outcome) {
	case AUTH_ALLOW:
		return 0;
	case AUTH_NEEDS_SIGN_IN:
		return job_refuse(job, ADMIN_DENIED, "sign_in", "You are not signed in: %s.", job->why[0] != 0 ? job->why : "sign in first");
	case AUTH_NEEDS_FACTOR:
		return job_refuse(job, ADMIN_DENIED, "factor_needed", "This needs a session with a second factor.");
	case AUTH_DENY:
		break;
	}
	job_event(job, EV_ADMIN_REFUSED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("op", job->operation->name), LOG_STR("why", decision.why));
	return job_refuse(job, ADMIN_DENIED, "denied", "You may not do this: %s.", decision.why);
}

int job_step_up(struct admin_job *job)
{
	return auth_stepped_up(&job->subject, job_unix(job)) ? 0
	     : job_refuse(job, ADMIN_DENIED, "step_up", "Show your second factor again first (session.step_up).");
}

int job_load_object(struct admin_job *job, struct auth_object *ret)
{
	*ret = job_named_object(job);
	if (job->row->object == OBJECT_NAMED)
		return 0;
	if (job->row->object == OBJECT_OWN_CHECK) {
		*ret = (struct auth_object){.any = true};
		return 0;
	}
	int rc = load_account(job);
	if (rc == ERR_NOT_FOUND && job->row->object == OBJECT_PROOF)
		return 0;
	if (rc == ERR_NOT_FOUND && job->operation->right != AUTH_ANYBODY && job_permit(job, job->operation->right, ret) != 0)
		return ERR_DENIED;
	return rc == 0 || job->status != ADMIN_OK ? rc : job_refuse_error(job, rc, "user");
}
