/*
 * StartTLS of LDAP (RFC 4511 4.14) in bytes: the one exchange that goes before the TLS handshake, so before the library. Pure.
 */
#ifndef SSO_LDAP_STARTTLS_H
#define SSO_LDAP_STARTTLS_H

#include "base/buf.h"
#include "base/error.h"

#define LDAP_STARTTLS_ANSWER_MAX 2000 /* bytes of the whole answer */

/* Appends the extended request, message 1. */
void ldap_starttls_request(struct buf *out);
/*
 * What came back so far. 1: not all of it yet; 0: the handshake may begin; ERR_DENIED: the server says no, err with its result code;
 * ERR_INVALID: malformed, of another message, too long, or bytes follow that were sent before the handshake (they may be anybody's).
 */
int ldap_starttls_answer(struct slice input, struct error *err);

#endif
