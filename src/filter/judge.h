/*
 * What the checks say of a letter from outside: sender authentication first, then content. Pure: answers come from struct facts, and the same
 * letter is judged again from the start when more of them are there.
 */
#ifndef FILTER_JUDGE_H
#define FILTER_JUDGE_H

#include "filter/filter.h"
#include "trust/arc.h"
#include "trust/facts.h"

struct digest_secret;
struct recipient_fact;
struct filter_judgement {
	struct slice header;          /* fields to be added below Received, with their line breaks */
	struct slice mailbox;         /* where local recipients find it; empty: as their facts say */
	struct slice held;            /* why it goes into quarantine (queue/job.h); empty: it does not */
	const struct recipient_fact *reviewer; /* whose mailbox may read what is held; NULL: nobody's */
	uint16_t code;                /* 0, or the refusal */
	struct slice enhanced, text;
	const struct digest_secret *secret; /* of a confidential letter that is wrapped already (filter/confidential.h); NULL: an ordinary one */
	struct slice client_name;     /* of the client, verified in DNS; empty: none */
	const struct arc_report *chain; /* of ARC, as it arrived; NULL: not judged */
	struct slice notes;           /* what is to be remembered of it (queue/memory.h), without MAC */
	/* For the log: names and numbers only. */
	const char *spf, *dkim, *arc, *dmarc, *verdict;
	struct slice author;          /* domain of From */
	int score;
	struct slice checks;          /* those that said something: "name=points/reason/microseconds …" */
};

/*
 * True: *ret is complete. False: answers are wanted (facts_wanted); nothing is in *ret. The arena holds what *ret points to. Only for mail of
 * ENVELOPE_SMTP that is not opaque.
 */
bool filter_judge(const struct envelope *e, struct slice message, const struct filter_settings *settings, struct facts *facts, struct arena *arena,
                  struct filter_judgement *ret);

/* What is to be remembered of a letter that one of our people sends, without MAC (queue/memory.h). */
struct slice filter_sent_notes(const struct envelope *e, struct slice message, struct arena *arena);

#endif
