#include "auth/directory_notice.h"

#include "auth/directory_sql.h"

int directory_officers(struct directory *d, int64_t now, uint8_t (*ret)[16], size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_OFFICER_IDS);
	size_t count = 0;
	int rc;
	sql_int(s, 1, AUTH_ROLE_OFFICER);
	sql_text(s, 2, slice_str(auth_role_name(AUTH_ROLE_OFFICER)));
	sql_int(s, 3, now);
	sql_int(s, 4, (int64_t)max);
	while ((rc = sql_step(s)) == 1 && count < max)
		sql_get_fixed(s, 0, ret[count++], 16);
	sql_done(s);
	return rc < 0 ? rc : (int)count;
}

int directory_challenge_replace(struct directory *d, const uint8_t account[16], enum factor_kind kind, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CHALLENGE_REPLACE);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, kind);
	return sql_run(d, s, err);
}
