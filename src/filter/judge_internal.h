/* One letter from outside while it is judged: shared by filter/judge*.c. */
#ifndef FILTER_JUDGE_INTERNAL_H
#define FILTER_JUDGE_INTERNAL_H

#include "filter/judge.h"
#include "policy/lookalike.h"
#include "policy/verdict.h"
#include "trust/arc.h"
#include "trust/authres.h"
#include "trust/dkim.h"
#include "trust/dmarc.h"
#include "trust/spf.h"

struct judge {
	const struct envelope *e;
	const struct filter_settings *settings;
	struct facts *facts;
	struct arena *arena;
	bool waits;                    /* something is wanted */

	struct trust_message message;
	struct trust_ip client;
	bool client_known;             /* the address could be read */
	bool stranger;                 /* and is one of the public internet */
	bool ptr_failed;               /* its name could not be looked up */
	struct slice ptr;              /* name that resolves back to it */
	struct spf_check spf, helo;
	struct dkim_report dkim;
	struct arc_report arc;
	bool vouched;                  /* a forwarder that we trust saw DMARC pass */
	struct dmarc_check dmarc;

	struct policy_letter letter;
	struct policy_known known;
	struct targets ours;
	struct policy_verdict verdict;
	struct slice grey_notes;       /* the record of greylisting, to be remembered */
};

/* judge_trust.c */
void judge_trust(struct judge *j, struct slice message);
void judge_trust_letter(const struct judge *j, struct letter_trust *ret);
/* Authentication-Results. */
void judge_trust_write(struct judge *j, struct buf *out);
/* The best result of all signatures. */
const char *judge_dkim_name(const struct judge *j);

/* sent.c: key of what is remembered, at most FACTS_NAME_MAX - 2 bytes; letters in lower case. */
struct slice judge_memory_key(struct arena *arena, const char *kind, struct slice what);

/* judge_greylist.c: asks early; then: has the letter to come again? */
void judge_greylist_recall(struct judge *j);
bool judge_greylist(struct judge *j);

/* judge_report.c: what reports of DMARC say of this letter, and what the report says that this letter is. */
void judge_report_notes(struct judge *j, const struct filter_judgement *ret, struct buf *out);

/* judge_sender.c */
void judge_sender(struct judge *j);
/* Appends what is to be remembered of this letter. */
void judge_sender_notes(struct judge *j, bool bad, struct buf *out);

#endif
