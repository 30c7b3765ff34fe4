/*
 * Who is meant by a name: the people of the directory as a letter from outside may pretend to be one of them (policy/names.h). The answers to what
 * filter asks by way of the edge (FACT_PERSON of trust/facts.h).
 */
#ifndef AUTH_PEOPLE_H
#define AUTH_PEOPLE_H

#include "auth/directory.h"
#include "base/buf.h"
#include "base/clock.h"

#define PEOPLE_FRESH_MS SECONDS_MS(60) /* the directory is looked at again after this time */

struct people;
struct people *people_new(struct directory *directory);
void people_free(struct people **people);
/* executives: addresses whose family or given name alone, with a title, counts. */
void people_configure(struct people *people, const struct slice *executives, size_t count);
/* Appends an answer for every question of the list (facts_encode_answer). now_ms: monotonic. */
void people_answer(struct people *people, struct slice questions, int64_t now_ms, struct buf *answers);

#endif
