/*
 * As much XML as reports need, as a pull parser: elements, text, CDATA, the five entities and character references. A document type is
 * refused, so there are no entities of its own; attributes, comments and instructions are passed over. UTF-8 (what is not becomes U+FFFD).
 */
#ifndef TRUST_XML_H
#define TRUST_XML_H

#include "base/arena.h"
#include "base/buf.h"

#define XML_DEPTH_MAX 32
#define XML_NAME_MAX 100
#define XML_TEXT_MAX 2000 /* bytes of the text of one element; more is cut */

enum xml_event { XML_START, XML_END, XML_FINISHED, XML_BROKEN };

struct xml {
	struct slice rest;
	struct slice names[XML_DEPTH_MAX]; /* open elements, without prefix; the outermost first */
	struct slice tags[XML_DEPTH_MAX];  /* the same with prefix */
	unsigned depth;
	bool empty;       /* the last start was "<a/>" */
	bool finished;    /* the root has ended */
	bool ended;       /* names[depth] is the element that just ended */
	struct buf text;  /* since the last start, of the innermost element */
};

void xml_init(struct xml *x, struct slice document);
void xml_free(struct xml *x);
/* XML_START: names[depth - 1] is the new element. XML_END: names[depth] has ended; if nothing was inside of it, xml_text is its text. */
enum xml_event xml_next(struct xml *x);
/* At XML_END: the text behind the last start tag, white space around it cut. Valid until the next event. */
struct slice xml_text(const struct xml *x);

#endif
