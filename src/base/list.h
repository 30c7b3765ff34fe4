/* An intrusive doubly linked list; a list_node inside the element, a list_node as head. No allocation. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include "base/ensure.h"

struct list_node {
	struct list_node *prev, *next; /* both NULL: in no list */
};

static inline void list_init(struct list_node *head)
{
	head->prev = head->next = head;
}
static inline bool list_empty(const struct list_node *head)
{
	return head->next == head;
}
static inline void list_insert_before(struct list_node *at, struct list_node *node)
{
	ENSURE(node->next == NULL);
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}
static inline void list_append(struct list_node *head, struct list_node *node)
{
	list_insert_before(head, node);
}
static inline void list_prepend(struct list_node *head, struct list_node *node)
{
	list_insert_before(head->next, node);
}
/* Allowed on a node that is in no list. */
static inline void list_remove(struct list_node *node)
{
	if (node->next == NULL)
		return;
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->prev = node->next = NULL;
}
static inline bool list_linked(const struct list_node *node)
{
	return node->next != NULL;
}

#define LIST_ITEM(node, type, member) CONTAINER_OF(node, type, member)
/* The current element may be removed inside the loop. */
#define LIST_FOREACH(it, head) \
	for (struct list_node *it = (head)->next, *it##_next = it->next; it != (head); it = it##_next, it##_next = it->next)

#endif
