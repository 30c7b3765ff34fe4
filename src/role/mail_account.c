/* One account of the shard: its secrets, its store, how long it stays open, what auth knows of its mailboxes. */
#include "role/mail_blob.h"
#include "role/mail_push.h"
#include "role/mail_scheduled.h"

#include <stdio.h>
#include <string.h>
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "crypt/slab.h"

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

void mail_account_runs(struct mail_account *a)
{
	mail_account_touch(a);
	a->ran_ms = a->used_ms;
	a->role->ran_ms = a->used_ms;
	mail_account_memory(a, STORE_MEMORY_WARM);
}

static void on_retry(void *arg);
static void on_index(void *arg);

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
	mail_arrivals_setup(a);
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
		.host = mail_host(a),
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
		secrets_database_key(&a->keys.secrets.items[a->keys.secrets.count - 1 - i], keys[i]);
	config.database_keys = (const uint8_t (*)[32])keys;
	rc = store_account_open(&config, &a->store, &aside, err);
	secret_wipe(keys, a->keys.secrets.count * sizeof *keys);
	memory_free(keys);
	if (rc < 0) {
		mail_account_log(EV_STORE_OPEN_FAILED, a, err);
		mail_broken_note(a, err);
		return rc;
	}
	mail_broken_forget(a);
	a->memory = STORE_MEMORY_USED;
	mail_push_opened(a);
	mail_scheduled_look(a);
	mail_account_profile(a);
	mail_arrivals_pull(a);
	mail_unref_send(a);
	return 0;
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

	mail_arrivals_pull(a);
	mail_unref_send(a);
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
