/* Text encodings of bytes: base64 (RFC 4648 4), base64url (5), hexadecimal, quoted-printable (RFC 2045 6.7). */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include "base/buf.h"

void base64_encode(struct slice in, struct buf *out);            /* with padding, no line breaks */
void base64_encode_lines(struct slice in, struct buf *out);      /* 76 characters and CRLF */
void base64url_encode(struct slice in, struct buf *out);         /* without padding */
/* Strict: no foreign characters, right padding. 0 or -1 (out is then as before). For SASL and tokens. */
int base64_decode_strict(struct slice in, struct buf *out);
int base64url_decode_strict(struct slice in, struct buf *out);
/* Lenient, for mail bodies: foreign characters are skipped, missing padding accepted. Returns false if anything was odd. */
bool base64_decode_lenient(struct slice in, struct buf *out);

/* Lenient quoted-printable: a bad escape is copied as it is. Returns false if anything was odd. */
bool quoted_printable_decode(struct slice in, struct buf *out);
/* Body encoding with soft line breaks at 76; CRLF stays a line break; trailing white space is encoded. */
void quoted_printable_encode(struct slice in, struct buf *out);

void hex_encode(struct slice in, struct buf *out); /* lower case */
int hex_decode(struct slice in, struct buf *out);  /* even number of digits or -1 */

#endif
