#include "crypt/slab.h"

#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "base/ensure.h"
#include "base/memory.h"

#define CELL 64
#define HALF 32
#define CELLS_DEFAULT 1024
enum { USE_LOW = 1, USE_HIGH = 2, USE_BOTH = 3, USE_WHOLE = 4 };

/* The one slab of the process: guarded memory cannot be had in small pieces (16,377 mappings at most), and every secret must lie in it. */
static struct {
	uint8_t *memory;
	uint8_t *use; /* one byte per cell: USE_* */
	size_t cells;
	size_t used;
	size_t next; /* where the search for a free cell begins */
	bool locked;
} slab;

void slab_setup(size_t cells)
{
	ENSURE(slab.memory == NULL && cells > 0);
	ENSURE(sodium_init() >= 0);
	slab.memory = sodium_malloc(cells * CELL);
	ENSURE(slab.memory != NULL);
	memset(slab.memory, 0, cells * CELL);
	slab.locked = sodium_mlock(slab.memory, cells * CELL) == 0;
	/* sodium_mlock asks for this as well, but only where locking is allowed at all. */
	uintptr_t page = (uintptr_t)slab.memory & ~(uintptr_t)4095;
	(void)madvise((void *)page, (uintptr_t)slab.memory + cells * CELL - page, MADV_DONTDUMP);
	slab.use = memory_alloc(cells);
	slab.cells = cells;
}

static uint8_t *take(size_t cell, uint8_t halves)
{
	if (slab.use[cell] == 0)
		slab.used++;
	slab.use[cell] |= halves;
	slab.next = cell;
	return slab.memory + cell * CELL + (halves == USE_HIGH ? HALF : 0);
}

uint8_t *slab_alloc(size_t size)
{
	ENSURE(size > 0 && size <= SLAB_CELL_MAX);
	if (slab.memory == NULL)
		slab_setup(CELLS_DEFAULT);
	bool whole = size > HALF;
	for (size_t i = 0; i < slab.cells; i++) {
		size_t cell = (slab.next + i) % slab.cells;
		uint8_t use = slab.use[cell];
		if (use == 0)
			return take(cell, whole ? USE_WHOLE : USE_LOW);
		if (!whole && (use == USE_LOW || use == USE_HIGH))
			return take(cell, use == USE_LOW ? USE_HIGH : USE_LOW);
	}
	return NULL;
}

void slab_free(uint8_t **p)
{
	if (*p == NULL)
		return;
	ENSURE(*p >= slab.memory && *p < slab.memory + slab.cells * CELL);
	size_t offset = (size_t)(*p - slab.memory), cell = offset / CELL;
	uint8_t half = offset % CELL == 0 ? USE_LOW : USE_HIGH;
	ENSURE(offset % HALF == 0 && (slab.use[cell] == USE_WHOLE ? half == USE_LOW : (slab.use[cell] & half) != 0));
	sodium_memzero(*p, slab.use[cell] == USE_WHOLE ? CELL : HALF);
	slab.use[cell] = slab.use[cell] == USE_WHOLE ? 0 : (uint8_t)(slab.use[cell] & ~half);
	if (slab.use[cell] == 0) {
		slab.used--;
		slab.next = cell;
	}
	*p = NULL;
}

size_t slab_used(void)
{
	return slab.used;
}

bool slab_locked(void)
{
	return slab.locked;
}
