#include "policy/check.h"
#include "policy/host.h"

check_fn check_domain_new;

#define DAY_S 86400
#define NEW_DAYS 14

void check_domain_new(const struct check_input *in, struct check_result *r)
{
	const struct known_sender *s = &in->known->sender;
	int64_t days = s->domain_first_s == 0 ? 0 : (in->facts->now_s - s->domain_first_s) / DAY_S;
	if (s->letters_out > 0 || s->reply || days >= NEW_DAYS || days < 0 || host_is_free_mail(in->letter->from.domain))
		return;
	check_hit(r, s->domain_first_s == 0 ? REASON_never_seen : REASON_seen_since);
	r->score = (int)(r->score * (NEW_DAYS - days) / NEW_DAYS);
	check_say_number(r, "days", days);
}
