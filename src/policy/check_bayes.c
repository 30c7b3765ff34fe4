#include "policy/bayes.h"
#include "policy/check.h"

check_fn check_bayes;

void check_bayes(const struct check_input *in, struct check_result *r)
{
	struct bayes_result b;
	bayes_score(in->known->organisation, in->known->user, in->letter, in->facts->arena, &b);
	if (check_overtime(in)) {
		r->state = CHECK_FAILED;
		return;
	}
	int score = bayes_points(&b, r->score);
	if (score == 0)
		return;
	check_hit(r, score > 0 ? REASON_learnt_junk : REASON_learnt_good);
	r->score = score;
	check_say_number(r, "percent", b.percent);
	check_say_number(r, "tokens", b.used);
}
