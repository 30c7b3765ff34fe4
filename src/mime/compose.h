/* A small composer, for notices of the server: header fields with folding and encoded words, multiparts. CRLF lines, at most 998 bytes. */
#ifndef MIME_COMPOSE_H
#define MIME_COMPOSE_H

#include "base/buf.h"

/* "Name: text" folded at 76, UTF-8 as encoded words. Controls in `text` become spaces: nothing can start a field of its own. */
void compose_field(struct buf *out, const char *name, struct slice text);
/* The same without encoding: a structured value, folded at its spaces. */
void compose_field_raw(struct buf *out, const char *name, struct slice value);
/* "Name: Display <spec>" */
void compose_address(struct buf *out, const char *name, struct slice display, struct slice spec);
void compose_date(struct buf *out, const char *name, int64_t unix_seconds);
/* "--boundary" and "--boundary--" with their line breaks. */
void compose_boundary(struct buf *out, struct slice boundary, bool close);
/* The header fields, the empty line and the body of a text/plain; charset=utf-8 part, quoted-printable when it has to be. LF or CRLF. */
void compose_text_part(struct buf *out, struct slice utf8);

#endif
