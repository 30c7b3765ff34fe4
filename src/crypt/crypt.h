/* Start of the cryptographic libraries, random bytes, wiping. The folder `crypt` alone includes libsodium and OpenSSL headers. */
#ifndef CRYPT_CRYPT_H
#define CRYPT_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once per process, before its jail closes and before any other function here; more calls do nothing. Ends the process on failure. */
void crypt_init(void);

void random_bytes(void *p, size_t n);
uint32_t random_below(uint32_t limit); /* uniform in [0, limit); limit 0 gives 0 */

/* Overwrites in a way the compiler keeps. */
void secret_wipe(void *p, size_t n);
/* Constant time for equal n. */
bool secret_equal(const void *a, const void *b, size_t n);

#endif
