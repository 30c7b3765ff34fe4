/*
 * What a letter consists of, as hashes under a key of the table they are for: the table holds no words, and nobody outside can choose collisions.
 * Words of alphabetic scripts; pairs of neighbours in runs of Han, Kana, Hangul and Thai; fields with their name as prefix; hosts of links;
 * facts of the way. All folded (NFKC, case). Each token once.
 */
#ifndef POLICY_TOKENS_H
#define POLICY_TOKENS_H

#include "policy/letter.h"

#define TOKENS_MAX 3000       /* of one letter; the first ones count */
#define TOKENS_TEXT_MAX (64 * 1024)
#define TOKEN_LENGTH_MAX 40   /* bytes of a word; longer ones become their length and first bytes */
#define TOKEN_LENGTH_MIN 3    /* letters of a word in ASCII */
#define TOKEN_KEY 16

struct tokens {
	uint64_t *hashes;     /* ascending, none twice */
	size_t count;
	bool cut;
};

void tokens_make(const struct policy_letter *l, const uint8_t key[TOKEN_KEY], struct arena *arena, struct tokens *ret);
/* The parts of folded text, for tests and for whoever shows why: calls `each` in order, with repetitions. False ends it. */
typedef bool token_fn(void *arg, struct slice token);
void tokens_walk(struct slice folded, token_fn *each, void *arg);

#endif
