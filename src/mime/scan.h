/* SEARCH in a message whose text does not fit into its digest: decodes part by part in pieces of bounded size. */
#ifndef MIME_SCAN_H
#define MIME_SCAN_H

#include "mime/digest.h"

/* Reads the bytes [offset, offset + n) of the blob into p: 0 or a negative code. */
typedef int mime_read_fn(void *arg, uint64_t offset, void *p, size_t n);

/* Is `needle` (folded) in the searchable text (mime/text.h)? 0, or the code of `read`. Memory: about 200 KiB. */
int mime_scan_text(const struct digest *d, mime_read_fn *read, void *arg, struct slice needle, bool *ret_found);

#endif
