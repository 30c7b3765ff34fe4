/* The encoded filing note (docs/seal.md). */
#ifndef STORE_SEAL_NOTE_H
#define STORE_SEAL_NOTE_H

#include "store/seal.h"

void filing_note_encode(const struct filing_note *note, struct buf *out);
int filing_note_decode(struct slice data, struct filing_note *ret); /* slices point into data; ERR_DAMAGED */

#endif
