/*
 * Learning junk filter (Robinson's combination with Fisher's chi-square). One table for the organisation, one per user.
 *
 * Counts belong to an epoch. Ageing drops those of the epoch before the last and begins a new one. A training gives a receipt with its
 * epoch; with it untraining takes back exactly what was added, or nothing when that epoch is forgotten already. When a table is full it
 * ages by itself.
 */
#ifndef POLICY_BAYES_H
#define POLICY_BAYES_H

#include "base/buf.h"
#include "base/error.h"
#include "policy/tokens.h"

#define BAYES_VERSION 1
#define BAYES_TOKENS_MAX (1u << 20)        /* capacity of any table */
#define BAYES_TOKENS_ORGANISATION (1u << 19)
#define BAYES_TOKENS_USER (1u << 16)
#define BAYES_LETTERS_MAX 65535            /* of one class in one epoch; then the table ages */
#define BAYES_LEARNT_ORGANISATION 50       /* letters of each class before the table says anything */
#define BAYES_LEARNT_USER 15
#define BAYES_ENCODED_MAX (64u + BAYES_TOKENS_MAX * 16u)

enum bayes_class { BAYES_HAM, BAYES_JUNK };

struct bayes_cell {
	uint64_t token;        /* 0: free */
	uint16_t counts[2][2]; /* [age: 0 this epoch, 1 the one before][class] */
};
struct bayes {
	uint8_t key[TOKEN_KEY];
	uint32_t epoch;        /* begins with 1 */
	uint32_t letters[2][2];
	uint32_t capacity;     /* tokens at most */
	uint32_t learnt_min;
	struct bayes_cell *cells;
	size_t count, room;    /* room: a power of two */
};
struct bayes_receipt {
	uint32_t epoch;
	enum bayes_class class;
};

/* An empty table. key: 16 random bytes; tables that are merged have tokens under keys of their own. */
/* capacity: TOKENS_MAX to BAYES_TOKENS_MAX; learnt_min: 1 at least. */
void bayes_init(struct bayes *b, const uint8_t key[TOKEN_KEY], uint32_t capacity, uint32_t learnt_min);
void bayes_free(struct bayes *b);
/* Adds one letter. Never fails; ages first where there is no room. tokens: made with this table's key. */
struct bayes_receipt bayes_train(struct bayes *b, const struct tokens *tokens, enum bayes_class class);
/* Takes it back. 0; ERR_NOT_FOUND: that epoch is forgotten, nothing to do; ERR_CONFLICT: it was never trained so, nothing is changed. */
int bayes_untrain(struct bayes *b, const struct tokens *tokens, struct bayes_receipt receipt);
/* Begins a new epoch and forgets the one before the last. */
void bayes_age(struct bayes *b);
/* What it saw of a token; NULL: nothing. */
const struct bayes_cell *bayes_find(const struct bayes *b, uint64_t token);
/* Has it seen enough of both classes? */
bool bayes_learnt(const struct bayes *b);

struct bayes_result {
	bool known;            /* false: no table has learnt enough, or no token says anything */
	int percent;           /* 0 ham … 100 junk; 50: undecided */
	int confidence;        /* 0 … 100: how far both hypotheses lie apart and on how many tokens it rests */
	unsigned used;         /* tokens that were counted */
};
/*
 * Either table may be NULL or not have learnt yet. What the organisation's table says of a token is the prior of what the user's table says
 * of it.
 */
void bayes_score(const struct bayes *organisation, const struct bayes *user, const struct policy_letter *l, struct arena *arena,
	struct bayes_result *ret);

/* The same of what a digest keeps (policy/tokens.h). */
void bayes_score_texts(const struct bayes *organisation, const struct bayes *user, struct slice header, struct slice text, struct arena *arena,
	struct bayes_result *ret);
/* What it counts among the points of a verdict: `most` when it is surely junk, less than 0 when it is good. */
#define BAYES_GOOD_SHARE 60 /* of 100: so much of the points speaks for a letter at most */
int bayes_points(const struct bayes_result *b, int most);

/* docs/junk.md has the form. Canonical: equal tables give equal bytes. */
void bayes_encode(const struct bayes *b, struct buf *out);
/* ERR_DAMAGED; ERR_UNSUPPORTED: a newer version; ERR_LIMIT: more than `capacity` tokens. `ret` is initialised only with 0. */
int bayes_decode(struct slice data, uint32_t capacity, uint32_t learnt_min, struct bayes *ret);

#endif
