#include "auth/admin_job.h"

#define LIST_BYTES_MAX (ADMIN_JSON_MAX - 8192) /* of members in one answer; the page ends there */

/* Appends the members of a group; *budget shrinks by what they take. False: the budget is used up. */
static bool append_members(struct admin_job *job, const struct address *group, json_t *out, size_t *budget)
{
	struct slice *members = arena_alloc_array(&job->arena, GROUP_MEMBERS_MAX, sizeof *members);
	int count = directory_members(job_directory(job), group->local, group->domain, &job->arena, members, GROUP_MEMBERS_MAX);
	for (int i = 0; i < count; i++) {
		if (members[i].n + 3 > *budget)
			return false;
		*budget -= members[i].n + 3;
		json_array_append_new(out, job_json(members[i]));
	}
	return true;
}

static json_t *group_json(struct admin_job *job, const struct directory_address *g, size_t *budget)
{
	struct address address;
	json_t *members = json_array(), *out = json_object();
	json_object_set_new(out, "address", job_json(g->address));
	json_object_set_new(out, "name", job_json(g->name));
	json_object_set_new(out, "members", members);
	if (address_parse(g->address, &job->arena, &address) == 0 && !append_members(job, &address, members, budget)) {
		json_object_set_new(out, "truncated", json_true());
		*budget = 0;
	}
	return out;
}

static int group_list(struct admin_job *job)
{
	struct directory_address *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	struct slice domain = SLICE_NONE;
	size_t budget = LIST_BYTES_MAX / 2;
	int rc = job_text(job, "domain").n > 0 ? job_domain(job, "domain", &domain) : 0;
	if (rc != 0)
		return rc;
	int count = directory_address_list(job_directory(job), ADDRESS_GROUP, domain, job_text(job, "after"), &job->arena, list,
		DIRECTORY_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "group");
	json_t *out = json_array();
	int shown = 0;
	for (; shown < count && shown < DIRECTORY_PAGE && budget > 0; shown++)
		if (job_may(job, AUTH_ACCOUNT_SEE, &(struct auth_object){.domain = address_domain_of(list[shown].address)}))
			json_array_append_new(out, group_json(job, &list[shown], &budget));
	job_set(job, "groups", out);
	job_set(job, "more", json_boolean(shown < count));
	if (shown < count)
		job_set(job, "next", job_json(list[shown - 1].address));
	return 0;
}

/* args.address as an existing group. */
static int load_group(struct admin_job *job, struct address *ret, struct directory_address *ret_group)
{
	int rc = job_address(job, "address", ret);
	if (rc != 0)
		return rc;
	rc = directory_address_get(job_directory(job), ret->local, ret->domain, &job->arena, ret_group);
	if (rc == 0 && ret_group->kind != ADDRESS_GROUP)
		rc = ERR_NOT_FOUND;
	ret_group->address = address_text(ret, &job->arena);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "group");
}

static int group_show(struct admin_job *job)
{
	struct address address;
	struct directory_address group;
	size_t budget = LIST_BYTES_MAX;
	int rc = load_group(job, &address, &group);
	if (rc != 0)
		return rc;
	json_decref(job->result);
	job->result = group_json(job, &group, &budget);
	return 0;
}

static int add_member(struct admin_job *job, const struct address *group, struct slice text, struct error *err)
{
	struct slice member;
	if (text.n == 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "A member needs an address.");
	int rc = job_target(job, "member", text, &member);
	if (rc == 0)
		rc = job_may_forward(job, address_text(group, &job->arena), member);
	if (rc == 0 && (rc = directory_member_add(job_directory(job), group, member, err)) != 0)
		job_refuse_error(job, rc, "member");
	return rc;
}

static int add_in_change(struct admin_job *job, struct error *err)
{
	struct address address;
	struct slice name;
	size_t i;
	json_t *member;
	int rc = job_own_address(job, "address", &address);
	if (rc == 0)
		rc = job_name(job, "name", &name);
	if (rc == 0 && (rc = directory_group_add(job_directory(job), &address, name, err)) != 0)
		job_refuse_error(job, rc, "address");
	json_array_foreach(json_object_get(job->args, "members"), i, member) {
		if (rc == 0)
			rc = add_member(job, &address, slice_make(json_string_value(member), json_string_length(member)), err);
	}
	return rc;
}

static int group_add(struct admin_job *job)
{
	return job_change(job, add_in_change);
}

static int remove_in_change(struct admin_job *job, struct error *err)
{
	struct address address;
	int rc = job_address(job, "address", &address);
	if (rc == 0 && (rc = directory_address_remove(job_directory(job), &address, ADDRESS_GROUP, err)) != 0)
		job_refuse_error(job, rc, "group");
	return rc;
}

static int group_remove(struct admin_job *job)
{
	return job_change(job, remove_in_change);
}

static int member_add_in_change(struct admin_job *job, struct error *err)
{
	struct address address;
	struct directory_address group;
	int rc = load_group(job, &address, &group);
	return rc == 0 ? add_member(job, &address, job_text(job, "member"), err) : rc;
}

static int member_add(struct admin_job *job)
{
	return job_change(job, member_add_in_change);
}

static int member_remove_in_change(struct admin_job *job, struct error *err)
{
	struct address address, member;
	struct directory_address group;
	int rc = load_group(job, &address, &group);
	if (rc == 0)
		rc = job_address(job, "member", &member);
	if (rc != 0)
		return rc;
	rc = directory_member_remove(job_directory(job), &address, address_text(&member, &job->arena), err);
	if (rc == ERR_NOT_FOUND) /* addresses outside keep their upper case */
		rc = directory_member_remove(job_directory(job), &address, arena_printf(&job->arena, "%.*s@%.*s", SLICE_ARG(member.given),
		                             SLICE_ARG(member.domain)), err);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "member");
}

static int member_remove(struct admin_job *job)
{
	return job_change(job, member_remove_in_change);
}

const struct admin_operation_row admin_group_rows[] = {
	{"group.list", OBJECT_OWN_CHECK, NULL, group_list},
	{"group.show", OBJECT_NAMED, NULL, group_show},
	{"group.add", OBJECT_NAMED, NULL, group_add},
	{"group.remove", OBJECT_NAMED, NULL, group_remove},
	{"group.member.add", OBJECT_NAMED, NULL, member_add},
	{"group.member.remove", OBJECT_NAMED, NULL, member_remove},
	{0},
};
