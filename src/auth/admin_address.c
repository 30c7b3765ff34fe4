#include "auth/admin_job.h"

static int read_domain(struct admin_job *job, struct slice *ret)
{
	*ret = SLICE_NONE;
	return job_text(job, "domain").n > 0 ? job_domain(job, "domain", ret) : 0;
}

/* An alias is where its target is: in that account's department, and in its own domain. */
static bool may_see(struct admin_job *job, const struct directory_address *alias)
{
	struct auth_object object = {.domain = address_domain_of(alias->address)};
	struct address a;
	struct directory_address found;
	struct account account;
	if (address_parse(alias->target, &job->arena, &a) == 0
	    && directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found) == 0 && found.kind == ADDRESS_ACCOUNT
	    && directory_account_get(job_directory(job), found.account, &job->arena, &account) == 0)
		object.department = account.department;
	return job_may(job, AUTH_ACCOUNT_SEE, &object);
}

static int alias_list(struct admin_job *job)
{
	struct directory_address *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	struct slice domain;
	int rc = read_domain(job, &domain);
	if (rc != 0)
		return rc;
	int count = directory_address_list(job_directory(job), ADDRESS_ALIAS, domain, job_text(job, "after"), &job->arena, list,
		DIRECTORY_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "alias");
	json_t *out = json_array();
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++) {
		if (!may_see(job, &list[i]))
			continue;
		json_t *a = json_object();
		json_object_set_new(a, "address", job_json(list[i].address));
		json_object_set_new(a, "target", job_json(list[i].target));
		json_array_append_new(out, a);
	}
	job_set(job, "aliases", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(list[DIRECTORY_PAGE - 1].address));
	return 0;
}

static int add_in_change(struct admin_job *job, struct error *err)
{
	struct address address;
	struct slice target;
	int rc = job_own_address(job, "address", &address);
	if (rc == 0 && job_text(job, "target").n == 0)
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "An alias needs a target.");
	if (rc == 0)
		rc = job_target(job, "target", job_text(job, "target"), &target);
	if (rc == 0)
		rc = job_may_forward(job, address_text(&address, &job->arena), target);
	if (rc == 0 && (rc = directory_alias_add(job_directory(job), &address, target, err)) != 0)
		job_refuse_error(job, rc, "address");
	return rc;
}

static int alias_add(struct admin_job *job)
{
	return job_change(job, add_in_change);
}

static int remove_in_change(struct admin_job *job, struct error *err)
{
	struct address address;
	int rc = job_address(job, "address", &address);
	if (rc == 0 && (rc = directory_address_remove(job_directory(job), &address, ADDRESS_ALIAS, err)) != 0)
		job_refuse_error(job, rc, "alias");
	return rc;
}

static int alias_remove(struct admin_job *job)
{
	return job_change(job, remove_in_change);
}

const struct admin_operation_row admin_address_rows[] = {
	{"alias.list", OBJECT_OWN_CHECK, NULL, alias_list},
	{"alias.add", OBJECT_NAMED, NULL, alias_add},
	{"alias.remove", OBJECT_NAMED, NULL, alias_remove},
	{0},
};
