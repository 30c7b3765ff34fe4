/* Orders to remove a letter that was filed, or would be (queue/recall.h). */
#include <string.h>

#include "base/memory.h"
#include "store/account_internal.h"

#define ROWS_MAX 1000 /* of one letter; one with more is left as it is */

struct rows {
	struct found {
		struct message_row row;
		int64_t mailbox;
	} *list;
	size_t count;
	uint64_t body;
};

bool recall_skips(const struct store_account *a, const struct store_arrival *list, size_t count, size_t at)
{
	for (size_t i = at + 1; i < count; i++) {
		if (list[i].recalls == list[at].seq)
			return true;
		if (list[i].recalls == 0 && list[i].kind == READER_OWN && a->appends > 0)
			break; /* the batch may end here */
	}
	return false;
}

static int number(struct store_account *a, enum account_sql id, uint64_t seq, uint64_t *ret, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, id, err);
	int step;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, seq);
	step = sqlite3_step(s);
	*ret = step == SQLITE_ROW ? column_u64(s, 0) : 0;
	account_db_done(s);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : account_db_error(&a->db, err);
}

static int rows_load(struct store_account *a, struct rows *rows, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_BODY_ROWS, err);
	int step;

	if (s == NULL)
		return ERR_IO;
	rows->list = memory_alloc_array(ROWS_MAX, sizeof *rows->list);
	bind_u64(s, 1, rows->body);
	while ((step = sqlite3_step(s)) == SQLITE_ROW && rows->count < ROWS_MAX) {
		struct found *f = &rows->list[rows->count++];

		message_row_load(s, &f->row);
		f->mailbox = (int64_t)column_u64(s, 10);
	}
	account_db_done(s);
	if (step == SQLITE_ROW)
		return ERR_LIMIT;
	return step == SQLITE_DONE ? 0 : account_db_error(&a->db, err);
}

/* Whoever answered or forwarded it has read it, whatever his program says. */
static bool was_read(struct store_account *a, const struct rows *rows)
{
	unsigned forwarded = 0;
	bool known = keyword_find(a, SLICE("$Forwarded"), false, &forwarded, NULL) == 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct flag_set *flags = &rows->list[i].row.flags;

		if ((flags->system & (FLAG_SEEN | FLAG_ANSWERED)) != 0 || (known && (flags->keywords >> forwarded & 1) != 0))
			return true;
	}
	return false;
}

static int remove_all(struct store_account *a, const struct rows *rows, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < rows->count; i++) {
		struct store_mailbox *m = mailbox_by_number(a, rows->list[i].mailbox);

		if (m == NULL)
			return error_set(err, ERR_DAMAGED, "%s: a message without mailbox", a->db.path);
		rc = row_expunge(a, m, &rows->list[i].row, rows->body, err);
		m->changed = true;
	}
	return rc;
}

static int apply_to(struct store_account *a, const struct store_arrival *order, struct rows *rows, enum store_recalled *ret,
                    struct error *err)
{
	int rc = rows_load(a, rows, err);

	*ret = STORE_RECALL_GONE;
	if (rc == 0 && rows->count == 0) /* it was deleted, and could be had back */
		return bin_forget(a, rows->body, order->recalls, err);
	*ret = STORE_RECALL_READ;
	if (rc == ERR_LIMIT || (rc == 0 && !order->read_too && was_read(a, rows)))
		return 0;
	*ret = STORE_RECALL_DONE;
	return rc == 0 ? remove_all(a, rows, err) : rc;
}

/* The letter stands in the same batch and was not filed; unless the ref is on its way back already. */
static int apply_to_none(struct store_account *a, const struct store_arrival *list, size_t at, enum store_recalled *ret, struct error *err)
{
	uint64_t given_back;
	int rc = number(a, SQL_UNREF_HAS, list[at].recalls, &given_back, err);

	*ret = STORE_RECALL_GONE;
	for (size_t i = 0; rc == 0 && given_back == 0 && i < at; i++) {
		if (list[i].recalls != 0 || list[i].seq != list[at].recalls)
			continue;
		*ret = STORE_RECALL_DONE;
		rc = unref_put(a, list[i].seq, err);
		break;
	}
	return rc;
}

int recall_apply(struct store_account *a, const struct store_arrival *list, size_t at, enum store_recalled *ret, struct error *err)
{
	struct rows rows = {0};
	int rc = number(a, SQL_BODY_BY_SEQ, list[at].recalls, &rows.body, err);

	if (rc == 0)
		rc = rows.body != 0 ? apply_to(a, &list[at], &rows, ret, err) : apply_to_none(a, list, at, ret, err);
	if (rc == 0)
		rc = unref_put(a, list[at].seq + (uint64_t)*ret, err);
	memory_free(rows.list);
	return rc;
}
