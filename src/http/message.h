/*
 * What both engines share: fields, limits, and the framing of one message over llhttp.
 *
 * A head is looked for first, as a frame: nothing is parsed before its empty line is there, so no value is ever seen in pieces. Its lines
 * are checked byte by byte (CRLF and nothing else ends a line, no folding, no control characters), then llhttp parses it in its strict
 * mode, and the body behind it.
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include "base/buf.h"

#define HTTP_LINE_MAX 8192              /* bytes of the request or status line (RFC 9112 3 asks for 8000) */
#define HTTP_HEAD_MAX 16384             /* bytes of the head: first line, fields, empty line */
#define HTTP_FIELDS_MAX 100             /* fields of a head or of trailers */
#define HTTP_OVERHEAD_MAX 65536         /* bytes of chunk sizes, extensions and trailers of one body … */
#define HTTP_OVERHEAD_RATIO 8           /* … and this many more for each byte of content */
#define HTTP_LENGTH_UNKNOWN UINT64_MAX

struct http_field {
	struct slice name, value;
};
#define HTTP_FIELD(n, v) {SLICE_INIT(n), SLICE_INIT(v)}

/* The value of the first field of that name (ASCII letters without case); empty when there is none. RFC 9110 5.1. */
struct slice http_field_get(const struct http_field *fields, size_t count, struct slice name);
/* How many fields have that name. */
size_t http_field_count(const struct http_field *fields, size_t count, struct slice name);
/* Is `token` an element of the comma separated list of all fields of that name? RFC 9110 5.6.1. */
bool http_field_lists(const struct http_field *fields, size_t count, struct slice name, struct slice token);
/* A token of RFC 9110 5.6.2, at least one character. */
bool http_is_token(struct slice s);
/* Appends "Name: value" and CRLF; control characters in the value (there should be none) go out as spaces. */
void http_field_put(struct buf *out, struct slice name, struct slice value);

/* "Tue, 01 Jul 2025 10:00:00 GMT", RFC 9110 5.6.7. */
void http_date_put(struct buf *out, int64_t unix_seconds);
/* "Not Found"; "Unknown" for a number that is not registered. */
struct slice http_status_text(unsigned status);

#endif
