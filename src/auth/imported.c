#include "auth/imported.h"

#include <string.h>

#include "auth/directory_factor.h"
#include "auth/factors.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define MANAGED_ROWS_MAX 10

struct upgrade {
	struct directory *directory;
	struct account account; /* id, salt, generation, flags are used */
	struct arena arena;
	struct kek_request request;
	struct buf prepared, password;
	struct secrets *secrets;
	int64_t now;
	imported_fn *fn;
	void *arg;
};

static void finish(struct upgrade *u, int rc)
{
	u->fn(u->arg, rc, u->request.owner.credential);
	buf_free_secret(&u->prepared);
	buf_free_secret(&u->password);
	arena_free(&u->arena);
	memory_free(u);
}

static int add_password(struct upgrade *u, const struct kek_result *result)
{
	struct buf wrap = BUF_INIT(WRAP_MAX + 64);
	struct credential c = {.id = u->request.owner.credential, .kind = WRAP_PASSWORD, .cost = u->request.cost, .created = u->now};
	memcpy(c.account, u->account.id, sizeof c.account);
	memcpy(c.salt, u->request.salt, sizeof c.salt);
	wrap_seal(&u->request.owner, result->kek, u->secrets, &wrap);
	c.wrap = buf_slice(&wrap);
	int rc = wrap.failed ? ERR_LIMIT : directory_credential_add(u->directory, &c, NULL);
	buf_free(&wrap);
	/* Beside a second factor the password has no SCRAM keys. */
	if (rc == 0 && result->scram_count > 0 && auth_factors_exist(u->directory, u->account.id) == 0)
		rc = scram_rows_add(u->directory, u->account.id, c.id, result->scram_pepper, result->scram, result->scram_count, u->secrets, NULL);
	return rc;
}

static int remove_managed(struct upgrade *u)
{
	struct credential rows[MANAGED_ROWS_MAX];
	int count = directory_credential_list(u->directory, u->account.id, WRAP_MANAGED, &u->arena, rows, MANAGED_ROWS_MAX), rc = count < 0 ? count : 0;
	for (int i = 0; rc == 0 && i < count; i++)
		rc = directory_credential_remove(u->directory, u->account.id, rows[i].id, WRAP_MANAGED, NULL);
	return rc;
}

/* What `key` could open belongs to the past: mail from now on is sealed to a generation that it never had. */
static int new_generation(struct upgrade *u)
{
	uint8_t secret_key[32];
	int rc = secrets_add(u->secrets, 1, NULL);
	if (rc != 0 && rc != ERR_LIMIT)
		return rc;
	u->account.generation = secrets_newest(u->secrets)->generation;
	u->account.flags &= ~(unsigned)ACCOUNT_MANAGED;
	secrets_pair(secrets_newest(u->secrets), u->account.public_key, secret_key);
	secret_wipe(secret_key, sizeof secret_key);
	return directory_account_update(u->directory, &u->account, NULL);
}

static int upgrade_in_change(struct upgrade *u, const struct kek_result *result)
{
	struct slice hash;
	/* Somebody else was faster, or the account is gone. */
	int rc = directory_imported_get(u->directory, u->account.id, &u->arena, &hash);
	if (rc == 0)
		rc = directory_account_get(u->directory, u->account.id, &u->arena, &u->account);
	if (rc == 0)
		rc = new_generation(u);
	if (rc == 0)
		rc = add_password(u, result);
	if (rc == 0)
		rc = directory_imported_remove(u->directory, u->account.id, NULL);
	return rc == 0 ? remove_managed(u) : rc;
}

static void got_kek(void *arg, int rc, const struct kek_result *result)
{
	struct upgrade *u = arg;
	if (rc == 0)
		rc = directory_begin(u->directory, NULL);
	if (rc == 0)
		rc = upgrade_in_change(u, result);
	if (rc == 0)
		rc = directory_commit(u->directory, NULL);
	directory_rollback(u->directory);
	finish(u, rc);
}

static int take_number(struct upgrade *u)
{
	int rc = directory_begin(u->directory, NULL);
	if (rc == 0)
		rc = directory_credential_number(u->directory, &u->request.owner.credential, NULL);
	if (rc == 0)
		rc = directory_commit(u->directory, NULL);
	directory_rollback(u->directory);
	return rc;
}

void imported_upgrade(struct directory *d, struct kek_queue *q, const struct account *account, struct password_cost cost, struct slice password,
	bool scram, struct secrets *secrets, int64_t now, imported_fn *fn, void *arg)
{
	struct upgrade *u = memory_alloc(sizeof *u);
	*u = (struct upgrade){.directory = d, .account = *account, .secrets = secrets, .now = now, .fn = fn, .arg = arg,
		.prepared = BUF_INIT(PASSWORD_MAX), .password = BUF_INIT(PASSWORD_MAX), .request = {.cost = cost, .owner = {.kind = WRAP_PASSWORD}}};
	buf_append(&u->password, password);
	u->request.password = buf_slice(&u->password);
	memcpy(u->request.owner.account, account->id, sizeof account->id);
	memcpy(u->request.scram_salt, account->scram_salt, sizeof account->scram_salt);
	random_bytes(u->request.salt, sizeof u->request.salt);
	if (scram)
		u->request.text_count = scram_texts(u->request.password, &u->prepared, u->request.texts);
	int rc = take_number(u);
	if (rc != 0)
		finish(u, rc);
	else
		kek_start(q, &u->request, got_kek, u);
}

/* ---- in the background ---- */

struct later {
	struct secrets secrets;
};

static void later_done(void *arg, int rc, uint32_t credential)
{
	struct later *l = arg;
	secrets_free(&l->secrets);
	memory_free(l);
}

void imported_upgrade_later(struct directory *d, struct kek_queue *q, const struct account *account, struct password_cost cost,
	struct slice password, bool scram, const struct secrets *secrets, int64_t now)
{
	struct buf encoded = BUF_INIT(SECRETS_ENCODED_MAX);
	struct later *l = memory_alloc(sizeof *l);
	secrets_encode(secrets, &encoded);
	if (secrets_decode(buf_slice(&encoded), &l->secrets, NULL) == 0)
		imported_upgrade(d, q, account, cost, password, scram, &l->secrets, now, later_done, l);
	else
		later_done(l, ERR_TEMPORARY, 0);
	buf_free_secret(&encoded);
}
