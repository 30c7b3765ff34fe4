/* Answers about certificates (OCSP, RFC 6960), to be stapled to handshakes: asked for, and checked before they are shown. */
#ifndef CRYPT_OCSP_H
#define CRYPT_OCSP_H

#include "base/buf.h"
#include "base/error.h"

#define OCSP_ANSWER_MAX 16384

/* Appends the request (DER) about the leaf of the chain (PEM, leaf first, then its issuer). ERR_NOT_FOUND: the issuer is not in it. */
int ocsp_request(struct slice chain_pem, struct buf *out, struct error *err);

enum ocsp_verdict { OCSP_GOOD, OCSP_REVOKED };
/*
 * Is the answer about the leaf, signed by its issuer or by whom that one has named for it, and of use at `now`? *ret_until: until when (unix seconds),
 * at most a week when it does not say. ERR_INVALID otherwise.
 */
int ocsp_check(struct slice answer, struct slice chain_pem, int64_t now, enum ocsp_verdict *ret_verdict, int64_t *ret_until, struct error *err);

#endif
