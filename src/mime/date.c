#include <stddef.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/error.h"
#include "mime/date.h"
#include "mime/header.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekdays[] = "SunMonTueWedThuFriSat";

/* RFC 5322 4.3. Single letters and unknown names mean -0000. */
static const struct zone {
	char name[5];
	int hours;
} zones[] = {
	{"UT", 0}, {"GMT", 0}, {"UTC", 0}, {"EDT", -4}, {"EST", -5}, {"CDT", -5}, {"CST", -6}, {"MDT", -6}, {"MST", -7}, {"PDT", -7}, {"PST", -8},
};

/* A run of digits at the front; its length is in *ret_digits. False: no digit or more than `most`. */
static bool take_number(struct slice *s, unsigned most, int *ret, unsigned *ret_digits)
{
	int value = 0;
	unsigned n = 0;

	while (n < s->n && ascii_is_digit(s->p[n])) {
		if (n == most)
			return false;
		value = value * 10 + (s->p[n++] - '0');
	}
	*s = slice_from(*s, n);
	*ret = value;
	*ret_digits = n;
	return n > 0;
}

static struct slice take_letters(struct slice *s)
{
	struct slice word;
	size_t n = 0;

	while (n < s->n && ascii_is_alpha(s->p[n]))
		n++;
	word = slice_sub(*s, 0, n);
	*s = slice_from(*s, n);
	return word;
}

static bool take_byte(struct slice *s, uint8_t c)
{
	mime_skip_cfws(s);
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = slice_from(*s, 1);
	mime_skip_cfws(s);
	return true;
}

/* Index in a table of three-letter names, or -1; longer words match by their first three letters. */
static int name_index(struct slice word, const char *names, int count)
{
	for (int i = 0; i < count && word.n >= 3; i++)
		if (slice_eq_nocase(slice_sub(word, 0, 3), slice_make(names + 3 * i, 3)))
			return i;
	return -1;
}

static bool take_day_and_month(struct slice *s, struct calendar *c)
{
	unsigned digits;

	if (!take_number(s, 2, &c->day, &digits))
		return false;
	take_byte(s, '-');
	mime_skip_cfws(s);
	c->month = name_index(take_letters(s), months, 12) + 1;
	take_byte(s, '-');
	mime_skip_cfws(s);
	return c->month > 0 && c->day >= 1 && c->day <= 31;
}

static bool take_year(struct slice *s, struct calendar *c)
{
	unsigned digits;

	if (!take_number(s, 4, &c->year, &digits))
		return false;
	/* RFC 5322 4.3 */
	if (digits == 2)
		c->year += c->year < 50 ? 2000 : 1900;
	else if (digits == 3)
		c->year += 1900;
	mime_skip_cfws(s);
	return digits >= 2 && c->year >= 1;
}

static bool take_time(struct slice *s, struct calendar *c)
{
	unsigned digits;

	if (s->n == 0 || !ascii_is_digit(s->p[0]))
		return true;
	if (!take_number(s, 2, &c->hour, &digits))
		return false;
	/* "10.20.30" occurs */
	if (!take_byte(s, ':') && !take_byte(s, '.'))
		return false;
	if (!take_number(s, 2, &c->minute, &digits))
		return false;
	if ((take_byte(s, ':') || take_byte(s, '.')) && !take_number(s, 2, &c->second, &digits))
		return false;
	mime_skip_cfws(s);
	return c->hour < 24 && c->minute < 60 && c->second <= 60;
}

static int named_zone(struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(zones); i++)
		if (slice_eq_nocase(word, slice_str(zones[i].name)))
			return zones[i].hours * 3600;
	return 0;
}

static int take_zone(struct slice *s)
{
	int sign, value;
	unsigned digits;

	if (s->n == 0)
		return 0;
	if (s->p[0] != '+' && s->p[0] != '-')
		return named_zone(take_letters(s));
	sign = s->p[0] == '-' ? -1 : 1;
	*s = slice_from(*s, 1);
	if (!take_number(s, 4, &value, &digits))
		return 0;
	if (digits <= 2)
		value *= 100;
	if (value % 100 >= 60 || value / 100 > 23)
		return 0;
	return sign * (value / 100 * 3600 + value % 100 * 60);
}

int mime_date_parse_zone(struct slice value, int64_t *ret_unix, int *ret_zone_seconds)
{
	struct calendar c = {0};
	struct slice s = slice_sub(value, 0, 1000);
	int zone;

	mime_skip_cfws(&s);
	take_letters(&s); /* the day of the week says nothing */
	take_byte(&s, '.');
	take_byte(&s, ',');
	mime_skip_cfws(&s);
	if (!take_day_and_month(&s, &c) || !take_year(&s, &c) || !take_time(&s, &c))
		return ERR_INVALID;
	zone = take_zone(&s);
	*ret_unix = calendar_to_unix(&c) - zone;
	*ret_zone_seconds = zone;
	return 0;
}

int mime_date_parse(struct slice value, int64_t *ret_unix)
{
	int zone;

	return mime_date_parse_zone(value, ret_unix, &zone);
}

void mime_date_format(int64_t unix_seconds, struct buf *out)
{
	struct calendar c = calendar_from_unix(unix_seconds);

	buf_printf(out, "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000", weekdays + 3 * c.weekday, c.day, months + 3 * (c.month - 1), c.year,
	           c.hour, c.minute, c.second);
}
