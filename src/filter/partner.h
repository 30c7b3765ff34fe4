/*
 * Partners of judging (scan/partner.h): what Rspamd and milters say of a letter from outside, and what becomes of it. Pure, as filter/guard.h.
 * None of them makes a letter better than our own checks found it.
 */
#ifndef FILTER_PARTNER_H
#define FILTER_PARTNER_H

#include "filter/judge.h"
#include "scan/partner.h"

struct filter_partner_settings {
	bool wanted;             /* some are configured */
	bool fail_temporary;     /* a letter waits while one is away; else it is judged without */
};
struct filter_partners {
	struct partner_record *records;
	size_t count;
	bool away;                           /* one of them is */
	enum partner_action action;          /* the strongest; PARTNER_PASS: nothing is done */
	const struct partner_record *worst;  /* whose action it is; NULL: nobody's */
};

/* False: answers are wanted. For ENVELOPE_SMTP only; nothing for others. The arena holds what *ret points to. */
bool filter_partners(const struct envelope *e, const struct filter_partner_settings *settings, struct facts *facts, struct arena *arena,
                     struct filter_partners *ret);
/*
 * Puts it into what filter_message is told: refusals, quarantine, Junk, and fields: one that says what each said, and those that they add, under names
 * that nobody takes for ours ("X-…"; others get "X-Partner-" in front).
 */
void filter_partners_apply(const struct filter_partners *p, const struct filter_partner_settings *settings, struct arena *arena,
                           struct filter_judgement *judgement);

#endif
