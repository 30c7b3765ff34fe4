#include "base/ensure.h"
#include "policy/verdict.h"

#define CHECK(name, kind, needs, limit_ms, failure, score) check_fn check_##name;
#include "policy/checks.h"
#undef CHECK

static const struct row {
	const char *name;
	enum check_kind kind;
	unsigned needs;
	uint32_t limit_ms;
	enum check_failure failure;
	int score;
	check_fn *run;
} table[] = {
#define CHECK(name, kind, needs, limit_ms, failure, score) {#name, CHECK_##kind, needs, limit_ms, failure, score, check_##name},
#include "policy/checks.h"
#undef CHECK
};

static const struct check_options default_options;

/* Time of one run of the table. */
struct check_run {
	check_clock_fn *clock;
	void *clock_arg;
	int64_t check_end_us, total_end_us; /* 0: never */
};

static int64_t now_us(const struct check_run *run)
{
	return run->clock != NULL ? run->clock(run->clock_arg) : 0;
}

bool check_overtime(const struct check_input *in)
{
	const struct check_run *run = in->run;
	if (run->clock == NULL)
		return false;
	int64_t now = now_us(run);
	return now > run->check_end_us || (run->total_end_us != 0 && now > run->total_end_us);
}

static unsigned needs_met(const struct policy_letter *l, const struct policy_known *k)
{
	unsigned met = NEED_DNS;
	met |= !l->authenticated ? NEED_OUTSIDE : 0;
	met |= l->trust.given ? NEED_TRUST : 0;
	met |= k->domains != NULL ? NEED_DOMAINS : 0;
	met |= k->names != NULL || k->names_asked ? NEED_NAMES : 0;
	met |= k->sender.given ? NEED_SENDER : 0;
	met |= k->organisation != NULL || k->user != NULL ? NEED_BAYES : 0;
	met |= k->zone_count > 0 ? NEED_LISTS : 0;
	met |= l->client.family != 0 ? NEED_CLIENT : 0;
	return met;
}

static int row_score(enum check_id id, const struct check_options *o)
{
	return o->has_score[id] ? o->score[id] : table[id].score;
}

/* What an end without a result counts. */
static void settle(enum check_id id, const struct check_options *o, struct check_result *r)
{
	if (r->state != CHECK_HIT)
		r->score = 0;
	if (r->state == CHECK_FAILED && table[id].failure == FAILURE_SCORE)
		r->score = row_score(id, o);
}

static void run_check(enum check_id id, const struct check_input *in, struct check_run *run, const struct check_options *o,
	struct check_result *r)
{
	const struct row *row = &table[id];
	*r = (struct check_result){.state = CHECK_CLEAR, .score = row_score(id, o)};
	if (o->off[id] || (row->needs & ~needs_met(in->letter, in->known)) != 0) {
		r->state = CHECK_SKIPPED;
		r->score = 0;
		return;
	}
	int64_t start = now_us(run);
	run->check_end_us = start + (int64_t)row->limit_ms * 1000;
	if (run->total_end_us != 0 && start > run->total_end_us) {
		r->state = CHECK_FAILED;
	} else {
		row->run(in, r);
		int64_t end = now_us(run);
		r->microseconds = end - start > UINT32_MAX ? UINT32_MAX : end > start ? (uint32_t)(end - start) : 0;
		r->late = run->clock != NULL && end > run->check_end_us;
	}
	settle(id, o, r);
}

static enum verdict verdict_of(int score, bool held, const struct verdict_thresholds *t)
{
	if (t->reject > 0 && score >= t->reject)
		return VERDICT_REJECT;
	if (held || (t->quarantine > 0 && score >= t->quarantine))
		return VERDICT_QUARANTINE;
	return t->junk > 0 && score >= t->junk ? VERDICT_JUNK : VERDICT_PASS;
}

static bool no_thresholds(const struct verdict_thresholds *t)
{
	return t->junk == 0 && t->quarantine == 0 && t->reject == 0;
}

void policy_run(const struct policy_letter *letter, const struct policy_known *known, struct facts *facts,
	const struct check_options *options, check_clock_fn *clock, void *clock_arg, struct policy_verdict *ret)
{
	struct check_run run = {.clock = clock, .clock_arg = clock_arg};
	struct check_input in = {.letter = letter, .known = known, .facts = facts, .run = &run};
	options = options != NULL ? options : &default_options;
	*ret = (struct policy_verdict){.thresholds = no_thresholds(&options->thresholds) ? VERDICT_THRESHOLDS_DEFAULT : options->thresholds};
	if (clock != NULL && options->total_ms > 0)
		run.total_end_us = now_us(&run) + (int64_t)options->total_ms * 1000;
	for (enum check_id id = 0; id < CHECK_ID_COUNT; id++) {
		struct check_result *r = &ret->results[id];
		run_check(id, &in, &run, options, r);
		ret->score += r->score;
		ret->phishing += table[id].kind == CHECK_PHISHING && r->score > 0 ? r->score : 0;
		ret->waits = ret->waits || r->state == CHECK_WAITS;
		ret->held = ret->held || (r->state == CHECK_FAILED && table[id].failure == FAILURE_HOLD);
	}
	ret->verdict = verdict_of(ret->score, ret->held, &ret->thresholds);
}

void policy_run_one(enum check_id id, const struct policy_letter *letter, const struct policy_known *known, struct facts *facts,
	const struct check_options *options, struct check_result *ret)
{
	struct check_run run = {0};
	struct check_input in = {.letter = letter, .known = known, .facts = facts, .run = &run};
	ENSURE(id < CHECK_ID_COUNT);
	run_check(id, &in, &run, options != NULL ? options : &default_options, ret);
}

const char *check_name(enum check_id id)
{
	ENSURE(id < CHECK_ID_COUNT);
	return table[id].name;
}

enum check_kind check_kind(enum check_id id)
{
	ENSURE(id < CHECK_ID_COUNT);
	return table[id].kind;
}

bool check_find(struct slice name, enum check_id *ret)
{
	for (enum check_id id = 0; id < CHECK_ID_COUNT; id++)
		if (slice_eq(name, slice_str(table[id].name))) {
			*ret = id;
			return true;
		}
	return false;
}
