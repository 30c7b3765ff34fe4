#include "sieve/glob.h"

/* Where to go on when what follows a star does not fit: the star takes one more. */
struct glob {
	struct slice pattern, text;
	bool characters;
	size_t p, t;                       /* where we are */
	bool star;
	size_t star_p, star_t;             /* behind the last star; the end of what it takes */
	size_t star_group, group;
	size_t (*groups)[2];
};

static size_t character_size(const struct glob *g, size_t at)
{
	size_t n = 1;
	while (g->characters && at + n < g->text.n && (g->text.p[at + n] & 0xc0) == 0x80 && n < 4)
		n++;
	return n;
}

static void group_set(struct glob *g, size_t start, size_t end)
{
	if (++g->group < SIEVE_MATCHES_MAX) {
		g->groups[g->group][0] = start;
		g->groups[g->group][1] = end;
	}
}

static void take_star(struct glob *g)
{
	group_set(g, g->t, g->t);
	g->p++;
	g->star = true;
	g->star_p = g->p;
	g->star_t = g->t;
	g->star_group = g->group;
}

/* One element of the pattern that is no star; false: it does not fit here. */
static bool take_one(struct glob *g)
{
	uint8_t c;
	if (g->p == g->pattern.n || g->t == g->text.n)
		return false;
	c = g->pattern.p[g->p];
	if (c == '?') {
		size_t n = character_size(g, g->t);
		group_set(g, g->t, g->t + n);
		g->t += n;
		g->p++;
		return true;
	}
	if (c == '\\' && g->p + 1 < g->pattern.n && g->pattern.p[g->p + 1] == g->text.p[g->t]) {
		g->p += 2;
		g->t++;
		return true;
	}
	if ((c == '\\' && g->p + 1 < g->pattern.n) || c != g->text.p[g->t])
		return false;
	g->p++;
	g->t++;
	return true;
}

static bool back_to_star(struct glob *g)
{
	if (!g->star || g->star_t == g->text.n)
		return false;
	g->star_t += character_size(g, g->star_t);
	g->p = g->star_p;
	g->t = g->star_t;
	g->group = g->star_group;
	if (g->group < SIEVE_MATCHES_MAX)
		g->groups[g->group][1] = g->t;
	return true;
}

bool sieve_glob(struct slice pattern, struct slice text, bool characters, size_t (*groups)[2], size_t *ret_count, uint64_t *work)
{
	struct glob g = {.pattern = pattern, .text = text, .characters = characters, .groups = groups};
	groups[0][0] = 0;
	groups[0][1] = text.n;
	while (g.t < text.n || g.p < pattern.n) {
		if (*work == 0)
			return false;
		--*work;
		if (g.p < pattern.n && pattern.p[g.p] == '*')
			take_star(&g);
		else if (!take_one(&g) && !back_to_star(&g))
			return false;
	}
	*ret_count = g.group + 1 < SIEVE_MATCHES_MAX ? g.group + 1 : SIEVE_MATCHES_MAX;
	return true;
}
