#include "queue/heap.h"

#include "base/memory.h"

static void set(struct heap *h, size_t place, struct heap_node *node)
{
	h->nodes[place - 1] = node;
	node->place = place;
}

static void up(struct heap *h, struct heap_node *node)
{
	size_t place = node->place;
	while (place > 1 && h->nodes[place / 2 - 1]->time > node->time) {
		set(h, place, h->nodes[place / 2 - 1]);
		place /= 2;
	}
	set(h, place, node);
}

static void down(struct heap *h, struct heap_node *node)
{
	size_t place = node->place;
	for (;;) {
		size_t child = 2 * place;
		if (child > h->count)
			break;
		if (child < h->count && h->nodes[child]->time < h->nodes[child - 1]->time)
			child++;
		if (h->nodes[child - 1]->time >= node->time)
			break;
		set(h, place, h->nodes[child - 1]);
		place = child;
	}
	set(h, place, node);
}

void heap_put(struct heap *h, struct heap_node *node, int64_t time)
{
	if (node->place == 0) {
		if (h->count == h->capacity)
			h->nodes = memory_grow(h->nodes, (h->capacity = h->capacity ? 2 * h->capacity : 64) * sizeof(struct heap_node *));
		set(h, ++h->count, node);
	}
	node->time = time;
	up(h, node);
	down(h, node);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	if (node->place == 0)
		return;
	struct heap_node *last = h->nodes[--h->count];
	if (last != node) {
		set(h, node->place, last);
		up(h, last);
		down(h, last);
	}
	node->place = 0;
}

struct heap_node *heap_first(const struct heap *h)
{
	return h->count ? h->nodes[0] : NULL;
}

void heap_free(struct heap *h)
{
	memory_free(h->nodes);
	*h = (struct heap){0};
}
