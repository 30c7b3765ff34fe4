/*
 * A sealed account: mailbox/mailbox.h over account.db and the packs. One object per signed-in (or waking) account in its shard.
 *
 * It knows no IPC: what it needs of others it asks through struct store_host, whose owner (role/mail) answers later by calling one of the
 * functions below. Everything runs on the loop's thread. Its answers name UIDs only after the transaction that made them is committed.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "mailbox/mailbox.h"
#include "policy/tokens.h"
#include "store/pack.h"
#include "store/seal.h"

#define STORE_BATCH_MAX 500        /* arrivals filed in one transaction */
#define STORE_MARK_STEP 1000       /* UIDs and modseqs reserved by one durable commit */
#define STORE_VANISHED_MAX 10000   /* remembered expunge ranges of a mailbox */
#define STORE_GONE_MAX 20000      /* remembered emails and mailboxes that have gone, of an account */
#define STORE_THREAD_REFS 20       /* references of a message that are looked at for its thread: the first and the last ones */
#define STORE_BIN_BATCH 200        /* letters that leave the bin, or the trash, in one transaction */
#define STORE_RECOVERED "Recovered"
#define STORE_MUTED "$muted"       /* a conversation of which a letter bears this keyword: what comes to it is filed as read, in the archive */
#define STORE_UNLEARN "junk.reset" /* a file of this name in the folder of an account: what it learnt about junk is forgotten at the next open */

struct store_account;

/* A ref of the ledger, as queue lists them. */
struct store_arrival {
	uint64_t seq;
	enum reader_kind kind;     /* ARRIVAL or OWN */
	struct place place;
	uint64_t size;             /* of the message in the clear */
	uint64_t recalls;          /* not 0: no letter, but an order to remove the one with this seq (queue/recall.h) */
	bool read_too;             /* whether it was read or not */
};

/* One APPEND (or MULTIAPPEND) on its way through filter and queue. Made by the account, filled by the host, ended by store_account_appended. */
struct store_append {
	struct store_account *account;
	struct store_append_item {
		int fd;                /* a duplicate, ours */
		uint64_t size;
		uint8_t mailbox_id[16];
		struct flag_set flags;
		int64_t internal_date;
		enum error_code code;  /* by the host: ERR_NONE when accepted */
		struct store_arrival arrival; /* by the host: seq and place */
	} *items;
	size_t count;
	append_fn *fn;
	void *fn_arg;
	void *host_state;          /* of the host */
};

/* What was found in a damaged database when it was made anew. */
struct bayes;
struct store_salvage {
	size_t mailboxes, messages; /* kept */
	size_t lost;               /* messages whose row is gone; they come again from the ledger, in Recovered */
	unsigned places;           /* that could not be read */
};

/* Numbers behind the seq of an order, which say its answer when they are given back (queue/recall.h). */
enum store_recalled { STORE_RECALL_GONE = 1, STORE_RECALL_DONE = 2, STORE_RECALL_READ = 3 };

struct store_host {
	void *arg;
	int64_t (*now)(void *arg); /* unix seconds */
	/* Seal and accept every item, then call store_account_appended (never from inside). The account's flags as text: store_flags_print. */
	void (*append)(void *arg, struct store_append *append);
	/* Pull arrivals after the cursor until there are no more, file them, then call done. */
	void (*catch_up)(void *arg, struct store_account *a, void (*done)(void *arg), void *done_arg);
	/* Call store_account_tell soon. */
	void (*soon)(void *arg, struct store_account *a);
	/* There are unrefs to send (store_account_unrefs). */
	void (*unref)(void *arg, struct store_account *a);
	/* Names of mailboxes changed: the delivery profile has to be pushed. */
	void (*profile)(void *arg, struct store_account *a);
	/* The database key with this number, again, because the account wakes. Numbers count from the oldest, 0. */
	int (*database_key)(void *arg, struct store_account *a, size_t index, uint8_t ret_key[32]);
	/* Something stored does not verify; work goes on. */
	void (*damaged)(void *arg, struct store_account *a, const struct error *err);
	/* Refs that lost their row, or never had one, were filed in Recovered. May be NULL. */
	void (*recovered)(void *arg, struct store_account *a, size_t count);
	/* What became of an order; committed. May be NULL. */
	void (*recalled)(void *arg, struct store_account *a, const struct store_arrival *order, enum store_recalled what);
	/* The owner removed messages of a mailbox for good, or (target is not NULL) moved them to that one; committed. May be NULL. */
	void (*removed)(void *arg, struct store_account *a, struct slice mailbox, const struct slice *target, size_t count);
	/* The database was damaged and has been made anew. May be NULL. */
	void (*salvaged)(void *arg, struct store_account *a, const struct store_salvage *found);
	/* The organisation's table (policy/lessons.h); NULL, also as a pointer: there is none. It may be another one with every call. */
	const struct bayes *(*house)(void *arg);
	/* The reader says what a letter is. tokens: under the key of that table; want: enum lesson_want. */
	void (*teach)(void *arg, const uint8_t email[16], unsigned want, const struct tokens *tokens);
	/* May it learn what its reader thinks is junk? May be NULL: no. */
	bool (*learns)(void *arg);
	/* There is something to learn: store_account_learn is to be called when there is time. May be NULL. */
	void (*learn)(void *arg, struct store_account *a);
	/* Work on the account takes long (a check, making it anew): called every few milliseconds while it goes on. May be NULL. */
	void (*alive)(void *arg);
	/* For how many seconds what is expunged can be had back; the ledger keeps it as long. May be NULL: not at all. */
	int64_t (*bin)(void *arg);
	/* The ledger is asked to want this ref again; then done, never from inside: 0, ERR_NOT_FOUND (it has gone), ERR_TEMPORARY. With `bin`. */
	void (*keep)(void *arg, struct store_account *a, uint64_t seq, void (*done)(void *arg, int code), void *done_arg);
	/* Calls fn from the loop. With `bin`. */
	void (*later)(void *arg, void (*fn)(void *arg), void *fn_arg);
	/* The database was found damaged in use: close the account as soon as nobody uses it; the next open mends it. Told once. May be NULL. */
	void (*broken)(void *arg, struct store_account *a);
};

struct store_account_config {
	const char *directory;     /* accounts/3f/<id>, exists or its parent does */
	uint8_t id[16];
	uint64_t quota;            /* bytes, 0: none */
	const struct seal_reader_key *keys; /* newest last; copied, secret_key cells stay the caller's and must outlive the account */
	size_t key_count;
	const uint8_t (*database_keys)[32]; /* newest first; only needed during the call */
	size_t database_key_count;
	struct pack_reader *packs; /* shared, outlives the account */
	struct store_host host;
};

/* Opens or makes the account. When no database key fits the file is set aside ("account.db.<time>.aside") and a new one is made; *ret_aside
 * (may be NULL) says so. A damaged one is made anew from what can be read of it and kept as "account.db.<time>.damaged". */
int store_account_open(const struct store_account_config *config, struct store_account **ret, bool *ret_aside, struct error *err);
/* Marks a clean stop and closes. Appends on their way must have ended. */
void store_account_close(struct store_account **account);
/* Closes the database after marking a clean stop; the next call that needs it opens it again. Nothing when an append is on its way. */
void store_account_park(struct store_account *a);
/* How much of its database an account keeps in memory: nearly nothing, 2 MB (as after open), 12 MiB. Less gives back what is kept. */
enum store_memory { STORE_MEMORY_IDLE, STORE_MEMORY_USED, STORE_MEMORY_WARM };
void store_account_memory(struct store_account *a, enum store_memory memory);
bool store_account_parked(const struct store_account *a);
/* The database is damaged: closing and opening the account mends it. */
bool store_account_broken(const struct store_account *a);
struct account *store_account_mailboxes(struct store_account *a);
const uint8_t *store_account_id(const struct store_account *a);
/* There are more generations now: replaces the reader keys, as at open. */
void store_account_set_keys(struct store_account *a, const struct seal_reader_key *keys, size_t count);
void store_account_set_quota(struct store_account *a, uint64_t quota);
/* True when somebody listens, an append is on its way or listeners wait to be told: not to be closed. */
bool store_account_busy(const struct store_account *a);

/*
 * Learns from at most `max` letters that the reader moved into Junk or out of it, in one transaction; *ret_more: there are more. What was learnt
 * of a letter is known by its EMAILID: it is learnt once, and taken back when the letter comes back.
 */
int store_account_learn(struct store_account *a, unsigned max, bool *ret_more, struct error *err);
/* Forgets all that was learnt. */
int store_account_unlearn(struct store_account *a, struct error *err);

/* ---- arrivals ---- */

uint64_t store_account_cursor(const struct store_account *a);
/*
 * Files refs with ascending seq and moves the cursor, in one transaction (not forced to the disk, but for marks). A known blob is skipped. An own
 * ref that nobody waits for goes to Recovered; one that may belong to an append on its way ends the batch early. *ret_taken: how many were
 * dealt with. A damaged record is filed as a placeholder and reported; an account error fails the whole call.
 */
int store_account_file(struct store_account *a, const struct store_arrival *list, size_t count, size_t *ret_taken, struct error *err);
/*
 * The ledger was made anew since this account agreed with it: then it lists refs again that were given back already. `next`: above every seq the
 * ledger has given. To be asked when everything above the cursor was filed.
 */
bool store_account_disagrees(struct store_account *a, uint64_t next);
/* Refs up to the cursor that no row names are given back once more (store_account_unrefs). One whose record does not open for us is left alone. */
int store_account_compare(struct store_account *a, const struct store_arrival *list, size_t count, struct error *err);
/* All refs up to the cursor were compared. */
int store_account_agrees(struct store_account *a, uint64_t next, struct error *err);
/* Ends an append: files the rows durably and calls its fn for every item, or calls it with the first error; frees it. */
void store_account_appended(struct store_append *append);
/* Up to `max` seqs to be given back to the ledger, of those that it is to keep for a while or (now) to let go at once; to be forgotten when queue has
 * answered. */
size_t store_account_unrefs(struct store_account *a, bool now, uint64_t *seqs, size_t max);
int store_account_unrefs_done(struct store_account *a, bool now, const uint64_t *seqs, size_t count, struct error *err);
/* Calls the listeners for what changed. */
void store_account_tell(struct store_account *a);
/* Something of the account that lies elsewhere has changed: listeners are told soon, as of a change of the list of mailboxes. */
void store_account_changed(struct store_account *a);

/* ---- housekeeping ---- */

/* What was in the bin for its time goes for good: up to STORE_BIN_BATCH letters. */
int store_account_bin_sweep(struct store_account *a, bool *ret_more, struct error *err);
/* What came into the trash before that moment (unix seconds) is expunged, as many at a time. */
int store_account_trash_sweep(struct store_account *a, int64_t before, bool *ret_more, struct error *err);

/* Indexes the texts of up to `max` messages, fewer when they are long; *ret_more when some may be left. */
int store_account_index(struct store_account *a, unsigned max, bool *ret_more, struct error *err);
/* The existing mailboxes for AUTH_PROFILE: name, NUL, special uses separated by spaces, NUL. */
void store_account_profile(struct store_account *a, struct buf *out);
typedef void store_check_fn(void *arg, const char *finding);
/* Checks the invariants (docs/account-db.md); deep: every record opens too. Returns the number of findings. */
unsigned store_account_check(struct store_account *a, bool deep, store_check_fn *fn, void *arg);

/* "\\Seen $Forwarded": flags as the filing note has them. */
void store_flags_print(struct store_account *a, struct flag_set flags, struct buf *out);

#endif
