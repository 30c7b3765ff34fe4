/*
 * Tags of HTML and XML, one after the other, as browsers take them: tolerant, linear, without a tree. For src/inspect and src/extract.
 */
#ifndef INSPECT_TAG_H
#define INSPECT_TAG_H

#include "base/buf.h"
#include "base/slice.h"

#define TAG_ATTRIBUTES_MAX 64   /* of one tag; more are passed over */
#define TAG_VALUE_MAX 4096      /* bytes of a value with its references resolved */

struct tag_attribute {
	struct slice name;   /* as written, with its prefix */
	struct slice value;  /* as written, references not resolved */
};
struct tag {
	struct slice name;   /* without prefix: "script" of "<x:script" */
	struct slice prefixed;
	bool closing, empty /* "<a/>" */;
	struct tag_attribute attributes[TAG_ATTRIBUTES_MAX];
	size_t count;
	struct slice content; /* of script, style, textarea, title and xmp in HTML: the raw text up to their end tag */
};

struct tag_reader {
	struct slice rest;
	bool html;            /* raw elements, comments end at "-->" or "--!>" */
	struct slice comment; /* the one that was passed over just before the tag; empty: none */
	struct slice before;  /* text in front of the tag */
	bool no_comment_end, no_cdata_end; /* there is none in all the rest: looked for once */
};

/* The next tag; declarations "<!…" and "<?…" come as tags with that sign in front of the name. False: the end. */
bool tag_next(struct tag_reader *r, struct tag *t);
/* The value of an attribute by its name without prefix, without case; NULL: none. */
const struct tag_attribute *tag_attribute(const struct tag *t, struct slice name);
static inline bool tag_is(const struct tag *t, struct slice name)
{
	return slice_eq_nocase(t->name, name);
}
/* With character references and blanks resolved as for a URL (controls vanish); valid until the next call with the same buffer. */
struct slice tag_value(struct slice value, struct buf *room);
struct slice tag_local_name(struct slice prefixed);

#endif
