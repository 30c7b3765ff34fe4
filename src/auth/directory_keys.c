#include "auth/directory_keys.h"

#include "auth/directory_sql.h"

/* ---- escrow ---- */

int directory_share_add(struct directory *d, const struct escrow_share_row *row, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SHARE_ADD);
	sql_int(s, 1, row->credential);
	sql_blob(s, 2, row->account, sizeof row->account);
	sql_blob(s, 3, row->custodian, sizeof row->custodian);
	sql_blob(s, 4, row->sealed.p, row->sealed.n);
	return sql_run(d, s, err);
}

static void read_share(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct escrow_share_row *ret = into;
	ret->credential = (uint32_t)sqlite3_column_int64(s, 0);
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
	sql_get_fixed(s, 2, ret->custodian, sizeof ret->custodian);
	ret->sealed = sql_get(s, 3, arena);
}

int directory_share_list(struct directory *d, uint32_t credential, struct arena *arena, struct escrow_share_row *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_SHARE_LIST);
	sql_int(s, 1, credential);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_share, arena, ret, sizeof *ret);
}

int directory_share_get(struct directory *d, uint32_t credential, const uint8_t custodian[16], struct arena *arena, struct escrow_share_row *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_SHARE_GET);
	sql_int(s, 1, credential);
	sql_blob(s, 2, custodian, 16);
	return sql_one(s, read_share, arena, ret);
}

int directory_share_forget(struct directory *d, const uint8_t custodian[16], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SHARE_FORGET);
	sql_blob(s, 1, custodian, 16);
	return sql_run(d, s, err);
}

int directory_escrow_clear(struct directory *d, struct error *err)
{
	return sql_run(d, sql_query(d, Q_ESCROW_CLEAR), err);
}

int directory_escrow_count(struct directory *d, unsigned k, unsigned n, struct escrow_counts *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_ESCROW_COUNT);
	sql_int(s, 1, k);
	sql_int(s, 2, n);
	int rc = sql_step(s);
	if (rc == 1) {
		ret->accounts = (uint64_t)sqlite3_column_int64(s, 0);
		ret->covered = (uint64_t)sqlite3_column_int64(s, 1);
		ret->weak = (uint64_t)sqlite3_column_int64(s, 2);
		ret->lost = (uint64_t)sqlite3_column_int64(s, 3);
		ret->none = (uint64_t)sqlite3_column_int64(s, 4);
	}
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_IO : rc;
}

/* ---- leavers ---- */

#define ENDED_ELSEWHERE Q_COUNT

static const struct { const char *name; enum directory_query count, end; } parts[] = {
	{"sessions", Q_LEAVE_SESSIONS, Q_LEAVE_SESSIONS_END},
	{"tokens", Q_LEAVE_TOKENS, Q_LEAVE_TOKENS_END},
	{"programs", Q_LEAVE_PROGRAMS, Q_LEAVE_PROGRAMS_END},
	{"program_tokens", Q_LEAVE_OTHER_SESSIONS, Q_LEAVE_OTHER_SESSIONS_END},
	{"app_passwords", Q_LEAVE_APP_PASSWORDS, Q_LEAVE_APP_PASSWORDS_END},
	{"passkeys_and_certificates", Q_LEAVE_OUTSIDE, Q_LEAVE_OUTSIDE_END},
	{"contacts", Q_LEAVE_CONTACTS, Q_LEAVE_CONTACTS_END},
	{"identities", Q_LEAVE_IDENTITIES, Q_LEAVE_IDENTITIES_END},
	{"devices", Q_LEAVE_DEVICES, Q_LEAVE_DEVICES_END},
	{"factors", Q_LEAVE_FACTORS, Q_LEAVE_FACTORS_END},
	{"grants", Q_LEAVE_GRANTS, ENDED_ELSEWHERE},
	{"delegations_given", Q_LEAVE_GIVEN, ENDED_ELSEWHERE},
	{"delegations_received", Q_LEAVE_RECEIVED, ENDED_ELSEWHERE},
	{"groups", Q_LEAVE_GROUPS, Q_LEAVE_GROUPS_END},
	{"aliases", Q_LEAVE_ALIASES, Q_LEAVE_ALIASES_END},
};

const char *directory_leave_part(size_t index)
{
	return index < ARRAY_LEN(parts) ? parts[index].name : NULL;
}

static sqlite3_stmt *leave_query(struct directory *d, enum directory_query query, const uint8_t account[16], struct slice address)
{
	sqlite3_stmt *s = sql_query(d, query);
	sql_blob(s, 1, account, 16);
	sql_text(s, 2, address);
	return s;
}

int directory_leave_count(struct directory *d, size_t index, const uint8_t account[16], struct slice address)
{
	sqlite3_stmt *s = leave_query(d, parts[index].count, account, address);
	int rc = sql_step(s), count = rc == 1 ? sqlite3_column_int(s, 0) : 0;
	sql_done(s);
	return rc < 0 ? rc : count;
}

int directory_leave_end(struct directory *d, size_t index, const uint8_t account[16], struct slice address, struct error *err)
{
	return parts[index].end == ENDED_ELSEWHERE ? 0 : sql_run(d, leave_query(d, parts[index].end, account, address), err);
}

int directory_aliases_move(struct directory *d, struct slice from, struct slice to, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_LEAVE_ALIASES_MOVE);
	sql_text(s, 1, from);
	sql_text(s, 2, to);
	return sql_run(d, s, err);
}

int directory_leaver_set(struct directory *d, const uint8_t account[16], const struct directory_leaver *leaver, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_LEAVER_SET);
	sql_blob(s, 1, account, 16);
	sql_text(s, 2, leaver->target);
	sql_text(s, 3, leaver->author);
	sql_int(s, 4, leaver->left);
	return sql_run(d, s, err);
}

int directory_leaver_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct directory_leaver *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_LEAVER_GET);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s);
	if (rc == 1)
		*ret = (struct directory_leaver){.target = sql_get(s, 0, arena), .author = sql_get(s, 1, arena), .left = sqlite3_column_int64(s, 2)};
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_leaver_remove(struct directory *d, const uint8_t account[16], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_LEAVER_REMOVE);
	sql_blob(s, 1, account, 16);
	return sql_run(d, s, err);
}

int directory_former_keys(struct directory *d, const uint8_t account[16], struct former_key *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_FORMER_KEY_LIST);
	int rc, count = 0;
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, (int64_t)max);
	for (; (rc = sql_step(s)) == 1; count++) {
		ret[count].generation = (uint32_t)sqlite3_column_int64(s, 0);
		sql_get_fixed(s, 1, ret[count].public_key, sizeof ret[count].public_key);
	}
	sql_done(s);
	return rc < 0 ? rc : count;
}

int directory_checkpoint(struct directory *d, struct error *err)
{
	ENSURE(!d->in_change);
	sqlite3_stmt *s = sql_query(d, Q_CHECKPOINT);
	int rc = sql_step(s);
	bool busy = rc == 1 && sqlite3_column_int(s, 0) != 0;
	while (rc == 1)
		rc = sql_step(s);
	if (rc < 0 || busy)
		error_set(err, ERR_IO, "directory.db: the log cannot be emptied: %s", sqlite3_errmsg(d->db));
	sql_done(s);
	return busy ? ERR_IO : rc;
}

int directory_destruction_set(struct directory *d, const uint8_t account[16], struct slice address, struct slice text, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_DESTRUCTION_SET);
	sql_blob(s, 1, account, 16);
	sql_text(s, 2, address);
	sql_text(s, 3, text);
	sql_int(s, 4, now);
	return sql_run(d, s, err);
}

int directory_destruction_get(struct directory *d, struct slice address, struct arena *arena, struct slice *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_DESTRUCTION_GET);
	sql_text(s, 1, address);
	int rc = sql_step(s);
	if (rc == 1)
		*ret = sql_get(s, 0, arena);
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

/* ---- clearance ---- */

int directory_clearance_set(struct directory *d, const struct clearance *c, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CLEARANCE_SET);
	sql_int(s, 1, c->kind);
	sql_text(s, 2, c->name);
	sql_int(s, 3, c->level);
	sql_text(s, 4, c->author);
	sql_int(s, 5, c->changed);
	return sql_run(d, s, err);
}

int directory_clearance_remove(struct directory *d, enum clearance_kind kind, struct slice name, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CLEARANCE_REMOVE);
	sql_int(s, 1, kind);
	sql_text(s, 2, name);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

/* The first column of the only row; NULL counts as no row. */
static int one_level(sqlite3_stmt *s, unsigned *ret)
{
	int rc = sql_step(s);
	bool found = rc == 1 && sqlite3_column_type(s, 0) != SQLITE_NULL;
	if (found)
		*ret = (unsigned)sqlite3_column_int(s, 0);
	sql_done(s);
	return found ? 0 : rc < 0 ? rc : ERR_NOT_FOUND;
}

int directory_clearance_get(struct directory *d, enum clearance_kind kind, struct slice name, unsigned *ret_level)
{
	sqlite3_stmt *s = sql_query(d, Q_CLEARANCE_GET);
	sql_int(s, 1, kind);
	sql_text(s, 2, name);
	return one_level(s, ret_level);
}

int directory_clearance_of_groups(struct directory *d, struct slice member, unsigned *ret_level)
{
	sqlite3_stmt *s = sql_query(d, Q_CLEARANCE_GROUPS);
	sql_text(s, 1, member);
	return one_level(s, ret_level);
}

int directory_clearance_list(struct directory *d, unsigned kind, struct slice after, struct arena *arena, struct clearance *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_CLEARANCE_LIST);
	int rc, count = 0;
	sql_int(s, 1, kind);
	sql_text(s, 2, after);
	sql_int(s, 3, (int64_t)max);
	while ((rc = sql_step(s)) == 1)
		ret[count++] = (struct clearance){.kind = (enum clearance_kind)sqlite3_column_int(s, 0), .name = sql_get(s, 1, arena),
			.level = (unsigned)sqlite3_column_int(s, 2), .author = sql_get(s, 3, arena), .changed = sqlite3_column_int64(s, 4)};
	sql_done(s);
	return rc < 0 ? rc : count;
}
