#include "imap/parser.h"

#include "base/clock.h"
#include "base/ensure.h"

static bool parse_digits(struct imap_parser *p, size_t min, size_t max, int *ret)
{
	size_t n = 0;
	int value = 0;

	while (n < max && n < p->in.n && ascii_is_digit(p->in.p[n]))
		value = value * 10 + (p->in.p[n++] - '0');
	if (n < min)
		return imap_parse_fail(p, "Bad date");
	p->in = slice_from(p->in, n);
	*ret = value;
	return true;
}

static bool parse_month(struct imap_parser *p, int *ret)
{
	static const struct slice months[] = {
		SLICE_INIT("Jan"), SLICE_INIT("Feb"), SLICE_INIT("Mar"), SLICE_INIT("Apr"), SLICE_INIT("May"), SLICE_INIT("Jun"),
		SLICE_INIT("Jul"), SLICE_INIT("Aug"), SLICE_INIT("Sep"), SLICE_INIT("Oct"), SLICE_INIT("Nov"), SLICE_INIT("Dec"),
	};

	for (size_t i = 0; i < ARRAY_LEN(months); i++) {
		if (slice_starts_nocase(p->in, months[i])) {
			p->in = slice_from(p->in, 3);
			*ret = (int)i + 1;
			return true;
		}
	}
	return imap_parse_fail(p, "Bad month");
}

/* day "-" month "-" year; refuses days that the month does not have. */
static bool parse_day_month_year(struct imap_parser *p, size_t day_min, struct calendar *c)
{
	if (!parse_digits(p, day_min, 2, &c->day) || !imap_parse_char(p, '-') || !parse_month(p, &c->month) || !imap_parse_char(p, '-') ||
	    !parse_digits(p, 4, 4, &c->year))
		return false;
	struct calendar back = calendar_from_unix(calendar_to_unix(c));
	if (back.day != c->day || back.month != c->month)
		return imap_parse_fail(p, "No such day");
	return true;
}

bool imap_parse_date(struct imap_parser *p, int64_t *ret_day)
{
	struct calendar c = {0};
	bool quoted = imap_take(p, '"');

	if (!parse_day_month_year(p, 1, &c) || (quoted && !imap_parse_char(p, '"')))
		return false;
	int64_t seconds = calendar_to_unix(&c);
	*ret_day = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
	return true;
}

static bool parse_zone(struct imap_parser *p, int64_t *ret_seconds)
{
	int zone;
	bool negative = imap_take(p, '-');

	if (!negative && !imap_parse_char(p, '+'))
		return false;
	if (!parse_digits(p, 4, 4, &zone) || zone % 100 > 59 || zone / 100 > 14)
		return imap_parse_fail(p, "Bad time zone");
	int64_t seconds = zone / 100 * 3600 + zone % 100 * 60;
	*ret_seconds = negative ? -seconds : seconds;
	return true;
}

/* RFC 9051 9 date-time: DQUOTE date-day-fixed "-" month "-" year SP time SP zone DQUOTE */
bool imap_parse_date_time(struct imap_parser *p, int64_t *ret_unix)
{
	struct calendar c = {0};
	int64_t zone;

	if (!imap_parse_char(p, '"'))
		return false;
	imap_take(p, ' '); /* date-day-fixed is padded; one digit without padding is common */
	if (!parse_day_month_year(p, 1, &c) || !imap_parse_space(p) || !parse_digits(p, 2, 2, &c.hour) ||
	    !imap_parse_char(p, ':') || !parse_digits(p, 2, 2, &c.minute) || !imap_parse_char(p, ':') || !parse_digits(p, 2, 2, &c.second) ||
	    !imap_parse_space(p) || !parse_zone(p, &zone) || !imap_parse_char(p, '"'))
		return false;
	if (c.hour > 23 || c.minute > 59 || c.second > 60)
		return imap_parse_fail(p, "No such time");
	*ret_unix = calendar_to_unix(&c) - zone;
	return true;
}
