/*
 * Where an address is, by a database that the operator supplies (MaxMind DB format 2.0: country, subdivision, location), and whether somebody
 * can have come from one place to another in the time between. None is shipped; without one every place is unknown.
 */
#ifndef AUTH_PLACE_H
#define AUTH_PLACE_H

#include "base/error.h"
#include "base/slice.h"

#define PLACE_UNKNOWN "unknown"
#define PLACE_SPEED_KM_H 1000 /* faster than any airliner, from door to door */
#define PLACE_NEAR_KM 500     /* databases err by as much, so less is no travel */

struct place {
	char country[8]; /* ISO 3166-1 alpha-2, or PLACE_UNKNOWN */
	char region[8];  /* ISO 3166-2, "DE-BE"; empty: not known */
	bool located;
	double latitude, longitude; /* degrees, when located */
};

struct place_base;
/*
 * Opens and maps the file; before the jail closes. It must be replaced by rename, never written in place. NULL: err says why (missing, not
 * of this format).
 */
struct place_base *place_base_open(const char *path, struct error *err);
void place_base_close(struct place_base **base);
/* Fills *ret; false: the address is malformed, private or in no row, then country is PLACE_UNKNOWN. base may be NULL. */
bool place_find(const struct place_base *base, struct slice address, struct place *ret);

/* Along the great circle. Both must be located. */
double place_distance_km(const struct place *from, const struct place *to);
/* Further than PLACE_NEAR_KM and faster than PLACE_SPEED_KM_H. False when one of them is not located. */
bool place_too_far(const struct place *from, const struct place *to, int64_t seconds);

/* "DE" or "unknown"; "DE-BE". In any case. */
bool place_country_valid(struct slice text);
bool place_region_valid(struct slice text);

#endif
