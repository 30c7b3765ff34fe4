/*
 * How a sending domain or a network behaved: good and bad letters with exponential decay, so that what is long ago does not count. A small
 * record for whoever stores it; all functions are pure.
 */
#ifndef POLICY_REPUTATION_H
#define POLICY_REPUTATION_H

#include "base/slice.h"
#include "policy/ip.h"

#define REPUTATION_HALF_LIFE_S (30 * 86400)
#define REPUTATION_WEIGHT_MAX 1000000 /* letters; more say nothing more */
#define REPUTATION_ENCODED 24

struct reputation {
	double good, bad;   /* letters, decayed up to `updated_s` */
	int64_t updated_s;  /* unix time; 0: nothing is known */
};

/* What is left of it at `now_s`; a clock that went back changes nothing. */
struct reputation reputation_at(const struct reputation *r, int64_t now_s);
/* Notes letters (negative: takes them back, as after "this is no junk"; never below zero). */
void reputation_note(struct reputation *r, double good, double bad, int64_t now_s);
/* -100 (bad) to 100 (good) with a prior of a few undecided letters: little evidence stays near 0. */
int reputation_percent(const struct reputation *r, int64_t now_s);

/* Fixed form: good and bad in thousandths and the time, u64 each. */
void reputation_encode(const struct reputation *r, uint8_t ret[REPUTATION_ENCODED]);
/* False when a value is out of its limits. */
bool reputation_decode(const uint8_t data[REPUTATION_ENCODED], struct reputation *ret);

#endif
