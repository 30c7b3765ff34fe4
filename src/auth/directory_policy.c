/* Policies that every sign-in reads are parsed once. */
#include <string.h>

#include "auth/directory_device.h"
#include "auth/directory_role.h"
#include "auth/directory_sql.h"

static int load(struct directory *d, const char *name, json_t **ret)
{
	struct arena arena = ARENA_INIT;
	struct slice text;
	int rc = directory_policy_get(d, name, &arena, &text);
	*ret = rc == 0 ? json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc == 0 && *ret == NULL ? ERR_DAMAGED : rc;
}

int directory_policy_json(struct directory *d, const char *name, const json_t **ret)
{
	struct directory_policy_kept *kept = d->policies;
	while (kept < d->policies + DIRECTORY_POLICIES_KEPT && kept->name != NULL && strcmp(kept->name, name) != 0)
		kept++;
	ENSURE(kept < d->policies + DIRECTORY_POLICIES_KEPT);
	if (kept->name == NULL) {
		json_t *value;
		int rc = load(d, name, &value);
		if (rc != 0)
			return rc;
		*kept = (struct directory_policy_kept){name, value};
	}
	*ret = kept->value;
	return 0;
}

void directory_policies_forget(struct directory *d)
{
	for (size_t i = 0; i < DIRECTORY_POLICIES_KEPT; i++) {
		json_decref(d->policies[i].value);
		d->policies[i] = (struct directory_policy_kept){0};
	}
}
