#include "auth/directory_habit.h"

#include "auth/directory_sql.h"

int directory_habit_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct slice *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_HABIT_GET);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s);
	if (rc == 1)
		*ret = sql_get(s, 0, arena);
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_habit_set(struct directory *d, const uint8_t account[16], struct slice blob, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_HABIT_SET);
	sql_blob(s, 1, account, 16);
	sql_blob(s, 2, blob.p, blob.n);
	sql_int(s, 3, now);
	return sql_run(d, s, err);
}
