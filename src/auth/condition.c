#include "auth/condition.h"

#include <stdio.h>
#include <string.h>

#include <unicode/ucal.h>

#include "auth/place.h"
#include "base/clock.h"
#include "net/prefix.h"

#define ZONE_MAX 64
#define MINUTES_OF_DAY 1440

static const char *const action_names[CONDITION_ACTION_COUNT] = {"allow", "step_up", "read_only", "deny"};
static const char *const risk_names[RISK_COUNT] = {"new_address", "new_device", "failed_tries", "spraying", "off_hours", "unusual_hour", "new_place",
	"impossible_travel"};
static const char *const day_names[7] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

const char *condition_action_name(enum condition_action action)
{
	return action_names[action];
}

const char *condition_risk_name(unsigned bit)
{
	return risk_names[bit];
}

static struct slice text_of(const json_t *v)
{
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

static int index_in(const char *const *names, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(name, slice_str(names[i])))
			return (int)i;
	return -1;
}

/* ---- times ---- */

/* "hh:mm" in minutes; negative: malformed. */
static int minutes_of(struct slice text)
{
	uint32_t hours, minutes;
	if (text.n != 5 || text.p[2] != ':' || slice_to_u32(slice_sub(text, 0, 2), &hours) != 0 || slice_to_u32(slice_from(text, 3), &minutes) != 0)
		return -1;
	return hours < 24 && minutes < 60 ? (int)(hours * 60 + minutes) : hours == 24 && minutes == 0 ? MINUTES_OF_DAY : -1;
}

/* The zone's name as ICU wants it; false when it is too long or has other letters. */
static bool zone_text(struct slice zone, UChar ret[ZONE_MAX])
{
	if (zone.n == 0 || zone.n >= ZONE_MAX)
		return false;
	for (size_t i = 0; i < zone.n; i++) {
		if (!ascii_is_alnum(zone.p[i]) && memchr("/_+-", zone.p[i], 4) == NULL)
			return false;
		ret[i] = zone.p[i];
	}
	ret[zone.n] = 0;
	return true;
}

static bool zone_known(struct slice zone)
{
	UChar id[ZONE_MAX], canonical[ZONE_MAX];
	UErrorCode status = U_ZERO_ERROR;
	UBool system = false;
	return zone_text(zone, id) && ucal_getCanonicalTimeZoneID(id, -1, canonical, ZONE_MAX, &system, &status) > 0 && U_SUCCESS(status);
}

/* Seconds east of Greenwich. */
static int64_t offset_of(struct slice zone, int64_t now)
{
	UChar id[ZONE_MAX];
	UErrorCode status = U_ZERO_ERROR;
	if (zone.n == 0 || !zone_text(zone, id))
		return 0;
	UCalendar *c = ucal_open(id, -1, "en", UCAL_GREGORIAN, &status);
	ucal_setMillis(c, (double)now * 1000, &status);
	int64_t ms = (int64_t)ucal_get(c, UCAL_ZONE_OFFSET, &status) + ucal_get(c, UCAL_DST_OFFSET, &status);
	if (c != NULL)
		ucal_close(c);
	return U_SUCCESS(status) ? ms / 1000 : 0;
}

static bool list_has(const json_t *list, struct slice name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (slice_eq_nocase(text_of(json_array_get(list, i)), name))
			return true;
	return false;
}

/* days, from, to and zone of an object. What goes over midnight belongs to the day on which it began. */
static bool time_fits(const json_t *o, int64_t now)
{
	const json_t *days = json_object_get(o, "days"), *from = json_object_get(o, "from"), *to = json_object_get(o, "to");
	if (days == NULL && from == NULL && to == NULL)
		return true;
	struct calendar c = calendar_from_unix(now + offset_of(text_of(json_object_get(o, "zone")), now));
	int minute = c.hour * 60 + c.minute, first = from != NULL ? minutes_of(text_of(from)) : 0, last = to != NULL ? minutes_of(text_of(to)) : MINUTES_OF_DAY;
	int day = c.weekday;
	bool over = last <= first;
	if (over && minute < last)
		day = (day + 6) % 7;
	bool hours = over ? minute >= first || minute < last : minute >= first && minute < last;
	return hours && (days == NULL || list_has(days, slice_str(day_names[day])));
}

bool condition_off_hours(const json_t *policy, int64_t now)
{
	const json_t *hours = json_object_get(policy, "hours");
	return hours != NULL && !time_fits(hours, now);
}

/* ---- evaluation ---- */

static bool in_networks(const json_t *list, struct slice address)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (net_prefix_holds(text_of(json_array_get(list, i)), address))
			return true;
	return false;
}

static bool any_of(const json_t *list, bool (*test)(void *arg, struct slice name), void *arg)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (test(arg, text_of(json_array_get(list, i))))
			return true;
	return false;
}

static bool fits_roles(const json_t *v, const struct condition_facts *f) { return any_of(v, f->has_role, f->arg); }
static bool fits_groups(const json_t *v, const struct condition_facts *f) { return any_of(v, f->in_group, f->arg); }
static bool fits_devices(const json_t *v, const struct condition_facts *f) { return list_has(v, slice_str(device_state_name(f->device))); }
static bool fits_protocols(const json_t *v, const struct condition_facts *f) { return list_has(v, slice_str(access_protocol_name(f->protocol))); }
static bool fits_networks(const json_t *v, const struct condition_facts *f) { return in_networks(v, f->address); }
static bool fits_outside(const json_t *v, const struct condition_facts *f) { return !in_networks(v, f->address); }
static bool fits_countries(const json_t *v, const struct condition_facts *f) { return list_has(v, f->country); }
static bool fits_outside_countries(const json_t *v, const struct condition_facts *f) { return !list_has(v, f->country); }
static bool fits_regions(const json_t *v, const struct condition_facts *f) { return f->region.n > 0 && list_has(v, f->region); }
static bool fits_second(const json_t *v, const struct condition_facts *f) { return json_is_true(v) == f->second_factor; }

static bool fits_risk(const json_t *v, const struct condition_facts *f)
{
	for (unsigned i = 0; i < RISK_COUNT; i++)
		if ((f->risk >> i & 1) != 0 && list_has(v, slice_str(risk_names[i])))
			return true;
	return false;
}

/* ---- checks of new rules ---- */

static bool is_name(struct slice s) { return s.n > 0 && s.n <= DIRECTORY_NAME_MAX; }
static bool is_device(struct slice s) { enum device_state state; return device_state_parse(s, &state); }
static bool is_protocol(struct slice s) { unsigned protocol; return access_protocol_parse(s, &protocol); }
static bool is_risk(struct slice s) { return index_in(risk_names, RISK_COUNT, s) >= 0; }
static bool is_day(struct slice s) { return index_in(day_names, 7, s) >= 0; }
static bool is_minute(struct slice s) { return minutes_of(s) >= 0; }

static const struct member {
	const char *name;
	enum { LIST, TEXT, FLAG } form;
	bool (*valid)(struct slice value);
	bool (*fits)(const json_t *value, const struct condition_facts *facts); /* NULL: part of the time */
} members[] = {
	{"roles", LIST, is_name, fits_roles},
	{"groups", LIST, is_name, fits_groups},
	{"devices", LIST, is_device, fits_devices},
	{"protocols", LIST, is_protocol, fits_protocols},
	{"networks", LIST, net_prefix_valid, fits_networks},
	{"outside", LIST, net_prefix_valid, fits_outside},
	{"countries", LIST, place_country_valid, fits_countries},
	{"outside_countries", LIST, place_country_valid, fits_outside_countries},
	{"regions", LIST, place_region_valid, fits_regions},
	{"risk", LIST, is_risk, fits_risk},
	{"second_factor", FLAG, NULL, fits_second},
	{"days", LIST, is_day, NULL},
	{"from", TEXT, is_minute, NULL},
	{"to", TEXT, is_minute, NULL},
	{"zone", TEXT, zone_known, NULL},
};

static const struct member *member_find(const char *name)
{
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static bool rule_fits(const json_t *conditions, const struct condition_facts *facts)
{
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const json_t *value = json_object_get(conditions, members[i].name);
		if (value != NULL && members[i].fits != NULL && !members[i].fits(value, facts))
			return false;
	}
	return time_fits(conditions, facts->now);
}

enum condition_action condition_evaluate(const json_t *policy, const struct condition_facts *facts, struct slice *ret_name)
{
	const json_t *rules = json_object_get(policy, "rules");
	*ret_name = SLICE_NONE;
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		if (!rule_fits(json_object_get(rule, "if"), facts))
			continue;
		*ret_name = text_of(json_object_get(rule, "name"));
		int action = index_in(action_names, CONDITION_ACTION_COUNT, text_of(json_object_get(rule, "then")));
		return action < 0 ? CONDITION_DENY : (enum condition_action)action;
	}
	return CONDITION_ALLOW;
}

bool condition_needs_places(const json_t *policy)
{
	const json_t *rules = json_object_get(policy, "rules");
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *o = json_object_get(json_array_get(rules, i), "if"), *risk = json_object_get(o, "risk");
		if (json_object_get(o, "countries") != NULL || json_object_get(o, "outside_countries") != NULL || json_object_get(o, "regions") != NULL
		    || list_has(risk, SLICE("new_place")) || list_has(risk, SLICE("impossible_travel")))
			return true;
	}
	return false;
}

static bool value_right(const struct member *m, const json_t *value)
{
	if (m->form == FLAG)
		return json_is_boolean(value);
	if (m->form == TEXT)
		return m->valid(text_of(value));
	if (!json_is_array(value) || json_array_size(value) == 0 || json_array_size(value) > CONDITION_LIST_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!json_is_string(json_array_get(value, i)) || !m->valid(text_of(json_array_get(value, i))))
			return false;
	return true;
}

/* time_only: the members of "hours". */
static int check_members(const json_t *o, const char *where, bool time_only, struct error *err)
{
	const char *name;
	const json_t *value;
	json_object_foreach((json_t *)o, name, value) {
		const struct member *m = member_find(name);
		if (m == NULL || (time_only && m->fits != NULL))
			return error_set(err, ERR_INVALID, "%s: unknown member \"%.40s\"", where, name);
		if (!value_right(m, value))
			return error_set(err, ERR_INVALID, "%s: %s is not right", where, name);
	}
	return 0;
}

static int check_rule(const json_t *rule, size_t number, struct error *err)
{
	char where[32];
	const char *name;
	const json_t *value, *conditions = json_object_get(rule, "if");
	struct slice title = text_of(json_object_get(rule, "name"));
	(void)snprintf(where, sizeof where, "rule %zu", number + 1);
	json_object_foreach((json_t *)rule, name, value)
		if (strcmp(name, "name") != 0 && strcmp(name, "if") != 0 && strcmp(name, "then") != 0)
			return error_set(err, ERR_INVALID, "%s: unknown member \"%.40s\"", where, name);
	if (title.n == 0 || title.n > CONDITION_NAME_MAX)
		return error_set(err, ERR_INVALID, "%s: a rule has a name of at most %d bytes", where, CONDITION_NAME_MAX);
	if (index_in(action_names, CONDITION_ACTION_COUNT, text_of(json_object_get(rule, "then"))) < 0)
		return error_set(err, ERR_INVALID, "%s: \"then\" is allow, step_up, read_only or deny", where);
	if (!json_is_object(conditions))
		return error_set(err, ERR_INVALID, "%s: \"if\" is an object", where);
	return check_members(conditions, where, false, err);
}

int condition_check(const json_t *policy, struct error *err)
{
	const char *name;
	const json_t *value, *rules = json_object_get(policy, "rules"), *hours = json_object_get(policy, "hours");
	int rc = 0;
	json_object_foreach((json_t *)policy, name, value)
		if (strcmp(name, "rules") != 0 && strcmp(name, "hours") != 0)
			return error_set(err, ERR_INVALID, "unknown member \"%.40s\"", name);
	if (!json_is_object(policy) || !json_is_array(rules) || json_array_size(rules) > CONDITION_RULES_MAX)
		return error_set(err, ERR_INVALID, "\"rules\" is a list of at most %d rules", CONDITION_RULES_MAX);
	for (size_t i = 0; rc == 0 && i < json_array_size(rules); i++)
		rc = check_rule(json_array_get(rules, i), i, err);
	if (rc == 0 && hours != NULL)
		rc = json_is_object(hours) ? check_members(hours, "hours", true, err) : error_set(err, ERR_INVALID, "\"hours\" is an object");
	return rc;
}
