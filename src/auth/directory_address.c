#include "auth/directory_sql.h"

static void read_address(sqlite3_stmt *s, struct arena *arena, struct directory_address *ret)
{
	ret->kind = (enum address_kind)sqlite3_column_int(s, 0);
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
	ret->target = sql_get(s, 2, arena);
	ret->name = sql_get(s, 3, arena);
}

int directory_address_get(struct directory *d, struct slice local, struct slice domain, struct arena *arena, struct directory_address *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_ADDRESS_GET);
	sql_text(s, 1, domain);
	sql_text(s, 2, local);
	int rc = sql_step(s);
	if (rc == 1) {
		*ret = (struct directory_address){0};
		read_address(s, arena, ret);
	}
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

static sqlite3_stmt *start_add(struct directory *d, const struct address *address, enum address_kind kind)
{
	sqlite3_stmt *s = sql_query(d, Q_ADDRESS_ADD);
	sql_text(s, 1, address->domain);
	sql_text(s, 2, address->local);
	sql_int(s, 3, kind);
	return s;
}

int directory_alias_add(struct directory *d, const struct address *address, struct slice target, struct error *err)
{
	sqlite3_stmt *s = start_add(d, address, ADDRESS_ALIAS);
	sql_text(s, 5, target);
	return sql_run(d, s, err);
}

int directory_behind_add(struct directory *d, const struct address *address, struct error *err)
{
	return sql_run(d, start_add(d, address, ADDRESS_BEHIND), err);
}

int directory_group_add(struct directory *d, const struct address *address, struct slice name, struct error *err)
{
	sqlite3_stmt *s = start_add(d, address, ADDRESS_GROUP);
	sql_text(s, 6, name);
	return sql_run(d, s, err);
}

int directory_address_remove(struct directory *d, const struct address *address, enum address_kind kind, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ADDRESS_REMOVE);
	sql_text(s, 1, address->domain);
	sql_text(s, 2, address->local);
	sql_int(s, 3, kind);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_address_list(struct directory *d, enum address_kind kind, struct slice domain, struct slice after, struct arena *arena,
                           struct directory_address *ret, size_t max)
{
	ptrdiff_t at = slice_rfind(after, '@');
	sqlite3_stmt *s = sql_query(d, Q_ADDRESS_LIST);
	sql_int(s, 1, kind);
	sql_text(s, 2, domain);
	sql_text(s, 3, at >= 0 ? slice_from(after, (size_t)at + 1) : SLICE_NONE);
	sql_text(s, 4, at >= 0 ? slice_sub(after, 0, (size_t)at) : SLICE_NONE);
	sql_int(s, 5, (int64_t)max);
	int count = 0, rc;
	while ((rc = sql_step(s)) == 1) {
		read_address(s, arena, &ret[count]);
		ret[count++].address = sql_get(s, 4, arena);
	}
	sql_done(s);
	return rc < 0 ? rc : count;
}

static int member_count(struct directory *d, const struct address *group)
{
	sqlite3_stmt *s = sql_query(d, Q_MEMBER_COUNT);
	sql_text(s, 1, group->domain);
	sql_text(s, 2, group->local);
	int rc = sql_step(s);
	if (rc == 1)
		rc = sqlite3_column_int(s, 0);
	sql_done(s);
	return rc;
}

int directory_member_add(struct directory *d, const struct address *group, struct slice member, struct error *err)
{
	int count = member_count(d, group);
	if (count < 0)
		return error_set(err, (enum error_code)count, "directory.db: %s", sqlite3_errmsg(d->db));
	if (count >= GROUP_MEMBERS_MAX)
		return error_set(err, ERR_LIMIT, "a group has at most %d members", GROUP_MEMBERS_MAX);
	sqlite3_stmt *s = sql_query(d, Q_MEMBER_ADD);
	sql_text(s, 1, group->domain);
	sql_text(s, 2, group->local);
	sql_text(s, 3, member);
	return sql_run(d, s, err);
}

int directory_member_remove(struct directory *d, const struct address *group, struct slice member, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_MEMBER_REMOVE);
	sql_text(s, 1, group->domain);
	sql_text(s, 2, group->local);
	sql_text(s, 3, member);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

/* Reads one text column of all rows, then resets. */
static int read_texts(sqlite3_stmt *s, struct arena *arena, struct slice *ret)
{
	int count = 0, rc;
	while ((rc = sql_step(s)) == 1)
		ret[count++] = sql_get(s, 0, arena);
	sql_done(s);
	return rc < 0 ? rc : count;
}

int directory_members(struct directory *d, struct slice local, struct slice domain, struct arena *arena, struct slice *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_MEMBERS);
	sql_text(s, 1, domain);
	sql_text(s, 2, local);
	sql_int(s, 3, (int64_t)max);
	return read_texts(s, arena, ret);
}

int directory_aliases_of(struct directory *d, struct slice target, struct arena *arena, struct slice *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_ALIASES_OF);
	sql_text(s, 1, target);
	sql_int(s, 2, (int64_t)max);
	return read_texts(s, arena, ret);
}

int directory_address_forget(struct directory *d, struct slice target, struct error *err)
{
	static const enum directory_query queries[] = {Q_ALIASES_FORGET, Q_MEMBER_FORGET};
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(queries) && rc == 0; i++) {
		sqlite3_stmt *s = sql_query(d, queries[i]);
		sql_text(s, 1, target);
		rc = sql_run(d, s, err);
	}
	return rc;
}
