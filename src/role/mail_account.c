#include "role/mail_blob.h"
#include "role/mail_push.h"

#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "crypt/slab.h"
#include "queue/queue.h"
#include "queue/recall.h"
#include "sys/fault.h"

void mail_account_log(enum log_event event, const struct mail_account *a, const struct error *err)
{
	log_event(event, LOG_TEXT("user", a->login), LOG_STR("error", error_code_name(err->code)), LOG_STR("why", err->private_text));
}

/* ---- secrets ---- */

static void keys_free(struct mail_keys *k)
{
	for (size_t i = 0; k->pairs != NULL && i < k->secrets.count; i++)
		slab_free(&k->pairs[i]);
	MEMORY_FREE(&k->pairs);
	MEMORY_FREE(&k->readers);
	secrets_free(&k->secrets);
}

/* Derives the X25519 pair of every generation. */
static int keys_make(struct mail_keys *k, struct slice encoded, struct error *err)
{
	int rc = secrets_decode(encoded, &k->secrets, err);

	if (rc < 0)
		return rc;
	k->pairs = memory_alloc_array(k->secrets.count + 1, sizeof *k->pairs);
	k->readers = memory_alloc_array(k->secrets.count + 1, sizeof *k->readers);
	for (size_t i = 0; i < k->secrets.count; i++) {
		k->pairs[i] = slab_alloc(32);
		if (k->pairs[i] == NULL)
			return error_set(err, ERR_TEMPORARY, "no room for secrets");
		secrets_pair(&k->secrets.items[i], k->readers[i].public_key, k->pairs[i]);
		k->readers[i].generation = k->secrets.items[i].generation;
		k->readers[i].secret_key = k->pairs[i];
		k->readers[i].cache = k->cache;
	}
	return k->secrets.count == 0 ? error_set(err, ERR_INVALID, "no secrets") : 0;
}

/* Takes over what a ticket brought when it has more generations than we know. */
static int keys_update(struct mail_account *a, struct slice encoded, struct error *err)
{
	struct mail_keys fresh = {.cache = a->role->exchanges}, old = a->keys;
	int rc = keys_make(&fresh, encoded, err);

	if (rc < 0 || fresh.secrets.count <= old.secrets.count) {
		keys_free(&fresh);
		return rc;
	}
	a->keys = fresh;
	if (a->store != NULL)
		store_account_set_keys(a->store, a->keys.readers, a->keys.secrets.count);
	keys_free(&old);
	return 0;
}

/* ---- life ---- */

struct mail_account *mail_account_find(struct mail_role *m, const uint8_t id[16])
{
	return map_get(&m->accounts, mail_id(id));
}

void mail_account_hold(struct mail_account *a)
{
	ENSURE_MAGIC(a, MAIL_ACCOUNT_MAGIC);
	a->held++;
	list_remove(&a->close_node);
}

static void account_free(struct mail_account *a)
{
	ENSURE(a->held == 0 && a->waiters == NULL && a->ready == NULL);
	list_remove(&a->index_node);
	list_remove(&a->close_node);
	map_remove(&a->role->accounts, mail_id(a->id));
	a->role->warm_count -= a->memory == STORE_MEMORY_WARM;
	mail_blob_sweep(a, true);
	mail_push_closing(a);
	store_account_close(&a->store);
	keys_free(&a->keys);
	kx_cache_clear(a->role->exchanges); /* those of others cost an exchange more */
	timer_destroy(&a->retry);
	timer_destroy(&a->index);
	timer_destroy(&a->gather);
	buf_free(&a->own);
	memory_free((void *)(uintptr_t)a->login.p);
	a->magic = 0;
	memory_free(a);
}

void mail_account_drop(struct mail_account *a)
{
	ENSURE_MAGIC(a, MAIL_ACCOUNT_MAGIC);
	ENSURE(a->held > 0);
	if (--a->held > 0)
		return;
	list_append(&a->role->closing, &a->close_node);
	timer_start(a->role->close, 0);
}

static void on_close(void *arg)
{
	struct mail_role *m = arg;

	if (!list_empty(&m->closing))
		account_free(LIST_ITEM(m->closing.next, struct mail_account, close_node));
	if (!list_empty(&m->closing))
		timer_start(m->close, 0);
	else
		m->trim = true;
}

void mail_account_setup(struct mail_role *m)
{
	list_init(&m->closing);
	m->close = timer_create_on(m->ctx->loop, on_close, m);
}

void mail_account_touch(struct mail_account *a)
{
	a->used_ms = mail_now(a->role);
}

static bool warm_allowed(const struct mail_account *a)
{
	return a->memory == STORE_MEMORY_WARM || a->role->warm_count < MAIL_WARM_MAX;
}

void mail_account_memory(struct mail_account *a, enum store_memory memory)
{
	if (a->store == NULL)
		return;
	if (memory == STORE_MEMORY_WARM && !warm_allowed(a))
		memory = STORE_MEMORY_USED;
	if (memory == a->memory)
		return;
	a->role->warm_count += memory == STORE_MEMORY_WARM;
	a->role->warm_count -= a->memory == STORE_MEMORY_WARM;
	a->memory = memory;
	a->role->trim |= memory == STORE_MEMORY_IDLE;
	store_account_memory(a->store, memory);
}

static void account_works(struct mail_account *a)
{
	a->ran_ms = mail_now(a->role);
	if (a->memory == STORE_MEMORY_IDLE)
		mail_account_memory(a, STORE_MEMORY_USED);
}

void mail_account_runs(struct mail_account *a)
{
	mail_account_touch(a);
	a->ran_ms = a->used_ms;
	a->role->ran_ms = a->used_ms;
	mail_account_memory(a, STORE_MEMORY_WARM);
}

static void on_retry(void *arg);
static void on_index(void *arg);
static void on_gather(void *arg);

static struct mail_account *account_new(struct mail_role *m, const struct ipc_mail_ticket *ticket)
{
	struct mail_account *a = memory_alloc(sizeof *a);

	a->magic = MAIL_ACCOUNT_MAGIC;
	a->role = m;
	memcpy(a->id, ticket->account.b, sizeof a->id);
	a->login = slice_make(memory_dup_str(ticket->login), ticket->login.n);
	a->own = BUF_INIT(65536);
	list_init(&a->blobs);
	a->retry = timer_create_on(m->ctx->loop, on_retry, a);
	a->index = timer_create_on(m->ctx->loop, on_index, a);
	a->gather = timer_create_on(m->ctx->loop, on_gather, a);
	return a;
}

int mail_account_admit(struct mail_role *m, const struct ipc_mail_ticket *ticket, struct mail_account **ret, struct error *err)
{
	struct mail_account *a = mail_account_find(m, ticket->account.b);
	int rc = 0;

	if (a == NULL) {
		a = account_new(m, ticket);
		rc = keys_update(a, ticket->secrets, err);
		if (rc < 0) {
			account_free(a);
			return rc;
		}
		map_put(&m->accounts, mail_id(a->id), a);
	} else {
		rc = keys_update(a, ticket->secrets, err);
		if (rc < 0)
			return rc;
	}
	a->quota = ticket->quota;
	buf_clear(&a->own);
	buf_append(&a->own, ticket->own);
	if (a->store != NULL)
		store_account_set_quota(a->store, a->quota);
	mail_account_touch(a);
	*ret = a;
	return 0;
}

/* ---- what the store asks of us ---- */

static int64_t host_now(void *arg)
{
	struct mail_account *a = arg;

	return moment_unix(loop_now(a->role->ctx->loop));
}

static void host_append(void *arg, struct store_append *append)
{
	mail_append_start(arg, append);
}

static void host_catch_up(void *arg, struct store_account *store, void (*done)(void *arg), void *done_arg)
{
	struct mail_account *a = arg;
	struct mail_waiter *w = memory_alloc(sizeof *w);

	*w = (struct mail_waiter){.next = a->waiters, .done = done, .arg = done_arg};
	a->waiters = w;
	mail_account_pull(a);
}

static void tell_now(void *arg)
{
	struct mail_account *a = arg;

	a->soon = false;
	if (a->store != NULL)
		store_account_tell(a->store);
	mail_account_drop(a);
}

static void host_soon(void *arg, struct store_account *store)
{
	struct mail_account *a = arg;

	if (a->soon)
		return;
	a->soon = true;
	mail_account_hold(a);
	loop_defer(a->role->ctx->loop, tell_now, a);
}

static void unrefs_send(struct mail_account *a);

static void host_unref(void *arg, struct store_account *store)
{
	unrefs_send(arg);
}

static void host_profile(void *arg, struct store_account *store)
{
	mail_account_profile(arg);
}

/* ---- accounts that check --store has to name ---- */

static void remember_broken(struct mail_account *a, const struct error *err)
{
	struct map *broken = &a->role->broken;
	struct mail_broken *b = map_get(broken, mail_id(a->id));

	if (b == NULL && broken->count >= MAIL_BROKEN_MAX)
		return;
	if (b == NULL) {
		b = memory_alloc(sizeof *b);
		map_put(broken, mail_id(a->id), b);
	}
	snprintf(b->login, sizeof b->login, "%.*s", SLICE_ARG(a->login));
	snprintf(b->why, sizeof b->why, "%s", err->private_text);
}

static void forget_broken(struct mail_account *a)
{
	memory_free(map_remove(&a->role->broken, mail_id(a->id)));
}

static void host_damaged(void *arg, struct store_account *store, const struct error *err)
{
	mail_account_log(EV_STORE_DAMAGED, arg, err);
}

static void host_recovered(void *arg, struct store_account *store, size_t count)
{
	struct mail_account *a = arg;

	log_event(EV_STORE_RECOVERED, LOG_TEXT("user", a->login), LOG_NUM("count", count));
}

static void host_salvaged(void *arg, struct store_account *store, const struct store_salvage *found)
{
	struct mail_account *a = arg;

	log_event(EV_STORE_SALVAGED, LOG_TEXT("user", a->login), LOG_NUM("mailboxes", found->mailboxes), LOG_NUM("messages", found->messages),
	          LOG_NUM("lost", found->lost), LOG_NUM("places", found->places));
}

void mail_alive(struct mail_role *m)
{
	int64_t ms = mail_now(m) + loop_round_ms(m->ctx->loop);

	if (ms - m->alive_ms < MAIL_ALIVE_MS)
		return;
	m->alive_ms = ms;
	role_alive(m->ctx);
}

static void host_alive(void *arg)
{
	struct mail_account *a = arg;

	mail_alive(a->role);
}

/* Its sessions end: the next sign-in mends the database, and readers must not go on in the middle of that. */
static void end_broken(void *arg)
{
	struct mail_account *a = arg;

	mail_session_end(a->role, a->id, 0, "The mailbox is being repaired, sign in again");
	mail_account_drop(a);
}

static void host_broken(void *arg, struct store_account *store)
{
	struct mail_account *a = arg;
	struct error err;

	error_set(&err, ERR_DAMAGED, "account.db is damaged; it is made anew at the next sign-in");
	mail_account_log(EV_STORE_DAMAGED, a, &err);
	remember_broken(a, &err);
	if (a->held == 0) /* it is about to be closed, or that is how it was found */
		return;
	mail_account_hold(a);
	loop_defer(a->role->ctx->loop, end_broken, a);
}

static void host_removed(void *arg, struct store_account *store, struct slice mailbox, const struct slice *target, size_t count)
{
	const struct mail_account *a = arg;

	mail_use_removed(a, a->at_work, mailbox, target, count);
}

static void host_recalled(void *arg, struct store_account *store, const struct store_arrival *order, enum store_recalled what)
{
	static const char *const results[] = {
		[STORE_RECALL_GONE] = "deleted before", [STORE_RECALL_DONE] = "recalled", [STORE_RECALL_READ] = "read before",
	};
	const struct mail_account *a = arg;
	char id[QUEUE_ID_SIZE];

	queue_id_format(order->place.pack, order->place.ordinal, id);
	log_event(EV_MAIL_RECALLED, LOG_STR("mid", id), LOG_TEXT("to", a->login), LOG_STR("result", results[what]));
}

static bool host_learns(void *arg)
{
	const struct mail_account *a = arg;

	return a->role->ctx->config->junk_personal;
}

static const struct bayes *host_house(void *arg)
{
	const struct mail_account *a = arg;

	return mail_lessons_table(a->role);
}

static void host_teach(void *arg, const uint8_t email[16], unsigned want, const struct tokens *tokens)
{
	const struct mail_account *a = arg;

	mail_lessons_teach(a->role, a->id, email, want, tokens);
}

static void host_learn(void *arg, struct store_account *store)
{
	mail_index_learn(arg);
}

static int64_t host_bin(void *arg)
{
	const struct mail_account *a = arg;

	return a->role->ctx->config->queue_undelete / 1000;
}

struct keeping {
	struct mail_account *account;
	void (*done)(void *arg, int code);
	void *arg;
};

static void on_kept(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct keeping *k = arg;
	const struct ipc_queue_unref_reply *reply = message;
	struct mail_account *a = k->account;
	bool good = outcome == IPC_OK && reply->result == QUEUE_OK;

	k->done(k->arg, !good ? ERR_TEMPORARY : reply->kept == 1 ? 0 : ERR_NOT_FOUND);
	memory_free(k);
	mail_account_drop(a);
}

static void host_keep(void *arg, struct store_account *store, uint64_t seq, void (*done)(void *arg, int code), void *done_arg)
{
	struct mail_account *a = arg;
	struct keeping *k = memory_alloc(sizeof *k);
	struct buf list = BUF_INIT(8);
	struct ipc_queue_unref request = {.how = QUEUE_UNREF_KEEP};

	*k = (struct keeping){a, done, done_arg};
	mail_account_hold(a);
	buf_put_u64(&list, seq);
	memcpy(request.account.b, a->id, sizeof request.account.b);
	request.seqs = buf_slice(&list);
	ipc_request(a->role->ctx->ipc, IPC_QUEUE_UNREF, IPC_ANY, &request, on_kept, k);
	buf_free(&list);
}

static void host_later(void *arg, void (*fn)(void *arg), void *fn_arg)
{
	struct mail_account *a = arg;

	loop_defer(a->role->ctx->loop, fn, fn_arg);
}

static int host_database_key(void *arg, struct store_account *store, size_t index, uint8_t ret_key[32])
{
	struct mail_account *a = arg;

	if (index >= a->keys.secrets.count)
		return ERR_NOT_FOUND;
	secrets_database_key(&a->keys.secrets.items[index], ret_key);
	return 0;
}

/* ---- opening ---- */

static int packs_open(struct mail_role *m, struct error *err)
{
	char path[600];

	if (m->packs != NULL)
		return 0;
	snprintf(path, sizeof path, "%s/" ROLE_DIR_PACKS, m->ctx->data_dir);
	m->packs = pack_reader_open(path, 0, err);
	return m->packs == NULL ? ERR_IO : 0;
}

void mail_account_path(const struct mail_role *m, const uint8_t id[16], char *path, size_t size)
{
	char hex[33];

	for (int i = 0; i < 16; i++)
		snprintf(hex + i * 2, 3, "%02x", id[i]);
	snprintf(path, size, "%s/" ROLE_DIR_ACCOUNTS "/%.2s/%s", m->ctx->data_dir, hex, hex);
}

int mail_account_open(struct mail_account *a, struct error *err)
{
	char path[600];
	uint8_t (*keys)[32];
	bool aside = false;
	int rc;
	struct store_account_config config = {
		.directory = path, .quota = a->quota, .keys = a->keys.readers, .key_count = a->keys.secrets.count, .database_key_count = a->keys.secrets.count,
		.host = {.arg = a, .now = host_now, .append = host_append, .catch_up = host_catch_up, .soon = host_soon, .unref = host_unref,
		         .profile = host_profile, .database_key = host_database_key, .damaged = host_damaged, .removed = host_removed, .recovered = host_recovered,
		         .salvaged = host_salvaged, .recalled = host_recalled, .alive = host_alive, .broken = host_broken,
		         .learns = host_learns, .learn = host_learn, .house = host_house, .teach = host_teach, .bin = host_bin, .keep = host_keep, .later = host_later},
	};

	if (a->store != NULL && !store_account_broken(a->store))
		return 0;
	if (a->store != NULL && (a->sessions != 0 || store_account_busy(a->store)))
		return error_set(err, ERR_TEMPORARY, "account.db is damaged and still in use");
	mail_account_memory(a, STORE_MEMORY_IDLE);
	mail_push_closing(a);
	store_account_close(&a->store);
	rc = packs_open(a->role, err);
	if (rc < 0)
		return rc;
	mail_account_path(a->role, a->id, path, sizeof path);
	memcpy(config.id, a->id, sizeof config.id);
	config.packs = a->role->packs;
	keys = memory_alloc_array(a->keys.secrets.count, sizeof *keys);
	for (size_t i = 0; i < a->keys.secrets.count; i++)
		host_database_key(a, NULL, a->keys.secrets.count - 1 - i, keys[i]);
	config.database_keys = (const uint8_t (*)[32])keys;
	rc = store_account_open(&config, &a->store, &aside, err);
	secret_wipe(keys, a->keys.secrets.count * sizeof *keys);
	memory_free(keys);
	if (rc < 0) {
		mail_account_log(EV_STORE_OPEN_FAILED, a, err);
		remember_broken(a, err);
		return rc;
	}
	forget_broken(a);
	a->memory = STORE_MEMORY_USED;
	mail_push_opened(a);
	mail_account_profile(a);
	mail_account_pull(a);
	unrefs_send(a);
	return 0;
}

/* ---- arrivals ---- */

/* Callers of catch_up hear from the loop, whatever they do with the account then. */
static void waiters_tell(void *arg)
{
	struct mail_account *a = arg;

	while (a->ready != NULL) {
		struct mail_waiter *w = a->ready;

		a->ready = w->next;
		w->done(w->arg);
		memory_free(w);
	}
	mail_account_drop(a);
}

static void waiters_ready(struct mail_account *a)
{
	struct mail_waiter **end = &a->ready;

	if (a->waiters == NULL)
		return;
	if (a->ready == NULL) {
		mail_account_hold(a);
		loop_defer(a->role->ctx->loop, waiters_tell, a);
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = a->waiters;
	a->waiters = NULL;
}

void mail_index_soon(struct mail_account *a)
{
	timer_start(a->index, MAIL_INDEX_WAIT_MS);
}

static void pull_end(struct mail_account *a, bool failed)
{
	bool again = a->pull_again && !failed;

	a->pulling = a->pull_again = false;
	if (failed)
		timer_start(a->retry, MAIL_RETRY_MS);
	if (again) {
		mail_account_pull(a);
	} else {
		waiters_ready(a);
		if (!a->learning) /* what the reader taught does not wait for arrivals to end */
			mail_index_soon(a);
	}
}

static void pull_send(struct mail_account *a);

static size_t arrivals_decode(struct slice list, struct store_arrival *ret, size_t max)
{
	struct queue_arrival q;
	size_t n = 0;

	while (n < max && list.n != 0 && queue_arrival_decode(&list, &q) == 0) {
		if (q.kind == RECALL_KIND + RECALL_UNREAD || q.kind == RECALL_KIND + RECALL_ANY)
			ret[n++] = (struct store_arrival){.seq = q.seq, .place = q.place, .recalls = q.size, .read_too = q.kind == RECALL_KIND + RECALL_ANY};
		else if (q.kind == READER_ARRIVAL || q.kind == READER_OWN)
			ret[n++] = (struct store_arrival){.seq = q.seq, .kind = (enum reader_kind)q.kind, .place = q.place, .size = q.size};
	}
	return n;
}

/* ---- a ledger that was made anew lists again what was given back ---- */

struct comparison {
	struct mail_account *account;
	uint64_t after, next;
};

static void compare_send(struct comparison *c);

/* 1: there is more. */
static int compare_take(struct comparison *c, const struct ipc_queue_arrivals_reply *reply, struct error *err)
{
	struct store_account *store = c->account->store;
	struct store_arrival *list = memory_alloc_array(STORE_BATCH_MAX, sizeof *list);
	size_t count = arrivals_decode(reply->list, list, STORE_BATCH_MAX);
	int rc = store_account_compare(store, list, count, err);

	if (count != 0)
		c->after = list[count - 1].seq;
	memory_free(list);
	if (rc < 0)
		return rc;
	return count != 0 && reply->more && c->after < store_account_cursor(store) ? 1 : store_account_agrees(store, c->next, err);
}

static void on_compare(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct comparison *c = arg;
	struct mail_account *a = c->account;
	const struct ipc_queue_arrivals_reply *reply = message;
	struct error err = {0};
	int rc = 0;

	if (outcome == IPC_OK && reply->result == QUEUE_OK && a->store != NULL)
		rc = compare_take(c, reply, &err);
	if (rc > 0) {
		compare_send(c);
	} else {
		if (rc < 0)
			mail_account_log(EV_STORE_DAMAGED, a, &err);
		a->comparing = false; /* when it failed: the next pull begins again */
		unrefs_send(a);
		memory_free(c);
	}
	mail_account_drop(a);
}

static void compare_send(struct comparison *c)
{
	struct ipc_queue_arrivals request = {.after = c->after, .limit = STORE_BATCH_MAX};

	memcpy(request.account.b, c->account->id, sizeof request.account.b);
	mail_account_hold(c->account);
	ipc_request(c->account->role->ctx->ipc, IPC_QUEUE_ARRIVALS, IPC_ANY, &request, on_compare, c);
}

static void compare_begin(struct mail_account *a, uint64_t next)
{
	struct comparison *c;

	if (a->comparing || a->pulling || a->store == NULL || !store_account_disagrees(a->store, next))
		return;
	a->comparing = true;
	c = memory_alloc(sizeof *c);
	*c = (struct comparison){.account = a, .next = next};
	compare_send(c);
}

static void note_filed(struct mail_account *a, const struct store_arrival *list, size_t count)
{
	char id[QUEUE_ID_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (list[i].kind != READER_ARRIVAL)
			continue;
		if (list[i].seq > a->delivered)
			a->delivered = list[i].seq;
		queue_id_format(list[i].place.pack, list[i].place.ordinal, id);
		log_event(EV_MAIL_FILED, LOG_TEXT("user", a->login), LOG_STR("mid", id));
	}
}

static void on_arrivals(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_account *a = arg;
	const struct ipc_queue_arrivals_reply *reply = message;
	struct store_arrival *list;
	struct error err = {0};
	size_t count, taken = 0;
	int rc;

	if (outcome != IPC_OK || reply->result != QUEUE_OK || a->store == NULL) {
		pull_end(a, true);
		goto out;
	}
	account_works(a);
	list = memory_alloc_array(STORE_BATCH_MAX, sizeof *list);
	count = arrivals_decode(reply->list, list, STORE_BATCH_MAX);
	rc = count == 0 ? 0 : store_account_file(a->store, list, count, &taken, &err);
	a->role->filed += taken;
	note_filed(a, list, taken);
	memory_free(list);
	if (rc < 0) {
		mail_account_log(EV_STORE_DAMAGED, a, &err);
		pull_end(a, true);
	} else if (reply->more && taken == count && count != 0) {
		pull_send(a);
	} else {
		pull_end(a, false);
		compare_begin(a, reply->next);
	}
out:
	mail_account_drop(a);
}

static void pull_send(struct mail_account *a)
{
	struct ipc_queue_arrivals request = {.after = store_account_cursor(a->store), .limit = STORE_BATCH_MAX};

	memcpy(request.account.b, a->id, sizeof request.account.b);
	mail_account_hold(a);
	ipc_request(a->role->ctx->ipc, IPC_QUEUE_ARRIVALS, IPC_ANY, &request, on_arrivals, a);
}

void mail_account_pull(struct mail_account *a)
{
	if (a->store == NULL)
		return;
	if (a->pulling) {
		a->pull_again = true;
		return;
	}
	a->pulling = true;
	a->pulled_ms = mail_now(a->role);
	timer_stop(a->retry);
	pull_send(a);
}

void mail_account_hint(struct mail_account *a)
{
	int64_t wait = a->pulled_ms + MAIL_GATHER_MS - mail_now(a->role);

	if (a->gathering)
		return;
	if (wait <= 0) {
		mail_account_pull(a);
		return;
	}
	a->gathering = true;
	timer_start(a->gather, wait);
}

static void on_gather(void *arg)
{
	struct mail_account *a = arg;

	a->gathering = false;
	mail_account_pull(a);
}

/* ---- giving back ---- */

struct unrefs {
	struct mail_account *account;
	bool now;
	size_t count;
	uint64_t seqs[MAIL_UNREF_BATCH];
};

static void on_unref(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct unrefs *u = arg;
	struct mail_account *a = u->account;
	const struct ipc_queue_unref_reply *reply = message;
	struct error err = {0};

	a->sending_unrefs = false;
	if (outcome == IPC_OK && reply->result == QUEUE_OK && a->store != NULL) {
		if (store_account_unrefs_done(a->store, u->now, u->seqs, u->count, &err) == 0)
			unrefs_send(a);
		else
			mail_account_log(EV_STORE_DAMAGED, a, &err);
	} else {
		timer_start(a->retry, MAIL_RETRY_MS);
	}
	memory_free(u);
	mail_account_drop(a);
}

static void unrefs_send(struct mail_account *a)
{
	struct unrefs *u;
	struct buf list = BUF_INIT(MAIL_UNREF_BATCH * 8);
	struct ipc_queue_unref request = {0};

	if (a->sending_unrefs || a->store == NULL)
		return;
	u = memory_alloc(sizeof *u);
	u->account = a;
	u->count = store_account_unrefs(a->store, false, u->seqs, MAIL_UNREF_BATCH);
	u->now = u->count == 0;
	if (u->now)
		u->count = store_account_unrefs(a->store, true, u->seqs, MAIL_UNREF_BATCH);
	if (u->count == 0) {
		memory_free(u);
		return;
	}
	for (size_t i = 0; i < u->count; i++)
		buf_put_u64(&list, u->seqs[i]);
	memcpy(request.account.b, a->id, sizeof request.account.b);
	request.how = u->now ? QUEUE_UNREF_NOW : QUEUE_UNREF_DROP;
	request.seqs = buf_slice(&list);
	a->sending_unrefs = true;
	mail_account_hold(a);
	ipc_request(a->role->ctx->ipc, IPC_QUEUE_UNREF, IPC_ANY, &request, on_unref, u);
	FAULT_POINT(unref_sent);
	buf_free(&list);
}

/* ---- the delivery profile ---- */

static void on_profile(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_account *a = arg;

	a->profile_sending = false;
	if (outcome != IPC_OK) {
		a->profile_dirty = true;
		timer_start(a->retry, MAIL_RETRY_MS);
	} else if (a->profile_dirty) {
		mail_account_profile(a);
	}
	mail_account_drop(a);
}

void mail_account_profile(struct mail_account *a)
{
	struct buf names = BUF_INIT(SIZE_MAX), profile = BUF_INIT(AUTH_PROFILE_MAX);
	struct ipc_auth_profile request = {0};
	struct slice rest, name, uses;

	a->profile_dirty = true;
	if (a->profile_sending || a->store == NULL)
		return;
	a->profile_dirty = false;
	store_account_profile(a->store, &names);
	auth_profile_begin(&profile);
	for (rest = buf_slice(&names); slice_split(&rest, 0, &name) && slice_split(&rest, 0, &uses);)
		if (buf_len(&profile) + name.n + uses.n + 16 < AUTH_PROFILE_MAX)
			auth_profile_mailbox(&profile, name, uses);
	memcpy(request.account.b, a->id, sizeof request.account.b);
	request.profile = buf_slice(&profile);
	a->profile_sending = true;
	mail_account_hold(a);
	ipc_request(a->role->ctx->ipc, IPC_AUTH_PROFILE, IPC_ANY, &request, on_profile, a);
	buf_free(&names);
	buf_free(&profile);
}

/* ---- timers ---- */

static void on_retry(void *arg)
{
	struct mail_account *a = arg;

	mail_account_pull(a);
	unrefs_send(a);
	if (a->profile_dirty)
		mail_account_profile(a);
}

static void on_index(void *arg)
{
	mail_index_add(arg);
}

/* What lies in the trash too long, and what was in the bin for its time; a few at a time, until there are no more. */
static void tidy(struct mail_account *a)
{
	int64_t trash = a->role->ctx->config->mail_trash / 1000, now = moment_unix(loop_now(a->role->ctx->loop));
	struct error err = {0};
	bool more = false, again = false;
	int rc = trash > 0 ? store_account_trash_sweep(a->store, now - trash, &more, &err) : 0;

	if (rc == 0)
		rc = store_account_bin_sweep(a->store, &again, &err);
	if (rc < 0)
		mail_account_log(EV_STORE_DAMAGED, a, &err);
	if (rc < 0 || (!more && !again))
		a->tidied_ms = mail_now(a->role);
}

/* Times below an hour are kept too. */
static bool is_untidy(const struct mail_account *a)
{
	const struct config *c = a->role->ctx->config;
	int64_t wait = MAIL_TIDY_MS;

	if (c->mail_trash > 0 && c->mail_trash < wait)
		wait = c->mail_trash;
	if (c->queue_undelete < wait)
		wait = c->queue_undelete;
	return a->tidied_ms == 0 || mail_now(a->role) - a->tidied_ms >= wait;
}

void mail_account_sweep(struct mail_account *a)
{
	mail_blob_sweep(a, false);
	if (a->store != NULL && !store_account_parked(a->store) && !store_account_broken(a->store) && is_untidy(a))
		tidy(a);
	if (!list_linked(&a->index_node) && mail_now(a->role) - a->ran_ms >= MAIL_WARM_MS)
		mail_account_memory(a, STORE_MEMORY_IDLE);
	if (a->store != NULL && !a->pulling && !a->sending_unrefs && mail_now(a->role) - a->used_ms >= MAIL_PARK_MS)
		store_account_park(a->store);
}
