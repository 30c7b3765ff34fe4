#include "policy/check.h"

check_fn check_habit_origin;

void check_habit_origin(const struct check_input *in, struct check_result *r)
{
	const struct habit *h = &in->known->sender.habit;
	if (in->letter->trust.smime == LETTER_PASS || !habit_other_origin(h, habit_place(in->letter)))
		return;
	check_hit(r, REASON_other_origin);
	/* A domain that still proves itself has probably only moved. */
	if (in->letter->trust.dmarc == LETTER_PASS)
		r->score /= 3;
	check_say_number(r, "letters", h->letters);
}
