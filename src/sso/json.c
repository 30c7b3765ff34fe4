#include "sso/json.h"

/* jansson's own limit is deeper than any document here, and its tree is freed by recursion. */
static bool is_shallow(struct slice text)
{
	int depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']'))
			depth--;
		if (depth > SSO_JSON_DEPTH_MAX)
			return false;
	}
	return true;
}

json_t *sso_json_object(struct slice text, size_t max)
{
	if (text.n == 0 || text.n > max || !is_shallow(text))
		return NULL;
	json_t *value = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (value != NULL && !json_is_object(value)) {
		json_decref(value);
		value = NULL;
	}
	return value;
}

struct slice sso_json_peek(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value)) : SLICE_NONE;
}

struct slice sso_json_text(const json_t *object, const char *name, struct arena *arena)
{
	struct slice text = sso_json_peek(object, name);
	return text.n > 0 ? arena_dup(arena, text) : SLICE_NONE;
}

bool sso_json_lists(const json_t *object, const char *name, struct slice value)
{
	const json_t *list = json_object_get(object, name), *item;
	size_t i;
	json_array_foreach(list, i, item)
		if (json_is_string(item) && slice_eq(slice_make(json_string_value(item), json_string_length(item)), value))
			return true;
	return false;
}
