/* From the results of all checks to what happens with the letter, and the header line that explains it. */
#ifndef POLICY_VERDICT_H
#define POLICY_VERDICT_H

#include "base/buf.h"
#include "policy/check.h"

enum check_id {
#define CHECK(name, kind, needs, limit_ms, failure, score) CHECK_ID_##name,
#include "policy/checks.h"
#undef CHECK
	CHECK_ID_COUNT
};

/* A letter that nobody wants, or one that is not what it seems: a webmail warns of the second. */
enum check_kind { CHECK_JUNK, CHECK_PHISHING };

enum verdict { VERDICT_PASS, VERDICT_JUNK, VERDICT_QUARANTINE, VERDICT_REJECT };

/* Points from which on a verdict is given; 0: never. */
struct verdict_thresholds {
	int junk, quarantine, reject;
};
#define VERDICT_THRESHOLDS_DEFAULT ((struct verdict_thresholds){.junk = 50, .quarantine = 90, .reject = 0})

/* Changes to the table by configuration. All zero: as the table says. */
struct check_options {
	bool off[CHECK_ID_COUNT];
	bool has_score[CHECK_ID_COUNT];
	int score[CHECK_ID_COUNT];      /* where has_score */
	uint32_t total_ms;              /* of all checks of one run; 0: no limit */
	struct verdict_thresholds thresholds; /* all 0: the default */
};

/* Microseconds of any clock that does not go back; NULL in tests: no limits, no times. */
typedef int64_t check_clock_fn(void *arg);

struct policy_verdict {
	struct check_result results[CHECK_ID_COUNT];
	enum verdict verdict;
	int score;
	int phishing;                   /* points for the letter being phishing alone; what speaks for it is not taken off */
	bool held;                      /* quarantined because a check could not finish */
	bool waits;                     /* facts are wanted: no verdict yet; answer them, facts_rerun, run again */
	struct verdict_thresholds thresholds;
};

/*
 * Runs the whole table. Pure but for `clock`. When ret->waits, nothing else of it counts but the results that are there. In the last run,
 * after facts_give_up, nothing waits. A check that has begun is never interrupted: it looks at check_overtime itself; what comes late
 * counts and is marked; what would begin when the total is over fails as its row says.
 */
void policy_run(const struct policy_letter *letter, const struct policy_known *known, struct facts *facts,
	const struct check_options *options, check_clock_fn *clock, void *clock_arg, struct policy_verdict *ret);
/* The same for one check. */
void policy_run_one(enum check_id id, const struct policy_letter *letter, const struct policy_known *known, struct facts *facts,
	const struct check_options *options, struct check_result *ret);

const char *check_name(enum check_id id);
enum check_kind check_kind(enum check_id id);
const char *check_reason_name(enum check_reason reason);
const char *check_state_name(enum check_state state);
const char *verdict_name(enum verdict verdict);
/* By name; false: there is none. */
bool check_find(struct slice name, enum check_id *ret);

/*
 * "X-Letterlock-Verdict: v1; verdict=junk; score=72; phishing=45; junk=50; quarantine=90; reject=0;\r\n\tlink_mismatch=45/shows_other_host
 * shown=a host=b; …\r\n": names and numbers; a text only from letters, digits and "._@+-:/", anything else in it becomes "?" (RFC 8601 2.2
 * pvalue without quoting). Only what hit or failed is named. Lines end with CRLF and stay below 998 bytes.
 */
void verdict_header(const struct policy_verdict *v, struct buf *out);

#endif
