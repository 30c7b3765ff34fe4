#include "auth/release.h"

#include "auth/directory_device.h"
#include "base/ensure.h"
#include "scan/rules.h"

static const struct slice reasons[] = {
#define RULE(id, name, in, out, open, text) SLICE_INIT(name),
	SCAN_CLASSES(RULE)
#undef RULE
	SLICE_INIT("stripped"), SLICE_INIT("verdict"), SLICE_INIT("partner"),
};

static bool is_reason(struct slice s)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (slice_eq(s, reasons[i]))
			return true;
	return false;
}

int release_policy_check(const json_t *value, struct error *err)
{
	const json_t *list = json_object_get(value, "alone"), *item;
	size_t i;
	if (!json_is_object(value) || json_object_size(value) != 1 || !json_is_array(list) || json_array_size(list) > ARRAY_LEN(reasons))
		return error_set(err, ERR_INVALID, "it is {\"alone\":[…]}: reasons for which one person may release");
	json_array_foreach(list, i, item)
		if (!json_is_string(item) || !is_reason(slice_make(json_string_value(item), json_string_length(item))))
			return error_set(err, ERR_INVALID, "reasons are virus, opaque, unscanned, executable, disguised, macro, unread, active, stripped, "
				"verdict and partner");
	return 0;
}

static bool has(const json_t *value, struct slice reason)
{
	const json_t *item;
	size_t i;
	json_array_foreach(json_object_get(value, "alone"), i, item)
		if (slice_eq(slice_make(json_string_value(item), json_string_length(item)), reason))
			return true;
	return false;
}

/* What is in force; the caller's. */
static int in_force(struct directory *d, json_t **ret)
{
	const json_t *set = NULL;
	int rc = directory_policy_json(d, RELEASE_POLICY, &set);
	if (rc == 0)
		*ret = set != NULL ? json_deep_copy(set) : json_loads(RELEASE_FALLBACK, 0, NULL);
	return rc;
}

int release_alone(struct directory *d, struct slice reason)
{
	json_t *value = NULL;
	int rc = reason.n > 0 ? in_force(d, &value) : 1;
	if (rc == 0)
		rc = has(value, reason);
	json_decref(value);
	return rc;
}

int release_policy_widens(struct directory *d, const json_t *value)
{
	json_t *now = NULL;
	int rc = in_force(d, &now);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(reasons); i++)
		rc = has(value, reasons[i]) && !has(now, reasons[i]);
	json_decref(now);
	return rc;
}
