#include "queue/holds.h"

#include "queue/sealed_file.h"

#define VERSION 2
#define VERSION_BY_HAND 1 /* no reasons: all were given by hand */
#define FILE_SIZE_MAX (1 + HOLDS_MAX * 9)

static int list_held(struct ledger *l, struct buf *out, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_MESSAGE_HELD, "i", (int64_t)HOLDS_MAX);
	int rc;
	buf_put_u8(out, VERSION);
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		buf_put_u64(out, (uint64_t)sqlite3_column_int64(st, 0));
		buf_put_u8(out, (uint8_t)sqlite3_column_int(st, 1));
	}
	return rc;
}

int holds_save(struct ledger *l, struct error *err)
{
	struct buf out = BUF_INIT(FILE_SIZE_MAX);
	int rc = list_held(l, &out, err);
	if (rc == 0 && out.failed)
		rc = error_set(err, ERR_LIMIT, "too many messages on hold");
	if (rc == 0)
		rc = sealed_file_save(l->directory, "holds", l->config.jobs_key, buf_slice(&out), err);
	buf_free(&out);
	return rc;
}

static int hold_again(struct ledger *l, struct slice list, struct error *err)
{
	uint64_t record;
	uint8_t version, reason = HOLD_BY_HAND;
	int rc = 0;
	if (!slice_get_u8(&list, &version) || (version != VERSION && version != VERSION_BY_HAND))
		return 0;
	while (rc == 0 && slice_get_u64(&list, &record) && (version == VERSION_BY_HAND || slice_get_u8(&list, &reason)))
		rc = spool_run(&l->spool, err, SQL_MESSAGE_HOLD, "iii", (int64_t)record, (int64_t)reason, (int64_t)reason);
	return rc;
}

int holds_restore(struct ledger *l, struct error *err)
{
	struct buf in = BUF_INIT(FILE_SIZE_MAX);
	sealed_file_load(l->directory, "holds", l->config.jobs_key, &in);
	int rc = hold_again(l, buf_slice(&in), err);
	buf_free(&in);
	return rc;
}
