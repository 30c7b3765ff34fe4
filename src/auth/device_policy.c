/* Which devices wait for approval. */
#include <string.h>

#include "auth/access.h"

#define ROLES_MAX 50

static const char *const approvals[] = {"none", "new", "all"};

int devices_policy_check(const json_t *value, struct error *err)
{
	static const char *const known[] = {"approval", "roles", "own", "changed"};
	const json_t *approval = json_object_get(value, "approval"), *roles = json_object_get(value, "roles"), *member;
	const char *name;
	bool right = false;
	for (size_t i = 0; i < 3; i++)
		right = right || (json_is_string(approval) && strcmp(json_string_value(approval), approvals[i]) == 0);
	if (!json_is_object(value) || !right)
		return error_set(err, ERR_INVALID, "\"approval\" is none, new or all");
	if (roles != NULL && (!json_is_array(roles) || json_array_size(roles) > ROLES_MAX))
		return error_set(err, ERR_INVALID, "\"roles\" is a list of at most %d roles", ROLES_MAX);
	for (size_t i = 0; i < json_array_size(roles); i++)
		if (!json_is_string(json_array_get(roles, i)))
			return error_set(err, ERR_INVALID, "\"roles\" is a list of names");
	json_object_foreach((json_t *)value, name, member) {
		bool is_known = false;
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			is_known = is_known || strcmp(known[i], name) == 0;
		if (!is_known || ((strcmp(name, "own") == 0 || strcmp(name, "changed") == 0) && !json_is_boolean(member)))
			return error_set(err, ERR_INVALID, "\"%.40s\" is not known, or neither true nor false", name);
	}
	return 0;
}
