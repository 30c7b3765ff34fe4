/*
 * A small file beside spool.db that only `queue` opens: algorithm (1: XChaCha20-Poly1305), nonce (24 bytes), ciphertext with tag under the key "jobs", its
 * name as associated data.
 */
#ifndef QUEUE_SEALED_FILE_H
#define QUEUE_SEALED_FILE_H

#include "base/buf.h"
#include "base/error.h"

/* Replaces directory/name. */
int sealed_file_save(const char *directory, const char *name, const uint8_t key[32], struct slice plain, struct error *err);
/* Appends what is in it; nothing when it is missing, does not open or is longer than the room in `out`. */
void sealed_file_load(const char *directory, const char *name, const uint8_t key[32], struct buf *out);

#endif
