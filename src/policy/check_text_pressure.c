#include "base/ensure.h"
#include "policy/check.h"

check_fn check_text_pressure;

#define TEXT_MAX (32 * 1024) /* such letters are short */

enum group { GROUP_SECRET, GROUP_MONEY, GROUP_HURRY, GROUP_QUIET, GROUP_COUNT };

static const struct { enum group group; struct slice text; } phrases[] = {
#define PHRASE(group, text) {GROUP_##group, SLICE_INIT(text)},
#include "policy/phrases.h"
#undef PHRASE
};

/* A wish for secrets or money alone is business; with haste or secrecy it is the pattern of fraud. */
void check_text_pressure(const struct check_input *in, struct check_result *r)
{
	struct slice text = slice_sub(in->letter->folded, 0, TEXT_MAX);
	unsigned found[GROUP_COUNT] = {0};
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
		if (check_overtime(in)) {
			r->state = CHECK_FAILED;
			return;
		}
		found[phrases[i].group] += slice_search(text, phrases[i].text) >= 0;
	}
	unsigned pressure = found[GROUP_HURRY] + found[GROUP_QUIET], wish = found[GROUP_SECRET] + found[GROUP_MONEY];
	if (wish == 0 || pressure == 0)
		return;
	check_hit(r, found[GROUP_SECRET] >= found[GROUP_MONEY] ? REASON_asks_secret : REASON_asks_money);
	if (wish + pressure == 2)
		r->score /= 2;
	check_say_number(r, "phrases", wish + pressure);
}
