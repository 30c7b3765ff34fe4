#include "auth/meter.h"

#include <string.h>

#include "base/endian.h"
#include "base/ensure.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypt/hash.h"

#define KNOWN_BYTES 1024         /* of a generation of known recipients: a Bloom filter */
#define KNOWN_PROBES 4
#define HOUR_USUAL 3             /* messages that make an hour of the day usual */
#define KNOWN_FULL 4096          /* set bits: then the generation is the old one */
#define HOURS 24
#define DAY_S INT64_C(86400)
#define HABIT_FADES 30           /* days: a part of the peak is forgotten */

static const struct { int64_t window_ms; unsigned points; const char *word; } signs[METER_COUNT] = {
#define METER(id, option, member, seconds, value, gives, says, help) [METER_##id] = {(seconds) * INT64_C(1000), gives, says},
#include "base/meter.h"
};

struct habit {
	uint8_t known[2][KNOWN_BYTES]; /* the newer generation first */
	uint32_t bits;                 /* set in the newer one */
	uint32_t peak;                 /* most messages in ten minutes on former days */
	uint32_t today;                /* and on this one */
	uint32_t days;                 /* on which it sent */
	int64_t day;                   /* the last of them, since 1970 */
	uint8_t hours[HOURS];          /* messages sent in that hour of the day (UTC), at most 255 */
};

struct window { uint64_t now, before; int64_t since; };

struct sender {
	uint8_t account[16];
	struct window windows[METER_COUNT];
	struct habit habit;
	int64_t last_ms;
	bool changed;
};

struct meter {
	uint64_t thresholds[METER_COUNT];
	struct map senders; /* account -> struct sender */
};

struct meter *meter_create(void)
{
	return memory_alloc(sizeof(struct meter));
}

void meter_destroy(struct meter **meter)
{
	if (*meter == NULL)
		return;
	MAP_FOREACH(e, &(*meter)->senders)
		memory_free(e->value);
	map_free(&(*meter)->senders);
	MEMORY_FREE(meter);
}

void meter_set(struct meter *m, enum meter_sign sign, uint64_t threshold)
{
	m->thresholds[sign] = threshold;
}

/* ---- senders ---- */

static struct slice key_of(const uint8_t account[16])
{
	return slice_make(account, 16);
}

static struct sender *find(const struct meter *m, const uint8_t account[16])
{
	return map_get(&m->senders, key_of(account));
}

bool meter_knows(const struct meter *m, const uint8_t account[16])
{
	return find(m, account) != NULL;
}

void meter_forget(struct meter *m, const uint8_t account[16])
{
	memory_free(map_remove(&m->senders, key_of(account)));
}

static void make_room(struct meter *m)
{
	struct sender *quiet = NULL;
	if (m->senders.count < METER_ACCOUNTS_MAX)
		return;
	MAP_FOREACH(e, &m->senders) {
		struct sender *s = e->value;
		if (quiet == NULL || s->last_ms < quiet->last_ms)
			quiet = s;
	}
	meter_forget(m, quiet->account);
}

/* ---- the blob: both generations, bits, peak, days, day (u32 big-endian each), a byte for each hour ---- */

_Static_assert(METER_HABIT_SIZE == 2 * KNOWN_BYTES + 4 * 4 + HOURS, "size of the blob");

static void read_habit(struct slice blob, struct habit *ret)
{
	const uint8_t *p = blob.p;
	if (blob.n != METER_HABIT_SIZE)
		return;
	memcpy(ret->known, p, sizeof ret->known);
	p += sizeof ret->known;
	ret->bits = get_u32(p);
	ret->peak = get_u32(p + 4);
	ret->days = get_u32(p + 8) & 0xffff;
	ret->day = get_u32(p + 12);
	p += 16;
	for (unsigned i = 0; i < HOURS; i++)
		ret->hours[i] = p[i];
}

static void write_habit(const struct habit *h, uint8_t *p)
{
	memcpy(p, h->known, sizeof h->known);
	p += sizeof h->known;
	put_u32(p, h->bits);
	put_u32(p + 4, h->peak > h->today ? h->peak : h->today);
	put_u32(p + 8, h->days);
	put_u32(p + 12, (uint32_t)h->day);
	p += 16;
	for (unsigned i = 0; i < HOURS; i++)
		p[i] = h->hours[i];
}

void meter_load(struct meter *m, const uint8_t account[16], struct slice blob, struct moment now)
{
	struct sender *s;
	if (find(m, account) != NULL)
		return;
	make_room(m);
	s = memory_alloc(sizeof *s);
	memcpy(s->account, account, sizeof s->account);
	s->last_ms = now.mono_ms;
	for (unsigned i = 0; i < METER_COUNT; i++)
		s->windows[i].since = now.mono_ms;
	read_habit(blob, &s->habit);
	map_put(&m->senders, key_of(account), s);
}

bool meter_has_changes(const struct meter *m)
{
	MAP_FOREACH(e, &m->senders)
		if (((const struct sender *)e->value)->changed)
			return true;
	return false;
}

bool meter_changed(struct meter *m, uint8_t ret_account[16], uint8_t *ret_blob)
{
	MAP_FOREACH(e, &m->senders) {
		struct sender *s = e->value;
		if (!s->changed)
			continue;
		s->changed = false;
		memcpy(ret_account, s->account, sizeof s->account);
		write_habit(&s->habit, ret_blob);
		return true;
	}
	return false;
}

/* ---- counting ---- */

static uint64_t counted(struct window *w, int64_t window, int64_t now)
{
	if (now - w->since >= window) {
		w->before = now - w->since < 2 * window ? w->now : 0;
		w->now = 0;
		w->since = now - (now - w->since) % window;
	}
	return w->now + (uint64_t)((double)w->before * (double)(window - (now - w->since)) / (double)window);
}

static void add(struct sender *s, enum meter_sign sign, uint64_t count, int64_t now)
{
	(void)counted(&s->windows[sign], signs[sign].window_ms, now);
	s->windows[sign].now += count;
	s->last_ms = now;
}

/* Was it there in one of the generations? Then and otherwise it is in the newer one. */
static bool known_before(struct habit *h, struct slice recipient)
{
	uint8_t hash[8];
	bool newer = true, older = true;
	hash_blake2b(recipient, NULL, hash, sizeof hash);
	for (unsigned i = 0; i < KNOWN_PROBES; i++) {
		unsigned bit = (hash[2 * i] | (unsigned)hash[2 * i + 1] << 8) % (KNOWN_BYTES * 8);
		uint8_t mask = (uint8_t)(1u << bit % 8);
		older = older && (h->known[1][bit / 8] & mask) != 0;
		if ((h->known[0][bit / 8] & mask) != 0)
			continue;
		newer = false;
		h->known[0][bit / 8] |= mask;
		h->bits++;
	}
	if (h->bits >= KNOWN_FULL) {
		memcpy(h->known[1], h->known[0], KNOWN_BYTES);
		memset(h->known[0], 0, KNOWN_BYTES);
		h->bits = 0;
	}
	return newer || older;
}

void meter_recipient(struct meter *m, const uint8_t account[16], struct slice recipient, bool outside, struct moment now)
{
	struct sender *s = find(m, account);
	if (s == NULL || recipient.n == 0)
		return;
	if (outside)
		add(s, METER_OUTSIDE, 1, now.mono_ms);
	if (!known_before(&s->habit, recipient))
		add(s, METER_STRANGERS, 1, now.mono_ms);
	s->changed = true;
}

void meter_refused(struct meter *m, const uint8_t account[16], struct moment now)
{
	struct sender *s = find(m, account);
	if (s != NULL)
		add(s, METER_REFUSED, 1, now.mono_ms);
}

void meter_bounced(struct meter *m, const uint8_t account[16], uint64_t count, struct moment now)
{
	struct sender *s = find(m, account);
	if (s != NULL)
		add(s, METER_BOUNCED, count, now.mono_ms);
}

static unsigned hour_of(struct moment now)
{
	return (unsigned)(moment_unix(now) % DAY_S / 3600);
}

/* Neighbours count: nobody comes to the minute. */
static bool usual_hour(const struct habit *h, unsigned hour)
{
	return h->hours[hour] >= HOUR_USUAL || h->hours[(hour + 1) % HOURS] >= HOUR_USUAL || h->hours[(hour + HOURS - 1) % HOURS] >= HOUR_USUAL;
}

/* What was sent today is habit from tomorrow on. */
static void new_day(struct habit *h, int64_t day)
{
	uint32_t of_day = h->today;
	if (h->days % HABIT_FADES == HABIT_FADES - 1)
		h->peak -= h->peak / 4;
	if (of_day > h->peak)
		h->peak = of_day;
	h->today = 0;
	h->day = day;
	h->days += h->days < 0xffff;
}

void meter_message(struct meter *m, const uint8_t account[16], struct moment now)
{
	static const enum meter_sign all[] = {METER_MESSAGES, METER_FLOOD, METER_HABIT};
	struct sender *s = find(m, account);
	int64_t day = moment_unix(now) / DAY_S;
	if (s == NULL)
		return;
	if (day != s->habit.day)
		new_day(&s->habit, day);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		add(s, all[i], 1, now.mono_ms);
	if (!usual_hour(&s->habit, hour_of(now)) || s->windows[METER_ODD_HOUR].now > 0)
		add(s, METER_ODD_HOUR, 1, now.mono_ms);
	uint64_t rate = counted(&s->windows[METER_HABIT], signs[METER_HABIT].window_ms, now.mono_ms);
	s->habit.today = rate > s->habit.today ? (uint32_t)rate : s->habit.today;
	s->habit.hours[hour_of(now)] += s->habit.hours[hour_of(now)] < 255;
	s->changed = true;
}

/* ---- the verdict ---- */

static bool is_there(const struct meter *m, struct sender *s, enum meter_sign sign, int64_t now)
{
	uint64_t threshold = m->thresholds[sign], count = counted(&s->windows[sign], signs[sign].window_ms, now);
	bool needs_habit = sign == METER_HABIT || sign == METER_ODD_HOUR;
	if (threshold == 0 || (needs_habit && s->habit.days < METER_HABIT_DAYS))
		return false;
	if (sign == METER_HABIT)
		return count >= METER_HABIT_LEAST && count / threshold >= (s->habit.peak > 0 ? s->habit.peak : 1);
	return count > threshold;
}

unsigned meter_points(struct meter *m, const uint8_t account[16], struct moment now, struct buf *why)
{
	struct sender *s = find(m, account);
	unsigned points = 0;
	for (unsigned i = 0; s != NULL && i < METER_COUNT; i++) {
		if (!is_there(m, s, (enum meter_sign)i, now.mono_ms))
			continue;
		points += signs[i].points;
		if (why != NULL)
			buf_printf(why, "%s%s", buf_len(why) > 0 ? ", " : "", signs[i].word);
	}
	return points;
}
