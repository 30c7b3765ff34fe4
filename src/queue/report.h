/*
 * Reports of DMARC and TLS, as spool.db keeps them: what is gathered for the reports that we send (a row for each source, result and
 * day), and what the reports that others send us say of our domains. Written with the notes of filter (queue/memory.h).
 */
#ifndef QUEUE_REPORT_H
#define QUEUE_REPORT_H

#include "queue/memory.h"
#include "queue/report_session.h"
#include "trust/dmarc_report.h"

#define REPORT_DAY_S 86400
#define REPORT_OUT_ROWS_MAX 100000   /* that are gathered, of all domains; what is new beyond is not reported */
#define REPORT_IN_ROWS_MAX 500000
#define REPORT_OUT_DAYS 3            /* what could not be sent for so long is forgotten */
#define REPORT_IN_DAYS 90
#define REPORT_SIGNATURES_MAX 4      /* of one row that is gathered */
#define REPORT_TEXT_MAX 255
#define REPORT_SOURCES_OF_NOTE 20
#define REPORT_ROWS_BYTES (12u << 20) /* of the rows of one report */

/* ---- what travels: values of notes ---- */

/* A row of one message; texts beyond REPORT_TEXT_MAX are cut. Its count is 1. */
void report_row_encode(const struct dmarc_report_row *row, struct buf *out);
bool report_row_decode(struct slice data, struct dmarc_report_row *ret);
/* What the domain publishes, with the addresses that reports go to. */
void report_policy_encode(const struct dmarc_record *record, struct buf *out);
bool report_policy_decode(struct slice data, struct arena *arena, struct dmarc_record *ret);

/* One source of a report of others. */
struct report_source {
	struct slice source;             /* address; for TLS the kind of failure, "" for what succeeded */
	uint64_t passed, failed;
};
struct report_in {
	enum report_in_kind { REPORT_IN_DMARC = 1, REPORT_IN_TLS = 2 } kind;
	int64_t day;                     /* days since 1970 that it begins with */
	uint8_t id[16];                  /* of reporter and report: the same one counts once */
	struct slice reporter, policy;   /* policy: p= of the domain when it was made; empty: not told */
	struct report_source sources[REPORT_SOURCES_OF_NOTE];
	size_t source_count;
};
void report_in_encode(const struct report_in *in, struct buf *out);
bool report_in_decode(struct slice data, struct report_in *ret);

/* ---- the ledger's part ---- */
struct ledger;
/* Inside a group: a note of the kinds MEMORY_REPORT…. */
int report_apply(struct ledger *l, const struct memory_note *note, int64_t now_ms, struct error *err);
int report_sweep(struct ledger *l, int64_t now_ms, struct error *err);
/* What is gathered: of letters that came (DMARC), of sessions of our own (TLS). */
enum report_out { REPORT_OUT_DMARC, REPORT_OUT_TLS };
/* The note that a report was sent, or cannot be: its rows go. */
void report_done_encode(enum report_out kind, int64_t day, struct slice domain, struct buf *out);

/* On the worker. */
struct report_due {
	int64_t day;
	struct slice domain;
	struct slice policy;             /* report_policy_decode; of TLS: empty */
	struct slice rows;               /* u64 count and bytes (report_row_decode, report_session_decode) each */
	size_t row_count;
};
/* The first report about a day before `before_day`, after (day, domain); ERR_NOT_FOUND. Texts in the arena. */
int report_next(struct ledger *l, enum report_out kind, int64_t before_day, int64_t after_day, struct slice after_domain, struct arena *arena,
                struct report_due *ret, struct error *err);

struct report_line {
	struct slice source, reporter, policy;
	int64_t first_day, last_day;
	uint64_t passed, failed;
	unsigned kind, reports;
};
/* A kind of reports that say that more than so much fails. */
struct report_failing {
	unsigned kind;
	uint64_t passed, failed;
};
typedef void report_failing_fn(void *arg, const struct report_failing *row);
/* Of a domain, since a day: the kinds by which more than `percent` fails. */
int report_failing(struct ledger *l, struct slice domain, int64_t since_day, unsigned percent, report_failing_fn *fn, void *arg, struct error *err);
typedef void report_fn(void *arg, const struct report_line *line);
/* What the reports say of a domain since a day, by source, those that fail most first; at most `max`. */
int report_list(struct ledger *l, struct slice domain, int64_t since_day, unsigned max, report_fn *fn, void *arg, struct error *err);

#endif
