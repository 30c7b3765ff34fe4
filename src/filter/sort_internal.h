/* A letter while it is sorted: shared by filter/sort*.c. */
#ifndef FILTER_SORT_INTERNAL_H
#define FILTER_SORT_INTERNAL_H

#include "filter/filter_internal.h"
#include "filter/judge.h"
#include "filter/sort.h"
#include "sieve/sieve.h"
#include "store/profile.h"

struct sorter {
	const struct envelope *e;
	const struct filter_settings *settings;
	const uint8_t *secret;
	struct filter_facts facts_read;
	struct facts *facts;
	struct arena *arena;
	struct filter_sorting *out;
	struct delivery_profile *profiles;
	size_t profile_count, profile_room;
	struct slice view, header;
	uint64_t work;
	unsigned redirects;
	bool waits, temporary;
	struct filter_offspring **last;
};

/* One run for one recipient. */
struct sort_run {
	struct sorter *s;
	const struct recipient_fact *fact;
	const struct delivery_profile *profile;
	struct slice prefix;          /* of a redirected letter, else empty */
	unsigned hops;
};

struct filter_offspring *sort_offspring_add(struct sorter *s, enum sort_kind kind); /* NULL: there are too many */
void sort_act_add(struct sorter *s, const char *what, struct slice address, struct slice to, uint32_t line);
int sort_profiles_add(struct sorter *s, struct slice list, struct error *err);
/* "kind account hash": a key of queue/memory.h. */
struct slice sort_key(struct arena *arena, const char *kind, const uint8_t account[16], struct slice a, struct slice b);
/* Something the owner has to know, once a day. */
void sort_tell_owner(struct sort_run *r, enum notice notice, struct slice args);

/* The letter as it is filed: with what we add. */
void sort_view_make(const struct envelope *e, const struct filter_facts *facts, struct slice message, const struct filter_judgement *judgement,
	struct buf *out);
/* sort_redirect.c: true: the letter went there (or may; an answer is missing); false: not allowed, nobody is there, or it would go round. */
bool sort_redirect(struct sort_run *r, const struct sieve_action *a);
/* sort_answer.c */
void sort_answer(struct sort_run *r, const struct sieve_action *a);

#endif
