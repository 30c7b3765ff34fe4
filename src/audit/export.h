/*
 * The export of a run of records with everything that proves it, and its check without the server. docs/audit.md is the format: lines of
 * JSON in one fixed form; a file that is written in any other way does not verify.
 *
 *   {"letterlock_audit_export":1,"origin":"…","key":"…","witnesses":["…"],"first":F,"end":E,"size":S,"left":["…"]}
 *   one line for each record F … E-1: its canonical form, or {"gone":N,"leaf":"…"} for one that was retired
 *   {"redacted":N,"leaf":"…","record":{…}}  only where the first line ends with ,"anonymised":true}: a record without people (audit/redact.h). Its
 *                           place and hash are proven, what it says is not
 *   {"right":["…"]}
 *   {"head":"…"}            the signed head of size S
 *   {"stamp":"…"}           base64 of an RFC 3161 answer about that head; may be missing
 *   {"end":E}
 *
 * A second, small form answers questions about single records and older heads:
 *
 *   {"letterlock_audit_proof":1,"kind":"inclusion","key":"…","index":N,"size":S,"hashes":["…"],"record":"…","head":"…"}
 *   {"letterlock_audit_proof":1,"kind":"consistency","key":"…","index":M,"size":S,"hashes":["…"],"record":"","head":"…"}
 */
#ifndef AUDIT_EXPORT_H
#define AUDIT_EXPORT_H

#include "audit/note.h"
#include "audit/store.h"

#define AUDIT_EXPORT_LINE_MAX 200000
#define AUDIT_WITNESSES_MAX 16
#define AUDIT_OLD_HEADS_MAX 64

struct audit_export {
	struct slice origin, key;          /* key: verifier key text */
	const struct slice *witnesses;     /* verifier key texts */
	size_t witness_count;
	uint64_t first, end, size;
	bool anonymised;
};
void audit_export_begin(const struct audit_export *e, const struct audit_frontier *left, struct buf *out);
void audit_export_item(const struct audit_item *item, struct buf *out);
/* The same without people: `redacted` as audit_redact made it, or empty. */
void audit_export_redacted(const struct audit_item *item, struct slice redacted, struct buf *out);
void audit_export_finish(const struct audit_export *e, const struct audit_proof *right, struct slice head_note, struct slice stamp, struct buf *out);

enum audit_proof_kind { AUDIT_INCLUSION, AUDIT_CONSISTENCY };
void audit_proof_print(enum audit_proof_kind kind, struct slice key, uint64_t index, uint64_t size, const struct audit_proof *proof,
	struct slice record, struct slice head_note, struct buf *out);

/* ---- verification ---- */

/* What the person who checks knows already. All may be empty. */
struct audit_trust {
	struct slice key;                          /* verifier key of the log; empty: the one in the file is only shown */
	struct slice witnesses[AUDIT_WITNESSES_MAX]; /* keys that must have co-signed the head */
	size_t witness_count;
	struct slice heads[AUDIT_OLD_HEADS_MAX];   /* notes that were kept elsewhere */
	size_t head_count;
};
struct audit_report {
	bool proof;                                /* the small form */
	struct slice key;                          /* of the file; in the arena of the check */
	struct audit_head head;
	struct slice head_note;
	uint64_t first, end, retired;
	uint64_t redacted;                         /* records whose content is not proven */
	bool anonymised;
	size_t cosigned;                           /* signatures of witnesses of the file that are right */
	size_t old_heads;                          /* that were proven to be the beginning of this one */
	struct slice stamp;                        /* the RFC 3161 answer, not checked here */
};

struct audit_check;
struct audit_check *audit_check_create(const struct audit_trust *trust);
void audit_check_free(struct audit_check **check);
/* Takes one line without its end. 0, or ERR_DAMAGED with the reason and line number in err; after that only free. */
int audit_check_line(struct audit_check *c, struct slice line, struct error *err);
/* The file ended: 0 when everything is proven. The report borrows from the check. */
int audit_check_end(struct audit_check *c, struct audit_report *ret, struct error *err);
/* Lines of a whole text; one without a line end at the end is refused. */
int audit_check_text(struct audit_check *c, struct slice text, struct error *err);

/* Checks the signatures of a head note: signed by `key`, every other line by one of the witnesses, each at most once. *ret_cosigned counts them. */
int audit_check_note(struct slice note, const struct audit_key *key, const struct audit_key *witnesses, size_t count, struct audit_head *ret,
	size_t *ret_cosigned, struct error *err);

#endif
