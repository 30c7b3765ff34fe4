#include "jmap/date.h"

#include "base/clock.h"
#include "base/error.h"

#define FIRST INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

void jmap_date_print(int64_t unix_seconds, struct buf *out)
{
	int64_t at = unix_seconds < FIRST ? FIRST : unix_seconds > LAST ? LAST : unix_seconds;
	struct calendar c = calendar_from_unix(at);

	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

/* `digits` of them and the character behind (0: none). */
static bool take(struct slice *s, size_t digits, uint8_t behind, int low, int high, int *ret)
{
	uint64_t value;

	if (s->n < digits + (behind != 0) || slice_to_u64(slice_sub(*s, 0, digits), &value) != 0 || (int64_t)value < low || (int64_t)value > high)
		return false;
	if (behind != 0 && s->p[digits] != behind)
		return false;
	*s = slice_from(*s, digits + (behind != 0));
	*ret = (int)value;
	return true;
}

static void skip_fraction(struct slice *s)
{
	size_t n = 1;

	if (s->n < 2 || s->p[0] != '.' || !ascii_is_digit(s->p[1]))
		return;
	while (n < s->n && ascii_is_digit(s->p[n]))
		n++;
	*s = slice_from(*s, n);
}

static bool take_zone(struct slice s, bool utc, int64_t *ret_offset)
{
	int hours, minutes, sign = s.n > 0 && s.p[0] == '-' ? -1 : 1;

	*ret_offset = 0;
	if (slice_eq(s, SLICE("Z")))
		return true;
	if (utc || s.n != 6 || (s.p[0] != '+' && s.p[0] != '-'))
		return false;
	s = slice_from(s, 1);
	if (!take(&s, 2, ':', 0, 23, &hours) || !take(&s, 2, 0, 0, 59, &minutes))
		return false;
	*ret_offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

int jmap_date_parse(struct slice s, bool utc, int64_t *ret)
{
	struct calendar c = {0};
	int64_t offset;

	if (!take(&s, 4, '-', 1, 9999, &c.year) || !take(&s, 2, '-', 1, 12, &c.month) || !take(&s, 2, 'T', 1, 31, &c.day)
	    || !take(&s, 2, ':', 0, 23, &c.hour) || !take(&s, 2, ':', 0, 59, &c.minute) || !take(&s, 2, 0, 0, 60, &c.second))
		return ERR_INVALID;
	skip_fraction(&s);
	if (!take_zone(s, utc, &offset))
		return ERR_INVALID;
	*ret = calendar_to_unix(&c) - offset;
	return 0;
}
