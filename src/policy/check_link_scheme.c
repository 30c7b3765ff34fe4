#include "base/ensure.h"
#include "policy/check.h"

check_fn check_link_scheme;

/* data: is usual for images, never for what one clicks. */
static bool is_dangerous(const struct policy_url *u)
{
	static const struct slice schemes[] = {
		SLICE_INIT("javascript"), SLICE_INIT("vbscript"), SLICE_INIT("data"), SLICE_INIT("file"), SLICE_INIT("blob"), SLICE_INIT("ms-msdt"),
		SLICE_INIT("search-ms"), SLICE_INIT("ms-officecmd"),
	};
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (slice_eq(u->scheme, schemes[i]))
			return u->kind != URL_IMAGE;
	return false;
}

void check_link_scheme(const struct check_input *in, struct check_result *r)
{
	for (size_t i = 0; i < in->letter->url_count; i++) {
		if (!is_dangerous(&in->letter->urls[i]))
			continue;
		check_hit(r, REASON_dangerous_scheme);
		check_say(r, "scheme", in->letter->urls[i].scheme);
		return;
	}
}
