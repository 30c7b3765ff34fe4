/*
 * What an address always does: signs its letters, comes from the same place. A small record per address; pure update and compare. A place
 * is the domain of a DKIM signature that passes, else the client's network.
 */
#ifndef POLICY_HABIT_H
#define POLICY_HABIT_H

#include "base/slice.h"

struct policy_letter;

#define HABIT_ORIGINS 4
#define HABIT_LETTERS_MAX 1000   /* above it all counts are halved: what was long ago fades */
#define HABIT_LETTERS_MIN 5      /* before so many letters nothing is a habit */
#define HABIT_ENCODED (4 + HABIT_ORIGINS * 10)

struct habit {
	uint16_t letters, signed_letters;
	struct { uint64_t place; uint16_t letters; } origins[HABIT_ORIGINS]; /* most used first */
};

/* The place of a letter as a number (a hash; 0: none is known). */
uint64_t habit_place(const struct policy_letter *l);
/* Notes a letter that was good. */
void habit_note(struct habit *h, uint64_t place, bool signed_letter);
/* It nearly always signed (95 of 100) until now. */
bool habit_always_signs(const struct habit *h);
/* It nearly always came from the places that are remembered, and `place` is none of them. */
bool habit_other_origin(const struct habit *h, uint64_t place);

void habit_encode(const struct habit *h, uint8_t ret[HABIT_ENCODED]);
/* False when counts contradict each other. */
bool habit_decode(const uint8_t data[HABIT_ENCODED], struct habit *ret);

#endif
