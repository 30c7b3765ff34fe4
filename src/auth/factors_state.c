/* Sealed states, challenges and other parts of second factors. */
#include <string.h>

#include "auth/factors_internal.h"
#include "base/codec.h"
#include "base/endian.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/* data = u32 generation | u8 version | u8 algorithm | nonce (24) | AEAD(state, AD = version | algorithm | account | kind | lookup) */
#define DATA_VERSION 1
#define HEAD_SIZE 6
#define AD_SIZE (2 + 16 + 1 + FACTOR_LOOKUP_SIZE)
#define MAC_SIZE 16
#define NONCE_SIZE FACTOR_CHALLENGE_SIZE

_Static_assert(WEBAUTHN_CHALLENGE_SIZE == NONCE_SIZE + 8 + MAC_SIZE, "a challenge is nonce, end and MAC");

static void associated(const struct factor_owner *owner, uint8_t ret[AD_SIZE])
{
	ret[0] = DATA_VERSION;
	ret[1] = AEAD_XCHACHA20;
	memcpy(ret + 2, owner->account, 16);
	ret[18] = (uint8_t)owner->kind;
	memcpy(ret + 19, owner->lookup, FACTOR_LOOKUP_SIZE);
}

static void state_key(const struct secrets_generation *g, uint8_t ret[AEAD_KEY_SIZE])
{
	hash_hkdf(slice_make(g->secret, SECRET_SIZE), SLICE_NONE, "account factors", SLICE_NONE, ret, AEAD_KEY_SIZE);
}

void factor_seal(const struct factor_owner *owner, const struct secrets *secrets, struct slice state, struct buf *out)
{
	const struct secrets_generation *g = secrets_newest(secrets);
	uint8_t key[AEAD_KEY_SIZE], ad[AD_SIZE], nonce[AEAD_XCHACHA20_NONCE_SIZE];
	state_key(g, key);
	associated(owner, ad);
	random_bytes(nonce, sizeof nonce);
	buf_put_u32(out, g->generation);
	buf_append_bytes(out, ad, 2);
	buf_append_bytes(out, nonce, sizeof nonce);
	uint8_t *room = buf_reserve(out, state.n + AEAD_TAG_SIZE);
	if (room != NULL) {
		aead_seal(AEAD_XCHACHA20, key, nonce, slice_make(ad, sizeof ad), state, room);
		buf_commit(out, state.n + AEAD_TAG_SIZE);
	}
	secret_wipe(key, sizeof key);
}

static const struct secrets_generation *find_generation(const struct secrets *secrets, uint32_t generation)
{
	for (size_t i = 0; i < secrets->count; i++)
		if (secrets->items[i].generation == generation)
			return &secrets->items[i];
	return NULL;
}

int factor_open(const struct factor_owner *owner, const struct secrets *secrets, struct slice data, struct buf *ret_state)
{
	uint8_t key[AEAD_KEY_SIZE], ad[AD_SIZE];
	struct slice sealed = slice_from(data, HEAD_SIZE + AEAD_XCHACHA20_NONCE_SIZE);
	associated(owner, ad);
	if (sealed.n < AEAD_TAG_SIZE || memcmp(data.p + 4, ad, 2) != 0)
		return ERR_DAMAGED;
	const struct secrets_generation *g = find_generation(secrets, get_u32(data.p));
	uint8_t *room = buf_reserve(ret_state, sealed.n);
	if (g == NULL || room == NULL)
		return g == NULL ? ERR_NOT_FOUND : ERR_DAMAGED;
	state_key(g, key);
	bool ok = aead_open(AEAD_XCHACHA20, key, data.p + HEAD_SIZE, slice_make(ad, sizeof ad), sealed, room);
	if (ok)
		buf_commit(ret_state, sealed.n - AEAD_TAG_SIZE);
	secret_wipe(key, sizeof key);
	return ok ? 0 : ERR_DAMAGED;
}

struct factor_owner factor_owner_of(const struct directory_factor *f)
{
	struct factor_owner owner = {.kind = f->kind};
	memcpy(owner.account, f->account, sizeof owner.account);
	memcpy(owner.lookup, f->lookup, sizeof owner.lookup);
	return owner;
}

struct slice factor_text(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

bool factor_bytes(const json_t *object, const char *name, size_t max, struct arena *arena, struct slice *ret)
{
	struct buf b = BUF_INIT(max);
	struct slice text = factor_text(object, name);
	bool ok = text.n > 0 && base64url_decode_strict(text, &b) == 0 && buf_len(&b) > 0 && !b.failed;
	if (ok)
		*ret = arena_dup(arena, buf_slice(&b));
	buf_free(&b);
	return ok;
}

int factor_load(struct factor_work *w, enum factor_kind kind, struct directory_factor *ret)
{
	struct directory_factor all[FACTORS_MAX];
	int found = 0, count = directory_factor_list(w->d, w->account->id, kind, &w->arena, all, FACTORS_MAX);
	for (int i = 0; i < count; i++)
		if (all[i].confirmed > 0)
			ret[found++] = all[i];
	return count < 0 ? count : found;
}

int factor_store(struct factor_work *w, struct directory_factor *f, struct slice state)
{
	struct buf data = BUF_INIT(FACTOR_DATA_MAX);
	struct factor_owner owner = factor_owner_of(f);
	factor_seal(&owner, w->secrets, state, &data);
	f->data = buf_slice(&data);
	int rc = data.failed ? ERR_LIMIT : directory_factor_set(w->d, f, w->err);
	f->data = SLICE_NONE;
	buf_free(&data);
	return rc;
}

/* ---- challenges of WebAuthn ---- */

static void challenge_mac(struct directory *d, enum challenge_purpose purpose, const uint8_t account[16], const uint8_t *body,
	uint8_t ret[MAC_SIZE])
{
	uint8_t hash[HASH_SIZE], which = (uint8_t)purpose;
	struct hash_state state;
	hash_start(&state, directory_lookup_key(d));
	hash_update(&state, SLICE("webauthn challenge"));
	hash_update_field(&state, slice_make(&which, 1));
	hash_update_field(&state, slice_make(account, 16));
	hash_update_field(&state, slice_make(body, NONCE_SIZE + 8));
	hash_finish(&state, hash);
	memcpy(ret, hash, MAC_SIZE);
}

void factor_challenge_make(struct directory *d, enum challenge_purpose purpose, const uint8_t account[16], struct moment now,
	uint8_t ret[WEBAUTHN_CHALLENGE_SIZE])
{
	random_bytes(ret, NONCE_SIZE);
	put_u64(ret + NONCE_SIZE, (uint64_t)(moment_unix(now) + FACTOR_CHALLENGE_S));
	challenge_mac(d, purpose, account, ret, ret + NONCE_SIZE + 8);
}

enum factor_verdict factor_challenge_use(struct directory *d, enum challenge_purpose purpose, const uint8_t account[16],
	const uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE], struct moment now, struct error *err)
{
	uint8_t mac[MAC_SIZE];
	struct directory_challenge used = {.kind = FACTOR_WEBAUTHN, .ends = (int64_t)get_u64(challenge + NONCE_SIZE)};
	challenge_mac(d, purpose, account, challenge, mac);
	if (!secret_equal(mac, challenge + NONCE_SIZE + 8, MAC_SIZE))
		return FACTOR_WRONG;
	/* A clock that was set back does not make it live longer than its time. */
	if (moment_unix(now) >= used.ends || moment_unix(now) + FACTOR_CHALLENGE_S < used.ends)
		return FACTOR_EXPIRED;
	memcpy(used.id, challenge, NONCE_SIZE);
	memcpy(used.account, account, 16);
	return directory_challenge_add(d, &used, err) == 0 ? FACTOR_RIGHT : FACTOR_REPLAYED;
}

void factor_key_lookup(struct directory *d, struct slice credential_id, uint8_t ret[FACTOR_LOOKUP_SIZE])
{
	uint8_t hash[HASH_SIZE];
	struct hash_state state;
	hash_start(&state, directory_lookup_key(d));
	hash_update(&state, SLICE("webauthn credential"));
	hash_update_field(&state, credential_id);
	hash_finish(&state, hash);
	memcpy(ret, hash, FACTOR_LOOKUP_SIZE);
}

bool factor_read_assertion(const json_t *proof, struct arena *arena, struct webauthn_proof *ret)
{
	return factor_bytes(proof, "credential", WEBAUTHN_ID_MAX, arena, &ret->id)
		&& factor_bytes(proof, "client_data", WEBAUTHN_CLIENT_DATA_MAX, arena, &ret->client_data)
		&& factor_bytes(proof, "authenticator_data", WEBAUTHN_AUTHENTICATOR_DATA_MAX, arena, &ret->authenticator_data)
		&& factor_bytes(proof, "signature", WEBAUTHN_SIGNATURE_MAX, arena, &ret->signature)
		&& webauthn_challenge_of(ret->client_data, ret->challenge);
}
