/*
 * A person's mail as protocols see it: accounts, mailboxes, messages. IMAP, POP3 and JMAP work on this interface; src/store implements
 * it over the account database and packs, mailbox/ram.c in memory for tests. It includes nothing of either.
 *
 * Calls are synchronous and bounded, except append. Numbers of messages are UIDs, never sequence numbers: those belong to the session.
 * Texts are UTF-8 mailbox names with '/' as separator (RFC 9051 5.1). Ids are 16 random bytes (RFC 8474).
 */
#ifndef MAILBOX_MAILBOX_H
#define MAILBOX_MAILBOX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "mime/digest.h"

#define MAILBOX_NAME_MAX 1000      /* bytes */
#define MAILBOX_DEPTH_MAX 20
#define MAILBOX_COUNT_MAX 10000
#define KEYWORD_COUNT_MAX 64       /* different keywords in an account; more: ERR_LIMIT */
#define KEYWORD_NAME_MAX 100
#define NOTE_NAME_MAX 100
#define NOTE_MAX 1000000

/* System flags of a message. \Recent does not exist any more (RFC 9051); IMAP4rev1 sessions are told 0. */
enum {
	FLAG_SEEN = 1, FLAG_ANSWERED = 2, FLAG_FLAGGED = 4, FLAG_DELETED = 8, FLAG_DRAFT = 16,
};
struct flag_set {
	uint32_t system;    /* FLAG_* */
	uint64_t keywords;  /* bit i: keyword i of the account's table */
};

/* RFC 6154, as bits. */
enum {
	USE_ALL = 1, USE_ARCHIVE = 2, USE_DRAFTS = 4, USE_FLAGGED = 8, USE_JUNK = 16, USE_SENT = 32, USE_TRASH = 64, USE_IMPORTANT = 128,
};

struct mailbox_info {
	uint8_t id[16];
	struct slice name;
	uint32_t uid_validity;
	uint32_t special_use;
	bool subscribed;
	bool exists;        /* false: only a subscription, or a parent that has only children (\NonExistent) */
	uint32_t sort_order;  /* RFC 8621 2; 0 when nobody has given one */
};

struct mailbox_status {
	uint32_t messages, unseen, deleted, uid_next, uid_validity;
	uint64_t highest_modseq, size, deleted_size;
	uint8_t id[16];
};

/* One message as a row. */
struct message_row {
	uint32_t uid;
	uint64_t modseq;
	struct flag_set flags;
	uint64_t size;           /* RFC822.SIZE: prefix included */
	int64_t internal_date;   /* unix seconds */
	int64_t save_date;       /* unix seconds, RFC 8514 */
	uint8_t email_id[16];
	uint8_t thread_id[16];
};

/*
 * What is asked of the whole account. A message is an *email* there (RFC 8621 4): known by its email_id, with a row in each mailbox that it is in;
 * COPY and MOVE keep the id. A row with \Deleted is not visible (RFC 8621 4.1.1): an email is while any of its rows is.
 */
struct account_state {
	uint64_t incarnation; /* another one: what was said of modseqs before is void */
	uint64_t modseq;      /* of the last change of anything */
};
/* Of what is visible in a mailbox; an email that was copied within it is one. Unread: without \Seen and \Draft; a thread is when any email of it is (RFC 8621 2, with its rule for the trash). */
struct mailbox_counts { uint32_t emails, unread_emails, threads, unread_threads; };
/* A row came, was changed or left its mailbox. An email may be told several times. */
struct email_change {
	uint64_t modseq, created; /* of the change; when the email came into the account */
	uint8_t email_id[16], thread_id[16];
	bool visible;             /* the email is, now */
};
/* COUNTED: only messages in it, or threads that have an email in it. CHANGED: name, subscription, role, order. */
enum mailbox_change_kind { MAILBOX_COUNTED, MAILBOX_CHANGED, MAILBOX_CREATED, MAILBOX_GONE };
struct mailbox_change {
	enum mailbox_change_kind kind;
	uint64_t modseq;
	uint8_t id[16];
};

/* A set of UIDs: sorted, disjoint, inclusive ranges. */
struct uid_range { uint32_t first, last; };
struct uid_set {
	struct uid_range *ranges;
	size_t count, capacity;
};
void uid_set_free(struct uid_set *set);
void uid_set_add(struct uid_set *set, uint32_t uid);                       /* any order; cheap when ascending */
void uid_set_add_range(struct uid_set *set, uint32_t first, uint32_t last);
bool uid_set_has(const struct uid_set *set, uint32_t uid);
uint64_t uid_set_size(const struct uid_set *set);
void uid_set_remove(struct uid_set *set, uint32_t uid);
void uid_set_print(const struct uid_set *set, struct buf *out);            /* "1:3,7" */
void uid_set_add_set(struct uid_set *set, const struct uid_set *other);
/* Keeps the UIDs that are in both. */
void uid_set_intersect(struct uid_set *set, const struct uid_set *other);
void uid_set_move(struct uid_set *to, struct uid_set *from);               /* frees `to`, then takes over; `from` is empty */

struct account_listener;

/* One signed-in account, shared by all its sessions in the process. */
struct account {
	const struct account_ops *ops;
	unsigned refuses; /* ACCOUNT_REFUSES_…: what this view of it does not do (mailbox/restricted.h) */
};
enum { ACCOUNT_REFUSES_CHANGE = 1, ACCOUNT_REFUSES_DELETE = 2, ACCOUNT_REFUSES_DOWNLOAD = 4 };
struct mailbox_ref { uint8_t id[16]; };

/* Called for every row in ascending UID order; non-zero stops and is returned. */
typedef int message_fn(void *arg, const struct message_row *row);
/* A row and where it is; non-zero stops and is returned. */
typedef int email_fn(void *arg, const struct mailbox_ref *m, const struct message_row *row);
typedef void email_change_fn(void *arg, const struct email_change *change);
typedef void mailbox_change_fn(void *arg, const struct mailbox_change *change);
/* The same with the encoded digest (empty when it is damaged) and the prefix length, see `digest`; both slices live only during the call. */
typedef int message_digest_fn(void *arg, const struct message_row *row, struct slice digest, uint32_t prefix);

enum flag_change { FLAGS_REPLACE, FLAGS_ADD, FLAGS_REMOVE };

/* Ends an append. uid 0 and code < 0 when it failed. Called exactly once, never from inside the call that began it. */
typedef void append_fn(void *arg, enum error_code code, uint32_t uid_validity, uint32_t uid);

struct append_input {
	struct mailbox_ref mailbox;
	int fd;                   /* sealed memfd with the message; stays the caller's */
	uint64_t size;
	struct flag_set flags;
	int64_t internal_date;    /* unix seconds */
};

/* Pairs of UIDs made by copy and move, in the order of the source. */
struct uid_pair { uint32_t from, to; };

struct copy_result {
	uint32_t uid_validity;
	struct uid_pair *pairs;   /* in the arena that was given */
	size_t count;
};

/* An email that was expunged and can be had back until `until`; `number` names it in the account, never twice. */
struct binned {
	uint64_t number;
	int64_t gone, until;     /* unix seconds */
	struct mailbox_ref mailbox; /* where it was; it may be gone */
	struct flag_set flags;
	uint64_t size;
	int64_t internal_date;
	uint8_t email_id[16], thread_id[16];
};
/* With its encoded digest without search texts, which lives during the call; empty when it is damaged. Non-zero stops and is returned. */
typedef int binned_fn(void *arg, const struct binned *b, struct slice digest);
/* mailbox: where it is now. Codes: ERR_NOT_FOUND, ERR_INVALID (no such mailbox), ERR_LIMIT (quota), ERR_TEMPORARY. */
typedef void restored_fn(void *arg, int code, const struct mailbox_ref *mailbox);

/* Where is searched: header and text parts (TEXT), text parts (BODY), both but of the header only Subject, From, To, Cc and Bcc (LETTER: "text" of
 * RFC 8621 4.4.1), one header field (HEADER). */
enum search_scope { SEARCH_TEXT, SEARCH_BODY, SEARCH_LETTER, SEARCH_HEADER };
/* Every needle, folded by mime_fold, is a substring there; field: of HEADER, whose empty needle asks whether the field exists. All is borrowed. */
struct search_words {
	enum search_scope scope;
	struct slice field;
	const struct slice *needles;
	size_t count;
};
/* Whether the search header of a digest, not its text, has the needle where the scope looks. */
bool search_header_matches(enum search_scope scope, struct slice field, struct slice needle, struct slice header);

struct account_ops {
	/* Mailboxes, sorted by name; INBOX first. */
	int (*list)(struct account *a, struct arena *arena, struct mailbox_info **ret, size_t *ret_count, struct error *err);
	/* Creates missing parents too. ERR_EXISTS, ERR_INVALID, ERR_LIMIT. */
	int (*create)(struct account *a, struct slice name, uint32_t special_use, struct mailbox_ref *ret, struct error *err);
	/* ERR_NOT_FOUND, ERR_DENIED (INBOX). Its messages are expunged. Children stay. */
	int (*remove)(struct account *a, struct slice name, struct error *err);
	/* Children move along; INBOX: its messages move, it stays (RFC 9051 6.3.6). */
	int (*rename)(struct account *a, struct slice from, struct slice to, struct error *err);
	int (*subscribe)(struct account *a, struct slice name, bool on, struct error *err);
	int (*find)(struct account *a, struct slice name, struct mailbox_ref *ret, struct error *err);
	int (*status)(struct account *a, const struct mailbox_ref *m, struct mailbox_status *ret, struct error *err);
	int (*quota)(struct account *a, uint64_t *ret_used, uint64_t *ret_limit, uint64_t *ret_count, struct error *err);

	/* Keywords: index of a name (made when `create`), ERR_NOT_FOUND, ERR_LIMIT; name of an index (empty when there is none). */
	int (*keyword)(struct account *a, struct slice name, bool create, unsigned *ret_index, struct error *err);
	struct slice (*keyword_name)(struct account *a, unsigned index);

	/* Rows of a mailbox with uid in [first, last] and modseq > changed_since (0: all). */
	int (*messages)(struct account *a, const struct mailbox_ref *m, uint32_t first, uint32_t last, uint64_t changed_since, message_fn *fn,
	                void *arg, struct error *err);
	/* Of the rows with uid in [first, last] only uid, modseq and flags: the rest is zero. */
	int (*flags)(struct account *a, const struct mailbox_ref *m, uint32_t first, uint32_t last, message_fn *fn, void *arg, struct error *err);
	/* UIDs expunged since modseq (exclusive). ERR_NOT_FOUND when that is further back than remembered: then the caller compares UIDs. */
	int (*vanished)(struct account *a, const struct mailbox_ref *m, uint64_t since, struct uid_set *ret, struct error *err);

	/* The encoded digest of one message, in the arena, and the length of the prefix (Return-Path, Delivered-To) that shifts every
	 * offset of the digest. want_text: with the search texts. ERR_NOT_FOUND: expunged meanwhile. ERR_DAMAGED. */
	int (*digest)(struct account *a, const struct mailbox_ref *m, uint32_t uid, bool want_text, struct arena *arena, struct slice *ret,
	              uint32_t *ret_prefix, struct error *err);
	/* In bulk for FETCH, SORT and THREAD: fn is called in ascending UID order for every message of `uids` that still exists. The hot path of
	 * a listing (FETCH 1:* (ENVELOPE)): one query, no allocation per message; the digest may lie in a buffer that the next row overwrites.
	 * A non-zero answer of fn stops and is returned: the caller goes on later behind the last UID it saw. */
	int (*messages_with_digest)(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, bool want_text,
	                            message_digest_fn *fn, void *arg, struct error *err);
	/* Appends the bytes [offset, offset + n) of the message as the reader sees it (prefix included), clamped. */
	int (*read)(struct account *a, const struct mailbox_ref *m, uint32_t uid, uint64_t offset, uint64_t n, struct buf *out, struct error *err);
	/* Asked before something long of the message is announced: can all of it be read? Costs nothing unless reading it has failed before; then
	 * every byte is read. 0 or ERR_DAMAGED. */
	int (*check)(struct account *a, const struct mailbox_ref *m, uint32_t uid, struct error *err);

	/* Bytes [offset, offset + n) of the message are about to go to the reader: said before the first of them is announced. 0, or ERR_DENIED: this view
	 * of the account does not give them. NULL: gives everything. */
	int (*give)(struct account *a, const struct mailbox_ref *m, uint32_t uid, uint64_t offset, uint64_t n, struct error *err);

	/*
	 * keyword, store, expunge and copy between `begin` and `commit` are one transaction with one modseq: all of it is there after a crash, or nothing. Those who
	 * ask see what was done; the loop must not turn meanwhile. When one of them fails but for its arguments, all of them are undone, the next ones are refused,
	 * and `commit` says so: what was answered does not hold then. Else it is durable as far as they are.
	 */
	int (*begin)(struct account *a, struct error *err);
	int (*commit)(struct account *a, struct error *err);

	/* One transaction. Rows with modseq > unchanged_since are left and go to `skipped` (UINT64_MAX: no condition). *ret_modseq: of the change
	 * (of the whole, behind `begin`), 0 when nothing changed. */
	int (*store)(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, enum flag_change change, struct flag_set flags,
	             uint64_t unchanged_since, struct uid_set *skipped, uint64_t *ret_modseq, struct error *err);
	/* Expunges those of `uids` (NULL: all) that have \Deleted, or all of them with `force`. Durable on return. */
	int (*expunge)(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, bool force, struct uid_set *ret, struct error *err);
	/* Same account. All or nothing. Durable on return. move: the source vanishes in the same transaction. */
	int (*copy)(struct account *a, const struct mailbox_ref *from, const struct uid_set *uids, const struct mailbox_ref *to, bool move,
	            struct arena *arena, struct copy_result *ret, struct error *err);
	/* Asynchronous and durable when fn says so; several inputs are one transaction (MULTIAPPEND): fn is called once per input, in order. */
	void (*append)(struct account *a, const struct append_input *inputs, size_t count, append_fn *fn, void *arg);

	/* Small values that protocols keep with the account, by name: at most NOTE_MAX bytes each. ERR_NOT_FOUND; ERR_LIMIT. Durable on return. */
	int (*note)(struct account *a, struct slice name, struct arena *arena, struct slice *ret, struct error *err);
	int (*set_note)(struct account *a, struct slice name, struct slice value, struct error *err);

	/* Messages among `uids` that have all the words. Exact: the index changes the speed, never the answer. */
	int (*search)(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, const struct search_words *what, struct uid_set *ret,
	              struct error *err);
	/* ---- the whole account ---- */

	void (*state)(struct account *a, struct account_state *ret);
	/* Every row of an email, \Deleted ones too. None: fn is not called. fn must not ask for rows again. */
	int (*email)(struct account *a, const uint8_t email_id[16], email_fn *fn, void *arg, struct error *err);
	/* Every row of a thread, the oldest internal date first, then what came first; rows of one email follow each other. */
	int (*thread)(struct account *a, const uint8_t thread_id[16], email_fn *fn, void *arg, struct error *err);
	/* Visible rows of a mailbox (NULL: of all), by internal date and email id, the newest first: an index answers, the first ones cost nothing for
	 * those behind. Of a row only uid, internal_date, email_id and thread_id are told; rows of one email follow each other. */
	int (*newest)(struct account *a, const struct mailbox_ref *m, email_fn *fn, void *arg, struct error *err);
	/* Everything with a modseq > since, in no order; what happened several times may be told once. ERR_NOT_FOUND: further back than remembered. */
	int (*email_changes)(struct account *a, uint64_t since, email_change_fn *fn, void *arg, struct error *err);
	/* The same of mailboxes; one may be told as COUNTED and CHANGED. */
	int (*mailbox_changes)(struct account *a, uint64_t since, mailbox_change_fn *fn, void *arg, struct error *err);
	int (*counts)(struct account *a, const struct mailbox_ref *m, struct mailbox_counts *ret, struct error *err);
	/* Role and place of a mailbox in lists. ERR_NOT_FOUND. */
	int (*arrange)(struct account *a, const struct mailbox_ref *m, uint32_t special_use, uint32_t sort_order, struct error *err);

	/* What was expunged lately, the newest first; number: that one alone, 0: all. NULL: nothing can be had back here. */
	int (*bin)(struct account *a, uint64_t number, binned_fn *fn, void *arg, struct error *err);
	/* Back into `to` (NULL: where it was; out of the trash, or where there is no such mailbox any more, into INBOX), under the same email_id. Durable when
	 * fn says so; never from inside. */
	void (*restore)(struct account *a, uint64_t number, const struct mailbox_ref *to, restored_fn *fn, void *arg);
	/* For good. ERR_NOT_FOUND. Durable on return. */
	int (*shred)(struct account *a, uint64_t number, struct error *err);

	/* Files everything that has arrived so far; done is called (once, not from inside) when the mailboxes are up to date. */
	void (*catch_up)(struct account *a, void (*done)(void *arg), void *arg);

	/* Tells `fn` after every change of the account by anybody, this caller included (soon, not from inside). mailbox NULL: the list of
	 * mailboxes changed. The listener is embedded in its owner. */
	void (*listen)(struct account *a, struct account_listener *listener);
	void (*unlisten)(struct account *a, struct account_listener *listener);
};

struct account_listener {
	struct account_listener *next, *prev;
	void (*changed)(struct account_listener *self, const struct mailbox_ref *mailbox);
};

/* Both give a valid account with INBOX. The RAM twin parses messages with mime/ itself. */
struct account *ram_account_create(void);
void ram_account_destroy(struct account **account);
/* Delivers like mail that arrives. */
int ram_account_deliver(struct account *account, struct slice mailbox, struct slice message, int64_t internal_date);
/* Lets appends and notices that wait happen (the RAM twin has no loop). Returns how many did. */
unsigned ram_account_run(struct account *account);
/* For tests: header lines put in front of messages that are delivered from now on; how far `vanished` remembers; the quota. */
void ram_account_set_prefix(struct account *account, struct slice prefix);
void ram_account_forget_vanished(struct account *account);
void ram_account_set_quota(struct account *account, uint64_t limit);

#endif
