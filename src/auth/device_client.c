/* The client floor: which programs, from which version on. */
#include <string.h>

#include "auth/access.h"

#define CLIENT_ROWS_MAX 100

static const char *const action_names[] = {"ok", "warn", "limit", "refuse"};

static struct slice text_of(const json_t *v)
{
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

/* The next number of a version; what follows is left. Missing ones are 0. */
static uint64_t next_number(struct slice *s)
{
	uint64_t n = 0;
	while (s->n > 0 && !ascii_is_digit(s->p[0]))
		*s = slice_from(*s, 1);
	while (s->n > 0 && ascii_is_digit(s->p[0])) {
		n = n > UINT64_MAX / 10 - 1 ? n : n * 10 + (s->p[0] - '0');
		*s = slice_from(*s, 1);
	}
	return n;
}

static bool older(struct slice version, struct slice floor)
{
	while (version.n > 0 || floor.n > 0) {
		uint64_t a = next_number(&version), b = next_number(&floor);
		if (a != b)
			return a < b;
	}
	return false;
}

/* The version behind "name/"; false: another program. A program that says no version is older than any. */
static bool version_of(struct slice client, struct slice name, struct slice *ret)
{
	ptrdiff_t at = slice_search_nocase(client, name);
	if (at < 0 || (at > 0 && ascii_is_alnum(client.p[at - 1])))
		return false;
	struct slice rest = slice_from(client, (size_t)at + name.n);
	*ret = SLICE_NONE;
	if (rest.n > 0 && rest.p[0] != '/' && rest.p[0] != ' ')
		return false;
	if (rest.n > 0 && rest.p[0] == '/') {
		rest = slice_from(rest, 1);
		ptrdiff_t end = slice_find(rest, ' ');
		*ret = end >= 0 ? slice_sub(rest, 0, (size_t)end) : rest;
	}
	return true;
}

static int action_of(struct slice name)
{
	for (int i = CLIENT_WARN; i <= CLIENT_REFUSE; i++)
		if (slice_eq(name, slice_str(action_names[i])))
			return i;
	return -1;
}

enum client_action client_floor(const json_t *policy, struct slice client)
{
	const json_t *rows = json_object_get(policy, "rows");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		struct slice version;
		if (!version_of(client, text_of(json_object_get(row, "name")), &version))
			continue;
		int action = action_of(text_of(json_object_get(row, "action")));
		return older(version, text_of(json_object_get(row, "min"))) && action > 0 ? (enum client_action)action : CLIENT_OK;
	}
	return CLIENT_OK;
}

int clients_policy_check(const json_t *value, struct error *err)
{
	const json_t *rows = json_object_get(value, "rows");
	if (!json_is_object(value) || json_object_size(value) != 1 || !json_is_array(rows) || json_array_size(rows) > CLIENT_ROWS_MAX)
		return error_set(err, ERR_INVALID, "\"rows\" is a list of at most %d rows, and all there is", CLIENT_ROWS_MAX);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		struct slice name = text_of(json_object_get(row, "name")), min = text_of(json_object_get(row, "min"));
		if (json_object_size(row) != 3 || name.n == 0 || name.n > SIGNIN_CLIENT_MAX || min.n == 0 || min.n > 40 || !ascii_is_digit(min.p[0])
		    || action_of(text_of(json_object_get(row, "action"))) < 0)
			return error_set(err, ERR_INVALID, "row %zu: a row has a name, a min (the lowest version) and an action: refuse, warn or limit", i + 1);
	}
	return 0;
}
