/* Encoded words in header fields: RFC 2047, with the language tag of RFC 2231 5. */
#ifndef MIME_ENCODED_WORD_H
#define MIME_ENCODED_WORD_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * Appends `value` with its encoded words as UTF-8; white space between two of them goes (also characters cut between two words of one
 * charset are joined); raw 8-bit bytes are read as UTF-8, else windows-1252. Line breaks become nothing, other controls stay.
 */
void mime_words_decode(struct slice value, struct buf *out);
/* In `arena`; the value itself when there is nothing to decode. */
struct slice mime_words_decode_arena(struct slice value, struct arena *arena);
/* Appends UTF-8 text for an unstructured field or a phrase; as it is when that is safe ASCII, else as encoded words of at most 75. */
void mime_words_encode(struct slice utf8, bool phrase, struct buf *out);

#endif
