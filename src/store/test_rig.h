/* A whole store without other processes: packs and ledger in a temporary directory, for unit tests and benchmarks. */
#ifndef STORE_TEST_RIG_H
#define STORE_TEST_RIG_H

#include "store/account.h"

struct rig {
	char directory[64];
	uint8_t id[16], database_key[32], secret_key[32];
	struct seal_reader_key key;
	struct pack_writer *writer;
	struct pack_reader *reader;
	struct store_account *account;
	struct account *mailboxes;
	struct store_arrival *ledger;  /* all refs, ascending */
	size_t ledger_count;
	uint64_t seq;
	int64_t now;
	struct store_append *appends[16]; /* waiting */
	size_t append_count;
	bool append_fails;             /* the next append is refused by queue */
	unsigned damaged, recovered, told, profiles, broken, alive;
	bool learns;                   /* the account may */
	const struct bayes *house;     /* the organisation's table */
	unsigned taught[3];            /* what was told the house, by enum lesson_want */
	unsigned lessons;              /* it said that there is something to learn */
	struct store_salvage salvaged; /* the last one */
	unsigned salvages;
	bool soon;
	void (*done[16])(void *arg);
	void *done_arg[16];
	size_t done_count;
	int64_t bin_seconds;           /* for which what is expunged can be had back; 0: not at all */
	int keep_code;                 /* what the ledger says when it is asked to want a ref again */
	uint64_t kept;                 /* the last of these */
	struct { void (*fn)(void *arg, int code); void *arg; } keeps[4];
	struct { void (*fn)(void *arg); void *arg; } later[4];
	size_t keep_count, later_count;
	bool aside;
};

void rig_start(struct rig *r);
/* Removes the directory. */
void rig_stop(struct rig *r);
/* Opens the account again; clean: after an orderly close, else as after a crash (the database file is copied while open). */
void rig_reopen(struct rig *r);
void rig_open(struct rig *r);
/* Closes as a crash would: the files as they are now. */
void rig_crash(struct rig *r);
/* A sealed record in the packs and a ref in the ledger; mailbox may be empty. */
struct store_arrival *rig_deliver(struct rig *r, struct slice mailbox, struct slice message);
/* The same with the places that the owner's script wants. */
struct store_arrival *rig_deliver_wanted(struct rig *r, const struct filing *filings, size_t count, struct slice message);
/* An order to take the letter with this seq back; its seq. */
uint64_t rig_recall(struct rig *r, uint64_t letter, bool read_too);
/* The answer that waits to be given back: enum store_recalled, 0: none. */
unsigned rig_answer(struct rig *r, uint64_t order);
/* The first `count` of a made-up corpus. */
void rig_deliver_many(struct rig *r, size_t count);
/* Files what is in the ledger above the cursor. */
void rig_file(struct rig *r);
/* Lets everything happen that waits. */
void rig_run(struct rig *r);
struct mailbox_ref rig_mailbox(struct rig *r, const char *name);
struct mailbox_status rig_status(struct rig *r, const char *name);
/* A made-up letter, 4 KB or so, in English, Chinese or Japanese by its number. */
struct slice rig_letter(struct arena *arena, size_t number);
/* Findings of store_account_check, printed. */
unsigned rig_check(struct rig *r);

#endif
