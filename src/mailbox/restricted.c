#include "mailbox/restricted.h"

#include <string.h>

#include "base/memory.h"
#include "mime/address.h"
#include "mime/digest.h"
#include "mime/structure.h"

#define DRAFTS_MAX 100        /* of one's own that go at a time */

/* Where the parts of one message are: that of the last one stays, as a long one is given in pieces. */
struct anatomy {
	bool known;
	struct mailbox_ref mailbox;
	uint32_t uid, prefix;
	struct arena arena;
	struct digest digest; /* root NULL: it cannot be read */
};

struct restricted {
	struct account base;
	struct account *inner;
	const struct account_watch *watch;
	void *arg;
	struct anatomy last;
	bool depict;          /* restricted_account_depict */
	struct slice author;  /* restricted_account_author */
};

static struct account *inner_of(struct account *a)
{
	return ((struct restricted *)a)->inner;
}

static bool refuses(const struct account *a, unsigned what)
{
	return (a->refuses & what) != 0;
}

static int denied(struct error *err)
{
	return error_set(err, ERR_DENIED, "the session may not do this");
}

/* ---- what only reads ---- */

static int note(struct account *a, struct slice name, struct arena *arena, struct slice *ret, struct error *err)
{
	a = inner_of(a);
	return a->ops->note(a, name, arena, ret, err);
}

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

/* ---- bytes ---- */

static const struct anatomy *anatomy_of(struct restricted *r, const struct mailbox_ref *m, uint32_t uid)
{
	struct anatomy *x = &r->last;
	struct slice encoded;
	if (x->known && x->uid == uid && memcmp(&x->mailbox, m, sizeof *m) == 0)
		return x;
	arena_reset(&x->arena);
	*x = (struct anatomy){.known = true, .mailbox = *m, .uid = uid, .arena = x->arena};
	if (r->inner->ops->digest(r->inner, m, uid, false, &x->arena, &encoded, &x->prefix, NULL) != 0
	    || digest_decode_structure(encoded, &x->arena, &x->digest) != 0)
		x->digest.root = NULL;
	return x;
}

static enum account_given given_in(const struct anatomy *x, uint64_t offset, uint64_t n)
{
	uint64_t end = offset + n < offset ? UINT64_MAX : offset + n;
	if (x->digest.root == NULL)
		return GIVEN_DOWNLOADED;
	for (const struct mime_part *part = x->digest.root; part != NULL; part = mime_part_next(part))
		if (mime_part_is_attachment(part) && offset < part->body_end + x->prefix && end > part->body_start + x->prefix)
			return GIVEN_DOWNLOADED;
	return end > x->digest.header_size + x->prefix ? GIVEN_VIEWED : GIVEN_LISTED;
}

static int give(struct account *a, const struct mailbox_ref *m, uint32_t uid, uint64_t offset, uint64_t n, struct error *err)
{
	struct restricted *r = (struct restricted *)a;
	bool closely = refuses(a, ACCOUNT_REFUSES_DOWNLOAD) || (r->watch != NULL && r->watch->closely);
	enum account_given what = closely ? given_in(anatomy_of(r, m, uid), offset, n) : GIVEN_LISTED;
	if (what == GIVEN_DOWNLOADED && r->depict)
		what = GIVEN_VIEWED;
	if (what == GIVEN_DOWNLOADED && refuses(a, ACCOUNT_REFUSES_DOWNLOAD))
		return denied(err);
	return r->watch == NULL || r->watch->given == NULL || r->watch->given(r->arg, m, uid, what, n) ? 0 : denied(err);
}

/* A protocol that forgot to ask gets no attachment either. */
static int read_bytes(struct account *a, const struct mailbox_ref *m, uint32_t uid, uint64_t offset, uint64_t n, struct buf *out, struct error *err)
{
	struct restricted *r = (struct restricted *)a;

	if (!r->depict && refuses(a, ACCOUNT_REFUSES_DOWNLOAD) && given_in(anatomy_of(r, m, uid), offset, n) == GIVEN_DOWNLOADED)
		return denied(err);
	a = inner_of(a);
	return a->ops->read(a, m, uid, offset, n, out, err);
}

static int check(struct account *a, const struct mailbox_ref *m, uint32_t uid, struct error *err)
{
	a = inner_of(a);
	return a->ops->check(a, m, uid, err);
}

static int search(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, const struct search_words *what,
	struct uid_set *ret, struct error *err)
{
	a = inner_of(a);
	return a->ops->search(a, m, uids, what, ret, err);
}

static void state(struct account *a, struct account_state *ret)
{
	a = inner_of(a);
	a->ops->state(a, ret);
}

static int email(struct account *a, const uint8_t email_id[16], email_fn *fn, void *arg, struct error *err)
{
	a = inner_of(a);
	return a->ops->email(a, email_id, fn, arg, err);
}

static int thread(struct account *a, const uint8_t thread_id[16], email_fn *fn, void *arg, struct error *err)
{
	a = inner_of(a);
	return a->ops->thread(a, thread_id, fn, arg, err);
}

static int newest(struct account *a, const struct mailbox_ref *m, email_fn *fn, void *arg, struct error *err)
{
	a = inner_of(a);
	return a->ops->newest(a, m, fn, arg, err);
}

static int email_changes(struct account *a, uint64_t since, email_change_fn *fn, void *arg, struct error *err)
{
	a = inner_of(a);
	return a->ops->email_changes(a, since, fn, arg, err);
}

static int mailbox_changes(struct account *a, uint64_t since, mailbox_change_fn *fn, void *arg, struct error *err)
{
	a = inner_of(a);
	return a->ops->mailbox_changes(a, since, fn, arg, err);
}

static int counts(struct account *a, const struct mailbox_ref *m, struct mailbox_counts *ret, struct error *err)
{
	a = inner_of(a);
	return a->ops->counts(a, m, ret, err);
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

/* ---- one's own drafts ---- */

static bool holds_drafts(struct restricted *r, const struct mailbox_ref *m, struct arena *arena)
{
	struct mailbox_info *all;
	size_t count;

	if (r->inner->ops->list(r->inner, arena, &all, &count, NULL) != 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (memcmp(all[i].id, m->id, sizeof m->id) == 0)
			return (all[i].special_use & USE_DRAFTS) != 0;
	return false;
}

static bool is_by(struct restricted *r, const struct mailbox_ref *m, uint32_t uid, struct arena *arena)
{
	struct digest digest;
	struct slice encoded;
	uint32_t prefix;
	const struct mime_address *sender;

	if (r->inner->ops->digest(r->inner, m, uid, false, arena, &encoded, &prefix, NULL) != 0 || digest_decode_envelope(encoded, arena, &digest) != 0)
		return false;
	sender = mime_address_next(digest.envelope.sender);
	return sender != NULL && slice_eq_nocase(mime_address_spec(sender, arena), r->author);
}

/* What is not there any more is nobody's. NULL: whatever is there. */
static bool are_own_drafts(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids)
{
	struct restricted *r = (struct restricted *)a;
	struct arena arena = ARENA_INIT;
	bool own = r->author.n > 0 && uids != NULL && uid_set_size(uids) <= DRAFTS_MAX && holds_drafts(r, m, &arena);

	for (size_t i = 0; own && i < uids->count; i++)
		for (uint64_t uid = uids->ranges[i].first; own && uid <= uids->ranges[i].last; uid++)
			own = is_by(r, m, (uint32_t)uid, &arena);
	arena_free(&arena);
	return own;
}

static bool may_go(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids)
{
	return !refuses(a, ACCOUNT_REFUSES_CHANGE) && (!refuses(a, ACCOUNT_REFUSES_DELETE) || are_own_drafts(a, m, uids));
}

/* Else whatever one has sent could be made a draft, and go. */
static bool may_arrange(struct account *a, const struct mailbox_ref *m, uint32_t special_use)
{
	struct arena arena = ARENA_INIT;
	bool may = !refuses(a, ACCOUNT_REFUSES_CHANGE)
		&& ((special_use & USE_DRAFTS) == 0 || !refuses(a, ACCOUNT_REFUSES_DELETE) || holds_drafts((struct restricted *)a, m, &arena));

	arena_free(&arena);
	return may;
}

/* ---- what changes ---- */

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

static int arrange(struct account *a, const struct mailbox_ref *m, uint32_t special_use, uint32_t sort_order, struct error *err)
{
	if (!may_arrange(a, m, special_use))
		return denied(err);
	a = inner_of(a);
	return a->ops->arrange(a, m, special_use, sort_order, err);
}

static int keyword(struct account *a, struct slice name, bool make, unsigned *ret_index, struct error *err)
{
	if (make && refuses(a, ACCOUNT_REFUSES_CHANGE))
		return denied(err);
	a = inner_of(a);
	return a->ops->keyword(a, name, make, ret_index, err);
}

static int add_deleted(void *arg, const struct message_row *row)
{
	if ((row->flags.system & FLAG_DELETED) != 0)
		uid_set_add(arg, row->uid);
	return 0;
}

/* What the owner has marked stays marked. */
static int replace_but_deleted(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, struct flag_set set,
	uint64_t unchanged_since, struct uid_set *skipped, uint64_t *ret_modseq, struct error *err)
{
	struct uid_set marked = {0}, others = {0};
	uint64_t modseq = 0;
	int rc = a->ops->flags(a, m, 1, UINT32_MAX, add_deleted, &marked, err);
	uid_set_add_set(&others, uids);
	uid_set_intersect(&marked, uids);
	for (size_t i = 0; i < marked.count; i++)
		for (uint64_t uid = marked.ranges[i].first; uid <= marked.ranges[i].last; uid++)
			uid_set_remove(&others, (uint32_t)uid);
	*ret_modseq = 0;
	if (rc == 0 && others.count > 0)
		rc = a->ops->store(a, m, &others, FLAGS_REPLACE, set, unchanged_since, skipped, ret_modseq, err);
	set.system |= FLAG_DELETED;
	if (rc == 0 && marked.count > 0)
		rc = a->ops->store(a, m, &marked, FLAGS_REPLACE, set, unchanged_since, skipped, &modseq, err);
	*ret_modseq = modseq > *ret_modseq ? modseq : *ret_modseq;
	uid_set_free(&marked);
	uid_set_free(&others);
	return rc;
}

static int store(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, enum flag_change change, struct flag_set set,
	uint64_t unchanged_since, struct uid_set *skipped, uint64_t *ret_modseq, struct error *err)
{
	bool deletes = (set.system & FLAG_DELETED) != 0;
	if (refuses(a, ACCOUNT_REFUSES_CHANGE) || (deletes && refuses(a, ACCOUNT_REFUSES_DELETE)))
		return denied(err);
	if (change == FLAGS_REPLACE && refuses(a, ACCOUNT_REFUSES_DELETE))
		return replace_but_deleted(inner_of(a), m, uids, set, unchanged_since, skipped, ret_modseq, err);
	a = inner_of(a);
	return a->ops->store(a, m, uids, change, set, unchanged_since, skipped, ret_modseq, err);
}

static int begin(struct account *a, struct error *err)
{
	a = inner_of(a);
	return a->ops->begin(a, err);
}

static int commit(struct account *a, struct error *err)
{
	a = inner_of(a);
	return a->ops->commit(a, err);
}

static int expunge(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, bool force, struct uid_set *ret, struct error *err)
{
	if (!may_go(a, m, uids))
		return denied(err);
	a = inner_of(a);
	return a->ops->expunge(a, m, uids, force, ret, err);
}

static int copy(struct account *a, const struct mailbox_ref *from, const struct uid_set *uids, const struct mailbox_ref *to, bool move,
	struct arena *arena, struct copy_result *ret, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE) || (move && !may_go(a, from, uids)))
		return denied(err);
	struct restricted *r = (struct restricted *)a;
	a = inner_of(a);
	int rc = a->ops->copy(a, from, uids, to, move, arena, ret, err);
	if (rc == 0 && !move && ret->count > 0 && r->watch != NULL && r->watch->copied != NULL)
		r->watch->copied(r->arg, from, to, ret->count);
	return rc;
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

static int set_note(struct account *a, struct slice name, struct slice value, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE))
		return denied(err);
	a = inner_of(a);
	return a->ops->set_note(a, name, value, err);
}

/* What was deleted is for those who may delete. */
static int bin(struct account *a, uint64_t number, binned_fn *fn, void *arg, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE | ACCOUNT_REFUSES_DELETE))
		return denied(err);
	a = inner_of(a);
	return a->ops->bin != NULL ? a->ops->bin(a, number, fn, arg, err) : error_set(err, ERR_UNSUPPORTED, "nothing can be had back");
}

/* Whoever lists them was let in by `bin`. */
static void restore(struct account *a, uint64_t number, const struct mailbox_ref *to, restored_fn *fn, void *arg)
{
	a = inner_of(a);
	a->ops->restore(a, number, to, fn, arg);
}

static int shred(struct account *a, uint64_t number, struct error *err)
{
	if (refuses(a, ACCOUNT_REFUSES_CHANGE | ACCOUNT_REFUSES_DELETE))
		return denied(err);
	a = inner_of(a);
	return a->ops->shred(a, number, err);
}

static const struct account_ops OPS = {
	.note = note, .set_note = set_note,
	.list = list, .create = create, .remove = remove_mailbox, .rename = rename_mailbox, .subscribe = subscribe, .find = find, .status = status,
	.quota = quota, .keyword = keyword, .keyword_name = keyword_name, .messages = messages, .flags = flags, .vanished = vanished, .digest = digest,
	.messages_with_digest = messages_with_digest, .read = read_bytes, .check = check, .give = give, .begin = begin, .commit = commit, .store = store, .expunge = expunge, .copy = copy,
	.append = append, .search = search, .catch_up = catch_up, .listen = listen_to, .unlisten = unlisten, .state = state,
	.email = email, .thread = thread, .newest = newest, .email_changes = email_changes, .mailbox_changes = mailbox_changes, .counts = counts,
	.arrange = arrange, .bin = bin, .restore = restore, .shred = shred,
};

void restricted_account_depict(struct account *account, bool depict)
{
	((struct restricted *)account)->depict = depict;
}

struct account *restricted_account_create(struct account *inner, unsigned what, const struct account_watch *watch, void *arg)
{
	struct restricted *r = memory_alloc(sizeof *r);
	r->base = (struct account){.ops = &OPS, .refuses = what};
	r->inner = inner;
	r->watch = watch;
	r->arg = arg;
	return &r->base;
}

void restricted_account_author(struct account *account, struct slice address)
{
	((struct restricted *)account)->author = address;
}

void restricted_account_destroy(struct account **account)
{
	struct restricted *r = (struct restricted *)*account;
	if (r == NULL)
		return;
	arena_free(&r->last.arena);
	memory_free(r);
	*account = NULL;
}
