#include "policy/check.h"

check_fn check_sender_trusted;

#define CORRESPONDENT_LETTERS 3

/* Nothing speaks for a letter that does not prove whom it is from. */
void check_sender_trusted(const struct check_input *in, struct check_result *r)
{
	const struct known_sender *s = &in->known->sender;
	const struct letter_trust *t = &in->letter->trust;
	bool proven = t->dmarc == LETTER_PASS || t->smime == LETTER_PASS;
	if (!proven)
		return;
	if (s->signed_partner) {
		check_hit(r, REASON_signed_partner);
		check_say(r, "domain", in->letter->from.domain);
	} else if (s->reply) {
		check_hit(r, REASON_answer_to_us);
		r->score = r->score * 3 / 4;
	} else if (s->letters_out > 0 && s->letters_in + s->letters_out >= CORRESPONDENT_LETTERS) {
		check_hit(r, REASON_correspondent);
		r->score /= 2;
		check_say_number(r, "letters", (int64_t)s->letters_in + s->letters_out);
	}
}
