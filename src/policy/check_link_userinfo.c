#include "policy/check.h"

check_fn check_link_userinfo;

/* "http://bank.example@evil.example": nobody but deceivers writes a user into a link of the web. */
void check_link_userinfo(const struct check_input *in, struct check_result *r)
{
	for (size_t i = 0; i < in->letter->url_count; i++) {
		const struct policy_url *u = &in->letter->urls[i];
		if (!u->userinfo || (!slice_eq(u->scheme, SLICE("http")) && !slice_eq(u->scheme, SLICE("https"))))
			continue;
		check_hit(r, REASON_user_in_link);
		check_say(r, "host", u->host);
		return;
	}
}
