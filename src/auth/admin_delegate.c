/* Delegates: who else may open a mailbox, what for and how long; given by its owner. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/delegation.h"
#include "auth/directory_role.h"

#define DELEGATE_DAYS_MAX 3650
#define DAY_S INT64_C(86400)

static int load_delegate(struct admin_job *job, struct account *ret)
{
	struct address a;
	struct directory_address found;
	int rc = job_address(job, "delegate", &a);
	if (rc != 0)
		return rc;
	rc = directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found);
	if (rc == 0)
		rc = found.kind == ADDRESS_ACCOUNT ? directory_account_get(job_directory(job), found.account, &job->arena, ret) : ERR_NOT_FOUND;
	return rc == 0 ? 0 : job_refuse_error(job, rc, "user");
}

/* Rights of a mailbox and nothing else, and never more than the owner has. */
static int read_role(struct admin_job *job, struct slice *ret)
{
	auth_rights rights = 0;
	*ret = job_has(job, "role") ? job_text(job, "role") : SLICE("delegate");
	int rc = directory_role_rights(job_directory(job), *ret, &rights);
	if (rc != 0)
		return job_refuse_error(job, rc, "role");
	if ((rights & ~auth_class_rights(AUTH_CLASS_MAIL)) != 0 || !auth_scope_fits(rights, AUTH_SCOPE_MAILBOX))
		return job_refuse(job, ADMIN_INVALID, "scope", "A delegate has a role over a mailbox: delegate, secretary, reader, partner, successor, or one of your own.");
	return 0;
}

static int read_end(struct admin_job *job, int64_t *ret)
{
	json_int_t days = json_integer_value(json_object_get(job->args, "days"));
	*ret = days > 0 ? job_unix(job) + (int64_t)days * DAY_S : 0;
	return days >= 0 && days <= DELEGATE_DAYS_MAX ? 0
	     : job_refuse(job, ADMIN_INVALID, "invalid", "A delegation ends after at most %d days; 0: without end.", DELEGATE_DAYS_MAX);
}

static int add_in_change(struct admin_job *job, const struct account *delegate, const struct secrets *secrets, struct directory_grant *g,
	uint32_t *ret_old, struct error *err)
{
	struct delegation old;
	uint32_t credential, id;
	int rc = delegation_find(job_directory(job), job->account.id, delegate->id, &job->arena, &old);
	*ret_old = rc == 0 ? old.credential : 0;
	if (rc == 0)
		rc = delegation_remove(job_directory(job), &old, job_unix(job), err);
	if (rc == 0 || rc == ERR_NOT_FOUND)
		rc = delegation_add(job_directory(job), job->account.id, delegate, secrets, job_unix(job), &credential, err);
	return rc == 0 ? directory_grant_add(job_directory(job), g, &id, err) : rc;
}

static int add(struct admin_job *job, const struct account *delegate, const struct secrets *secrets, struct slice role, int64_t ends)
{
	struct error err = {0};
	char owner[DELEGATE_ID_SIZE + 1];
	uint32_t old = 0;
	delegation_id_text(job->account.id, owner);
	struct directory_grant g = {.role = role, .scope = AUTH_SCOPE_MAILBOX, .value = slice_str(owner), .state = GRANT_ACTIVE,
		.author = job->subject.name, .reason = SLICE("by the owner"), .starts = job_unix(job), .created = job_unix(job), .ends = ends};
	memcpy(g.account, delegate->id, sizeof g.account);
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = add_in_change(job, delegate, secrets, &g, &old, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0)
		return job_refuse_error(job, rc, "delegates");
	if (old != 0)
		job_host(job)->revoke(job_host(job)->arg, job->account.id, old);
	job_event(job, EV_RIGHT_GRANTED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", delegate->address), LOG_TEXT("right", role),
		LOG_TEXT("target", job->account.address), LOG_NUM("until", ends));
	return 0;
}

static int delegate_add(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	struct account delegate = {0};
	struct slice role;
	int64_t ends = 0;
	int rc = job_open_own(job, &secrets);
	struct auth_object own = job_object(&job->account);
	if (rc == 0)
		rc = job_permit(job, AUTH_SELF_CHANGE, &own);
	if (rc == 0 && !auth_permit_own(job->account.role, AUTH_MAIL_VIEW))
		rc = job_refuse(job, ADMIN_FAILED, "no_mailbox", "This account has no mailbox.");
	if (rc == 0)
		rc = load_delegate(job, &delegate);
	if (rc == 0 && (delegate.state != ACCOUNT_ACTIVE || auth_role_privileged(delegate.role) || memcmp(delegate.id, job->account.id, 16) == 0))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "A delegate is another, active user with a mailbox.");
	if (rc == 0)
		rc = read_role(job, &role);
	if (rc == 0)
		rc = read_end(job, &ends);
	if (rc == 0)
		rc = add(job, &delegate, &secrets, role, ends);
	secrets_free(&secrets);
	return rc;
}

/* The other side's address, and the role and end of the grant that holds. */
static json_t *delegation_json(struct admin_job *job, const struct delegation *g, bool given)
{
	struct directory_grant *grants = arena_alloc_array(&job->arena, AUTH_GRANTS_MAX, sizeof *grants);
	struct account other = {0};
	char owner[DELEGATE_ID_SIZE + 1];
	json_t *o = json_object();
	int count = directory_grants_of(job_directory(job), g->delegate, GRANT_ACTIVE, &job->arena, grants, AUTH_GRANTS_MAX);
	delegation_id_text(g->owner, owner);
	(void)directory_account_get(job_directory(job), given ? g->delegate : g->owner, &job->arena, &other);
	json_object_set_new(o, "address", job_json(other.address));
	json_object_set_new(o, "created", json_integer((json_int_t)g->created));
	for (int i = 0; i < count; i++) {
		if (grants[i].scope != AUTH_SCOPE_MAILBOX || !slice_eq(grants[i].value, slice_str(owner)))
			continue;
		json_object_set_new(o, "role", job_json(grants[i].role));
		json_object_set_new(o, "ends", json_integer((json_int_t)grants[i].ends));
	}
	return o;
}

static int delegate_list(struct admin_job *job)
{
	static const char *const members[] = {"received", "given"};
	struct delegation *list = arena_alloc_array(&job->arena, DELEGATIONS_MAX, sizeof *list);
	for (int given = 0; given < 2; given++) {
		json_t *out = json_array();
		int count = delegation_list(job_directory(job), job->account.id, given != 0, &job->arena, list);
		for (int i = 0; i < count; i++)
			json_array_append_new(out, delegation_json(job, &list[i], given != 0));
		job_set(job, members[given], out);
		if (count < 0)
			return job_refuse_error(job, count, "account");
	}
	return 0;
}

static int delegate_remove(struct admin_job *job)
{
	struct error err = {0};
	struct account delegate = {0};
	struct delegation g;
	int rc = load_delegate(job, &delegate);
	if (rc != 0)
		return rc;
	if ((rc = delegation_find(job_directory(job), job->account.id, delegate.id, &job->arena, &g)) != 0)
		return job_refuse_error(job, rc, "delegate");
	rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = delegation_remove(job_directory(job), &g, job_unix(job), &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0)
		return job_refuse_error(job, rc, "delegate");
	job_host(job)->revoke(job_host(job)->arg, job->account.id, g.credential);
	job_event(job, EV_RIGHT_REVOKED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", delegate.address), LOG_STR("right", "delegate"),
		LOG_TEXT("target", job->account.address));
	return 0;
}

const struct admin_operation_row admin_delegate_rows[] = {
	{"delegate.add", OBJECT_OWN_CHECK, NULL, delegate_add},
	{"delegate.list", OBJECT_ACCOUNT, NULL, delegate_list},
	{"delegate.remove", OBJECT_ACCOUNT, NULL, delegate_remove},
	{0},
};
