/* Passkeys that open the account by themselves: a wrap of the secrets under the result of the PRF extension. */
#include <string.h>

#include "auth/factors_internal.h"
#include "crypt/crypt.h"

#define WRAP_BUF_MAX (WRAP_MAX + 64)

/* The first bytes of the factor's look-up, so that the wrap is found with it. */
_Static_assert(CODE_LOOKUP_SIZE <= FACTOR_LOOKUP_SIZE, "a credential's look-up is part of a factor's");

static struct wrap_owner owner_of(const uint8_t account[16], uint32_t credential)
{
	struct wrap_owner owner = {.credential = credential, .kind = WRAP_PASSKEY};
	memcpy(owner.account, account, sizeof owner.account);
	return owner;
}

static int find_wrap(struct directory *d, const struct directory_factor *f, struct arena *arena, struct credential *ret)
{
	return directory_credential_by_code(d, f->account, WRAP_PASSKEY, f->lookup, arena, ret);
}

int factor_passkey_add(struct directory *d, const struct directory_factor *f, const struct secrets *secrets, const uint8_t *prf, int64_t now,
	struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct buf wrap = BUF_INIT(WRAP_BUF_MAX);
	uint8_t kek[KEK_SIZE];
	struct credential c = {.kind = WRAP_PASSKEY, .label = f->label, .created = now};
	int rc = find_wrap(d, f, &arena, &c);
	if (rc == ERR_NOT_FOUND)
		rc = directory_credential_number(d, &c.id, err);
	else
		goto out;
	if (rc != 0)
		goto out;
	struct wrap_owner owner = owner_of(f->account, c.id);
	memcpy(c.account, f->account, sizeof c.account);
	memcpy(c.lookup, f->lookup, sizeof c.lookup);
	wrap_kek_prf(&owner, prf, kek);
	wrap_seal(&owner, kek, secrets, &wrap);
	c.wrap = buf_slice(&wrap);
	rc = wrap.failed ? ERR_LIMIT : directory_credential_add(d, &c, err);
	secret_wipe(kek, sizeof kek);
out:
	buf_free(&wrap);
	arena_free(&arena);
	return rc;
}

int factor_passkey_remove(struct directory *d, const struct directory_factor *f, struct arena *arena, struct error *err)
{
	struct credential c;
	int rc = find_wrap(d, f, arena, &c);
	if (rc == 0)
		rc = directory_credential_remove(d, f->account, c.id, WRAP_PASSKEY, err);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* The PRF result opens the wrap; what it opens gives the key that the signature must fit. */
static int open_wrap(struct directory *d, const struct directory_factor *f, struct slice prf, struct arena *arena, struct secrets *ret,
	uint32_t *ret_credential, struct error *err)
{
	struct credential c;
	uint8_t kek[KEK_SIZE];
	int rc = find_wrap(d, f, arena, &c);
	if (rc != 0)
		return rc == ERR_NOT_FOUND ? ERR_DENIED : rc;
	struct wrap_owner owner = owner_of(f->account, c.id);
	wrap_kek_prf(&owner, prf.p, kek);
	rc = wrap_open(&owner, kek, c.wrap, ret, err);
	secret_wipe(kek, sizeof kek);
	*ret_credential = c.id;
	return rc;
}

static int verify(struct factor_work *w, struct directory_factor *f, const struct webauthn_proof *p)
{
	static const uint8_t nobody[16];
	struct buf state = BUF_INIT(FACTOR_STATE_MAX), next = BUF_INIT(WEBAUTHN_STATE_MAX);
	struct factor_owner owner = factor_owner_of(f);
	const struct webauthn_site site = {w->origin->origin, w->origin->rp_id};
	struct webauthn_key key;
	int rc = ERR_DENIED;
	/* Without a key that can be read the challenge is used up all the same. */
	bool fresh = factor_challenge_use(w->d, CHALLENGE_PASSKEY, nobody, p->challenge, w->now, w->err) == FACTOR_RIGHT;
	if (!fresh || factor_open(&owner, w->secrets, f->data, &state) != 0 || webauthn_decode(buf_slice(&state), &key) != 0
	    || !slice_eq(p->id, key.id))
		goto out;
	if (webauthn_assert(&site, slice_make(p->challenge, sizeof p->challenge), &key, p->client_data, p->authenticator_data, p->signature, true,
		&key.counter, NULL) != FACTOR_RIGHT)
		goto out;
	webauthn_encode(&key, &next);
	f->used = moment_unix(w->now);
	rc = factor_store(w, f, buf_slice(&next));
out:
	buf_free_secret(&state);
	buf_free(&next);
	return rc;
}

static int verify_in_change(struct factor_work *w, struct directory_factor *f, const struct webauthn_proof *p)
{
	int rc = directory_begin(w->d, w->err);
	if (rc != 0)
		return rc;
	rc = directory_challenge_expire(w->d, f->account, moment_unix(w->now), FACTOR_CHALLENGES_MAX, w->err);
	if (rc == 0)
		rc = verify(w, f, p);
	int committed = rc == 0 || rc == ERR_DENIED ? directory_commit(w->d, w->err) : 0;
	directory_rollback(w->d);
	return rc == 0 ? committed : rc;
}

int auth_passkey_open(struct directory *d, const json_t *proof, const struct auth_origin *origin, struct moment now, struct arena *arena,
	struct account *ret_account, struct secrets *ret_secrets, uint32_t *ret_credential, struct error *err)
{
	struct factor_work w = {.d = d, .account = ret_account, .secrets = ret_secrets, .origin = origin, .now = now, .proof = proof, .err = err};
	struct directory_factor f;
	struct webauthn_proof p;
	struct slice prf;
	uint8_t lookup[FACTOR_LOOKUP_SIZE];
	int rc = factor_read_assertion(proof, arena, &p) && factor_bytes(proof, "prf", WEBAUTHN_PRF_SIZE, arena, &prf) && prf.n == WEBAUTHN_PRF_SIZE
	         ? 0 : ERR_DENIED;
	if (rc == 0) {
		factor_key_lookup(d, p.id, lookup);
		rc = directory_factor_find(d, lookup, arena, &f);
	}
	if (rc == 0)
		rc = directory_account_get(d, f.account, arena, ret_account);
	if (rc == 0)
		rc = open_wrap(d, &f, prf, arena, ret_secrets, ret_credential, err);
	if (rc == 0)
		rc = verify_in_change(&w, &f, &p);
	if (rc == 0 && !account_signs_in(ret_account))
		rc = ERR_DENIED;
	if (rc != 0)
		secrets_free(ret_secrets);
	arena_free(&w.arena);
	return rc == ERR_NOT_FOUND ? ERR_DENIED : rc;
}
