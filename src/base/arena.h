/*
 * Memory for one unit of work (a command, a message, a request): allocated piecemeal, freed at once.
 * Passed explicitly; never stored in anything that outlives it.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_block;
struct arena {
	struct arena_block *blocks; /* newest first */
	uint8_t *next;
	size_t left;
	size_t total; /* bytes taken from the heap */
};

#define ARENA_INIT ((struct arena){0})

/* Zeroed, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_alloc_array(struct arena *a, size_t count, size_t size);
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
/* Copies; the copy is followed by a NUL byte that does not count. */
struct slice arena_dup(struct arena *a, struct slice s);
char *arena_dup_str(struct arena *a, struct slice s);
__attribute__((format(printf, 2, 3))) struct slice arena_printf(struct arena *a, const char *format, ...);
/* Frees everything; the arena can be used again. */
void arena_free(struct arena *a);
/* As arena_free but keeps one block for the next unit of work. */
void arena_reset(struct arena *a);

#endif
