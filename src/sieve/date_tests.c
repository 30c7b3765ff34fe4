/* date and currentdate (RFC 5260 4, 5). */
#include "base/clock.h"
#include "base/ensure.h"
#include "mime/date.h"
#include "sieve/machine.h"

#define JULIAN_OF_1970 40587 /* modified Julian day of 1970-01-01 */

struct moment_in_zone { struct calendar c; int64_t unix_s; int zone_s; };
static const struct sieve_tag tags_zone_date[] = {
	{"zone", SLOT_ZONE, 's', SIEVE_DATE, 0}, {"originalzone", SLOT_ZONE, 0, SIEVE_DATE, 1}, {.name = NULL},
};
const struct sieve_tag sieve_tags_zone[] = {{"zone", SLOT_ZONE, 's', SIEVE_DATE, 0}, {.name = NULL}};

static struct slice zone_text(struct arena *arena, int zone_s, const char *separator)
{
	int minutes = (zone_s < 0 ? -zone_s : zone_s) / 60;
	return arena_printf(arena, "%c%02d%s%02d", zone_s < 0 ? '-' : '+', minutes / 60, separator, minutes % 60);
}

static struct slice part_iso8601(struct arena *a, const struct moment_in_zone *t)
{
	return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d%.*s", t->c.year, t->c.month, t->c.day, t->c.hour, t->c.minute, t->c.second,
	                    SLICE_ARG(zone_text(a, t->zone_s, ":")));
}

static struct slice part_std11(struct arena *a, const struct moment_in_zone *t)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	return arena_printf(a, "%s, %02d %s %04d %02d:%02d:%02d %.*s", days[t->c.weekday], t->c.day, months[t->c.month - 1], t->c.year, t->c.hour,
	                    t->c.minute, t->c.second, SLICE_ARG(zone_text(a, t->zone_s, "")));
}

static struct slice part_julian(struct arena *a, const struct moment_in_zone *t)
{
	int64_t local = t->unix_s + t->zone_s, days = local / 86400 - (local % 86400 < 0);
	return arena_printf(a, "%lld", (long long)days + JULIAN_OF_1970);
}

static struct slice part_year(struct arena *a, const struct moment_in_zone *t) { return arena_printf(a, "%04d", t->c.year); }
static struct slice part_month(struct arena *a, const struct moment_in_zone *t) { return arena_printf(a, "%02d", t->c.month); }
static struct slice part_day(struct arena *a, const struct moment_in_zone *t) { return arena_printf(a, "%02d", t->c.day); }
static struct slice part_hour(struct arena *a, const struct moment_in_zone *t) { return arena_printf(a, "%02d", t->c.hour); }
static struct slice part_minute(struct arena *a, const struct moment_in_zone *t) { return arena_printf(a, "%02d", t->c.minute); }
static struct slice part_second(struct arena *a, const struct moment_in_zone *t) { return arena_printf(a, "%02d", t->c.second); }
static struct slice part_weekday(struct arena *a, const struct moment_in_zone *t) { return arena_printf(a, "%d", t->c.weekday); }
static struct slice part_zone(struct arena *a, const struct moment_in_zone *t) { return zone_text(a, t->zone_s, ""); }
static struct slice part_date(struct arena *a, const struct moment_in_zone *t)
{
	return arena_printf(a, "%04d-%02d-%02d", t->c.year, t->c.month, t->c.day);
}
static struct slice part_time(struct arena *a, const struct moment_in_zone *t)
{
	return arena_printf(a, "%02d:%02d:%02d", t->c.hour, t->c.minute, t->c.second);
}

static const struct part {
	struct slice name;
	struct slice (*print)(struct arena *a, const struct moment_in_zone *t);
} parts[] = {
	{SLICE_INIT("year"), part_year}, {SLICE_INIT("month"), part_month}, {SLICE_INIT("day"), part_day}, {SLICE_INIT("date"), part_date},
	{SLICE_INIT("julian"), part_julian}, {SLICE_INIT("hour"), part_hour}, {SLICE_INIT("minute"), part_minute}, {SLICE_INIT("second"),
		part_second},
	{SLICE_INIT("time"), part_time}, {SLICE_INIT("iso8601"), part_iso8601}, {SLICE_INIT("std11"), part_std11}, {SLICE_INIT("zone"), part_zone},
	{SLICE_INIT("weekday"), part_weekday},
};

static const struct part *part_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_eq_nocase(name, parts[i].name))
			return &parts[i];
	return NULL;
}

/* "+hhmm" */
static bool zone_parse(struct slice text, int *ret)
{
	uint32_t value;
	if (text.n != 5 || (text.p[0] != '+' && text.p[0] != '-') || slice_to_u32(slice_from(text, 1), &value) < 0 || value > 2359 ||
		value % 100 > 59)
		return false;
	*ret = (int)(value / 100 * 3600 + value % 100 * 60) * (text.p[0] == '-' ? -1 : 1);
	return true;
}

static bool check_parts(struct compiler *c, struct sieve_node *node, size_t at)
{
	const struct sieve_string *part = &node_arg(node, at)->strings[0];
	const struct sieve_bound *zone = node_tag(node, SLOT_ZONE);
	int ignored;
	if (!part->dynamic && part_find(part->text) == NULL)
		return compile_error(c, part->place, "a date has no part \"%.*s\"", SLICE_ARG(slice_sub(part->text, 0, 40)));
	if (zone != NULL && zone->arg != NULL && !zone->arg->strings[0].dynamic && !zone_parse(zone->arg->strings[0].text, &ignored))
		return compile_error(c, zone->arg->place, "a time zone looks like \"+0800\"");
	return true;
}

static bool check_date(struct compiler *c, struct sieve_node *node)
{
	return check_parts(c, node, 1);
}

static bool check_currentdate(struct compiler *c, struct sieve_node *node)
{
	return check_parts(c, node, 0);
}

/* The value in the zone that the test wants; original: that of the date itself. */
static bool matching_date(struct matching *x, int64_t unix_s, int original_s, struct slice part_name)
{
	const struct sieve_bound *tag = node_tag(x->node, SLOT_ZONE);
	const struct part *part = part_find(part_name);
	struct moment_in_zone t = {.unix_s = unix_s, .zone_s = x->m->letter->zone_s};
	if (tag != NULL && tag->arg == NULL)
		t.zone_s = original_s;
	else if (tag != NULL && !zone_parse(machine_tag_string(x->m, tag), &t.zone_s))
		return !machine_error(x->m, x->node->place, "a time zone looks like \"+0800\"");
	if (part == NULL)
		return false;
	t.c = calendar_from_unix(unix_s + t.zone_s);
	return matching_value(x, part->print(x->m->arena, &t));
}

struct dates { struct matching x; struct slice part; };

/* RFC 5260 4: behind the last semicolon, where there is one (Received). What is no date is passed over. */
static bool value_date(void *arg, struct slice value)
{
	struct dates *d = arg;
	struct slice text = mime_unfold(d->x.m->arena, value);
	ptrdiff_t semicolon = slice_rfind(text, ';');
	int64_t unix_s;
	int zone_s;
	if (semicolon >= 0)
		text = slice_from(text, (size_t)semicolon + 1);
	return mime_date_parse_zone(text, &unix_s, &zone_s) == 0 && matching_date(&d->x, unix_s, zone_s, d->part);
}

static bool test_date(struct machine *m, const struct sieve_node *node)
{
	struct dates d = {.part = machine_arg(m, node, 1)};
	matching_begin(&d.x, m, node, node_arg(node, 2));
	machine_headers(m, node, machine_arg(m, node, 0), value_date, &d);
	return matching_end(&d.x);
}

static bool test_currentdate(struct machine *m, const struct sieve_node *node)
{
	struct matching x;
	matching_begin(&x, m, node, node_arg(node, 1));
	matching_date(&x, m->letter->now_s, m->letter->zone_s, machine_arg(m, node, 0));
	return matching_end(&x);
}

const struct sieve_def sieve_test_date = {.name = "date", .extension = SIEVE_DATE,
	.tags = {tags_zone_date, sieve_tags_match, sieve_tags_comparator, sieve_tags_index}, .arguments = "ssl", .matches = true,
		.check = check_date,
	.test = test_date};
const struct sieve_def sieve_test_currentdate = {.name = "currentdate", .extension = SIEVE_DATE,
	.tags = {sieve_tags_zone, sieve_tags_match, sieve_tags_comparator}, .arguments = "sl", .matches = true, .check = check_currentdate,
	.test = test_currentdate};
