#include "policy/check.h"
#include "policy/host.h"

check_fn check_link_mismatch;

/*
 * Newsletters count clicks: their links lead to a host of who sends. That is told apart by less points, for it is a mismatch all the same.
 */
static int percent_of(const struct policy_letter *l, struct slice shown, struct slice host)
{
	bool of_sender = slice_eq(host_registered(shown), host_registered(l->from.domain));
	bool proven = l->trust.given && (l->trust.dmarc == LETTER_PASS || slice_eq(host_registered(l->trust.dkim_domain), host_registered(host)));
	return of_sender && proven ? 10 : 100;
}

void check_link_mismatch(const struct check_input *in, struct check_result *r)
{
	int full = r->score, worst = 0;
	for (size_t i = 0; i < in->letter->url_count; i++) {
		const struct policy_url *u = &in->letter->urls[i];
		if (u->kind != URL_ANCHOR || u->host.n == 0)
			continue;
		struct slice shown = policy_url_shown_host(u->text, in->facts->arena);
		if (shown.n == 0 || slice_eq(host_registered(shown), host_registered(u->host)))
			continue;
		int score = full * percent_of(in->letter, shown, u->host) / 100;
		if (score <= worst)
			continue;
		worst = score;
		check_hit(r, REASON_shows_other_host);
		r->argument_count = 0;
		r->score = score;
		check_say(r, "shown", shown);
		check_say(r, "host", u->host);
	}
}
