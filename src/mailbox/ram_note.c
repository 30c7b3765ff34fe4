/* Notes of the RAM twin. */
#include "base/memory.h"
#include "mailbox/ram_internal.h"

struct ram_note {
	struct ram_note *next;
	struct buf name, value;
};

static struct ram_note *find(struct ram_account *r, struct slice name)
{
	struct ram_note *n = r->notes;

	while (n != NULL && !slice_eq(buf_slice(&n->name), name))
		n = n->next;
	return n;
}

int ram_note(struct account *a, struct slice name, struct arena *arena, struct slice *ret, struct error *err)
{
	const struct ram_note *n = find(ram_of(a), name);

	if (n == NULL)
		return error_set(err, ERR_NOT_FOUND, "no such note");
	*ret = arena_dup(arena, buf_slice(&n->value));
	return 0;
}

int ram_set_note(struct account *a, struct slice name, struct slice value, struct error *err)
{
	struct ram_account *r = ram_of(a);
	struct ram_note *n = find(r, name);

	if (name.n == 0 || name.n > NOTE_NAME_MAX || value.n > NOTE_MAX)
		return error_set(err, ERR_LIMIT, "a note is too long");
	if (n == NULL) {
		n = memory_alloc(sizeof *n);
		n->next = r->notes;
		n->name = BUF_INIT(NOTE_NAME_MAX);
		n->value = BUF_INIT(NOTE_MAX);
		buf_append(&n->name, name);
		r->notes = n;
	}
	buf_clear(&n->value);
	buf_append(&n->value, value);
	return 0;
}

void ram_notes_free(struct ram_account *r)
{
	while (r->notes != NULL) {
		struct ram_note *n = r->notes;

		r->notes = n->next;
		buf_free(&n->name);
		buf_free(&n->value);
		memory_free(n);
	}
}
