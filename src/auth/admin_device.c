/* Devices: seen, approved, blocked, forgotten; and sign-ins. */
#include "auth/admin_device.h"

#include <string.h>

#include "auth/authority.h"
#include "crypt/crypt.h"

#define CLIENTS_REPORTED_MAX 500

static json_t *json_of(struct slice text)
{
	json_t *value = text.n > 0 ? json_loadb((const char *)text.p, text.n, 0, NULL) : NULL;
	return value != NULL ? value : json_object();
}

json_t *risk_names(unsigned risk)
{
	json_t *out = json_array();
	for (unsigned i = 0; i < RISK_COUNT; i++)
		if ((risk >> i & 1) != 0)
			json_array_append_new(out, json_string(condition_risk_name(i)));
	return out;
}

static json_t *credentials_json(struct admin_job *job, const struct device *device)
{
	struct credential_rule *rules = arena_alloc_array(&job->arena, DEVICE_CREDENTIALS_MAX, sizeof *rules);
	int count = directory_rule_list(job_directory(job), device->id, &job->arena, rules, DEVICE_CREDENTIALS_MAX);
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "id", json_integer(rules[i].credential));
		job_show_rule(job, rules[i].credential, o);
		json_array_append_new(out, o);
	}
	return out;
}

static json_t *device_json(struct admin_job *job, const struct device *device, struct slice address)
{
	json_t *o = json_object();
	json_object_set_new(o, "id", json_integer(device->id));
	json_object_set_new(o, "address", job_json(address));
	json_object_set_new(o, "name", job_json(device->name));
	json_object_set_new(o, "state", json_string(device_state_name(device->state)));
	json_object_set_new(o, "proven", json_of(device->proven));
	json_object_set_new(o, "claimed", json_of(device->claimed));
	json_object_set_new(o, "protocol", json_string(access_protocol_name(device->protocol)));
	json_object_set_new(o, "ip", job_json(device->address));
	json_object_set_new(o, "created", json_integer((json_int_t)device->created));
	json_object_set_new(o, "used", json_integer((json_int_t)device->used));
	json_object_set_new(o, "approver", job_json(device->approver));
	json_object_set_new(o, "credentials", credentials_json(job, device));
	json_object_set_new(o, "this", json_boolean(device->id == job->session.device && device->id != 0));
	return o;
}

static int device_list(struct admin_job *job)
{
	struct device *list = arena_alloc_array(&job->arena, DEVICES_MAX, sizeof *list);
	access_flush(job_access(job));
	int count = directory_device_list(job_directory(job), job->account.id, &job->arena, list, DEVICES_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(out, device_json(job, &list[i], job->account.address));
	job_set(job, "devices", out);
	return 0;
}

/* Of everybody whom the subject may see; state: those in it. */
static int device_all(struct admin_job *job)
{
	struct device *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	enum device_state state = DEVICE_NONE;
	uint32_t after = 0;
	if ((job_has(job, "state") && !device_state_parse(job_text(job, "state"), &state))
	    || (job_text(job, "after").n > 0 && slice_to_u32(job_text(job, "after"), &after) != 0))
		return job_refuse(job, ADMIN_INVALID, "invalid", "state is pending, approved or blocked; after is \"next\" of the former page.");
	int count = directory_device_all(job_directory(job), state, after, &job->arena, list, DIRECTORY_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "device");
	json_t *out = json_array();
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++) {
		struct account account;
		if (directory_account_get(job_directory(job), list[i].account, &job->arena, &account) != 0)
			continue;
		struct auth_object object = job_object(&account);
		if (job_may(job, AUTH_DEVICE_SEE, &object))
			json_array_append_new(out, device_json(job, &list[i], account.address));
	}
	job_set(job, "devices", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(arena_printf(&job->arena, "%u", list[DIRECTORY_PAGE - 1].id)));
	return 0;
}

/* args.id, its account in job->account; the subject may change it. */
static int load_device(struct admin_job *job, struct device *ret)
{
	struct auth_object nothing = {0};
	uint32_t id = (uint32_t)json_integer_value(json_object_get(job->args, "id"));
	int rc = directory_device_get(job_directory(job), id, &job->arena, ret);
	if (rc == 0)
		rc = directory_account_get(job_directory(job), ret->account, &job->arena, &job->account);
	/* Who may not see any learns nothing of numbers. */
	if (rc != 0)
		return job_permit(job, AUTH_DEVICE_CHANGE, &nothing) != 0 ? ERR_DENIED : job_refuse_error(job, rc, "device");
	struct auth_object object = job_object(&job->account);
	return job_permit(job, AUTH_DEVICE_CHANGE, &object);
}

/* Everything that is open by the device ends. remove: its credentials too. */
static int end_device(struct admin_job *job, const struct device *device, bool remove, struct error *err)
{
	struct credential_rule *rules = arena_alloc_array(&job->arena, DEVICE_CREDENTIALS_MAX, sizeof *rules);
	uint32_t sessions[SESSIONS_MAX];
	int count = directory_rule_list(job_directory(job), device->id, &job->arena, rules, DEVICE_CREDENTIALS_MAX);
	int open = directory_sessions_of_device(job_directory(job), device->account, device->id, sessions, SESSIONS_MAX);
	int rc = count < 0 ? count : open < 0 ? open : 0;
	for (int i = 0; rc == 0 && i < open; i++)
		rc = session_remove(job_directory(job), device->account, sessions[i], err);
	for (int i = 0; remove && rc == 0 && i < count; i++) {
		rc = directory_credential_drop(job_directory(job), device->account, rules[i].credential, err);
		if (rc == 0)
			rc = directory_rule_remove(job_directory(job), rules[i].credential, err);
	}
	for (int i = 0; rc == 0 && i < open; i++)
		job_host(job)->revoke(job_host(job)->arg, device->account, sessions[i]);
	for (int i = 0; rc == 0 && i < count; i++)
		job_host(job)->revoke(job_host(job)->arg, device->account, rules[i].credential);
	return rc;
}

/*
 * One's own devices: where policy has a say, only if it lets people approve theirs, and not from the device that waits. Others: the right
 * alone.
 */
static int may_approve(struct admin_job *job, const struct device *device)
{
	bool wants = false;
	const json_t *policy;
	if (memcmp(device->account, job->subject.account, 16) != 0 || job->subject.kind != AUTH_PERSON)
		return 0;
	if (access_wants_approval(job_access(job), &job->account, &wants) != 0 || directory_policy_json(job_directory(job), DEVICES_POLICY, &policy) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if (wants && !json_is_true(json_object_get(policy, "own")))
		return job_refuse(job, ADMIN_DENIED, "denied", "Somebody else has to approve your devices.");
	return job->session.device == device->id ? job_refuse(job, ADMIN_DENIED, "denied", "A device does not approve itself.") : 0;
}

static int set_state(struct admin_job *job, struct device *device, enum device_state state)
{
	struct error err = {0};
	device->state = state;
	device->approver = job->subject.name;
	if (state == DEVICE_APPROVED)
		device_fingerprint(device, device->fingerprint);
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = directory_device_set(job_directory(job), device, &err);
	if (rc == 0 && state == DEVICE_BLOCKED)
		rc = end_device(job, device, false, &err);
	if (rc == 0 && state == DEVICE_APPROVED && job_authority(job) != NULL)
		rc = authority_issue_device(job_authority(job), device->id, job->subject.name, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc == ERR_TEMPORARY || rc == ERR_UNSUPPORTED)
		return job_refuse(job, ADMIN_UNAVAILABLE, "authority", "The certificate of the device cannot be issued now; see letterlock check.");
	return rc == 0 ? 0 : job_refuse_error(job, rc, "device");
}

static int device_approve(struct admin_job *job)
{
	struct device device;
	int rc = load_device(job, &device);
	if (rc == 0)
		rc = may_approve(job, &device);
	if (rc == 0)
		rc = set_state(job, &device, DEVICE_APPROVED);
	if (rc == 0)
		job_event(job, EV_DEVICE_APPROVED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
			LOG_NUM("device", device.id));
	if (rc == 0 && job_authority(job) != NULL)
		authority_sweep(job_authority(job));
	return rc;
}

static int device_block(struct admin_job *job)
{
	struct device device;
	int rc = load_device(job, &device);
	if (rc == 0)
		rc = set_state(job, &device, DEVICE_BLOCKED);
	if (rc == 0)
		job_event(job, EV_DEVICE_BLOCKED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
			LOG_NUM("device", device.id), LOG_TEXT("why", slice_sub(job_text(job, "reason"), 0, DIRECTORY_NAME_MAX)));
	return rc;
}

static int device_rename(struct admin_job *job)
{
	struct device device;
	struct error err = {0};
	int rc = load_device(job, &device);
	if (rc == 0)
		rc = job_name(job, "name", &device.name);
	if (rc == 0 && (rc = directory_device_set(job_directory(job), &device, &err)) != 0)
		rc = job_refuse_error(job, rc, "device");
	return rc;
}

static int device_remove(struct admin_job *job)
{
	struct device device;
	struct error err = {0};
	int rc = load_device(job, &device);
	if (rc != 0)
		return rc;
	rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = end_device(job, &device, true, &err);
	if (rc == 0)
		rc = directory_device_remove(job_directory(job), device.id, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0)
		return job_refuse_error(job, rc, "device");
	job_event(job, EV_DEVICE_REMOVED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_NUM("device", device.id));
	return 0;
}

/* ---- sign-ins ---- */

static json_t *signin_json(const struct signin *s)
{
	static const char *const outcomes[] = {"", "ok", "refused", "policy"};
	json_t *o = json_object();
	json_object_set_new(o, "id", json_integer((json_int_t)s->id));
	json_object_set_new(o, "time", json_integer((json_int_t)s->time));
	json_object_set_new(o, "ip", job_json(s->address));
	json_object_set_new(o, "protocol", json_string(access_protocol_name(s->protocol)));
	json_object_set_new(o, "device", json_integer(s->device));
	json_object_set_new(o, "client", job_json(s->client));
	json_object_set_new(o, "second_factor", json_boolean((s->factors & (AUTH_PROVEN_SECOND | ACCESS_OWN_CREDENTIAL)) != 0));
	json_object_set_new(o, "unusual", risk_names(s->risk));
	json_object_set_new(o, "outcome", json_string((unsigned)s->outcome < 4 ? outcomes[s->outcome] : ""));
	json_object_set_new(o, "rule", job_json(s->rule));
	return o;
}

static int signin_list(struct admin_job *job)
{
	struct signin *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	uint64_t before = INT64_MAX;
	if (job_text(job, "after").n > 0 && slice_to_u64(job_text(job, "after"), &before) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "after is \"next\" of the former page.");
	access_flush(job_access(job));
	int count = directory_signin_list(job_directory(job), job->account.id, 0, before, &job->arena, list, DIRECTORY_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++)
		json_array_append_new(out, signin_json(&list[i]));
	job_set(job, "signins", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(arena_printf(&job->arena, "%llu", (unsigned long long)list[DIRECTORY_PAGE - 1].id)));
	return 0;
}

static int client_report(struct admin_job *job)
{
	static const char *const actions[] = {"ok", "warn", "limit", "refuse"};
	struct client_use *list = arena_alloc_array(&job->arena, CLIENTS_REPORTED_MAX, sizeof *list);
	const json_t *policy;
	access_flush(job_access(job));
	int count = directory_client_report(job_directory(job), &job->arena, list, CLIENTS_REPORTED_MAX);
	int rc = count < 0 ? count : directory_policy_json(job_directory(job), CLIENTS_POLICY, &policy);
	if (rc != 0)
		return job_refuse_error(job, rc, "report");
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "client", job_json(list[i].client));
		json_object_set_new(o, "protocol", json_string(access_protocol_name(list[i].protocol)));
		json_object_set_new(o, "accounts", json_integer((json_int_t)list[i].accounts));
		json_object_set_new(o, "count", json_integer((json_int_t)list[i].count));
		json_object_set_new(o, "used", json_integer((json_int_t)list[i].last));
		json_object_set_new(o, "floor", json_string(actions[client_floor(policy, list[i].client)]));
		json_array_append_new(out, o);
	}
	job_set(job, "clients", out);
	return 0;
}

const struct admin_operation_row admin_device_rows[] = {
	{"device.list", OBJECT_ACCOUNT, NULL, device_list},
	{"device.all", OBJECT_OWN_CHECK, NULL, device_all},
	{"device.approve", OBJECT_OWN_CHECK, NULL, device_approve},
	{"device.block", OBJECT_OWN_CHECK, NULL, device_block},
	{"device.rename", OBJECT_OWN_CHECK, NULL, device_rename},
	{"device.remove", OBJECT_OWN_CHECK, NULL, device_remove},
	{"signin.list", OBJECT_ACCOUNT, NULL, signin_list},
	{"client.report", OBJECT_NAMED, NULL, client_report},
	{0},
};
