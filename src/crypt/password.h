/* Argon2id (RFC 9106) for passwords that people choose. Slow on purpose: only on the pool, never on the loop. */
#ifndef CRYPT_PASSWORD_H
#define CRYPT_PASSWORD_H

#include "base/slice.h"

#define PASSWORD_SALT_SIZE 16
#define PASSWORD_KEY_SIZE 32
#define PASSWORD_MAX 1024 /* bytes of a password; longer ones are refused before they come here */

struct password_cost {
	uint32_t passes;     /* at least 1 */
	uint32_t memory_kib; /* at least 8 */
};
#define PASSWORD_COST_MIN ((struct password_cost){1, 8}) /* tests */

/* 0, or ERR_TEMPORARY when there is no memory, ERR_INVALID for a bad cost. */
int password_hash(struct slice password, const uint8_t salt[PASSWORD_SALT_SIZE], struct password_cost cost, uint8_t ret[PASSWORD_KEY_SIZE]);
/* Measures this machine: the cost that takes about `target_ms` on one core, 8 to 256 MiB. Takes a few times as long. */
struct password_cost password_calibrate(uint32_t target_ms);

#endif
