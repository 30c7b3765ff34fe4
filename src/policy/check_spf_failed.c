#include "policy/check.h"

check_fn check_spf_failed;

/* A forwarder breaks SPF; where DMARC passes by a signature nothing is wrong, and where it fails that is counted already. */
void check_spf_failed(const struct check_input *in, struct check_result *r)
{
	const struct letter_trust *t = &in->letter->trust;
	if ((t->spf != LETTER_FAIL && t->spf != LETTER_SOFT_FAIL) || t->dmarc == LETTER_PASS || t->dmarc == LETTER_FAIL || t->arc == LETTER_PASS)
		return;
	check_hit(r, t->spf == LETTER_FAIL ? REASON_fail : REASON_soft_fail);
	if (t->spf == LETTER_SOFT_FAIL)
		r->score /= 2;
	check_say(r, "domain", t->spf_domain);
}
