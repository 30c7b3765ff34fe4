/* From a message to its digest: the one entry for everybody who has the bytes. */
#ifndef MIME_MAKE_H
#define MIME_MAKE_H

#include "mime/digest.h"

/*
 * Parses everything and fills every field; ret borrows from `message` and `arena`. Never fails on any input: 0.
 * email_id: 16 random bytes, made by the caller.
 */
int mime_digest_make(struct slice message, const uint8_t email_id[16], struct arena *arena, struct digest *ret);
/*
 * As mime_digest_make. language: of the organisation, for headers that do not say how they are written (mime/raw_header.h). The search text of a letter that is one plain ASCII text is made from the body when it is wanted: then
 * ret->search_text_of_body is set and the text left out.
 */
int mime_digest_make_brief(struct slice message, const uint8_t email_id[16], struct slice language, struct arena *arena, struct digest *ret);
/* Appends that text: the bytes of the body without CR, A-Z as a-z, and a LF. */
void mime_body_text(struct slice body, struct buf *out);
/* As a message that cannot be parsed safely: one application/octet-stream part, no texts. */
int mime_digest_opaque(struct slice message, const uint8_t email_id[16], struct arena *arena, struct digest *ret);

#endif
