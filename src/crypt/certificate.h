/* What is read of a client certificate (RFC 5280). */
#ifndef CRYPT_CERTIFICATE_H
#define CRYPT_CERTIFICATE_H

#include "base/arena.h"
#include "base/error.h"

#define CERTIFICATE_MAX 8192           /* bytes of DER or PEM */
#define CERTIFICATE_ADDRESSES_MAX 10   /* further ones are left out */

struct certificate {
	uint8_t fingerprint[32];           /* SHA-256 of the DER form */
	int64_t not_before, not_after;     /* unix seconds */
	size_t address_count;
};

/* ret_addresses: rfc822Name of the subject's alternative names (4.2.1.6), room for CERTIFICATE_ADDRESSES_MAX; ASCII, in the arena. */
int certificate_read(struct slice der, struct arena *arena, struct certificate *ret, struct slice *ret_addresses, struct error *err);
int certificate_read_pem(struct slice pem, struct arena *arena, struct certificate *ret, struct slice *ret_addresses, struct error *err);

#define CERTIFICATE_ISSUER_MAX 256
/*
 * Of the first certificate in PEM: SHA-256 of its public key as TLSA 3 1 1 has it (RFC 6698 2.1.2), and the organisation that issued it as
 * UTF-8, empty when it names none. ERR_INVALID.
 */
int certificate_key_hash(struct slice pem, uint8_t ret_hash[32], char ret_issuer[CERTIFICATE_ISSUER_MAX]);

#endif
