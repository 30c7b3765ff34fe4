/* Tag lists, "a=1; b=2" (RFC 6376 3.2): the form of DKIM signatures and keys, of ARC fields and of other records in DNS. Pure. */
#ifndef TRUST_TAGS_H
#define TRUST_TAGS_H

#include "base/arena.h"
#include "base/buf.h"

#define TAGS_MAX 64
#define TAGS_BYTES_MAX 32768 /* of one list */

struct tag {
	struct slice name;   /* case matters */
	struct slice value;  /* white space at both ends cut; folding inside kept */
	struct slice raw;    /* all between "=" and ";" */
};

struct tag_list {
	struct tag tags[TAGS_MAX];
	size_t count;
};

/*
 * Borrows from `text`. False: malformed, a tag twice, too many or too long. One last ";" is allowed, an empty list is not a mistake. Bytes
 * above ASCII are let through (RFC 8616 6).
 */
bool tags_parse(struct slice text, struct tag_list *ret);
/* NULL: not there. */
const struct tag *tags_find(const struct tag_list *list, const char *name);
/* Its value; empty when it is not there. */
struct slice tags_value(const struct tag_list *list, const char *name);

/* The value without any white space. In the arena when there was some. */
struct slice tags_compact(struct arena *arena, struct slice value);
/* Base64 with white space in it, strict otherwise, appended to *out. False: malformed or empty. */
bool tags_base64(struct slice value, struct buf *out);
/* The next item of a list that `sep` parts, white space around it cut. False at the end. An item may be empty. */
bool tags_item_next(struct slice *rest, uint8_t sep, struct slice *ret);
/* Is `item` (case ignored) in a colon list? "*" is what it is. */
bool tags_list_has(struct slice list, struct slice item);

#endif
