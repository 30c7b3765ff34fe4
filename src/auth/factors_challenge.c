/* Challenges: what a person has to answer before auth_factors_check says yes. */
#include <string.h>

#include "auth/directory_notice.h"
#include "auth/factors_internal.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "factor/codes.h"
#include "factor/sent.h"

#define DAY_MS INT64_C(86400000)

json_t *factor_base64url(struct slice bytes)
{
	struct buf b = BUF_INIT(8192);
	base64url_encode(bytes, &b);
	json_t *text = json_stringn((const char *)buf_slice(&b).p, buf_len(&b));
	buf_free(&b);
	return text;
}

/* ---- WebAuthn ---- */

static int add_credential_ids(struct factor_work *w, json_t *out)
{
	struct directory_factor keys[FACTORS_MAX];
	int count = factor_load(w, FACTOR_WEBAUTHN, keys);
	for (int i = 0; i < count; i++) {
		struct buf state = BUF_INIT(FACTOR_STATE_MAX);
		struct factor_owner owner = factor_owner_of(&keys[i]);
		struct webauthn_key key;
		if (factor_open(&owner, w->secrets, keys[i].data, &state) == 0 && webauthn_decode(buf_slice(&state), &key) == 0)
			json_array_append_new(out, factor_base64url(key.id));
		buf_free_secret(&state);
	}
	return count < 0 ? count : json_array_size(out) > 0 ? 0 : ERR_NOT_FOUND;
}

static json_t *webauthn_object(struct directory *d, enum challenge_purpose purpose, const uint8_t account[16], const struct auth_origin *origin,
	struct moment now)
{
	uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE];
	json_t *o = json_object();
	factor_challenge_make(d, purpose, account, now, challenge);
	json_object_set_new(o, "challenge", factor_base64url(slice_make(challenge, sizeof challenge)));
	json_object_set_new(o, "rp_id", json_stringn((const char *)origin->rp_id.p, origin->rp_id.n));
	json_object_set_new(o, "prf_salt", json_string(AUTH_PRF_SALT));
	return o;
}

static int challenge_key(struct factor_work *w, json_t **ret)
{
	json_t *ids = json_array();
	int rc = w->origin->origin.n == 0 || w->origin->rp_id.n == 0 ? ERR_UNSUPPORTED : add_credential_ids(w, ids);
	if (rc != 0) {
		json_decref(ids);
		return rc;
	}
	*ret = webauthn_object(w->d, CHALLENGE_ASSERT, w->account->id, w->origin, w->now);
	json_object_set_new(*ret, "credentials", ids);
	json_object_set_new(*ret, "user_verification", json_string("preferred"));
	return 0;
}

int auth_passkey_challenge(struct directory *d, const struct auth_origin *origin, struct moment now, json_t **ret_challenge,
	struct error *err)
{
	static const uint8_t nobody[16];
	if (origin->origin.n == 0 || origin->rp_id.n == 0)
		return error_set(err, ERR_UNSUPPORTED, "no web origin is configured");
	*ret_challenge = webauthn_object(d, CHALLENGE_PASSKEY, nobody, origin, now);
	json_object_set_new(*ret_challenge, "user_verification", json_string("required"));
	return 0;
}

/* ---- the next number of a printed list ---- */

static int challenge_list(struct factor_work *w, json_t **ret)
{
	struct directory_factor lists[FACTORS_MAX];
	int count = factor_load(w, FACTOR_LIST, lists), rc = count < 0 ? count : ERR_NOT_FOUND;
	for (int i = 0; i < count && rc == ERR_NOT_FOUND; i++) {
		struct buf state = BUF_INIT(FACTOR_STATE_MAX);
		struct factor_owner owner = factor_owner_of(&lists[i]);
		unsigned left = 0, next = 0;
		if (factor_open(&owner, w->secrets, lists[i].data, &state) == 0 && codes_left(buf_slice(&state), &left, &next) == 0 && left > 0) {
			*ret = json_pack("{s:i,s:i}", "number", (int)next, "left", (int)left);
			rc = 0;
		}
		buf_free_secret(&state);
	}
	return rc;
}

/* ---- codes that are sent ---- */

int factor_send(struct factor_work *w, enum factor_kind kind, uint32_t factor, struct slice to, char ret_id[2 * FACTOR_CHALLENGE_SIZE + 1],
	struct auth_factor_send *ret_send)
{
	struct buf state = BUF_INIT(SENT_STATE_MAX), data = BUF_INIT(FACTOR_DATA_MAX), id = BUF_INIT(64);
	struct directory_challenge c = {.kind = kind, .factor = factor, .ends = moment_unix(w->now) + FACTOR_CHALLENGE_S};
	struct factor_owner owner = {.kind = kind};
	memcpy(c.account, w->account->id, sizeof c.account);
	random_bytes(c.id, sizeof c.id);
	memcpy(owner.account, c.account, sizeof owner.account);
	memcpy(owner.lookup, c.id, sizeof owner.lookup);
	*ret_send = (struct auth_factor_send){.kind = kind};
	memcpy(ret_send->account, c.account, sizeof ret_send->account);
	int rc = to.n < sizeof ret_send->to ? directory_factor_sent(w->d, c.account, (uint32_t)(w->now.wall_ms / DAY_MS), FACTOR_SENDS_PER_DAY, w->err)
	                                    : ERR_LIMIT;
	if (rc == 0) {
		memcpy(ret_send->to, to.p, to.n);
		sent_make(w->now, ret_send->code, &state);
		factor_seal(&owner, w->secrets, buf_slice(&state), &data);
		c.data = buf_slice(&data);
		rc = directory_challenge_expire(w->d, c.account, moment_unix(w->now), FACTOR_CHALLENGES_MAX - 1, w->err);
	}
	if (rc == 0)
		rc = directory_challenge_replace(w->d, c.account, kind, w->err);
	if (rc == 0)
		rc = directory_challenge_add(w->d, &c, w->err);
	hex_encode(slice_make(c.id, sizeof c.id), &id);
	memcpy(ret_id, buf_slice(&id).p, 2 * FACTOR_CHALLENGE_SIZE);
	ret_id[2 * FACTOR_CHALLENGE_SIZE] = '\0';
	buf_free_secret(&state);
	buf_free(&data);
	buf_free(&id);
	return rc;
}

static json_t *sent_object(const char *id, struct slice to)
{
	struct buf masked = BUF_INIT(400);
	sent_masked(to, &masked);
	json_t *o = json_pack("{s:s,s:s%}", "id", id, "to", (const char *)buf_slice(&masked).p, buf_len(&masked));
	buf_free(&masked);
	return o;
}

static int send_to_contact(struct factor_work *w, struct directory_factor *f, struct slice state, json_t **ret, struct auth_factor_send *ret_send)
{
	struct sent_contact contact;
	struct buf next = BUF_INIT(FACTOR_STATE_MAX);
	char id[2 * FACTOR_CHALLENGE_SIZE + 1];
	int rc = sent_contact_decode(state, &contact);
	if (rc == 0 && !sent_contact_take(&contact, w->now))
		rc = error_set(w->err, ERR_LIMIT, "too many codes were sent");
	if (rc == 0) {
		sent_contact_encode(&contact, &next);
		rc = factor_store(w, f, buf_slice(&next));
	}
	if (rc == 0)
		rc = factor_send(w, f->kind, f->id, contact.address, id, ret_send);
	if (rc == 0)
		*ret = sent_object(id, contact.address);
	buf_free_secret(&next);
	return rc;
}

static int challenge_sent(struct factor_work *w, enum factor_kind kind, json_t **ret, struct auth_factor_send *ret_send)
{
	struct directory_factor contacts[FACTORS_MAX];
	struct buf state = BUF_INIT(FACTOR_STATE_MAX);
	int count = factor_load(w, kind, contacts);
	if (count <= 0)
		return count < 0 ? count : ERR_NOT_FOUND;
	struct factor_owner owner = factor_owner_of(&contacts[0]);
	int rc = factor_open(&owner, w->secrets, contacts[0].data, &state);
	if (rc == 0)
		rc = directory_begin(w->d, w->err);
	if (rc == 0)
		rc = send_to_contact(w, &contacts[0], buf_slice(&state), ret, ret_send);
	if (rc == 0)
		rc = directory_commit(w->d, w->err);
	directory_rollback(w->d);
	buf_free_secret(&state);
	return rc;
}

/* ---- all kinds ---- */

static int challenge_kind(struct factor_work *w, enum factor_kind kind, json_t **ret, struct auth_factor_send *ret_send)
{
	switch (kind) {
	case FACTOR_WEBAUTHN:
		return challenge_key(w, ret);
	case FACTOR_LIST:
		return challenge_list(w, ret);
	case FACTOR_MAIL:
	case FACTOR_SMS:
		return challenge_sent(w, kind, ret, ret_send);
	case FACTOR_TOTP:
	case FACTOR_CODES:
		*ret = json_object();
		return 0;
	}
	return ERR_INVALID;
}

int auth_factors_challenge(struct directory *d, const struct account *account, const struct secrets *opened, enum factor_kind kind,
	const struct auth_origin *origin, struct moment now, json_t **ret_challenge, struct auth_factor_send *ret_send, struct error *err)
{
	static const struct auth_origin none;
	struct factor_work w = {.d = d, .account = account, .secrets = opened, .origin = origin != NULL ? origin : &none, .now = now, .err = err};
	json_t *challenge = NULL;
	*ret_send = (struct auth_factor_send){0};
	int rc = challenge_kind(&w, kind, &challenge, ret_send);
	if (rc == 0)
		*ret_challenge = challenge;
	else
		json_decref(challenge);
	if (rc != 0)
		secret_wipe(ret_send, sizeof *ret_send);
	arena_free(&w.arena);
	return rc;
}
