/* RFC 9773: when an authority wants a certificate to be renewed. */
#include "acme/acme.h"

#include <jansson.h>

#include "base/ensure.h"
#include "base/error.h"

static bool digits(struct slice s, size_t at, size_t count, int64_t *ret)
{
	*ret = 0;
	for (size_t i = at; i < at + count; i++) {
		if (i >= s.n || !ascii_is_digit(s.p[i]))
			return false;
		*ret = *ret * 10 + (s.p[i] - '0');
	}
	return true;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	static const int64_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	int64_t y = year - 1;
	return y * 365 + y / 4 - y / 100 + y / 400 - 719162 + before[month - 1] + (leap && month > 2) + day - 1;
}

/* "+02:00", "Z"; the seconds that it is ahead. */
static bool zone_of(struct slice s, int64_t *ret)
{
	int64_t hours, minutes;
	*ret = 0;
	if (slice_eq(s, SLICE("Z")) || slice_eq(s, SLICE("z")))
		return true;
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' || !digits(s, 1, 2, &hours) || !digits(s, 4, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret = (hours * 60 + minutes) * 60 * (s.p[0] == '-' ? -1 : 1);
	return true;
}

/* RFC 3339 5.6; a fraction of a second is passed over. */
bool acme_time_parse(struct slice s, int64_t *ret)
{
	int64_t year, month, day, hour, minute, second, zone;
	size_t at = 19;
	if (s.n < 20 || s.n > 40 || s.p[4] != '-' || s.p[7] != '-' || ascii_lower(s.p[10]) != 't' || s.p[13] != ':' || s.p[16] != ':'
	    || !digits(s, 0, 4, &year) || !digits(s, 5, 2, &month) || !digits(s, 8, 2, &day) || !digits(s, 11, 2, &hour) || !digits(s, 14, 2, &minute)
	    || !digits(s, 17, 2, &second) || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	if (s.p[at] == '.')
		for (at++; at < s.n && ascii_is_digit(s.p[at]); at++)
			;
	if (!zone_of(slice_from(s, at), &zone))
		return false;
	*ret = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - zone;
	return true;
}

static bool time_of(const json_t *window, const char *name, int64_t *ret)
{
	const json_t *value = json_object_get(window, name);
	return json_is_string(value) && acme_time_parse(slice_make(json_string_value(value), json_string_length(value)), ret);
}

int acme_renewal_parse(struct slice fields, struct slice body, struct acme_renewal *ret)
{
	json_t *answer = body.n <= ACME_ANSWER_MAX ? json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const json_t *window = json_object_get(answer, "suggestedWindow");
	/* 4.2: an end that is not behind the start is no window. */
	bool good = time_of(window, "start", &ret->start) && time_of(window, "end", &ret->end) && ret->end > ret->start;
	int64_t after = acme_retry_after(fields);
	json_decref(answer);
	ret->again_s = after < ACME_RENEWAL_MIN_S ? (after == 0 ? ACME_RENEWAL_S : ACME_RENEWAL_MIN_S) : after;
	return good ? 0 : ERR_INVALID;
}

bool acme_renewal_address(struct slice directory, struct slice id, struct buf *out)
{
	json_t *answer = directory.n <= ACME_ANSWER_MAX ? json_loadb((const char *)directory.p, directory.n, 0, NULL) : NULL;
	const json_t *value = json_object_get(answer, "renewalInfo");
	struct slice base = json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value)) : SLICE_NONE;
	bool good = slice_starts(base, SLICE("https://")) && base.n + id.n < ACME_URL_MAX;
	if (good) {
		buf_append(out, base);
		if (base.p[base.n - 1] != '/')
			buf_append_byte(out, '/');
		buf_append(out, id);
	}
	json_decref(answer);
	return good && !out->failed;
}
