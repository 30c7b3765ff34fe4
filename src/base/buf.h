/*
 * An owned, growing byte buffer with a hard maximum and a sticky error.
 *
 * An append that would pass `max` appends nothing and sets `failed`; later appends do nothing, so a chain of appends
 * needs one check at its end. Reading from the front is cheap: consumed bytes are dropped lazily.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include "base/slice.h"

struct buf {
	uint8_t *data;
	size_t start;    /* bytes before this were consumed */
	size_t end;      /* bytes from here on are free */
	size_t capacity;
	size_t max;      /* limit for end - start */
	bool failed;
};

/* An empty buffer for at most `max` bytes; allocates nothing yet. buf_free() may be called on it any number of times. */
#define BUF_INIT(max_bytes) ((struct buf){.max = (max_bytes)})
void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);    /* frees the memory, keeps max, clears failed */
void buf_clear(struct buf *b);   /* length 0, memory kept, clears failed */
/* As buf_free, after overwriting the memory. */
void buf_free_secret(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}
static inline struct slice buf_slice(const struct buf *b)
{
	return b->data != NULL ? slice_make(b->data + b->start, b->end - b->start) : SLICE_NONE;
}

void buf_append(struct buf *b, struct slice s);
void buf_append_bytes(struct buf *b, const void *p, size_t n);
void buf_append_byte(struct buf *b, uint8_t c);
void buf_append_str(struct buf *b, const char *s);
void buf_append_u64(struct buf *b, uint64_t value); /* decimal */
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *b, const char *format, ...);
void buf_vprintf(struct buf *b, const char *format, va_list args);

/* Big-endian integers, for wire and disk formats. */
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16(struct buf *b, uint16_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
/* u32 length, then the bytes. */
void buf_put_bytes(struct buf *b, struct slice s);

/* Room for at least n bytes at the end: the pointer, or NULL (and failed) above max. Commit what was written. */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
/* Appends all bytes of `from`, which is empty then; when `to` was empty it takes over the memory instead of copying. */
void buf_move(struct buf *to, struct buf *from);
/* Drops n bytes (at most all) from the front. */
void buf_consume(struct buf *b, size_t n);
/* Cuts to n bytes. */
void buf_truncate(struct buf *b, size_t n);

/* Reading the same big-endian forms from a slice: each moves *s; false when too short (then *s is emptied). */
bool slice_get_u8(struct slice *s, uint8_t *ret);
bool slice_get_u16(struct slice *s, uint16_t *ret);
bool slice_get_u32(struct slice *s, uint32_t *ret);
bool slice_get_u64(struct slice *s, uint64_t *ret);
bool slice_get_fixed(struct slice *s, void *ret, size_t n);
bool slice_get_bytes(struct slice *s, struct slice *ret); /* u32 length, then the bytes; borrowed */

#endif
