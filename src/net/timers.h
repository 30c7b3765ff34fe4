/* A binary heap of timers by due time; the loop drives it. Internal to net. */
#ifndef NET_TIMERS_H
#define NET_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMER_IDLE SIZE_MAX

struct timer_node {
	int64_t due;
	uint64_t order; /* equal times run in the order in which they were started */
	size_t place;   /* index in the heap, TIMER_IDLE when it is not running */
};

struct timer_heap {
	struct timer_node **nodes;
	size_t count, room;
	uint64_t next_order;
};

void timer_heap_free(struct timer_heap *heap);
void timer_heap_put(struct timer_heap *heap, struct timer_node *node, int64_t due); /* moves a running one */
void timer_heap_remove(struct timer_heap *heap, struct timer_node *node);           /* allowed on an idle one */
static inline struct timer_node *timer_heap_first(const struct timer_heap *heap)
{
	return heap->count > 0 ? heap->nodes[0] : NULL;
}

#endif
