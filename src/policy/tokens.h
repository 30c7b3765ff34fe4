/*
 * What a letter consists of, as hashes under a key of the table they are for: the table holds no words, and nobody outside can choose
 * collisions. Words of alphabetic scripts; pairs of neighbours in runs of Han, Kana, Hangul and Thai; fields with their name as prefix;
 * hosts of links; facts of the way. All folded (NFKC, case). Each token once.
 */
#ifndef POLICY_TOKENS_H
#define POLICY_TOKENS_H

#include "policy/letter.h"

#define TOKENS_MAX 3000       /* of one letter; the first ones count */
#define TOKENS_TEXT_MAX (64 * 1024)
#define TOKEN_LENGTH_MAX 40   /* bytes of a word; of longer ones the length and the first bytes count */
#define TOKEN_LENGTH_MIN 3    /* letters of a word in ASCII */
#define TOKEN_KEY 16
#define TOKEN_TABLES 2

struct tokens {
	uint64_t *hashes;     /* none twice, none 0; in the order of the letter */
	size_t count;
	bool cut;
};

void tokens_make(const struct policy_letter *l, const uint8_t key[TOKEN_KEY], struct arena *arena, struct tokens *ret);
/* Under the keys of two tables at once: ret[0].hashes[i] and ret[1].hashes[i] are of the same token. */
void tokens_make_pair(const struct policy_letter *l, const uint8_t *const keys[TOKEN_TABLES], struct arena *arena,
	struct tokens ret[TOKEN_TABLES]);

/*
 * The same of what a digest keeps for SEARCH, where no message is at hand: header is its search_header ("name: value" lines), text its search_text,
 * both folded already. Not the tokens of tokens_make: a table learns from one of the two only.
 */
void tokens_make_texts(struct slice header, struct slice text, const uint8_t key[TOKEN_KEY], struct arena *arena, struct tokens *ret);

/* The same under the keys of two tables at once, as tokens_make_pair. */
void tokens_make_texts_pair(struct slice header, struct slice text, const uint8_t *const keys[TOKEN_TABLES], struct arena *arena,
	struct tokens ret[TOKEN_TABLES]);

/* One token: what it is taken from ("subject", "host", "" for the text) and its text. False ends the walk. */
typedef bool token_fn(void *arg, struct slice prefix, struct slice token);
/* All tokens of folded text in order, with repetitions. False: `each` ended it. */
bool tokens_walk(struct slice folded, struct slice prefix, token_fn *each, void *arg);
/* All tokens of a letter. */
void tokens_of_letter(const struct policy_letter *l, struct arena *arena, token_fn *each, void *arg);

#endif
