#include "auth/directory_factor.h"

#include "auth/directory_sql.h"

/* ---- factors ---- */

static void read_factor(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct directory_factor *ret = into;
	ret->id = (uint32_t)sqlite3_column_int64(s, 0);
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
	ret->kind = (enum factor_kind)sqlite3_column_int(s, 2);
	ret->label = sql_get(s, 3, arena);
	sql_get_fixed(s, 4, ret->lookup, sizeof ret->lookup);
	ret->data = sql_get(s, 5, arena);
	ret->confirmed = sqlite3_column_int64(s, 6);
	ret->created = sqlite3_column_int64(s, 7);
	ret->used = sqlite3_column_int64(s, 8);
}

static int one_factor(sqlite3_stmt *s, struct arena *arena, struct directory_factor *ret)
{
	return sql_one(s, read_factor, arena, ret);
}

int directory_factor_add(struct directory *d, const struct directory_factor *f, uint32_t *ret_id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_FACTOR_ADD);
	sql_blob(s, 1, f->account, sizeof f->account);
	sql_int(s, 2, f->kind);
	sql_text(s, 3, f->label);
	sql_blob(s, 4, f->lookup, sizeof f->lookup);
	sql_blob(s, 5, f->data.p, f->data.n);
	sql_int(s, 6, f->confirmed);
	sql_int(s, 7, f->created);
	int rc = sql_run(d, s, err);
	if (rc == 0)
		*ret_id = (uint32_t)sqlite3_last_insert_rowid(d->db);
	return rc;
}

int directory_factor_get(struct directory *d, const uint8_t account[16], uint32_t id, struct arena *arena, struct directory_factor *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_FACTOR_GET);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, id);
	return one_factor(s, arena, ret);
}

int directory_factor_find(struct directory *d, const uint8_t lookup[FACTOR_LOOKUP_SIZE], struct arena *arena, struct directory_factor *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_FACTOR_FIND);
	sql_blob(s, 1, lookup, FACTOR_LOOKUP_SIZE);
	return one_factor(s, arena, ret);
}

int directory_factor_list(struct directory *d, const uint8_t account[16], unsigned kind, struct arena *arena, struct directory_factor *ret,
	size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_FACTOR_LIST);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, kind);
	sql_int(s, 3, (int64_t)max);
	return sql_all(s, read_factor, arena, ret, sizeof *ret);
}

int directory_factor_set(struct directory *d, const struct directory_factor *f, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_FACTOR_SET);
	sql_int(s, 1, f->id);
	sql_blob(s, 2, f->data.p, f->data.n);
	sql_int(s, 3, f->confirmed);
	sql_int(s, 4, f->used);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_factor_remove(struct directory *d, const uint8_t account[16], uint32_t id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_FACTOR_REMOVE);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, id);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_factor_remove_kinds(struct directory *d, const uint8_t account[16], unsigned kinds, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_FACTOR_REMOVE_KINDS);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, kinds);
	return sql_run(d, s, err);
}

int directory_factor_kinds(struct directory *d, const uint8_t account[16])
{
	sqlite3_stmt *s = sql_query(d, Q_FACTOR_KINDS);
	sql_blob(s, 1, account, 16);
	int kinds = 0, rc;
	while ((rc = sql_step(s)) == 1)
		kinds |= (int)FACTOR_BIT(sqlite3_column_int(s, 0));
	sql_done(s);
	return rc < 0 ? rc : kinds;
}

/* ---- challenges ---- */

int directory_challenge_add(struct directory *d, const struct directory_challenge *c, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CHALLENGE_ADD);
	sql_blob(s, 1, c->id, sizeof c->id);
	sql_blob(s, 2, c->account, sizeof c->account);
	sql_int(s, 3, c->kind);
	sql_int(s, 4, c->factor);
	sql_blob(s, 5, c->data.p, c->data.n);
	sql_int(s, 6, c->ends);
	return sql_run(d, s, err);
}

int directory_challenge_get(struct directory *d, const uint8_t account[16], const uint8_t id[FACTOR_CHALLENGE_SIZE], struct arena *arena,
	struct directory_challenge *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_CHALLENGE_GET);
	sql_blob(s, 1, account, 16);
	sql_blob(s, 2, id, FACTOR_CHALLENGE_SIZE);
	int rc = sql_step(s);
	if (rc == 1) {
		sql_get_fixed(s, 0, ret->id, sizeof ret->id);
		sql_get_fixed(s, 1, ret->account, sizeof ret->account);
		ret->kind = (enum factor_kind)sqlite3_column_int(s, 2);
		ret->factor = (uint32_t)sqlite3_column_int64(s, 3);
		ret->data = sql_get(s, 4, arena);
		ret->ends = sqlite3_column_int64(s, 5);
	}
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_challenge_set(struct directory *d, const uint8_t id[FACTOR_CHALLENGE_SIZE], struct slice data, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, data.n > 0 ? Q_CHALLENGE_SET : Q_CHALLENGE_REMOVE);
	sql_blob(s, 1, id, FACTOR_CHALLENGE_SIZE);
	if (data.n > 0)
		sql_blob(s, 2, data.p, data.n);
	return sql_run(d, s, err);
}

int directory_challenge_expire(struct directory *d, const uint8_t account[16], int64_t now, unsigned keep, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CHALLENGE_EXPIRE);
	sql_int(s, 1, now);
	int rc = sql_run(d, s, err);
	if (rc != 0)
		return rc;
	s = sql_query(d, Q_CHALLENGE_TRIM);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, keep);
	return sql_run(d, s, err);
}

/* ---- wrong answers ---- */

int directory_factor_tries(struct directory *d, const uint8_t account[16], uint32_t *ret_count, int64_t *ret_since)
{
	sqlite3_stmt *s = sql_query(d, Q_TRIES_GET);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s);
	*ret_count = rc == 1 ? (uint32_t)sqlite3_column_int64(s, 0) : 0;
	*ret_since = rc == 1 ? sqlite3_column_int64(s, 1) : 0;
	sql_done(s);
	return rc < 0 ? rc : 0;
}

int directory_factor_tries_set(struct directory *d, const uint8_t account[16], uint32_t count, int64_t since, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, count > 0 ? Q_TRIES_SET : Q_TRIES_REMOVE);
	sql_blob(s, 1, account, 16);
	if (count > 0) {
		sql_int(s, 2, count);
		sql_int(s, 3, since);
	}
	return sql_run(d, s, err);
}

int directory_factor_sent(struct directory *d, const uint8_t account[16], uint32_t day, uint32_t max, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SENT_GET);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s);
	/* A clock that was set back does not open the counter again. */
	uint32_t last = rc == 1 ? (uint32_t)sqlite3_column_int64(s, 0) : 0, count = rc == 1 && last >= day ? (uint32_t)sqlite3_column_int64(s, 1) : 0;
	sql_done(s);
	if (rc < 0)
		return rc;
	if (count >= max)
		return error_set(err, ERR_LIMIT, "too many codes were sent today");
	s = sql_query(d, Q_SENT_SET);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, last > day ? last : day);
	sql_int(s, 3, count + 1);
	return sql_run(d, s, err);
}

int directory_scram_forget_account(struct directory *d, const uint8_t account[16], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SCRAM_FORGET_ONE);
	sql_blob(s, 1, account, 16);
	return sql_run(d, s, err);
}

/* ---- former passwords, imported hashes ---- */

int directory_history_add(struct directory *d, const uint8_t account[16], const struct directory_password *p, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_HISTORY_ADD);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, p->credential);
	sql_blob(s, 3, p->salt, sizeof p->salt);
	sql_int(s, 4, p->cost.passes);
	sql_int(s, 5, p->cost.memory_kib);
	sql_blob(s, 6, p->check, sizeof p->check);
	sql_int(s, 7, now);
	return sql_run(d, s, err);
}

int directory_history_list(struct directory *d, const uint8_t account[16], struct directory_password *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_HISTORY_LIST);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, (int64_t)max);
	int count = 0, rc;
	while ((rc = sql_step(s)) == 1) {
		struct directory_password *p = &ret[count++];
		p->credential = (uint32_t)sqlite3_column_int64(s, 0);
		sql_get_fixed(s, 1, p->salt, sizeof p->salt);
		p->cost.passes = (uint32_t)sqlite3_column_int64(s, 2);
		p->cost.memory_kib = (uint32_t)sqlite3_column_int64(s, 3);
		sql_get_fixed(s, 4, p->check, sizeof p->check);
	}
	sql_done(s);
	return rc < 0 ? rc : count;
}

int directory_history_trim(struct directory *d, const uint8_t account[16], unsigned keep, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_HISTORY_TRIM);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, keep);
	return sql_run(d, s, err);
}

int directory_imported_set(struct directory *d, const uint8_t account[16], struct slice hash, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_IMPORTED_SET);
	sql_blob(s, 1, account, 16);
	sql_text(s, 2, hash);
	sql_int(s, 3, now);
	return sql_run(d, s, err);
}

int directory_imported_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct slice *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_IMPORTED_GET);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s);
	if (rc == 1)
		*ret = sql_get(s, 0, arena);
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_imported_remove(struct directory *d, const uint8_t account[16], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_IMPORTED_REMOVE);
	sql_blob(s, 1, account, 16);
	return sql_run(d, s, err);
}

int directory_is_member(struct directory *d, const struct address *group, struct slice member)
{
	sqlite3_stmt *s = sql_query(d, Q_MEMBER_IS);
	sql_text(s, 1, group->domain);
	sql_text(s, 2, group->local);
	sql_text(s, 3, member);
	int rc = sql_step(s);
	sql_done(s);
	return rc;
}
