/* Keys of certificates and of accounts at certification authorities: sealed files of the key store, by number. docs/keys.md is the format. */
#ifndef AUTH_KEYSTORE_TLS_H
#define AUTH_KEYSTORE_TLS_H

#include "auth/keystore.h"
#include "crypt/tls_make.h"

#define KEYSTORE_TLS_OPEN_MAX 200

enum keystore_tls_use { KEYSTORE_TLS_SERVER = 1, KEYSTORE_TLS_ACME = 2 }; /* stored; a key is for one use only */

struct keystore_tls;
struct keystore_tls *keystore_tls_open(const struct keystore *ks);
void keystore_tls_close(struct keystore_tls **kt);
/* Keeps a new key under a number that is not 0. */
int keystore_tls_keep(struct keystore_tls *kt, const struct tls_key *key, enum keystore_tls_use use, uint32_t *ret_number, struct error *err);
/* Borrowed. ERR_NOT_FOUND: there is none of that number for that use. */
int keystore_tls_get(struct keystore_tls *kt, uint32_t number, enum keystore_tls_use use, struct tls_key **ret, struct error *err);
int keystore_tls_drop(struct keystore_tls *kt, uint32_t number, struct error *err);

#endif
