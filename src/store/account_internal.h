/* Inside of the account, for store/account*.c only. */
#ifndef STORE_ACCOUNT_INTERNAL_H
#define STORE_ACCOUNT_INTERNAL_H

#include <zstd.h>
#include "base/ensure.h"
#include "store/account.h"
#include "store/account_db.h"

#define STORE_ACCOUNT_MAGIC 0xacc0u

struct store_mailbox {
	int64_t number;
	uint8_t id[16];
	struct slice name;         /* owned */
	uint32_t uid_validity, uid_next, uid_mark, special;
	bool subscribed, live;
	uint32_t messages, unseen, deleted;
	uint64_t modseq, size, deleted_size, vanished_floor;
	uint64_t created, info_modseq; /* of itself; of its name, subscription, use and order */
	uint32_t sort_order;
	struct mailbox_counts counted; /* of threads and unread emails, while the account is counted */
	uint32_t repeated;         /* visible rows of emails that are in it more than once, all but one of each; like `counted` */
	bool dirty;                /* counts differ from the row */
	bool changed;              /* listeners are to be told */
};

struct store_account {
	struct account base;       /* first */
	unsigned magic;
	uint8_t id[16];
	char *directory;
	uint64_t quota;
	size_t key_index;          /* the database key that fitted */
	bool parked;
	enum store_memory memory;
	struct store_host host;
	struct seal_reader_key *keys;
	size_t key_count;
	struct pack_reader *packs;
	struct account_db db;
	struct store_mailbox **mailboxes; /* sorted by name, INBOX first */
	size_t mailbox_count;
	struct slice keywords[KEYWORD_COUNT_MAX]; /* owned */
	unsigned keyword_count;
	uint64_t cursor, modseq, modseq_mark;
	uint32_t uid_validity;     /* the last one given */
	bool clean;                /* as the database says; false once something was written */
	uint64_t indexed;          /* bodies up to this number are in the index */
	uint64_t used, bodies;     /* quota */
	uint64_t salvaged;         /* refs up to this one that are unknown lost their row to damage: they go to Recovered */
	uint64_t ledger;           /* the incarnation of the ledger that is known to agree with us (docs/spool-db.md, seq) */
	uint64_t gone_floor;       /* what has gone is remembered since then */
	uint64_t gone;             /* rows of the table, UINT64_MAX: not counted yet */
	bool counted;              /* the counts of the mailboxes are right, but for those of `recount` */
	uint8_t (*recount)[16];    /* threads that are not in the counts: they have changed; COUNT_LATER_MAX of them */
	size_t recount_count;
	uint64_t counts_kept;      /* the modseq at which they are kept in the database, 0: at none */
	bool damaged;              /* the file is: it is made anew at the next open */
	bool stale;                /* what is in memory could not be read again after a rollback */
	struct batch {
		bool open, undone, unref; /* unref: queue is to be told */
		struct batch_removed { int64_t from, to; size_t count; } *removed; /* numbers of mailboxes; to 0: for good */
		size_t removed_count;
	} batch;                   /* between op_begin and op_commit */
	bool must_sync;            /* a mark was raised in this transaction, or it turned out to have to be durable */
	uint64_t txn_modseq;       /* of this transaction, 0: not given yet */
	bool list_changed, telling, told_soon;
	struct account_listener *listeners, *next_told;
	unsigned appends;          /* on their way */
	int danger_fd;             /* "opening": the seq whose record is being opened */
	uint64_t danger_seq;       /* it was found there at open: opening it ended the process */
	uint8_t danger_tries;
	ZSTD_CCtx *compress;       /* of search texts; made when needed */
	ZSTD_DCtx *expand;
	struct sealed *open;       /* the record read last */
	uint64_t open_body;
	struct sealed_place { struct store_account *account; struct place place; } open_place;
	/* The body of the message looked at last: reading one asks several times. uid 0: none; any change forgets it. */
	struct body_near {
		int64_t mailbox;
		uint32_t uid;
		uint64_t body;
		struct place place;
		enum reader_kind kind;
		bool has_key;
		uint8_t key[32];
		struct buf prefix;
	} near;
	struct learning *learning; /* the table of what is junk (account_learn.c); NULL: not in memory */
	bool learn_looked;         /* whether there is one is known */
	bool learn_due, learn_good; /* letters wait to be learnt; good ones are wanted too */
	bool any_damaged;          /* the table `damaged` may have rows */
	size_t recovered;
};

struct store_account *account_of(struct account *a);
/* Opens the database when it is parked; when that fails every statement fails. */
void account_wake(struct store_account *a);

/* ---- account.c ---- */
int txn_begin(struct store_account *a, bool durable, struct error *err);
/* Writes what is dirty, commits; everything in memory is as before on failure. */
int txn_commit(struct store_account *a, struct error *err);
void txn_rollback(struct store_account *a);
/* The modseq of this transaction. */
uint64_t txn_modseq(struct store_account *a);
/* The next UID of the mailbox; marks it dirty. */
uint32_t txn_uid(struct store_account *a, struct store_mailbox *m);
uint32_t txn_uid_validity(struct store_account *a);
void tell_mailbox(struct store_account *a, struct store_mailbox *m);
void tell_list(struct store_account *a);
/* Listeners compare what they show: something small that a protocol keeps was changed. */
void tell_note(struct store_account *a);

/* Renames the database and its log to "account.db.<time>.<word>". */
int account_set_aside(struct store_account *a, const char *path, const char *word, struct error *err);

/* ---- account_salvage.c ---- */
/* The file whose existence says that account.db was found damaged. */
void account_marker_path(const struct store_account *a, char *path, size_t size);
/* Takes over what a salvage completed before it was interrupted; removes what it did not. */
void account_salvage_adopt(struct store_account *a, const char *path);
/*
 * Makes the database anew, under new_key, from all that can be read of the one at `path`, which old_key opens; the damaged file is set aside.
 * Neither is open then. Takes as long as reading the database does.
 */
int account_salvage(struct store_account *a, const char *path, const uint8_t old_key[32], const uint8_t new_key[32], struct store_salvage *found,
                    struct error *err);

/* ---- account_mailbox.c ---- */
struct store_mailbox *mailbox_by_ref(struct store_account *a, const struct mailbox_ref *ref, struct error *err);
struct store_mailbox *mailbox_by_name(struct store_account *a, struct slice name);
/* The bit of a special use (RFC 6154), 0: none of that name. */
uint32_t mailbox_use(struct slice attribute);
int mailbox_load_all(struct store_account *a, struct error *err);
void mailbox_free_all(struct store_account *a);
int mailbox_save(struct store_account *a, const struct store_mailbox *m, struct error *err);
/* Inside a transaction. */
int mailbox_create_in(struct store_account *a, struct slice name, uint32_t special, struct store_mailbox **ret, struct error *err);
/* The same with the levels above it; checks the name. */
int mailbox_create_path(struct store_account *a, struct slice name, uint32_t special, struct store_mailbox **ret, struct error *err);
int mailbox_defaults(struct store_account *a, struct error *err);

/* Name, subscription, use or order of the mailbox change in this transaction. */
void mailbox_touch(struct store_account *a, struct store_mailbox *m);
/* NULL: none with that number. */
struct store_mailbox *mailbox_by_number(struct store_account *a, int64_t number);

/* ---- account_email.c ---- */
/* Inside a transaction, before the row or mailbox goes: it is remembered for those who ask what has changed. */
int gone_email(struct store_account *a, const struct store_mailbox *m, uint32_t uid, struct error *err);
int gone_mailbox(struct store_account *a, const struct store_mailbox *m, struct error *err);
/* mailbox_by_number for rows that follow each other: neighbours are mostly of one mailbox, the one found last (or NULL) is tried first. */
struct store_mailbox *mailbox_of_row(struct store_account *a, struct store_mailbox *last, int64_t number);
/* Forgets the oldest beyond STORE_GONE_MAX. */
int gone_trim(struct store_account *a, struct error *err);

/* ---- account_count.c ---- */
/* Before a row of this thread comes, goes or is flagged: the counts of the mailboxes follow later (op_counts). */
void counts_touch(struct store_account *a, struct slice thread_id);
/* They are made anew when they are asked for. */
void counts_forget(struct store_account *a);
/* Whether they are known and not kept yet as they are. */
bool counts_due(const struct store_account *a);
/* Inside the transaction that closes the account in order: keeps them for the next time, if they are known. */
int counts_keep(struct store_account *a, struct error *err);
/* Takes over what was kept, if nothing was written since. */
int counts_load(struct store_account *a, struct error *err);

/* ---- account_note.c ---- */
/* As op_note says; nothing is woken. */
int note_get(struct store_account *a, struct slice name, struct arena *arena, struct slice *ret, struct error *err);
/* Inside a transaction. */
int note_put(struct store_account *a, struct slice name, struct slice value, struct error *err);

/* ---- account_batch.c ---- */
int op_begin(struct account *base, struct error *err);
int op_commit(struct account *base, struct error *err);
/* Committed, or part of a batch that will be: queue and the host are told when it is. to: NULL: they were removed for good. */
void told_unrefs(struct store_account *a);
void told_removed(struct store_account *a, const struct store_mailbox *from, const struct store_mailbox *to, size_t count);

/* ---- account_keyword.c ---- */
int keyword_load_all(struct store_account *a, struct error *err);
void keyword_free_all(struct store_account *a);
/* Inside a transaction. */
int keyword_find(struct store_account *a, struct slice name, bool create, unsigned *ret, struct error *err);
struct flag_set flags_parse(struct store_account *a, struct slice text);

/* ---- account_message.c ---- */
struct body_new {
	uint64_t seq, size;
	enum reader_kind kind;
	struct place place;
	bool cut;
	struct slice data_key, prefix, digest;
	uint8_t email_id[16], thread_id[16];
};
int body_insert(struct store_account *a, const struct body_new *b, uint64_t *ret_number, struct error *err);
/* A body without rows: nothing of it is left. */
int body_forget(struct store_account *a, uint64_t body, struct error *err);
/* For every further row of a body. */
int body_add_ref(struct store_account *a, uint64_t body, struct error *err);
struct row_new {
	struct store_mailbox *mailbox;
	struct flag_set flags;
	uint64_t size, body;
	int64_t internal_date, save_date;
	struct slice email_id, thread_id;
};
int row_insert(struct store_account *a, const struct row_new *r, uint32_t *ret_uid, struct error *err);
void mailbox_count(struct store_mailbox *m, uint32_t flags, uint64_t size, int sign);
int vanished_add(struct store_account *a, struct store_mailbox *m, const struct uid_set *uids, struct error *err);
/* Removes one row with what is remembered of it; the body goes with its last one. */
int row_expunge(struct store_account *a, struct store_mailbox *m, const struct message_row *row, uint64_t body, struct error *err);
int unref_put(struct store_account *a, uint64_t seq, struct error *err);
int expunge_all_in(struct store_account *a, struct store_mailbox *m, struct error *err);
void message_row_load(sqlite3_stmt *s, struct message_row *ret);
/* Source of the record at *place for seal.h; the struct must outlive the sealed. */
int body_source(struct store_account *a, struct sealed_place *place, struct seal_source *ret, struct error *err);
void body_close(struct store_account *a);
void near_forget(struct store_account *a);
/* Whether any body is known to be damaged. */
int damaged_load(struct store_account *a, struct error *err);
/* Opens (or keeps open) the record of a message. *ret_prefix holds until the next one is looked at. ERR_NOT_FOUND: no such message. */
int body_open(struct store_account *a, struct store_mailbox *m, uint32_t uid, struct arena *arena, struct slice *ret_prefix, struct sealed **ret,
              struct error *err);

/* ---- account_recall.c ---- */
struct recall_done { /* of a batch, told after its commit */
	const struct store_arrival *order;
	enum store_recalled what;
};
/* Of the batch list[0, count): is the letter of list[at] taken back in it, unseen? Then it is not filed at all. */
bool recall_skips(const struct store_account *a, const struct store_arrival *list, size_t count, size_t at);
/* Applies the order list[at], inside the transaction, and puts its answer where refs that are given back stand. */
int recall_apply(struct store_account *a, const struct store_arrival *list, size_t at, enum store_recalled *ret, struct error *err);
/* ---- account_bin.c ---- */
/* Inside a transaction: nothing of it is left here, and the ledger lets go at once. */
int bin_forget(struct store_account *a, uint64_t body, uint64_t seq, struct error *err);
/* Inside a transaction, when the last row of a body goes. *ret_kept false: it is not kept. */
int bin_put(struct store_account *a, const struct store_mailbox *m, const struct message_row *row, uint64_t body, bool *ret_kept, struct error *err);

/* ---- account_text.c ---- */
/*
 * Appends the search texts of a body, as they stand behind the listing of a digest: from body_text, or from its record when they are not
 * there (*ret_stored false). ERR_NOT_FOUND: there are none.
 */
int text_get(struct store_account *a, uint64_t body, struct buf *out, bool *ret_stored, struct error *err);
/* Stores them, compressed. */
int text_put(struct store_account *a, uint64_t body, struct slice text, struct error *err);
/* Frees what these keep between two calls. */
void text_rest(struct store_account *a);
/* The two texts of that form. */
bool text_split(struct slice texts, struct slice *ret_header, struct slice *ret_text);

/* The operations, by file. */
int op_list(struct account *a, struct arena *arena, struct mailbox_info **ret, size_t *ret_count, struct error *err);
int op_create(struct account *a, struct slice name, uint32_t special_use, struct mailbox_ref *ret, struct error *err);
int op_remove(struct account *a, struct slice name, struct error *err);
int op_rename(struct account *a, struct slice from, struct slice to, struct error *err);
int op_subscribe(struct account *a, struct slice name, bool on, struct error *err);
int op_find(struct account *a, struct slice name, struct mailbox_ref *ret, struct error *err);
int op_status(struct account *a, const struct mailbox_ref *m, struct mailbox_status *ret, struct error *err);
int op_note(struct account *base, struct slice name, struct arena *arena, struct slice *ret, struct error *err);
int op_set_note(struct account *base, struct slice name, struct slice value, struct error *err);
int op_keyword(struct account *a, struct slice name, bool create, unsigned *ret_index, struct error *err);
struct slice op_keyword_name(struct account *a, unsigned index);
int op_flags(struct account *a, const struct mailbox_ref *m, uint32_t first, uint32_t last, message_fn *fn, void *arg,
             struct error *err);
int op_messages(struct account *a, const struct mailbox_ref *m, uint32_t first, uint32_t last, uint64_t changed_since, message_fn *fn, void *arg,
                struct error *err);
int op_vanished(struct account *a, const struct mailbox_ref *m, uint64_t since, struct uid_set *ret, struct error *err);
int op_digest(struct account *a, const struct mailbox_ref *m, uint32_t uid, bool want_text, struct arena *arena, struct slice *ret,
              uint32_t *ret_prefix, struct error *err);
int op_messages_with_digest(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, bool want_text, message_digest_fn *fn,
                            void *arg, struct error *err);
int op_read(struct account *a, const struct mailbox_ref *m, uint32_t uid, uint64_t offset, uint64_t n, struct buf *out, struct error *err);
int op_check(struct account *a, const struct mailbox_ref *m, uint32_t uid, struct error *err);
int op_store(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, enum flag_change change, struct flag_set flags,
             uint64_t unchanged_since, struct uid_set *skipped, uint64_t *ret_modseq, struct error *err);
int op_expunge(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, bool force, struct uid_set *ret, struct error *err);
int op_copy(struct account *a, const struct mailbox_ref *from, const struct uid_set *uids, const struct mailbox_ref *to, bool move,
            struct arena *arena, struct copy_result *ret, struct error *err);
void op_append(struct account *a, const struct append_input *inputs, size_t count, append_fn *fn, void *arg);
void op_state(struct account *a, struct account_state *ret);
int op_email(struct account *a, const uint8_t email_id[16], email_fn *fn, void *arg, struct error *err);
int op_thread(struct account *a, const uint8_t thread_id[16], email_fn *fn, void *arg, struct error *err);
int op_newest(struct account *a, const struct mailbox_ref *m, email_fn *fn, void *arg, struct error *err);
int op_email_changes(struct account *a, uint64_t since, email_change_fn *fn, void *arg, struct error *err);
int op_mailbox_changes(struct account *a, uint64_t since, mailbox_change_fn *fn, void *arg, struct error *err);
int op_counts(struct account *a, const struct mailbox_ref *m, struct mailbox_counts *ret, struct error *err);
int op_arrange(struct account *a, const struct mailbox_ref *m, uint32_t special_use, uint32_t sort_order, struct error *err);
int op_bin(struct account *a, uint64_t number, binned_fn *fn, void *arg, struct error *err);
void op_restore(struct account *a, uint64_t number, const struct mailbox_ref *to, restored_fn *fn, void *arg);
int op_shred(struct account *a, uint64_t number, struct error *err);
int op_search(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, const struct search_words *what, struct uid_set *ret,
              struct error *err);

#endif
