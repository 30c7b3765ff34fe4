#include "policy/like.h"

check_fn check_from_lookalike;

void check_from_lookalike(const struct check_input *in, struct check_result *r)
{
	const struct policy_letter *l = in->letter;
	const struct slice hosts[] = {l->from.domain, l->reply_to.domain, l->sender.domain};
	const struct known_sender *s = &in->known->sender;
	int full = r->score;
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		const struct target *target;
		enum likeness like = lookalike_find(in->known->domains, hosts[i], in->facts->arena, &target);
		if (check_overtime(in)) {
			r->state = CHECK_FAILED;
			return;
		}
		like_hit(r, full, like, hosts[i], target);
	}
	/* Somebody whom our people write to was noticed long ago. */
	if (r->state == CHECK_HIT && s->given && s->letters_out > 2 && letter_auth_passed(l))
		r->score /= 4;
}
