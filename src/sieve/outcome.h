/* What a script wants, as text: for tests and for people who try a script. */
#ifndef SIEVE_OUTCOME_H
#define SIEVE_OUTCOME_H

#include "sieve/sieve.h"

/* One line for each action; "discard" when there is none, "wait" when an answer is missing; an error first. */
void sieve_outcome_print(const struct sieve_outcome *o, struct buf *out);

#endif
