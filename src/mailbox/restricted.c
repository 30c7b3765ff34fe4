#include "mailbox/restricted.h"

#include "base/memory.h"

struct restricted {
	struct account base;
	struct account *inner;
};

static struct account *inner_of(struct account *a)
{
	return ((struct restricted *)a)->inner;
}

static bool refuses(const struct account *a, unsigned what)
{
	return (a->refuses & what) != 0;
}

/* ---- what only reads ---- */

static int list(struct account *a, struct arena *arena, struct mailbox_info **ret, size_t *ret_count, struct error *err)
{
	a = inner_of(a);
	return a->ops->list(a, arena, ret, ret_count, err);
}

static int find(struct account *a, struct slice name, struct mailbox_ref *ret, struct error *err)
{
	a = inner_of(a);
	return a->ops->find(a, name, ret, err);
}

static int status(struct account *a, const struct mailbox_ref *m, struct mailbox_status *ret, struct error *err)
{
	a = inner_of(a);
	return a->ops->status(a, m, ret, err);
}

static int quota(struct account *a, uint64_t *ret_used, uint64_t *ret_limit, uint64_t *ret_count, struct error *err)
{
	a = inner_of(a);
	return a->ops->quota(a, ret_used, ret_limit, ret_count, err);
}

static struct slice keyword_name(struct account *a, unsigned index)
{
	a = inner_of(a);
	return a->ops->keyword_name(a, index);
}

static int messages(struct account *a, const struct mailbox_ref *m, uint32_t first, uint32_t last, uint64_t changed_since, message_fn *fn, void *arg,
	struct error *err)
{
	a = inner_of(a);
	return a->ops->messages(a, m, first, last, changed_since, fn, arg, err);
}

static int flags(struct account *a, const struct mailbox_ref *m, uint32_t first, uint32_t last, message_fn *fn, void *arg, struct error *err)
{
	a = inner_of(a);
	return a->ops->flags(a, m, first, last, fn, arg, err);
}

static int vanished(struct account *a, const struct mailbox_ref *m, uint64_t since, struct uid_set *ret, struct error *err)
{
	a = inner_of(a);
	return a->ops->vanished(a, m, since, ret, err);
}

static int digest(struct account *a, const struct mailbox_ref *m, uint32_t uid, bool want_text, struct arena *arena, struct slice *ret,
	uint32_t *ret_prefix, struct error *err)
{
	a = inner_of(a);
	return a->ops->digest(a, m, uid, want_text, arena, ret, ret_prefix, err);
}

static int messages_with_digest(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, bool want_text, message_digest_fn *fn,
	void *arg, struct error *err)
{
	a = inner_of(a);
	return a->ops->messages_with_digest(a, m, uids, want_text, fn, arg, err);
}

static int read_bytes(struct account *a, const struct mailbox_ref *m, uint32_t uid, uint64_t offset, uint64_t n, struct buf *out, struct error *err)
{
	a = inner_of(a);
	return a->ops->read(a, m, uid, offset, n, out, err);
}

static int check(struct account *a, const struct mailbox_ref *m, uint32_t uid, struct error *err)
{
	a = inner_of(a);
	return a->ops->check(a, m, uid, err);
}

static int search(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, enum search_scope scope, struct slice field,
	struct slice needle, struct uid_set *ret, struct error *err)
{
	a = inner_of(a);
	return a->ops->search(a, m, uids, scope, field, needle, ret, err);
}

static void catch_up(struct account *a, void (*done)(void *arg), void *arg)
{
	a = inner_of(a);
	a->ops->catch_up(a, done, arg);
}

static void listen_to(struct account *a, struct account_listener *listener)
{
	a = inner_of(a);
	a->ops->listen(a, listener);
}

static void unlisten(struct account *a, struct account_listener *listener)
{
	a = inner_of(a);
	a->ops->unlisten(a, listener);
}

/* ---- what changes ---- */

static int denied(struct error *err)
{
	return error_set(err, ERR_DENIED, "the session may not do this");
}

static int create(struct account *a, struct slice name, uint32_t special_use, struct mailbox_ref *ret, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE))
		return denied(err);
	a = inner_of(a);
	return a->ops->create(a, name, special_use, ret, err);
}

static int remove_mailbox(struct account *a, struct slice name, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE | ACCOUNT_REFUSES_DELETE))
		return denied(err);
	a = inner_of(a);
	return a->ops->remove(a, name, err);
}

static int rename_mailbox(struct account *a, struct slice from, struct slice to, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE | ACCOUNT_REFUSES_DELETE))
		return denied(err);
	a = inner_of(a);
	return a->ops->rename(a, from, to, err);
}

static int subscribe(struct account *a, struct slice name, bool on, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE))
		return denied(err);
	a = inner_of(a);
	return a->ops->subscribe(a, name, on, err);
}

static int keyword(struct account *a, struct slice name, bool make, unsigned *ret_index, struct error *err)
{
	if (make && refuses(a, ACCOUNT_REFUSES_CHANGE))
		return denied(err);
	a = inner_of(a);
	return a->ops->keyword(a, name, make, ret_index, err);
}

static int store(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, enum flag_change change, struct flag_set set,
	uint64_t unchanged_since, struct uid_set *skipped, uint64_t *ret_modseq, struct error *err)
{
	bool deletes = (set.system & FLAG_DELETED) != 0;
	if (refuses(a, ACCOUNT_REFUSES_CHANGE) || (deletes && refuses(a, ACCOUNT_REFUSES_DELETE)))
		return denied(err);
	a = inner_of(a);
	return a->ops->store(a, m, uids, change, set, unchanged_since, skipped, ret_modseq, err);
}

static int expunge(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, bool force, struct uid_set *ret, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE | ACCOUNT_REFUSES_DELETE))
		return denied(err);
	a = inner_of(a);
	return a->ops->expunge(a, m, uids, force, ret, err);
}

static int copy(struct account *a, const struct mailbox_ref *from, const struct uid_set *uids, const struct mailbox_ref *to, bool move,
	struct arena *arena, struct copy_result *ret, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE) || (move && refuses(a, ACCOUNT_REFUSES_DELETE)))
		return denied(err);
	a = inner_of(a);
	return a->ops->copy(a, from, uids, to, move, arena, ret, err);
}

/* The engine asks `refuses` before it takes a message in; what it lost then is at most the flag. */
static void append(struct account *a, const struct append_input *inputs, size_t count, append_fn *fn, void *arg)
{
	struct account *inner = inner_of(a);
	struct append_input *own = memory_alloc(count * sizeof *own);
	for (size_t i = 0; i < count; i++) {
		own[i] = inputs[i];
		if (refuses(a, ACCOUNT_REFUSES_DELETE))
			own[i].flags.system &= ~(uint32_t)FLAG_DELETED;
	}
	inner->ops->append(inner, own, count, fn, arg);
	memory_free(own);
}

static const struct account_ops OPS = {
	.list = list, .create = create, .remove = remove_mailbox, .rename = rename_mailbox, .subscribe = subscribe, .find = find, .status = status,
	.quota = quota, .keyword = keyword, .keyword_name = keyword_name, .messages = messages, .flags = flags, .vanished = vanished, .digest = digest,
	.messages_with_digest = messages_with_digest, .read = read_bytes, .check = check, .store = store, .expunge = expunge, .copy = copy,
	.append = append, .search = search, .catch_up = catch_up, .listen = listen_to, .unlisten = unlisten,
};

struct account *restricted_account_create(struct account *inner, unsigned what)
{
	struct restricted *r = memory_alloc(sizeof *r);
	r->base = (struct account){.ops = &OPS, .refuses = what};
	r->inner = inner;
	return &r->base;
}

void restricted_account_destroy(struct account **account)
{
	memory_free((struct restricted *)*account);
	*account = NULL;
}
