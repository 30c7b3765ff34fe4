#include "auth/managed.h"

#include <string.h>

#include "base/endian.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/* Of another length than what passwords and SCRAM keys are peppered with, so that none of their values is ever a key of this kind. */
#define WORD "managed"
#define DATA_SIZE (sizeof WORD - 1 + 21)

struct question {
	struct wrap_owner owner;
	managed_kek_fn *fn;
	void *arg;
};

static void owner_bytes(const struct wrap_owner *owner, uint8_t ret[21])
{
	memcpy(ret, owner->account, 16);
	put_u32(ret + 16, owner->credential);
	ret[20] = (uint8_t)owner->kind;
}

static void got_mac(void *arg, const uint8_t *mac)
{
	struct question *q = arg;
	uint8_t kek[KEK_SIZE], context[21];
	owner_bytes(&q->owner, context);
	if (mac != NULL)
		hash_hkdf(slice_make(mac, 32), SLICE_NONE, "wrap managed", slice_make(context, sizeof context), kek, sizeof kek);
	q->fn(q->arg, mac != NULL ? 0 : ERR_TEMPORARY, mac != NULL ? kek : NULL);
	secret_wipe(kek, sizeof kek);
	memory_free(q);
}

void managed_kek(const struct auth_host *host, const struct wrap_owner *owner, managed_kek_fn *fn, void *arg)
{
	uint8_t data[DATA_SIZE];
	struct question *q = memory_alloc(sizeof *q);
	*q = (struct question){*owner, fn, arg};
	memcpy(data, WORD, sizeof WORD - 1);
	owner_bytes(owner, data + sizeof WORD - 1);
	host->hmac(host->arg, "pepper", slice_make(data, sizeof data), got_mac, q);
}

/* ---- opening ---- */

struct opening {
	struct arena arena;
	struct credential credential;
	managed_open_fn *fn;
	void *arg;
};

static void finish(struct opening *o, int rc, struct secrets *secrets)
{
	o->fn(o->arg, rc, rc == 0 ? secrets : NULL, o->credential.id);
	arena_free(&o->arena);
	memory_free(o);
}

static struct wrap_owner owner_of(const struct credential *c)
{
	struct wrap_owner owner = {.credential = c->id, .kind = c->kind};
	memcpy(owner.account, c->account, sizeof owner.account);
	return owner;
}

static void got_kek(void *arg, int rc, const uint8_t *kek)
{
	struct opening *o = arg;
	struct secrets secrets = SECRETS_NONE;
	struct wrap_owner owner = owner_of(&o->credential);
	if (rc == 0)
		rc = wrap_open(&owner, kek, o->credential.wrap, &secrets, NULL);
	finish(o, rc, &secrets);
}

#define CANDIDATES_MAX 50

static int find(struct directory *d, const uint8_t account[16], uint32_t wanted, struct arena *arena, struct credential *ret)
{
	struct credential *all = arena_alloc_array(arena, CANDIDATES_MAX, sizeof *all);
	int count = directory_credential_list(d, account, wanted == 0 ? WRAP_MANAGED : WRAP_CERTIFICATE, arena, all, CANDIDATES_MAX);
	for (int i = 0; i < count; i++)
		if (wanted == 0 || all[i].id == wanted) {
			*ret = all[i];
			return 0;
		}
	return count < 0 ? count : ERR_NOT_FOUND;
}

void managed_open(struct directory *d, const struct auth_host *host, const uint8_t account[16], uint32_t credential, managed_open_fn *fn,
	void *arg)
{
	struct opening *o = memory_alloc(sizeof *o);
	o->fn = fn;
	o->arg = arg;
	int rc = find(d, account, credential, &o->arena, &o->credential);
	if (rc != 0) {
		finish(o, rc, NULL);
		return;
	}
	struct wrap_owner owner = owner_of(&o->credential);
	managed_kek(host, &owner, got_kek, o);
}

int managed_add(struct directory *d, const struct wrap_owner *owner, const uint8_t kek[KEK_SIZE], struct slice label,
	const struct secrets *secrets,
	int64_t now, struct error *err)
{
	struct buf wrap = BUF_INIT(WRAP_MAX + 64);
	struct credential c = {.id = owner->credential, .kind = owner->kind, .label = label, .created = now};
	memcpy(c.account, owner->account, sizeof c.account);
	wrap_seal(owner, kek, secrets, &wrap);
	c.wrap = buf_slice(&wrap);
	int rc = wrap.failed ? error_set(err, ERR_LIMIT, "a wrap is too large") : directory_credential_add(d, &c, err);
	buf_free(&wrap);
	return rc;
}
