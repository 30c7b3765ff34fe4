/* A software authenticator over OpenSSL, for tests. */
#ifndef FACTOR_TEST_DEVICE_H
#define FACTOR_TEST_DEVICE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include <cmocka.h>

#include "factor/webauthn.h"

enum { DEVICE_UP = 0x01, DEVICE_UV = 0x04, DEVICE_BE = 0x08, DEVICE_BS = 0x10, DEVICE_AT = 0x40, DEVICE_ED = 0x80 };

struct device {
	enum webauthn_algorithm algorithm;
	EVP_PKEY *key;
	uint8_t id[20];
	uint8_t flags;
	uint32_t counter;
	const char *rp_id;
	struct slice extensions; /* CBOR map; with DEVICE_ED in the flags */
};

EVP_PKEY *device_key(enum webauthn_algorithm algorithm);
struct device device_make(enum webauthn_algorithm algorithm, const char *rp_id); /* user present and verified; counter 7 */

struct ceremony {
	struct buf client, data, signature, object;
};
void ceremony_start(struct ceremony *c);
void ceremony_free(struct ceremony *c);

/* clientDataJSON; `more` follows the last member. */
void device_client_data(const char *type, struct slice challenge, const char *origin, const char *more, struct buf *out);
void device_authenticator_data(const struct device *d, uint8_t flags, struct buf *out);
/* Over c->data and the hash of c->client, as WebAuthn does. */
void device_sign(EVP_PKEY *key, struct slice data, struct slice client, struct buf *out);
/* c->object from c->data and c->client; certificate: x5c, may be empty. */
void device_attest(struct ceremony *c, const struct device *d, const char *format, EVP_PKEY *signer, struct slice certificate);

/* Everything of a registration (c->client, c->object) or an assertion (c->client, c->data, c->signature; counts). Starts c. */
void device_register(struct ceremony *c, const struct device *d, const char *format, struct slice challenge, const char *origin);
void device_assert(struct ceremony *c, struct device *d, struct slice challenge, const char *origin);

#endif
