/*
 * Headers with bytes beyond ASCII that are no UTF-8 (RFC 6532 allows nothing else; mail from East Asia has them all the same): as UTF-8, so that everybody
 * behind reads the same.
 */
#ifndef MIME_RAW_HEADER_H
#define MIME_RAW_HEADER_H

#include "base/arena.h"
#include "base/slice.h"

/*
 * The header itself when all of it is UTF-8; else a copy in `arena` in which each line that is not has become so, but for its encoded words,
 * which say themselves what they are. Line breaks and ASCII stay as they are.
 * charset: of the body, as its Content-Type says, or empty: it is taken when it keeps ASCII and reads all of the lines. Else GB18030 or Big5 when the bytes
 * look like Chinese; language (en, zh-CN, zh-TW, as in the configuration) decides where both do alike. Else windows-1252.
 * Also for a single value.
 */
struct slice mime_header_utf8(struct slice header, struct slice charset, struct slice language, struct arena *arena);

#endif
