/* Private keys of DKIM in the key store, one file each; used by the role `key` alone. docs/keys.md is the format. */
#ifndef AUTH_KEYSTORE_DKIM_H
#define AUTH_KEYSTORE_DKIM_H

#include "auth/keystore.h"
#include "crypt/mail_key.h"

#define KEYSTORE_DKIM_OPEN_MAX 256 /* that are held open; others are read again */

struct keystore_dkim;

struct keystore_dkim *keystore_dkim_open(const struct keystore *ks);
void keystore_dkim_close(struct keystore_dkim **kd);
/* Keeps a key that was made, under a new id. It stays the caller's. */
int keystore_dkim_keep(struct keystore_dkim *kd, const struct mail_key *key, uint8_t ret_id[16], struct error *err);
/* Borrowed until the next call. ERR_NOT_FOUND, ERR_DAMAGED. */
int keystore_dkim_get(struct keystore_dkim *kd, const uint8_t id[16], const struct mail_key **ret, struct error *err);
int keystore_dkim_drop(struct keystore_dkim *kd, const uint8_t id[16], struct error *err);

#endif
