#include "admin/request.h"

#include <jansson.h>
#include <string.h>
#include "base/ensure.h"

static const struct admin_operation operations[] = {
#define OPERATION(op_name, op_role, op_right, op_kind, op_members) {SLICE_INIT(op_name), ROLE_##op_role, OPERATION_##op_kind, SLICE_INIT(op_members)},
#include "ipc/operations.h"
#undef OPERATION
};

const struct admin_operation *admin_operation_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(operations); i++)
		if (slice_eq(operations[i].name, name))
			return &operations[i];
	return NULL;
}

static int refuse(struct error *err, enum error_code code, const char *text, struct slice name)
{
	error_set(err, code, "%s", text);
	error_public(err, "%s: %.*s", text, (int)(name.n > 60 ? 60 : name.n), (const char *)name.p);
	return code;
}

/* A member of the table: "quota#?" is named quota, is a number, may be missing. */
struct member {
	struct slice name;
	char type; /* 's', '#', '!' or '[' */
	bool optional;
};

static bool member_next(struct slice *members, struct member *ret)
{
	struct slice word;

	if (!slice_split(members, ' ', &word))
		return false;
	ret->optional = slice_ends(word, SLICE("?"));
	if (ret->optional)
		word.n--;
	ret->type = 's';
	if (slice_ends(word, SLICE("[]"))) {
		ret->type = '[';
		word.n -= 2;
	} else if (slice_ends(word, SLICE("#")) || slice_ends(word, SLICE("!"))) {
		ret->type = (char)word.p[--word.n];
	}
	ret->name = word;
	return true;
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

static bool member_fits(const struct member *m, const json_t *value)
{
	switch (m->type) {
	case '#': return json_is_integer(value) && json_integer_value(value) >= 0;
	case '!': return json_is_boolean(value);
	case '[': return member_is_texts(value);
	default: return json_is_string(value);
	}
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
	struct member m;

	while (member_next(&members, &m))
		if (slice_eq(m.name, name))
			return true;
	return false;
}

static int args_check(const struct admin_operation *op, json_t *args, struct error *err)
{
	struct slice members = op->members;
	struct member m;
	const char *key;
	json_t *value;

	while (member_next(&members, &m)) {
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
	size_t size = json_dumpb(args, NULL, 0, JSON_COMPACT);

	if (size == 0 || size > ADMIN_JSON_MAX)
		return refuse(err, ERR_LIMIT, "too large", SLICE("args"));
	char *text = arena_alloc(arena, size);
	json_dumpb(args, text, size, JSON_COMPACT);
	*ret = slice_make(text, size);
	return 0;
}

static struct slice text_of(const json_t *value)
{
	return slice_make(json_string_value(value), json_string_length(value));
}

int admin_request_parse(struct slice line, struct arena *arena, struct admin_request *ret, struct error *err)
{
	json_t *root, *op, *args, *empty = NULL;
	int code;

	root = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	op = json_object_get(root, "op");
	args = json_object_get(root, "args");
	if (args == NULL)
		args = empty = json_object();
	if (!json_is_string(op) || !json_is_object(args)) {
		code = refuse(err, ERR_INVALID, "not a request", SLICE("{\"op\":…,\"args\":{…}} expected"));
		goto out;
	}
	ret->operation = admin_operation_find(text_of(op));
	if (ret->operation == NULL) {
		code = refuse(err, ERR_NOT_FOUND, "no such operation", text_of(op));
		goto out;
	}
	code = args_check(ret->operation, args, err);
	if (code == 0)
		code = args_copy(args, arena, &ret->args, err);
out:
	json_decref(empty);
	json_decref(root);
	return code;
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
		answer = json_pack("{s:i, s:O}", "status", (int)status, "error", json_object_get(value, "error"));
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
