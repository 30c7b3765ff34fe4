#include "auth/access.h"

#include <string.h>

#include "auth/access_private.h"
#include "auth/directory_factor.h"
#include "auth/directory_role.h"
#include "auth/directory_sql.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "net/prefix.h"

struct access *access_create(struct directory *d, const struct auth_host *host)
{
	struct access *a = memory_alloc(sizeof *a);
	a->directory = d;
	a->host = *host;
	random_bytes(a->key, sizeof a->key);
	a->watched = access_now(a);
	return a;
}

void access_destroy(struct access **ap)
{
	if (*ap == NULL)
		return;
	arena_free(&(*ap)->texts);
	MEMORY_FREE(ap);
}

int64_t access_now(const struct access *a)
{
	return moment_unix(a->host.now(a->host.arg));
}

void access_record(const struct access *a, enum log_event event, const struct log_field *fields)
{
	if (a->host.record != NULL)
		a->host.record(a->host.arg, event, fields);
}

/* ---- policies ---- */

/* Nobody confirmed them in time: the former conditions are stored again. */
static int take_back(struct access *a, const json_t *former, int64_t now)
{
	char text[POLICY_VALUE_MAX];
	struct error err = {0};
	size_t size = json_dumpb(former, text, sizeof text, JSON_COMPACT | JSON_SORT_KEYS);
	if (size == 0 || size > sizeof text)
		return ERR_DAMAGED;
	bool outside = !a->directory->in_change;
	int rc = outside ? directory_begin(a->directory, &err) : 0;
	if (rc == 0)
		rc = directory_policy_set(a->directory, CONDITION_POLICY, slice_make(text, size), SLICE("not confirmed"), now, &err);
	if (rc == 0)
		rc = access_conditions_before(a, NULL, 0, SLICE("not confirmed"), now, &err);
	if (rc == 0 && outside)
		rc = directory_commit(a->directory, &err);
	if (outside)
		directory_rollback(a->directory);
	if (rc == 0)
		access_event(a, EV_CONFIG_REVERTED, LOG_STR("what", CONDITION_POLICY), LOG_STR("why", "nobody confirmed them"));
	return rc;
}

int access_conditions(struct access *a, int64_t now, const json_t **ret)
{
	const json_t *before;
	int rc = directory_policy_json(a->directory, CONDITION_BEFORE, &before);
	if (rc != 0)
		return rc;
	const json_t *until = json_object_get(before, "until");
	if (until != NULL && (int64_t)json_integer_value(until) <= now && (rc = take_back(a, json_object_get(before, "value"), now)) != 0)
		return rc;
	return directory_policy_json(a->directory, CONDITION_POLICY, ret);
}

int access_conditions_before(struct access *a, const json_t *before, int64_t until, struct slice author, int64_t now, struct error *err)
{
	json_t *o = json_object();
	if (before != NULL || until > 0) {
		json_object_set_new(o, "value", before != NULL ? json_deep_copy(before) : json_pack("{s:[]}", "rules"));
		json_object_set_new(o, "until", json_integer((json_int_t)until));
	}
	char text[POLICY_VALUE_MAX + 100];
	size_t size = json_dumpb(o, text, sizeof text, JSON_COMPACT);
	json_decref(o);
	if (size == 0 || size > POLICY_VALUE_MAX)
		return error_set(err, ERR_LIMIT, "the policy is too long");
	return directory_policy_set(a->directory, CONDITION_BEFORE, slice_make(text, size), author, now, err);
}

bool access_has_role(struct directory *d, const struct account *account, struct slice role, int64_t now)
{
	struct arena arena = ARENA_INIT;
	const char *own = auth_role_name(account->role);
	bool found = own != NULL && slice_eq(slice_str(own), role);
	struct directory_grant *grants = found ? NULL : arena_alloc_array(&arena, AUTH_GRANTS_MAX, sizeof *grants);
	int count = found ? 0 : directory_grants_of(d, account->id, GRANT_ACTIVE, &arena, grants, AUTH_GRANTS_MAX);
	for (int i = 0; i < count && !found; i++)
		found = slice_eq(grants[i].role, role) && grants[i].starts <= now && (grants[i].ends == 0 || grants[i].ends > now);
	arena_free(&arena);
	return found;
}

int access_wants_approval(struct access *a, const struct account *account, bool *ret)
{
	const json_t *policy;
	int rc = directory_policy_json(a->directory, DEVICES_POLICY, &policy);
	if (rc != 0)
		return rc;
	const json_t *roles = json_object_get(policy, "roles"), *approval = json_object_get(policy, "approval");
	*ret = approval != NULL && strcmp(json_string_value(approval), "none") != 0;
	bool named = json_array_size(roles) == 0;
	for (size_t i = 0; *ret && !named && i < json_array_size(roles); i++)
		named = access_has_role(a->directory, account, slice_str(json_string_value(json_array_get(roles, i))), access_now(a));
	*ret = *ret && named;
	return 0;
}

/* ---- the facts ---- */

struct asked { struct directory *directory; const struct account *account; int64_t now; };

static bool asked_role(void *arg, struct slice role)
{
	const struct asked *asked = arg;
	return access_has_role(asked->directory, asked->account, role, asked->now);
}

static bool asked_group(void *arg, struct slice group)
{
	const struct asked *asked = arg;
	struct arena arena = ARENA_INIT;
	struct address a;
	bool in = address_parse(group, &arena, &a) == 0 && directory_is_member(asked->directory, &a, asked->account->address) == 1;
	arena_free(&arena);
	return in;
}

static enum condition_action evaluate(struct access *a, const json_t *conditions, const struct account *account, struct condition_facts *facts,
	struct slice *ret_rule)
{
	struct asked asked = {a->directory, account, facts->now};
	facts->has_role = asked_role;
	facts->in_group = asked_group;
	facts->arg = &asked;
	return condition_evaluate(conditions, facts, ret_rule);
}

static void refuse(struct access_verdict *v, const char *code)
{
	v->action = CONDITION_DENY;
	v->code = code;
}

/* A second proof that is asked for, and was shown, lets in. */
static void conclude(struct access_verdict *v, enum condition_action action, bool second_factor, struct slice rule, struct arena *arena)
{
	v->rule = arena_dup(arena, rule);
	if (action == CONDITION_STEP_UP && second_factor)
		action = CONDITION_ALLOW;
	if (action == CONDITION_DENY || action == CONDITION_STEP_UP)
		refuse(v, action == CONDITION_DENY ? "conditions" : "step_up");
	v->action = action == CONDITION_READ_ONLY && v->action == CONDITION_ALLOW ? CONDITION_READ_ONLY : action == CONDITION_STEP_UP ? action : v->action;
}

static int apply_floor(struct access *a, struct slice client, struct access_verdict *v)
{
	const json_t *policy;
	int rc = directory_policy_json(a->directory, CLIENTS_POLICY, &policy);
	if (rc != 0 || client.n == 0)
		return rc;
	enum client_action action = client_floor(policy, client);
	if (action == CLIENT_REFUSE)
		refuse(v, "client");
	else if (action == CLIENT_LIMIT)
		v->action = CONDITION_READ_ONLY;
	return 0;
}

/* ---- the credential and its device ---- */

static bool in_networks(struct slice networks, struct slice address)
{
	struct slice one;
	while (slice_split(&networks, ' ', &one))
		if (net_prefix_holds(one, address))
			return true;
	return false;
}

static const char *rule_refuses(const struct credential_rule *rule, const struct access_request *r, int64_t now)
{
	if (rule->ends != 0 && rule->ends <= now)
		return "expired";
	if (rule->protocols != 0 && (rule->protocols >> r->protocol & 1) == 0)
		return "protocol";
	if (rule->networks.n > 0 && !in_networks(rule->networks, r->address))
		return "network";
	return rule->state == DEVICE_BLOCKED ? "device_blocked" : NULL;
}

static bool wants_all(struct access *a)
{
	const json_t *policy;
	return directory_policy_json(a->directory, DEVICES_POLICY, &policy) == 0 && json_object_get(policy, "approval") != NULL
	       && strcmp(json_string_value(json_object_get(policy, "approval")), "all") == 0;
}

static const char *const kinds[] = {"oauth", "password", "recovery code", "app password", "scram", "managed", "", "session", "passkey", "certificate"};

/* The first sign-in of a credential that has no device: it gets one, which may have to wait. */
static int first_seen(struct access *a, const struct access_request *r, struct credential_rule *rule, bool wait, struct arena *arena)
{
	struct error err = {0};
	unsigned kind = 0;
	struct slice label = SLICE_NONE;
	int rc = directory_credential_kind(a->directory, r->account->id, r->credential, arena, &kind, &label);
	if (rc != 0 && rc != ERR_NOT_FOUND)
		return rc;
	const char *what = kind < sizeof kinds / sizeof kinds[0] ? kinds[kind] : "";
	struct device device = {.name = label.n > 0 ? label : arena_printf(arena, "%s", what), .state = wait ? DEVICE_PENDING : DEVICE_APPROVED,
		.proven = arena_printf(arena, "{\"credential\":\"%s\"}", what), .claimed = SLICE("{}"), .created = access_now(a), .address = r->address,
		.protocol = r->protocol};
	memcpy(device.account, r->account->id, sizeof device.account);
	memcpy(rule->account, r->account->id, sizeof rule->account);
	rule->credential = r->credential;
	if ((rc = directory_begin(a->directory, &err)) != 0)
		return rc;
	rc = directory_device_add(a->directory, &device, &err);
	rule->device = device.id;
	if (rc == 0)
		rc = directory_rule_set(a->directory, rule, &err);
	if (rc == 0)
		rc = directory_commit(a->directory, &err);
	directory_rollback(a->directory);
	if (rc == ERR_LIMIT && !wait)
		return 0;
	rule->state = device.state;
	if (rc == 0)
		access_event(a, EV_DEVICE_SEEN, LOG_TEXT("address", r->account->address), LOG_TEXT("device", device.name),
			LOG_STR("service", access_protocol_name(r->protocol)), LOG_TEXT("ip", r->address), LOG_STR("status", device_state_name(device.state)));
	return rc == ERR_LIMIT ? 0 : rc;
}

/* Approved by nobody, where everything must be. */
static int back_to_pending(struct access *a, const struct credential_rule *rule, struct arena *arena)
{
	struct device device;
	struct error err = {0};
	int rc = directory_device_get(a->directory, rule->device, arena, &device);
	device.state = DEVICE_PENDING;
	return rc == 0 ? directory_device_set(a->directory, &device, &err) : rc;
}

static int check_credential(struct access *a, const struct access_request *r, struct arena *arena, struct credential_rule *rule, struct access_verdict *v)
{
	bool wait = false;
	int rc = directory_rule_get(a->directory, r->credential, arena, rule);
	if (rc == ERR_NOT_FOUND)
		rc = 0;
	if (rc == 0)
		rc = access_wants_approval(a, r->account, &wait);
	const char *refused = rc == 0 ? rule_refuses(rule, r, access_now(a)) : NULL;
	if (rc == 0 && refused == NULL && rule->device == 0) {
		v->risk |= RISK_NEW_DEVICE;
		rc = first_seen(a, r, rule, wait, arena);
	} else if (rc == 0 && refused == NULL && wait && rule->state == DEVICE_APPROVED && rule->approver.n == 0 && wants_all(a)) {
		rc = back_to_pending(a, rule, arena);
		rule->state = DEVICE_PENDING;
	}
	v->device = rule->device;
	if (refused != NULL)
		refuse(v, refused);
	else if (rc == 0 && (rule->state == DEVICE_PENDING || (rule->device == 0 && wait)))
		refuse(v, "device_pending");
	return rc;
}

/* ---- the sign-in ---- */

static int mail_facts(struct access *a, const struct access_request *r, struct arena *arena, unsigned *ret_factors)
{
	unsigned kind = WRAP_PASSWORD;
	struct slice label;
	*ret_factors = AUTH_PROVEN_PASSWORD;
	int rc = directory_credential_kind(a->directory, r->account->id, r->credential, arena, &kind, &label);
	if (rc == 0 && kind != WRAP_PASSWORD)
		*ret_factors = kind == WRAP_CERTIFICATE ? AUTH_PROVEN_CERTIFICATE | ACCESS_OWN_CREDENTIAL : ACCESS_OWN_CREDENTIAL;
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static bool shows_second(unsigned factors)
{
	return (factors & (AUTH_PROVEN_SECOND | ACCESS_OWN_CREDENTIAL)) != 0;
}

static const char *const words[] = {"new network", "new device", "failed tries before", "many names were tried from there", "off hours",
	"an hour of the day that is not usual for the account", "new country", "nobody travels that fast"};

static void tell(struct access *a, const struct access_request *r, const struct access_verdict *v, bool refused)
{
	if (refused)
		access_event(a, EV_LOGIN_POLICY, LOG_STR("service", access_protocol_name(r->protocol)), LOG_TEXT("ip", r->address),
			LOG_TEXT("user", r->account->address), LOG_NUM("device", v->device), LOG_TEXT("rule", v->rule), LOG_STR("why", v->code));
	for (unsigned i = 0; i < RISK_COUNT && !refused; i++)
		if ((v->risk >> i & 1) != 0 && (1u << i) != RISK_NEW_DEVICE)
			access_event(a, EV_LOGIN_UNUSUAL, LOG_STR("service", access_protocol_name(r->protocol)), LOG_TEXT("ip", r->address),
				LOG_TEXT("user", r->account->address), LOG_NUM("device", v->device), LOG_STR("why", words[i]));
}

static bool is_refused(const struct access_verdict *v)
{
	return v->action == CONDITION_DENY || v->action == CONDITION_STEP_UP;
}

static void note(struct access *a, const struct access_request *r, const struct access_verdict *v, unsigned factors, struct slice client)
{
	struct signin s = {.time = access_now(a), .address = r->address, .client = slice_sub(client, 0, SIGNIN_CLIENT_MAX), .protocol = r->protocol,
		.factors = factors, .risk = v->risk, .device = v->device, .credential = r->credential,
		.outcome = is_refused(v) ? SIGNIN_POLICY : SIGNIN_OK, .rule = v->rule.n > 0 ? v->rule : is_refused(v) ? slice_str(v->code) : SLICE_NONE};
	memcpy(s.account, r->account->id, sizeof s.account);
	access_note(a, &s);
}

/* The facts point into *place. */
static void locate(const struct access *a, struct place *place, struct condition_facts *facts)
{
	(void)place_find(a->places, facts->address, place);
	facts->country = slice_str(place->country);
	facts->region = slice_str(place->region);
}

int access_check(struct access *a, const struct access_request *r, struct arena *arena, struct access_verdict *v)
{
	struct credential_rule rule = {0};
	struct device device;
	unsigned factors = r->proven;
	const json_t *conditions = NULL;
	struct slice name = SLICE_NONE, client = r->client;
	*v = (struct access_verdict){.action = CONDITION_ALLOW, .code = "", .device = r->device};
	int rc = access_conditions(a, access_now(a), &conditions);
	if (rc == 0 && r->protocol != ACCESS_WEB)
		rc = check_credential(a, r, arena, &rule, v);
	if (rc == 0 && r->protocol != ACCESS_WEB)
		rc = mail_facts(a, r, arena, &factors);
	if (rc == 0 && r->protocol == ACCESS_WEB && r->device != 0 && (rc = directory_device_get(a->directory, r->device, arena, &device)) == 0)
		rule.state = device.state;
	if (rc == 0 && client.n == 0)
		client = device_client_text(rule.claimed, arena);
	if (rc == 0)
		rc = access_signals(a, r, conditions, &v->risk);
	if (rc == 0 && !is_refused(v))
		rc = apply_floor(a, client, v);
	if (rc == 0 && !is_refused(v)) {
		struct place place;
		struct condition_facts facts = {.address = r->address, .protocol = r->protocol, .device = rule.state, .risk = v->risk,
			.second_factor = shows_second(factors), .now = access_now(a)};
		locate(a, &place, &facts);
		enum condition_action action = evaluate(a, conditions, r->account, &facts, &name);
		conclude(v, action, facts.second_factor, name, arena);
	}
	if (rc != 0)
		return rc;
	note(a, r, v, factors, client);
	tell(a, r, v, is_refused(v));
	return 0;
}

/* ---- within a session ---- */

static int session_facts(struct access *a, const struct session *session, struct slice address, struct arena *arena, struct condition_facts *ret)
{
	struct device device = {0};
	int rc = session->device != 0 ? directory_device_get(a->directory, session->device, arena, &device) : ERR_NOT_FOUND;
	*ret = (struct condition_facts){.address = address, .protocol = ACCESS_WEB, .device = device.state,
		.second_factor = (session->proven & AUTH_PROVEN_SECOND) != 0, .now = access_now(a)};
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int access_try(struct access *a, const json_t *conditions, const struct account *account, const struct session *session, struct slice address,
	struct arena *arena, struct access_verdict *v)
{
	struct condition_facts facts;
	struct place place;
	struct slice name = SLICE_NONE;
	*v = (struct access_verdict){.action = CONDITION_ALLOW, .code = "", .device = session->device};
	int rc = session_facts(a, session, address, arena, &facts);
	if (rc != 0)
		return rc;
	locate(a, &place, &facts);
	if (facts.device == DEVICE_BLOCKED || facts.device == DEVICE_PENDING)
		refuse(v, facts.device == DEVICE_BLOCKED ? "device_blocked" : "device_pending");
	else
		conclude(v, evaluate(a, conditions, account, &facts, &name), facts.second_factor, name, arena);
	return 0;
}

int access_check_session(struct access *a, const struct account *account, const struct session *session, struct slice address, struct slice agent,
	struct arena *arena, struct access_verdict *v)
{
	const json_t *conditions;
	int rc = access_conditions(a, access_now(a), &conditions);
	if (rc == 0)
		rc = access_try(a, conditions, account, session, address, arena, v);
	return rc == 0 && !is_refused(v) ? apply_floor(a, agent, v) : rc;
}

int access_replay(struct access *a, const json_t *conditions, const struct signin *s, const struct account *account,
	enum condition_action *ret, struct slice *ret_rule)
{
	struct arena arena = ARENA_INIT;
	struct device device = {0};
	int rc = s->device != 0 ? directory_device_get(a->directory, s->device, &arena, &device) : 0;
	struct condition_facts facts = {.address = s->address, .protocol = s->protocol, .device = device.state, .risk = s->risk,
		.second_factor = shows_second(s->factors), .now = s->time};
	struct place place;
	locate(a, &place, &facts);
	if (rc == 0 || rc == ERR_NOT_FOUND)
		*ret = evaluate(a, conditions, account, &facts, ret_rule);
	if (*ret == CONDITION_STEP_UP && facts.second_factor)
		*ret = CONDITION_ALLOW;
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}
