/*
 * CSS of letters (CSS Syntax 3), read as browsers do and written anew from a table of properties. Linear; bounded depth. What is written
 * holds no '<', no backslash, no url() but those of the picture callback, no at-rule but @media.
 */
#ifndef HTML_CSS_H
#define HTML_CSS_H

#include "base/arena.h"
#include "base/buf.h"

#define CSS_VALUE_MAX 4096   /* bytes of one value that is written */
#define CSS_DEPTH_MAX 8      /* of functions and of @media within each other */

struct css_options {
	/* url() of a property that shows pictures: appends what stands for it (a whole url(...) or nothing). NULL: nothing is appended. */
	void (*picture)(void *arg, struct slice address, struct buf *out);
	void *arg;
	bool dark;       /* the answer to prefers-color-scheme */
	bool *knows_dark; /* set when the letter asks for it, or names the scheme; may be NULL */
	struct arena *arena;
};

/* Declarations of a style attribute: appends "name:value;name:value". */
void css_declarations(struct slice css, const struct css_options *options, struct buf *out);
/*
 * A style sheet: appends its rules. Classes and ids get the prefix "m-"; html, body and :root are the class m-body; selectors that cannot
 * be written so are left out.
 */
void css_sheet(struct slice css, const struct css_options *options, struct buf *out);

#endif
