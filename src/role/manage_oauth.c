/* The authorization server over HTTP: a request is passed on as it is, and its answer goes back as auth made it (auth/oauth.h). */
#include <jansson.h>
#include <stdlib.h>

#include "role/manage.h"

bool manage_oauth_path(struct slice path)
{
	return slice_starts(path, SLICE("/oauth/")) || slice_eq(path, SLICE("/.well-known/oauth-authorization-server"));
}

static bool set_text(json_t *args, const char *name, struct slice text)
{
	return text.n == 0 || json_object_set_new(args, name, json_stringn((const char *)text.p, text.n)) == 0;
}

void manage_oauth(struct manage *m)
{
	json_t *args = json_object();
	char *text = NULL;
	bool post = m->method == HTTP_METHOD_POST;

	if (!post && m->method != HTTP_METHOD_GET) {
		manage_not_allowed(m, "GET, HEAD, POST, OPTIONS");
		goto out;
	}
	if (post && m->content != CONTENT_FORM) {
		manage_problem(m, 415, "media_type", "The body must be application/x-www-form-urlencoded.");
		goto out;
	}
	if (post)
		json_object_set_new(args, "post", json_true());
	if (set_text(args, "path", m->path) && set_text(args, "query", m->query) && set_text(args, "form", buf_slice(&m->body)))
		text = json_dumps(args, JSON_COMPACT);
	if (text != NULL)
		manage_call(m, SLICE("oauth.request"), slice_str(text));
	else
		manage_problem(m, 400, "invalid", "The request is not UTF-8.");
out:
	free(text);
	json_decref(args);
}

static struct slice text_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value)) : SLICE_NONE;
}

void manage_oauth_answer(struct manage *m, const json_t *result)
{
	json_int_t status = json_integer_value(json_object_get(result, "status"));
	struct http_field location = {SLICE("Location"), text_of(result, "location")};
	struct slice body = text_of(result, "body");

	if (status < 200 || status > 599)
		manage_problem(m, 500, "internal", "There was no answer that can be shown.");
	else
		manage_answer(m, (unsigned)status, body.n > 0 ? "application/json" : NULL, &location, location.value.n > 0, body);
}
