/* Where a record lies: (pack, ordinal) for ever, offset as a hint that the record's own header confirms. */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include <stdint.h>

struct place {
	uint32_t pack;
	uint32_t ordinal;
	uint64_t offset;
};

#endif
