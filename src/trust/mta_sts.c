#include "trust/mta_sts.h"

#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/error.h"
#include "crypt/hash.h"

#define VERSION "STSv1"
#define DOMAIN_MAX 255
#define STATE_FORMAT 1

/* ---- the record ---- */

/* "name=value" out of the front of *rest; white space around a delimiter does not count. */
static bool field_next(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice one;

	if (!slice_split(rest, ';', &one))
		return false;
	one = slice_trim(one);
	ptrdiff_t equals = slice_find(one, '=');
	*name = equals >= 0 ? slice_sub(one, 0, (size_t)equals) : one;
	*value = equals >= 0 ? slice_from(one, (size_t)equals + 1) : SLICE_NONE;
	return true;
}

static bool id_valid(struct slice id)
{
	if (id.n == 0 || id.n > STS_ID_MAX)
		return false;
	for (size_t i = 0; i < id.n; i++)
		if (!ascii_is_alnum(id.p[i]))
			return false;
	return true;
}

/* The version stands first and is written exactly so: other records at the name are somebody else's. */
static bool is_sts(struct slice text)
{
	struct slice name, value, rest = text;

	return slice_starts(text, SLICE("v=")) && field_next(&rest, &name, &value) && slice_eq(value, SLICE(VERSION));
}

static int record_parse(struct slice text, struct slice *ret_id)
{
	struct slice name, value, id = SLICE_NONE;
	bool seen = false;

	while (field_next(&text, &name, &value)) {
		if (slice_eq(name, SLICE("id")) && !seen) {
			id = value;
			seen = true;
		}
	}
	if (!id_valid(id))
		return ERR_NOT_FOUND;
	*ret_id = id;
	return 0;
}

int sts_record_id(const struct slice *texts, size_t count, struct slice *ret_id)
{
	const struct slice *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!is_sts(texts[i]))
			continue;
		if (found != NULL)
			return ERR_NOT_FOUND;
		found = &texts[i];
	}
	return found != NULL ? record_parse(*found, ret_id) : ERR_NOT_FOUND;
}

/* ---- the policy ---- */

static bool label_valid(struct slice label)
{
	if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!ascii_is_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
			return false;
	return true;
}

static bool pattern_valid(struct slice pattern)
{
	struct slice label;

	if (pattern.n == 0 || pattern.n > DOMAIN_MAX || slice_ends(pattern, SLICE(".")))
		return false;
	if (slice_starts(pattern, SLICE("*.")))
		pattern = slice_from(pattern, 2);
	if (pattern.n == 0)
		return false;
	while (slice_split(&pattern, '.', &label))
		if (!label_valid(label))
			return false;
	return true;
}

/* What the lines of a file said so far. */
struct reading {
	struct sts_policy *policy;
	bool version, mode, max_age;
	size_t mx_bytes;
};

static int take_version(struct reading *r, struct slice value)
{
	bool first = !r->version;

	r->version = true;
	return first && !slice_eq(value, SLICE(VERSION)) ? ERR_INVALID : 0;
}

static int take_mode(struct reading *r, struct slice value)
{
	static const struct slice names[] = {[STS_NONE] = SLICE_INIT("none"), [STS_TESTING] = SLICE_INIT("testing"), [STS_ENFORCE] = SLICE_INIT("enforce")};

	if (r->mode)
		return 0;
	r->mode = true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!slice_eq(value, names[i]))
			continue;
		r->policy->mode = (enum sts_mode)i;
		return 0;
	}
	return ERR_INVALID;
}

static int take_max_age(struct reading *r, struct slice value)
{
	uint64_t age;

	if (r->max_age)
		return 0;
	r->max_age = true;
	if (value.n > 10 || slice_to_u64(value, &age) != 0)
		return ERR_INVALID;
	r->policy->max_age_s = age > STS_AGE_MAX ? STS_AGE_MAX : (uint32_t)age;
	return 0;
}

static int take_mx(struct reading *r, struct slice value)
{
	if (!pattern_valid(value))
		return ERR_INVALID;
	r->mx_bytes += value.n + 1;
	if (r->policy->mx_count == STS_MX_MAX || r->mx_bytes > STS_MX_BYTES)
		return ERR_LIMIT;
	r->policy->mx[r->policy->mx_count++] = value;
	return 0;
}

static const struct {
	struct slice key;
	int (*take)(struct reading *r, struct slice value);
} keys[] = {
	{SLICE_INIT("version"), take_version}, {SLICE_INIT("mode"), take_mode}, {SLICE_INIT("max_age"), take_max_age}, {SLICE_INIT("mx"), take_mx},
};

static int take_line(struct reading *r, struct slice line)
{
	line = slice_trim(line);
	if (line.n == 0)
		return 0;
	ptrdiff_t colon = slice_find(line, ':');
	if (colon <= 0)
		return ERR_INVALID;
	struct slice key = slice_trim(slice_sub(line, 0, (size_t)colon)), value = slice_trim(slice_from(line, (size_t)colon + 1));
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (slice_eq(key, keys[i].key))
			return keys[i].take(r, value);
	return 0;
}

int sts_policy_parse(struct slice file, struct sts_policy *ret)
{
	struct sts_policy policy = {0};
	struct reading r = {.policy = &policy};
	struct slice line;
	int rc = file.n <= STS_FILE_MAX ? 0 : ERR_LIMIT;

	while (rc == 0 && slice_split(&file, '\n', &line))
		rc = take_line(&r, line);
	if (rc == 0 && (!r.version || !r.mode || !r.max_age || (policy.mode != STS_NONE && policy.mx_count == 0)))
		rc = ERR_INVALID;
	if (rc == 0)
		*ret = policy;
	return rc;
}

bool sts_media_type_fits(struct slice content_type)
{
	struct slice type;

	return slice_split(&content_type, ';', &type) && slice_eq_nocase(slice_trim(type), SLICE("text/plain"));
}

static bool pattern_matches(struct slice pattern, struct slice host)
{
	if (!slice_starts(pattern, SLICE("*.")))
		return slice_eq_nocase(pattern, host);
	ptrdiff_t dot = slice_find(host, '.');
	return dot > 0 && slice_eq_nocase(slice_from(pattern, 1), slice_from(host, (size_t)dot));
}

bool sts_mx_matches(const struct slice *mx, size_t count, struct slice host)
{
	if (host.n > 1 && slice_ends(host, SLICE(".")))
		host.n--;
	for (size_t i = 0; i < count; i++)
		if (pattern_matches(mx[i], host))
			return true;
	return false;
}

/* ---- what is remembered ---- */

void sts_state_encode(const struct sts_state *s, struct buf *out)
{
	buf_put_u8(out, STATE_FORMAT);
	buf_put_u64(out, (uint64_t)s->fetched_s);
	buf_put_u64(out, (uint64_t)s->expires_s);
	buf_put_u8(out, (uint8_t)s->id.n);
	buf_append(out, s->id);
	buf_put_u8(out, (uint8_t)s->policy.mode);
	buf_put_u32(out, s->policy.max_age_s);
	buf_put_u8(out, (uint8_t)s->policy.mx_count);
	for (size_t i = 0; i < s->policy.mx_count; i++) {
		buf_put_u8(out, (uint8_t)s->policy.mx[i].n);
		buf_append(out, s->policy.mx[i]);
	}
}

static bool get_short(struct slice *text, struct slice *ret)
{
	uint8_t n;

	if (!slice_get_u8(text, &n) || n > text->n)
		return false;
	*ret = slice_sub(*text, 0, n);
	*text = slice_from(*text, n);
	return true;
}

static bool get_time(struct slice *text, int64_t *ret)
{
	uint64_t value;

	if (!slice_get_u64(text, &value) || value > INT64_MAX / 2)
		return false;
	*ret = (int64_t)value;
	return true;
}

static bool get_policy(struct slice *text, struct sts_policy *ret)
{
	uint8_t mode, count;

	if (!slice_get_u8(text, &mode) || mode > STS_ENFORCE || !slice_get_u32(text, &ret->max_age_s) || !slice_get_u8(text, &count) || count > STS_MX_MAX)
		return false;
	ret->mode = (enum sts_mode)mode;
	for (; ret->mx_count < count; ret->mx_count++)
		if (!get_short(text, &ret->mx[ret->mx_count]) || !pattern_valid(ret->mx[ret->mx_count]))
			return false;
	return mode == STS_NONE || count > 0;
}

bool sts_state_decode(struct slice text, struct sts_state *ret)
{
	struct sts_state s = {0};
	uint8_t format;
	bool valid = text.n <= STS_STATE_MAX && slice_get_u8(&text, &format) && format == STATE_FORMAT && get_time(&text, &s.fetched_s) &&
	             get_time(&text, &s.expires_s) && get_short(&text, &s.id) && (s.id.n == 0 || id_valid(s.id)) &&
	             get_policy(&text, &s.policy) && text.n == 0;

	*ret = valid ? s : (struct sts_state){0};
	return valid;
}

enum sts_mode sts_mode_now(const struct sts_state *s, int64_t now_s)
{
	return now_s < s->expires_s ? s->policy.mode : STS_NONE;
}

/* A clock that was set back makes it old: asking once more does no harm. */
static bool is_fresh(const struct sts_state *s, int64_t now_s)
{
	int64_t refresh = s->policy.max_age_s / 2 < STS_REFRESH_S ? s->policy.max_age_s / 2 : STS_REFRESH_S;

	return now_s < s->expires_s && now_s >= s->fetched_s && now_s - s->fetched_s <= refresh;
}

bool sts_wants_fetch(const struct sts_state *s, struct slice id, int64_t failed_s, int64_t now_s)
{
	bool failed = failed_s > 0 && now_s >= failed_s && now_s - failed_s < STS_RETRY_S;

	return id.n > 0 && !failed && !(slice_eq(id, s->id) && is_fresh(s, now_s));
}

void sts_fetched(struct sts_state *s, struct slice id, const struct sts_policy *policy, int64_t now_s)
{
	*s = (struct sts_state){.id = id, .policy = *policy, .fetched_s = now_s, .expires_s = now_s + policy->max_age_s};
}

uint32_t sts_keep_s(const struct sts_state *s, int64_t now_s)
{
	int64_t left = s->expires_s - now_s;

	return left <= 0 ? 0 : left > STS_AGE_MAX ? STS_AGE_MAX : (uint32_t)left;
}

/* ---- our own policies ---- */

static const char *const mode_names[] = {[STS_NONE] = "none", [STS_TESTING] = "testing", [STS_ENFORCE] = "enforce"};

bool sts_mode_find(struct slice name, enum sts_mode *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(mode_names); i++)
		if (slice_eq(slice_str(mode_names[i]), name)) {
			*ret = (enum sts_mode)i;
			return true;
		}
	return false;
}

/* RFC 8461 3.2. */
void sts_policy_write(const struct sts_policy *policy, struct buf *out)
{
	buf_printf(out, "version: STSv1\r\nmode: %s\r\n", mode_names[policy->mode]);
	for (size_t i = 0; i < policy->mx_count; i++)
		buf_printf(out, "mx: %.*s\r\n", SLICE_ARG(policy->mx[i]));
	buf_printf(out, "max_age: %u\r\n", policy->max_age_s);
}

void sts_policy_id(struct slice file, char ret[STS_POLICY_ID_SIZE])
{
	uint8_t hash[HASH_SIZE];
	struct buf hex = BUF_INIT(STS_POLICY_ID_SIZE);

	hash_sha256(file, hash);
	hex_encode(slice_make(hash, (STS_POLICY_ID_SIZE - 1) / 2), &hex);
	memcpy(ret, buf_slice(&hex).p, STS_POLICY_ID_SIZE - 1);
	ret[STS_POLICY_ID_SIZE - 1] = '\0';
	buf_free(&hex);
}
