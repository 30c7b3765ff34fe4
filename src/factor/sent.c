#include "factor/sent.h"

#include "base/error.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/*
 * challenge = u8 version | u64 ends (wall ms) | u8 tries left | key (32) | hash (32)
 * contact = u8 version | u32 day | u32 count | u64 last (wall ms) | bytes address
 */
#define STATE_VERSION 1
#define DAY_MS INT64_C(86400000)
#define CODE_INPUT_MAX 16
#define NUMBER_MIN 7
#define NUMBER_MAX 15

static void put_state(struct buf *out, int64_t ends, uint8_t tries, const uint8_t key[HASH_KEY_SIZE], const uint8_t hash[HASH_SIZE])
{
	buf_put_u8(out, STATE_VERSION);
	buf_put_u64(out, (uint64_t)ends);
	buf_put_u8(out, tries);
	buf_append_bytes(out, key, HASH_KEY_SIZE);
	buf_append_bytes(out, hash, HASH_SIZE);
}

void sent_make(struct moment now, char ret_code[SENT_DIGITS + 1], struct buf *ret_state)
{
	uint8_t key[HASH_KEY_SIZE], hash[HASH_SIZE];
	for (size_t i = 0; i < SENT_DIGITS; i++)
		ret_code[i] = (char)('0' + random_below(10));
	ret_code[SENT_DIGITS] = '\0';
	random_bytes(key, sizeof key);
	hash_keyed(slice_make(ret_code, SENT_DIGITS), key, hash);
	put_state(ret_state, now.wall_ms + SENT_MS, SENT_TRIES, key, hash);
	secret_wipe(key, sizeof key);
}

static bool read_digits(struct slice code, uint8_t ret[SENT_DIGITS])
{
	size_t n = 0;
	if (code.n > CODE_INPUT_MAX)
		return false;
	for (size_t i = 0; i < code.n; i++) {
		if (code.p[i] == ' ' || code.p[i] == '-')
			continue;
		if (!ascii_is_digit(code.p[i]) || n == SENT_DIGITS)
			return false;
		ret[n++] = code.p[i];
	}
	return n == SENT_DIGITS;
}

enum factor_verdict sent_verify(struct slice state, struct slice code, struct moment now, struct buf *ret_state)
{
	uint8_t version = 0, tries = 0, key[HASH_KEY_SIZE], hash[HASH_SIZE], digits[SENT_DIGITS];
	uint64_t ends = 0;
	if (!slice_get_u8(&state, &version) || version != STATE_VERSION || !slice_get_u64(&state, &ends) || !slice_get_u8(&state, &tries)
	    || !slice_get_fixed(&state, key, sizeof key) || !slice_get_fixed(&state, hash, sizeof hash) || state.n > 0)
		return FACTOR_MALFORMED;
	if (now.wall_ms >= (int64_t)ends)
		return FACTOR_EXPIRED;
	if (tries == 0)
		return FACTOR_SPENT;
	bool formed = read_digits(code, digits);
	if (formed && hash_keyed_verify(slice_make(digits, sizeof digits), key, hash))
		return FACTOR_RIGHT;
	if (tries > 1)
		put_state(ret_state, (int64_t)ends, (uint8_t)(tries - 1), key, hash);
	return !formed ? FACTOR_MALFORMED : tries > 1 ? FACTOR_WRONG : FACTOR_SPENT;
}

void sent_contact_encode(const struct sent_contact *c, struct buf *out)
{
	buf_put_u8(out, STATE_VERSION);
	buf_put_u32(out, c->day);
	buf_put_u32(out, c->count);
	buf_put_u64(out, (uint64_t)c->last_ms);
	buf_put_bytes(out, c->address);
}

int sent_contact_decode(struct slice state, struct sent_contact *ret)
{
	uint8_t version = 0;
	uint64_t last = 0;
	struct sent_contact c = {0};
	if (!slice_get_u8(&state, &version) || version != STATE_VERSION || !slice_get_u32(&state, &c.day) || !slice_get_u32(&state, &c.count)
	    || !slice_get_u64(&state, &last) || last > INT64_MAX || !slice_get_bytes(&state, &c.address) || state.n > 0)
		return ERR_DAMAGED;
	c.last_ms = (int64_t)last;
	*ret = c;
	return 0;
}

bool sent_contact_take(struct sent_contact *c, struct moment now)
{
	uint32_t today = (uint32_t)(now.wall_ms / DAY_MS);
	/* A clock that was set back does not open the counter again. */
	uint32_t count = today > c->day ? 0 : c->count;
	int64_t passed = now.wall_ms - c->last_ms;
	if (count >= SENT_PER_DAY || (c->count > 0 && passed >= 0 && passed < SENT_APART_MS))
		return false;
	c->day = today > c->day ? today : c->day;
	c->count = count + 1;
	c->last_ms = now.wall_ms;
	return true;
}

bool sent_number(struct slice text, struct buf *out)
{
	size_t digits = 0;
	text = slice_trim(text);
	if (text.n == 0 || text.p[0] != '+')
		return false;
	buf_append_byte(out, '+');
	for (size_t i = 1; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c == ' ' || c == '-' || c == '(' || c == ')')
			continue;
		if (!ascii_is_digit(c) || ++digits > NUMBER_MAX || (digits == 1 && c == '0'))
			return false;
		buf_append_byte(out, c);
	}
	return digits >= NUMBER_MIN && !out->failed;
}

void sent_masked(struct slice address, struct buf *out)
{
	ptrdiff_t at = slice_rfind(address, '@');
	if (at > 0) {
		/* One character of the local part, whole even when it has several bytes. */
		size_t first = 1;
		while (first < (size_t)at && (address.p[first] & 0xc0) == 0x80)
			first++;
		buf_append(out, slice_sub(address, 0, first));
		buf_append_str(out, "***");
		buf_append(out, slice_from(address, (size_t)at));
		return;
	}
	for (size_t i = 0; i < address.n; i++)
		buf_append_byte(out, i < 3 || i + 2 >= address.n ? address.p[i] : '*');
}
