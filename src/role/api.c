/* See role/api.h. */
#include "role/api.h"

#include <string.h>

#include "admin/openapi.h"
#include "base/ensure.h"
#include "base/codec.h"
#include "http/message.h"
#include "http/url.h"

#define NAME_MAX_BYTES 64
#define VALUE_MAX 8192

/* ---- args of a query ---- */

static bool member_find(struct slice members, struct slice name, struct admin_member *ret)
{
	while (admin_member_next(&members, ret))
		if (slice_eq(ret->name, name))
			return true;
	return false;
}

/* The text of a query as a value of the member's type; NULL: it is none. */
static json_t *value_of(const struct admin_member *m, struct slice text)
{
	uint64_t number;

	switch (m->type) {
	case ADMIN_TEXT: case ADMIN_TEXTS:
		return json_stringn((const char *)text.p, text.n);
	case ADMIN_NUMBER:
		return slice_to_u64(text, &number) == 0 && number <= INT64_MAX ? json_integer((json_int_t)number) : NULL;
	case ADMIN_FLAG:
		if (slice_eq(text, SLICE("true")))
			return json_true();
		return slice_eq(text, SLICE("false")) ? json_false() : NULL;
	case ADMIN_OBJECT: case ADMIN_OBJECTS: break;
	}
	return NULL;
}

static bool member_put(json_t *args, const struct admin_member *m, const char *name, json_t *value)
{
	json_t *list = json_object_get(args, name);

	if (value == NULL)
		return false;
	if (m->type != ADMIN_TEXTS) {
		bool twice = list != NULL;
		json_object_set_new(args, name, value);
		return !twice;
	}
	if (list == NULL)
		json_object_set_new(args, name, list = json_array());
	json_array_append_new(list, value);
	return true;
}

json_t *api_args_of_query(const struct admin_operation *op, struct slice query)
{
	struct buf name = BUF_INIT(NAME_MAX_BYTES), value = BUF_INIT(VALUE_MAX);
	json_t *args = json_object();
	struct admin_member m;
	bool good = true;
	int more;

	while (good && (more = http_query_next(&query, &name, &value)) != 0) {
		char key[NAME_MAX_BYTES + 1] = "";

		good = more > 0 && member_find(op->members, buf_slice(&name), &m);
		if (good)
			memcpy(key, buf_slice(&name).p, buf_len(&name));
		good = good && member_put(args, &m, key, value_of(&m, buf_slice(&value)));
	}
	buf_free(&name);
	buf_free(&value);
	if (!good) {
		json_decref(args);
		return NULL;
	}
	return args;
}

/* ---- answers ---- */

unsigned api_status(enum admin_status status, struct slice code)
{
	static const struct {
		struct slice code;
		unsigned status;
	} codes[] = {
		{SLICE_INIT("sign_in"), 401}, {SLICE_INIT("password"), 401}, {SLICE_INIT("work_needed"), 401}, {SLICE_INIT("throttled"), 429},
		{SLICE_INIT("key_reused"), 422}, {SLICE_INIT("locked"), 423},
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (slice_eq(codes[i].code, code))
			return codes[i].status;
	switch (status) {
	case ADMIN_OK: return 200;
	case ADMIN_FAILED: return 409;
	case ADMIN_INVALID: return 400;
	case ADMIN_CONFIG: return 409;
	case ADMIN_UNAVAILABLE: return 503;
	case ADMIN_DENIED: return 403;
	case ADMIN_NOT_FOUND: return 404;
	case ADMIN_PARTIAL: return 207;
	}
	return 500;
}

struct slice api_text(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value)) : SLICE_NONE;
}

static void set_text(json_t *object, const char *name, struct slice text)
{
	json_object_set_new(object, name, json_stringn((const char *)text.p, text.n));
}

char *api_problem(enum admin_status status, json_t *result, struct slice cid, unsigned *ret_number)
{
	unsigned number = api_status(status, api_text(result, "code"));
	json_t *detail = json_incref(json_object_get(result, "error"));
	char *text;

	json_object_del(result, "error");
	if (json_is_string(detail))
		json_object_set(result, "detail", detail);
	set_text(result, "title", http_status_text(number));
	json_object_set_new(result, "status", json_integer(number));
	set_text(result, "cid", cid);
	text = json_dumps(result, JSON_COMPACT);
	json_decref(detail);
	*ret_number = number;
	return text;
}

struct http_field api_problem_field(unsigned number, const json_t *result, char room[API_FIELD_MAX])
{
	json_int_t wait = json_integer_value(json_object_get(result, "retry_after"));

	if (number == 401)
		return (struct http_field)HTTP_FIELD("WWW-Authenticate", "Bearer realm=\"letterlock\"");
	if (number != 429 && number != 503)
		return (struct http_field){0};
	(void)snprintf(room, API_FIELD_MAX, "%lld", (long long)(wait > 0 ? wait : 60));
	return (struct http_field){SLICE("Retry-After"), slice_str(room)};
}

void api_link(struct slice op, struct slice query, const json_t *result, struct buf *link)
{
	struct slice next = api_text(result, "next"), pair;

	if (next.n == 0 || !json_is_true(json_object_get(result, "more")))
		return;
	buf_printf(link, "<" ADMIN_API_PREFIX "%.*s?", SLICE_ARG(op));
	while (slice_split(&query, '&', &pair))
		if (!slice_starts(pair, SLICE("after=")) && pair.n > 0)
			buf_printf(link, "%.*s&", SLICE_ARG(pair));
	buf_append_str(link, "after=");
	http_percent_encode(next, link);
	buf_append_str(link, ">; rel=\"next\"");
}
