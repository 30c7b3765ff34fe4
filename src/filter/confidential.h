/*
 * Confidential letters (docs/confidential.md): what a writer asks for by the field Letterlock-Confidential of a letter that he submits. Its recipients get a
 * letter outside, and the letter itself encrypted within it; the key goes into the digest of the outside.
 */
#ifndef FILTER_CONFIDENTIAL_H
#define FILTER_CONFIDENTIAL_H

#include "filter/filter.h"
#include "mime/digest.h"
#include "store/fact.h"

#define CONFIDENTIAL_FIELD "Letterlock-Confidential"

struct filter_confidential {
	const struct digest_secret *secret;   /* NULL: an ordinary letter */
	struct buf letter;                    /* the outside, in place of the letter; filter_confidential_free */
	uint16_t code;                        /* 0, or the refusal */
	struct slice enhanced, text;
};

/*
 * Looks for the field, and wraps the letter when it is there. Only on roads of submission; elsewhere the field means nothing. Every call makes a key of its
 * own. 0, or a negative code (filter_facts_read); with 0 look at ret->code, then at ret->secret. What ret points to is in the arena.
 */
int filter_confidential(const struct envelope *e, struct slice message, const struct filter_settings *settings, const uint8_t secret[32],
                        struct arena *arena, struct filter_confidential *ret, struct error *err);
void filter_confidential_free(struct filter_confidential *c);

/* Somebody outside whom the writer named himself? Not where an alias of ours leads: that one gets the outside of the letter. */
bool filter_fact_is_outside(const struct recipient_fact *fact);

#endif
