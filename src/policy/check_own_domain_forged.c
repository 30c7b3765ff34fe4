#include "policy/check.h"
#include "policy/lookalike.h"

check_fn check_own_domain_forged;

/*
 * Our own people send after a login; from outside only what proves itself may carry our name (a service that signs for us, a list that ARC
 * vouches for). Programs of this machine (cron, monitoring) have nothing to sign with, and nobody from outside gets there.
 */
void check_own_domain_forged(const struct check_input *in, struct check_result *r)
{
	const struct letter_trust *t = &in->letter->trust;
	struct slice domain = in->letter->from.domain;
	bool proven = t->dmarc == LETTER_PASS || t->arc == LETTER_PASS || t->smime == LETTER_PASS;
	if (proven || in->letter->this_host || !targets_own(in->known->domains, domain))
		return;
	check_hit(r, REASON_unproven);
	check_say(r, "domain", domain);
}
