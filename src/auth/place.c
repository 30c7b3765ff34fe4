#include "auth/place.h"

#include <math.h>
#include <maxminddb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "net/address.h"

#define EARTH_KM 6371.0
#define RADIANS (3.14159265358979323846 / 180)

struct place_base { MMDB_s mmdb; };

struct place_base *place_base_open(const char *path, struct error *err)
{
	struct place_base *base = memory_alloc(sizeof *base);
	int rc = MMDB_open(path, MMDB_MODE_MMAP, &base->mmdb);
	if (rc == MMDB_SUCCESS)
		return base;
	error_set(err, ERR_INVALID, "%s: %s", path, MMDB_strerror(rc));
	MEMORY_FREE(&base);
	return NULL;
}

void place_base_close(struct place_base **base)
{
	if (*base == NULL)
		return;
	MMDB_close(&(*base)->mmdb);
	MEMORY_FREE(base);
}

/* A code of letters and digits from the row, in capitals; false: none, or not of this form. */
static bool code_of(MMDB_entry_s *entry, const char *const *path, size_t min, size_t max, char *ret)
{
	MMDB_entry_data_s data;
	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING
	    || data.data_size < min || data.data_size > max)
		return false;
	for (size_t i = 0; i < data.data_size; i++) {
		if (!ascii_is_alnum((uint8_t)data.utf8_string[i]))
			return false;
		ret[i] = (char)ascii_upper((uint8_t)data.utf8_string[i]);
	}
	ret[data.data_size] = '\0';
	return true;
}

static bool degrees_of(MMDB_entry_s *entry, const char *name, double max, double *ret)
{
	const char *const path[] = {"location", name, NULL};
	MMDB_entry_data_s data;
	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_DOUBLE)
		return false;
	*ret = data.double_value;
	return isfinite(*ret) && fabs(*ret) <= max;
}

static void read_entry(MMDB_entry_s *entry, struct place *ret)
{
	static const char *const country[] = {"country", "iso_code", NULL}, *const region[] = {"subdivisions", "0", "iso_code", NULL};
	char code[4];
	if (!code_of(entry, country, 2, 2, code))
		return;
	memcpy(ret->country, code, 3);
	if (code_of(entry, region, 1, 3, code))
		(void)snprintf(ret->region, sizeof ret->region, "%.2s-%s", ret->country, code);
	ret->located = degrees_of(entry, "latitude", 90, &ret->latitude) && degrees_of(entry, "longitude", 180, &ret->longitude);
}

bool place_find(const struct place_base *base, struct slice address, struct place *ret)
{
	struct sockaddr_storage parsed;
	int error = 0;
	*ret = (struct place){.country = PLACE_UNKNOWN};
	if (base == NULL || net_address_parse(address, 0, &parsed) == 0)
		return false;
	MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&base->mmdb, (const struct sockaddr *)&parsed, &error);
	if (error != MMDB_SUCCESS || !found.found_entry)
		return false;
	read_entry(&found.entry, ret);
	return ret->country[2] == '\0';
}

/* Haversine: exact enough near and far. */
double place_distance_km(const struct place *from, const struct place *to)
{
	double north = (to->latitude - from->latitude) * RADIANS, east = (to->longitude - from->longitude) * RADIANS;
	double h = sin(north / 2) * sin(north / 2) + cos(from->latitude * RADIANS) * cos(to->latitude * RADIANS) * sin(east / 2) * sin(east / 2);
	return 2 * EARTH_KM * asin(sqrt(h > 1 ? 1 : h));
}

bool place_too_far(const struct place *from, const struct place *to, int64_t seconds)
{
	if (!from->located || !to->located)
		return false;
	double km = place_distance_km(from, to), hours = (double)(seconds < 0 ? 0 : seconds) / 3600;
	return km > PLACE_NEAR_KM && km > hours * PLACE_SPEED_KM_H;
}

static bool are_letters(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alpha(s.p[i]))
			return false;
	return true;
}

bool place_country_valid(struct slice text)
{
	return slice_eq(text, SLICE(PLACE_UNKNOWN)) || (text.n == 2 && are_letters(text));
}

bool place_region_valid(struct slice text)
{
	if (text.n < 4 || text.n > 6 || text.p[2] != '-' || !are_letters(slice_sub(text, 0, 2)))
		return false;
	for (size_t i = 3; i < text.n; i++)
		if (!ascii_is_alnum(text.p[i]))
			return false;
	return true;
}
