/*
 * Time is a value that the event loop hands out: engines and policies never ask the system, so tests set it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct moment {
	int64_t wall_ms; /* milliseconds since 1970-01-01 UTC; may jump */
	int64_t mono_ms; /* milliseconds of a clock that never goes back; for intervals and deadlines */
};

static inline int64_t moment_unix(struct moment now)
{
	return now.wall_ms / 1000;
}

#define SECONDS_MS(n) ((int64_t)(n) * 1000)
#define MINUTES_MS(n) ((int64_t)(n) * 60000)
#define HOURS_MS(n) ((int64_t)(n) * 3600000)

/* Proleptic Gregorian calendar, UTC. month 1..12, day 1..31. */
struct calendar {
	int year, month, day, hour, minute, second;
	int weekday; /* 0 Sunday */
};
struct calendar calendar_from_unix(int64_t seconds);
int64_t calendar_to_unix(const struct calendar *c); /* weekday ignored; fields are not checked */

#endif
