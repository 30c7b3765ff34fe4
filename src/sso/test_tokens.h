/* For unit tests: an issuer with keys, which signs whatever it is told to. */
#ifndef SSO_TEST_TOKENS_H
#define SSO_TEST_TOKENS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sso/jwt.h"

#define TEST_NOW INT64_C(1790000000)
#define TEST_ISSUER "https://idp.example.org"

enum test_key { TEST_RSA, TEST_RSA_NEW, TEST_EC, TEST_KEY_COUNT }; /* key ids "rsa", "rsa-new", "ec" */

/* The public set with the keys whose bit is set, as text. Static memory that the next call overwrites. */
struct slice test_key_set(unsigned keys);
/* head and claims are JSON texts; signed under the key with the head's algorithm. Static memory, eight calls long. */
struct slice test_sign(enum test_key key, const char *head, const char *claims);
/* By an Ed25519 key with the key id "ed", which is in the set test_ed_set(). */
struct slice test_sign_ed(const char *head, const char *claims);
struct slice test_ed_set(void);
/* The same for "HS256" with the public key's modulus text or any other secret. */
struct slice test_sign_secret(struct slice secret, const char *head, const char *claims);
/* Three parts without a signature that means anything. */
struct slice test_unsigned(const char *head, const char *claims);
void test_keys_free(void);

#endif
