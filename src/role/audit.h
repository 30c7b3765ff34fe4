/*
 * Inside of the role audit, the only process that opens data/audit.
 *
 *   audit.c         takes records of all processes, commits them in groups       audit_heads.c  signed heads, co-signatures, time stamps
 *   audit_admin.c   the operations                                               audit_feed.c   cursors of outside receivers
 *   audit_search.c  lists and traces (in the pool)                             audit_tidy.c   the end of retention
 */
#ifndef ROLE_AUDIT_H
#define ROLE_AUDIT_H

#include "audit/export.h"
#include "audit/metric.h"
#include "audit/store.h"
#include "base/map.h"
#include "role/role.h"

#define AUDIT_GATHER_MS 100            /* records for which nobody waits are committed together */
#define AUDIT_GROUP_WAIT_BYTES (1u << 20) /* … unless there are so many */
#define AUDIT_FULL_RETRY_MS 1000
#define AUDIT_HEADS_KEPT 64            /* heads in memory */
#define AUDIT_HEAD_MS MINUTES_MS(10)   /* a new head this often when there is news, and every hour anyway */
#define AUDIT_HEAD_REST_MS 1000        /* … and never more often than this */
#define AUDIT_KEEP_MIN_MS HOURS_MS(4320)
#define AUDIT_TIDY_MS HOURS_MS(1)
#define AUDIT_PATH_SIZE 4200
#define AUDIT_SENDERS_MAX 10000

/* Numbers below `queued` of a run of a process were taken, below `durable` are on the disk. */
struct audit_sender {
	uint64_t start, queued, durable;
};

struct audit_waiting;                  /* a request that is answered when its records are durable */

/* A group that gathers or is being written. */
struct audit_batch {
	struct audit_role *role;
	struct audit_group group;
	struct audit_waiting *calls;
	struct error err;
	int rc;
	bool urgent;
};

/* A signed head. */
struct audit_signed {
	uint64_t size;
	int64_t time;
	struct audit_hash root;
	struct buf note;                   /* with the log's signature only */
	struct buf cosigned;               /* with those of witnesses too; empty: none */
};

typedef void audit_head_fn(void *arg, const struct audit_signed *head); /* NULL: it cannot be signed now */
struct audit_head_wait;

struct audit_role {
	struct role_context *ctx;
	char directory[AUDIT_PATH_SIZE];
	struct audit_store *store;
	struct audit_metrics *metrics;
	struct map senders;                /* by start */
	struct audit_sender own;
	struct audit_batch *gathering, *writing; /* writing: NULL when nothing is */
	uint64_t next;                     /* number of the next record */
	struct timer *gather, *tidy;
	int64_t failing_since;             /* mono; 0: the log can be written */
	uint64_t groups, records, duplicates, refused;
	uint8_t pseudonyms[32];            /* of this run: key of the keys of anonymised exports */
	bool stopping, closing, broken;             /* broken: what is there is not what was signed; nothing is appended */
	char why[320];                     /* failing or broken */
	/* audit_heads.c */
	struct audit_key key;
	struct buf key_text, origin;
	struct audit_signed *heads;        /* oldest first, ring of AUDIT_HEADS_KEPT */
	size_t head_count;
	struct audit_head_wait *head_waits;
	struct timer *head_timer;
	int64_t head_ms;                   /* mono, of the last one */
	bool signing;
	uint64_t cosigned_size, stamped_size;
	int64_t cosigned_time, stamped_time;
	struct buf stamp;                  /* the newest RFC 3161 answer */
	/* audit_feed.c */
	struct map cursors;                /* sink name -> struct audit_cursor */
	/* retention: segments before these records were looked at; for class mail, for all */
	uint64_t tidied_mail, tidied_all;
	bool tidying;
	unsigned jobs;                     /* in the pool, besides writing */
};

/* audit.c: wall time. */
int64_t audit_now_ms(const struct audit_role *a);
/* audit_tidy.c */
void audit_tidy_setup(struct audit_role *a);
/* audit_heads.c */
/* Asks key for its public key, reads the heads that are there and compares the newest with the log. */
int audit_heads_open(struct audit_role *a, struct error *err);
void audit_heads_run(struct audit_role *a);
/* The newest head; a new one when there are new records (and the last is older than AUDIT_HEAD_REST_MS). fn is never called from inside. */
void audit_head_get(struct audit_role *a, audit_head_fn *fn, void *arg);
/* NULL: it is not known any more. */
const struct audit_signed *audit_head_find(const struct audit_role *a, uint64_t size);
void audit_heads_reload(struct audit_role *a);
/* Verifier keys of audit.cosigners; borrowed texts of the configuration. */
size_t audit_witness_keys(const struct audit_role *a, struct slice *texts, struct audit_key *keys);
/* Adds signature lines of a witness to the head of that size: 0, or negative with a public text. */
int audit_head_cosign(struct audit_role *a, struct slice lines, uint64_t size, struct slice *ret_name, struct error *err);
/* Keeps an RFC 3161 answer about the head of that size. */
int audit_head_stamp(struct audit_role *a, struct slice answer, uint64_t size, struct error *err);
/* audit_admin.c */
void audit_admin_setup(struct audit_role *a);
/* Something outside knows the log: a receiver, a co-signer or a time stamp service is configured. */
bool audit_has_outside(const struct audit_role *a);
/* audit_feed.c */
void audit_feed_setup(struct audit_role *a);
int audit_feed_open(struct audit_role *a, struct error *err);
void audit_feed_status(const struct audit_role *a, struct buf *out);

#endif
