#include "crypt/slab.h"

#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "base/ensure.h"
#include "base/memory.h"

#define CELL 64
#define HALF 32
#define CELLS_DEFAULT 1024
#define PIECES_MAX 4 /* the default one and what slab_setup adds */
enum { USE_LOW = 1, USE_HIGH = 2, USE_BOTH = 3, USE_WHOLE = 4 };

struct piece {
	uint8_t *memory;
	uint8_t *use; /* one byte per cell: USE_* */
	size_t cells;
	size_t next; /* where the search for a free cell begins */
};

/* One for the process: guarded memory cannot be had in small parts (16,377 mappings at most), and every secret must lie in it. */
static struct {
	struct piece pieces[PIECES_MAX];
	size_t count;
	size_t used;
	bool unlocked; /* a piece could not be locked */
} slab;

void slab_setup(size_t cells)
{
	ENSURE(slab.count < PIECES_MAX && cells > 0);
	ENSURE(sodium_init() >= 0);
	struct piece *p = &slab.pieces[slab.count++];
	p->memory = sodium_malloc(cells * CELL);
	ENSURE(p->memory != NULL);
	memset(p->memory, 0, cells * CELL);
	if (sodium_mlock(p->memory, cells * CELL) != 0)
		slab.unlocked = true;
	/* sodium_mlock asks for this as well, but only where locking is allowed at all. */
	uintptr_t page = (uintptr_t)p->memory & ~(uintptr_t)4095;
	(void)madvise((void *)page, (uintptr_t)p->memory + cells * CELL - page, MADV_DONTDUMP);
	p->use = memory_alloc(cells);
	p->cells = cells;
}

static uint8_t *take(struct piece *p, size_t cell, uint8_t halves)
{
	if (p->use[cell] == 0)
		slab.used++;
	p->use[cell] |= halves;
	p->next = cell;
	return p->memory + cell * CELL + (halves == USE_HIGH ? HALF : 0);
}

static uint8_t *alloc_in(struct piece *p, bool whole)
{
	for (size_t i = 0; i < p->cells; i++) {
		size_t cell = (p->next + i) % p->cells;
		uint8_t use = p->use[cell];
		if (use == 0)
			return take(p, cell, whole ? USE_WHOLE : USE_LOW);
		if (!whole && (use == USE_LOW || use == USE_HIGH))
			return take(p, cell, use == USE_LOW ? USE_HIGH : USE_LOW);
	}
	return NULL;
}

uint8_t *slab_alloc(size_t size)
{
	ENSURE(size > 0 && size <= SLAB_CELL_MAX);
	if (slab.count == 0)
		slab_setup(CELLS_DEFAULT);
	uint8_t *found = NULL;
	for (size_t i = slab.count; i-- > 0 && found == NULL;)
		found = alloc_in(&slab.pieces[i], size > HALF);
	return found;
}

static struct piece *piece_of(const uint8_t *at)
{
	for (size_t i = 0; i < slab.count; i++)
		if (at >= slab.pieces[i].memory && at < slab.pieces[i].memory + slab.pieces[i].cells * CELL)
			return &slab.pieces[i];
	UNREACHABLE();
}

void slab_free(uint8_t **at)
{
	if (*at == NULL)
		return;
	struct piece *p = piece_of(*at);
	size_t offset = (size_t)(*at - p->memory), cell = offset / CELL;
	uint8_t half = offset % CELL == 0 ? USE_LOW : USE_HIGH;
	bool whole = p->use[cell] == USE_WHOLE;
	ENSURE(offset % HALF == 0 && (whole ? half == USE_LOW : (p->use[cell] & half) != 0));
	sodium_memzero(*at, whole ? CELL : HALF);
	p->use[cell] = whole ? 0 : (uint8_t)(p->use[cell] & ~half);
	if (p->use[cell] == 0) {
		slab.used--;
		p->next = cell;
	}
	*at = NULL;
}

size_t slab_used(void)
{
	return slab.used;
}

bool slab_locked(void)
{
	return slab.count > 0 && !slab.unlocked;
}
