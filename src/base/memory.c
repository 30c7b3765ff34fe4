#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void *checked(void *p)
{
	if (p == NULL) {
		fputs("level=error event=internal.memory msg=\"out of memory\"\n", stderr);
		abort();
	}
	return p;
}

void *memory_alloc(size_t size)
{
	return checked(calloc(1, size > 0 ? size : 1));
}

void *memory_alloc_array(size_t count, size_t size)
{
	return checked(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *memory_grow(void *p, size_t size)
{
	return checked(realloc(p, size > 0 ? size : 1));
}

void memory_free(void *p)
{
	free(p);
}

char *memory_dup_str(struct slice s)
{
	char *copy = memory_alloc(s.n + 1);

	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	return copy;
}
