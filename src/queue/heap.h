/* A binary heap of pointers by time; an element knows its place, so that it can be moved and removed. */
#ifndef QUEUE_HEAP_H
#define QUEUE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t time;
	size_t place; /* 1-based; 0: in no heap */
};
struct heap {
	struct heap_node **nodes;
	size_t count, capacity;
};

void heap_put(struct heap *h, struct heap_node *node, int64_t time); /* moves it when it is in the heap */
void heap_remove(struct heap *h, struct heap_node *node);            /* allowed when it is in none */
struct heap_node *heap_first(const struct heap *h);                  /* NULL when empty */
void heap_free(struct heap *h);

#endif
