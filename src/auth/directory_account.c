#include "auth/directory_book.h"
#include "auth/directory_sql.h"

static void read_account(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct account *ret = into;
	sql_get_fixed(s, 0, ret->id, sizeof ret->id);
	ret->address = sql_get(s, 1, arena);
	ret->name = sql_get(s, 2, arena);
	ret->department = sql_get(s, 3, arena);
	ret->language = sql_get(s, 4, arena);
	ret->state = (enum account_state)sqlite3_column_int(s, 5);
	ret->role = (enum auth_role)sqlite3_column_int(s, 6);
	ret->flags = (unsigned)sqlite3_column_int(s, 7);
	ret->quota = (uint64_t)sqlite3_column_int64(s, 8);
	ret->generation = (uint32_t)sqlite3_column_int64(s, 9);
	sql_get_fixed(s, 10, ret->public_key, sizeof ret->public_key);
	sql_get_fixed(s, 11, ret->scram_salt, sizeof ret->scram_salt);
	ret->created = sqlite3_column_int64(s, 12);
	ret->restriction = (enum auth_restriction)sqlite3_column_int(s, 13);
}

/* Parameters 1 to 10: what add and update share. */
static void bind_account(sqlite3_stmt *s, const struct account *a)
{
	sql_blob(s, 1, a->id, sizeof a->id);
	sql_text(s, 2, a->name);
	sql_text(s, 3, a->department);
	sql_text(s, 4, a->language);
	sql_int(s, 5, a->state);
	sql_int(s, 6, a->role);
	sql_int(s, 7, a->flags);
	sql_int(s, 8, (int64_t)a->quota);
	sql_int(s, 9, a->generation);
	sql_blob(s, 10, a->public_key, sizeof a->public_key);
}

const char *account_state_name(enum account_state state)
{
	switch (state) {
	case ACCOUNT_ACTIVE: return "active";
	case ACCOUNT_DISABLED: return "disabled";
	case ACCOUNT_LEFT: return "left";
	}
	return "";
}

static int is_relay(struct directory *d, struct slice domain)
{
	sqlite3_stmt *s = sql_query(d, Q_RELAY_IS);
	sql_text(s, 1, domain);
	int rc = sql_step(s);
	sql_done(s);
	return rc;
}

int directory_account_add(struct directory *d, const struct account *account, struct error *err)
{
	ptrdiff_t at = slice_rfind(account->address, '@');
	if (at < 1)
		return error_set(err, ERR_INVALID, "an account without address");
	int rc = is_relay(d, slice_from(account->address, (size_t)at + 1));
	if (rc != 0)
		return rc == 1 ? error_set(err, ERR_CONFLICT, "a relay domain has no mailboxes") : rc;
	sqlite3_stmt *s = sql_query(d, Q_ACCOUNT_ADD);
	bind_account(s, account);
	sql_blob(s, 11, account->scram_salt, sizeof account->scram_salt);
	sql_int(s, 12, account->created);
	rc = sql_run(d, s, err);
	if (rc != 0)
		return rc;
	s = sql_query(d, Q_ADDRESS_ADD);
	sql_text(s, 1, slice_from(account->address, (size_t)at + 1));
	sql_text(s, 2, slice_sub(account->address, 0, (size_t)at));
	sql_int(s, 3, ADDRESS_ACCOUNT);
	sql_blob(s, 4, account->id, sizeof account->id);
	rc = sql_run(d, s, err);
	return rc == 0 ? directory_book_refresh(d, account->id, err) : rc;
}

int directory_account_get(struct directory *d, const uint8_t id[16], struct arena *arena, struct account *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_ACCOUNT_GET);
	sql_blob(s, 1, id, 16);
	return sql_one(s, read_account, arena, ret);
}

/* The key that is replaced stays known by its number. */
static int keep_former_key(struct directory *d, const struct account *account, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_FORMER_KEY_KEEP);
	sql_blob(s, 1, account->id, sizeof account->id);
	sql_int(s, 2, account->generation);
	return sql_run(d, s, err);
}

int directory_account_update(struct directory *d, const struct account *account, struct error *err)
{
	int rc = keep_former_key(d, account, err);
	if (rc != 0)
		return rc;
	sqlite3_stmt *s = sql_query(d, Q_ACCOUNT_UPDATE);
	bind_account(s, account);
	rc = sql_run(d, s, err);
	if (rc == 0 && sqlite3_changes(d->db) == 0)
		rc = error_set(err, ERR_NOT_FOUND, "no such account");
	return rc == 0 ? directory_book_refresh(d, account->id, err) : rc;
}

int directory_account_remove(struct directory *d, const uint8_t id[16], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_ACCOUNT_REMOVE);
	sql_blob(s, 1, id, 16);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int directory_account_list(struct directory *d, struct slice domain, struct slice after, struct arena *arena, struct account *ret,
	size_t max)
{
	ptrdiff_t at = slice_rfind(after, '@');
	sqlite3_stmt *s = sql_query(d, Q_ACCOUNT_LIST);
	sql_text(s, 1, domain);
	sql_text(s, 2, at >= 0 ? slice_from(after, (size_t)at + 1) : SLICE_NONE);
	sql_text(s, 3, at >= 0 ? slice_sub(after, 0, (size_t)at) : SLICE_NONE);
	sql_int(s, 4, (int64_t)max);
	return sql_all(s, read_account, arena, ret, sizeof *ret);
}

int directory_account_first(struct directory *d, struct slice domain, uint8_t ret_id[16])
{
	sqlite3_stmt *s = sql_query(d, Q_ACCOUNT_FIRST);
	sql_text(s, 1, domain);
	int rc = sql_step(s);
	if (rc == 1)
		sql_get_fixed(s, 0, ret_id, 16);
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_profile_set(struct directory *d, const uint8_t account[16], struct slice profile, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_PROFILE_SET);
	sql_blob(s, 1, account, 16);
	sql_blob(s, 2, profile.p, profile.n);
	return sql_run(d, s, err);
}

int directory_profile_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct slice *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_PROFILE_GET);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s);
	if (rc == 1)
		*ret = sql_get(s, 0, arena);
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}
