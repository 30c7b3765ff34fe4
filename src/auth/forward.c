#include "auth/forward.h"

#include <string.h>

#include "auth/directory_device.h"
#include "auth/directory_sql.h"

int forward_policy_check(const json_t *value, struct error *err)
{
	const json_t *outside = json_object_get(value, "outside");
	if (!json_is_object(value) || json_object_size(value) != 1 || !json_is_boolean(outside))
		return error_set(err, ERR_INVALID, "it is {\"outside\": true or false}");
	return 0;
}

/* Is there an exception in force for the address, or for its whole domain? 1, 0 or negative. */
static int excepted(struct directory *d, struct slice source, struct slice target, struct slice domain, int64_t now)
{
	sqlite3_stmt *s = sql_query(d, Q_FORWARD_FIND);
	sql_text(s, 1, source);
	sql_text(s, 2, target);
	sql_text(s, 3, domain);
	sql_int(s, 4, now);
	int rc = sql_step(s);
	sql_done(s);
	return rc;
}

int forward_allowed(struct directory *d, struct slice source, struct slice target, int64_t now)
{
	struct arena arena = ARENA_INIT;
	struct address a;
	struct directory_domain domain;
	const json_t *policy;
	int rc = address_parse(target, &arena, &a) == 0 ? directory_domain_get(d, a.domain, &arena, &domain) : ERR_INVALID;
	if (rc == 0) {
		rc = 1;
	} else if (rc == ERR_NOT_FOUND) {
		rc = directory_policy_json(d, FORWARD_POLICY, &policy);
		if (rc == 0 && json_is_true(json_object_get(policy, "outside")))
			rc = 1;
		else if (rc == 0)
			rc = excepted(d, source, address_text(&a, &arena), arena_printf(&arena, "@%.*s", SLICE_ARG(a.domain)), now);
	}
	arena_free(&arena);
	return rc;
}

/* ---- exceptions ---- */

static void read_exception(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct forward_exception *ret = into;
	*ret = (struct forward_exception){.id = (uint32_t)sqlite3_column_int64(s, 0), .source = sql_get(s, 1, arena), .target = sql_get(s, 2, arena),
		.author = sql_get(s, 3, arena), .approver = sql_get(s, 4, arena), .reason = sql_get(s, 5, arena),
		.created = sqlite3_column_int64(s, 6), .ends = sqlite3_column_int64(s, 7)};
}

int directory_forward_add(struct directory *d, const struct forward_exception *e, uint32_t *ret_id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_FORWARD_ADD);
	sql_text(s, 1, e->source);
	sql_text(s, 2, e->target);
	sql_text(s, 3, e->author);
	sql_text(s, 4, e->approver);
	sql_text(s, 5, e->reason);
	sql_int(s, 6, e->created);
	sql_int(s, 7, e->ends);
	return sql_run_returning(d, s, ret_id, err);
}

int directory_forward_end(struct directory *d, uint32_t id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_FORWARD_END);
	sql_int(s, 1, id);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_forward_get(struct directory *d, uint32_t id, struct arena *arena, struct forward_exception *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_FORWARD_GET);
	sql_int(s, 1, id);
	return sql_one(s, read_exception, arena, ret);
}

int directory_forward_list(struct directory *d, uint32_t after, struct arena *arena, struct forward_exception *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_FORWARD_LIST);
	sql_int(s, 1, after);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_exception, arena, ret, sizeof *ret);
}
