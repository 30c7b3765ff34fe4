#include "crypt/checksum.h"

#include <string.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#define POLYNOMIAL 0x82f63b78u /* reflected 0x1edc6f41 */

static uint32_t by_bits(uint32_t crc, struct slice data)
{
	for (size_t i = 0; i < data.n; i++) {
		crc ^= data.p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (POLYNOMIAL & (0u - (crc & 1)));
	}
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, struct slice data)
{
	uint64_t wide = crc;
	size_t i = 0;
	for (; i + 8 <= data.n; i += 8) {
		uint64_t word;
		memcpy(&word, data.p + i, 8);
		wide = _mm_crc32_u64(wide, word);
	}
	crc = (uint32_t)wide;
	for (; i < data.n; i++)
		crc = _mm_crc32_u8(crc, data.p[i]);
	return crc;
}
#endif

uint32_t checksum_crc32c(uint32_t crc, struct slice data)
{
	crc = ~crc;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~by_instruction(crc, data);
#endif
	return ~by_bits(crc, data);
}
