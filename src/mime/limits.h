/* Limits of parsing. What lies beyond is not parsed, never lost: the message itself is kept whole. */
#ifndef MIME_LIMITS_H
#define MIME_LIMITS_H

#define MIME_DEPTH_MAX 32             /* nested multiparts and messages; deeper ones are application/octet-stream */
#define MIME_PARTS_MAX 1000           /* parts of a message; the rest belongs to the enclosing multipart's epilogue */
#define MIME_HEADER_MAX (1024 * 1024) /* bytes of one header that are looked at */
#define MIME_FIELDS_MAX 2000          /* fields of one header that are looked at */
#define MIME_VALUE_MAX 65536          /* bytes of one structured or unfolded field value */
#define MIME_PARAMS_MAX 64            /* parameters of one field */
#define MIME_ADDRESSES_MAX 2000       /* addresses of one field */
#define MIME_BOUNDARY_MAX 250         /* RFC 2046 5.1.1 says 70; some senders pass it */
#define MIME_REFERENCES_MAX 100       /* message ids of References; the first and the last ones stay */
#define MIME_COMMENT_DEPTH_MAX 20     /* nested comments; deeper ones end the field */
#define MIME_SEARCH_HEADER_MAX (256 * 1024)
#define MIME_SEARCH_TEXT_MAX (1024 * 1024)
#define MIME_ENCLOSED_MAX (1024 * 1024) /* bytes of an enclosed message in base64 or quoted-printable that are decoded */
#define MIME_ENCLOSED_COUNT 20        /* such messages that are opened; none inside of another one */
#define MIME_PREVIEW_MAX 256          /* characters, RFC 8970 3.1 */
#define MIME_DIGEST_MAX (16 * 1024 * 1024) /* bytes of an encoded digest */

#endif
