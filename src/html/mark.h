/*
 * The mark of a document that its reader may see and nothing else: his name over all of it, in the document itself. It stands outside of the letter, whose style
 * sheets reach only what is within .m-body (html/safe.h), and its own rules are important and in a layer, before which no rule of a letter comes (CSS Cascade 5
 * 6.1; @layer is no rule that passes). Nothing here when `mark` is empty.
 */
#ifndef HTML_MARK_H
#define HTML_MARK_H

#include "base/buf.h"

#define HTML_MARK_LINES 4  /* of the mark; those behind are left out */
#define HTML_MARK_LINE 200 /* bytes of one */

/* A style sheet for the head. */
void html_mark_sheet(struct slice mark, struct buf *out);
/* Around what is the letter's. language: of the sentence that stands on paper. */
void html_mark_begin(struct slice mark, struct buf *out);
void html_mark_end(struct slice mark, struct slice language, struct buf *out);

#endif
