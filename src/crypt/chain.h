/* A certificate of a server with those of its authorities, as somebody gave it: put in order, looked at, refused when it is weak. */
#ifndef CRYPT_CHAIN_H
#define CRYPT_CHAIN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define CHAIN_PEM_MAX 65536
#define CHAIN_NAMES_MAX 100

struct chain {
	struct slice names[CHAIN_NAMES_MAX]; /* DNS names, lower case */
	size_t name_count;
	int64_t not_before, not_after;
	uint8_t key_hash[32];     /* SHA-256 of SubjectPublicKeyInfo */
	uint8_t fingerprint[32];
	struct slice issuer;      /* its organisation, or its common name */
	struct slice ocsp_url;    /* empty: none */
	bool must_staple;         /* RFC 7633 */
};

/*
 * Reads certificates in any order; ret_pem gets them leaf first, each followed by its issuer, without the self-signed root and without what does not
 * belong. ERR_INVALID: malformed, expired, for no names or not for servers, or the issuer's certificate is missing though the leaf says where it is;
 * ERR_UNSUPPORTED: weak (RSA below 2048 bits, curves other than P-256 and P-384, signatures with SHA-1 or MD5). err says which.
 */
int chain_read(struct slice pem, int64_t now, struct arena *arena, struct chain *ret, struct buf *ret_pem, struct error *err);

/* RFC 9773 4.1: by what an authority knows the leaf: its issuer's key identifier and its number, "base64url.base64url". False: the leaf names none. */
bool chain_renewal_id(struct slice pem, struct buf *out);

#endif
