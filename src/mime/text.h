/*
 * Text as people search it.
 *
 * The searchable text of a message: every text/ part in the order of the message, decoded to UTF-8, HTML as visible text, CRLF as LF, folded
 * by mime_fold, each part ended by LF. Digest, index and the scan of long messages all use the code here.
 */
#ifndef MIME_TEXT_H
#define MIME_TEXT_H

#include "mime/digest.h"

/* Loads the folding tables, so that it works behind a closed jail; includes charset_warm(). */
void mime_warm(void);
/* Appends Unicode NFKC_Casefold of UTF-8 text; ill-formed bytes become U+FFFD. ASCII and Han do not pass through ICU. */
void mime_fold(struct slice utf8, struct buf *out);
struct slice mime_fold_arena(struct slice utf8, struct arena *arena);

/* The "name: value\n" lines of digest.search_header: does a field of that name hold the needle (folded)? Empty needle: does it exist? */
bool mime_search_field(struct slice search_header, struct slice name, struct slice needle);

/* One text part, fed in pieces, to folded (or plain) text. */
struct mime_text;
/* part: a text/ part. fold false: visible text only (preview). */
struct mime_text *mime_text_open(const struct mime_part *part, bool fold, struct arena *arena);
/* Body bytes as they stand in the message; `last` ends it (with LF). Appends to out. */
void mime_text_feed(struct mime_text *t, struct slice body, bool last, struct buf *out);
void mime_text_close(struct mime_text **t);

/* First 256 characters of what a person would read, white space collapsed (RFC 8970 3.1). */
struct slice mime_preview(struct slice message, const struct mime_part *root, struct arena *arena);
/* RFC 5256 2.1 on a decoded subject, then folded; ret_reply: it was a reply or forward. */
struct slice mime_base_subject(struct slice decoded, struct arena *arena, bool *ret_reply);

#endif
