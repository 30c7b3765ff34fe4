#include "policy/check.h"

check_fn check_habit_signs;

void check_habit_signs(const struct check_input *in, struct check_result *r)
{
	const struct habit *h = &in->known->sender.habit;
	if (!habit_always_signs(h) || in->letter->trust.smime == LETTER_PASS)
		return;
	check_hit(r, REASON_always_signs);
	check_say_number(r, "letters", h->letters);
}
