#include "policy/check.h"

check_fn check_dmarc_failed;

void check_dmarc_failed(const struct check_input *in, struct check_result *r)
{
	static const struct { enum check_reason reason; int percent; } by_policy[] = {
		[LETTER_DMARC_NONE] = {REASON_policy_none, 40}, [LETTER_DMARC_QUARANTINE] = {REASON_policy_quarantine, 80},
		[LETTER_DMARC_REJECT] = {REASON_policy_reject, 100},
	};
	const struct letter_trust *t = &in->letter->trust;
	if (t->dmarc != LETTER_FAIL || t->arc == LETTER_PASS)
		return;
	check_hit(r, by_policy[t->dmarc_policy].reason);
	r->score = r->score * by_policy[t->dmarc_policy].percent / 100;
	check_say(r, "domain", in->letter->from.domain);
}
