/* Between HTML and plain text. Pure, linear, bounded. */
#ifndef HTML_TEXT_H
#define HTML_TEXT_H

#include "base/arena.h"
#include "base/buf.h"

#define HTML_PLAIN_MAX (8u << 20)   /* bytes of plain text that is written */
#define HTML_QUOTE_LEVELS_MAX 9     /* deeper quotes are shown as this */

/* What a person would read of hostile HTML, as lines: quotes by "> ", lists by "- " or numbers, links followed by where they lead. */
void html_to_text(struct slice html, struct arena *arena, struct buf *out);

struct html_plain {
	bool flowed;   /* format=flowed (RFC 3676) */
	bool delsp;    /* its DelSp=yes */
	bool unfold;   /* quotes at the end are not folded */
};
/*
 * HTML of plain text: lines kept, quotes as blockquote (folded where nothing but quotes follows), links and addresses as anchors. It still
 * has to pass html_safe(), which writes the anchors as those of all letters.
 */
void html_from_text(struct slice text, const struct html_plain *how, struct buf *out);

#endif
