/*
 * The organisation's own authority for certificates of persons' devices (RFC 5280): a root, issuing authorities below it, certificates of
 * clients, lists of revoked ones. Whoever has the keys (the role `key`) makes each of them from these fields, so that nothing else is ever signed.
 */
#ifndef CRYPT_MAIL_CA_H
#define CRYPT_MAIL_CA_H

#include "base/buf.h"
#include "base/error.h"

enum mail_ca_algorithm { MAIL_CA_P256 = 1, MAIL_CA_RSA3072 = 2 }; /* stored; ECDSA or RSASSA-PKCS1-v1_5, both with SHA-256 */

#define MAIL_CA_SERIAL_SIZE 16           /* random (4.1.2.2) */
#define MAIL_CA_DER_MAX 3500             /* bytes of any certificate made here */
#define MAIL_CA_NAME_MAX 64              /* RFC 5280 A.1: bytes of a name */
#define MAIL_CA_DOMAINS_MAX 1500         /* bytes of all domains of an authority, with a space between; more are not named */
#define MAIL_CA_KEY_MAX 4000             /* bytes of mail_ca_key_encode */
#define MAIL_CA_DEVICE_DAYS_MAX 1100     /* a certificate of a device lasts at most so long */
#define MAIL_CA_SPKI_MAX 700             /* bytes of a public key (RSA of 4096 bits: 550) */
#define MAIL_CA_URL_MAX 200
#define MAIL_CA_ADDRESS_MAX 320

/* "ecdsa-p256", "rsa-3072"; NULL for another value. */
const char *mail_ca_algorithm_name(enum mail_ca_algorithm algorithm);
bool mail_ca_algorithm_find(struct slice name, enum mail_ca_algorithm *ret);

struct mail_ca_key;
/* RSA takes a second of work. */
int mail_ca_key_generate(enum mail_ca_algorithm algorithm, struct mail_ca_key **ret, struct error *err);
/* PKCS#8 in DER, secret. */
int mail_ca_key_encode(const struct mail_ca_key *key, struct buf *out, struct error *err);
int mail_ca_key_decode(struct slice der, struct mail_ca_key **ret, struct error *err);
void mail_ca_key_free(struct mail_ca_key **key);

struct mail_ca_authority { /* borrowed */
	struct slice organisation;     /* UTF-8 */
	struct slice common_name;
	struct slice domains;          /* of an issuing one, separated by spaces: the only hosts of addresses (4.2.1.10); empty: any */
	int64_t not_before, not_after; /* unix seconds */
};
/* Appends the certificate in DER: signed by itself, for one level of authorities below. */
int mail_ca_root(const struct mail_ca_key *key, const struct mail_ca_authority *what, struct buf *out, struct error *err);
/* An authority that issues certificates of clients (path length 0, clientAuth), signed by `root` whose certificate is root_der. */
int mail_ca_issuing(const struct mail_ca_key *root, struct slice root_der, const struct mail_ca_key *key, const struct mail_ca_authority *what,
	struct buf *out, struct error *err);

struct mail_ca_device { /* borrowed */
	uint8_t serial[MAIL_CA_SERIAL_SIZE];
	struct slice spki;             /* SubjectPublicKeyInfo in DER, as csr_read gives it */
	struct slice address;          /* of the account: rfc822Name, or SmtpUTF8Mailbox (RFC 9598) when it is not ASCII */
	uint8_t account[16];
	uint32_t device;
	int64_t not_before, not_after;
	struct slice crl_url;          /* where the list of revoked ones is (4.2.1.13); empty: nowhere */
};
/* ERR_INVALID: a field is not right, or it would last longer than MAIL_CA_DEVICE_DAYS_MAX or than its issuer. */
int mail_ca_device(const struct mail_ca_key *issuer, struct slice issuer_der, const struct mail_ca_device *what, struct buf *out, struct error *err);

enum mail_ca_reason { /* 5.3.1; stored */
	MAIL_CA_UNSPECIFIED = 0, MAIL_CA_KEY_COMPROMISE = 1, MAIL_CA_AFFILIATION_CHANGED = 3, MAIL_CA_SUPERSEDED = 4, MAIL_CA_CESSATION = 5,
};
/* "unspecified", "key_compromise", "affiliation_changed", "superseded", "cessation"; NULL for another value. */
const char *mail_ca_reason_name(enum mail_ca_reason reason);
bool mail_ca_reason_find(struct slice name, enum mail_ca_reason *ret);

/* One revoked certificate: serial, u64 time (unix seconds), u8 reason. */
#define MAIL_CA_REVOKED_SIZE (MAIL_CA_SERIAL_SIZE + 9)
#define MAIL_CA_REVOKED_MAX 100000
#define MAIL_CA_CRL_MAX (8u << 20)
struct mail_ca_crl {
	uint64_t number;               /* rises with every list of an issuer (5.2.3) */
	int64_t this_update, next_update;
	struct slice revoked;          /* entries one behind the other */
};
/* Appends the list (5) in DER. */
int mail_ca_crl(const struct mail_ca_key *issuer, struct slice issuer_der, const struct mail_ca_crl *what, struct buf *out, struct error *err);
/* Is this a list that the issuer has signed, with that number? For who got it from elsewhere. */
bool mail_ca_crl_is(struct slice crl_der, struct slice issuer_der, uint64_t number);

/* Appends DER as PEM. label: "CERTIFICATE", "X509 CRL". */
void mail_ca_pem(const char *label, struct slice der, struct buf *out);

#endif
