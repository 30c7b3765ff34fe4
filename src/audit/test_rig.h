/* For the tests of the store and of exports: a directory, a key, and records. */
#ifndef AUDIT_TEST_RIG_H
#define AUDIT_TEST_RIG_H

#include "audit/export.h"

struct audit_rig {
	char directory[64];
	uint8_t key[AUDIT_STORE_KEY_SIZE], seed[32], witness_seed[32];
	struct audit_key log_key, witness;
	struct buf log_key_text, witness_text;
	struct audit_store *store;
};

void audit_rig_create(struct audit_rig *rig);
void audit_rig_free(struct audit_rig *rig);
/* Opens the store again; the items of the checked segments go to fn. Returns what audit_store_open gave. */
int audit_rig_open(struct audit_rig *rig, audit_item_fn *fn, void *arg, struct audit_opened *ret);
/* Appends `count` records in one group. */
void audit_rig_append(struct audit_rig *rig, unsigned count);
/* The text of record n, as audit_rig_append makes it. */
void audit_rig_record(uint64_t n, struct buf *out);
/* The signed head of the current size. */
void audit_rig_head(struct audit_rig *rig, bool cosigned, struct buf *out);
/* The same without people. */
void audit_rig_export_anonymised(struct audit_rig *rig, uint64_t first, uint64_t end, struct buf *out);
void audit_rig_export(struct audit_rig *rig, uint64_t first, uint64_t end, struct buf *out);

#endif
