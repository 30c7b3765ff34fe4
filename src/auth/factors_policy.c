#include "auth/factors_policy.h"

#include "auth/directory_factor.h"
#include "auth/directory_role.h"
#include "auth/factors.h"

#define DAY_S INT64_C(86400)

static struct slice text_of(const json_t *v)
{
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

/* ---- a new value ---- */

static int check_list(const json_t *value, const char *name, struct error *err)
{
	const json_t *list = json_object_get(value, name);
	if (list != NULL && (!json_is_array(list) || json_array_size(list) > FACTORS_POLICY_LIST_MAX))
		return error_set(err, ERR_INVALID, "%s is no list, or too long", name);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (text_of(json_array_get(list, i)).n == 0)
			return error_set(err, ERR_INVALID, "%s has something that is no text", name);
	return 0;
}

static int check_roles(struct directory *d, const json_t *value, struct error *err)
{
	const json_t *list = json_object_get(value, "roles");
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct slice name = text_of(json_array_get(list, i));
		auth_rights rights;
		if (directory_role_rights(d, name, &rights) != 0)
			return error_set(err, ERR_INVALID, "there is no role \"%.*s\"", SLICE_ARG(slice_sub(name, 0, ROLE_NAME_MAX)));
	}
	return 0;
}

static int check_groups(struct directory *d, const json_t *value, struct error *err)
{
	const json_t *list = json_object_get(value, "groups");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		struct arena arena = ARENA_INIT;
		struct address a;
		struct directory_address found;
		struct slice name = text_of(json_array_get(list, i));
		if (address_parse(name, &arena, &a) != 0 || directory_address_get(d, a.local, a.domain, &arena, &found) != 0
		    || found.kind != ADDRESS_GROUP)
			rc = error_set(err, ERR_INVALID, "there is no group \"%.*s\"", SLICE_ARG(slice_sub(name, 0, 100)));
		arena_free(&arena);
	}
	return rc;
}

static int check_members(const json_t *value, struct error *err)
{
	const char *name;
	const json_t *member, *days = json_object_get(value, "grace_days");
	json_object_foreach((json_t *)value, name, member) {
		struct slice n = slice_str(name);
		if (!slice_eq(n, SLICE("roles")) && !slice_eq(n, SLICE("groups")) && !slice_eq(n, SLICE("grace_days")) && !slice_eq(n, SLICE("since")))
			return error_set(err, ERR_INVALID, "unknown member \"%.*s\"", SLICE_ARG(slice_sub(n, 0, 40)));
	}
	if (days != NULL && (!json_is_integer(days) || json_integer_value(days) < 0 || json_integer_value(days) > FACTORS_GRACE_DAYS_MAX))
		return error_set(err, ERR_INVALID, "grace_days is a number from 0 to %d", FACTORS_GRACE_DAYS_MAX);
	return 0;
}

static json_t *load(struct slice text)
{
	json_t *value = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	return value;
}

static bool same_list(const json_t *a, const json_t *b, const char *name)
{
	const json_t *one = json_object_get(a, name), *other = json_object_get(b, name);
	return one == NULL || other == NULL ? json_array_size(one) == json_array_size(other) : json_equal(one, other);
}

/* Who was told before keeps the date: a change of the days alone begins no new grace. */
static int64_t since_of(const json_t *value, struct slice before, int64_t now)
{
	json_t *old = before.n > 0 ? load(before) : NULL;
	bool same = old != NULL && same_list(old, value, "roles") && same_list(old, value, "groups");
	int64_t since = same ? (int64_t)json_integer_value(json_object_get(old, "since")) : now;
	json_decref(old);
	return since;
}

int factors_policy_check(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err)
{
	int rc = json_is_object(value) ? check_members(value, err) : error_set(err, ERR_INVALID, "the policy is no object");
	if (rc == 0)
		rc = check_list(value, "roles", err);
	if (rc == 0)
		rc = check_list(value, "groups", err);
	if (rc == 0)
		rc = check_roles(d, value, err);
	if (rc == 0)
		rc = check_groups(d, value, err);
	if (rc != 0)
		return rc;
	*ret_stored = json_deep_copy(value);
	json_object_set_new(*ret_stored, "since", json_integer((json_int_t)since_of(value, before, now)));
	return 0;
}

/* ---- who it means ---- */

static bool list_has(const json_t *list, struct slice name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (slice_eq(text_of(json_array_get(list, i)), name))
			return true;
	return false;
}

struct roles {
	struct directory_grant grants[AUTH_GRANTS_MAX];
	int count;
};

static bool in_force(const struct directory_grant *g, int64_t now)
{
	return g->starts <= now && (g->ends == 0 || g->ends > now);
}

static bool privileged(const struct account *account, const struct roles *roles, int64_t now)
{
	enum auth_role role;
	if (auth_role_privileged(account->role))
		return true;
	for (int i = 0; i < roles->count; i++)
		if (in_force(&roles->grants[i], now) && auth_role_parse(roles->grants[i].role, &role) && auth_role_privileged(role))
			return true;
	return false;
}

static bool by_role(const json_t *policy, const struct account *account, const struct roles *roles, int64_t now)
{
	const json_t *list = json_object_get(policy, "roles");
	const char *own = auth_role_name(account->role);
	if (own != NULL && list_has(list, slice_str(own)))
		return true;
	for (int i = 0; i < roles->count; i++)
		if (in_force(&roles->grants[i], now) && list_has(list, roles->grants[i].role))
			return true;
	return false;
}

/* 1, 0 or negative. */
static int by_group(struct directory *d, const json_t *policy, const struct account *account, struct arena *arena)
{
	const json_t *list = json_object_get(policy, "groups");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		struct address a;
		if (address_parse(text_of(json_array_get(list, i)), arena, &a) == 0)
			rc = directory_is_member(d, &a, account->address);
	}
	return rc;
}

static int64_t grace_of(const json_t *policy, const struct account *account)
{
	int64_t since = (int64_t)json_integer_value(json_object_get(policy, "since"));
	int64_t days = (int64_t)json_integer_value(json_object_get(policy, "grace_days"));
	return days == 0 ? 0 : (since > account->created ? since : account->created) + days * DAY_S;
}

int factors_policy_demands(struct directory *d, const struct account *account, int64_t now, bool *ret_demanded, int64_t *ret_grace_ends)
{
	struct arena arena = ARENA_INIT;
	struct roles *roles = ARENA_NEW(&arena, struct roles);
	struct slice text = SLICE_NONE;
	json_t *policy = NULL;
	bool always = false;
	int named = 0;
	roles->count = directory_grants_of(d, account->id, GRANT_ACTIVE, &arena, roles->grants, AUTH_GRANTS_MAX);
	int rc = roles->count < 0 ? roles->count : 0;
	if (rc == 0)
		always = privileged(account, roles, now);
	if (rc == 0 && !always) {
		rc = directory_policy_get(d, FACTORS_POLICY, &arena, &text);
		policy = rc == 0 ? load(text) : NULL;
		rc = rc == ERR_NOT_FOUND ? 0 : rc;
	}
	if (policy != NULL) {
		named = by_role(policy, account, roles, now) ? 1 : by_group(d, policy, account, &arena);
		rc = named < 0 ? named : 0;
	}
	if (rc == 0) {
		*ret_demanded = always || named == 1;
		*ret_grace_ends = named == 1 ? grace_of(policy, account) : 0;
	}
	json_decref(policy);
	arena_free(&arena);
	return rc;
}

/* ---- what a sign-in asks ---- */

int auth_factors_needed(struct directory *d, const struct account *account, struct moment now, unsigned *ret_kinds, bool *ret_enforced,
	bool *ret_in_grace)
{
	bool demanded = false;
	int64_t grace_ends = 0;
	int kinds = directory_factor_kinds(d, account->id);
	int rc = kinds < 0 ? kinds : factors_policy_demands(d, account, moment_unix(now), &demanded, &grace_ends);
	if (rc != 0)
		return rc;
	*ret_kinds = (unsigned)kinds;
	*ret_enforced = demanded;
	*ret_in_grace = demanded && kinds == 0 && moment_unix(now) < grace_ends;
	return 0;
}

int auth_factors_exist(struct directory *d, const uint8_t account[16])
{
	int kinds = directory_factor_kinds(d, account);
	return kinds < 0 ? kinds : kinds != 0;
}

int auth_factors_bar_password(struct directory *d, const struct account *account, struct moment now)
{
	unsigned kinds = 0;
	bool enforced = false, in_grace = false;
	int rc = auth_factors_needed(d, account, now, &kinds, &enforced, &in_grace);
	return rc != 0 ? rc : kinds != 0 || (enforced && !in_grace);
}
