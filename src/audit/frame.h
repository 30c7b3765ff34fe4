/*
 * One sealed group of records inside of a segment. Internal to audit.
 *
 *   u32 "LLAG" | u32 sealed bytes | u64 first record | u32 count | u64 wall clock ms of the first | nonce (24) | AEAD(records, AD = all before)
 *   records: count of u32 length, text; a retired one: u32 0x80000000, 32 bytes leaf hash
 */
#ifndef AUDIT_FRAME_H
#define AUDIT_FRAME_H

#include "audit/store.h"

#define AUDIT_FRAME_HEAD 52
#define AUDIT_SEGMENT_HEAD 16 /* "LLAU" | u8 version | u8 algorithm | u16 0 | u64 first record */

struct audit_frame {
	uint64_t first;
	uint32_t count;
	int64_t first_ms;
	struct slice sealed; /* with its tag */
	struct slice head;
};

void audit_segment_head(uint64_t first, struct buf *out);
/* 0 or ERR_DAMAGED; moves *in behind it. */
int audit_segment_head_get(struct slice *in, uint64_t *ret_first);

/* Appends the sealed group. */
void audit_frame_seal(const uint8_t key[AUDIT_STORE_KEY_SIZE], uint64_t first, uint32_t count, int64_t first_ms, struct slice records,
	struct buf *out);
/* Takes the next frame off *in without opening it: 0, ERR_NOT_FOUND at the end, ERR_DAMAGED. */
int audit_frame_get(struct slice *in, struct audit_frame *ret);
/* Appends the records of the frame. 0 or ERR_DAMAGED. */
int audit_frame_open(const uint8_t key[AUDIT_STORE_KEY_SIZE], const struct audit_frame *frame, struct buf *out);
/* Takes one record off *in: 0 or ERR_DAMAGED. n is the caller's. */
int audit_item_get(struct slice *in, struct audit_item *ret);
void audit_item_put(struct buf *out, const struct audit_item *item);

#endif
