/* The tree of parts of a message, with byte offsets (RFC 2045, 2046, 5322). One pass; linear in the message. */
#ifndef MIME_STRUCTURE_H
#define MIME_STRUCTURE_H

#include "mime/digest.h"

/*
 * Never fails. Invariants: [header_start, body_start) and [body_start, body_end) lie inside the parent's body; siblings are in order and do
 * not overlap; the root covers the message. A multipart always has a child (one text/plain over the whole body when no delimiter is
 * found). message/rfc822 and message/global have envelope and exactly one child, unless they are transfer-encoded or too deep: then they
 * become application/octet-stream.
 */
struct mime_part *mime_structure_parse(struct slice message, struct arena *arena);
/* The envelope of one header (RFC 9051 7.5.2); sender and reply_to default to from. */
void mime_envelope_parse(struct slice header, struct arena *arena, struct mime_envelope *ret);

static inline bool mime_part_is(const struct mime_part *part, struct slice type, struct slice subtype)
{
	return slice_eq(part->type, type) && slice_eq(part->subtype, subtype);
}
static inline bool mime_part_is_message(const struct mime_part *part)
{
	return part->envelope != NULL;
}
/* The next part in the order of the message (depth first), NULL at the end. */
struct mime_part *mime_part_next(const struct mime_part *part);
/* The part a person would open as a file. */
bool mime_part_is_attachment(const struct mime_part *part);

#endif
