/* What the files of the ledger share; nobody else includes it. */
#ifndef QUEUE_LEDGER_IN_H
#define QUEUE_LEDGER_IN_H

#include "queue/entry.h"
#include "queue/ledger.h"
#include "queue/spool.h"

#define LEDGER_MAGIC 0x6c656467u

struct ledger {
	unsigned magic;
	struct ledger_config config;
	char *directory, *packs;
	struct spool spool;
	struct pack_writer *writer;
	uint64_t next_seq;
	struct buf touched;          /* accounts whose submissions changed, 16 bytes each */
	struct report_room {         /* rows of the tables of reports (report.c) */
		bool counted;
		int64_t rows;
		unsigned full_for;
	} report_out, report_in;
};

/* A record that becomes part of the ledger: by acceptance, recovery or rebuild. */
struct ledger_entry {
	struct place place;
	uint64_t length;             /* on disk */
	uint64_t seq;
	uint8_t flags;               /* ARRIVAL_* */
	const struct entry *entry;
	const struct job *job;
	bool outbound;               /* make rows for recipients outside */
	bool rebuilt;                /* spool.db was lost: what became of a letter that waits is not known */
	struct slice once;           /* of a letter that waits: the key that it claimed */
	bool owed;                   /* and for success notifications of local ones */
	int64_t now_ms;
};
/* Inserts its rows. *ret_message: something is to be done outside or a notification is owed. *ret_refs: how many refs the record has (0: no row
 * was made at all). Both may be NULL. */
int ledger_insert(struct ledger *l, const struct ledger_entry *e, bool *ret_message, int64_t *ret_refs, struct error *err);
/* Takes one ref off the record; with the last one its row goes. */
int ledger_release(struct ledger *l, uint64_t record, struct error *err);
int ledger_mark(struct ledger *l, const struct ledger_mark *mark, struct error *err);
int ledger_unref(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err);
int ledger_remove_account(struct ledger *l, const uint8_t account[16], int64_t now_ms, struct error *err);
int ledger_sweep(struct ledger *l, int64_t now_ms, bool *ret_more, struct error *err);
int ledger_moved(struct ledger *l, const struct ledger_op *op, struct error *err);
int ledger_hold(struct ledger *l, const struct ledger_op *op, struct error *err);
int ledger_arrivals(struct ledger *l, struct ledger_op *op, struct error *err);
int ledger_room(struct ledger *l, struct ledger_op *op, struct error *err);
/* Writes the position of the writer and the seq counter; inside a transaction. */
int ledger_put_position(struct ledger *l, struct error *err);
/* claims.c: what is claimed twice gets QUEUE_CHANGED or is skipped. A negative code: of the database. */
int claims_check(struct ledger *l, struct ledger_op **ops, size_t count, int64_t now_ms);
/* Where one of several that belong together failed, all fail. */
void claims_join(struct ledger_op **ops, size_t count);
int claims_apply(struct ledger *l, const struct ledger_op *op, int64_t now_ms, struct error *err);
/* recover.c */
int ledger_recover(struct ledger *l, int64_t now_ms, bool created, struct ledger_opened *opened, struct error *err);

/* The destination of an address: its domain in lower case. */
struct slice ledger_destination(struct arena *arena, struct slice address);
struct slice ledger_account(const uint8_t account[16]);

#endif
