/* Compressed attachments of reports: gzip (RFC 1952) and ZIP, with a limit that no bomb passes. */
#ifndef TRUST_UNPACK_H
#define TRUST_UNPACK_H

#include "base/buf.h"

#define UNPACK_FILES_MAX 16 /* of a ZIP that are looked at */

/*
 * Appends what is in there, at most out's maximum: a gzip file, the first file of a ZIP whose name ends with `suffix` (without case; else
 * the first file), or the bytes themselves when they are neither. 0, ERR_INVALID, ERR_LIMIT, ERR_UNSUPPORTED (encrypted, other methods).
 */
int unpack(struct slice in, struct slice suffix, struct buf *out);
/* Appends a gzip file without name and time. */
void gzip_pack(struct slice in, struct buf *out);

#endif
