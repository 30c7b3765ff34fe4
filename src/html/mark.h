/*
 * The mark of a document that its reader may see and nothing else: his name over all of it, in the document itself. Style sheets of a letter may have selectors
 * that fit its elements, so all of its properties are set, important and in a layer: before these no rule of a letter comes (CSS Cascade 5 6.1), since
 * @layer is none that passes. Nothing that passes makes another box the place of what is fixed, or lies above it (html/properties.h). Nothing here when
 * `mark` is empty.
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
