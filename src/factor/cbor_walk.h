/* Bounds of CBOR before libcbor sees it (RFC 8949, the CTAP2 canonical subset: definite lengths only). */
#ifndef FACTOR_CBOR_WALK_H
#define FACTOR_CBOR_WALK_H

#include "base/slice.h"

#define CBOR_DEPTH_MAX 4 /* CTAP 2.1, 8: message encoding */
#define CBOR_ITEMS_MAX 200

/* The size of the first item in `data`; 0 when it is malformed, too deep, longer than the data or has too many parts. */
size_t cbor_first_size(struct slice data);

#endif
