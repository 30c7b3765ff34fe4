/* The check of a proof: one function per kind, one transaction. */
#include "auth/factors.h"

#include <string.h>

#include "auth/factors_internal.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "factor/codes.h"
#include "factor/sent.h"
#include "factor/totp.h"

/* ---- one kind each: the verdict about one stored factor; a right one stores the next state ---- */

typedef enum factor_verdict check_fn(struct factor_work *w, struct directory_factor *f, struct slice state);

static enum factor_verdict check_totp(struct factor_work *w, struct directory_factor *f, struct slice state)
{
	struct totp totp;
	struct buf next = BUF_INIT(TOTP_STATE_MAX);
	if (totp_decode(state, &totp) != 0)
		return FACTOR_MALFORMED;
	enum factor_verdict verdict = totp_verify(&totp, factor_text(w->proof, "code"), moment_unix(w->now), &totp.last_step);
	if (verdict == FACTOR_RIGHT) {
		totp_encode(&totp, &next);
		verdict = factor_store(w, f, buf_slice(&next)) == 0 ? FACTOR_RIGHT : FACTOR_WRONG;
	}
	secret_wipe(&totp, sizeof totp);
	buf_free_secret(&next);
	return verdict;
}

static enum factor_verdict check_code(struct factor_work *w, struct directory_factor *f, struct slice state)
{
	struct buf next = BUF_INIT(CODES_STATE_MAX);
	enum factor_verdict verdict = codes_verify(state, f->kind == FACTOR_LIST, factor_text(w->proof, "code"), &next);
	if (verdict == FACTOR_RIGHT && factor_store(w, f, buf_slice(&next)) != 0)
		verdict = FACTOR_WRONG;
	buf_free_secret(&next);
	return verdict;
}

static void keep_prf(struct factor_work *w, const struct directory_factor *f)
{
	struct slice prf;
	if (factor_bytes(w->proof, "prf", WEBAUTHN_PRF_SIZE, &w->arena, &prf) && prf.n == WEBAUTHN_PRF_SIZE)
		(void)factor_passkey_add(w->d, f, w->secrets, prf.p, moment_unix(w->now), NULL);
}

static enum factor_verdict check_key(struct factor_work *w, struct directory_factor *f, struct slice state)
{
	struct webauthn_key key;
	struct webauthn_proof p;
	struct buf next = BUF_INIT(WEBAUTHN_STATE_MAX);
	const struct webauthn_site site = {w->origin->origin, w->origin->rp_id};
	if (webauthn_decode(state, &key) != 0 || !factor_read_assertion(w->proof, &w->arena, &p))
		return FACTOR_MALFORMED;
	if (!slice_eq(p.id, key.id))
		return FACTOR_WRONG;
	enum factor_verdict verdict = factor_challenge_use(w->d, CHALLENGE_ASSERT, w->account->id, p.challenge, w->now, w->err);
	if (verdict == FACTOR_RIGHT)
		verdict = webauthn_assert(&site, slice_make(p.challenge, sizeof p.challenge), &key, p.client_data, p.authenticator_data, p.signature,
			false, &key.counter, NULL);
	if (verdict == FACTOR_RIGHT) {
		webauthn_encode(&key, &next);
		verdict = factor_store(w, f, buf_slice(&next)) == 0 ? FACTOR_RIGHT : FACTOR_WRONG;
		keep_prf(w, f);
	}
	buf_free(&next);
	return verdict;
}

/* The best of the verdicts about all factors of the kind; nobody says which of two was meant. */
static int check_each(struct factor_work *w, enum factor_kind kind, check_fn *check, enum factor_verdict *ret)
{
	struct directory_factor factors[FACTORS_MAX];
	int count = factor_load(w, kind, factors);
	*ret = FACTOR_WRONG;
	for (int i = 0; i < count && *ret != FACTOR_RIGHT; i++) {
		struct buf state = BUF_INIT(FACTOR_STATE_MAX);
		struct factor_owner owner = factor_owner_of(&factors[i]);
		int rc = factor_open(&owner, w->secrets, factors[i].data, &state);
		factors[i].used = moment_unix(w->now);
		enum factor_verdict verdict = rc == 0 ? check(w, &factors[i], buf_slice(&state)) : FACTOR_WRONG;
		if (verdict == FACTOR_RIGHT || *ret == FACTOR_WRONG)
			*ret = verdict;
		buf_free_secret(&state);
	}
	return count < 0 ? count : 0;
}

/* ---- codes that were sent ---- */

static struct factor_owner owner_of_challenge(const struct directory_challenge *c)
{
	struct factor_owner owner = {.kind = c->kind};
	memcpy(owner.account, c->account, sizeof owner.account);
	memcpy(owner.lookup, c->id, sizeof owner.lookup);
	return owner;
}

static int load_challenge(struct factor_work *w, enum factor_kind kind, struct directory_challenge *ret)
{
	struct buf id = BUF_INIT(FACTOR_CHALLENGE_SIZE);
	int rc = hex_decode(factor_text(w->proof, "id"), &id) == 0 && buf_len(&id) == FACTOR_CHALLENGE_SIZE
	       ? directory_challenge_get(w->d, w->account->id, buf_slice(&id).p, &w->arena, ret) : ERR_NOT_FOUND;
	buf_free(&id);
	return rc == 0 && ret->kind != kind ? ERR_NOT_FOUND : rc;
}

/* Every try is written down, whatever it was. */
static int keep_try(struct factor_work *w, const struct directory_challenge *c, struct slice next)
{
	struct buf data = BUF_INIT(FACTOR_DATA_MAX);
	struct factor_owner owner = owner_of_challenge(c);
	if (next.n > 0)
		factor_seal(&owner, w->secrets, next, &data);
	int rc = data.failed ? ERR_LIMIT : directory_challenge_set(w->d, c->id, buf_slice(&data), w->err);
	buf_free(&data);
	return rc;
}

int factor_check_sent(struct factor_work *w, enum factor_kind kind, enum factor_verdict *ret)
{
	struct directory_challenge c;
	struct buf state = BUF_INIT(FACTOR_STATE_MAX), next = BUF_INIT(SENT_STATE_MAX);
	int rc = load_challenge(w, kind, &c);
	*ret = FACTOR_EXPIRED;
	if (rc != 0)
		return rc == ERR_NOT_FOUND ? 0 : rc;
	struct factor_owner owner = owner_of_challenge(&c);
	rc = factor_open(&owner, w->secrets, c.data, &state);
	if (rc == 0) {
		*ret = sent_verify(buf_slice(&state), factor_text(w->proof, "code"), w->now, &next);
		rc = keep_try(w, &c, buf_slice(&next));
	}
	buf_free_secret(&state);
	buf_free_secret(&next);
	return rc;
}

static int note_used(struct factor_work *w, enum factor_kind kind)
{
	struct directory_factor factors[FACTORS_MAX];
	int count = factor_load(w, kind, factors);
	if (count <= 0)
		return count < 0 ? count : ERR_DENIED; /* removed since the code was sent */
	factors[0].used = moment_unix(w->now);
	return directory_factor_set(w->d, &factors[0], w->err);
}

static int check_sent(struct factor_work *w, enum factor_kind kind, enum factor_verdict *ret)
{
	int rc = factor_check_sent(w, kind, ret);
	if (rc == 0 && *ret == FACTOR_RIGHT && (rc = note_used(w, kind)) == ERR_DENIED) {
		*ret = FACTOR_WRONG;
		rc = 0;
	}
	return rc;
}

/* ---- all kinds ---- */

static int check_kind(struct factor_work *w, enum factor_kind kind, enum factor_verdict *ret)
{
	switch (kind) {
	case FACTOR_TOTP:
		return check_each(w, kind, check_totp, ret);
	case FACTOR_WEBAUTHN:
		return check_each(w, kind, check_key, ret);
	case FACTOR_CODES:
	case FACTOR_LIST:
		return check_each(w, kind, check_code, ret);
	case FACTOR_MAIL:
	case FACTOR_SMS:
		return check_sent(w, kind, ret);
	}
	return ERR_INVALID;
}

/* Whoever guesses codes knows the password already. Keys cannot be guessed, so their owner is never locked out. */
static bool guessed_too_often(struct factor_work *w, enum factor_kind kind)
{
	uint32_t count;
	int64_t since;
	if (kind == FACTOR_WEBAUTHN)
		return false;
	return directory_factor_tries(w->d, w->account->id, &count, &since) != 0
		|| (count >= FACTOR_TRIES_MAX && moment_unix(w->now) - since < FACTOR_TRIES_S && moment_unix(w->now) >= since);
}

static int note_try(struct factor_work *w, enum factor_kind kind, bool right)
{
	uint32_t count = 0;
	int64_t since = 0;
	if (kind == FACTOR_WEBAUTHN)
		return 0;
	int rc = directory_factor_tries(w->d, w->account->id, &count, &since);
	if (rc != 0 || (right && count == 0))
		return rc;
	if (moment_unix(w->now) - since >= FACTOR_TRIES_S)
		count = 0;
	return directory_factor_tries_set(w->d, w->account->id, right ? 0 : count + 1, moment_unix(w->now), w->err);
}

static int check_in_change(struct factor_work *w, enum factor_kind kind, enum factor_verdict *ret)
{
	*ret = FACTOR_SPENT;
	if (guessed_too_often(w, kind))
		return 0;
	int rc = directory_challenge_expire(w->d, w->account->id, moment_unix(w->now), FACTOR_CHALLENGES_MAX, w->err);
	if (rc == 0)
		rc = check_kind(w, kind, ret);
	return rc == 0 ? note_try(w, kind, *ret == FACTOR_RIGHT) : rc;
}

static int check_and_commit(struct factor_work *w, enum factor_kind kind, enum factor_verdict *ret)
{
	int rc = directory_begin(w->d, w->err);
	if (rc == 0)
		rc = check_in_change(w, kind, ret);
	if (rc == 0)
		rc = directory_commit(w->d, w->err);
	directory_rollback(w->d);
	return rc;
}

int auth_factors_check(struct directory *d, const struct account *account, const struct secrets *opened, const json_t *proof,
	const struct auth_origin *origin, struct moment now, enum factor_kind *ret_kind, const char **ret_why, struct error *err)
{
	static const struct auth_origin none;
	enum factor_kind kind;
	enum factor_verdict verdict = FACTOR_WRONG;
	struct factor_work w = {.d = d, .account = account, .secrets = opened, .origin = origin != NULL ? origin : &none, .now = now,
		.proof = proof, .err = err};
	*ret_why = "malformed";
	if (!factor_kind_parse(factor_text(proof, "kind"), &kind))
		return ERR_INVALID;
	*ret_kind = kind;
	int rc = check_and_commit(&w, kind, &verdict);
	arena_free(&w.arena);
	*ret_why = rc == 0 ? factor_verdict_name(verdict) : "the directory cannot be read or written";
	if (rc != 0)
		return rc == ERR_DENIED ? ERR_TEMPORARY : rc;
	return verdict == FACTOR_RIGHT ? 0 : verdict == FACTOR_MALFORMED ? ERR_INVALID : ERR_DENIED;
}
