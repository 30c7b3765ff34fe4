/* The sealed files of the key store, for those who keep more in it. */
#ifndef AUTH_KEYSTORE_PRIVATE_H
#define AUTH_KEYSTORE_PRIVATE_H

#include "auth/keystore.h"
#include "base/buf.h"

#define KEYSTORE_CONTENT_MAX 8192 /* bytes in one file */
#define KEYSTORE_NAME_MAX 56

/* "<prefix><id in hexadecimal>": of one of several files of a kind. */
void keystore_file_name(const char *prefix, const uint8_t id[16], char ret[KEYSTORE_NAME_MAX + 1]);
/* name: of the file, at most KEYSTORE_NAME_MAX bytes. */
int keystore_file_write(const struct keystore *ks, const char *name, struct slice content, struct error *err);
/* Appends the opened content. ERR_NOT_FOUND, ERR_DAMAGED. */
int keystore_file_read(const struct keystore *ks, const char *name, struct buf *content, struct error *err);
/* Overwrites what is needed to open it, then removes it. What is not there is destroyed. */
int keystore_file_destroy(const struct keystore *ks, const char *name, struct error *err);

#endif
