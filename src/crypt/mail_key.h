/*
 * Keys of DKIM and ARC: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 6376 3.3, RFC 8301) and Ed25519 over a SHA-256 hash (RFC 8463 3). Both sign
 * the 32 bytes of a digest, so that the private key can be in another process than the message.
 */
#ifndef CRYPT_MAIL_KEY_H
#define CRYPT_MAIL_KEY_H

#include "base/buf.h"
#include "base/error.h"

enum mail_algorithm { MAIL_RSA_SHA256 = 1, MAIL_ED25519_SHA256 = 2 }; /* stored; the values never change */

#define MAIL_DIGEST_SIZE 32
#define MAIL_RSA_BITS 2048           /* of the keys we make */
#define MAIL_RSA_BITS_MIN 1024       /* RFC 8301 3.2 */
#define MAIL_RSA_BITS_MAX 8192       /* bounds what one verification costs */
#define MAIL_SIGNATURE_MAX (MAIL_RSA_BITS_MAX / 8)
#define MAIL_PUBLIC_MAX 2048         /* bytes of a public key as stored in DNS, decoded */
#define MAIL_SECRET_MAX 8192         /* bytes of mail_key_encode */

/* "rsa-sha256", "ed25519-sha256"; NULL for another value. */
const char *mail_algorithm_name(enum mail_algorithm algorithm);
/* False: not one of the two (RFC 8301 3.1: rsa-sha1 is none any more). */
bool mail_algorithm_find(struct slice name, enum mail_algorithm *ret);

/* ---- verify ---- */

struct mail_public;

/*
 * RSA: SubjectPublicKeyInfo or RSAPublicKey in DER, any size up to MAIL_RSA_BITS_MAX, exponent odd and at most 64 bits; Ed25519: the 32 bytes.
 * ERR_INVALID: not such a key. *ret_bits tells the size, so that the caller judges before he verifies.
 */
int mail_public_load(enum mail_algorithm algorithm, struct slice key, struct mail_public **ret, unsigned *ret_bits, struct error *err);
bool mail_public_verify(const struct mail_public *key, const uint8_t digest[MAIL_DIGEST_SIZE], struct slice signature);
void mail_public_free(struct mail_public **key);

/* ---- sign ---- */

struct mail_key;

/* RSA of MAIL_RSA_BITS (a quarter of a second of work) or Ed25519. */
int mail_key_generate(enum mail_algorithm algorithm, struct mail_key **ret, struct error *err);
/* A PEM file without passphrase: RSA of MAIL_RSA_BITS_MIN to MAIL_RSA_BITS_MAX bits, or Ed25519. ERR_INVALID, ERR_UNSUPPORTED. */
int mail_key_load(struct slice pem, struct mail_key **ret, struct error *err);
/* PKCS#8 (RFC 5208) in DER, secret; at most MAIL_SECRET_MAX bytes. Decoding makes the checks of mail_key_load. */
int mail_key_encode(const struct mail_key *key, struct buf *out, struct error *err);
int mail_key_decode(struct slice der, struct mail_key **ret, struct error *err);
void mail_key_free(struct mail_key **key);

enum mail_algorithm mail_key_algorithm(const struct mail_key *key);
/* The public half as p= wants it before base64: SubjectPublicKeyInfo, or the 32 bytes. */
int mail_key_public(const struct mail_key *key, struct buf *out, struct error *err);
int mail_key_sign(const struct mail_key *key, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out, struct error *err);

#endif
