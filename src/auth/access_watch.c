/* What ends by time without anybody signing in: conditions that nobody confirmed, credentials, the time that an identity provider vouches for. */
#include <string.h>

#include "auth/access_private.h"
#include "auth/directory_sql.h"
#include "base/buf.h"
#include "base/endian.h"

#define PAIR_SIZE 20 /* account, credential */

/* Appends account and credential of what ends in (since, now]. */
static int list_ended(struct access *a, int64_t since, int64_t now, struct buf *out)
{
	sqlite3_stmt *s = sql_query(a->directory, Q_CREDENTIAL_ENDED);
	uint8_t account[16];
	int rc;
	sql_int(s, 1, since);
	sql_int(s, 2, now);
	while ((rc = sql_step(s)) == 1) {
		sql_get_fixed(s, 0, account, sizeof account);
		buf_append_bytes(out, account, sizeof account);
		buf_put_u32(out, (uint32_t)sqlite3_column_int64(s, 1));
	}
	sql_done(s);
	return rc;
}

/* A lease that was acted on is gone: sessions under the same credential by another way are not asked for it again. */
static void forget_leases(struct access *a, int64_t now)
{
	struct error err = {0};
	sqlite3_stmt *s = sql_query(a->directory, Q_LEASE_EXPIRE);
	sql_int(s, 1, now);
	if (sql_run(a->directory, s, &err) != 0)
		access_event(a, EV_INTERNAL, LOG_STR("what", "leases of an identity provider stay"), LOG_STR("why", err.private_text));
}

static void end_credentials(struct access *a, int64_t now)
{
	struct buf ended = BUF_INIT(SIZE_MAX);
	if (now <= a->watched) { /* the clock was set back: what has ended has ended */
		a->watched = now;
		return;
	}
	if (list_ended(a, a->watched, now, &ended) == 0) {
		for (struct slice rest = buf_slice(&ended); rest.n >= PAIR_SIZE; rest = slice_from(rest, PAIR_SIZE))
			a->host.revoke(a->host.arg, rest.p, get_u32(rest.p + 16));
		a->watched = now;
		if (buf_len(&ended) > 0)
			forget_leases(a, now);
	}
	buf_free(&ended);
}

void access_watch(struct access *a)
{
	const json_t *conditions;
	int64_t now = access_now(a);
	(void)access_conditions(a, now, &conditions); /* takes back what nobody confirmed */
	end_credentials(a, now);
}

int directory_credential_lives(struct directory *d, const uint8_t account[16], uint32_t credential, int64_t now)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_LIVES);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, credential);
	sql_int(s, 3, now);
	int rc = sql_step(s), past = rc == 1 ? sqlite3_column_int(s, 0) : rc;
	sql_done(s);
	return past < 0 ? past : past == 0 ? 0 : ERR_NOT_FOUND;
}

int directory_lease_set(struct directory *d, const uint8_t account[16], uint32_t credential, int64_t ends, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_LEASE_SET);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, credential);
	sql_int(s, 3, ends);
	return sql_run(d, s, err);
}
