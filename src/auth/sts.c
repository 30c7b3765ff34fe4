#include "auth/sts.h"

#include "auth/directory_sql.h"

static void read_row(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct auth_sts *ret = into;
	int mode = sqlite3_column_int(s, 0);
	ret->mode = mode == STS_ENFORCE ? STS_ENFORCE : mode == STS_TESTING ? STS_TESTING : STS_NONE;
	ret->max_age_s = (uint32_t)sqlite3_column_int64(s, 1);
}

int directory_sts_get(struct directory *d, struct slice domain, struct auth_sts *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_STS_GET);
	sql_text(s, 1, domain);
	return sql_one(s, read_row, NULL, ret);
}

int directory_sts_set(struct directory *d, struct slice domain, const struct auth_sts *sts, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_STS_SET);
	sql_text(s, 1, domain);
	sql_int(s, 2, sts->mode);
	sql_int(s, 3, sts->max_age_s);
	return sql_run(d, s, err);
}

int directory_sts_remove(struct directory *d, struct slice domain, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_STS_REMOVE);
	sql_text(s, 1, domain);
	return sql_run(d, s, err);
}

int auth_sts_policy(struct directory *d, struct slice domain, struct slice host, struct buf *out)
{
	struct auth_sts sts;
	struct sts_policy policy = {.mx = {host}, .mx_count = 1};
	int rc = directory_sts_get(d, domain, &sts);
	if (rc != 0)
		return rc;
	policy.mode = sts.mode;
	policy.max_age_s = sts.max_age_s;
	sts_policy_write(&policy, out);
	return 0;
}
