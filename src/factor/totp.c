#include "factor/totp.h"

#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "crypt/crypt.h"

#define STATE_VERSION 1
#define CODE_TEXT_MAX 16 /* characters around the digits */

void totp_make(struct totp *ret)
{
	*ret = (struct totp){.hash = DIGEST_SHA1, .digits = 6, .period = 30, .last_step = -1, .secret_size = TOTP_SECRET_SIZE};
	random_bytes(ret->secret, TOTP_SECRET_SIZE);
}

static uint32_t power_of_ten(unsigned digits)
{
	uint32_t value = 1;
	while (digits-- > 0)
		value *= 10;
	return value;
}

uint32_t totp_hotp(enum digest_algorithm hash, struct slice secret, uint64_t counter, unsigned digits)
{
	uint8_t message[8], mac[DIGEST_MAX];
	put_u64(message, counter);
	digest_hmac(hash, secret, slice_make(message, sizeof message), mac);
	uint32_t value = get_u32(mac + (mac[digest_size(hash) - 1] & 15)) & 0x7fffffff;
	secret_wipe(mac, sizeof mac);
	return value % power_of_ten(digits);
}

static bool read_digits(struct slice code, unsigned digits, uint32_t *ret)
{
	unsigned found = 0;
	*ret = 0;
	if (code.n > CODE_TEXT_MAX)
		return false;
	for (size_t i = 0; i < code.n; i++) {
		if (code.p[i] == ' ')
			continue;
		if (!ascii_is_digit(code.p[i]) || ++found > digits)
			return false;
		*ret = *ret * 10 + (uint32_t)(code.p[i] - '0');
	}
	return found == digits;
}

enum factor_verdict totp_verify(const struct totp *t, struct slice code, int64_t unix_seconds, int64_t *ret_step)
{
	uint32_t given;
	int64_t now = unix_seconds / t->period, taken = -1;
	bool used = false;
	if (!read_digits(code, t->digits, &given))
		return FACTOR_MALFORMED;
	for (int64_t step = now - TOTP_WINDOW; step <= now + TOTP_WINDOW; step++) {
		uint32_t wanted = totp_hotp(t->hash, slice_make(t->secret, t->secret_size), (uint64_t)step, t->digits);
		bool fits = secret_equal(&wanted, &given, sizeof wanted) && step >= 0;
		used |= fits && step <= t->last_step;
		taken = fits && step > t->last_step && taken < 0 ? step : taken;
	}
	if (taken < 0)
		return used ? FACTOR_REPLAYED : FACTOR_WRONG;
	*ret_step = taken;
	return FACTOR_RIGHT;
}

void totp_encode(const struct totp *t, struct buf *out)
{
	buf_put_u8(out, STATE_VERSION);
	buf_put_u8(out, (uint8_t)t->hash);
	buf_put_u8(out, t->digits);
	buf_put_u16(out, t->period);
	buf_put_u64(out, (uint64_t)t->last_step);
	buf_put_bytes(out, slice_make(t->secret, t->secret_size));
}

int totp_decode(struct slice state, struct totp *ret)
{
	uint8_t version = 0, hash = 0;
	uint64_t last = 0;
	struct slice secret = SLICE_NONE;
	struct totp t = {0};
	bool ok = slice_get_u8(&state, &version) && slice_get_u8(&state, &hash) && slice_get_u8(&state, &t.digits)
		&& slice_get_u16(&state, &t.period) && slice_get_u64(&state, &last) && slice_get_bytes(&state, &secret);
	t.hash = (enum digest_algorithm)hash;
	t.last_step = (int64_t)last;
	if (!ok || version != STATE_VERSION || digest_size(t.hash) == 0 || t.digits < 6 || t.digits > 8 || t.period == 0 || state.n > 0
	    || secret.n < TOTP_SECRET_MIN || secret.n > TOTP_SECRET_MAX)
		return ERR_DAMAGED;
	t.secret_size = secret.n;
	memcpy(t.secret, secret.p, secret.n);
	*ret = t;
	secret_wipe(&t, sizeof t);
	return 0;
}

void totp_secret_text(const struct totp *t, struct buf *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t bits = t->secret_size * 8;
	for (size_t at = 0; at < bits; at += 5) {
		unsigned value = 0;
		for (size_t i = at; i < at + 5; i++)
			value = value << 1 | (i < bits ? t->secret[i / 8] >> (7 - i % 8) & 1u : 0);
		buf_append_byte(out, (uint8_t)alphabet[value]);
	}
}

static void put_percent(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '@')
			buf_append_byte(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void totp_uri(const struct totp *t, struct slice issuer, struct slice account, struct buf *out)
{
	static const char *const hashes[] = {[DIGEST_SHA1] = "SHA1", [DIGEST_SHA256] = "SHA256", [DIGEST_SHA512] = "SHA512"};
	buf_append_str(out, "otpauth://totp/");
	put_percent(out, issuer);
	buf_append_byte(out, ':');
	put_percent(out, account);
	buf_append_str(out, "?secret=");
	totp_secret_text(t, out);
	buf_append_str(out, "&issuer=");
	put_percent(out, issuer);
	buf_printf(out, "&algorithm=%s&digits=%u&period=%u", hashes[t->hash], t->digits, t->period);
}
