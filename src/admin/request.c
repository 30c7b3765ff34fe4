#include "admin/request.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "base/ensure.h"

static int refuse(struct error *err, enum error_code code, const char *text, struct slice name)
{
	error_set(err, code, "%s", text);
	error_public(err, "%s: %.*s", text, (int)(name.n > 60 ? 60 : name.n), (const char *)name.p);
	return code;
}

static bool member_is_texts(const json_t *value)
{
	size_t i;
	json_t *item;

	if (!json_is_array(value) || json_array_size(value) > ADMIN_LIST_MAX)
		return false;
	json_array_foreach(value, i, item)
		if (!json_is_string(item))
			return false;
	return true;
}

static bool member_fits(const struct admin_member *m, const json_t *value)
{
	switch (m->type) {
	case ADMIN_TEXT: return json_is_string(value);
	case ADMIN_NUMBER: return json_is_integer(value) && json_integer_value(value) >= 0;
	case ADMIN_FLAG: return json_is_boolean(value);
	case ADMIN_TEXTS: return member_is_texts(value);
	case ADMIN_OBJECT: return json_is_object(value);
	case ADMIN_OBJECTS: break;
	}
	return false;
}

static json_t *object_get(const json_t *object, struct slice name)
{
	char key[64];

	if (name.n >= sizeof key)
		return NULL;
	memcpy(key, name.p, name.n);
	key[name.n] = 0;
	return json_object_get(object, key);
}

static bool members_list(struct slice members, struct slice name)
{
	struct admin_member m;

	while (admin_member_next(&members, &m))
		if (slice_eq(m.name, name))
			return true;
	return false;
}

static int args_check(const struct admin_operation *op, json_t *args, struct error *err)
{
	struct slice members = op->members;
	struct admin_member m;
	const char *key;
	json_t *value;

	while (admin_member_next(&members, &m)) {
		value = object_get(args, m.name);
		if (value == NULL && !m.optional)
			return refuse(err, ERR_INVALID, "missing", m.name);
		if (value != NULL && !member_fits(&m, value))
			return refuse(err, ERR_INVALID, "not of the right type", m.name);
	}
	json_object_foreach(args, key, value)
		if (!members_list(op->members, slice_str(key)))
			return refuse(err, ERR_INVALID, "not an argument of this operation", slice_str(key));
	return 0;
}

static int args_copy(json_t *args, struct arena *arena, struct slice *ret, struct error *err)
{
	size_t size = json_dumpb(args, NULL, 0, JSON_COMPACT | JSON_SORT_KEYS);

	if (size == 0 || size > ADMIN_JSON_MAX)
		return refuse(err, ERR_LIMIT, "too large", SLICE("args"));
	char *text = arena_alloc(arena, size);
	json_dumpb(args, text, size, JSON_COMPACT | JSON_SORT_KEYS);
	*ret = slice_make(text, size);
	return 0;
}

static int request_take(struct slice op, json_t *args, struct arena *arena, struct admin_request *ret, struct error *err)
{
	int code;

	ret->operation = admin_operation_find(op);
	if (ret->operation == NULL)
		return refuse(err, ERR_NOT_FOUND, "no such operation", op);
	code = args_check(ret->operation, args, err);
	return code == 0 ? args_copy(args, arena, &ret->args, err) : code;
}

int admin_request_make(struct slice op, struct slice args, struct arena *arena, struct admin_request *ret, struct error *err)
{
	json_t *object = args.n > 0 ? json_loadb((const char *)args.p, args.n, JSON_REJECT_DUPLICATES, NULL) : json_object();
	int code;

	*ret = (struct admin_request){0};
	code = json_is_object(object) ? request_take(op, object, arena, ret, err)
	                              : refuse(err, ERR_INVALID, "not a request", SLICE("a JSON object was expected"));
	json_decref(object);
	return code;
}

static struct slice text_of(const json_t *value)
{
	return slice_make(json_string_value(value), json_string_length(value));
}

/* A text member that may be missing. */
static bool text_take(const json_t *root, const char *name, size_t max, struct arena *arena, struct slice *ret)
{
	const json_t *value = json_object_get(root, name);

	*ret = json_is_string(value) ? arena_dup(arena, text_of(value)) : SLICE_NONE;
	return value == NULL || (json_is_string(value) && ret->n <= max);
}

int admin_request_parse(struct slice line, struct arena *arena, struct admin_request *ret, struct error *err)
{
	json_t *root, *op, *args, *empty = NULL;
	int code;

	*ret = (struct admin_request){0};
	root = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	op = json_object_get(root, "op");
	args = json_object_get(root, "args");
	if (args == NULL)
		args = empty = json_object();
	if (json_is_string(op) && json_is_object(args) && text_take(root, "token", ADMIN_TOKEN_MAX, arena, &ret->token)
	    && text_take(root, "reason", ADMIN_REASON_MAX, arena, &ret->reason))
		code = request_take(text_of(op), args, arena, ret, err);
	else
		code = refuse(err, ERR_INVALID, "not a request", SLICE("{\"op\":…,\"args\":{…}} expected"));
	json_decref(empty);
	json_decref(root);
	return code;
}

/* Passwords pass through JSON values. */
static void free_wiped(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void admin_json_setup(void)
{
	json_set_alloc_funcs(malloc, free_wiped);
	json_object_seed(0);
}

static void answer_dump(struct buf *out, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);

	buf_append_str(out, text != NULL ? text : "{\"status\":1,\"error\":\"the answer cannot be shown\"}");
	buf_append_byte(out, '\n');
	free(text);
}

void admin_answer(struct buf *out, enum admin_status status, struct slice result)
{
	json_t *value = json_loadb((const char *)result.p, result.n, JSON_REJECT_DUPLICATES, NULL);
	json_t *answer = NULL;

	if (result.n == 0)
		value = json_object();
	if (!json_is_object(value)) {
		json_decref(value);
		admin_answer_error(out, ADMIN_FAILED, "the role gave no answer that can be shown");
		return;
	}
	if (json_is_string(json_object_get(value, "error")) && status != ADMIN_OK && status != ADMIN_PARTIAL)
		answer = json_pack("{s:i, s:O, s:O}", "status", (int)status, "error", json_object_get(value, "error"), "result", value);
	else
		answer = json_pack("{s:i, s:O}", "status", (int)status, "result", value);
	answer_dump(out, answer);
	json_decref(answer);
	json_decref(value);
}

void admin_answer_error(struct buf *out, enum admin_status status, const char *text)
{
	json_t *answer = json_pack("{s:i, s:s%}", "status", (int)status, "error", text, strnlen(text, 1000));

	answer_dump(out, answer);
	json_decref(answer);
}
