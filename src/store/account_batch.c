/* Changes that one command makes together: one transaction, which begins with the first of them (mailbox.h, begin). */
#include "base/memory.h"
#include "store/account_internal.h"

int op_begin(struct account *base, struct error *err)
{
	struct store_account *a = account_of(base);

	ENSURE(!a->batch.open && !a->db.in_transaction);
	a->batch = (struct batch){.open = true};
	return 0;
}

void told_unrefs(struct store_account *a)
{
	if (a->batch.open)
		a->batch.unref = true;
	else
		a->host.unref(a->host.arg, a);
}

/* What goes the same way is told as one. */
static void removed_later(struct batch *b, int64_t from, int64_t to, size_t count)
{
	for (size_t i = 0; i < b->removed_count; i++) {
		if (b->removed[i].from == from && b->removed[i].to == to) {
			b->removed[i].count += count;
			return;
		}
	}
	b->removed = memory_grow(b->removed, (b->removed_count + 1) * sizeof *b->removed);
	b->removed[b->removed_count++] = (struct batch_removed){from, to, count};
}

void told_removed(struct store_account *a, const struct store_mailbox *from, const struct store_mailbox *to, size_t count)
{
	if (a->host.removed == NULL)
		return;
	if (a->batch.open)
		removed_later(&a->batch, from->number, to == NULL ? 0 : to->number, count);
	else
		a->host.removed(a->host.arg, a, from->name, to == NULL ? NULL : &to->name, count);
}

static void tell(struct store_account *a, const struct batch *b)
{
	if (b->unref)
		told_unrefs(a);
	for (size_t i = 0; i < b->removed_count; i++) {
		const struct store_mailbox *from = mailbox_by_number(a, b->removed[i].from);
		const struct store_mailbox *to = b->removed[i].to == 0 ? NULL : mailbox_by_number(a, b->removed[i].to);

		if (from != NULL)
			told_removed(a, from, to, b->removed[i].count);
	}
}

int op_commit(struct account *base, struct error *err)
{
	struct store_account *a = account_of(base);
	struct batch b = a->batch;
	int rc = 0;

	ENSURE(b.open);
	a->batch = (struct batch){.open = false};
	if (b.undone)
		rc = error_set(err, ERR_TEMPORARY, "%s: a part of it failed", a->directory);
	else if (a->db.in_transaction)
		rc = txn_commit(a, err);
	if (rc == 0)
		tell(a, &b);
	memory_free(b.removed);
	return rc;
}
