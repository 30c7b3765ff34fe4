/* PatchObject (RFC 8620 5.3). */
#include "jmap/private.h"

#define TOKEN_MAX 1000
#define PATCH_MAX 1000 /* members of one patch */

/* All but the last token must be there already. False: invalid. */
static bool apply(json_t *object, struct slice pointer, json_t *value)
{
	struct buf token = BUF_INIT(TOKEN_MAX);
	bool good = jmap_pointer_next(&pointer, &token);

	while (good && pointer.n > 0) {
		object = jmap_member(object, buf_slice(&token));
		good = json_is_object(object) && jmap_pointer_next(&pointer, &token);
	}
	if (good && json_is_null(value))
		(void)json_object_deln(object, (const char *)buf_slice(&token).p, buf_len(&token));
	else if (good)
		good = json_object_setn(object, (const char *)buf_slice(&token).p, buf_len(&token), value) == 0;
	buf_free(&token);
	return good;
}

/* No pointer may be the beginning of another one. */
static bool is_prefixed(const json_t *patch, struct slice pointer)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)patch, key, value) {
		struct slice other = slice_str(key);

		if (other.n > pointer.n && slice_starts(other, pointer) && other.p[pointer.n] == '/')
			return true;
	}
	return false;
}

json_t *jmap_patch(const json_t *object, const json_t *patch)
{
	json_t *ret = json_deep_copy(object), *value;
	const char *key;
	bool good = json_object_size(patch) <= PATCH_MAX;

	json_object_foreach((json_t *)patch, key, value) {
		struct slice pointer = slice_str(key);

		good = good && pointer.n > 0 && !is_prefixed(patch, pointer) && apply(ret, pointer, value);
	}
	if (!good) {
		json_decref(ret);
		return NULL;
	}
	return ret;
}
