/* Conditional access: rehearsed on past sign-ins, confirmed by who would be locked out. */
#include <string.h>

#include "auth/admin_condition.h"
#include "auth/admin_device.h"

#define REHEARSE_MAX 20000 /* newest sign-ins that are looked at */
#define REHEARSE_PAGE 500
#define REHEARSE_SHOWN 200 /* accounts that would change */
#define DAY_S INT64_C(86400)

struct rehearsal {
	const json_t *now, *next;
	uint64_t checked, changed, denied, stepped, limited;
	json_t *who; /* address → {"from","to","rule","count","ip","protocol"} */
};

static void count_change(struct rehearsal *r, const struct account *account, const struct signin *s, enum condition_action from,
	enum condition_action to, struct slice rule)
{
	char address[DIRECTORY_NAME_MAX + 200];
	(void)snprintf(address, sizeof address, "%.*s", SLICE_ARG(account->address));
	r->changed++;
	r->denied += to == CONDITION_DENY;
	r->stepped += to == CONDITION_STEP_UP;
	r->limited += to == CONDITION_READ_ONLY;
	json_t *o = json_object_get(r->who, address);
	if (o != NULL) {
		json_object_set_new(o, "count", json_integer(json_integer_value(json_object_get(o, "count")) + 1));
		return;
	}
	if (json_object_size(r->who) >= REHEARSE_SHOWN)
		return;
	o = json_object();
	json_object_set_new(o, "address", job_json(account->address));
	json_object_set_new(o, "from", json_string(condition_action_name(from)));
	json_object_set_new(o, "to", json_string(condition_action_name(to)));
	json_object_set_new(o, "rule", job_json(rule));
	json_object_set_new(o, "ip", job_json(s->address));
	json_object_set_new(o, "protocol", json_string(access_protocol_name(s->protocol)));
	json_object_set_new(o, "count", json_integer(1));
	json_object_set_new(r->who, address, o);
}

static int rehearse_one(struct admin_job *job, struct rehearsal *r, const struct signin *s, const struct account *account)
{
	enum condition_action from = CONDITION_ALLOW, to = CONDITION_ALLOW;
	struct slice rule = SLICE_NONE, before;
	if (s->outcome == SIGNIN_REFUSED)
		return 0;
	int rc = access_replay(job_access(job), r->now, s, account, &from, &before);
	if (rc == 0)
		rc = access_replay(job_access(job), r->next, s, account, &to, &rule);
	r->checked++;
	if (rc == 0 && from != to)
		count_change(r, account, s, from, to, rule);
	return rc;
}

static int rehearse_page(struct admin_job *job, struct rehearsal *r, uint64_t *before)
{
	struct arena arena = ARENA_INIT;
	struct account account = {0};
	struct signin *list = arena_alloc_array(&arena, REHEARSE_PAGE, sizeof *list);
	int count = directory_signin_list(job_directory(job), NULL, job_unix(job) - SIGNIN_DAYS * DAY_S, *before, &arena, list, REHEARSE_PAGE);
	int rc = count < 0 ? count : 0;
	for (int i = 0; rc == 0 && i < count; i++) {
		if (memcmp(account.id, list[i].account, 16) != 0)
			rc = directory_account_get(job_directory(job), list[i].account, &arena, &account);
		if (rc == 0)
			rc = rehearse_one(job, r, &list[i], &account);
		rc = rc == ERR_NOT_FOUND ? 0 : rc;
		*before = list[i].id;
	}
	arena_free(&arena);
	return rc < 0 ? rc : count;
}

static void show(struct admin_job *job, struct rehearsal *r, bool more)
{
	const char *address;
	json_t *o, *list = json_array();
	json_object_foreach(r->who, address, o)
		json_array_append(list, o);
	job_set(job, "checked", json_integer((json_int_t)r->checked));
	job_set(job, "changed", json_integer((json_int_t)r->changed));
	job_set(job, "denied", json_integer((json_int_t)r->denied));
	job_set(job, "stepped_up", json_integer((json_int_t)r->stepped));
	job_set(job, "read_only", json_integer((json_int_t)r->limited));
	job_set(job, "who", list);
	job_set(job, "more", json_boolean(more));
}

static int condition_rehearse(struct admin_job *job)
{
	struct error err = {0};
	struct rehearsal r = {.next = json_object_get(job->args, "value"), .who = json_object()};
	uint64_t before = INT64_MAX;
	int count = REHEARSE_PAGE;
	int rc = condition_check(r.next, &err);
	if (rc != 0)
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "The rules are not right: %s.", err.private_text);
	access_flush(job_access(job));
	if (rc == 0 && access_conditions(job_access(job), job_unix(job), &r.now) != 0)
		rc = job_refuse_error(job, ERR_IO, "policy");
	while (rc == 0 && count == REHEARSE_PAGE && r.checked < REHEARSE_MAX)
		if ((count = rehearse_page(job, &r, &before)) < 0)
			rc = job_refuse_error(job, count, "sign-ins");
	if (rc == 0)
		show(job, &r, count == REHEARSE_PAGE);
	json_decref(r.who);
	return rc;
}

/* That this call got here proves it: every call is checked by the rules in force, which are the new ones. */
static int condition_confirm(struct admin_job *job)
{
	struct error err = {0};
	const json_t *waiting;
	if (directory_policy_json(job_directory(job), CONDITION_BEFORE, &waiting) != 0)
		return job_refuse_error(job, ERR_IO, "policy");
	if (json_object_get(waiting, "until") == NULL)
		return job_refuse(job, ADMIN_NOT_FOUND, "not_found", "No change of the conditions waits to be confirmed.");
	if (access_conditions_before(job_access(job), NULL, 0, job->subject.name, job_unix(job), &err) != 0)
		return job_refuse_error(job, ERR_IO, "policy");
	job_event(job, EV_POLICY_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_STR("rule", CONDITION_POLICY), LOG_STR("what", "confirmed"));
	return 0;
}

/* ---- a change of the policy ---- */

int conditions_guard(struct admin_job *job, const json_t *value)
{
	struct access_verdict verdict;
	struct account account;
	if (condition_needs_places(value) && !access_has_places(job_access(job)))
		return job_refuse(job, ADMIN_FAILED, "no_places", "The rules ask where an address is, but there is no database of places (auth.places).");
	if (job->subject.kind != AUTH_PERSON)
		return 0;
	int rc = directory_account_get(job_directory(job), job->subject.account, &job->arena, &account);
	if (rc == 0)
		rc = access_try(job_access(job), value, &account, &job->session, job->address, &job->arena, &verdict);
	if (rc != 0)
		return job_refuse_error(job, rc, "policy");
	return verdict.action == CONDITION_ALLOW ? 0
	     : job_refuse(job, ADMIN_DENIED, "locks_out", "Rule \"%.*s\" would shut you out of your own session (%s).", SLICE_ARG(verdict.rule),
		condition_action_name(verdict.action));
}

/* The last conditions that somebody confirmed: a second change within the time does not make the first one good. */
static int confirmed_conditions(struct admin_job *job, const json_t **ret)
{
	const json_t *waiting;
	int rc = access_conditions(job_access(job), job_unix(job), ret);
	if (rc == 0)
		rc = directory_policy_json(job_directory(job), CONDITION_BEFORE, &waiting);
	if (rc == 0 && json_object_get(waiting, "until") != NULL)
		*ret = json_object_get(waiting, "value");
	return rc;
}

int conditions_stored(struct admin_job *job, struct error *err)
{
	const json_t *before;
	int rc = confirmed_conditions(job, &before);
	if (rc == 0 && job->subject.kind == AUTH_PERSON)
		rc = access_conditions_before(job_access(job), before, job_unix(job) + job_settings(job)->confirm_s, job->subject.name, job_unix(job), err);
	else if (rc == 0)
		rc = access_conditions_before(job_access(job), NULL, 0, job->subject.name, job_unix(job), err);
	return rc;
}

const struct admin_operation_row admin_condition_rows[] = {
	{"condition.rehearse", OBJECT_NAMED, NULL, condition_rehearse},
	{"condition.confirm", OBJECT_NAMED, NULL, condition_confirm},
	{0},
};
