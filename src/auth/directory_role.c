#include "auth/directory_role.h"

#include "auth/directory_sql.h"

/* ---- roles ---- */

static void read_role(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct directory_role *ret = into;
	ret->name = sql_get(s, 0, arena);
	ret->text = sql_get(s, 1, arena);
	ret->rights = (auth_rights)sqlite3_column_int64(s, 2);
	ret->created = sqlite3_column_int64(s, 3);
	ret->author = sql_get(s, 4, arena);
}

int directory_role_add(struct directory *d, const struct directory_role *role, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ROLE_ADD);
	sql_text(s, 1, role->name);
	sql_text(s, 2, role->text);
	sql_int(s, 3, (int64_t)role->rights);
	sql_int(s, 4, role->created);
	sql_text(s, 5, role->author);
	return sql_run(d, s, err);
}

int directory_role_get(struct directory *d, struct slice name, struct arena *arena, struct directory_role *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_ROLE_GET);
	sql_text(s, 1, name);
	return sql_one(s, read_role, arena, ret);
}

int directory_role_list(struct directory *d, struct arena *arena, struct directory_role *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_ROLE_LIST);
	sql_int(s, 1, (int64_t)max);
	return sql_all(s, read_role, arena, ret, sizeof *ret);
}

int directory_role_remove(struct directory *d, struct slice name, struct error *err)
{
	sqlite3_stmt *used = sql_query(d, Q_GRANT_USES_ROLE), *s = sql_query(d, Q_ROLE_REMOVE);
	sql_text(used, 1, name);
	int rc = sql_step(used);
	sql_done(used);
	if (rc != 0)
		return rc < 0 ? rc : ERR_CONFLICT;
	sql_text(s, 1, name);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_role_rights(struct directory *d, struct slice name, auth_rights *ret)
{
	struct arena arena = ARENA_INIT;
	struct directory_role role;
	if (auth_builtin_role(name, ret))
		return 0;
	int rc = directory_role_get(d, name, &arena, &role);
	if (rc == 0)
		*ret = role.rights;
	arena_free(&arena);
	return rc;
}

/* ---- grants ---- */

static void read_grant(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct directory_grant *ret = into;
	ret->id = (uint32_t)sqlite3_column_int64(s, 0);
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
	ret->role = sql_get(s, 2, arena);
	ret->scope = (enum auth_scope)sqlite3_column_int(s, 3);
	ret->value = sql_get(s, 4, arena);
	ret->starts = sqlite3_column_int64(s, 5);
	ret->ends = sqlite3_column_int64(s, 6);
	ret->state = (enum grant_state)sqlite3_column_int(s, 7);
	ret->author = sql_get(s, 8, arena);
	ret->approver = sql_get(s, 9, arena);
	ret->reason = sql_get(s, 10, arena);
	ret->created = sqlite3_column_int64(s, 11);
	ret->reviewed = sqlite3_column_int64(s, 12);
}

int directory_grant_add(struct directory *d, const struct directory_grant *g, uint32_t *ret_id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_GRANT_ADD);
	sql_blob(s, 1, g->account, sizeof g->account);
	sql_text(s, 2, g->role);
	sql_int(s, 3, g->scope);
	sql_text(s, 4, g->value);
	sql_int(s, 5, g->starts);
	sql_int(s, 6, g->ends);
	sql_int(s, 7, g->state);
	sql_text(s, 8, g->author);
	sql_text(s, 9, g->approver);
	sql_text(s, 10, g->reason);
	sql_int(s, 11, g->created);
	return sql_run_returning(d, s, ret_id, err);
}

int directory_grant_get(struct directory *d, uint32_t id, struct arena *arena, struct directory_grant *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_GRANT_GET);
	sql_int(s, 1, id);
	return sql_one(s, read_grant, arena, ret);
}

static int read_grants(sqlite3_stmt *s, struct arena *arena, struct directory_grant *ret)
{
	return sql_all(s, read_grant, arena, ret, sizeof *ret);
}

int directory_grants_of(struct directory *d, const uint8_t account[16], enum grant_state state, struct arena *arena, struct directory_grant *ret,
	size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_GRANT_OF);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, state);
	sql_int(s, 3, (int64_t)max);
	return read_grants(s, arena, ret);
}

int directory_grant_list(struct directory *d, enum grant_state state, uint32_t after, struct arena *arena, struct directory_grant *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_GRANT_LIST);
	sql_int(s, 1, state);
	sql_int(s, 2, after);
	sql_int(s, 3, (int64_t)max);
	return read_grants(s, arena, ret);
}

int directory_grant_end(struct directory *d, uint32_t id, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_GRANT_END);
	sql_int(s, 1, id);
	sql_int(s, 2, now);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_grant_end_all(struct directory *d, const uint8_t account[16], int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_GRANT_END_ALL);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, now);
	return sql_run(d, s, err);
}

int directory_grant_reviewed(struct directory *d, uint32_t id, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_GRANT_REVIEWED);
	sql_int(s, 1, id);
	sql_int(s, 2, now);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

/* ---- approvals ---- */

static void read_approval(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct directory_approval *ret = into;
	ret->id = (uint32_t)sqlite3_column_int64(s, 0);
	ret->operation = sql_get(s, 1, arena);
	ret->args = sql_get(s, 2, arena);
	sql_get_fixed(s, 3, ret->asker, sizeof ret->asker);
	ret->asker_name = sql_get(s, 4, arena);
	ret->reason = sql_get(s, 5, arena);
	ret->state = (enum approval_state)sqlite3_column_int(s, 6);
	ret->decider = sql_get(s, 7, arena);
	ret->created = sqlite3_column_int64(s, 8);
	ret->decided = sqlite3_column_int64(s, 9);
	ret->ends = sqlite3_column_int64(s, 10);
	ret->needs = (enum auth_right)sqlite3_column_int(s, 11);
}

int directory_approval_add(struct directory *d, const struct directory_approval *a, uint32_t *ret_id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_APPROVAL_ADD);
	sql_text(s, 1, a->operation);
	sql_text(s, 2, a->args);
	sql_blob(s, 3, a->asker, sizeof a->asker);
	sql_text(s, 4, a->asker_name);
	sql_text(s, 5, a->reason);
	sql_int(s, 6, a->created);
	sql_int(s, 7, a->ends);
	sql_int(s, 8, a->needs);
	return sql_run_returning(d, s, ret_id, err);
}

int directory_approval_get(struct directory *d, uint32_t id, struct arena *arena, struct directory_approval *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_APPROVAL_GET);
	sql_int(s, 1, id);
	return sql_one(s, read_approval, arena, ret);
}

int directory_approval_list(struct directory *d, unsigned state, uint32_t after, struct arena *arena, struct directory_approval *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_APPROVAL_LIST);
	sql_int(s, 1, state);
	sql_int(s, 2, after);
	sql_int(s, 3, (int64_t)max);
	return sql_all(s, read_approval, arena, ret, sizeof *ret);
}

int directory_approval_decide(struct directory *d, uint32_t id, enum approval_state state, struct slice decider, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_APPROVAL_DECIDE);
	sql_int(s, 1, id);
	sql_int(s, 2, state);
	sql_text(s, 3, decider);
	sql_int(s, 4, now);
	return sql_run_changing(d, s, ERR_CONFLICT, err);
}

/* ---- policies, setup ---- */

int directory_policy_get(struct directory *d, const char *name, struct arena *arena, struct slice *ret_value)
{
	sqlite3_stmt *s = sql_query(d, Q_POLICY_GET);
	sql_text(s, 1, slice_str(name));
	int rc = sql_step(s);
	if (rc == 1)
		*ret_value = sql_get(s, 0, arena);
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_policy_set(struct directory *d, const char *name, struct slice value, struct slice author, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_POLICY_SET);
	directory_policies_forget(d);
	if (value.n > POLICY_VALUE_MAX)
		return error_set(err, ERR_LIMIT, "a policy has at most %d bytes", POLICY_VALUE_MAX);
	sql_text(s, 1, slice_str(name));
	sql_text(s, 2, value);
	sql_text(s, 3, author);
	sql_int(s, 4, now);
	return sql_run(d, s, err);
}

bool directory_set_up(struct directory *d)
{
	uint32_t set_up = 0;
	if (directory_setting_u32(d, "set up", &set_up) == 0 && set_up == 1)
		return true;
	sqlite3_stmt *s = sql_query(d, Q_ADMINISTRATOR_READY);
	int rc = sql_step(s);
	sql_done(s);
	if (rc == 0)
		return false;
	/* A directory that cannot be read opens nothing. Outside of a change the row commits by itself. */
	if (rc == 1)
		(void)directory_setting_set_u32(d, "set up", 1, NULL);
	return true;
}
