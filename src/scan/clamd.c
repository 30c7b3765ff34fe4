#include "scan/clamd.h"

#include "base/clock.h"
#include "base/ensure.h"
#include "base/memory.h"

struct clamd_talk {
	struct talk talk;
	struct slice rest;     /* not said yet */
	bool begun, ended;
	struct clamd_version *version;
};

static struct clamd_talk *of(struct talk *t)
{
	return CONTAINER_OF(t, struct clamd_talk, talk);
}

/* INSTREAM: pieces with their length in front (32 bits, network order), ended by an empty one. */
static void scan_say(struct talk *t, struct buf *out)
{
	struct clamd_talk *c = of(t);
	struct slice piece = slice_sub(c->rest, 0, TALK_PIECE);
	if (!c->begun)
		buf_append_bytes(out, "zINSTREAM", sizeof "zINSTREAM");
	c->begun = true;
	if (c->ended)
		return;
	if (piece.n > 0)
		buf_put_bytes(out, piece);
	c->rest = slice_from(c->rest, piece.n);
	c->ended = c->rest.n == 0;
	if (c->ended)
		buf_put_u32(out, 0);
}

/* The answer up to its NUL byte; false: it is not whole. */
static bool take_answer(struct buf *in, struct slice *ret)
{
	ptrdiff_t end = slice_find(buf_slice(in), 0);
	if (end < 0)
		return false;
	*ret = slice_trim(slice_sub(buf_slice(in), 0, (size_t)end));
	return true;
}

/* What clamd calls a finding may say that it could not look inside. */
static enum scan_result result_of(struct slice name)
{
	static const struct slice opaque[] = {SLICE_INIT("Heuristics.Encrypted."), SLICE_INIT("Heuristics.Limits.Exceeded")};
	for (size_t i = 0; i < ARRAY_LEN(opaque); i++)
		if (slice_starts(name, opaque[i]))
			return SCAN_OPAQUE;
	return SCAN_INFECTED;
}

static void scan_hear(struct talk *t, struct buf *in)
{
	struct slice line, size = SLICE("INSTREAM size limit exceeded");
	if (!take_answer(in, &line))
		return;
	bool found = slice_ends(line, SLICE(" FOUND"));
	if (slice_starts(line, SLICE("stream: ")))
		line = slice_from(line, 8);
	if (slice_eq(line, SLICE("OK")))
		talk_done(t, SCAN_CLEAN, SLICE_NONE);
	else if (found)
		talk_done(t, result_of(line), slice_sub(line, 0, line.n - 6));
	else if (slice_starts(line, size))
		talk_done(t, SCAN_OPAQUE, SLICE("size-limit"));
	else
		talk_fail(t);
}

static const struct talk_ops scan_ops = {"clamd", scan_say, scan_hear, NULL, NULL};

struct talk *clamd_scan(struct slice content)
{
	struct clamd_talk *c = memory_alloc(sizeof *c);
	talk_init(&c->talk, &scan_ops);
	c->rest = content;
	return &c->talk;
}

/* ---- VERSION ---- */

static bool number_of(struct slice word, int *ret)
{
	uint32_t value;
	if (slice_to_u32(word, &value) < 0 || value > 9999)
		return false;
	*ret = (int)value;
	return true;
}

static bool month_of(struct slice word, int *ret)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	ptrdiff_t at = word.n == 3 ? slice_search(slice_str(months), word) : -1;
	*ret = (int)at / 3 + 1;
	return at >= 0 && at % 3 == 0;
}

static bool next_word(struct slice *rest, struct slice *ret)
{
	while (rest->n > 0 && rest->p[0] == ' ')
		*rest = slice_from(*rest, 1);
	return slice_split(rest, ' ', ret);
}

static bool time_parse(struct slice text, struct calendar *c)
{
	struct slice part;
	return slice_split(&text, ':', &part) && number_of(part, &c->hour) && slice_split(&text, ':', &part) && number_of(part, &c->minute)
		&& number_of(text, &c->second) && c->hour < 24 && c->minute < 60 && c->second <= 60;
}

/* As ctime writes it: "Mon Oct  1 08:30:00 2024". */
static bool date_parse(struct slice text, int64_t *ret_s)
{
	struct calendar c = {0};
	struct slice weekday, month, day, time, year;
	if (!next_word(&text, &weekday) || !next_word(&text, &month) || !next_word(&text, &day) || !next_word(&text, &time) || !next_word(&text, &year)
	    || !month_of(month, &c.month) || !number_of(day, &c.day) || c.day < 1 || c.day > 31 || !time_parse(time, &c) || !number_of(year, &c.year)
	    || c.year < 1970)
		return false;
	*ret_s = calendar_to_unix(&c);
	return true;
}

bool clamd_version_parse(struct slice line, struct clamd_version *ret)
{
	struct slice engine, number;
	ret->signatures = 0;
	ret->made_s = 0;
	buf_clear(&ret->text);
	scan_name_clean(line, &ret->text);
	if (!slice_split(&line, '/', &engine) || !slice_starts(engine, SLICE("ClamAV ")))
		return false;
	buf_clear(&ret->text);
	scan_name_clean(slice_from(engine, 7), &ret->text);
	if (line.n == 0)
		return true;
	return slice_split(&line, '/', &number) && slice_to_u32(number, &ret->signatures) == 0 && date_parse(line, &ret->made_s);
}

static void version_say(struct talk *t, struct buf *out)
{
	struct clamd_talk *c = of(t);
	if (!c->begun)
		buf_append_bytes(out, "zVERSION", sizeof "zVERSION");
	c->begun = true;
}

static void version_hear(struct talk *t, struct buf *in)
{
	struct slice line;
	if (!take_answer(in, &line))
		return;
	if (clamd_version_parse(line, of(t)->version))
		talk_done(t, SCAN_CLEAN, buf_slice(&of(t)->version->text));
	else
		talk_fail(t);
}

static const struct talk_ops version_ops = {"clamd", version_say, version_hear, NULL, NULL};

struct talk *clamd_ask_version(struct clamd_version *version)
{
	struct clamd_talk *c = memory_alloc(sizeof *c);
	talk_init(&c->talk, &version_ops);
	c->version = version;
	return &c->talk;
}
