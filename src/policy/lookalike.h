/* Domains that look like ours or a partner's. */
#ifndef POLICY_LOOKALIKE_H
#define POLICY_LOOKALIKE_H

#include "base/arena.h"
#include "base/slice.h"

#define TARGETS_MAX 2000

/* A domain that is worth imitating. */
struct target {
	struct slice domain;      /* A-labels, lower case */
	struct slice label, skeleton, loose; /* of its registered part */
	bool own;                 /* ours, not a partner's */
};
struct targets {
	struct arena *arena;      /* of the caller */
	struct target *items;
	size_t count, room;
};

enum likeness {
	LIKE_NOTHING,
	LIKE_SAME,       /* the domain itself or below it */
	LIKE_HOMOGLYPH,  /* "examp1e.com", "ехаmple.com" */
	LIKE_ENDING,     /* "example.co" */
	LIKE_TYPING,     /* one letter off, two in long names */
	LIKE_WORD,       /* "example-login.com" */
	LIKE_EMBEDDED,   /* "example.com.evil.net", "example-com.net" */
};

void targets_init(struct targets *t, struct arena *arena);
void targets_free(struct targets *t);
/* Copies. Beyond TARGETS_MAX, or what is no domain, is passed over. */
void targets_add(struct targets *t, struct slice domain, bool own);
/*
 * ret_target: NULL with LIKE_NOTHING. `host`: A-labels. Linear in the targets. Labels under four letters are found only as themselves or
 * with another ending.
 */
enum likeness lookalike_find(const struct targets *t, struct slice host, struct arena *arena, const struct target **ret_target);
/* Is `host` one of ours or below? */
bool targets_own(const struct targets *t, struct slice host);
/* Edits (insert, delete, replace, swap of neighbours) from a to b, counted up to `limit`; limit + 1: more. */
unsigned lookalike_distance(struct slice a, struct slice b, unsigned limit);

#endif
