/*
 * Heap allocation that cannot fail quietly: out of memory ends the process (it is restarted; sizes from outside are
 * limited before they reach an allocation). Everything returned is zeroed unless said otherwise.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>
#include "base/slice.h"

void *memory_alloc(size_t size);
void *memory_alloc_array(size_t count, size_t size); /* overflow of count * size ends the process */
void *memory_grow(void *p, size_t size);             /* realloc; new bytes are not zeroed */
void memory_free(void *p);                            /* NULL is allowed */
/* A NUL-terminated copy, for the operating system border. */
char *memory_dup_str(struct slice s);
/* Frees *pp and sets it to NULL. */
#define MEMORY_FREE(pp) (memory_free(*(pp)), *(pp) = NULL)

#endif
