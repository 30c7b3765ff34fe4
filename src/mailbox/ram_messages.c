/* The RAM twin: messages. */
#include <string.h>
#include "base/memory.h"
#include "mailbox/ram_internal.h"
#include "mime/limits.h"
#include "mime/make.h"
#include "mime/structure.h"
#include "mime/text.h"

void ram_message_free(struct ram_message *message)
{
	buf_free(&message->bytes);
	buf_free(&message->digest);
	memory_free(message);
}

struct ram_message *ram_message_at(struct ram_mailbox *m, uint32_t uid, size_t *ret_index)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (m->messages[middle]->row.uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	if (ret_index != NULL)
		*ret_index = low;
	return low < m->count && m->messages[low]->row.uid == uid ? m->messages[low] : NULL;
}

/* A message that is referred to gives its thread. */
static void choose_thread(struct ram_account *r, const struct digest *d, struct ram_message *message)
{
	struct arena arena = ARENA_INIT;

	ram_new_id(r, message->row.thread_id);
	for (struct ram_mailbox *m = r->mailboxes; m != NULL && d->reference_count > 0; m = m->next) {
		for (size_t i = 0; i < m->count; i++) {
			struct digest other;
			arena_reset(&arena);
			if (digest_decode_structure(buf_slice(&m->messages[i]->digest), &arena, &other) < 0)
				continue;
			for (size_t k = 0; k < d->reference_count; k++) {
				if (other.message_id.n > 0 && slice_eq(other.message_id, d->references[k]))
					memcpy(message->row.thread_id, m->messages[i]->row.thread_id, 16);
			}
		}
	}
	arena_free(&arena);
}

static void push(struct ram_account *r, struct ram_mailbox *m, struct ram_message *message)
{
	message->row.uid = m->uid_next++;
	message->row.modseq = m->modseq = ++r->modseq;
	if ((m->count & (m->count - 1)) == 0)
		m->messages = memory_grow(m->messages, (m->count == 0 ? 1 : m->count * 2) * sizeof(struct ram_message *));
	m->messages[m->count++] = message;
}

struct ram_message *ram_add(struct ram_account *r, struct ram_mailbox *m, struct slice prefix, struct slice bytes, int64_t internal_date)
{
	struct ram_message *message = memory_alloc(sizeof *message);
	struct arena arena = ARENA_INIT;
	struct digest d;

	message->bytes = BUF_INIT(SIZE_MAX / 2);
	message->digest = BUF_INIT(MIME_DIGEST_MAX);
	buf_append(&message->bytes, prefix);
	buf_append(&message->bytes, bytes);
	message->prefix = (uint32_t)prefix.n;
	ram_new_id(r, message->row.email_id);
	mime_digest_make(bytes, message->row.email_id, &arena, &d);
	digest_encode(&d, &message->digest);
	choose_thread(r, &d, message);
	message->row.size = prefix.n + bytes.n;
	message->row.internal_date = message->row.save_date = internal_date;
	push(r, m, message);
	message->created = message->row.modseq;
	arena_free(&arena);
	return message;
}

static void remember(struct ram_account *r, const struct ram_message *message, uint64_t modseq)
{
	struct ram_gone gone = {.modseq = modseq, .created = message->created};

	memcpy(gone.id, message->row.email_id, sizeof gone.id);
	memcpy(gone.thread_id, message->row.thread_id, sizeof gone.thread_id);
	ram_gone_add(r, &gone);
}

void ram_remove(struct ram_account *r, struct ram_mailbox *m, size_t index, uint64_t modseq)
{
	m->vanished = memory_grow(m->vanished, (m->vanished_count + 1) * sizeof *m->vanished);
	m->vanished[m->vanished_count++] = (struct ram_vanished){m->messages[index]->row.uid, modseq};
	remember(r, m->messages[index], modseq);
	ram_message_free(m->messages[index]);
	memmove(m->messages + index, m->messages + index + 1, (m->count - index - 1) * sizeof *m->messages);
	m->count--;
	/* `push` grows at powers of two: keep room for that many. */
	if (m->count > 0 && (m->count & (m->count - 1)) == 0)
		m->messages = memory_grow(m->messages, m->count * 2 * sizeof *m->messages);
}

int ram_messages(struct account *a, const struct mailbox_ref *ref, uint32_t first, uint32_t last, uint64_t changed_since, message_fn *fn,
                 void *arg, struct error *err)
{
	struct ram_mailbox *m = ram_find_id(ram_of(a), ref);
	size_t i;

	if (m == NULL)
		return ERR_NOT_FOUND;
	for (ram_message_at(m, first, &i); i < m->count && m->messages[i]->row.uid <= last; i++) {
		struct message_row row = m->messages[i]->row;
		int rc = row.modseq > changed_since ? fn(arg, &row) : 0;
		if (rc != 0)
			return rc;
	}
	return 0;
}

struct flags_only {
	message_fn *fn;
	void *arg;
};

static int flags_only(void *arg, const struct message_row *row)
{
	struct flags_only *f = arg;
	struct message_row only = {.uid = row->uid, .modseq = row->modseq, .flags = row->flags};

	return f->fn(f->arg, &only);
}

int ram_flags(struct account *a, const struct mailbox_ref *ref, uint32_t first, uint32_t last, message_fn *fn, void *arg,
              struct error *err)
{
	struct flags_only f = {fn, arg};

	return ram_messages(a, ref, first, last, 0, flags_only, &f, err);
}

int ram_messages_with_digest(struct account *a, const struct mailbox_ref *ref, const struct uid_set *uids, bool want_text,
                             message_digest_fn *fn, void *arg, struct error *err)
{
	struct ram_mailbox *m = ram_find_id(ram_of(a), ref);
	size_t i;

	if (m == NULL)
		return ERR_NOT_FOUND;
	for (size_t r = 0; r < uids->count; r++) {
		for (ram_message_at(m, uids->ranges[r].first, &i); i < m->count && m->messages[i]->row.uid <= uids->ranges[r].last; i++) {
			struct message_row row = m->messages[i]->row;
			struct slice digest = buf_slice(&m->messages[i]->digest);
			int rc = fn(arg, &row, want_text ? digest : digest_listing(digest), m->messages[i]->prefix);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

int ram_vanished(struct account *a, const struct mailbox_ref *ref, uint64_t since, struct uid_set *ret, struct error *err)
{
	struct ram_mailbox *m = ram_find_id(ram_of(a), ref);

	if (m == NULL || since < ram_of(a)->forgotten)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < m->vanished_count; i++) {
		if (m->vanished[i].modseq > since)
			uid_set_add(ret, m->vanished[i].uid);
	}
	return 0;
}

static struct ram_message *find_message(struct account *a, const struct mailbox_ref *ref, uint32_t uid)
{
	struct ram_mailbox *m = ram_find_id(ram_of(a), ref);

	return m == NULL ? NULL : ram_message_at(m, uid, NULL);
}

int ram_digest(struct account *a, const struct mailbox_ref *ref, uint32_t uid, bool want_text, struct arena *arena, struct slice *ret,
               uint32_t *ret_prefix, struct error *err)
{
	struct ram_message *message = find_message(a, ref, uid);

	if (message == NULL)
		return ERR_NOT_FOUND;
	*ret = arena_dup(arena, buf_slice(&message->digest));
	*ret_prefix = message->prefix;
	return 0;
}

/* Memory does not decay. */
int ram_check(struct account *a, const struct mailbox_ref *ref, uint32_t uid, struct error *err)
{
	return 0;
}

int ram_read(struct account *a, const struct mailbox_ref *ref, uint32_t uid, uint64_t offset, uint64_t n, struct buf *out, struct error *err)
{
	struct ram_message *message = find_message(a, ref, uid);

	if (message == NULL)
		return ERR_NOT_FOUND;
	struct slice rest = slice_from(buf_slice(&message->bytes), offset);
	buf_append(out, slice_sub(rest, 0, n));
	return 0;
}

static struct flag_set change_flags(struct flag_set old, enum flag_change change, struct flag_set by)
{
	if (change == FLAGS_ADD)
		return (struct flag_set){old.system | by.system, old.keywords | by.keywords};
	if (change == FLAGS_REMOVE)
		return (struct flag_set){old.system & ~by.system, old.keywords & ~by.keywords};
	return by;
}

int ram_store(struct account *a, const struct mailbox_ref *ref, const struct uid_set *uids, enum flag_change change, struct flag_set flags,
              uint64_t unchanged_since, struct uid_set *skipped, uint64_t *ret_modseq, struct error *err)
{
	struct ram_account *r = ram_of(a);
	struct ram_mailbox *m = ram_find_id(r, ref);

	*ret_modseq = 0;
	if (m == NULL)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < m->count; i++) {
		struct message_row *row = &m->messages[i]->row;
		if (!uid_set_has(uids, row->uid))
			continue;
		if (row->modseq > unchanged_since && row->modseq != *ret_modseq) {
			uid_set_add(skipped, row->uid);
			continue;
		}
		struct flag_set now = change_flags(row->flags, change, flags);
		if (now.system == row->flags.system && now.keywords == row->flags.keywords)
			continue;
		if (*ret_modseq == 0)
			*ret_modseq = m->modseq = ++r->modseq;
		row->flags = now;
		row->modseq = *ret_modseq;
	}
	if (*ret_modseq != 0)
		ram_notice(r, ref);
	return 0;
}

int ram_expunge(struct account *a, const struct mailbox_ref *ref, const struct uid_set *uids, bool force, struct uid_set *ret, struct error *err)
{
	struct ram_account *r = ram_of(a);
	struct ram_mailbox *m = ram_find_id(r, ref);
	uint64_t modseq = 0;

	if (m == NULL)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < m->count;) {
		const struct message_row *row = &m->messages[i]->row;
		if ((uids != NULL && !uid_set_has(uids, row->uid)) || (!force && (row->flags.system & FLAG_DELETED) == 0)) {
			i++;
			continue;
		}
		if (modseq == 0)
			modseq = m->modseq = ++r->modseq;
		uid_set_add(ret, row->uid);
		ram_remove(r, m, i, modseq);
	}
	if (modseq != 0)
		ram_notice(r, ref);
	return 0;
}

static uint32_t copy_one(struct ram_account *r, const struct ram_message *from, struct ram_mailbox *to)
{
	struct ram_message *copy = memory_alloc(sizeof *copy);

	*copy = *from;
	copy->bytes = BUF_INIT(SIZE_MAX / 2);
	copy->digest = BUF_INIT(MIME_DIGEST_MAX);
	buf_append(&copy->bytes, buf_slice(&from->bytes));
	buf_append(&copy->digest, buf_slice(&from->digest));
	push(r, to, copy);
	return copy->row.uid;
}

int ram_copy(struct account *a, const struct mailbox_ref *from, const struct uid_set *uids, const struct mailbox_ref *to, bool move,
             struct arena *arena, struct copy_result *ret, struct error *err)
{
	struct ram_account *r = ram_of(a);
	struct ram_mailbox *source = ram_find_id(r, from), *target = ram_find_id(r, to);
	uint64_t size = uid_set_size(uids);

	if (source == NULL || target == NULL)
		return ERR_NOT_FOUND;
	*ret = (struct copy_result){.uid_validity = target->uid_validity};
	ret->pairs = arena_alloc_array(arena, (size < source->count ? (size_t)size : source->count) + 1, sizeof *ret->pairs);
	for (size_t i = 0, n = source->count; i < n; i++) {
		uint32_t uid = source->messages[i]->row.uid;
		if (uid_set_has(uids, uid))
			ret->pairs[ret->count++] = (struct uid_pair){uid, copy_one(r, source->messages[i], target)};
	}
	struct uid_set moved = {0};
	for (size_t i = 0; move && i < ret->count; i++)
		uid_set_add(&moved, ret->pairs[i].from);
	struct uid_set gone = {0};
	if (move)
		ram_expunge(a, from, &moved, true, &gone, NULL);
	uid_set_free(&moved);
	uid_set_free(&gone);
	ram_notice(r, to);
	return 0;
}

/* The slow reference: all text of the message is made anew, without limit. */
static void whole_text(const struct ram_message *message, struct arena *arena, struct buf *out)
{
	struct slice blob = slice_from(buf_slice(&message->bytes), message->prefix);
	struct digest d;

	mime_digest_make(blob, message->row.email_id, arena, &d);
	for (const struct mime_part *part = d.root; part != NULL; part = mime_part_next(part)) {
		if (!slice_eq(part->type, SLICE("text")))
			continue;
		struct mime_text *t = mime_text_open(part, true, arena);
		mime_text_feed(t, slice_sub(blob, part->body_start, part->body_end), true, out);
		mime_text_close(&t);
	}
}

static bool matches(const struct ram_message *message, const struct search_words *what, struct arena *arena)
{
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	struct digest d;

	if (digest_decode(buf_slice(&message->digest), arena, &d) < 0)
		return false;
	bool found = true;
	whole_text(message, arena, &text);
	for (size_t i = 0; found && i < what->count; i++)
		found = search_header_matches(what->scope, what->field, what->needles[i], d.search_header)
			|| (what->scope != SEARCH_HEADER && slice_search(buf_slice(&text), what->needles[i]) >= 0);
	buf_free(&text);
	return found;
}

int ram_search(struct account *a, const struct mailbox_ref *ref, const struct uid_set *uids, const struct search_words *what, struct uid_set *ret,
               struct error *err)
{
	struct ram_mailbox *m = ram_find_id(ram_of(a), ref);
	struct arena arena = ARENA_INIT;

	if (m == NULL)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < m->count; i++) {
		const struct ram_message *message = m->messages[i];
		if (uid_set_has(uids, message->row.uid) && matches(message, what, &arena))
			uid_set_add(ret, message->row.uid);
		arena_reset(&arena);
	}
	arena_free(&arena);
	return 0;
}
