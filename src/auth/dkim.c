#include "auth/dkim.h"

#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "trust/dkim_key.h"

#define SELECTOR_TRIES 20

struct auth_dkim {
	struct directory *directory;
	const struct auth_host *host;
	struct auth_dkim_settings settings;
	unsigned busy;         /* questions and keys under way */
};

struct auth_dkim *auth_dkim_create(struct directory *directory, const struct auth_host *host, const struct auth_dkim_settings *settings)
{
	struct auth_dkim *d = memory_alloc(sizeof *d);
	*d = (struct auth_dkim){.directory = directory, .host = host, .settings = *settings};
	return d;
}

void auth_dkim_configure(struct auth_dkim *d, const struct auth_dkim_settings *settings)
{
	d->settings = *settings;
}

void auth_dkim_free(struct auth_dkim **d)
{
	ENSURE(*d == NULL || (*d)->busy == 0);
	MEMORY_FREE(d);
}

const char *auth_dkim_state_name(enum dkim_state state)
{
	static const char *const names[] = {[DKIM_KEY_NEXT] = "next", [DKIM_KEY_ACTIVE] = "active", [DKIM_KEY_RETIRED] = "retired"};
	return names[state];
}

void auth_dkim_record(const struct dkim_key_row *key, struct buf *out)
{
	buf_printf(out, "v=DKIM1; k=%s; p=", key->algorithm == MAIL_RSA_SHA256 ? "rsa" : "ed25519");
	base64_encode(key->public_key, out);
}

int64_t auth_dkim_remove_at(const struct auth_dkim *d, const struct dkim_key_row *key)
{
	return key->state == DKIM_KEY_RETIRED ? key->retired + d->settings.keep_s : 0;
}

static int64_t now_of(const struct auth_dkim *d)
{
	return moment_unix(d->host->now(d->host->arg));
}

static void tell(const struct auth_dkim *d, enum log_event event, const struct dkim_key_row *key)
{
	if (d->host->record != NULL)
		d->host->record(d->host->arg, event, (const struct log_field[]){LOG_TEXT("domain", key->domain), LOG_TEXT("id", key->selector),
			LOG_STR("kind", mail_algorithm_name(key->algorithm)), LOG_END});
}

/* One row in a change of its own. */
static int save(struct auth_dkim *d, const struct dkim_key_row *key, struct error *err)
{
	int rc = directory_begin(d->directory, err);
	if (rc == 0)
		rc = directory_dkim_set(d->directory, key, err);
	if (rc == 0)
		rc = directory_commit(d->directory, err);
	if (rc != 0)
		directory_rollback(d->directory);
	return rc;
}

/* ---- a new key ---- */

struct making {
	struct auth_dkim *d;
	struct arena arena;
	struct slice domain;
	enum mail_algorithm algorithm;
	auth_dkim_fn *fn;
	void *arg;
};

/* "r20261122", "e20261122b": algorithm, day, and a letter when there was one that day. */
static int add_with_selector(struct auth_dkim *d, struct dkim_key_row *key, struct arena *arena, struct error *err)
{
	struct calendar c = calendar_from_unix(key->created);
	struct dkim_key_row other;
	for (int i = 0; i < SELECTOR_TRIES; i++) {
		struct slice suffix = i > 0 ? arena_printf(arena, "%c", 'a' + i) : SLICE_NONE;
		key->selector = arena_printf(arena, "%c%04d%02d%02d%.*s", key->algorithm == MAIL_RSA_SHA256 ? 'r' : 'e', c.year, c.month, c.day,
			SLICE_ARG(suffix));
		int rc = directory_dkim_get(d->directory, key->domain, key->selector, arena, &other);
		if (rc == ERR_NOT_FOUND)
			return directory_dkim_add(d->directory, key, err);
		if (rc != 0)
			return rc;
	}
	return error_set(err, ERR_LIMIT, "too many keys were made today");
}

static int add_row(struct auth_dkim *d, struct dkim_key_row *key, struct arena *arena, struct error *err)
{
	int rc = directory_begin(d->directory, err);
	if (rc == 0)
		rc = add_with_selector(d, key, arena, err);
	if (rc == 0)
		rc = directory_commit(d->directory, err);
	if (rc != 0)
		directory_rollback(d->directory);
	return rc;
}

static void finish(struct making *m, int rc)
{
	m->d->busy--;
	m->fn(m->arg, rc);
	arena_free(&m->arena);
	memory_free(m);
}

static void made(void *arg, const uint8_t *id, struct slice public_key)
{
	struct making *m = arg;
	struct error err = {0};
	struct dkim_key_row key = {.domain = m->domain, .algorithm = m->algorithm, .public_key = public_key, .state = DKIM_KEY_NEXT,
		.created = now_of(m->d)};
	if (id == NULL) {
		finish(m, ERR_TEMPORARY);
		return;
	}
	memcpy(key.id, id, sizeof key.id);
	int rc = add_row(m->d, &key, &m->arena, &err);
	if (rc == 0)
		tell(m->d, EV_DKIM_MADE, &key);
	else
		m->d->host->dkim_drop(m->d->host->arg, id);
	finish(m, rc);
}

/* 0: a next key may be made. */
static int may_make(struct auth_dkim *d, struct slice domain, enum mail_algorithm algorithm, struct arena *arena)
{
	struct dkim_key_row *rows = arena_alloc_array(arena, DKIM_KEYS_OF_DOMAIN_MAX, sizeof *rows);
	int count = directory_dkim_list(d->directory, domain, arena, rows, DKIM_KEYS_OF_DOMAIN_MAX);
	for (int i = 0; i < count; i++)
		if (rows[i].state == DKIM_KEY_NEXT && rows[i].algorithm == algorithm)
			return ERR_EXISTS;
	return count < 0 ? count : count == DKIM_KEYS_OF_DOMAIN_MAX ? ERR_LIMIT : 0;
}

void auth_dkim_make(struct auth_dkim *d, struct slice domain, enum mail_algorithm algorithm, auth_dkim_fn *fn, void *arg)
{
	struct making *m = memory_alloc(sizeof *m);
	*m = (struct making){.d = d, .arena = ARENA_INIT, .algorithm = algorithm, .fn = fn, .arg = arg};
	m->domain = arena_dup(&m->arena, domain);
	d->busy++;
	int rc = may_make(d, m->domain, algorithm, &m->arena);
	if (rc != 0)
		finish(m, rc);
	else
		d->host->dkim_make(d->host->arg, (uint8_t)algorithm, made, m);
}

/* ---- changes of state ---- */

static int activate_in_change(struct auth_dkim *d, struct dkim_key_row *key, struct arena *arena, struct error *err)
{
	struct dkim_key_row *rows = arena_alloc_array(arena, DKIM_KEYS_OF_DOMAIN_MAX, sizeof *rows);
	int count = directory_dkim_active(d->directory, key->domain, arena, rows, DKIM_KEYS_OF_DOMAIN_MAX), rc = count < 0 ? count : 0;
	for (int i = 0; i < count && rc == 0; i++)
		if (rows[i].algorithm == key->algorithm) {
			rows[i].state = DKIM_KEY_RETIRED;
			rows[i].retired = now_of(d);
			rc = directory_dkim_set(d->directory, &rows[i], err);
		}
	key->state = DKIM_KEY_ACTIVE;
	key->activated = now_of(d);
	return rc == 0 ? directory_dkim_set(d->directory, key, err) : rc;
}

int auth_dkim_activate(struct auth_dkim *d, const struct dkim_key_row *key, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct dkim_key_row changed = *key;
	int rc = directory_begin(d->directory, err);
	if (rc == 0)
		rc = activate_in_change(d, &changed, &arena, err);
	if (rc == 0)
		rc = directory_commit(d->directory, err);
	if (rc != 0)
		directory_rollback(d->directory);
	else
		tell(d, EV_DKIM_ACTIVE, key);
	arena_free(&arena);
	return rc;
}

int auth_dkim_retire(struct auth_dkim *d, const struct dkim_key_row *key, struct error *err)
{
	struct dkim_key_row changed = *key;
	changed.state = DKIM_KEY_RETIRED;
	changed.retired = now_of(d);
	int rc = save(d, &changed, err);
	if (rc != 0)
		return rc;
	d->host->dkim_drop(d->host->arg, key->id);
	tell(d, EV_DKIM_RETIRED, key);
	return 0;
}

static void remove_key(struct auth_dkim *d, const struct dkim_key_row *key)
{
	struct error err = {0};
	int rc = directory_begin(d->directory, &err);
	if (rc == 0)
		rc = directory_dkim_remove(d->directory, key->id, &err);
	if (rc == 0)
		rc = directory_commit(d->directory, &err);
	if (rc != 0) {
		directory_rollback(d->directory);
		return;
	}
	d->host->dkim_drop(d->host->arg, key->id);
	tell(d, EV_DKIM_REMOVED, key);
}

/* ---- a next key and DNS ---- */

struct look {
	struct auth_dkim *d;
	struct arena arena;
	struct slice domain, selector;
};

static bool is_published(struct slice records, const struct dkim_key_row *key, struct arena *arena)
{
	struct slice rdata, text;
	struct dkim_key found;
	while (dns_record_next(&records, &rdata))
		if (dns_txt_join(arena, rdata, &text) && dkim_key_parse(text, arena, &found).result == DKIM_NONE &&
		    found.algorithm == key->algorithm && slice_eq(found.public_key, key->public_key))
			return true;
	return false;
}

static bool has_active(struct auth_dkim *d, const struct dkim_key_row *key, struct arena *arena)
{
	struct dkim_key_row *rows = arena_alloc_array(arena, DKIM_KEYS_OF_DOMAIN_MAX, sizeof *rows);
	int count = directory_dkim_active(d->directory, key->domain, arena, rows, DKIM_KEYS_OF_DOMAIN_MAX);
	for (int i = 0; i < count; i++)
		if (rows[i].algorithm == key->algorithm)
			return true;
	return count < 0;
}

static void published(struct auth_dkim *d, struct dkim_key_row *key, struct arena *arena)
{
	struct error err = {0};
	if (key->seen == 0) {
		key->seen = now_of(d);
		if (save(d, key, &err) != 0)
			return;
	}
	if (now_of(d) >= key->seen + d->settings.activate_s || !has_active(d, key, arena))
		(void)auth_dkim_activate(d, key, &err);
}

/* The key as it is now: it may have been retired meanwhile. */
static void looked(void *arg, bool ok, struct slice records)
{
	struct look *l = arg;
	struct dkim_key_row key;
	if (ok && directory_dkim_get(l->d->directory, l->domain, l->selector, &l->arena, &key) == 0 && key.state == DKIM_KEY_NEXT &&
	    is_published(records, &key, &l->arena))
		published(l->d, &key, &l->arena);
	l->d->busy--;
	arena_free(&l->arena);
	memory_free(l);
}

static void look(struct auth_dkim *d, const struct dkim_key_row *key)
{
	struct look *l = memory_alloc(sizeof *l);
	*l = (struct look){.d = d, .arena = ARENA_INIT};
	l->domain = arena_dup(&l->arena, key->domain);
	l->selector = arena_dup(&l->arena, key->selector);
	d->busy++;
	d->host->look_up(d->host->arg, arena_printf(&l->arena, "%.*s._domainkey.%.*s", SLICE_ARG(key->selector), SLICE_ARG(key->domain)), DNS_TXT,
		looked, l);
}

static void nobody_waits(void *arg, int rc)
{
}

static void step_one(struct auth_dkim *d, const struct dkim_key_row *key)
{
	int64_t now = now_of(d);
	switch (key->state) {
	case DKIM_KEY_NEXT:
		look(d, key);
		break;
	case DKIM_KEY_ACTIVE:
		if (d->settings.rotate_s > 0 && now >= key->activated + d->settings.rotate_s)
			auth_dkim_make(d, key->domain, key->algorithm, nobody_waits, NULL);
		break;
	case DKIM_KEY_RETIRED:
		if (now >= key->retired + d->settings.keep_s)
			remove_key(d, key);
		break;
	}
}

void auth_dkim_step(struct auth_dkim *d)
{
	struct arena arena = ARENA_INIT;
	struct dkim_key_row *rows = arena_alloc_array(&arena, DKIM_KEYS_MAX_ALL, sizeof *rows);
	int count = d->busy == 0 ? directory_dkim_list(d->directory, SLICE_NONE, &arena, rows, DKIM_KEYS_MAX_ALL) : 0;
	for (int i = 0; i < count; i++)
		step_one(d, &rows[i]);
	arena_free(&arena);
}
