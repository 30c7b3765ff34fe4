/* directory.db: reviews of rights, third parties. */
#include <string.h>

#include "auth/directory_sql.h"
#include "auth/hygiene_private.h"

static void read_review(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct review *ret = into;
	*ret = (struct review){(uint32_t)sqlite3_column_int64(s, 0), sql_get(s, 1, arena), sqlite3_column_int64(s, 2), sqlite3_column_int64(s, 3),
		sqlite3_column_int64(s, 4)};
}

static int one_review(sqlite3_stmt *s, struct arena *arena, struct review *ret)
{
	return sql_one(s, read_review, arena, ret);
}

int directory_review_open(struct directory *d, struct arena *arena, struct review *ret)
{
	return one_review(sql_query(d, Q_REVIEW_OPEN), arena, ret);
}

int directory_review_get(struct directory *d, uint32_t id, struct arena *arena, struct review *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_REVIEW_GET);
	sql_int(s, 1, id);
	return one_review(s, arena, ret);
}

int directory_review_list(struct directory *d, struct arena *arena, struct review *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_REVIEW_LIST);
	sql_int(s, 1, (int64_t)max);
	return sql_all(s, read_review, arena, ret, sizeof *ret);
}

int directory_review_start(struct directory *d, struct slice author, int64_t now, int64_t ends, uint32_t *ret_id, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct review open;
	int rc = directory_review_open(d, &arena, &open);
	arena_free(&arena);
	if (rc != ERR_NOT_FOUND)
		return rc == 0 ? error_set(err, ERR_CONFLICT, "a review is open") : rc;
	sqlite3_stmt *s = sql_query(d, Q_REVIEW_ADD);
	sql_text(s, 1, author);
	sql_int(s, 2, now);
	sql_int(s, 3, ends);
	if ((rc = sql_run_returning(d, s, ret_id, err)) != 0)
		return rc;
	s = sql_query(d, Q_REVIEW_FILL);
	sql_int(s, 1, *ret_id);
	return sql_run(d, s, err);
}

int directory_review_rows(struct directory *d, uint32_t review, uint32_t after, struct arena *arena, struct review_row *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_REVIEW_ROWS);
	int rc, count = 0;
	sql_int(s, 1, review);
	sql_int(s, 2, after);
	sql_int(s, 3, (int64_t)max);
	while ((rc = sql_step(s)) == 1)
		ret[count++] = (struct review_row){(uint32_t)sqlite3_column_int64(s, 0), (enum review_decision)sqlite3_column_int(s, 1), sql_get(s, 2, arena),
			sqlite3_column_int64(s, 3)};
	sql_done(s);
	return rc < 0 ? rc : count;
}

int directory_review_decide(struct directory *d, uint32_t review, uint32_t grant, enum review_decision decision, struct slice signer, int64_t now,
	struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_REVIEW_DECIDE);
	sql_int(s, 1, review);
	sql_int(s, 2, grant);
	sql_int(s, 3, decision);
	sql_text(s, 4, signer);
	sql_int(s, 5, now);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_review_end(struct directory *d, uint32_t id, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_REVIEW_END);
	sql_int(s, 1, id);
	sql_int(s, 2, now);
	return sql_run(d, s, err);
}

/* ---- third parties ---- */

static const char *const kinds[PARTY_KIND_COUNT] = {"", "token", "webhook", "ca", "sms", "siem", "relay", "oauth client", "issuer"};

const char *party_kind_name(enum party_kind kind)
{
	return kind < PARTY_KIND_COUNT ? kinds[kind] : "";
}

bool party_kind_parse(struct slice name, enum party_kind *ret)
{
	for (unsigned i = 1; i < PARTY_KIND_COUNT; i++)
		if (slice_eq(name, slice_str(kinds[i]))) {
			*ret = (enum party_kind)i;
			return true;
		}
	return false;
}

int directory_party_add(struct directory *d, struct party *p, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_PARTY_ADD);
	sql_text(s, 1, p->name);
	sql_int(s, 2, p->kind);
	sql_blob(s, 3, p->owner, sizeof p->owner);
	sql_text(s, 4, p->scope);
	sql_text(s, 5, p->ref);
	sql_int(s, 6, p->created);
	sql_int(s, 7, p->ends);
	sql_text(s, 8, p->reviewer);
	return sql_run_returning(d, s, &p->id, err);
}

static void read_party(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct party *ret = into;
	*ret = (struct party){.id = (uint32_t)sqlite3_column_int64(s, 0), .name = sql_get(s, 1, arena), .kind = (enum party_kind)sqlite3_column_int(s, 2),
		.scope = sql_get(s, 4, arena), .ref = sql_get(s, 5, arena), .created = sqlite3_column_int64(s, 6), .ends = sqlite3_column_int64(s, 7),
		.used = sqlite3_column_int64(s, 8), .reviewed = sqlite3_column_int64(s, 9), .reviewer = sql_get(s, 10, arena),
		.ended = sqlite3_column_int64(s, 11)};
	sql_get_fixed(s, 3, ret->owner, sizeof ret->owner);
}

int directory_party_get(struct directory *d, uint32_t id, struct arena *arena, struct party *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_PARTY_GET);
	sql_int(s, 1, id);
	return sql_one(s, read_party, arena, ret);
}

int directory_party_of(struct directory *d, enum party_kind kind, struct slice ref, struct arena *arena, struct party *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_PARTY_OF_REF);
	sql_int(s, 1, kind);
	sql_text(s, 2, ref);
	return sql_one(s, read_party, arena, ret);
}

static int all_parties(sqlite3_stmt *s, struct arena *arena, struct party *ret)
{
	return sql_all(s, read_party, arena, ret, sizeof *ret);
}

int directory_party_list(struct directory *d, uint32_t after, bool all, struct arena *arena, struct party *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_PARTY_LIST);
	sql_int(s, 1, after);
	sql_int(s, 2, all);
	sql_int(s, 3, (int64_t)max);
	return all_parties(s, arena, ret);
}

int directory_parties_past(struct directory *d, int64_t now, struct arena *arena, struct party *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_PARTY_PAST);
	sql_int(s, 1, now);
	sql_int(s, 2, (int64_t)max);
	return all_parties(s, arena, ret);
}

int directory_party_reviewed(struct directory *d, const struct party *p, struct slice reviewer, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_PARTY_REVIEWED);
	sql_int(s, 1, p->id);
	sql_int(s, 2, now);
	sql_text(s, 3, reviewer);
	sql_int(s, 4, p->ends);
	return sql_run(d, s, err);
}

int directory_party_ended(struct directory *d, uint32_t id, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_PARTY_END);
	sql_int(s, 1, id);
	sql_int(s, 2, now);
	return sql_run(d, s, err);
}

/* ---- accounts that nobody uses ---- */

int directory_accounts_stale(struct directory *d, int64_t since, int64_t before, const uint8_t after[16], struct arena *arena, struct account *ret,
	int64_t *ret_used, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_ACCOUNT_STALE_IDS);
	int rc, count = 0;
	sql_int(s, 1, since);
	sql_int(s, 2, before);
	sql_blob(s, 3, after, 16);
	sql_int(s, 4, (int64_t)max);
	while ((rc = sql_step(s)) == 1) {
		sql_get_fixed(s, 0, ret[count].id, 16);
		ret_used[count++] = sqlite3_column_int64(s, 1);
	}
	sql_done(s);
	for (int i = 0; rc >= 0 && i < count; i++) {
		uint8_t id[16];
		memcpy(id, ret[i].id, sizeof id);
		rc = directory_account_get(d, id, arena, &ret[i]);
	}
	return rc < 0 ? rc : count;
}

int directory_role_holders(struct directory *d, enum auth_role role)
{
	sqlite3_stmt *s = sql_query(d, Q_ROLE_HOLDERS);
	sql_int(s, 1, role);
	int rc = sql_step(s), count = rc == 1 ? sqlite3_column_int(s, 0) : rc;
	sql_done(s);
	return count;
}
