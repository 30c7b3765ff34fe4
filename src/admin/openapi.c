#include "admin/openapi.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "admin/operation.h"
#include "base/arena.h"

static json_t *schema_type(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static json_t *schema_object(struct slice members, bool closed);

static json_t *schema_of(const struct admin_member *m)
{
	switch (m->type) {
	case ADMIN_TEXT: return schema_type("string");
	case ADMIN_NUMBER: return schema_type("integer");
	case ADMIN_FLAG: return schema_type("boolean");
	case ADMIN_TEXTS: return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
	case ADMIN_OBJECT: return schema_type("object");
	case ADMIN_OBJECTS: return json_pack("{s:s, s:o}", "type", "array", "items", schema_object(m->inner, false));
	}
	return json_object();
}

static json_t *name_of(struct slice name)
{
	return json_stringn((const char *)name.p, name.n);
}

/* closed: other members are refused. */
static json_t *schema_object(struct slice members, bool closed)
{
	json_t *schema = schema_type("object"), *properties = json_object(), *required = json_array();
	struct admin_member m;

	while (admin_member_next(&members, &m)) {
		json_t *name = name_of(m.name);

		json_object_set_new(properties, json_string_value(name), schema_of(&m));
		if (!m.optional)
			json_array_append(required, name);
		json_decref(name);
	}
	if (json_object_size(properties) > 0)
		json_object_set(schema, "properties", properties);
	if (json_array_size(required) > 0)
		json_object_set(schema, "required", required);
	if (closed)
		json_object_set_new(schema, "additionalProperties", json_false());
	json_decref(properties);
	json_decref(required);
	return schema;
}

static json_t *response(const char *text, const char *type, json_t *schema)
{
	return json_pack("{s:s, s:{s:{s:o}}}", "description", text, "content", type, "schema", schema);
}

static json_t *responses(const struct admin_result *result)
{
	json_t *all = json_object();

	json_object_set_new(all, "200", response("Done.", "application/json", schema_object(result->members, false)));
	json_object_set_new(all, "207", response("Partly done, or a check found something.", "application/json", schema_type("object")));
	json_object_set_new(all, "default", json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
	return all;
}

static json_t *query_parameters(struct slice members)
{
	json_t *all = json_array();
	struct admin_member m;

	while (admin_member_next(&members, &m))
		json_array_append_new(all, json_pack("{s:o, s:s, s:b, s:o}", "name", name_of(m.name), "in", "query", "required", !m.optional, "schema",
		                                     schema_of(&m)));
	return all;
}

/* "user.app_password.add" with "get" or "post": getUserAppPasswordAdd. */
static json_t *operation_id(const char *method, struct slice name)
{
	struct arena arena = ARENA_INIT;
	char *text = (char *)(uintptr_t)arena_printf(&arena, "%s", method).p;
	struct slice id = arena_printf(&arena, "%s%.*s", text, SLICE_ARG(name));
	char *p = (char *)(uintptr_t)id.p;
	size_t n = slice_str(method).n;
	bool upper = true;

	for (size_t i = n; i < id.n; i++) {
		bool mark = p[i] == '.' || p[i] == '_';

		if (!mark)
			p[n++] = upper ? (char)ascii_upper((uint8_t)p[i]) : p[i];
		upper = mark;
	}
	json_t *value = json_stringn(p, n);
	arena_free(&arena);
	return value;
}

static json_t *operation_base(const char *method, const struct admin_operation *op, const struct admin_result *result)
{
	ptrdiff_t dot = slice_find(op->name, '.');
	json_t *o = json_object();

	json_object_set_new(o, "operationId", operation_id(method, op->name));
	json_object_set_new(o, "summary", result->text.n > 0 ? name_of(result->text) : name_of(op->name));
	json_object_set_new(o, "tags", json_pack("[o]", dot > 0 ? name_of(slice_sub(op->name, 0, (size_t)dot)) : json_string("server")));
	json_object_set_new(o, "responses", responses(result));
	return o;
}

static json_t *post_of(const struct admin_operation *op, const struct admin_result *result)
{
	json_t *o = operation_base("post", op, result);
	struct slice members = op->members;
	struct admin_member m;
	bool needed = false;

	while (admin_member_next(&members, &m))
		needed |= !m.optional;
	json_object_set_new(o, "requestBody",
		json_pack("{s:b, s:{s:{s:o}}}", "required", needed, "content", "application/json", "schema", schema_object(op->members, true)));
	if (op->kind == OPERATION_CHANGES)
		json_object_set_new(o, "parameters", json_pack("[{s:s}]", "$ref", "#/components/parameters/IdempotencyKey"));
	return o;
}

static json_t *get_of(const struct admin_operation *op, const struct admin_result *result)
{
	json_t *o = operation_base("get", op, result);

	json_object_set_new(o, "parameters", query_parameters(op->members));
	return o;
}

static json_t *paths(void)
{
	json_t *all = json_object();
	const struct admin_operation *op;
	char path[128];

	for (size_t i = 0; (op = admin_operation_at(i)) != NULL; i++) {
		const struct admin_result *result = admin_result_find(op->name);
		json_t *item = json_object();

		if (admin_operation_queryable(op))
			json_object_set_new(item, "get", get_of(op, result));
		json_object_set_new(item, "post", post_of(op, result));
		snprintf(path, sizeof path, ADMIN_API_PREFIX "%.*s", SLICE_ARG(op->name));
		json_object_set_new(all, path, item);
	}
	return all;
}

static json_t *problem_schema(void)
{
	return json_pack("{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}}, s:[s, s]}",
		"type", "object",
		"properties",
			"title", "type", "string",
			"status", "type", "integer",
			"code", "type", "string", "description", "A word for programs.",
			"detail", "type", "string", "description", "A sentence for people.",
			"cid", "type", "string", "description", "The number of the request in the log.",
		"required", "title", "status");
}

static json_t *components(void)
{
	json_t *c = json_object();

	json_object_set_new(c, "securitySchemes",
		json_pack("{s:{s:s, s:s, s:s}}", "token", "type", "http", "scheme", "bearer", "description",
		          "The token of a session, or one made for programs with scopes and an end."));
	json_object_set_new(c, "schemas", json_pack("{s:o}", "Problem", problem_schema()));
	json_object_set_new(c, "responses", json_pack("{s:o}", "Problem", response("Not done (RFC 9457).", "application/problem+json",
		json_pack("{s:s}", "$ref", "#/components/schemas/Problem"))));
	json_object_set_new(c, "parameters", json_pack("{s:{s:s, s:s, s:b, s:s, s:{s:s, s:i}}}", "IdempotencyKey", "name", "Idempotency-Key", "in",
		"header", "required", 0, "description",
		"A call that is repeated within a day with the same key is done once, and answered again; with another body it is refused (422).",
		"schema", "type", "string", "maxLength", 200));
	return c;
}

void admin_openapi(struct buf *out, bool pretty)
{
	json_t *root = json_object();

	json_object_set_new(root, "openapi", json_string("3.1.0"));
	json_object_set_new(root, "info", json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "title", "Letterlock administration", "version",
		LETTERLOCK_VERSION, "description",
		"The same operations as those of the command line. What a caller may do is decided call by call, and recorded. Lists come in pages: "
		"while \"more\" is true, \"next\" is the value of \"after\" for the next page (also as a Link field).",
		"license", "name", "Apache-2.0", "identifier", "Apache-2.0"));
	json_object_set_new(root, "servers", json_pack("[{s:s}]", "url", "/"));
	json_object_set_new(root, "security", json_pack("[{s:[]}, {}]", "token"));
	json_object_set_new(root, "paths", paths());
	json_object_set_new(root, "components", components());
	char *text = json_dumps(root, pretty ? JSON_INDENT(1) : JSON_COMPACT);
	buf_append_str(out, text != NULL ? text : "{}");
	if (pretty)
		buf_append_byte(out, '\n');
	free(text);
	json_decref(root);
}
