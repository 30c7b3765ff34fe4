#include "net/timers.h"

#include "base/memory.h"

void timer_heap_free(struct timer_heap *heap)
{
	memory_free(heap->nodes);
	*heap = (struct timer_heap){0};
}

static bool earlier(const struct timer_node *a, const struct timer_node *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void set_place(struct timer_heap *heap, size_t place, struct timer_node *node)
{
	heap->nodes[place] = node;
	node->place = place;
}

static void sift_up(struct timer_heap *heap, struct timer_node *node)
{
	size_t place = node->place;
	while (place > 0 && earlier(node, heap->nodes[(place - 1) / 2])) {
		set_place(heap, place, heap->nodes[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	set_place(heap, place, node);
}

static void sift_down(struct timer_heap *heap, struct timer_node *node)
{
	size_t place = node->place;
	for (;;) {
		size_t child = 2 * place + 1;
		if (child >= heap->count)
			break;
		if (child + 1 < heap->count && earlier(heap->nodes[child + 1], heap->nodes[child]))
			child++;
		if (!earlier(heap->nodes[child], node))
			break;
		set_place(heap, place, heap->nodes[child]);
		place = child;
	}
	set_place(heap, place, node);
}

void timer_heap_put(struct timer_heap *heap, struct timer_node *node, int64_t due)
{
	if (node->place == TIMER_IDLE) {
		if (heap->count == heap->room) {
			heap->room = heap->room == 0 ? 64 : heap->room * 2;
			heap->nodes = memory_grow(heap->nodes, heap->room * sizeof *heap->nodes);
		}
		set_place(heap, heap->count++, node);
	}
	node->due = due;
	node->order = heap->next_order++;
	sift_up(heap, node);
	sift_down(heap, node);
}

void timer_heap_remove(struct timer_heap *heap, struct timer_node *node)
{
	if (node->place == TIMER_IDLE)
		return;
	size_t place = node->place;
	struct timer_node *last = heap->nodes[--heap->count];
	node->place = TIMER_IDLE;
	if (last == node)
		return;
	set_place(heap, place, last);
	sift_up(heap, last);
	sift_down(heap, last);
}
