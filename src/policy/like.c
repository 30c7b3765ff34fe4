#include "policy/like.h"

#define SHORT_LABEL 7 /* one letter off in a short word is often another word */

void like_hit(struct check_result *r, int full_score, enum likeness like, struct slice domain, const struct target *target)
{
	static const struct { enum check_reason reason; int percent; } rows[] = {
		[LIKE_HOMOGLYPH] = {REASON_homoglyph, 100}, [LIKE_ENDING] = {REASON_other_ending, 60}, [LIKE_TYPING] = {REASON_typing_error, 80},
		[LIKE_WORD] = {REASON_added_word, 70}, [LIKE_EMBEDDED] = {REASON_embedded, 90},
	};
	if (like <= LIKE_SAME)
		return;
	int percent = like == LIKE_TYPING && target->label.n < SHORT_LABEL ? 50 : rows[like].percent;
	int score = full_score * percent / 100;
	if (r->state == CHECK_HIT && r->score >= score)
		return;
	check_hit(r, rows[like].reason);
	r->score = score;
	r->argument_count = 0;
	check_say(r, "domain", domain);
	check_say(r, "like", target->domain);
}
