/* What the process that holds the keys of certificates makes with them: keys, requests for certificates, signatures of ACME and of profiles. */
#ifndef CRYPT_TLS_MAKE_H
#define CRYPT_TLS_MAKE_H

#include "crypt/tls.h"

#define TLS_KEY_PEM_MAX 8192
#define TLS_CSR_NAMES_MAX 100
#define TLS_CSR_MAX 8192

/* ECDSA on P-256. */
struct tls_key *tls_key_generate(struct error *err);
/* PKCS#8 as PEM, secret. */
int tls_key_encode(const struct tls_key *key, struct buf *out, struct error *err);
/* SHA-256 of SubjectPublicKeyInfo: which key belongs to which certificate (certificate_key_hash). */
int tls_key_hash(const struct tls_key *key, uint8_t ret[32]);
/* PKCS#10 (RFC 2986) in DER for DNS names, the first is the common name when it fits. must_staple: RFC 7633. */
int tls_key_request(const struct tls_key *key, const struct slice *names, size_t count, bool must_staple, struct buf *out, struct error *err);

/*
 * A request of ACME (RFC 8555 6.2): JWS with ES256 in flattened JSON. kid: the address of the account, or empty: the public key is put in. The protected
 * header is made here, so the key signs nothing else. payload empty: POST-as-GET (6.3). ERR_UNSUPPORTED: not a P-256 key.
 */
int tls_key_acme(const struct tls_key *key, struct slice nonce, struct slice url, struct slice kid, struct slice payload, struct buf *out,
	struct error *err);
/* RFC 7638, base64url: 43 characters. */
int tls_key_thumbprint(const struct tls_key *key, struct buf *out, struct error *err);
/* The certificate of a TLS-ALPN-01 challenge (RFC 8737 3): self-signed, valid a week, with the digest of the key authorization. PEM. */
int tls_key_alpn(const struct tls_key *key, struct slice name, const uint8_t digest[32], struct buf *out, struct error *err);
/*
 * CMS SignedData (RFC 5652) in DER with the content inside and the chain: an Apple configuration profile. Only texts that begin as one are signed.
 * ERR_DENIED otherwise.
 */
int tls_key_profile(const struct tls_key *key, struct slice chain_pem, struct slice content, struct buf *out, struct error *err);

#endif
