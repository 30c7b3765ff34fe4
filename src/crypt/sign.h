/* Private keys of certificates: loaded from PEM in the `key` process, used there to sign TLS handshake digests. */
#ifndef CRYPT_SIGN_H
#define CRYPT_SIGN_H

#include "base/buf.h"
#include "base/error.h"

struct sign_key;

/* RSA of 2048 to 8192 bits, ECDSA on P-256 or P-384; no passphrase. */
int sign_key_load(struct slice pem, struct sign_key **ret, struct error *err);
void sign_key_free(struct sign_key **key);
/*
 * Signs a digest under a TLS SignatureScheme (RFC 8446 4.2.3): ecdsa_secp256r1_sha256 0x0403, ecdsa_secp384r1_sha384 0x0503,
 * rsa_pkcs1_sha256/384/512 0x0401 0x0501 0x0601, rsa_pss_rsae_sha256/384/512 0x0804 0x0805 0x0806. ECDSA signatures are DER.
 * TLS 1.2 takes either curve with either hash (RFC 5246 7.4.1.4.1). ERR_UNSUPPORTED for another scheme or one that
 * does not fit the key, ERR_INVALID for a digest of the wrong size.
 */
int sign_digest(const struct sign_key *key, uint16_t scheme, struct slice digest, struct buf *out, struct error *err);
/* Does the PEM certificate's public key (its first one) belong to the private key? */
bool sign_key_matches(const struct sign_key *key, struct slice certificate_pem);

#endif
