/* What has to be new for an acceptance (queue/bundle.h): looked at before anything of the group is written. The worker is the only writer, so what is
 * new then is new when the rows are written. */
#include "queue/bundle.h"
#include "queue/ledger_in.h"

#include <string.h>

#include "base/map.h"

/* Known from before, or claimed by an earlier letter of this group. */
static int is_known(struct ledger *l, struct slice key, struct map *group, int64_t now_ms, bool *ret, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct slice value;
	int rc = map_get(group, key) != NULL ? 0 : memory_get(l, key, now_ms, &arena, &value, err);
	arena_free(&arena);
	*ret = rc == 0;
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int check_lead(struct ledger *l, struct ledger_op *op, struct map *group, int64_t now_ms)
{
	struct slice claims = op->accept.claims;
	struct bundle_claim claim;
	bool known = false;
	int rc = 0;
	while (rc == 0 && op->result == QUEUE_OK && bundle_next_claim(&claims, &claim)) {
		rc = claim.fresh ? is_known(l, claim.key, group, now_ms, &known, &op->err) : 0;
		if (rc == 0 && claim.fresh && known)
			op->result = QUEUE_CHANGED;
	}
	for (claims = op->accept.claims; rc == 0 && op->result == QUEUE_OK && bundle_next_claim(&claims, &claim);)
		map_put(group, claim.key, op);
	return rc;
}

/* What cannot be remembered must not be done: it would be done again and again. */
static int check_once(struct ledger *l, struct ledger_op *op, struct map *group, int64_t now_ms)
{
	bool known = false, room = true;
	int rc = op->accept.once.n > 0 ? is_known(l, op->accept.once, group, now_ms, &known, &op->err) : 0;
	if (rc == 0 && op->accept.once.n > 0 && !known)
		rc = memory_has_room(l, &room, &op->err);
	op->accept.skipped = known || !room;
	if (rc == 0 && op->accept.once.n > 0 && !op->accept.skipped)
		map_put(group, op->accept.once, op);
	return rc;
}

int claims_check(struct ledger *l, struct ledger_op **ops, size_t count, int64_t now_ms)
{
	struct map group = MAP_INIT;
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct ledger_op *op = ops[i];
		if (op->kind != LEDGER_ACCEPT)
			continue;
		if (op->accept.lead == NULL)
			rc = check_lead(l, op, &group, now_ms);
		else if (op->accept.lead->result == QUEUE_OK)
			rc = check_once(l, op, &group, now_ms);
	}
	map_free(&group);
	return rc;
}

void claims_join(struct ledger_op **ops, size_t count)
{
	struct ledger_op *lead = NULL;
	for (size_t i = 0; i < count; i++) {
		if (ops[i]->kind == LEDGER_ACCEPT && ops[i]->accept.lead == NULL)
			lead = ops[i];
		else if (ops[i]->kind == LEDGER_ACCEPT && lead->result == QUEUE_OK && ops[i]->result != QUEUE_OK)
			lead->result = ops[i]->result;
	}
	for (size_t i = 0; i < count; i++)
		if (ops[i]->kind == LEDGER_ACCEPT && ops[i]->accept.lead != NULL && ops[i]->accept.lead->result != QUEUE_OK)
			ops[i]->result = ops[i]->accept.lead->result;
}

int claims_apply(struct ledger *l, const struct ledger_op *op, int64_t now_ms, struct error *err)
{
	struct slice claims = op->accept.claims;
	struct bundle_claim claim;
	int rc = 0;
	while (rc == 0 && bundle_next_claim(&claims, &claim))
		rc = memory_apply_one(l, &(struct memory_note){.act = MEMORY_PUT, .key = claim.key, .keep_s = claim.keep_s}, now_ms, err);
	if (rc == 0 && op->accept.once.n > 0)
		rc = memory_apply_one(l, &(struct memory_note){.act = MEMORY_PUT, .key = op->accept.once, .keep_s = op->accept.once_keep_s}, now_ms, err);
	return rc;
}
