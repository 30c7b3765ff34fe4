#include "policy/check.h"

check_fn check_client_unnamed;

void check_client_unnamed(const struct check_input *in, struct check_result *r)
{
	if (in->letter->ptr.n == 0)
		check_hit(r, REASON_no_reverse_name);
}
