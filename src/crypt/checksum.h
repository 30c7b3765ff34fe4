/* CRC-32C (Castagnoli, RFC 3720 B.4): finds accidents in packs and write-ahead records. */
#ifndef CRYPT_CHECKSUM_H
#define CRYPT_CHECKSUM_H

#include "base/slice.h"

/* Start with 0; a piece's result is the start of the next one. */
uint32_t checksum_crc32c(uint32_t crc, struct slice data);

#endif
