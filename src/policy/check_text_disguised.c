#include "base/utf8.h"
#include "policy/check.h"
#include "policy/confusable.h"

check_fn check_text_disguised;

#define INVISIBLE_MIN 5 /* a stray one comes from copied text */

void check_text_disguised(const struct check_input *in, struct check_result *r)
{
	const struct policy_letter *l = in->letter;
	if (slice_is_ascii(l->text) && slice_is_ascii(l->subject))
		return;
	size_t invisible = confusable_invisible(l->text) + confusable_invisible(l->subject) * INVISIBLE_MIN;
	if (confusable_scripts(l->subject) == SCRIPTS_MIXED || confusable_scripts(l->text) == SCRIPTS_MIXED) {
		check_hit(r, REASON_mixed_scripts);
	} else if (invisible >= INVISIBLE_MIN) {
		check_hit(r, REASON_split_words);
		check_say_number(r, "count", (int64_t)invisible);
	}
}
