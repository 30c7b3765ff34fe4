/*
 * Guarded memory for long-lived secrets: one slab per process between guard pages, locked into memory where the limits allow, left
 * out of core dumps, wiped at the end. It is cut into cells of 32 and 64 bytes. One thread (the loop's) allocates and frees.
 */
#ifndef CRYPT_SLAB_H
#define CRYPT_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLAB_CELL_MAX 64

/* Before the jail closes, at most three times: room for `cells` more cells of 64 bytes (each may be cut into two of 32). Ends the
 * process when there is no memory. */
void slab_setup(size_t cells);
/* A zeroed cell for `size` (at most SLAB_CELL_MAX) bytes, or NULL when the slab is full.
 * Without slab_setup a slab of 1,024 cells is made. */
uint8_t *slab_alloc(size_t size);
/* Wipes and frees *p and sets it to NULL; NULL inside is allowed. */
void slab_free(uint8_t **p);
/* How many 64-byte cells are in use, at least partly. */
size_t slab_used(void);
/* Could the slab be locked into memory? */
bool slab_locked(void);

#endif
