/* One check of a letter: a pure function in a file of its own (check_<name>.c), a row in policy/checks.h. */
#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

#include "policy/known.h"
#include "policy/letter.h"
#include "trust/facts.h"

/* What a check cannot do without; where it is missing the check is skipped. */
enum check_need {
	NEED_NOTHING = 0,
	NEED_OUTSIDE = 1,    /* the letter comes from outside (not authenticated) */
	NEED_TRUST = 2,      /* trust.given */
	NEED_DNS = 4,        /* asks questions */
	NEED_DOMAINS = 8,
	NEED_NAMES = 16,
	NEED_SENDER = 32,    /* sender.given */
	NEED_BAYES = 64,     /* a table of the organisation or of the user */
	NEED_LISTS = 128,
	NEED_CLIENT = 256,   /* the address of the client */
};

/* When a check cannot finish (DNS does not answer, its time is over). */
enum check_failure {
	FAILURE_IGNORE,      /* as if it did not hit */
	FAILURE_SCORE,       /* as if it had hit */
	FAILURE_HOLD,        /* the letter is at least quarantined */
};

enum check_state {
	CHECK_CLEAR,
	CHECK_HIT,
	CHECK_WAITS,         /* questions are noted in the facts; the table is run again */
	CHECK_SKIPPED,       /* off, or a need is missing */
	CHECK_FAILED,
};

/* Why a check hit: a closed list, which a webmail has words for. */
enum check_reason {
#define REASON(name) REASON_##name,
#include "policy/reasons.h"
#undef REASON
	REASON_COUNT
};

#define CHECK_ARGUMENTS_MAX 4
#define CHECK_ARGUMENT_LENGTH_MAX 100 /* bytes of a text; longer ones are cut */

struct check_argument {
	const char *name;
	bool is_number;
	int64_t number;
	struct slice text;   /* in the arena of the facts or of the letter */
};

struct check_result {
	enum check_state state;
	int score;           /* points; negative: speaks for the letter */
	enum check_reason reason;
	struct check_argument arguments[CHECK_ARGUMENTS_MAX];
	size_t argument_count;
	uint32_t microseconds;
	bool late;           /* took longer than its row allows */
};

struct check_run;
struct check_input {
	const struct policy_letter *letter;
	const struct policy_known *known;
	struct facts *facts;         /* questions, time of the check, arena */
	const struct check_run *run; /* for check_overtime */
};

/*
 * `r` comes with state CHECK_CLEAR and the score of the row (or of the options), which counts on CHECK_HIT; a check may make it smaller, or
 * negative where the row's note says so.
 */
typedef void check_fn(const struct check_input *in, struct check_result *r);

/* For loops over what a sender controls: true when the time of this check is over; the check ends itself with CHECK_FAILED. */
bool check_overtime(const struct check_input *in);

static inline void check_hit(struct check_result *r, enum check_reason reason)
{
	r->state = CHECK_HIT;
	r->reason = reason;
}
static inline void check_say(struct check_result *r, const char *name, struct slice text)
{
	if (r->argument_count < CHECK_ARGUMENTS_MAX)
		r->arguments[r->argument_count++] = (struct check_argument){.name = name, .text = slice_sub(text, 0, CHECK_ARGUMENT_LENGTH_MAX)};
}
static inline void check_say_number(struct check_result *r, const char *name, int64_t number)
{
	if (r->argument_count < CHECK_ARGUMENTS_MAX)
		r->arguments[r->argument_count++] = (struct check_argument){.name = name, .is_number = true, .number = number};
}

#endif
