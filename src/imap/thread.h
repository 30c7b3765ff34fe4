/* Threading: RFC 5256 3, algorithms ORDEREDSUBJECT and REFERENCES. Pure: messages in, a forest out. Not for others. */
#ifndef IMAP_THREAD_H
#define IMAP_THREAD_H

#include "base/arena.h"
#include "base/buf.h"

#define THREAD_DEPTH_MAX 2000

struct thread_message {
	uint32_t number;         /* printed */
	int64_t sent;
	struct slice subject;    /* base subject */
	bool reply;              /* the subject was that of a reply or forward */
	struct slice id;
	struct slice *references;
	size_t reference_count;
};

struct thread_node {
	const struct thread_message *message; /* NULL: stands for a message that is not here */
	struct thread_node *parent, *first, *last, *next;
	struct thread_node *link;             /* REFERENCES: parent by references, before pruning */
	bool gone;
};

/* Appends "(1 2)(3)". All memory from the arena; time about n log n, messages in any order. */
void thread_by_subject(struct thread_message *messages, size_t count, struct arena *arena, struct buf *out);
void thread_by_references(struct thread_message *messages, size_t count, struct arena *arena, struct buf *out);

#endif
