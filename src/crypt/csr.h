/*
 * Requests for certificates (PKCS#10, RFC 2986): hostile input. Of a request nothing counts but its public key and the proof that who asks has the
 * private one; subject, attributes and extensions are ignored.
 */
#ifndef CRYPT_CSR_H
#define CRYPT_CSR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define CSR_MAX 8192 /* bytes of PEM */

struct csr {
	struct slice spki;        /* SubjectPublicKeyInfo in DER, written anew; in the arena */
	uint8_t key_hash[32];     /* SHA-256 of spki: tells the same key again */
	const char *key_name;     /* "RSA 2048", "EC P-256", …; static, or in the arena */
};
/*
 * pem: exactly one request. ERR_INVALID: not one; ERR_UNSUPPORTED: a key or signature that is not taken (RSA of 2048 to 4096 bits, EC P-256 and
 * P-384; signed under SHA-256, -384 or -512); ERR_DENIED: its signature is not by the key in it. The private text says which, for who asked.
 */
int csr_read(struct slice pem, struct arena *arena, struct csr *ret, struct error *err);

/* For who asks: a new key (EC P-256) as PKCS#8 in PEM, secret, and a request for it. */
int csr_make(struct buf *ret_key_pem, struct buf *ret_csr_pem, struct error *err);
/*
 * The key, its certificate and the chain above (PEM, leaf first) as PKCS#12 (RFC 7292) under a password: AES-256 and HMAC-SHA-256. name: shown by
 * programs. ERR_INVALID: they do not belong together.
 */
int csr_pkcs12(struct slice key_pem, struct slice chain_pem, const char *password, const char *name, struct buf *out, struct error *err);

#endif
