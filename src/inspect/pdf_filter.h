/* Filters of PDF streams (ISO 32000-1 7.4). Private to src/inspect. */
#ifndef INSPECT_PDF_FILTER_H
#define INSPECT_PDF_FILTER_H

#include "inspect/walk.h"

#define PDF_FILTERS_MAX 8 /* in a row; more are not decoded */

enum pdf_filter { PDF_FILTER_FLATE, PDF_FILTER_HEX, PDF_FILTER_85, PDF_FILTER_OTHER };
struct pdf_filters {
	enum pdf_filter list[PDF_FILTERS_MAX];
	unsigned count;      /* may be larger than PDF_FILTERS_MAX */
	unsigned predictor, columns;
};
void pdf_filters_add(struct pdf_filters *f, struct slice name);
/* Adds those of an inner array or dictionary. */
void pdf_filters_join(struct pdf_filters *f, const struct pdf_filters *inner);

enum pdf_decode { PDF_DECODE_DONE, PDF_DECODE_DAMAGED, PDF_DECODE_UNSUPPORTED };
/* Appends the data behind all filters, as far as it is intact and the budget goes. */
enum pdf_decode pdf_decode(struct walk *w, struct slice data, const struct pdf_filters *f, struct buf *out);

#endif
