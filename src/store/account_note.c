/* Small values that protocols keep with the account. */
#include "store/account_internal.h"

int note_get(struct store_account *a, struct slice name, struct arena *arena, struct slice *ret, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_NOTE_GET, err);
	int rc = 0;

	if (s == NULL)
		return ERR_IO;
	bind_text(s, 1, name);
	switch (sqlite3_step(s)) {
	case SQLITE_ROW:
		*ret = arena_dup(arena, column_blob(s, 0));
		break;
	case SQLITE_DONE:
		rc = error_set(err, ERR_NOT_FOUND, "no such note");
		break;
	default:
		rc = account_db_error(&a->db, err);
	}
	account_db_done(s);
	return rc;
}

int op_note(struct account *base, struct slice name, struct arena *arena, struct slice *ret, struct error *err)
{
	return note_get(account_of(base), name, arena, ret, err);
}

int note_put(struct store_account *a, struct slice name, struct slice value, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_NOTE_PUT, err);

	if (s == NULL)
		return ERR_IO;
	bind_text(s, 1, name);
	bind_blob(s, 2, value);
	return account_db_run(&a->db, s, err);
}

int op_set_note(struct account *base, struct slice name, struct slice value, struct error *err)
{
	struct store_account *a = account_of(base);
	int rc;

	if (name.n == 0 || name.n > NOTE_NAME_MAX || value.n > NOTE_MAX)
		return error_set(err, ERR_LIMIT, "a note is too long");
	rc = txn_begin(a, true, err);
	if (rc < 0)
		return rc;
	rc = note_put(a, name, value, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	rc = txn_commit(a, err);
	if (rc == 0)
		tell_note(a);
	return rc;
}
