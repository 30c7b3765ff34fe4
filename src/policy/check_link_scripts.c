#include "policy/check.h"
#include "policy/confusable.h"

check_fn check_link_scripts;

void check_link_scripts(const struct check_input *in, struct check_result *r)
{
	enum script_mix worst = SCRIPTS_PLAIN;
	const struct policy_url *found = NULL;
	for (size_t i = 0; i < in->letter->url_count; i++) {
		const struct policy_url *u = &in->letter->urls[i];
		if (!u->punycode || u->kind == URL_IMAGE)
			continue;
		enum script_mix mix = confusable_scripts(u->host_unicode);
		if (found == NULL || (mix != SCRIPTS_PLAIN && worst == SCRIPTS_PLAIN)) {
			found = u;
			worst = mix;
		}
	}
	if (found == NULL)
		return;
	check_hit(r, worst == SCRIPTS_MIXED ? REASON_mixed_scripts : worst == SCRIPTS_LOOKALIKE ? REASON_all_lookalike : REASON_punycode);
	/* Names in one's own script are good names. */
	if (worst == SCRIPTS_PLAIN)
		r->score = 0;
	check_say(r, "host", found->host);
}
