/* Policies of the directory: JSON values by name, each with a check of its own. */
#include <string.h>

#include "auth/admin_condition.h"
#include "auth/directory_role.h"
#include "auth/factors_policy.h"
#include "auth/forward.h"
#include "auth/hygiene.h"
#include "auth/reading.h"
#include "auth/release.h"

/* before: the stored text, empty when there is none. *ret_stored: what is kept. ERR_INVALID: err says why. */
typedef int policy_check_fn(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err);

/* Kept as it was given. */
static int keep(int rc, const json_t *value, json_t **ret_stored)
{
	if (rc == 0)
		*ret_stored = json_deep_copy(value);
	return rc;
}

static int check_devices(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err)
{
	return keep(devices_policy_check(value, err), value, ret_stored);
}

static int check_clients(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err)
{
	return keep(clients_policy_check(value, err), value, ret_stored);
}

static int check_conditions(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err)
{
	return keep(condition_check(value, err), value, ret_stored);
}

static int check_hygiene(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err)
{
	return keep(hygiene_policy_check(value, err), value, ret_stored);
}

static int check_forward(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err)
{
	return keep(forward_policy_check(value, err), value, ret_stored);
}

static int check_reading(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err)
{
	return keep(reading_policy_check(value, err), value, ret_stored);
}

static int check_quarantine(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err)
{
	return keep(release_policy_check(value, err), value, ret_stored);
}

/* Who may not do it alone may not allow it to himself alone either. */
static int guard_quarantine(struct admin_job *job, const json_t *value)
{
	int rc = release_policy_widens(job_directory(job), value);
	return rc < 0 ? job_refuse_error(job, rc, "policy") : rc > 0 ? job_second_person(job, AUTH_ACT_APPROVE) : 0;
}

static const struct policy {
	const char *name;
	policy_check_fn *check;
	const char *fallback; /* what holds when it was never set */
	int (*guard)(struct admin_job *job, const json_t *value);        /* may the subject set this? Refused otherwise; NULL: by right alone */
	int (*storing)(struct admin_job *job, struct error *err);        /* inside the change, before it is stored; NULL: nothing */
} policies[] = {
	{FACTORS_POLICY, factors_policy_check, "{\"roles\":[],\"groups\":[],\"grace_days\":0}", NULL, NULL},
	{DEVICES_POLICY, check_devices, "{\"approval\":\"none\"}", NULL, NULL},
	{CLIENTS_POLICY, check_clients, "{\"rows\":[]}", NULL, NULL},
	{CONDITION_POLICY, check_conditions, "{\"rules\":[]}", conditions_guard, conditions_stored},
	{HYGIENE_POLICY, check_hygiene, "{\"days\":90,\"review_days\":0}", NULL, NULL},
	{FORWARD_POLICY, check_forward, "{\"outside\":false}", NULL, NULL},
	{READING_POLICY, check_reading, READING_FALLBACK, NULL, NULL},
	{RELEASE_POLICY, check_quarantine, RELEASE_FALLBACK, guard_quarantine, NULL},
};

static const struct policy *find(struct admin_job *job)
{
	struct slice name = job_text(job, "name");
	for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
		if (slice_eq(name, slice_str(policies[i].name)))
			return &policies[i];
	job_refuse(job, ADMIN_NOT_FOUND, "not_found", "There is no such policy.");
	return NULL;
}

static int load(struct admin_job *job, const struct policy *policy, struct slice *ret)
{
	int rc = directory_policy_get(job_directory(job), policy->name, &job->arena, ret);
	if (rc == ERR_NOT_FOUND)
		*ret = SLICE_NONE;
	return rc == 0 || rc == ERR_NOT_FOUND ? 0 : job_refuse_error(job, rc, "policy");
}

static int policy_get(struct admin_job *job)
{
	const struct policy *policy = find(job);
	struct slice text = SLICE_NONE;
	int rc = policy != NULL ? load(job, policy, &text) : ERR_DENIED;
	if (rc != 0)
		return rc;
	if (text.n == 0)
		text = slice_str(policy->fallback);
	job_set(job, "name", json_string(policy->name));
	job_set(job, "value", json_loadb((const char *)text.p, text.n, 0, NULL));
	return 0;
}

static int store(struct admin_job *job, struct error *err)
{
	const struct policy *policy = find(job);
	int rc = policy->storing != NULL ? policy->storing(job, err) : 0;
	if (rc != 0)
		return rc;
	const json_t *value = json_object_get(job->result, "value");
	size_t size = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_SORT_KEYS);
	if (size == 0 || size > POLICY_VALUE_MAX)
		return ERR_LIMIT;
	char *text = arena_alloc(&job->arena, size);
	(void)json_dumpb(value, text, size, JSON_COMPACT | JSON_SORT_KEYS);
	return directory_policy_set(job_directory(job), json_string_value(json_object_get(job->result, "name")), slice_make(text, size),
		job->subject.name, job_unix(job), err);
}

static int policy_set(struct admin_job *job)
{
	struct error err = {0};
	const struct policy *policy = find(job);
	struct slice before = SLICE_NONE;
	json_t *stored = NULL;
	int rc = policy != NULL ? load(job, policy, &before) : ERR_DENIED;
	if (rc == 0)
		rc = job_step_up(job);
	if (rc != 0)
		return rc;
	rc = policy->check(job_directory(job), json_object_get(job->args, "value"), before, job_unix(job), &stored, &err);
	if (rc != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "The policy is not right: %s.", err.private_text);
	if (policy->guard != NULL && policy->guard(job, stored) != 0) {
		json_decref(stored);
		return ERR_DENIED;
	}
	job_set(job, "name", json_string(policy->name));
	job_set(job, "value", stored);
	rc = job_change(job, store);
	if (rc == 0)
		job_event(job, EV_POLICY_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_STR("rule", policy->name));
	return rc;
}

const struct admin_operation_row admin_policy_rows[] = {
	{"policy.get", OBJECT_NAMED, NULL, policy_get},
	{"policy.set", OBJECT_NAMED, NULL, policy_set},
	{0},
};
