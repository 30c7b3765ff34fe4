/*
 * What the recipients' Sieve scripts make of a letter (docs/sieve.md): where it is filed, and the letters that come of it. Pure, as filter/judge.h:
 * answers come from struct facts, and the same letter is sorted again from the start when more of them are there.
 */
#ifndef FILTER_SORT_H
#define FILTER_SORT_H

#include "filter/filter.h"
#include "filter/notice.h"
#include "store/fact.h"
#include "trust/facts.h"

#define SORT_WORK_MAX 60000000u        /* steps of all scripts of one letter (sieve/limits.h) */
#define SORT_OFFSPRING_MAX 400         /* letters that come of one letter */
#define SORT_REDIRECTS_MAX 32          /* of them: redirects, all recipients together */
#define SORT_HOPS_MAX 3                /* redirects behind one another within the house */
#define SORT_PROFILES_BYTES (24u << 20) /* of all recipients of one letter */

struct filter_judgement;

/* What became of it for one recipient. */
struct filter_sorted {
	bool ran;                     /* there was a script: the rest counts */
	bool rejected;
	bool elsewhere;               /* it gets a letter of its own (filter_forward) */
	struct slice filings;         /* store/seal.h; empty: it is filed nowhere */
};

enum sort_kind { SORT_REDIRECT, SORT_ANSWER, SORT_REFUSAL, SORT_NOTICE };
/* A letter to be made. */
struct filter_offspring {
	struct filter_offspring *next;
	enum sort_kind kind;
	struct slice fact;            /* MACed: of its recipients (REDIRECT: several), else of the one */
	struct recipient_fact *recipients; /* REDIRECT: the same, read */
	struct filter_sorted *sorted; /* REDIRECT: for each */
	size_t recipient_count;
	unsigned hops;
	struct slice prefix;          /* REDIRECT: fields in front of the letter */
	struct slice sealer;          /* REDIRECT: fact of who passes it on; empty: it stays in the house */
	struct slice text;            /* ANSWER: the letter; REFUSAL: what the recipient says */
	struct slice address;         /* REFUSAL: of the recipient */
	struct slice signer;          /* ANSWER: what it is signed with */
	struct slice language, args;  /* NOTICE */
	enum notice notice;
	struct slice once;            /* queue/bundle.h */
	uint32_t once_keep_s;
};
struct sort_claim {
	struct sort_claim *next;
	struct slice key;
	uint32_t keep_s;
	bool fresh;
};
/* For the log: what happened besides filing. */
struct sort_act {
	struct sort_act *next;
	const char *what;             /* redirected, answered, refused, discarded, failed */
	struct slice address, to;
	uint32_t line;                /* failed */
};

struct filter_sorting {
	bool active;                  /* at least one script ran */
	struct filter_sorted *recipients; /* in the order of the envelope */
	size_t count;
	struct filter_offspring *offspring;
	size_t offspring_count;
	struct sort_claim *claims;
	struct sort_act *acts;
	uint16_t code;                /* 0, or the refusal: all recipients refuse the letter */
	struct slice enhanced, text;
	bool needs_epoch;             /* something of it leaves the house */
	struct buf view;              /* the letter as the scripts saw it; filter_sorting_free */
	const struct filter_judgement *judgement; /* and what was known of it: for those letters that go on */
	struct facts *facts;
};

/* Does a recipient have a script? */
bool filter_sort_wanted(const struct envelope *e, const struct filter_judgement *judgement);
/*
 * profiles: store/profile.h of recipients with scripts. 1: *ret is complete. 0: answers are wanted. Negative: ERR_TEMPORARY (something cannot be
 * found out now), or as filter_message. What *ret points to lives in the arena and in `e`.
 */
int filter_sort(const struct envelope *e, struct slice message, const struct filter_judgement *judgement, const struct filter_settings *settings,
                const uint8_t secret[32], struct slice profiles, struct facts *facts, struct arena *arena, struct filter_sorting *ret,
                struct error *err);
void filter_sorting_free(struct filter_sorting *s);
/*
 * Forwards (aliases to somebody outside) whose author would not be believed there become letters of their own in *sorting: filter_pass_on. After the
 * scripts. 0 or a negative code.
 */
int filter_forward(const struct envelope *e, struct slice message, const struct filter_judgement *judgement, const struct filter_settings *settings,
                   const uint8_t secret[32], struct facts *facts, struct arena *arena, struct filter_sorting *sorting, struct error *err);
/*
 * Makes the letters that came of it: appends a bundle (queue/bundle.h) to `out`, nothing when there is nothing. original: a record that goes into
 * quarantine with the letter, of which parts were taken out; empty: none. 0 or a negative code.
 */
int filter_sort_make(const struct envelope *e, const struct filter_sorting *s, struct slice original,
                     const struct filter_settings *settings, const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena,
                     struct buf *out, struct error *err);

#endif
