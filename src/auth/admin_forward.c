/* Mail that leaves by itself: who allows it, for how long (auth/forward.h). */
#include "auth/admin_job.h"
#include "auth/forward.h"

#define DAY_S INT64_C(86400)

int job_may_forward(struct admin_job *job, struct slice source, struct slice target)
{
	int rc = target.n > 0 ? forward_allowed(job_directory(job), source, target, job_unix(job)) : 1;
	if (rc < 0)
		return job_refuse_error(job, rc, "address");
	return rc > 0 ? 0 : job_refuse(job, ADMIN_DENIED, "forward_outside",
		"Mail to %.*s would leave the organisation by itself. A security officer can allow that for a time: letterlock forward allow %.*s %.*s",
		SLICE_ARG(source), SLICE_ARG(source), SLICE_ARG(target));
}

/* An address, or "@domain". */
static int read_end(struct admin_job *job, const char *name, struct slice *ret)
{
	struct slice text = job_text(job, name), domain;
	struct address a;
	if (text.n > 0 && text.p[0] == '@' && address_domain(slice_from(text, 1), &job->arena, &domain) == 0)
		*ret = arena_printf(&job->arena, "@%.*s", SLICE_ARG(domain));
	else if (address_parse(text, &job->arena, &a) == 0)
		*ret = address_text(&a, &job->arena);
	else
		return job_refuse(job, ADMIN_INVALID, "invalid", "The %s is neither an address nor \"@\" and a domain.", name);
	return 0;
}

static int is_ours(struct admin_job *job, struct slice end)
{
	struct directory_domain domain;
	return directory_domain_get(job_directory(job), address_domain_of(end), &job->arena, &domain);
}

static int read_exception(struct admin_job *job, struct forward_exception *e)
{
	json_int_t days = json_integer_value(json_object_get(job->args, "days"));
	int rc = read_end(job, "source", &e->source);
	if (rc == 0)
		rc = read_end(job, "target", &e->target);
	if (rc == 0)
		rc = job_name(job, "reason", &e->reason);
	if (rc != 0)
		return rc;
	if (days < 1 || days > FORWARD_DAYS_MAX)
		return job_refuse(job, ADMIN_INVALID, "invalid", "An exception lasts 1 to %d days.", FORWARD_DAYS_MAX);
	if (e->reason.n == 0)
		return job_refuse(job, ADMIN_INVALID, "reason", "Say why: it stands in the record.");
	rc = is_ours(job, e->source);
	if (rc != 0)
		return job_refuse_error(job, rc, "domain of the source");
	rc = is_ours(job, e->target);
	if (rc == 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "The target is not outside: nothing has to be allowed.");
	e->author = job->subject.name;
	e->approver = job->approver;
	e->created = job_unix(job);
	e->ends = e->created + days * DAY_S;
	return rc == ERR_NOT_FOUND ? 0 : job_refuse_error(job, rc, "domain");
}

static int store(struct admin_job *job, struct error *err)
{
	struct forward_exception e = {0};
	uint32_t id = 0;
	int rc = read_exception(job, &e);
	if (rc == 0)
		rc = directory_forward_add(job_directory(job), &e, &id, err);
	job_set(job, "id", json_integer(id));
	return rc;
}

static void record(struct admin_job *job, const struct forward_exception *e, const char *what)
{
	job_event(job, EV_FORWARD_RULE, LOG_TEXT("user", e->source), LOG_TEXT("actor", job->subject.name), LOG_TEXT("to", e->target), LOG_STR("what", what));
}

static int forward_allow(struct admin_job *job)
{
	struct forward_exception e = {0};
	int rc = read_exception(job, &e);
	if (rc == 0)
		rc = job_step_up(job);
	if (rc == 0)
		rc = job_second_person(job, AUTH_ACT_APPROVE);
	if (rc == 0)
		rc = job_change(job, store);
	if (rc == 0)
		record(job, &e, "allowed");
	return rc;
}

static int forward_list(struct admin_job *job)
{
	struct forward_exception *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	struct slice page = job_text(job, "after");
	uint32_t after = 0;
	if (page.n > 0 && slice_to_u32(page, &after) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "after is \"next\" of the former page.");
	int count = directory_forward_list(job_directory(job), after, &job->arena, list, DIRECTORY_PAGE + 1);
	json_t *out = json_array();
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "id", json_integer(list[i].id));
		json_object_set_new(o, "source", job_json(list[i].source));
		json_object_set_new(o, "target", job_json(list[i].target));
		json_object_set_new(o, "author", job_json(list[i].author));
		json_object_set_new(o, "approver", job_json(list[i].approver));
		json_object_set_new(o, "reason", job_json(list[i].reason));
		json_object_set_new(o, "created", json_integer((json_int_t)list[i].created));
		json_object_set_new(o, "ends", json_integer((json_int_t)list[i].ends));
		json_array_append_new(out, o);
	}
	job_set(job, "forwards", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(arena_printf(&job->arena, "%u", list[DIRECTORY_PAGE - 1].id)));
	return count < 0 ? job_refuse_error(job, count, "forward") : 0;
}

static int end_in_change(struct admin_job *job, struct error *err)
{
	return directory_forward_end(job_directory(job), (uint32_t)json_integer_value(json_object_get(job->args, "id")), err);
}

static int forward_end(struct admin_job *job)
{
	struct forward_exception e;
	json_int_t id = json_integer_value(json_object_get(job->args, "id"));
	int rc = id > 0 && id <= UINT32_MAX ? directory_forward_get(job_directory(job), (uint32_t)id, &job->arena, &e) : ERR_NOT_FOUND;
	if (rc == 0)
		rc = job_change(job, end_in_change);
	if (rc != 0)
		return job_refuse_error(job, rc, "exception");
	record(job, &e, "ended");
	return 0;
}

const struct admin_operation_row admin_forward_rows[] = {
	{"forward.allow", OBJECT_NAMED, NULL, forward_allow},
	{"forward.list", OBJECT_NAMED, NULL, forward_list},
	{"forward.end", OBJECT_NAMED, NULL, forward_end},
	{0},
};
