/*
 * Time-based one-time passwords: RFC 6238 over RFC 4226. A code is good for its own step and one on each side, and only once: the step of
 * the last code that was taken is part of the state, and no step up to it is taken again (RFC 6238 5.2).
 */
#ifndef FACTOR_TOTP_H
#define FACTOR_TOTP_H

#include "crypt/digest.h"
#include "factor/factor.h"

#define TOTP_SECRET_SIZE 20 /* of a new one; RFC 4226 4 R6 recommends 160 bits */
#define TOTP_SECRET_MIN 16
#define TOTP_SECRET_MAX 64
#define TOTP_WINDOW 1       /* steps before and after that are taken too */
#define TOTP_STATE_MAX 96

struct totp {
	enum digest_algorithm hash;
	uint8_t digits;     /* 6 to 8 */
	uint16_t period;    /* seconds of one step */
	int64_t last_step;  /* of the last code that was taken; -1: none yet */
	size_t secret_size;
	uint8_t secret[TOTP_SECRET_MAX];
};

/* What every program understands: SHA-1, six digits, 30 seconds, a random secret. Wipe it after use. */
void totp_make(struct totp *ret);
/* HOTP(K, C), truncated to `digits` decimal digits (RFC 4226 5.3). */
uint32_t totp_hotp(enum digest_algorithm hash, struct slice secret, uint64_t counter, unsigned digits);
/* Right: *ret_step is the last_step to store. Constant time over the window. Spaces in the code do not count. */
enum factor_verdict totp_verify(const struct totp *t, struct slice code, int64_t unix_seconds, int64_t *ret_step);

/* Storage; the caller seals it. */
void totp_encode(const struct totp *t, struct buf *out);
int totp_decode(struct slice state, struct totp *ret); /* 0 or ERR_DAMAGED */

/* The secret as people type it: base32 (RFC 4648 6) without padding. */
void totp_secret_text(const struct totp *t, struct buf *out);
/* otpauth://totp/issuer:account?secret=…&issuer=… for a QR code; names are percent-encoded. */
void totp_uri(const struct totp *t, struct slice issuer, struct slice account, struct buf *out);

#endif
