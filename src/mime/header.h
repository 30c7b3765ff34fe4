/* The header of a message or part as a row of fields (RFC 5322 2.2, with RFC 5322 4 and worse). Pure, no allocation but unfolding. */
#ifndef MIME_HEADER_H
#define MIME_HEADER_H

#include "base/arena.h"
#include "base/slice.h"

struct mime_field {
	struct slice name;   /* as written, without white space before the colon */
	struct slice value;  /* after the colon, folding kept, without the final line break; not trimmed */
	struct slice whole;  /* name to line break included */
};

/*
 * Takes the next field off *rest. Lines that are no field (no colon, mbox "From ") are passed over. False at the empty line or the end;
 * *rest is then what follows the empty line. Lines end with CRLF or LF.
 */
bool mime_field_next(struct slice *rest, struct mime_field *ret);
/* Length of the header at the front of `message`, with its empty line; all of it when there is none. */
size_t mime_header_length(struct slice message);
/* The first field of that name (case ignored) in a header; false: none. Looks at MIME_FIELDS_MAX fields. */
bool mime_header_find(struct slice header, struct slice name, struct mime_field *ret);
unsigned mime_header_count(struct slice header, struct slice name);
/* The value without folding and outer white space; in `arena` only when it was folded. At most MIME_VALUE_MAX bytes. */
struct slice mime_unfold(struct arena *arena, struct slice value);

/* Moves *s past comments and folding white space (RFC 5322 3.2.2). Linear; depth MIME_COMMENT_DEPTH_MAX. */
void mime_skip_cfws(struct slice *s);
/* Takes a quoted string, without quotes and escapes, off *s (which starts with the quote). A missing end is taken as the end. */
struct slice mime_take_quoted(struct slice *s, struct arena *arena);

#endif
