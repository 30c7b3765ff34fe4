/* Little-endian numbers at an offset, and pieces by 64 bit numbers that a file claims: beyond the end is 0 or empty, never a fault. */
#ifndef INSPECT_BYTES_H
#define INSPECT_BYTES_H

#include "base/endian.h"
#include "base/slice.h"

static inline bool has_bytes(struct slice s, uint64_t at, uint64_t n)
{
	return at <= s.n && n <= s.n - at;
}
/* [at, at + n), cut at the end. */
static inline struct slice cut_bytes(struct slice s, uint64_t at, uint64_t n)
{
	if (at >= s.n)
		return SLICE_NONE;
	return slice_make(s.p + at, n < s.n - at ? (size_t)n : s.n - (size_t)at);
}
static inline uint8_t byte_at(struct slice s, uint64_t at)
{
	return at < s.n ? s.p[at] : 0;
}
static inline uint16_t le16_at(struct slice s, uint64_t at)
{
	return has_bytes(s, at, 2) ? (uint16_t)(s.p[at] | s.p[at + 1] << 8) : 0;
}
static inline uint32_t le32_at(struct slice s, uint64_t at)
{
	return has_bytes(s, at, 4) ? (uint32_t)le16_at(s, at) | (uint32_t)le16_at(s, at + 2) << 16 : 0;
}
static inline uint64_t le64_at(struct slice s, uint64_t at)
{
	return has_bytes(s, at, 8) ? (uint64_t)le32_at(s, at) | (uint64_t)le32_at(s, at + 4) << 32 : 0;
}
static inline uint16_t be16_at(struct slice s, uint64_t at)
{
	return has_bytes(s, at, 2) ? get_u16(s.p + at) : 0;
}
static inline uint32_t be32_at(struct slice s, uint64_t at)
{
	return has_bytes(s, at, 4) ? get_u32(s.p + at) : 0;
}
static inline bool bytes_are(struct slice s, uint64_t at, struct slice wanted)
{
	return has_bytes(s, at, wanted.n) && slice_eq(cut_bytes(s, at, wanted.n), wanted);
}

#endif
