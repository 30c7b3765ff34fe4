/* Roles and grants: who may do what, who gave it, and why somebody may or may not. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/clearance.h"
#include "auth/delegation.h"
#include "auth/directory_role.h"
#include "base/codec.h"

#define CASE_DAYS_MAX 30 /* content is open no longer than this */
#define GRANT_DAYS_MAX 36500
#define DAY_S INT64_C(86400)

static json_t *right_names(auth_rights set)
{
	json_t *out = json_array();
	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++)
		if ((set & AUTH_BIT(i)) != 0)
			json_array_append_new(out, json_string(auth_right_name((enum auth_right)i)));
	return out;
}

/* ---- custom roles ---- */

static json_t *role_json(struct slice name, struct slice text, auth_rights set, bool builtin)
{
	json_t *o = json_object();
	json_object_set_new(o, "name", job_json(name));
	json_object_set_new(o, "text", job_json(text));
	json_object_set_new(o, "builtin", json_boolean(builtin));
	json_object_set_new(o, "rights", right_names(set));
	return o;
}

static int role_list(struct admin_job *job)
{
	struct directory_role *list = arena_alloc_array(&job->arena, CUSTOM_ROLES_MAX, sizeof *list);
	json_t *out = json_array();
	auth_rights set;
	const char *name;
	for (size_t i = 0; (name = auth_builtin_role_at(i, &set)) != NULL; i++)
		json_array_append_new(out, role_json(slice_str(name), SLICE_NONE, set, true));
	int count = directory_role_list(job_directory(job), &job->arena, list, CUSTOM_ROLES_MAX);
	for (int i = 0; i < count; i++)
		json_array_append_new(out, role_json(list[i].name, list[i].text, list[i].rights, false));
	job_set(job, "roles", out);
	return count < 0 ? job_refuse_error(job, count, "role") : 0;
}

static int role_rights(struct admin_job *job)
{
	json_t *out = json_array();
	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "name", json_string(auth_right_name((enum auth_right)i)));
		json_object_set_new(o, "class", json_string(auth_class_name(auth_right_class((enum auth_right)i))));
		json_object_set_new(o, "text", json_string(auth_right_text((enum auth_right)i)));
		json_array_append_new(out, o);
	}
	job_set(job, "rights", out);
	return 0;
}

static bool name_usable(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || (i > 0 && name.p[i] == '-')))
			return false;
	return name.n > 0 && name.n <= ROLE_NAME_MAX;
}

static int read_rights(struct admin_job *job, auth_rights *ret)
{
	const json_t *item;
	enum auth_right right, a, b;
	size_t i;
	*ret = 0;
	json_array_foreach(json_object_get(job->args, "rights"), i, item) {
		if (!auth_right_parse(slice_make(json_string_value(item), json_string_length(item)), &right))
			return job_refuse(job, ADMIN_INVALID, "invalid", "There is no right \"%s\"; letterlock role rights shows them.",
				json_string_value(item));
		*ret |= AUTH_BIT(right);
	}
	if (!auth_rights_separate(*ret, &a, &b))
		return job_refuse(job, ADMIN_DENIED, "separation", "%s and %s may not be in one hand.", auth_right_name(a), auth_right_name(b));
	return *ret != 0 ? 0 : job_refuse(job, ADMIN_INVALID, "invalid", "A role has at least one right.");
}

static int define_in_change(struct admin_job *job, struct error *err)
{
	struct directory_role role = {.name = job_text(job, "name"), .author = job->subject.name, .created = job_unix(job)};
	int rc = read_rights(job, &role.rights);
	if (rc == 0)
		rc = job_name(job, "text", &role.text);
	if (rc == 0 && (rc = directory_role_add(job_directory(job), &role, err)) != 0)
		job_refuse_error(job, rc, "role");
	return rc;
}

static int role_define(struct admin_job *job)
{
	auth_rights builtin;
	struct slice name = job_text(job, "name");
	if (!name_usable(name))
		return job_refuse(job, ADMIN_INVALID, "invalid", "The name of a role has at most %d letters a to z, digits and hyphens.", ROLE_NAME_MAX);
	if (auth_builtin_role(name, &builtin) || slice_eq(name, SLICE("staff")) || slice_eq(name, SLICE("setup")) || slice_eq(name, SLICE("break-glass")))
		return job_refuse_error(job, ERR_EXISTS, "role");
	int rc = job_change(job, define_in_change);
	if (rc == 0)
		job_event(job, EV_POLICY_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("rule", name), LOG_STR("what", "role defined"));
	return rc;
}

static bool asks_for(const struct directory_approval *a, struct slice role)
{
	json_t *args = json_loadb((const char *)a->args.p, a->args.n, 0, NULL);
	const char *name = json_string_value(json_object_get(args, "role"));
	bool same = name != NULL && slice_eq(slice_str(name), role);
	json_decref(args);
	return same;
}

/* A role that somebody has to approve stays what it was when it was asked for. 1: there is such a request, 0, or negative. */
static int is_asked_for(struct admin_job *job, struct slice role)
{
	struct directory_approval *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE, sizeof *list);
	uint32_t after = 0;
	int count;
	do {
		count = directory_approval_list(job_directory(job), APPROVAL_ASKED, after, &job->arena, list, DIRECTORY_PAGE);
		for (int i = 0; i < count; i++) {
			after = list[i].id;
			if (list[i].ends > job_unix(job) && asks_for(&list[i], role))
				return 1;
		}
	} while (count == DIRECTORY_PAGE);
	return count < 0 ? count : 0;
}

static int remove_in_change(struct admin_job *job, struct error *err)
{
	int rc = is_asked_for(job, job_text(job, "name"));
	if (rc == 1)
		return job_refuse(job, ADMIN_FAILED, "in_use", "Somebody has asked for this role, and nobody has decided (letterlock approval list).");
	if (rc == 0)
		rc = directory_role_remove(job_directory(job), job_text(job, "name"), err);
	if (rc != 0)
		job_refuse_error(job, rc, "role");
	return rc;
}

static int role_remove(struct admin_job *job)
{
	int rc = job_change(job, remove_in_change);
	if (rc == 0)
		job_event(job, EV_POLICY_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("rule", job_text(job, "name")),
			LOG_STR("what", "role removed"));
	return rc;
}

/* ---- granting ---- */

static bool holds_content(auth_rights set)
{
	return (set & auth_class_rights(AUTH_CLASS_CONTENT)) != 0;
}

/* Not to oneself, and nothing that must be apart from what the person has. */
static int check_apart(struct admin_job *job, const struct account *account, auth_rights set)
{
	auth_rights has = 0;
	enum auth_right a, b;
	if (memcmp(job->subject.account, account->id, 16) == 0)
		return job_refuse(job, ADMIN_DENIED, "self", "Nobody changes the own rights.");
	int rc = auth_rights_of(job_directory(job), account, job_unix(job), &has);
	if (rc != 0)
		return job_refuse_error(job, rc, "user");
	return auth_rights_separate(has | set, &a, &b) ? 0
	     : job_refuse(job, ADMIN_DENIED, "separation", "%s and %s may not be in one hand.", auth_right_name(a), auth_right_name(b));
}

/* Where it matters, not alone either. A mailbox is its owner's: beside the owner (delegate.add) two persons widen who may do what in it. */
static int check_giving(struct admin_job *job, const struct account *account, auth_rights set, enum auth_scope scope)
{
	int rc = check_apart(job, account, set);
	bool two = auth_rights_privileged(set) || scope == AUTH_SCOPE_MAILBOX;
	return rc == 0 && two ? job_second_person(job, holds_content(set) ? AUTH_CASE_APPROVE : AUTH_ACT_APPROVE) : rc;
}

int job_may_give_role(struct admin_job *job, const struct account *account, enum auth_role role)
{
	struct auth_object object = job_object(account);
	struct account plain = *account;
	auth_rights set = 0;
	/* The old primary role goes: it does not count against the new one. */
	plain.role = AUTH_ROLE_USER;
	(void)auth_builtin_role(slice_str(auth_role_name(role)), &set);
	int rc = job_permit(job, AUTH_ROLE_GRANT, &object);
	/* The emergency access may make an administrator, an officer or an approver anew: without them nothing could be approved. */
	if (rc == 0 && job->subject.kind == AUTH_LOCAL_BREAK_GLASS
	    && (role == AUTH_ROLE_ADMINISTRATOR || role == AUTH_ROLE_OFFICER || role == AUTH_ROLE_APPROVER))
		return check_apart(job, &plain, set);
	if (rc == 0 && auth_role_privileged(account->role) && role == AUTH_ROLE_USER)
		return memcmp(job->subject.account, account->id, 16) == 0 ? job_refuse(job, ADMIN_DENIED, "self", "Nobody changes the own rights.") : 0;
	return rc == 0 ? check_giving(job, &plain, set, AUTH_SCOPE_ORGANISATION) : rc;
}

/* ret_mailbox: whose mailbox it is, when the scope is one. */
static int read_scope(struct admin_job *job, auth_rights set, struct directory_grant *g, struct account *ret_mailbox)
{
	struct slice scope = job_text(job, "scope");
	struct address address;
	g->scope = AUTH_SCOPE_ORGANISATION;
	g->value = job_text(job, "value");
	if (scope.n > 0 && !auth_scope_parse(scope, &g->scope))
		return job_refuse(job, ADMIN_INVALID, "invalid", "Scopes are mailbox, department, domain, organisation and case.");
	if (!auth_scope_fits(set, g->scope) || g->scope == AUTH_SCOPE_OWN)
		return job_refuse(job, ADMIN_INVALID, "scope", "This role cannot be granted in the scope \"%s\".", auth_scope_name(g->scope));
	if ((g->value.n == 0) != (g->scope == AUTH_SCOPE_ORGANISATION))
		return job_refuse(job, ADMIN_INVALID, "invalid", "A scope has a value: the address, department, domain or number of the case.");
	if (g->scope == AUTH_SCOPE_DOMAIN)
		return job_domain(job, "value", &g->value);
	if (g->scope == AUTH_SCOPE_MAILBOX) {
		struct directory_address found;
		int rc = job_address(job, "value", &address);
		if (rc == 0 && (directory_address_get(job_directory(job), address.local, address.domain, &job->arena, &found) != 0
		                || found.kind != ADDRESS_ACCOUNT
		                || directory_account_get(job_directory(job), found.account, &job->arena, ret_mailbox) != 0))
			rc = job_refuse_error(job, ERR_NOT_FOUND, "user");
		struct buf hex = BUF_INIT(32);
		if (rc == 0) {
			hex_encode(slice_make(found.account, 16), &hex);
			g->value = arena_dup(&job->arena, buf_slice(&hex));
		}
		buf_free(&hex);
		return rc;
	}
	return 0;
}

/* Nobody grants over more than where he may grant. */
static int check_reach(struct admin_job *job, const struct directory_grant *g, const struct account *mailbox)
{
	struct auth_object object = {0};
	if (g->scope == AUTH_SCOPE_DEPARTMENT)
		object.department = g->value;
	else if (g->scope == AUTH_SCOPE_DOMAIN)
		object.domain = g->value;
	else if (g->scope == AUTH_SCOPE_MAILBOX)
		object = job_object(mailbox);
	return job_permit(job, AUTH_ROLE_GRANT, &object);
}

static int read_time(struct admin_job *job, auth_rights set, struct directory_grant *g)
{
	json_int_t days = json_integer_value(json_object_get(job->args, "days"));
	if (days < 0 || days > GRANT_DAYS_MAX)
		return job_refuse(job, ADMIN_INVALID, "invalid", "A grant ends after at most %d days; 0: never.", GRANT_DAYS_MAX);
	g->starts = g->created = job_unix(job);
	g->ends = days > 0 ? g->starts + (int64_t)days * DAY_S : 0;
	if (holds_content(set) && (g->ends == 0 || g->ends - g->starts > CASE_DAYS_MAX * DAY_S))
		return job_refuse(job, ADMIN_INVALID, "time", "Content is opened for 1 to %d days.", CASE_DAYS_MAX);
	return 0;
}

static int grant_add(struct admin_job *job)
{
	struct error err = {0};
	struct directory_grant g = {.role = job_text(job, "role"), .state = GRANT_ACTIVE, .author = job->subject.name, .approver = job->approver};
	struct account mailbox = {0};
	auth_rights set = 0;
	uint32_t id = 0;
	int rc = directory_role_rights(job_directory(job), g.role, &set);
	if (rc != 0)
		return job_refuse_error(job, rc, "role");
	memcpy(g.account, job->account.id, sizeof g.account);
	rc = job_name(job, "reason", &g.reason);
	if (rc == 0 && g.reason.n == 0)
		rc = job_refuse(job, ADMIN_INVALID, "reason", "Say why the role is granted.");
	if (rc == 0)
		rc = read_scope(job, set, &g, &mailbox);
	if (rc == 0)
		rc = read_time(job, set, &g);
	if (rc == 0)
		rc = check_reach(job, &g, &mailbox);
	if (rc == 0)
		rc = check_giving(job, &job->account, set, g.scope);
	if (rc != 0)
		return rc;
	if ((rc = directory_grant_add(job_directory(job), &g, &id, &err)) != 0)
		return job_refuse_error(job, rc, "grant");
	job_set(job, "id", json_integer(id));
	job_event(job, EV_RIGHT_GRANTED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_TEXT("right", g.role),
		LOG_TEXT("target", job_text(job, "value")), LOG_NUM("until", g.ends));
	/* Whoever becomes privileged signs in again, by the rules that hold now. */
	if (auth_rights_privileged(set))
		job_host(job)->revoke(job_host(job)->arg, job->account.id, 0);
	return 0;
}

static json_t *grant_json(struct admin_job *job, const struct directory_grant *g)
{
	struct account account;
	json_t *o = json_object();
	bool found = directory_account_get(job_directory(job), g->account, &job->arena, &account) == 0;
	json_object_set_new(o, "id", json_integer(g->id));
	json_object_set_new(o, "address", job_json(found ? account.address : SLICE_NONE));
	json_object_set_new(o, "role", job_json(g->role));
	json_object_set_new(o, "scope", json_string(auth_scope_name(g->scope)));
	json_object_set_new(o, "value", job_json(g->value));
	json_object_set_new(o, "starts", json_integer((json_int_t)g->starts));
	json_object_set_new(o, "ends", json_integer((json_int_t)g->ends));
	json_object_set_new(o, "author", job_json(g->author));
	json_object_set_new(o, "approver", job_json(g->approver));
	json_object_set_new(o, "reason", job_json(g->reason));
	json_object_set_new(o, "reviewed", json_integer((json_int_t)g->reviewed));
	return o;
}

static int after_number(struct admin_job *job, uint32_t *ret)
{
	*ret = 0;
	return job_text(job, "after").n == 0 || slice_to_u32(job_text(job, "after"), ret) == 0 ? 0
	     : job_refuse(job, ADMIN_INVALID, "invalid", "\"after\" is the number of the last row of the former page.");
}

static int grant_list(struct admin_job *job)
{
	struct directory_grant *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	uint32_t after;
	json_t *out = json_array();
	if (after_number(job, &after) != 0) {
		json_decref(out);
		return ERR_DENIED;
	}
	int count = directory_grant_list(job_directory(job), GRANT_ACTIVE, after, &job->arena, list, DIRECTORY_PAGE + 1);
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++) {
		struct account account;
		if (directory_account_get(job_directory(job), list[i].account, &job->arena, &account) != 0)
			continue;
		struct auth_object object = job_object(&account);
		if (job_may(job, AUTH_ROLE_SEE, &object))
			json_array_append_new(out, grant_json(job, &list[i]));
	}
	job_set(job, "grants", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(arena_printf(&job->arena, "%u", list[DIRECTORY_PAGE - 1].id)));
	return count < 0 ? job_refuse_error(job, count, "grant") : 0;
}

static int grant_end(struct admin_job *job)
{
	struct error err = {0};
	struct directory_grant g;
	struct account account;
	uint32_t id = (uint32_t)json_integer_value(json_object_get(job->args, "id"));
	int rc = directory_grant_get(job_directory(job), id, &job->arena, &g);
	if (rc == 0)
		rc = directory_account_get(job_directory(job), g.account, &job->arena, &account);
	if (rc != 0)
		return job_refuse_error(job, rc, "grant");
	struct auth_object object = job_object(&account);
	if (job_permit(job, AUTH_ROLE_GRANT, &object) != 0)
		return ERR_DENIED;
	rc = directory_grant_end(job_directory(job), id, job_unix(job), &err);
	if (rc != 0)
		return job_refuse_error(job, rc, "grant");
	job_event(job, EV_RIGHT_REVOKED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", account.address), LOG_TEXT("right", g.role),
		LOG_TEXT("target", g.value));
	job_revoke_account(job, g.account);
	delegation_sweep(job_directory(job), job_host(job), job_unix(job));
	return 0;
}

/* ---- what somebody may do, and why ---- */

static json_t *simulate_row(enum auth_right right, const struct auth_subject *subject, int64_t now)
{
	json_t *where = json_array(), *o = json_object();
	for (size_t i = 0; i < subject->grant_count; i++) {
		const struct auth_grant *g = &subject->grants[i];
		if ((g->rights & AUTH_BIT(right)) == 0 || g->starts > now || (g->ends != 0 && g->ends <= now))
			continue;
		json_t *w = json_object();
		json_object_set_new(w, "scope", json_string(auth_scope_name(g->scope)));
		json_object_set_new(w, "value", job_json(g->value));
		json_object_set_new(w, "role", job_json(g->role));
		json_object_set_new(w, "grant", json_integer(g->id));
		json_object_set_new(w, "ends", json_integer((json_int_t)g->ends));
		json_array_append_new(where, w);
	}
	json_object_set_new(o, "right", json_string(auth_right_name(right)));
	json_object_set_new(o, "text", json_string(auth_right_text(right)));
	json_object_set_new(o, "class", json_string(auth_class_name(auth_right_class(right))));
	json_object_set_new(o, "allowed", json_boolean(json_array_size(where) > 0));
	json_object_set_new(o, "because", where);
	return o;
}

static json_t *simulate_operations(const struct auth_subject *subject, int64_t now)
{
	const struct auth_operation *op;
	struct auth_object any = {.any = true};
	json_t *out = json_array();
	for (size_t i = 0; (op = auth_operation_at(i)) != NULL; i++)
		if (op->right == AUTH_ANYBODY || auth_permit(subject, op->right, &any, now))
			json_array_append_new(out, json_stringn((const char *)op->name.p, op->name.n));
	return out;
}

static int role_simulate(struct admin_job *job)
{
	struct auth_subject subject;
	int64_t now = job_unix(job);
	unsigned kinds = 0;
	bool enforced = false, in_grace = false;
	int rc = auth_subject_of(job_directory(job), &job->account, now, &job->arena, &subject);
	if (rc != 0)
		return job_refuse_error(job, rc, "user");
	json_t *rights = json_array();
	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++)
		json_array_append_new(rights, simulate_row((enum auth_right)i, &subject, now));
	job_set(job, "address", job_json(job->account.address));
	job_set(job, "role", json_string(auth_role_name(job->account.role)));
	job_set(job, "state", json_string(account_state_name(job->account.state)));
	unsigned level = 0;
	const char *why = "";
	(void)auth_clearance(job_directory(job), job->account.address, true, &level, &why);
	job_set(job, "clearance", json_string(clearance_name(level)));
	job_set(job, "clearance_by", json_string(why));
	job_set(job, "rights", rights);
	job_set(job, "operations", simulate_operations(&subject, now));
	(void)auth_factors_needed(job_directory(job), &job->account, job_host(job)->now(job_host(job)->arg), &kinds, &enforced, &in_grace);
	job_set(job, "second_factor", json_boolean(kinds != 0));
	job_set(job, "second_factor_enforced", json_boolean(enforced));
	return 0;
}

const struct admin_operation_row admin_role_rows[] = {
	{"role.list", OBJECT_OWN_CHECK, NULL, role_list},
	{"role.rights", OBJECT_OWN_CHECK, NULL, role_rights},
	{"role.define", OBJECT_NAMED, NULL, role_define},
	{"role.remove", OBJECT_NAMED, NULL, role_remove},
	{"role.simulate", OBJECT_ACCOUNT, NULL, role_simulate},
	{"grant.add", OBJECT_ACCOUNT, NULL, grant_add},
	{"grant.list", OBJECT_OWN_CHECK, NULL, grant_list},
	{"grant.end", OBJECT_OWN_CHECK, NULL, grant_end},
	{0},
};
