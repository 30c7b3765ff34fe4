/* The second person: what nobody does alone is asked here, and given or refused by somebody else. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/directory_role.h"

static const char *state_name(enum approval_state state)
{
	switch (state) {
	case APPROVAL_ASKED: return "asked";
	case APPROVAL_GIVEN: return "given";
	case APPROVAL_REFUSED: return "refused";
	case APPROVAL_WITHDRAWN: return "withdrawn";
	}
	return "";
}

static json_t *approval_json(const struct directory_approval *a, int64_t now)
{
	json_t *o = json_object(), *args = json_loadb((const char *)a->args.p, a->args.n, 0, NULL);
	json_object_set_new(o, "id", json_integer(a->id));
	json_object_set_new(o, "operation", job_json(a->operation));
	json_object_set_new(o, "args", args != NULL ? args : json_object());
	json_object_set_new(o, "asker", job_json(a->asker_name));
	json_object_set_new(o, "reason", job_json(a->reason));
	json_object_set_new(o, "state", json_string(a->state == APPROVAL_ASKED && a->ends <= now ? "lapsed" : state_name(a->state)));
	json_object_set_new(o, "needs", json_string(auth_right_name(a->needs)));
	json_object_set_new(o, "decider", job_json(a->decider));
	json_object_set_new(o, "created", json_integer((json_int_t)a->created));
	json_object_set_new(o, "ends", json_integer((json_int_t)a->ends));
	return o;
}

/* Those one may decide, and one's own. */
static bool may_see(const struct admin_job *job, const struct directory_approval *a)
{
	struct auth_object organisation = {.any = true};
	return job_may(job, a->needs, &organisation) || job_may(job, AUTH_ROLE_SEE, &organisation)
	       || (job->subject.kind == AUTH_PERSON && !job->subject.token && memcmp(a->asker, job->subject.account, 16) == 0);
}

/* Strangers do not even learn how many there are. */
static int signed_in(struct admin_job *job)
{
	return job->subject.kind != AUTH_NOBODY ? 0 : job_refuse(job, ADMIN_DENIED, "sign_in", "You are not signed in: %s.", job->why);
}

static int approval_list(struct admin_job *job)
{
	struct directory_approval *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	json_t *out;
	uint32_t after = 0;
	if (signed_in(job) != 0)
		return ERR_DENIED;
	out = json_array();
	if (job_text(job, "after").n > 0)
		(void)slice_to_u32(job_text(job, "after"), &after);
	unsigned state = json_is_true(json_object_get(job->args, "all")) ? 0 : APPROVAL_ASKED;
	int count = directory_approval_list(job_directory(job), state, after, &job->arena, list, DIRECTORY_PAGE + 1);
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++)
		if (may_see(job, &list[i]))
			json_array_append_new(out, approval_json(&list[i], job_unix(job)));
	job_set(job, "approvals", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(arena_printf(&job->arena, "%u", list[DIRECTORY_PAGE - 1].id)));
	return count < 0 ? job_refuse_error(job, count, "approval") : 0;
}

static int load(struct admin_job *job, struct directory_approval *ret)
{
	uint32_t id = (uint32_t)json_integer_value(json_object_get(job->args, "id"));
	int rc = signed_in(job);
	if (rc != 0)
		return rc;
	rc = directory_approval_get(job_directory(job), id, &job->arena, ret);
	if (rc != 0 || !may_see(job, ret))
		return job_refuse_error(job, rc != 0 ? rc : ERR_NOT_FOUND, "approval");
	if (ret->state != APPROVAL_ASKED || ret->ends <= job_unix(job))
		return job_refuse(job, ADMIN_FAILED, "decided", "This request is %s.", ret->state == APPROVAL_ASKED ? "too old" : state_name(ret->state));
	return 0;
}

static bool is_asker(const struct admin_job *job, const struct directory_approval *a)
{
	return memcmp(a->asker, job->subject.account, 16) == 0;
}

/* Is the subject this address, however it was written? */
static bool is_subject(struct admin_job *job, const json_t *text)
{
	struct address address;
	return json_is_string(text) && address_parse(slice_str(json_string_value(text)), &job->arena, &address) == 0
	       && slice_eq(address_text(&address, &job->arena), job->subject.name);
}

/* The emergency access of the local user as whom the asker works on this machine is no second person. */
static int check_emergency(struct admin_job *job, const struct directory_approval *a)
{
	if (job->subject.kind != AUTH_LOCAL_BREAK_GLASS)
		return 0;
	int rc = auth_local_used(job_directory(job), a->asker, job->uid, job_unix(job) - AUTH_LOCAL_USE_S);
	if (rc == 0)
		return 0;
	if (rc < 0)
		return job_refuse_error(job, rc, "approval");
	job_event(job, EV_APPROVAL_SELF, LOG_TEXT("actor", a->asker_name), LOG_TEXT("approver", job->subject.name), LOG_NUM("id", a->id),
		LOG_TEXT("kind", a->operation));
	return job_refuse(job, ADMIN_DENIED, "self", "%.*s works on this machine as the same local user: that is one person, not two.",
		SLICE_ARG(a->asker_name));
}

/* Neither who asked nor whom it is about, or who gets something by it, decides. */
static int check_decider(struct admin_job *job, const struct directory_approval *a)
{
	json_t *args = json_loadb((const char *)a->args.p, a->args.n, 0, NULL);
	bool own = is_subject(job, json_object_get(args, "address")) || is_subject(job, json_object_get(args, "target"))
	           || is_subject(job, json_object_get(args, "value"));
	struct auth_object organisation = {0};
	json_decref(args);
	if (is_asker(job, a) || own)
		return job_refuse(job, ADMIN_DENIED, "self", "Nobody approves what he asked for or what is about himself.");
	int rc = job_permit(job, a->needs, &organisation);
	return rc == 0 ? check_emergency(job, a) : rc;
}

static int decide(struct admin_job *job, const struct directory_approval *a, enum approval_state state)
{
	struct error err = {0};
	int rc = directory_approval_decide(job_directory(job), a->id, state, job->subject.name, job_unix(job), &err);
	return rc == 0 ? 0 : rc == ERR_CONFLICT ? job_refuse(job, ADMIN_FAILED, "decided", "Somebody else has decided already.")
	                                         : job_refuse_error(job, rc, "approval");
}

static int approval_give(struct admin_job *job)
{
	struct directory_approval a;
	char operation[64];
	int rc = load(job, &a);
	if (rc == 0)
		rc = check_decider(job, &a);
	if (rc == 0)
		rc = job_step_up(job);
	if (rc == 0)
		rc = decide(job, &a, APPROVAL_GIVEN);
	if (rc != 0)
		return rc;
	memset(operation, 0, sizeof operation);
	memcpy(operation, a.operation.p, a.operation.n < sizeof operation ? a.operation.n : sizeof operation - 1);
	job_event(job, EV_APPROVAL_GIVEN, LOG_TEXT("actor", a.asker_name), LOG_TEXT("approver", job->subject.name), LOG_NUM("id", a.id),
		LOG_TEXT("kind", a.operation));
	return job_run_approved(job, operation, a.args, a.asker, a.asker_name);
}

static int approval_refuse(struct admin_job *job)
{
	struct directory_approval a;
	int rc = load(job, &a);
	bool own = rc == 0 && is_asker(job, &a);
	if (rc == 0 && !own)
		rc = check_decider(job, &a);
	if (rc == 0)
		rc = decide(job, &a, own ? APPROVAL_WITHDRAWN : APPROVAL_REFUSED);
	if (rc == 0)
		job_event(job, EV_APPROVAL_REFUSED, LOG_TEXT("actor", a.asker_name), LOG_TEXT("approver", job->subject.name), LOG_NUM("id", a.id),
			LOG_TEXT("kind", a.operation), LOG_TEXT("reason", job_text(job, "reason")));
	return rc;
}

const struct admin_operation_row admin_approval_rows[] = {
	{"approval.list", OBJECT_OWN_CHECK, NULL, approval_list},
	{"approval.give", OBJECT_OWN_CHECK, NULL, approval_give},
	{"approval.refuse", OBJECT_OWN_CHECK, NULL, approval_refuse},
	{0},
};
