/* Time stamps of others over a SHA-256 digest: RFC 3161 requests and answers. */
#ifndef CRYPT_TIMESTAMP_H
#define CRYPT_TIMESTAMP_H

#include "base/buf.h"
#include "base/error.h"

#define TIMESTAMP_ANSWER_MAX 32768

/* Appends a request (DER, application/timestamp-query) that asks for the certificate too. */
int timestamp_request(const uint8_t digest[32], struct buf *out, struct error *err);
/*
 * Is the answer (DER, application/timestamp-reply) granted and about this digest? *ret_time: seconds since 1970 that it states. With ca_pem the
 * signature and its chain are verified too, for the purpose of time stamping (RFC 3161 2.3); without, only what was said above.
 */
int timestamp_check(struct slice answer, const uint8_t digest[32], struct slice ca_pem, int64_t *ret_time, struct error *err);

#endif
