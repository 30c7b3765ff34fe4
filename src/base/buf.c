#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/endian.h"
#include "base/memory.h"

void buf_init(struct buf *b, size_t max)
{
	*b = BUF_INIT(max);
}

void buf_free(struct buf *b)
{
	memory_free(b->data);
	*b = BUF_INIT(b->max);
}

void buf_free_secret(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->capacity);
	buf_free(b);
}

void buf_clear(struct buf *b)
{
	b->start = b->end = 0;
	b->failed = false;
}

static void make_room(struct buf *b, size_t need)
{
	size_t length = buf_len(b), capacity = b->capacity;

	/* Moving down is worth it when at least half of the memory was consumed: each byte moves a bounded number of times. */
	if (b->start > 0 && (length == 0 || b->start >= b->capacity / 2)) {
		if (length > 0)
			memmove(b->data, b->data + b->start, length);
		b->start = 0;
		b->end = length;
		if (b->capacity - b->end >= need)
			return;
	}
	if (capacity < 128)
		capacity = 128;
	while (capacity - b->end < need)
		capacity += capacity / 2 + 64;
	b->data = memory_grow(b->data, capacity);
	b->capacity = capacity;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (n > b->max || buf_len(b) > b->max - n) {
		b->failed = true;
		return NULL;
	}
	if (b->data == NULL || b->capacity - b->end < n)
		make_room(b, n);
	return b->data + b->end;
}

void buf_commit(struct buf *b, size_t n)
{
	b->end += n;
}

void buf_append_bytes(struct buf *b, const void *p, size_t n)
{
	uint8_t *to;

	if (n == 0)
		return;
	to = buf_reserve(b, n);
	if (to == NULL)
		return;
	memcpy(to, p, n);
	b->end += n;
}

void buf_append(struct buf *b, struct slice s)
{
	buf_append_bytes(b, s.p, s.n);
}

void buf_append_byte(struct buf *b, uint8_t c)
{
	buf_append_bytes(b, &c, 1);
}

void buf_append_str(struct buf *b, const char *s)
{
	buf_append(b, slice_str(s));
}

void buf_append_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t i = sizeof digits;

	do {
		digits[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_append_bytes(b, digits + i, sizeof digits - i);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	char small[256];
	va_list again;
	uint8_t *to;
	int n;

	va_copy(again, args);
	n = vsnprintf(small, sizeof small, format, args);
	if (n < 0) {
		b->failed = true;
	} else if ((size_t)n < sizeof small) {
		buf_append_bytes(b, small, (size_t)n);
	} else if ((to = buf_reserve(b, (size_t)n + 1)) != NULL) {
		vsnprintf((char *)to, (size_t)n + 1, format, again);
		b->end += (size_t)n;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_append_bytes(b, &v, 1);
}

void buf_put_u16(struct buf *b, uint16_t v)
{
	uint8_t raw[2];

	put_u16(raw, v);
	buf_append_bytes(b, raw, sizeof raw);
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t raw[4];

	put_u32(raw, v);
	buf_append_bytes(b, raw, sizeof raw);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	uint8_t raw[8];

	put_u64(raw, v);
	buf_append_bytes(b, raw, sizeof raw);
}

void buf_put_bytes(struct buf *b, struct slice s)
{
	if (s.n > UINT32_MAX) {
		b->failed = true;
		return;
	}
	buf_put_u32(b, (uint32_t)s.n);
	buf_append(b, s);
}

void buf_consume(struct buf *b, size_t n)
{
	b->start += n < buf_len(b) ? n : buf_len(b);
	if (b->start == b->end)
		b->start = b->end = 0;
}

void buf_move(struct buf *to, struct buf *from)
{
	struct buf was = *to;

	if (buf_len(to) > 0 || to->failed || buf_len(from) > to->max) {
		buf_append(to, buf_slice(from));
		buf_clear(from);
		return;
	}
	*to = (struct buf){.data = from->data, .start = from->start, .end = from->end, .capacity = from->capacity, .max = was.max};
	*from = (struct buf){.data = was.data, .capacity = was.capacity, .max = from->max};
}

void buf_truncate(struct buf *b, size_t n)
{
	if (n < buf_len(b))
		b->end = b->start + n;
}

bool slice_get_fixed(struct slice *s, void *ret, size_t n)
{
	if (s->n < n) {
		*s = SLICE_NONE;
		return false;
	}
	if (n > 0)
		memcpy(ret, s->p, n);
	*s = slice_make(s->p + n, s->n - n);
	return true;
}

bool slice_get_u8(struct slice *s, uint8_t *ret)
{
	return slice_get_fixed(s, ret, 1);
}

bool slice_get_u16(struct slice *s, uint16_t *ret)
{
	uint8_t raw[2];

	if (!slice_get_fixed(s, raw, sizeof raw))
		return false;
	*ret = get_u16(raw);
	return true;
}

bool slice_get_u32(struct slice *s, uint32_t *ret)
{
	uint8_t raw[4];

	if (!slice_get_fixed(s, raw, sizeof raw))
		return false;
	*ret = get_u32(raw);
	return true;
}

bool slice_get_u64(struct slice *s, uint64_t *ret)
{
	uint8_t raw[8];

	if (!slice_get_fixed(s, raw, sizeof raw))
		return false;
	*ret = get_u64(raw);
	return true;
}

bool slice_get_bytes(struct slice *s, struct slice *ret)
{
	uint32_t n;

	if (!slice_get_u32(s, &n) || n > s->n) {
		*s = SLICE_NONE;
		return false;
	}
	*ret = slice_make(s->p, n);
	*s = slice_make(s->p + n, s->n - n);
	return true;
}
