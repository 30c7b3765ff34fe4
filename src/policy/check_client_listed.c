#include "policy/check.h"

check_fn check_client_listed;

/* All zones are asked before any answer is looked at. */
void check_client_listed(const struct check_input *in, struct check_result *r)
{
	struct list_hit worst = {0};
	bool waits = false, failed = false;
	int points = 0;
	for (size_t i = 0; i < in->known->zone_count && i < LIST_ZONES_MAX; i++) {
		struct list_hit hit = list_address(&in->known->zones[i], in->letter->client, in->facts);
		waits = waits || hit.waits;
		failed = failed || hit.failed;
		points += hit.points;
		if (hit.zone != NULL && (worst.zone == NULL || hit.points > worst.points))
			worst = hit;
	}
	if (waits || (worst.zone == NULL && failed)) {
		r->state = waits ? CHECK_WAITS : CHECK_FAILED;
		return;
	}
	if (worst.zone == NULL)
		return;
	check_hit(r, REASON_listed);
	r->score = points < r->score ? points : r->score;
	check_say(r, "zone", worst.zone->name);
	check_say_number(r, "code", worst.code & 0xff);
}
