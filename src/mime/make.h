/* From a message to its digest: the one entry for everybody who has the bytes. */
#ifndef MIME_MAKE_H
#define MIME_MAKE_H

#include "mime/digest.h"

/*
 * Parses everything and fills every field; ret borrows from `message` and `arena`. Never fails on any input: 0.
 * email_id: 16 random bytes, made by the caller.
 */
int mime_digest_make(struct slice message, const uint8_t email_id[16], struct arena *arena, struct digest *ret);
/* As a message that cannot be parsed safely: one application/octet-stream part, no texts. */
int mime_digest_opaque(struct slice message, const uint8_t email_id[16], struct arena *arena, struct digest *ret);

#endif
