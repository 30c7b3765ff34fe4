/* Signs that a sign-in may not be its owner's: networks, places, travel, hours; each against what the account did before. */
#include <string.h>

#include "auth/access_private.h"
#include "auth/directory_sql.h"

#define DAY_S INT64_C(86400)
#define HOUR_S 3600
#define HOUR_BASE_DAYS 10   /* with fewer days of history every hour is usual */
#define NETWORKS_LOOKED 200 /* newest networks of an account that tell its countries */
#define SIGNINS_LOOKED 20   /* newest sign-ins that tell where it was last */

void access_places(struct access *a, const struct place_base *places)
{
	a->places = places;
}

bool access_has_places(const struct access *a)
{
	return a->places != NULL;
}

/* ---- hours ---- */

/* The hours of the days since `since`, all together; returns how many days before today there are. */
static int hours_of(struct directory *d, const uint8_t account[16], int64_t since, int64_t today, uint32_t *ret_hours)
{
	sqlite3_stmt *s = sql_query(d, Q_DAY_LIST);
	int rc, days = 0;
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, since);
	*ret_hours = 0;
	while ((rc = sql_step(s)) == 1) {
		days += sqlite3_column_int64(s, 0) < today;
		*ret_hours |= (uint32_t)sqlite3_column_int64(s, 1);
	}
	sql_done(s);
	return rc < 0 ? rc : days;
}

/* Neighbours count: nobody comes to the minute, and summer time moves everybody by one. */
static int is_unusual_hour(struct access *a, const uint8_t account[16], int64_t now)
{
	uint32_t hours;
	unsigned hour = (unsigned)(now % DAY_S / HOUR_S);
	uint32_t near = 1u << hour | 1u << (hour + 1) % 24 | 1u << (hour + 23) % 24;
	int days = hours_of(a->directory, account, now / DAY_S - SIGNIN_DAYS, now / DAY_S, &hours);
	return days < 0 ? days : days >= HOUR_BASE_DAYS && (hours & near) == 0;
}

/* ---- places ---- */

/* Was the account in this country before? 1, 0, or 1 when nothing is known of its places. */
static int country_known(struct access *a, const uint8_t account[16], const struct place *here)
{
	struct arena arena = ARENA_INIT;
	sqlite3_stmt *s = sql_query(a->directory, Q_PLACE_LIST);
	bool any = false, known = false;
	int rc;
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, NETWORKS_LOOKED);
	while ((rc = sql_step(s)) == 1) {
		struct slice network = sql_get(s, 0, &arena);
		ptrdiff_t slash = slice_find(network, '/');
		struct place there;
		if (slash < 0 || !place_find(a->places, slice_sub(network, 0, (size_t)slash), &there))
			continue;
		any = true;
		known = known || strcmp(there.country, here->country) == 0;
	}
	sql_done(s);
	arena_free(&arena);
	return rc < 0 ? rc : known || !any;
}

/* Notes that are not written yet are the newest. */
static bool last_noted(const struct access *a, const uint8_t account[16], struct place *ret, int64_t *ret_time)
{
	for (size_t i = a->note_count; i-- > 0;)
		if (memcmp(a->notes[i].account, account, 16) == 0 && a->notes[i].outcome == SIGNIN_OK
		    && place_find(a->places, a->notes[i].address, ret) && ret->located) {
			*ret_time = a->notes[i].time;
			return true;
		}
	return false;
}

/* Where the account was last, as far as it can be located. 0, ERR_NOT_FOUND, ERR_IO. */
static int last_place(struct access *a, const uint8_t account[16], struct place *ret, int64_t *ret_time)
{
	struct arena arena = ARENA_INIT;
	struct signin *list = arena_alloc_array(&arena, SIGNINS_LOOKED, sizeof *list);
	bool found = last_noted(a, account, ret, ret_time);
	int count = found ? 0 : directory_signin_list(a->directory, account, 0, UINT64_MAX, &arena, list, SIGNINS_LOOKED);
	for (int i = 0; i < count && !found; i++) {
		found = list[i].outcome == SIGNIN_OK && place_find(a->places, list[i].address, ret) && ret->located;
		*ret_time = list[i].time;
	}
	arena_free(&arena);
	return count < 0 ? count : found ? 0 : ERR_NOT_FOUND;
}

static int place_risk(struct access *a, const uint8_t account[16], struct slice address, unsigned *risk)
{
	struct place here, before;
	int64_t when;
	if (!place_find(a->places, address, &here))
		return 0;
	int known = country_known(a, account, &here);
	if (known == 0)
		*risk |= RISK_NEW_PLACE;
	int rc = known < 0 ? known : last_place(a, account, &before, &when);
	if (rc == 0 && place_too_far(&before, &here, access_now(a) - when))
		*risk |= RISK_TRAVEL;
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int access_signals(struct access *a, const struct access_request *r, const json_t *conditions, unsigned *risk)
{
	char text[64];
	const uint8_t *account = r->account->id;
	struct slice network = directory_place_of(r->address, text);
	int known = network.n > 0 ? directory_place_known(a->directory, account, network) : 1, rc = known < 0 ? known : 0;
	if (known == 0) {
		*risk |= RISK_NEW_ADDRESS;
		/* A network of its own is no news, wherever the database says it is. */
		rc = place_risk(a, account, r->address, risk);
	}
	if (condition_off_hours(conditions, access_now(a)))
		*risk |= RISK_OFF_HOURS;
	*risk |= access_tries_risk(a, r->account->address, network);
	int unusual = rc == 0 ? is_unusual_hour(a, account, access_now(a)) : rc;
	if (unusual > 0)
		*risk |= RISK_UNUSUAL_HOUR;
	return unusual < 0 ? unusual : 0;
}
