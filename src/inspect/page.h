/* Pieces of pages, for the formats that hold them. Private to src/inspect. */
#ifndef INSPECT_PAGE_H
#define INSPECT_PAGE_H

#include "inspect/walk.h"

/* UTF-8. */
void page_inspect(struct walk *w, struct slice text, bool svg);
/* One script; it is given out as a piece as well. */
void page_script(struct walk *w, struct slice script);
/* The document type and instructions of XML: entities, stylesheets. */
void xml_prolog(struct walk *w, struct slice text);

#endif
