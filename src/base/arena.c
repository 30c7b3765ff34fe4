#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/ensure.h"
#include "base/memory.h"

#define BLOCK_SIZE 4096

struct arena_block {
	struct arena_block *older;
	size_t size; /* of data */
	_Alignas(16) uint8_t data[];
};

static struct arena_block *add_block(struct arena *a, size_t size)
{
	struct arena_block *block = memory_grow(NULL, sizeof *block + size);

	block->size = size;
	block->older = a->blocks;
	a->blocks = block;
	a->total += sizeof *block + size;
	return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
	uint8_t *p;

	ENSURE(size < SIZE_MAX / 2);
	size = size > 0 ? (size + 15) & ~(size_t)15 : 16;
	if (size > a->left) {
		/* Blocks grow with the arena, so that many small pieces cost few calls. */
		size_t block = a->total < BLOCK_SIZE ? BLOCK_SIZE : a->total;

		if (block > 256 * 1024)
			block = 256 * 1024;
		if (block < size)
			block = size;
		a->next = add_block(a, block)->data;
		a->left = block;
	}
	p = a->next;
	a->next += size;
	a->left -= size;
	memset(p, 0, size);
	return p;
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size)
{
	size_t total;

	ENSURE(!__builtin_mul_overflow(count, size, &total));
	return arena_alloc(a, total);
}

char *arena_dup_str(struct arena *a, struct slice s)
{
	char *copy = arena_alloc(a, s.n + 1);

	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	return copy;
}

struct slice arena_dup(struct arena *a, struct slice s)
{
	return slice_make(arena_dup_str(a, s), s.n);
}

struct slice arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	char *text;
	int n;

	ENSURE(format != NULL);
	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	ENSURE(n >= 0);
	text = arena_alloc(a, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return slice_make(text, (size_t)n);
}

void arena_free(struct arena *a)
{
	for (struct arena_block *block = a->blocks, *older; block != NULL; block = older) {
		older = block->older;
		memory_free(block);
	}
	*a = ARENA_INIT;
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->blocks;

	if (keep == NULL)
		return;
	a->blocks = keep->older;
	if (keep->size > 64 * 1024) {
		memory_free(keep);
		keep = NULL;
	}
	arena_free(a);
	if (keep == NULL)
		return;
	keep->older = NULL;
	a->blocks = keep;
	a->next = keep->data;
	a->left = keep->size;
	a->total = sizeof *keep + keep->size;
}
