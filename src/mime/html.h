/*
 * Visible text of HTML, in pieces, in linear time and fixed memory. It is for searching and previews, never for showing: tags go, blocks
 * become line breaks, script and style vanish, references become characters, blanks collapse.
 */
#ifndef MIME_HTML_H
#define MIME_HTML_H

#include "base/buf.h"

#define HTML_NAME_MAX 16 /* of a tag or reference; longer ones are unknown */

struct html {
	uint8_t state;
	uint8_t quote;
	uint8_t name_length;
	bool closing;        /* of a tag: "</" */
	bool pending_space, pending_break, any;
	uint8_t dashes;      /* of a comment's end */
	char name[HTML_NAME_MAX + 1];
	char raw[HTML_NAME_MAX + 1]; /* element whose content is skipped */
};
#define HTML_INIT ((struct html){0})

/* UTF-8 in, UTF-8 out. `last`: what was held back is given out. */
void html_feed(struct html *h, struct slice in, bool last, struct buf *out);

#endif
