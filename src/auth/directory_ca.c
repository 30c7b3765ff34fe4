#include "auth/directory_ca.h"

#include "auth/directory_sql.h"

static const char *const states[] = {[ISSUED_REQUESTED] = "requested", [ISSUED_GOOD] = "good", [ISSUED_REVOKED] = "revoked",
	[ISSUED_WITHDRAWN] = "withdrawn"};

const char *issued_state_name(enum issued_state state)
{
	return (unsigned)state < ARRAY_LEN(states) && states[state] != NULL ? states[state] : "";
}

bool issued_state_find(struct slice name, enum issued_state *ret)
{
	for (unsigned i = 1; i < ARRAY_LEN(states); i++)
		if (slice_eq(name, slice_str(states[i]))) {
			*ret = (enum issued_state)i;
			return true;
		}
	return false;
}

/* ---- authorities ---- */

int directory_authority_add(struct directory *d, struct authority_row *row, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_ADD);
	sql_int(s, 1, row->kind);
	sql_int(s, 2, row->parent);
	sql_int(s, 3, row->state);
	sql_blob(s, 4, row->key, row->has_key ? sizeof row->key : 0);
	sql_int(s, 5, row->algorithm);
	sql_text(s, 6, row->organisation);
	sql_text(s, 7, row->domains);
	sql_blob(s, 8, row->certificate.p, row->certificate.n);
	sql_int(s, 9, row->not_before);
	sql_int(s, 10, row->not_after);
	sql_int(s, 11, row->created);
	sql_text(s, 12, row->author);
	sql_text(s, 13, row->approver);
	return sql_run_returning(d, s, &row->id, err);
}

static void read_authority(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct authority_row *ret = into;
	*ret = (struct authority_row){.id = (uint32_t)sqlite3_column_int64(s, 0), .kind = (enum authority_kind)sqlite3_column_int(s, 1),
		.parent = (uint32_t)sqlite3_column_int64(s, 2), .state = (enum authority_state)sqlite3_column_int(s, 3),
		.has_key = sqlite3_column_bytes(s, 4) == 16, .algorithm = (enum mail_ca_algorithm)sqlite3_column_int(s, 5)};
	sql_get_fixed(s, 4, ret->key, sizeof ret->key);
	ret->organisation = sql_get(s, 6, arena);
	ret->domains = sql_get(s, 7, arena);
	ret->certificate = sql_get(s, 8, arena);
	ret->not_before = sqlite3_column_int64(s, 9);
	ret->not_after = sqlite3_column_int64(s, 10);
	ret->created = sqlite3_column_int64(s, 11);
	ret->author = sql_get(s, 12, arena);
	ret->approver = sql_get(s, 13, arena);
	ret->crl_number = (uint64_t)sqlite3_column_int64(s, 14);
	ret->crl_made = sqlite3_column_int64(s, 15);
	ret->crl_ends = sqlite3_column_int64(s, 16);
	ret->crl_due = sqlite3_column_int(s, 17) != 0;
}

int directory_authority_get(struct directory *d, uint32_t id, struct arena *arena, struct authority_row *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_GET);
	sql_int(s, 1, id);
	return sql_one(s, read_authority, arena, ret);
}

int directory_authority_active(struct directory *d, enum authority_kind kind, struct arena *arena, struct authority_row *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_ACTIVE);
	sql_int(s, 1, kind);
	return sql_one(s, read_authority, arena, ret);
}

int directory_authority_list(struct directory *d, struct arena *arena, struct authority_row *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_LIST);
	sql_int(s, 1, (int64_t)max);
	return sql_all(s, read_authority, arena, ret, sizeof *ret);
}

static int run_with_id(struct directory *d, enum directory_query query, uint32_t id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, query);
	sql_int(s, 1, id);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_authority_state(struct directory *d, uint32_t id, enum authority_state state, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_STATE);
	sql_int(s, 1, id);
	sql_int(s, 2, state);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_authority_forget_key(struct directory *d, uint32_t id, struct error *err)
{
	return run_with_id(d, Q_AUTHORITY_FORGET_KEY, id, err);
}

int directory_authority_due(struct directory *d, uint32_t id, struct error *err)
{
	return run_with_id(d, Q_AUTHORITY_DUE, id, err);
}

int directory_authority_crl_begun(struct directory *d, uint32_t id, struct error *err)
{
	return run_with_id(d, Q_AUTHORITY_CRL_BEGUN, id, err);
}

int directory_authority_crl_set(struct directory *d, uint32_t id, struct slice crl, uint64_t number, int64_t made, int64_t ends, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_CRL_SET);
	sql_int(s, 1, id);
	sql_blob(s, 2, crl.p, crl.n);
	sql_int(s, 3, (int64_t)number);
	sql_int(s, 4, made);
	sql_int(s, 5, ends);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

static void read_blob(sqlite3_stmt *s, struct arena *arena, void *into)
{
	*(struct slice *)into = sql_get(s, 0, arena);
}

int directory_authority_crl(struct directory *d, uint32_t id, struct arena *arena, struct slice *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_CRL_GET);
	sql_int(s, 1, id);
	return sql_one(s, read_blob, arena, ret);
}

int directory_authority_revoked(struct directory *d, uint32_t id, int64_t now, struct buf *out)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_REVOKED);
	uint8_t serial[MAIL_CA_SERIAL_SIZE];
	size_t count = 0;
	int rc;
	sql_int(s, 1, id);
	sql_int(s, 2, now);
	sql_int(s, 3, MAIL_CA_REVOKED_MAX + 1);
	for (; (rc = sql_step(s)) == 1; count++) {
		sql_get_fixed(s, 0, serial, sizeof serial);
		buf_append_bytes(out, serial, sizeof serial);
		buf_put_u64(out, (uint64_t)sqlite3_column_int64(s, 1));
		buf_put_u8(out, (uint8_t)sqlite3_column_int(s, 2));
	}
	sql_done(s);
	return rc < 0 ? rc : count > MAIL_CA_REVOKED_MAX || out->failed ? ERR_LIMIT : 0;
}

int directory_authority_count(struct directory *d, uint32_t id, unsigned state, int64_t now)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_COUNT);
	sql_int(s, 1, id);
	sql_int(s, 2, state);
	sql_int(s, 3, now);
	int rc = sql_step(s), count = rc == 1 ? sqlite3_column_int(s, 0) : 0;
	sql_done(s);
	return rc < 0 ? rc : count;
}

int directory_authority_end_all(struct directory *d, enum mail_ca_reason reason, struct slice revoker, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_AUTHORITY_END_REASON);
	sql_int(s, 1, reason);
	sql_text(s, 2, revoker);
	int rc = sql_run(d, s, err);
	return rc == 0 ? sql_run(d, sql_query(d, Q_AUTHORITY_END_ALL), err) : rc;
}

/* ---- the ledger ---- */

int directory_issued_add(struct directory *d, struct issued *row, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_ADD);
	sql_blob(s, 1, row->serial, sizeof row->serial);
	sql_int(s, 2, row->authority);
	sql_blob(s, 3, row->account, sizeof row->account);
	sql_text(s, 4, row->address);
	sql_int(s, 5, row->credential);
	sql_int(s, 6, row->device);
	sql_text(s, 7, row->label);
	sql_int(s, 8, ISSUED_REQUESTED);
	sql_blob(s, 9, row->spki.p, row->spki.n);
	sql_blob(s, 10, row->key_hash, sizeof row->key_hash);
	sql_int(s, 11, row->days);
	sql_int(s, 12, row->requested);
	return sql_run_returning(d, s, &row->id, err);
}

int directory_issued_good(struct directory *d, const struct issued *row, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_GOOD);
	sql_int(s, 1, row->id);
	sql_int(s, 2, row->authority);
	sql_blob(s, 3, row->certificate.p, row->certificate.n);
	sql_blob(s, 4, row->fingerprint, sizeof row->fingerprint);
	sql_int(s, 5, row->issued);
	sql_int(s, 6, row->not_after);
	sql_text(s, 7, row->approver);
	return sql_run_changing(d, s, ERR_CONFLICT, err);
}

int directory_issued_ending(struct directory *d, uint32_t id, enum mail_ca_reason reason, struct slice revoker, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_ENDING);
	sql_int(s, 1, id);
	sql_int(s, 2, reason);
	sql_text(s, 3, revoker);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_issued_told(struct directory *d, uint32_t id, enum mail_ca_reason reason, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_TOLD);
	sql_int(s, 1, id);
	sql_int(s, 2, reason);
	sql_int(s, 3, now);
	return sql_run(d, s, err);
}

int directory_issued_warned(struct directory *d, uint32_t id, struct error *err)
{
	return run_with_id(d, Q_ISSUED_WARNED, id, err);
}

static void read_issued(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct issued *ret = into;
	*ret = (struct issued){.id = (uint32_t)sqlite3_column_int64(s, 0), .authority = (uint32_t)sqlite3_column_int64(s, 2),
		.credential = (uint32_t)sqlite3_column_int64(s, 5), .device = (uint32_t)sqlite3_column_int64(s, 6),
		.state = (enum issued_state)sqlite3_column_int(s, 8), .reason = (enum mail_ca_reason)sqlite3_column_int(s, 9),
		.days = (unsigned)sqlite3_column_int(s, 14), .requested = sqlite3_column_int64(s, 15), .issued = sqlite3_column_int64(s, 16),
		.not_after = sqlite3_column_int64(s, 17), .revoked = sqlite3_column_int64(s, 18), .warned = sqlite3_column_int(s, 21) != 0};
	sql_get_fixed(s, 1, ret->serial, sizeof ret->serial);
	sql_get_fixed(s, 3, ret->account, sizeof ret->account);
	sql_get_fixed(s, 11, ret->key_hash, sizeof ret->key_hash);
	sql_get_fixed(s, 13, ret->fingerprint, sizeof ret->fingerprint);
	ret->address = sql_get(s, 4, arena);
	ret->label = sql_get(s, 7, arena);
	ret->spki = sql_get(s, 10, arena);
	ret->certificate = sql_get(s, 12, arena);
	ret->approver = sql_get(s, 19, arena);
	ret->revoker = sql_get(s, 20, arena);
}

int directory_issued_get(struct directory *d, const uint8_t serial[MAIL_CA_SERIAL_SIZE], struct arena *arena, struct issued *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_GET);
	sql_blob(s, 1, serial, MAIL_CA_SERIAL_SIZE);
	return sql_one(s, read_issued, arena, ret);
}

int directory_issued_find(struct directory *d, const uint8_t fingerprint[32], struct arena *arena, struct issued *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_FIND);
	sql_blob(s, 1, fingerprint, 32);
	return sql_one(s, read_issued, arena, ret);
}

int directory_issued_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct issued *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_LIST);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_issued, arena, ret, sizeof *ret);
}

int directory_issued_all(struct directory *d, unsigned state, uint32_t before, struct arena *arena, struct issued *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_ALL);
	sql_int(s, 1, before);
	sql_int(s, 2, state);
	sql_int(s, 3, (int64_t)max);
	return sql_all(s, read_issued, arena, ret, sizeof *ret);
}

int directory_issued_waiting(struct directory *d, uint32_t device, struct arena *arena, struct issued *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_WAITING);
	sql_int(s, 1, device);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_issued, arena, ret, sizeof *ret);
}

int directory_issued_untold(struct directory *d, struct arena *arena, struct issued *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_UNTOLD);
	sql_int(s, 1, (int64_t)max);
	return sql_all(s, read_issued, arena, ret, sizeof *ret);
}

int directory_issued_ends(struct directory *d, int64_t from, int64_t to, bool all, struct arena *arena, struct issued *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_ENDS);
	sql_int(s, 1, from);
	sql_int(s, 2, to);
	sql_int(s, 3, all);
	sql_int(s, 4, (int64_t)max);
	return sql_all(s, read_issued, arena, ret, sizeof *ret);
}

int directory_issued_key_taken(struct directory *d, const uint8_t key_hash[32], const uint8_t account[16])
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_KEY_TAKEN);
	sql_blob(s, 1, key_hash, 32);
	sql_blob(s, 2, account, 16);
	int rc = sql_step(s);
	sql_done(s);
	return rc;
}

int directory_issued_open(struct directory *d, const uint8_t account[16], int64_t now)
{
	sqlite3_stmt *s = sql_query(d, Q_ISSUED_OPEN);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, now);
	int rc = sql_step(s), count = rc == 1 ? sqlite3_column_int(s, 0) : 0;
	sql_done(s);
	return rc < 0 ? rc : count;
}
