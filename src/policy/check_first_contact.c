#include "policy/check.h"

check_fn check_first_contact;

void check_first_contact(const struct check_input *in, struct check_result *r)
{
	const struct known_sender *s = &in->known->sender;
	if (s->letters_in == 0 && s->letters_out == 0 && !s->reply)
		check_hit(r, REASON_never_seen);
}
