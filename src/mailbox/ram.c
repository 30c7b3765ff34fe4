/* The RAM twin: an account in memory, for the tests of protocols. Simple and slow. This file: mailboxes and events. */
#include <string.h>
#include <unistd.h>
#include "base/endian.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "mailbox/ram_internal.h"

void ram_new_id(struct ram_account *r, uint8_t id[16])
{
	memset(id, 0, 16);
	put_u64(id + 8, ++r->ids);
}

struct ram_mailbox *ram_find_id(struct ram_account *r, const struct mailbox_ref *ref)
{
	for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
		if (m->exists && memcmp(&m->ref, ref, sizeof *ref) == 0)
			return m;
	}
	return NULL;
}

static struct ram_mailbox *find_entry(struct ram_account *r, struct slice name)
{
	for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
		if (slice_eq(buf_slice(&m->name), name))
			return m;
	}
	return NULL;
}

struct ram_mailbox *ram_find_name(struct ram_account *r, struct slice name)
{
	struct ram_mailbox *m = find_entry(r, name);

	return m != NULL && m->exists ? m : NULL;
}

static struct ram_event *add_event(struct ram_account *r, enum ram_event_kind kind)
{
	struct ram_event *e = memory_alloc(sizeof *e);

	e->kind = kind;
	*r->last_event = e;
	r->last_event = &e->next;
	return e;
}

void ram_notice(struct ram_account *r, const struct mailbox_ref *mailbox)
{
	struct ram_event *e = add_event(r, RAM_NOTICE);

	if (mailbox != NULL)
		e->mailbox = *mailbox;
	e->list_changed = mailbox == NULL;
}

static bool sorts_before(struct slice a, struct slice b)
{
	bool a_inbox = slice_eq(a, SLICE("INBOX")), b_inbox = slice_eq(b, SLICE("INBOX"));

	return a_inbox != b_inbox ? a_inbox : slice_cmp(a, b) < 0;
}

static void link_mailbox(struct ram_account *r, struct ram_mailbox *m)
{
	struct ram_mailbox **at = &r->mailboxes;

	while (*at != NULL && sorts_before(buf_slice(&(*at)->name), buf_slice(&m->name)))
		at = &(*at)->next;
	m->next = *at;
	*at = m;
}

static void unlink_mailbox(struct ram_account *r, struct ram_mailbox *m)
{
	struct ram_mailbox **at = &r->mailboxes;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
}

static struct ram_mailbox *add_entry(struct ram_account *r, struct slice name)
{
	struct ram_mailbox *m = memory_alloc(sizeof *m);

	m->name = BUF_INIT(MAILBOX_NAME_MAX);
	buf_append(&m->name, name);
	link_mailbox(r, m);
	return m;
}

static struct ram_mailbox *make_mailbox(struct ram_account *r, struct slice name)
{
	struct ram_mailbox *m = find_entry(r, name);

	if (m == NULL)
		m = add_entry(r, name);
	ram_new_id(r, m->ref.id);
	m->exists = true;
	m->uid_validity = ++r->uid_validity;
	m->uid_next = 1;
	m->modseq = m->created = m->info_modseq = ++r->modseq;
	return m;
}

static void make_parents(struct ram_account *r, struct slice name)
{
	for (size_t i = 1; i < name.n; i++) {
		if (name.p[i] == '/' && ram_find_name(r, slice_sub(name, 0, i)) == NULL)
			make_mailbox(r, slice_sub(name, 0, i));
	}
}

static bool has_child(const struct ram_account *r, struct slice name)
{
	for (const struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
		struct slice other = buf_slice(&m->name);

		if (m->exists && other.n > name.n && slice_starts(other, name) && other.p[name.n] == '/')
			return true;
	}
	return false;
}

static int ram_list(struct account *a, struct arena *arena, struct mailbox_info **ret, size_t *ret_count, struct error *err)
{
	struct ram_account *r = ram_of(a);
	size_t n = 0;

	for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next)
		n++;
	*ret = arena_alloc_array(arena, n + 1, sizeof **ret);
	*ret_count = 0;
	for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
		struct mailbox_info *info = &(*ret)[*ret_count];
		if (!m->exists && !m->subscribed && !has_child(r, buf_slice(&m->name)))
			continue;
		*info = (struct mailbox_info){
			.name = arena_dup(arena, buf_slice(&m->name)), .uid_validity = m->uid_validity, .special_use = m->special_use,
			.subscribed = m->subscribed, .exists = m->exists, .sort_order = m->sort_order,
		};
		memcpy(info->id, m->ref.id, 16);
		(*ret_count)++;
	}
	return 0;
}

static int ram_create(struct account *a, struct slice name, uint32_t special_use, struct mailbox_ref *ret, struct error *err)
{
	struct ram_account *r = ram_of(a);

	if (name.n == 0 || name.n > MAILBOX_NAME_MAX)
		return ERR_INVALID;
	if (ram_find_name(r, name) != NULL)
		return ERR_EXISTS;
	make_parents(r, name);
	struct ram_mailbox *m = make_mailbox(r, name);
	m->special_use = special_use;
	*ret = m->ref;
	ram_notice(r, NULL);
	return 0;
}

static void forget_mailbox(struct ram_account *r, struct ram_mailbox *m)
{
	struct ram_gone gone = {.modseq = ++r->modseq, .created = m->created, .mailbox = true};

	memcpy(gone.id, m->ref.id, sizeof gone.id);
	ram_gone_add(r, &gone);
	while (m->count > 0)
		ram_remove(r, m, m->count - 1, r->modseq);
}

static void empty_mailbox(struct ram_mailbox *m)
{
	for (size_t i = 0; i < m->count; i++)
		ram_message_free(m->messages[i]);
	memory_free(m->messages);
	memory_free(m->vanished);
	m->messages = NULL;
	m->vanished = NULL;
	m->count = m->vanished_count = 0;
}

static int ram_delete(struct account *a, struct slice name, struct error *err)
{
	struct ram_account *r = ram_of(a);
	struct ram_mailbox *m = ram_find_name(r, name);

	if (m == NULL)
		return ERR_NOT_FOUND;
	if (slice_eq(name, SLICE("INBOX")))
		return ERR_DENIED;
	forget_mailbox(r, m);
	empty_mailbox(m);
	m->exists = false;
	m->special_use = 0;
	ram_notice(r, &m->ref);
	ram_notice(r, NULL);
	return 0;
}

static void rename_entry(struct ram_account *r, struct ram_mailbox *m, struct slice from, struct slice to)
{
	struct buf name = BUF_INIT(MAILBOX_NAME_MAX * 2);

	buf_append(&name, to);
	buf_append(&name, slice_from(buf_slice(&m->name), from.n));
	unlink_mailbox(r, m);
	struct ram_mailbox *ghost = find_entry(r, buf_slice(&name));
	if (ghost != NULL && !ghost->exists) {
		unlink_mailbox(r, ghost);
		m->subscribed = m->subscribed || ghost->subscribed;
		buf_free(&ghost->name);
		memory_free(ghost);
	}
	buf_free(&m->name);
	m->name = name;
	link_mailbox(r, m);
	ram_touch(r, m);
}

static int rename_inbox(struct ram_account *r, struct slice to)
{
	struct arena arena = ARENA_INIT;
	struct uid_set all = {0};
	struct copy_result result;
	struct ram_mailbox *inbox = ram_find_name(r, SLICE("INBOX"));

	make_parents(r, to);
	struct ram_mailbox *m = make_mailbox(r, to);
	for (size_t i = 0; i < inbox->count; i++)
		uid_set_add(&all, inbox->messages[i]->row.uid);
	ram_copy(&r->base, &inbox->ref, &all, &m->ref, true, &arena, &result, NULL);
	uid_set_free(&all);
	arena_free(&arena);
	ram_notice(r, NULL);
	return 0;
}

static int ram_rename(struct account *a, struct slice from, struct slice to, struct error *err)
{
	struct ram_account *r = ram_of(a);

	if (ram_find_name(r, from) == NULL)
		return ERR_NOT_FOUND;
	if (ram_find_name(r, to) != NULL)
		return ERR_EXISTS;
	if (slice_eq(from, SLICE("INBOX")))
		return rename_inbox(r, to);
	if (slice_starts(to, from) && to.n > from.n && to.p[from.n] == '/')
		return ERR_INVALID;
	make_parents(r, to);
	for (bool again = true; again;) {
		again = false;
		for (struct ram_mailbox *m = r->mailboxes; m != NULL; m = m->next) {
			struct slice name = buf_slice(&m->name);
			if (!m->exists || !slice_starts(name, from) || (name.n > from.n && name.p[from.n] != '/'))
				continue;
			rename_entry(r, m, from, to);
			again = true;
			break;
		}
	}
	ram_notice(r, NULL);
	return 0;
}

static int ram_subscribe(struct account *a, struct slice name, bool on, struct error *err)
{
	struct ram_mailbox *m = find_entry(ram_of(a), name);

	if (m == NULL && !on)
		return ERR_NOT_FOUND;
	if (m == NULL)
		m = add_entry(ram_of(a), name);
	m->subscribed = on;
	ram_touch(ram_of(a), m);
	ram_notice(ram_of(a), NULL);
	return 0;
}

static int ram_find(struct account *a, struct slice name, struct mailbox_ref *ret, struct error *err)
{
	struct ram_mailbox *m = ram_find_name(ram_of(a), name);

	if (m == NULL)
		return ERR_NOT_FOUND;
	*ret = m->ref;
	return 0;
}

static int ram_status(struct account *a, const struct mailbox_ref *ref, struct mailbox_status *ret, struct error *err)
{
	struct ram_mailbox *m = ram_find_id(ram_of(a), ref);

	if (m == NULL)
		return ERR_NOT_FOUND;
	*ret = (struct mailbox_status){.messages = (uint32_t)m->count, .uid_next = m->uid_next, .uid_validity = m->uid_validity, .highest_modseq = m->modseq};
	memcpy(ret->id, m->ref.id, 16);
	for (size_t i = 0; i < m->count; i++) {
		const struct message_row *row = &m->messages[i]->row;
		bool deleted = (row->flags.system & FLAG_DELETED) != 0;
		ret->unseen += (row->flags.system & FLAG_SEEN) == 0;
		ret->deleted += deleted;
		ret->size += row->size;
		ret->deleted_size += deleted ? row->size : 0;
	}
	return 0;
}

static int ram_quota(struct account *a, uint64_t *ret_used, uint64_t *ret_limit, uint64_t *ret_count, struct error *err)
{
	*ret_used = *ret_count = 0;
	*ret_limit = ram_of(a)->quota;
	for (struct ram_mailbox *m = ram_of(a)->mailboxes; m != NULL; m = m->next) {
		for (size_t i = 0; i < m->count; i++)
			*ret_used += m->messages[i]->row.size;
		*ret_count += m->count;
	}
	return 0;
}

static int ram_keyword(struct account *a, struct slice name, bool create, unsigned *ret_index, struct error *err)
{
	struct ram_account *r = ram_of(a);

	for (unsigned i = 0; i < r->keyword_count; i++) {
		if (slice_eq_nocase(buf_slice(&r->keywords[i]), name)) {
			*ret_index = i;
			return 0;
		}
	}
	if (!create)
		return ERR_NOT_FOUND;
	if (r->keyword_count == KEYWORD_COUNT_MAX || name.n > KEYWORD_NAME_MAX)
		return ERR_LIMIT;
	r->keywords[r->keyword_count] = BUF_INIT(KEYWORD_NAME_MAX);
	buf_append(&r->keywords[r->keyword_count], name);
	*ret_index = r->keyword_count++;
	return 0;
}

static struct slice ram_keyword_name(struct account *a, unsigned index)
{
	return index < ram_of(a)->keyword_count ? buf_slice(&ram_of(a)->keywords[index]) : SLICE_NONE;
}

static void ram_append(struct account *a, const struct append_input *inputs, size_t count, append_fn *fn, void *arg)
{
	struct ram_event *e = add_event(ram_of(a), RAM_APPEND);

	e->appended = fn;
	e->arg = arg;
	e->inputs = memory_alloc_array(count, sizeof *inputs);
	memcpy(e->inputs, inputs, count * sizeof *inputs);
	e->count = count;
}

static void ram_catch_up(struct account *a, void (*done)(void *arg), void *arg)
{
	struct ram_event *e = add_event(ram_of(a), RAM_CAUGHT_UP);

	e->done = done;
	e->arg = arg;
}

static void ram_listen(struct account *a, struct account_listener *listener)
{
	struct ram_account *r = ram_of(a);

	listener->prev = NULL;
	listener->next = r->listeners;
	if (r->listeners != NULL)
		r->listeners->prev = listener;
	r->listeners = listener;
}

static void ram_unlisten(struct account *a, struct account_listener *listener)
{
	if (listener->next != NULL)
		listener->next->prev = listener->prev;
	if (listener->prev != NULL)
		listener->prev->next = listener->next;
	else
		ram_of(a)->listeners = listener->next;
}

/* Nothing fails here that would have to be undone. */
static int ram_begin(struct account *base, struct error *err)
{
	return 0;
}

static const struct account_ops ram_ops = {
	.list = ram_list, .create = ram_create, .remove = ram_delete, .rename = ram_rename, .subscribe = ram_subscribe, .find = ram_find,
	.status = ram_status, .quota = ram_quota, .keyword = ram_keyword, .keyword_name = ram_keyword_name, .note = ram_note, .set_note = ram_set_note, .messages = ram_messages,
	.flags = ram_flags,
	.vanished = ram_vanished, .digest = ram_digest, .messages_with_digest = ram_messages_with_digest, .read = ram_read, .check = ram_check, .begin = ram_begin, .commit = ram_begin,
	.store = ram_store,
	.expunge = ram_expunge, .copy = ram_copy, .append = ram_append, .search = ram_search, .catch_up = ram_catch_up, .listen = ram_listen,
	.unlisten = ram_unlisten, .state = ram_state, .email = ram_email, .thread = ram_thread, .newest = ram_newest,
	.email_changes = ram_email_changes, .mailbox_changes = ram_mailbox_changes, .counts = ram_counts, .arrange = ram_arrange,
};

struct account *ram_account_create(void)
{
	struct ram_account *r = memory_alloc(sizeof *r);

	r->base.ops = &ram_ops;
	r->last_event = &r->events;
	r->uid_validity = 1000;
	r->prefix = BUF_INIT(1000);
	make_mailbox(r, SLICE("INBOX"));
	return &r->base;
}

void ram_account_destroy(struct account **account)
{
	struct ram_account *r = ram_of(*account);

	ram_account_run(*account);
	while (r->mailboxes != NULL) {
		struct ram_mailbox *m = r->mailboxes;
		r->mailboxes = m->next;
		empty_mailbox(m);
		buf_free(&m->name);
		memory_free(m);
	}
	for (unsigned i = 0; i < r->keyword_count; i++)
		buf_free(&r->keywords[i]);
	buf_free(&r->prefix);
	ram_notes_free(r);
	memory_free(r->gone);
	memory_free(r);
	*account = NULL;
}

int ram_account_deliver(struct account *account, struct slice mailbox, struct slice message, int64_t internal_date)
{
	struct ram_account *r = ram_of(account);
	struct ram_mailbox *m = ram_find_name(r, mailbox);

	if (m == NULL)
		return ERR_NOT_FOUND;
	ram_add(r, m, buf_slice(&r->prefix), message, internal_date);
	ram_notice(r, &m->ref);
	return 0;
}

static bool read_fd(const struct append_input *input, struct buf *out)
{
	uint8_t *to = buf_reserve(out, (size_t)input->size + 1);
	size_t n = 0;

	while (to != NULL && n < input->size) {
		ssize_t got = pread(input->fd, to + n, (size_t)input->size - n, (off_t)n);
		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	buf_commit(out, n);
	return to != NULL;
}

static void run_append(struct ram_account *r, struct ram_event *e)
{
	struct ram_mailbox *m = ram_find_id(r, &e->inputs[0].mailbox);
	uint64_t used, limit, count, size = 0;

	for (size_t i = 0; i < e->count; i++)
		size += e->inputs[i].size;
	ram_quota(&r->base, &used, &limit, &count, NULL);
	bool full = limit > 0 && used + size > limit;
	for (size_t i = 0; i < e->count; i++) {
		struct buf bytes = BUF_INIT(256u << 20);
		if (m == NULL || full || !read_fd(&e->inputs[i], &bytes)) {
			e->appended(e->arg, full ? ERR_NO_SPACE : m == NULL ? ERR_NOT_FOUND : ERR_IO, 0, 0);
			buf_free(&bytes);
			continue;
		}
		struct ram_message *message = ram_add(r, m, SLICE_NONE, buf_slice(&bytes), e->inputs[i].internal_date);
		message->row.flags = e->inputs[i].flags;
		buf_free(&bytes);
		e->appended(e->arg, ERR_NONE, m->uid_validity, message->row.uid);
	}
	if (m != NULL)
		ram_notice(r, &m->ref);
	memory_free(e->inputs);
}

static void run_notice(struct ram_account *r, struct ram_event *e)
{
	for (struct account_listener *l = r->listeners, *next; l != NULL; l = next) {
		next = l->next;
		l->changed(l, e->list_changed ? NULL : &e->mailbox);
	}
}

unsigned ram_account_run(struct account *account)
{
	struct ram_account *r = ram_of(account);
	unsigned done = 0;

	while (r->events != NULL) {
		struct ram_event *e = r->events;
		r->events = e->next;
		if (r->events == NULL)
			r->last_event = &r->events;
		if (e->kind == RAM_APPEND)
			run_append(r, e);
		else if (e->kind == RAM_CAUGHT_UP)
			e->done(e->arg);
		else
			run_notice(r, e);
		memory_free(e);
		done++;
	}
	return done;
}

void ram_account_set_prefix(struct account *account, struct slice prefix)
{
	buf_clear(&ram_of(account)->prefix);
	buf_append(&ram_of(account)->prefix, prefix);
}

void ram_account_forget_vanished(struct account *account)
{
	ram_of(account)->forgotten = ram_of(account)->modseq;
}

void ram_account_set_quota(struct account *account, uint64_t limit)
{
	ram_of(account)->quota = limit;
}
