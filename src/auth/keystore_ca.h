/* Private keys of the own authority in the key store, one file each with its certificate; used by the role `key` alone. docs/keys.md is the format. */
#ifndef AUTH_KEYSTORE_CA_H
#define AUTH_KEYSTORE_CA_H

#include "auth/keystore.h"
#include "crypt/mail_ca.h"

enum keystore_ca_kind { KEYSTORE_CA_ROOT = 1, KEYSTORE_CA_ISSUING = 2 }; /* stored */

struct keystore_ca {
	enum keystore_ca_kind kind;
	struct mail_ca_key *key;
	struct buf certificate; /* DER */
};
#define KEYSTORE_CA_INIT {.certificate = BUF_INIT(MAIL_CA_DER_MAX)}

/* Keeps it under a new id; it stays the caller's. */
int keystore_ca_keep(const struct keystore *ks, const struct keystore_ca *ca, uint8_t ret_id[16], struct error *err);
/* Into an empty one, which is freed by keystore_ca_free. ERR_NOT_FOUND, ERR_DAMAGED. */
int keystore_ca_load(const struct keystore *ks, const uint8_t id[16], struct keystore_ca *ret, struct error *err);
int keystore_ca_drop(const struct keystore *ks, const uint8_t id[16], struct error *err);
void keystore_ca_free(struct keystore_ca *ca);

#endif
