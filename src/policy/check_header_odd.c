#include "mime/date.h"
#include "mime/header.h"
#include "policy/check.h"

check_fn check_header_odd;

#define DAY_S 86400
#define FUTURE_HOURS 24
#define OLD_DAYS 30

static void date_look(const struct check_input *in, struct check_result *r)
{
	int64_t sent;
	if (!in->letter->envelope->has_date || mime_date_parse(in->letter->envelope->date, &sent) < 0) {
		check_hit(r, REASON_date_missing);
		return;
	}
	int64_t ahead = sent - in->facts->now_s;
	if (ahead > FUTURE_HOURS * 3600) {
		check_hit(r, REASON_date_future);
		check_say_number(r, "hours", ahead / 3600);
	} else if (-ahead > (int64_t)OLD_DAYS * DAY_S) {
		check_hit(r, REASON_date_old);
		r->score /= 2;
		check_say_number(r, "days", -ahead / DAY_S);
	}
}

/* The worst that is found; what RFC 5322 3.6 forbids outright comes first. */
void check_header_odd(const struct check_input *in, struct check_result *r)
{
	const struct policy_letter *l = in->letter;
	if (l->from.spec.n == 0 || l->from.domain.n == 0) {
		check_hit(r, REASON_from_missing);
		r->score *= 2;
	} else if (l->from_fields > 1) {
		check_hit(r, REASON_from_doubled);
		r->score *= 3;
	} else if (l->from_count > 1 && l->sender.spec.n == 0) {
		check_hit(r, REASON_from_many);
	} else if (!l->envelope->has_message_id || l->envelope->message_id.n == 0) {
		check_hit(r, REASON_id_missing);
		r->score = r->score * 2 / 3;
	} else {
		date_look(in, r);
	}
}
