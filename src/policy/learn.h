/* When the filter may learn from its own verdict. */
#ifndef POLICY_LEARN_H
#define POLICY_LEARN_H

#include "policy/bayes.h"
#include "policy/verdict.h"

/* Points of all checks but Bayes, so that a table does not confirm itself; 0: never. */
struct learn_thresholds {
	int junk; /* as junk from so many on */
	int good; /* as good up to so many, for a sender who proves himself and whom we know */
};
#define LEARN_THRESHOLDS_DEFAULT ((struct learn_thresholds){.junk = 100, .good = -10})

/*
 * True: the letter is clear enough to be learnt as *ret. Never while the verdict waits or is held, and never what Bayes contradicts with
 * confidence.
 */
bool policy_learn(const struct learn_thresholds *t, const struct policy_letter *letter, const struct known_sender *sender,
	const struct policy_verdict *v, enum bayes_class *ret);

#endif
