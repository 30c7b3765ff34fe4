/*
 * What the checks of mail remember from one letter to the next: a short text (an address, a domain, a network, a triplet) -> a small value with an
 * end. Reputation, known senders, greylisting, MTA-STS policies of destinations. The texts are stored as keyed hashes only. It is no mail: it is written at most once a second, a
 * crash may lose the last second of it and a rebuilt spool.db has none.
 *
 * filter says what is to be remembered, under a MAC of the boot secret; the edge that carries it cannot invent a good name for anybody.
 */
#ifndef QUEUE_MEMORY_H
#define QUEUE_MEMORY_H

#include "base/arena.h"
#include "base/buf.h"

#define MEMORY_KEY_MAX 255
#define MEMORY_VALUE_MAX 2048
#define MEMORY_NOTES_BYTES 16384       /* encoded, with the MAC */
#define MEMORY_COUNT_SIZE 20
#define MEMORY_ROWS_MAX 4000000        /* beyond it nothing new is remembered until what ends has gone */

enum memory_act {
	MEMORY_PUT = 1,    /* the value replaces what was there */
	MEMORY_COUNT = 2,  /* what was there is a count (below) and grows; the value is empty */
	MEMORY_DROP = 3,   /* forgotten; the value is empty */
	/* Reports (queue/report.h): the key is a domain. */
	MEMORY_REPORT = 4, MEMORY_REPORT_POLICY = 5, MEMORY_REPORT_IN = 6, MEMORY_REPORT_DONE = 7,
	MEMORY_REPORT_TLS = 8, MEMORY_REPORT_TLS_DONE = 9,
};
struct memory_note {
	enum memory_act act;
	struct slice key, value;
	uint32_t keep_s;   /* from now on */
};
/* Value of a count: u32 how often, u64 first and u64 last time in unix seconds, big-endian. */
struct memory_count {
	uint32_t count;
	int64_t first_s, last_s;
};
/* False for anything else. */
bool memory_count_decode(struct slice value, struct memory_count *ret);

void memory_note_encode(const struct memory_note *note, struct buf *out);
/* Moves *list. 1: a note, 0: the end, ERR_INVALID. */
int memory_note_next(struct slice *list, struct memory_note *ret);
/* The MAC behind the list. */
void memory_notes_seal(struct buf *list, const uint8_t secret[32]);
/* The list without its MAC; false: it is not filter's. */
bool memory_notes_open(struct slice sealed, const uint8_t secret[32], struct slice *ret_list);

/* ---- the ledger's part ---- */
struct ledger;
struct error;
/* In a group: all notes of the list become rows. */
int memory_apply(struct ledger *ledger, struct slice list, int64_t now_ms, struct error *err);
/* On the worker: MEMORY_ROWS_MAX is not reached. */
int memory_has_room(struct ledger *ledger, bool *ret, struct error *err);
/* One note, in a group. */
int memory_apply_one(struct ledger *ledger, const struct memory_note *note, int64_t now_ms, struct error *err);
/* On the worker: the value of a key, in the arena; ERR_NOT_FOUND. */
int memory_get(struct ledger *ledger, struct slice key, int64_t now_ms, struct arena *arena, struct slice *ret_value, struct error *err);
/* Takes away rows that ended, at most LEDGER_SWEEP_MAX; *ret_more: there are others. */
int memory_sweep(struct ledger *ledger, int64_t now_ms, bool *ret_more, struct error *err);

#endif
