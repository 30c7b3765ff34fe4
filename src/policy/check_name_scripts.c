#include "policy/check.h"
#include "policy/confusable.h"

check_fn check_name_scripts;

void check_name_scripts(const struct check_input *in, struct check_result *r)
{
	struct slice name = in->letter->from.name;
	size_t invisible = confusable_invisible(name);
	if (confusable_scripts(name) != SCRIPTS_PLAIN) {
		check_hit(r, REASON_mixed_scripts);
	} else if (invisible > 0) {
		check_hit(r, REASON_invisible);
		check_say_number(r, "count", (int64_t)invisible);
	}
}
