/* Inside of the authority: what its files share. */
#ifndef CRYPT_MAIL_CA_PRIVATE_H
#define CRYPT_MAIL_CA_PRIVATE_H

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "crypt/mail_ca.h"

struct mail_ca_key {
	EVP_PKEY *pkey;
};

/* ERR_INVALID with `what`; the library's queue of errors is emptied. */
int mail_ca_failed(struct error *err, const char *what);
X509 *mail_ca_read(struct slice der);
/* Appends what a function of the library like i2d_X509 gave, and frees it. False: it gave nothing. */
bool mail_ca_append(unsigned char *der, int n, struct buf *out);
bool mail_ca_set_time(ASN1_TIME *time, int64_t unix_seconds);
bool mail_ca_set_serial(ASN1_INTEGER *to, const uint8_t serial[MAIL_CA_SERIAL_SIZE]);

/*
 * A public key that devices may have: RSA of 2048 to 4096 bits with an odd exponent from 65537 up to 64 bits, EC on P-256 or P-384 by name.
 * False: another.
 */
bool csr_key_allowed(const EVP_PKEY *key);

#endif
