#include "auth/srs.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "smtp/path.h"

#define DAY_S 86400
#define DAYS_ROUND 1024      /* the two digits of a day begin anew */
#define HASH_DIGITS 10       /* five bits each */
#define TEXT_MAX 2048

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

/* RFC 5322 3.2.3 dot-atom, or the same in UTF-8: nothing that would have to be quoted. */
static bool is_plain(struct slice local)
{
	static const char marks[] = "!#$%&'*+-/=?^_`{|}~.";
	for (size_t i = 0; i < local.n; i++) {
		uint8_t c = local.p[i];
		if (!ascii_is_alnum(c) && c < 0x80 && slice_find(slice_str(marks), c) < 0)
			return false;
	}
	return local.n > 0;
}

/* kind: '0' or '1'. Each part is bounded, so that no two lists of parts are the same text. */
static void hash_of(const uint8_t key[SRS_KEY_SIZE], char kind, struct slice ours, const struct slice *parts, size_t count, char ret[HASH_DIGITS])
{
	struct buf text = BUF_INIT(2 * TEXT_MAX);
	uint8_t mac[HASH_SIZE];
	buf_append_str(&text, "letterlock srs 1\n");
	buf_append_byte(&text, (uint8_t)kind);
	buf_put_bytes(&text, ours);
	for (size_t i = 0; i < count; i++)
		buf_put_bytes(&text, parts[i]);
	for (size_t i = 0; i < buf_len(&text); i++) {
		uint8_t *c = text.data + text.start + i;
		*c = ascii_lower(*c);
	}
	hash_hmac_sha256(slice_make(key, SRS_KEY_SIZE), buf_slice(&text), mac);
	for (size_t i = 0; i < HASH_DIGITS; i++)
		ret[i] = digits[mac[i] & 31];
	buf_free(&text);
}

static bool hash_fits(const uint8_t key[SRS_KEY_SIZE], char kind, struct slice ours, const struct slice *parts, size_t count, struct slice hash)
{
	char right[HASH_DIGITS], given[HASH_DIGITS];
	if (hash.n != HASH_DIGITS)
		return false;
	for (size_t i = 0; i < HASH_DIGITS; i++)
		given[i] = (char)ascii_lower(hash.p[i]);
	hash_of(key, kind, ours, parts, count, right);
	return secret_equal((const uint8_t *)given, (const uint8_t *)right, HASH_DIGITS);
}

bool srs_is(struct slice local)
{
	return slice_starts_nocase(local, SLICE("SRS0=")) || slice_starts_nocase(local, SLICE("SRS1="));
}

/* Also as others write them. */
static bool is_made(struct slice local, char kind)
{
	return local.n > 5 && slice_starts_nocase(local, SLICE("SRS")) && local.p[3] == (uint8_t)kind
		&& (local.p[4] == '=' || local.p[4] == '+' || local.p[4] == '-');
}

static int finish(struct arena *arena, struct slice address, struct slice *ret)
{
	if (address.n > SRS_ADDRESS_MAX)
		return ERR_LIMIT;
	*ret = arena_dup(arena, address);
	return 0;
}

/* host: of the forwarder that made `rest`, which is its local part behind "SRS0". */
static int forward_again(const uint8_t key[SRS_KEY_SIZE], struct slice host, struct slice rest, struct slice domain, struct arena *arena, struct slice *ret)
{
	const struct slice parts[] = {host, rest};
	char hash[HASH_DIGITS];
	hash_of(key, '1', domain, parts, 2, hash);
	return finish(arena, arena_printf(arena, "SRS1=%.*s=%.*s=%.*s@%.*s", HASH_DIGITS, hash, SLICE_ARG(host), SLICE_ARG(rest), SLICE_ARG(domain)), ret);
}

int srs_forward(const uint8_t key[SRS_KEY_SIZE], struct slice reverse_path, struct slice domain, int64_t now_s, struct arena *arena, struct slice *ret)
{
	ptrdiff_t at = slice_rfind(reverse_path, '@');
	struct slice local = slice_sub(reverse_path, 0, at < 0 ? 0 : (size_t)at), host = slice_from(reverse_path, (size_t)(at + 1)), hash, first;
	if (at <= 0 || reverse_path.n > TEXT_MAX || !is_plain(local) || !smtp_domain_valid(host, true))
		return ERR_INVALID;
	if (is_made(local, '0'))
		return forward_again(key, host, slice_from(local, 4), domain, arena, ret);
	if (is_made(local, '1')) {
		struct slice rest = slice_from(local, 5);
		if (!slice_split(&rest, '=', &hash) || !slice_split(&rest, '=', &first) || !smtp_domain_valid(first, true) || rest.n == 0)
			return ERR_INVALID;
		return forward_again(key, first, rest, domain, arena, ret);
	}
	unsigned day = (unsigned)(now_s / DAY_S % DAYS_ROUND);
	const char text[2] = {digits[day >> 5], digits[day & 31]};
	const struct slice parts[] = {slice_make(text, 2), host, local};
	char mac[HASH_DIGITS];
	hash_of(key, '0', domain, parts, 3, mac);
	return finish(arena, arena_printf(arena, "SRS0=%.*s=%.2s=%.*s=%.*s@%.*s", HASH_DIGITS, mac, text, SLICE_ARG(host), SLICE_ARG(local), SLICE_ARG(domain)),
		ret);
}

static int digit_value(uint8_t c)
{
	ptrdiff_t at = slice_find(slice_str(digits), ascii_lower(c));
	return (int)at;
}

static bool is_young(struct slice day, int64_t now_s)
{
	int high = day.n == 2 ? digit_value(day.p[0]) : -1, low = day.n == 2 ? digit_value(day.p[1]) : -1;
	unsigned today = (unsigned)(now_s / DAY_S % DAYS_ROUND);
	return high >= 0 && low >= 0 && (today + DAYS_ROUND - (unsigned)(high * 32 + low)) % DAYS_ROUND <= SRS_DAYS;
}

static int reverse_first(const uint8_t key[SRS_KEY_SIZE], struct slice rest, struct slice domain, int64_t now_s, struct arena *arena, struct slice *ret)
{
	struct slice hash, parts[3];
	if (!slice_split(&rest, '=', &hash) || !slice_split(&rest, '=', &parts[0]) || !slice_split(&rest, '=', &parts[1]) || rest.n == 0)
		return ERR_INVALID;
	parts[2] = rest;
	if (!hash_fits(key, '0', domain, parts, 3, hash))
		return ERR_DENIED;
	if (!is_young(parts[0], now_s))
		return ERR_CLOSED;
	*ret = arena_printf(arena, "%.*s@%.*s", SLICE_ARG(rest), SLICE_ARG(parts[1]));
	return 0;
}

static int reverse_again(const uint8_t key[SRS_KEY_SIZE], struct slice rest, struct slice domain, struct arena *arena, struct slice *ret)
{
	struct slice hash, parts[2];
	if (!slice_split(&rest, '=', &hash) || !slice_split(&rest, '=', &parts[0]) || rest.n == 0)
		return ERR_INVALID;
	parts[1] = rest;
	if (!hash_fits(key, '1', domain, parts, 2, hash))
		return ERR_DENIED;
	*ret = arena_printf(arena, "SRS0%.*s@%.*s", SLICE_ARG(rest), SLICE_ARG(parts[0]));
	return 0;
}

int srs_reverse(const uint8_t key[SRS_KEY_SIZE], struct slice local, struct slice domain, int64_t now_s, struct arena *arena, struct slice *ret)
{
	if (local.n > TEXT_MAX || !srs_is(local))
		return ERR_INVALID;
	struct slice rest = slice_from(local, 5);
	return local.p[3] == '0' ? reverse_first(key, rest, domain, now_s, arena, ret) : reverse_again(key, rest, domain, arena, ret);
}
