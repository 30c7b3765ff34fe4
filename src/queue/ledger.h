/*
 * The ledger: packs and spool.db together, with the promise of the queue: what was answered with QUEUE_OK is durable, and stands exactly
 * once in the ledger. A ref may linger, never dangle.
 *
 * Synchronous and without a lock: it is handed to one worker, together with a group of operations, and given back with their results
 * (law 4). A group costs one write and one sync per pack that it touches and one commit; a group of reads costs neither.
 */
#ifndef QUEUE_LEDGER_H
#define QUEUE_LEDGER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "queue/job.h"
#include "queue/queue.h"
#include "store/seal.h"
#include "store/pack.h"

#define LEDGER_GROUP_MAX 512         /* operations in one group */
#define LEDGER_GROUP_BYTES (256u << 20) /* of records in one group; one larger record is a group of its own */
#define LEDGER_SWEEP_MAX 2000        /* refs that one sweep takes away */

/* What is done to a submission, or to all of an account that wait (queue/submission.h). */
enum submission_act {
	SUBMISSION_CANCEL, /* it is taken back: nobody gets it */
	SUBMISSION_FORGET, /* its row goes; what is under way goes on */
	SUBMISSION_RECALL, /* it is taken back from mailboxes (queue/recall.h); one that waits is cancelled */
	SUBMISSION_HOLD, SUBMISSION_RELEASE, SUBMISSION_DROP, /* all that wait: as auth/contain.h */
};
enum submission_outcome { SUBMISSION_DONE = 0, SUBMISSION_UNKNOWN = 1, SUBMISSION_TOO_LATE = 2 };

struct ledger_config {
	const char *directory;           /* spool.db lies here */
	const char *packs;
	const uint8_t *database_key, *jobs_key, *boot_secret; /* 32 bytes each, must stay valid */
	int64_t undelete_ms;             /* an unreferenced blob can be recovered this long */
	int64_t expire_ms;               /* age at which outbound mail is given up: rebuild does not send older mail again */
};

struct ledger_opened {
	bool created;                    /* there was nothing */
	bool rebuilt;                    /* spool.db was made anew from the packs */
	bool set_aside;                  /* a damaged spool.db was kept as spool.db.damaged */
	uint64_t records;                /* taken up from the packs */
	uint64_t damaged;                /* found in the packs and not taken up */
};

static inline uint64_t record_id(uint32_t pack, uint32_t ordinal)
{
	return (uint64_t)pack << 32 | ordinal;
}
static inline uint32_t record_pack(uint64_t id)
{
	return (uint32_t)(id >> 32);
}
static inline uint32_t record_ordinal(uint64_t id)
{
	return (uint32_t)id;
}

/* What is still to be done for a recipient. */
enum outbound_state {
	OUTBOUND_WAIT = 0,
	OUTBOUND_FAILED = 1,    /* a failure notification is owed */
	OUTBOUND_RELAYED = 2,   /* a success notification is owed: the next hop has no DSN */
	OUTBOUND_DELIVERED = 3, /* a success notification is owed: local */
};
enum outbound_delay { DELAY_NONE = 0, DELAY_OWED = 1, DELAY_SENT = 2 };

struct ledger_recipient {
	uint16_t index;                  /* in the job */
	enum outbound_state state;
	enum outbound_delay delay;
	uint32_t attempts;
	int64_t due_ms, tried_ms;        /* 0: never tried */
	struct slice destination;        /* domain in lower case, or "[192.0.2.1]" */
	uint16_t code;
	struct slice enhanced, text, host;
};

/* Why a message is held: bits, stored. Each reason is taken away by who gave it. */
enum ledger_hold { HOLD_BY_HAND = 1, HOLD_CONTAINED = 2 };

/* A message with recipients outside, or with notifications owed. */
struct ledger_message {
	uint64_t record;
	uint64_t size;
	uint32_t epoch;
	int64_t created_ms;
	uint8_t hold;              /* enum ledger_hold; 0: it is not held */
	struct slice job_data;
	struct job job;
	struct ledger_recipient *recipients;
	size_t recipient_count;
};

enum mark_kind {
	MARK_DEFERRED,   /* tried, tried again at due_ms */
	MARK_FAILED,     /* a failure notification is owed */
	MARK_RELAYED,    /* a success notification is owed */
	MARK_DONE,       /* nothing is left to do for the recipient */
	MARK_DELAY_OWED, /* a delay notification is owed */
	MARK_DELAY_SENT, /* or none is wanted */
};
struct ledger_mark {
	uint64_t record;
	uint16_t recipient;
	enum mark_kind kind;
	uint32_t attempts;
	int64_t due_ms, tried_ms;
	uint16_t code;
	struct slice enhanced, text, host;
};

enum ledger_kind { LEDGER_ACCEPT, LEDGER_UNREF, LEDGER_REMOVE, LEDGER_MARK, LEDGER_HOLD, LEDGER_SWEEP, LEDGER_MOVED, LEDGER_REMEMBER, LEDGER_QUARANTINE, LEDGER_SUBMISSION,
                   LEDGER_ARRIVALS, LEDGER_ROOM, LEDGER_CALL };

struct ledger;
/* A read of any kind, on the worker, after the group's commit. */
typedef int ledger_call_fn(struct ledger *ledger, void *arg, struct error *err);

struct ledger_hint {
	uint8_t account[16];
	uint64_t seq;
	bool arrival;              /* a letter that came for him, and not only what was stored */
};

/* One operation. The caller fills `kind` and the inputs; results and what they point to live in `arena` (ledger_op_free). */
struct ledger_op {
	enum ledger_kind kind;
	enum queue_result result;
	struct error err;
	struct arena arena;
	union {
		struct {
			struct slice record;                 /* in: as filter made it; must stay valid. Not with `held` */
			uint64_t held;                       /* in: a record of the quarantine is let go (queue/quarantine.h) */
			bool look;                           /* in, with held: to the reviewer alone, and it stays held */
			const struct ledger_mark *marks;     /* in: become true with the acceptance (a notification is no longer owed) */
			size_t mark_count;
			/* Letters that belong together stand one behind the other in the group, the first leads: all are accepted, or none. */
			const struct ledger_op *lead;        /* in: the first one; NULL: this is it */
			struct slice claims;                 /* in, of the lead: queue/bundle.h; must stay valid */
			struct slice once;                   /* in, of a follower: its key, or empty; must stay valid */
			uint32_t once_keep_s;
			bool empty;                          /* in, of the lead: no record, only claims and followers */
			const struct job_submission *submission; /* in, of the lead: its writer follows it; must stay valid */
			const uint8_t *submitter;            /* in, with it: the account (16 bytes), which the record has to be from */
			bool skipped;                        /* the key was known: nothing was done, the result is QUEUE_OK */
			struct place place;
			uint64_t seq;                        /* of the first ref */
			uint64_t own_seq;                    /* of the own ref, 0: none */
			struct ledger_hint *hints;
			size_t hint_count;
			bool has_message;
			struct ledger_message message;       /* when it has recipients outside or owes notifications */
			struct slice disk, entry;            /* inside: what goes to the pack */
			struct buf scratch;
			uint64_t length;
			struct seal_face_reader *readers;
			size_t reader_count;
			uint64_t message_size;
			uint32_t epoch;
		} accept;
		struct { uint8_t account[16]; enum queue_unref how; struct slice seqs; /* u64 big-endian each */ uint32_t kept; /* out */ } unref;
		struct { uint8_t account[16]; } remove;
		struct { const struct ledger_mark *marks; size_t count; } mark;
		struct { uint64_t record; uint8_t reason; bool hold; bool due; int64_t due_ms; /* due: sets the next attempt too */ } hold;
		struct { struct slice notes; /* queue/memory.h, without MACs; must stay valid */ } remember;
		struct { uint64_t record; bool tell; } quarantine;
		struct {
			enum submission_act act;
			uint8_t account[16], id[16];
			int64_t since_ms;            /* of SUBMISSION_RECALL: what was sent before is not taken back */
			bool any;                    /* read or not */
			enum submission_outcome outcome;
		} submission; /* queue/submission.h */
		struct { bool more; } sweep;
		struct { uint32_t pack; const uint32_t *ordinals; const uint64_t *offsets; size_t count; uint64_t end; } moved;
		struct { uint8_t account[16]; uint64_t after; uint32_t limit; struct buf list; bool more; uint64_t next_seq; } arrivals;
		struct { uint8_t account[16]; uint64_t used, count; } room;
		struct { ledger_call_fn *fn; void *arg; } call;
	};
};

/*
 * Opens or creates, takes up complete records behind the last committed position, cuts the incomplete tail, rebuilds spool.db from the
 * packs when it is lost or damaged. Directories must exist.
 */
int ledger_open(const struct ledger_config *config, int64_t now_ms, struct ledger **ret, struct ledger_opened *ret_opened, struct error *err);
void ledger_close(struct ledger **ledger);

/* Runs a group. Each operation gets its own result; when the disk refuses, every acceptance of the group gets QUEUE_FULL (or QUEUE_ERROR)
 * and the tail is taken back. Returns 0, or the error that stopped the writes of the group. */
int ledger_run(struct ledger *ledger, struct ledger_op **ops, size_t count, int64_t now_ms, struct error *err);
void ledger_op_free(struct ledger_op *op);

/* ---- reads; on the worker, inside LEDGER_CALL ---- */

/* ERR_NOT_FOUND when nothing of it is left to do. */
int ledger_message_get(struct ledger *ledger, uint64_t record, struct arena *arena, struct ledger_message *ret, struct error *err);
typedef int ledger_message_fn(void *arg, const struct ledger_message *message); /* non-zero stops */
/* All messages with record > after, ascending. */
int ledger_messages(struct ledger *ledger, uint64_t after, ledger_message_fn *fn, void *arg, struct error *err);
int ledger_place(struct ledger *ledger, uint64_t record, struct place *ret, struct error *err);
/* The epochs that messages still need, ascending, at most `max`: the first of them when there are more. */
int ledger_epochs(struct ledger *ledger, uint32_t *ret, size_t max, size_t *ret_count, struct error *err);
/* Takes over changed settings; on the worker too. */
void ledger_configure(struct ledger *ledger, int64_t undelete_ms, int64_t expire_ms);
/* Bytes that can be written without new blocks. */
uint64_t ledger_prepared(const struct ledger *ledger);

struct ledger_stats {
	int64_t records, record_bytes, refs, refs_dropped, messages, message_bytes, oldest_ms, held, waiting, quarantined;
};
int ledger_stats(struct ledger *ledger, struct ledger_stats *ret, struct error *err);
/* Accounts (16 bytes each) whose submissions changed since the last call, at most `max`; between groups. */
size_t ledger_touched(struct ledger *ledger, uint8_t (*ret)[16], size_t max);
/* The invariants of docs/spool-db.md: 0, or ERR_DAMAGED with the first violation. contents: every record is read and verified too. */
int ledger_check(struct ledger *ledger, bool contents, struct error *err);
/* The packs that hold live records (memory_free live), and the last committed position. */
struct ledger_packs {
	uint32_t *live;
	size_t live_count;
	uint32_t pack;
	uint64_t end;
};
int ledger_packs(struct ledger *ledger, struct ledger_packs *ret, struct error *err);

/*
 * What is dead is to leave the disk whatever it gains: the pack that is being written is closed when something in it is dead. On the worker, inside
 * LEDGER_CALL; the only call that writes.
 */
int ledger_turn(struct ledger *ledger, struct error *err);
/* The first closed pack above `after` in which something is dead and something lives; as below. */
int ledger_compact_next(struct ledger *ledger, uint32_t after, uint32_t *ret_pack, uint32_t **ret_ordinals, size_t *ret_count, struct error *err);
/* The closed pack that compaction gains most from; *ret_pack 0: none. *ret_ordinals: its live records (memory_free). */
int ledger_compact_pick(struct ledger *ledger, uint32_t *ret_pack, uint32_t **ret_ordinals, size_t *ret_count, struct error *err);

#endif
