/* Character references (HTML 13.2.5.72 to 80). */
#ifndef HTML_REFERENCE_H
#define HTML_REFERENCE_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * `raw` with its references as characters, in UTF-8. In an attribute a legacy reference before "=" or a letter or digit stays text. NUL
 * becomes U+FFFD, CR and CRLF become LF. Gives back `raw` itself where nothing is to be done, else memory of the arena. Linear.
 */
struct slice html_decoded(struct slice raw, bool attribute, struct arena *arena);

#endif
