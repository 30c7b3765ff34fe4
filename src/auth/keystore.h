/*
 * The organisation's keys on disk: files in one directory, each sealed with a key derived from the master key. Used by the role `key`
 * alone. docs/keys.md is the format.
 */
#ifndef AUTH_KEYSTORE_H
#define AUTH_KEYSTORE_H

#include "base/error.h"
#include "base/slice.h"

#define KEYSTORE_KEY_SIZE 32
#define KEYSTORE_EPOCHS_MAX 400
#define KEYSTORE_EPOCH_AGE_MS INT64_C(3600000)

struct keystore;

/* Loads everything; makes what is missing (*ret_created: something was). ERR_DAMAGED: the master key does not fit or a file is damaged. */
int keystore_open(const char *directory, const uint8_t master[KEYSTORE_KEY_SIZE], int64_t now_ms, bool *ret_created, struct keystore **ret,
                  struct error *err);
void keystore_close(struct keystore **ks);

/* A key by name: "pepper", "database directory", "database spool", "database jobs", "managed", "database audit", "audit head", "certificate", "push",
 * "database push". NULL: no such key. Guarded memory. */
const uint8_t *keystore_key(const struct keystore *ks, struct slice name);

/* The newest queue epoch; a new one is made when it is older than KEYSTORE_EPOCH_AGE_MS and rotate is set. */
int keystore_epoch(struct keystore *ks, bool rotate, int64_t now_ms, uint32_t *ret_epoch, uint8_t ret_public[KEYSTORE_KEY_SIZE],
	struct error *err);
/* Both halves of an epoch. False: it does not exist (any more). */
bool keystore_epoch_pair(const struct keystore *ks, uint32_t epoch, uint8_t ret_public[KEYSTORE_KEY_SIZE], const uint8_t **ret_secret);
/* Destroys the private halves of the epochs from `from` on and below `before`, except the newest: overwrites, then removes the files. */
int keystore_epoch_drop(struct keystore *ks, uint32_t from, uint32_t before, uint32_t *ret_dropped, struct error *err);

#endif
