/* A small certificate authority of one's own (ECDSA P-256, SHA-256), for the demo and for installations without public certificates. */
#ifndef CRYPT_CA_H
#define CRYPT_CA_H

#include "base/buf.h"
#include "base/error.h"

#define CA_NAMES_MAX 100

/* A self-signed CA certificate (RFC 5280 4.2.1.9, path length 0). Appends PEM texts; private keys are PKCS#8. */
int ca_create(const char *name, int days, struct buf *ret_certificate, struct buf *ret_key, struct error *err);
/*
 * A server certificate for DNS names (A-labels, "*.example.org" allowed) and IP addresses in their text form, at least one, the
 * first is the common name. ret_chain gets the leaf, then the CA certificate.
 */
int ca_issue(struct slice ca_certificate, struct slice ca_key, const struct slice *names, size_t name_count, int days,
             struct buf *ret_chain, struct buf *ret_key, struct error *err);
/* Seconds since 1970 at which the first certificate of the PEM text ends; negative: cannot be read. */
int64_t ca_not_after(struct slice certificate_pem);

#endif
