/* References to results of former calls (RFC 8620 3.7), and the pointers in them (RFC 6901). */
#include <string.h>

#include "jmap/private.h"

#define TOKEN_MAX 1000
#define VALUES_MAX 100000 /* of a pointer with "*" */

static bool is_reference(const char *key)
{
	return key[0] == '#';
}

void jmap_references_note(const json_t *args, json_t *referred)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)args, key, value) {
		const char *id = json_string_value(json_object_get(value, "resultOf"));

		if (is_reference(key) && id != NULL)
			json_object_set_new(referred, id, json_true());
	}
}

bool jmap_pointer_next(struct slice *pointer, struct buf *token)
{
	ptrdiff_t end = slice_find(*pointer, '/');
	struct slice raw = end >= 0 ? slice_sub(*pointer, 0, (size_t)end) : *pointer;

	buf_clear(token);
	for (size_t i = 0; i < raw.n; i++) {
		uint8_t c = raw.p[i];

		if (c == '~') {
			if (++i == raw.n || (raw.p[i] != '0' && raw.p[i] != '1'))
				return false;
			c = raw.p[i] == '0' ? '~' : '/';
		}
		buf_append_byte(token, c);
	}
	*pointer = end >= 0 ? slice_from(*pointer, (size_t)end + 1) : SLICE_NONE;
	return !token->failed;
}

static json_t *evaluate(const json_t *value, struct slice rest, bool more);

/* "*": the rest is applied to every element; arrays that come out are joined (RFC 8620 3.7). */
static json_t *evaluate_all(const json_t *array, struct slice rest, bool more)
{
	json_t *ret = json_array(), *element, *one;
	size_t i;

	json_array_foreach(array, i, element) {
		one = evaluate(element, rest, more);
		if (one == NULL || json_array_size(ret) + (json_is_array(one) ? json_array_size(one) : 1) > VALUES_MAX) {
			json_decref(one);
			json_decref(ret);
			return NULL;
		}
		if (json_is_array(one)) {
			(void)json_array_extend(ret, one);
			json_decref(one);
		} else {
			json_array_append_new(ret, one);
		}
	}
	return ret;
}

static const json_t *element_of(const json_t *array, struct slice token)
{
	uint64_t at;

	if (slice_to_u64(token, &at) != 0 || (token.n > 1 && token.p[0] == '0'))
		return NULL;
	return json_array_get(array, (size_t)at);
}

/* more: a token follows (also an empty one). */
static json_t *evaluate(const json_t *value, struct slice rest, bool more)
{
	struct buf token = BUF_INIT(TOKEN_MAX);
	json_t *ret = NULL;
	bool another;

	if (!more)
		return json_incref((json_t *)value);
	another = slice_find(rest, '/') >= 0;
	if (!jmap_pointer_next(&rest, &token))
		goto out;
	if (json_is_array(value) && slice_eq(buf_slice(&token), SLICE("*"))) {
		ret = evaluate_all(value, rest, another);
	} else {
		const json_t *next = json_is_array(value) ? element_of(value, buf_slice(&token)) : jmap_member(value, buf_slice(&token));
		ret = next != NULL ? evaluate(next, rest, another) : NULL;
	}
out:
	buf_free(&token);
	return ret;
}

json_t *jmap_pointer_get(const json_t *value, struct slice pointer)
{
	if (pointer.n > 0 && pointer.p[0] != '/')
		return NULL;
	return evaluate(value, slice_from(pointer, 1), pointer.n > 0);
}

static json_t *resolve(const struct jmap_request *r, const json_t *reference)
{
	const json_t *answer = jmap_member(r->referred, jmap_text(json_object_get(reference, "resultOf")));
	const json_t *name = json_object_get(reference, "name"), *path = json_object_get(reference, "path");

	if (!json_is_array(answer) || !json_is_string(name) || !json_is_string(path) || !json_equal(json_array_get(answer, 0), (json_t *)name))
		return NULL;
	return jmap_pointer_get(json_array_get(answer, 1), jmap_text(path));
}

json_t *jmap_references_resolve(const struct jmap_request *r, const json_t *args, const char **ret_error)
{
	json_t *ret = json_object(), *value, *found;
	const char *key;

	json_object_foreach((json_t *)args, key, value) {
		if (!is_reference(key)) {
			json_object_set(ret, key, value);
			continue;
		}
		found = json_object_get(args, key + 1) == NULL ? resolve(r, value) : NULL;
		if (found == NULL) {
			*ret_error = json_object_get(args, key + 1) == NULL ? "invalidResultReference" : "invalidArguments";
			json_decref(ret);
			return NULL;
		}
		json_object_set_new(ret, key + 1, found);
	}
	return ret;
}
