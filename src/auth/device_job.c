/* What operations on devices and credentials share. */
#include <string.h>

#include "auth/admin_device.h"
#include "auth/admin_web.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "net/prefix.h"

#define DAY_S INT64_C(86400)
#define CREDENTIAL_DAYS_MAX 3660
#define KEY_BYTES 32

/* ---- what a credential may be used for ---- */

static int read_protocols(struct admin_job *job, unsigned *ret)
{
	const json_t *list = json_object_get(job->args, "protocols"), *name;
	size_t i;
	unsigned protocol;
	*ret = 0;
	json_array_foreach(list, i, name) {
		struct slice text = slice_make(json_string_value(name), json_string_length(name));
		if (!access_protocol_parse(text, &protocol) || protocol == ACCESS_WEB)
			return job_refuse(job, ADMIN_INVALID, "invalid", "The protocols of a credential are submission, imap, pop3, sieve and jmap.");
		*ret |= 1u << protocol;
	}
	return 0;
}

static int read_networks(struct admin_job *job, struct slice *ret)
{
	const json_t *list = json_object_get(job->args, "networks"), *name;
	size_t i;
	struct buf text = BUF_INIT(RULE_NETWORKS_TEXT_MAX);
	bool right = json_array_size(list) <= RULE_NETWORKS_MAX;
	json_array_foreach(list, i, name) {
		struct slice prefix = slice_make(json_string_value(name), json_string_length(name));
		right = right && net_prefix_valid(prefix);
		if (i > 0)
			buf_append_byte(&text, ' ');
		buf_append(&text, prefix);
	}
	right = right && !text.failed;
	*ret = arena_dup(&job->arena, buf_slice(&text));
	buf_free(&text);
	return right ? 0 : job_refuse(job, ADMIN_INVALID, "invalid", "Networks are at most %d addresses or prefixes like 192.0.2.0/24.", RULE_NETWORKS_MAX);
}

int job_read_rule(struct admin_job *job, struct credential_rule *ret)
{
	int64_t days = job_has(job, "days") ? (int64_t)json_integer_value(json_object_get(job->args, "days")) : 0;
	int64_t until = (int64_t)json_integer_value(json_object_get(job->args, "until"));
	*ret = (struct credential_rule){.ends = days > 0 && days <= CREDENTIAL_DAYS_MAX ? job_unix(job) + days * DAY_S : until};
	memcpy(ret->account, job->account.id, sizeof ret->account);
	if (until != 0 && (days != 0 || until <= job_unix(job) || until > job_unix(job) + CREDENTIAL_DAYS_MAX * DAY_S))
		return job_refuse(job, ADMIN_INVALID, "invalid", "A credential ends in the future, by days or by until, not by both.");
	if (days < 0 || days > CREDENTIAL_DAYS_MAX)
		return job_refuse(job, ADMIN_INVALID, "invalid", "A credential ends after 1 to %d days, or never (0).", CREDENTIAL_DAYS_MAX);
	int rc = read_protocols(job, &ret->protocols);
	return rc == 0 ? read_networks(job, &ret->networks) : rc;
}

int job_add_rule(struct admin_job *job, uint32_t credential, struct credential_rule *rule, struct slice name, const char *proven, struct error *err)
{
	bool wait = true;
	int rc = access_wants_approval(job_access(job), &job->account, &wait);
	struct device device = {.name = name.n > 0 ? name : slice_str(proven), .state = wait ? DEVICE_PENDING : DEVICE_APPROVED,
		.proven = arena_printf(&job->arena, "{\"credential\":\"%s\"}", proven), .claimed = SLICE("{}"), .created = job_unix(job),
		.address = job->address};
	memcpy(device.account, job->account.id, sizeof device.account);
	rule->credential = credential;
	if (rc == 0)
		rc = directory_device_add(job_directory(job), &device, err);
	rule->device = device.id;
	if (rc == 0)
		rc = directory_rule_set(job_directory(job), rule, err);
	if (rc == 0) {
		job_set(job, "device", json_integer(device.id));
		job_set(job, "device_state", json_string(device_state_name(device.state)));
	}
	return rc;
}

int job_forget_credential(struct admin_job *job, uint32_t credential, struct error *err)
{
	struct credential_rule rule, left;
	int rc = directory_rule_get(job_directory(job), credential, &job->arena, &rule);
	if (rc != 0)
		return rc == ERR_NOT_FOUND ? 0 : rc;
	rc = directory_rule_remove(job_directory(job), credential, err);
	int count = rc == 0 ? directory_rule_list(job_directory(job), rule.device, &job->arena, &left, 1) : rc;
	return count == 0 ? directory_device_remove(job_directory(job), rule.device, err) : count < 0 ? count : 0;
}

void job_show_rule(struct admin_job *job, uint32_t credential, json_t *out)
{
	struct credential_rule rule;
	struct slice rest, one;
	json_t *protocols = json_array(), *networks = json_array();
	if (directory_rule_get(job_directory(job), credential, &job->arena, &rule) != 0)
		rule = (struct credential_rule){0};
	for (unsigned i = 1; i < ACCESS_PROTOCOL_COUNT; i++)
		if ((rule.protocols >> i & 1) != 0)
			json_array_append_new(protocols, json_string(access_protocol_name(i)));
	for (rest = rule.networks; slice_split(&rest, ' ', &one);)
		json_array_append_new(networks, job_json(one));
	json_object_set_new(out, "protocols", protocols);
	json_object_set_new(out, "networks", networks);
	json_object_set_new(out, "ends", json_integer((json_int_t)rule.ends));
	json_object_set_new(out, "used", json_integer((json_int_t)rule.used));
	json_object_set_new(out, "ip", job_json(rule.address));
	json_object_set_new(out, "uses", json_integer((json_int_t)rule.uses));
	json_object_set_new(out, "device", json_integer(rule.device));
}

/* ---- where a web session comes from ---- */

/* Found by a keyed hash, as sessions are: who steals the database cannot pass for the browser. */
static void key_lookup(struct admin_job *job, struct slice key, uint8_t ret[DEVICE_HASH_SIZE])
{
	uint8_t hash_key[HASH_KEY_SIZE];
	hash_hkdf(slice_make(directory_lookup_key(job_directory(job)), 32), SLICE_NONE, "device lookup", SLICE_NONE, hash_key, sizeof hash_key);
	hash_keyed(key, hash_key, ret);
	secret_wipe(hash_key, sizeof hash_key);
}

static void make_key(char key[DEVICE_KEY_SIZE + 1])
{
	uint8_t bytes[KEY_BYTES];
	struct buf text = BUF_INIT(64);
	random_bytes(bytes, sizeof bytes);
	base64url_encode(slice_make(bytes, sizeof bytes), &text);
	ENSURE(buf_len(&text) == DEVICE_KEY_SIZE);
	memcpy(key, buf_slice(&text).p, DEVICE_KEY_SIZE);
	key[DEVICE_KEY_SIZE] = 0;
	buf_free_secret(&text);
	secret_wipe(bytes, sizeof bytes);
}

static int add_web_device(struct admin_job *job, struct slice name, bool wait, uint32_t *ret_id, char key[DEVICE_KEY_SIZE + 1])
{
	struct error err = {0};
	struct device device = {.name = name.n > 0 ? name : slice_sub(job->agent, 0, DIRECTORY_NAME_MAX), .state = wait ? DEVICE_PENDING : DEVICE_APPROVED,
		.proven = SLICE("{\"credential\":\"browser key\"}"), .claimed = SLICE("{}"), .created = job_unix(job), .address = job->address,
		.protocol = ACCESS_WEB};
	memcpy(device.account, job->account.id, sizeof device.account);
	make_key(key);
	key_lookup(job, slice_make(key, DEVICE_KEY_SIZE), device.lookup);
	int rc = directory_device_add(job_directory(job), &device, &err);
	if (rc == ERR_LIMIT && !wait) { /* a browser that forgets who it is keeps nobody out */
		key[0] = 0;
		return 0;
	}
	if (rc != 0)
		return job_refuse_error(job, rc, "devices");
	*ret_id = device.id;
	job_event(job, EV_DEVICE_SEEN, LOG_TEXT("address", job->account.address), LOG_TEXT("device", device.name), LOG_STR("service", "web"),
		LOG_TEXT("ip", job->address), LOG_STR("status", device_state_name(device.state)));
	return 0;
}

int job_web_device(struct admin_job *job, uint32_t *ret_id, char key[DEVICE_KEY_SIZE + 1])
{
	struct device device;
	struct slice given = job_text(job, "device_key"), name = SLICE_NONE;
	uint8_t lookup[DEVICE_HASH_SIZE];
	bool wait = true;
	*ret_id = 0;
	key[0] = 0;
	int rc = ERR_NOT_FOUND;
	if (given.n == DEVICE_KEY_SIZE) {
		key_lookup(job, given, lookup);
		rc = directory_device_find(job_directory(job), job->account.id, lookup, &job->arena, &device);
	}
	if (rc == 0)
		*ret_id = device.id;
	if (rc != ERR_NOT_FOUND)
		return rc == 0 ? 0 : job_refuse_error(job, rc, "device");
	if (access_wants_approval(job_access(job), &job->account, &wait) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if ((rc = job_name(job, "device", &name)) != 0)
		return rc;
	return name.n > 0 || wait ? add_web_device(job, name, wait, ret_id, key) : 0;
}

static int refuse_access(struct admin_job *job, const struct access_verdict *v)
{
	static const struct { const char *code, *text; } texts[] = {
		{"device_pending", "This device waits for approval."},
		{"device_blocked", "This device is blocked."},
		{"client", "This program is too old; update it."},
		{"step_up", "Policy wants a second factor here: show one."},
		{"conditions", "Policy does not allow signing in from here now."},
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(texts[i].code, v->code) == 0)
			return job_refuse(job, ADMIN_DENIED, v->code, "%s", texts[i].text);
	return job_refuse(job, ADMIN_DENIED, "conditions", "Policy does not allow this.");
}

static bool is_refused(const struct access_verdict *v)
{
	return v->action == CONDITION_DENY || v->action == CONDITION_STEP_UP;
}

int job_check_access(struct admin_job *job, unsigned proven, uint32_t device, const char *key, unsigned *ret_risk)
{
	struct access_request request = {.account = &job->account, .protocol = ACCESS_WEB, .address = job->address, .client = job->agent, .device = device,
		.proven = proven};
	struct access_verdict verdict;
	struct device found = {0};
	if (access_check(job_access(job), &request, &job->arena, &verdict) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if (!is_refused(&verdict) && device != 0 && directory_device_get(job_directory(job), device, &job->arena, &found) == 0
	    && found.state != DEVICE_APPROVED) {
		verdict.action = CONDITION_DENY;
		verdict.code = found.state == DEVICE_PENDING ? "device_pending" : "device_blocked";
	}
	*ret_risk = verdict.risk;
	if (!is_refused(&verdict))
		return 0;
	(void)refuse_access(job, &verdict);
	if (key[0] != 0)
		job_set(job, "device_key", json_string(key));
	return ERR_DENIED;
}

/* What a session may do that has to show a second factor first, or may not change anything. */
static bool is_exempt(struct slice op, const struct access_verdict *v)
{
	return slice_eq(op, SLICE("session.end")) || slice_eq(op, SLICE("session.show")) || slice_eq(op, SLICE("session.step_up"))
	       || (v->action == CONDITION_STEP_UP && slice_starts(op, SLICE("factor.")));
}

int job_check_session(struct admin_job *job)
{
	struct access_verdict verdict;
	struct account account;
	if (job->subject.kind != AUTH_PERSON || job->session.id == 0)
		return 0;
	int rc = directory_account_get(job_directory(job), job->subject.account, &job->arena, &account);
	if (rc == 0)
		rc = access_check_session(job_access(job), &account, &job->session, job->address, job->agent, &job->arena, &verdict);
	if (rc != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if (job_check_web(job, &account) != 0)
		return ERR_DENIED;
	if (is_exempt(job->operation->name, &verdict))
		return 0;
	if (verdict.action == CONDITION_READ_ONLY && job->operation->changes)
		return job_refuse(job, ADMIN_DENIED, "read_only", "Policy allows you to read only from here.");
	return is_refused(&verdict) ? refuse_access(job, &verdict) : 0;
}
