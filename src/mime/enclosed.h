/*
 * Enclosed messages in base64 or quoted-printable. RFC 6532 3.7 allows that for message/global; RFC 2046 5.2.1 forbids it for message/rfc822, and
 * some senders do it all the same. What is inside has no bytes in the message that a part could name, so in the structure it is
 * one application/octet-stream; its text is decoded for search and preview.
 */
#ifndef MIME_ENCLOSED_H
#define MIME_ENCLOSED_H

#include "mime/digest.h"

/* The decoded message of a part with `encoded_message`, from at most MIME_ENCLOSED_MAX bytes of its body. Lives in the arena. */
struct slice mime_enclosed_decode(struct slice message, const struct mime_part *part, struct arena *arena);

#endif
