#include "imap/thread.h"

#include <stdlib.h>
#include "base/map.h"

/* The message that stands for a node in sorting and in subjects: its own, or its first child's. */
static const struct thread_message *face(const struct thread_node *n)
{
	return n->message != NULL ? n->message : n->first->message;
}

static int compare_messages(const struct thread_message *a, const struct thread_message *b)
{
	if (a->sent != b->sent)
		return a->sent < b->sent ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int compare_nodes(const void *x, const void *y)
{
	return compare_messages(face(*(struct thread_node *const *)x), face(*(struct thread_node *const *)y));
}

static int compare_sent(const void *x, const void *y)
{
	return compare_messages(x, y);
}

static void add_child(struct thread_node *parent, struct thread_node *child)
{
	child->parent = parent;
	child->next = NULL;
	if (parent->last != NULL)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

/* Writes one tree. Without recursion: a thread may be as deep as the mailbox is long. */
static void write_tree(const struct thread_node *root, struct buf *out)
{
	const struct thread_node *n = root;

	buf_append_byte(out, '(');
	for (;;) {
		if (n->message != NULL)
			buf_append_u64(out, n->message->number);
		if (n->first != NULL) {
			if (n->message != NULL)
				buf_append_byte(out, ' ');
			if (n->first->next != NULL)
				buf_append_byte(out, '(');
			n = n->first;
			continue;
		}
		while (n != root && n->next == NULL) {
			if (n->parent->first != n)
				buf_append_byte(out, ')');
			n = n->parent;
		}
		if (n == root)
			break;
		buf_append_str(out, ")(");
		n = n->next;
	}
	buf_append_byte(out, ')');
}

static int compare_subject(const void *x, const void *y)
{
	const struct thread_message *a = x, *b = y;
	int order = slice_cmp(a->subject, b->subject);

	return order != 0 ? order : compare_messages(a, b);
}

static void write_sorted(struct thread_node **roots, size_t count, struct buf *out)
{
	qsort(roots, count, sizeof *roots, compare_nodes);
	for (size_t i = 0; i < count; i++)
		write_tree(roots[i], out);
}

void thread_by_subject(struct thread_message *messages, size_t count, struct arena *arena, struct buf *out)
{
	struct thread_node **roots = arena_alloc_array(arena, count + 1, sizeof *roots);
	struct thread_node *nodes = arena_alloc_array(arena, count + 1, sizeof *nodes);
	size_t root_count = 0;

	qsort(messages, count, sizeof *messages, compare_subject);
	for (size_t i = 0; i < count; i++) {
		nodes[i].message = &messages[i];
		if (i > 0 && slice_eq(messages[i].subject, messages[i - 1].subject))
			add_child(roots[root_count - 1], &nodes[i]);
		else
			roots[root_count++] = &nodes[i];
	}
	write_sorted(roots, root_count, out);
}

struct forest {
	struct arena *arena;
	struct map ids;                 /* message id -> node */
	struct thread_node **nodes;     /* of the messages, in their order */
	struct thread_node **roots;
	size_t root_count;
};

static struct thread_node *node_of_id(struct forest *f, struct slice id)
{
	struct thread_node *n = map_get(&f->ids, id);

	if (n == NULL) {
		n = ARENA_NEW(f->arena, struct thread_node);
		map_put(&f->ids, id, n);
	}
	return n;
}

/* Also true when the chain is longer than is followed: then it gets no longer, and the work stays linear. */
static bool is_ancestor(const struct thread_node *ancestor, const struct thread_node *n)
{
	for (unsigned depth = 0; n != NULL; n = n->link) {
		if (n == ancestor || ++depth > THREAD_DEPTH_MAX)
			return true;
	}
	return false;
}

/* Step 1 A: each reference is the parent of the next, unless that has one already or it would make a loop. */
static struct thread_node *link_references(struct forest *f, const struct thread_message *m)
{
	struct thread_node *previous = NULL;

	for (size_t i = 0; i < m->reference_count; i++) {
		struct thread_node *n = node_of_id(f, m->references[i]);
		if (previous != NULL && n->link == NULL && !is_ancestor(n, previous))
			n->link = previous;
		previous = n;
	}
	return previous;
}

/* Step 1: messages with the same id stay apart, the first one gets the id. */
static void link_message(struct forest *f, size_t index, const struct thread_message *m)
{
	struct thread_node *n = m->id.n > 0 ? node_of_id(f, m->id) : NULL;

	if (n == NULL || n->message != NULL)
		n = ARENA_NEW(f->arena, struct thread_node);
	n->message = m;
	f->nodes[index] = n;
	struct thread_node *parent = link_references(f, m);
	/* Step 1 B: the last reference is the parent, whatever was guessed before. */
	n->link = NULL;
	if (parent != NULL && !is_ancestor(n, parent))
		n->link = parent;
}

/* Step 3: nodes without message vanish, their children go up to the next one with a message; at the root the topmost stays when it
 * holds more than one. */
static void prune(struct forest *f, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct thread_node *n = f->nodes[i], *up = n->link;
		while (up != NULL && up->message == NULL && up->link != NULL)
			up = up->link;
		if (up == NULL) {
			f->roots[f->root_count++] = n;
		} else {
			if (up->message == NULL && up->first == NULL)
				f->roots[f->root_count++] = up;
			add_child(up, n);
		}
	}
	for (size_t i = 0; i < f->root_count; i++) {
		struct thread_node *root = f->roots[i];
		if (root->message == NULL && root->first == root->last) {
			f->roots[i] = root->first;
			root->first->parent = NULL;
		}
	}
}

static bool is_better_face(const struct thread_node *a, const struct thread_node *than)
{
	if (than->message == NULL)
		return false;
	return a->message == NULL || (face(than)->reply && !face(a)->reply);
}

static void move_children(struct thread_node *to, struct thread_node *from)
{
	while (from->first != NULL) {
		struct thread_node *child = from->first;
		from->first = child->next;
		add_child(to, child);
	}
	from->last = NULL;
}

/* Step 5 C: joins two roots with one subject; returns who stands for it then. */
static struct thread_node *join(struct forest *f, struct thread_node *table, struct thread_node *n)
{
	if (table->message == NULL && n->message == NULL) {
		move_children(table, n);
	} else if (table->message == NULL || (face(n)->reply && !face(table)->reply && n->message != NULL)) {
		add_child(table, n);
	} else {
		struct thread_node *both = ARENA_NEW(f->arena, struct thread_node);
		table->gone = true;
		add_child(both, table);
		add_child(both, n);
		f->roots[f->root_count++] = both;
		n->gone = true;
		return both;
	}
	n->gone = true;
	return table;
}

/* Step 5. */
static void gather_subjects(struct forest *f)
{
	struct map subjects = MAP_INIT;
	size_t count = f->root_count;

	for (size_t i = 0; i < count; i++) {
		struct slice subject = face(f->roots[i])->subject;
		if (subject.n == 0)
			continue;
		struct thread_node *other = map_get(&subjects, subject);
		if (other == NULL || is_better_face(f->roots[i], other))
			map_put(&subjects, subject, f->roots[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (f->roots[i]->gone)
			continue;
		struct slice subject = face(f->roots[i])->subject;
		struct thread_node *other = subject.n > 0 ? map_get(&subjects, subject) : NULL;
		if (other == NULL || other == f->roots[i])
			continue;
		struct thread_node *now = join(f, other, f->roots[i]);
		if (now != other)
			map_put(&subjects, subject, now);
	}
	map_free(&subjects);
}

static void sort_children(struct forest *f, struct thread_node *n, struct thread_node **scratch)
{
	size_t count = 0;

	for (struct thread_node *child = n->first; child != NULL; child = child->next)
		scratch[count++] = child;
	qsort(scratch, count, sizeof *scratch, compare_nodes);
	n->first = n->last = NULL;
	for (size_t i = 0; i < count; i++)
		add_child(n, scratch[i]);
}

void thread_by_references(struct thread_message *messages, size_t count, struct arena *arena, struct buf *out)
{
	struct forest f = {.arena = arena};
	size_t kept = 0;

	qsort(messages, count, sizeof *messages, compare_sent); /* then children come in order by themselves */
	f.nodes = arena_alloc_array(arena, count + 1, sizeof *f.nodes);
	f.roots = arena_alloc_array(arena, 2 * count + 1, sizeof *f.roots);
	struct thread_node **scratch = arena_alloc_array(arena, 2 * count + 1, sizeof *scratch);
	for (size_t i = 0; i < count; i++)
		link_message(&f, i, &messages[i]);
	prune(&f, count);
	gather_subjects(&f);
	/* Step 6: joining has put only roots out of order. */
	for (size_t i = 0; i < f.root_count; i++) {
		if (!f.roots[i]->gone)
			sort_children(&f, f.roots[i], scratch);
	}
	for (size_t i = 0; i < f.root_count; i++) {
		if (!f.roots[i]->gone)
			f.roots[kept++] = f.roots[i];
	}
	write_sorted(f.roots, kept, out);
	map_free(&f.ids);
}
