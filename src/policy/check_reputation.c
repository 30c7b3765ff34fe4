#include "policy/check.h"
#include "policy/reputation.h"

check_fn check_reputation;

#define NOTEWORTHY 20

/* The domain answers for a letter that it proves; otherwise only the network does, and only its bad name counts. */
void check_reputation(const struct check_input *in, struct check_result *r)
{
	const struct known_sender *s = &in->known->sender;
	bool proven = in->letter->trust.given && in->letter->trust.dmarc == LETTER_PASS;
	int network = reputation_percent(&s->network, in->facts->now_s), percent = network;
	if (proven) {
		int domain = reputation_percent(&s->domain, in->facts->now_s);
		percent = (domain * 3 + network) / 4;
	} else if (percent > 0) {
		percent = 0;
	}
	if (percent > -NOTEWORTHY && percent < NOTEWORTHY)
		return;
	check_hit(r, percent < 0 ? REASON_bad : REASON_good);
	r->score = r->score * -percent / 100;
	check_say_number(r, "percent", percent);
}
