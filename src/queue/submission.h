/*
 * Letters that their writers follow (RFC 8621 7): whether they wait for their time, were sent or taken back, and what became of each recipient.
 *
 *   pending ──its time has come──► final        one commit: the held record goes, the letter is one like all others
 *      └────────taken back───────► canceled     one commit: every record of it goes
 *
 * A letter that waits is held as one in quarantine is (queue/quarantine.h): a record without a reference of any reader, with a row in `scheduled`.
 * What scripts of its recipients made of it waits and goes with it. Where spool.db was lost, the packs do not say whether a letter that waited was
 * sent: then it is in quarantine, and a person decides.
 */
#ifndef QUEUE_SUBMISSION_H
#define QUEUE_SUBMISSION_H

#include "queue/ledger.h"
#include "queue/recall.h"

struct ledger_entry;

/* What `mail` asks of QUEUE_SUBMISSION. */
enum submission_op { SUBMISSION_OP_LIST, SUBMISSION_OP_GET, SUBMISSION_OP_CANCEL, SUBMISSION_OP_FORGET, SUBMISSION_OP_RECALL,
	SUBMISSION_OP_RECALL_ANY /* read or not: of confidential letters, as the asking process says */, SUBMISSION_OP_LAST = SUBMISSION_OP_RECALL_ANY };
enum submission_state { SUBMISSION_PENDING = 0, SUBMISSION_FINAL = 1, SUBMISSION_CANCELED = 2 };
enum submission_fate { SUBMISSION_QUEUED = 0, SUBMISSION_DELIVERED = 1, SUBMISSION_FAILED = 2, SUBMISSION_LOST = 3 /* not known */ };

#define SUBMISSION_KEEP_MS (INT64_C(90) * 86400000)     /* rows of what was sent or taken back */
#define SUBMISSION_LIST_MAX 300                         /* rows of one answer */
#define SUBMISSION_DUE_MAX 100
#define SUBMISSION_TOUCHED_BYTES 16384u

#define SUBMISSION_REQUEST_MAX (JOB_DATA_MAX + 64)

struct submission_row {
	uint8_t id[16];
	enum submission_state state;
	bool gone;                 /* only that it was there is known */
	int64_t due_ms;            /* when it goes or went; 0: at once */
	int64_t created_ms;
	uint64_t born;             /* its first change */
	uint64_t change;           /* ascending over all accounts: the newest of an account is its state */
	struct slice data, path;   /* of `mail`; the reverse-path */
	struct recall_summary recall; /* of SUBMISSION_OP_GET */
};
struct submission_recipient {
	struct slice address;      /* as the writer gave it */
	enum submission_fate fate;
	uint16_t code;
	struct slice enhanced, text;
	bool local;
	enum recall_state recall;  /* not asked for: RECALL_NONE; outside: nothing */
};

/* Forms that travel in QUEUE_SUBMISSION: rows one behind the other, each followed by u16 count and recipients. */
void submission_row_encode(const struct submission_row *row, struct buf *out);
int submission_row_decode(struct slice *list, struct submission_row *ret);
void submission_recipient_encode(const struct submission_recipient *r, struct buf *out);
int submission_recipient_decode(struct slice *list, struct submission_recipient *ret);

/* What comes with QUEUE_ACCEPT. The slice of ret points into `request`. */
void submission_request_encode(const uint8_t account[16], const struct job_submission *s, struct buf *out);
int submission_request_decode(struct slice request, uint8_t ret_account[16], struct job_submission *ret);

/* ---- inside a group ---- */

/* What the lead says goes into the jobs of its letters (and so to the packs). Negative: it is not of the account that sends. */
int submission_lay(struct ledger_op *op);
/* The rows of a record that is inserted, or let go. */
int submission_insert(struct ledger *l, const struct ledger_entry *e, uint64_t record, struct error *err);
/* Of a letter that nobody keeps. */
int submission_without_record(struct ledger *l, const struct ledger_op *op, int64_t now_ms, struct error *err);
int submission_mark(struct ledger *l, const struct ledger_mark *mark, struct error *err);
/* LEDGER_SUBMISSION */
int submission_run(struct ledger *l, struct ledger_op *op, int64_t now_ms, struct error *err);
/* Something changed for the account: its process is told. */
void submission_touch(struct ledger *l, struct slice account);
int submission_remove_account(struct ledger *l, const uint8_t account[16], struct error *err);
int submission_sweep(struct ledger *l, int64_t now_ms, struct error *err);

/* ---- reads; on the worker, inside LEDGER_CALL ---- */

struct submission_due {
	uint64_t records[SUBMISSION_DUE_MAX], sizes[SUBMISSION_DUE_MAX];
	size_t count;
	int64_t next_ms;           /* when the first of the others has its time; INT64_MAX: there is none */
};
int submission_due(struct ledger *l, int64_t now_ms, struct submission_due *ret, struct error *err);
/* Rows with change > after, in the order of change, encoded; without recipients. *ret_state: the newest change of the account; *ret_floor: changes up
 * to there are not known any more. */
int submission_list(struct ledger *l, const uint8_t account[16], uint64_t after, struct buf *out, bool *ret_more, uint64_t *ret_state,
                    uint64_t *ret_floor, struct error *err);
/* One row with its recipients, encoded. ERR_NOT_FOUND. */
int submission_get(struct ledger *l, const uint8_t account[16], const uint8_t id[16], struct buf *out, struct error *err);

#endif
