/*
 * Detached signatures of files in the format of minisign: made where the signing key is, carried to machines without a network, checked against a key that was
 * pinned before.
 */
#ifndef CRYPT_MINISIGN_H
#define CRYPT_MINISIGN_H

#include "base/error.h"
#include "base/slice.h"

#define MINISIGN_TEXT_MAX 4096 /* of a signature file */

/* Is that a public key ("RW…", 56 characters of base64)? */
bool minisign_key_valid(struct slice key);
/*
 * Is `signature` (the content of the .minisig file) one of `content` by `key`, its trusted comment included? *ret_time: "timestamp:" of that comment, unix seconds.
 * ERR_INVALID: no signature file, or one without a time; ERR_DENIED: by another key, or of something else. err says which.
 */
int minisign_verify(struct slice key, struct slice content, struct slice signature, int64_t *ret_time, struct error *err);

#endif
