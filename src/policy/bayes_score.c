#include <math.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "policy/bayes.h"

#define STRENGTH 0.45      /* weight of what is assumed before anything is known (Robinson's s), and of that assumption 0.5 (x) */
#define USER_STRENGTH 1.0  /* weight of the organisation's opinion against the user's own letters */
#define DEVIATION 0.1      /* tokens nearer to 0.5 say nothing */
#define TOKENS_USED 150    /* the strongest ones */
#define EFFECTIVE 0.5        /* tokens of one letter depend on each other: so much of them is evidence */
#define ENOUGH 20          /* tokens for full confidence */
#define LIMIT 0.0001       /* no token proves anything */

struct evidence {
	double p, distance;
};

/* Adds what one table saw of a token to the opinion `prior` that weighs `strength`. */
static double opinion(const struct bayes *b, uint64_t token, double prior, double strength)
{
	const struct bayes_cell *c = b != NULL ? bayes_find(b, token) : NULL;
	if (c == NULL)
		return prior;
	double ham = c->counts[0][BAYES_HAM] + c->counts[1][BAYES_HAM], junk = c->counts[0][BAYES_JUNK] + c->counts[1][BAYES_JUNK];
	double ham_rate = ham / (b->letters[0][BAYES_HAM] + b->letters[1][BAYES_HAM]);
	double junk_rate = junk / (b->letters[0][BAYES_JUNK] + b->letters[1][BAYES_JUNK]);
	double seen = junk_rate / (junk_rate + ham_rate);
	return (strength * prior + (ham + junk) * seen) / (strength + ham + junk);
}

static int by_distance(const void *a, const void *b)
{
	double x = ((const struct evidence *)a)->distance, y = ((const struct evidence *)b)->distance;
	return x > y ? -1 : x < y;
}

/* Probability that chi-square with 2 * half degrees of freedom is above 2 * m. */
static double chi_above(double m, unsigned half)
{
	double term = exp(-m), sum = term;
	for (unsigned i = 1; i < half; i++) {
		term *= m / i;
		sum += term;
	}
	return sum < 1.0 ? sum : 1.0;
}

static void combine(const struct evidence *e, unsigned count, struct bayes_result *ret)
{
	double product = 0, complement = 0; /* logarithms, negated */
	unsigned half = (unsigned)ceil(count * EFFECTIVE);
	for (unsigned i = 0; i < count; i++) {
		product -= log(e[i].p);
		complement -= log(1 - e[i].p);
	}
	/* By chance the products would be larger: how sure it is that the letter is junk, and that it is not. */
	double spam = 1 - chi_above(complement * EFFECTIVE, half), good = 1 - chi_above(product * EFFECTIVE, half);
	ret->known = count > 0;
	ret->used = count;
	ret->percent = (int)lround(50 * (1 + spam - good));
	ret->confidence = (int)lround(100 * fabs(spam - good) * (count < ENOUGH ? (double)count / ENOUGH : 1));
}

static const struct bayes *usable(const struct bayes *b)
{
	return b != NULL && bayes_learnt(b) ? b : NULL;
}

/* tokens[0] are those of the organisation, tokens[1] of the user; where one table is missing both are of the other. */
static void score(const struct bayes *organisation, const struct bayes *user, const struct tokens tokens[TOKEN_TABLES], struct arena *arena,
	struct bayes_result *ret)
{
	struct evidence *e = arena_alloc_array(arena, TOKENS_MAX, sizeof *e);
	size_t count = 0;
	for (size_t i = 0; i < tokens[0].count; i++) {
		double p = opinion(organisation, tokens[0].hashes[i], 0.5, STRENGTH);
		p = opinion(user, tokens[1].hashes[i], p, organisation != NULL ? USER_STRENGTH : STRENGTH);
		p = p < LIMIT ? LIMIT : p > 1 - LIMIT ? 1 - LIMIT : p;
		if (fabs(p - 0.5) >= DEVIATION)
			e[count++] = (struct evidence){.p = p, .distance = fabs(p - 0.5)};
	}
	qsort(e, count, sizeof *e, by_distance);
	combine(e, count < TOKENS_USED ? (unsigned)count : TOKENS_USED, ret);
}

static bool choose(const struct bayes **organisation, const struct bayes **user, const uint8_t *keys[TOKEN_TABLES], struct bayes_result *ret)
{
	*ret = (struct bayes_result){.percent = 50};
	*organisation = usable(*organisation);
	*user = usable(*user);
	if (*organisation == NULL && *user == NULL)
		return false;
	keys[0] = (*organisation != NULL ? *organisation : *user)->key;
	keys[1] = (*user != NULL ? *user : *organisation)->key;
	return true;
}

void bayes_score(const struct bayes *organisation, const struct bayes *user, const struct policy_letter *l, struct arena *arena,
	struct bayes_result *ret)
{
	struct tokens tokens[TOKEN_TABLES];
	const uint8_t *keys[TOKEN_TABLES];
	if (!choose(&organisation, &user, keys, ret))
		return;
	tokens_make_pair(l, keys, arena, tokens);
	score(organisation, user, tokens, arena, ret);
}

void bayes_score_texts(const struct bayes *organisation, const struct bayes *user, struct slice header, struct slice text, struct arena *arena,
	struct bayes_result *ret)
{
	struct tokens tokens[TOKEN_TABLES];
	const uint8_t *keys[TOKEN_TABLES];
	if (!choose(&organisation, &user, keys, ret))
		return;
	tokens_make_texts_pair(header, text, keys, arena, tokens);
	score(organisation, user, tokens, arena, ret);
}

int bayes_points(const struct bayes_result *b, int most)
{
	int points = b->known ? most * (b->percent - 50) / 50 * b->confidence / 100 : 0;
	return points > 0 ? points : points * BAYES_GOOD_SHARE / 100;
}
