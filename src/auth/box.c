#include "auth/box.h"

#include <string.h>

#include "base/ensure.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/kx.h"

/* box = u8 version | u8 algorithm | ephemeral public key (32) | nonce (24) | AEAD(plain, AD = version | algorithm | ad) */
#define BOX_VERSION 1
#define BOX_ALGORITHM 1 /* X25519, HKDF-SHA-256, XChaCha20-Poly1305 */
#define HEAD_SIZE 2
#define AD_MAX 128

static bool box_key(const uint8_t secret[KX_KEY_SIZE], const uint8_t peer[KX_KEY_SIZE], const uint8_t ephemeral[KX_KEY_SIZE],
	const uint8_t reader[KX_KEY_SIZE], const char *label, uint8_t ret[AEAD_KEY_SIZE])
{
	uint8_t shared[KX_KEY_SIZE], context[2 * KX_KEY_SIZE];
	bool ok = kx_shared(secret, peer, shared);
	memcpy(context, ephemeral, KX_KEY_SIZE);
	memcpy(context + KX_KEY_SIZE, reader, KX_KEY_SIZE);
	hash_hkdf(slice_make(shared, sizeof shared), SLICE_NONE, label, slice_make(context, sizeof context), ret, AEAD_KEY_SIZE);
	secret_wipe(shared, sizeof shared);
	return ok;
}

static struct slice associated(struct slice ad, uint8_t room[HEAD_SIZE + AD_MAX])
{
	ENSURE(ad.n <= AD_MAX);
	room[0] = BOX_VERSION;
	room[1] = BOX_ALGORITHM;
	if (ad.n > 0)
		memcpy(room + HEAD_SIZE, ad.p, ad.n);
	return slice_make(room, HEAD_SIZE + ad.n);
}

int box_seal(const uint8_t public_key[32], const char *label, struct slice ad, struct slice plain, struct buf *out, struct error *err)
{
	uint8_t room[HEAD_SIZE + AD_MAX], secret[KX_KEY_SIZE], ephemeral[KX_KEY_SIZE], key[AEAD_KEY_SIZE], nonce[AEAD_XCHACHA20_NONCE_SIZE];
	struct slice full = associated(ad, room);
	int rc = 0;
	kx_keypair(ephemeral, secret);
	random_bytes(nonce, sizeof nonce);
	if (!box_key(secret, public_key, ephemeral, public_key, label, key)) {
		rc = error_set(err, ERR_INVALID, "a public key gives no shared secret");
		goto out;
	}
	buf_append_bytes(out, room, HEAD_SIZE);
	buf_append_bytes(out, ephemeral, sizeof ephemeral);
	buf_append_bytes(out, nonce, sizeof nonce);
	uint8_t *sealed = buf_reserve(out, plain.n + AEAD_TAG_SIZE);
	if (sealed == NULL) {
		rc = error_set(err, ERR_LIMIT, "a sealed box is too large");
		goto out;
	}
	aead_seal(AEAD_XCHACHA20, key, nonce, full, plain, sealed);
	buf_commit(out, plain.n + AEAD_TAG_SIZE);
out:
	secret_wipe(secret, sizeof secret);
	secret_wipe(key, sizeof key);
	return rc;
}

static bool open_with(const struct secrets_generation *g, const char *label, struct slice ad, struct slice box, uint8_t *room)
{
	uint8_t public_key[KX_KEY_SIZE], secret[KX_KEY_SIZE], key[AEAD_KEY_SIZE];
	const uint8_t *ephemeral = box.p + HEAD_SIZE, *nonce = ephemeral + KX_KEY_SIZE;
	secrets_pair(g, public_key, secret);
	bool ok = box_key(secret, ephemeral, ephemeral, public_key, label, key)
	          && aead_open(AEAD_XCHACHA20, key, nonce, ad, slice_from(box, HEAD_SIZE + KX_KEY_SIZE + AEAD_XCHACHA20_NONCE_SIZE), room);
	secret_wipe(secret, sizeof secret);
	secret_wipe(key, sizeof key);
	return ok;
}

int box_open(const struct secrets *secrets, const char *label, struct slice ad, struct slice box, struct buf *out, struct error *err)
{
	uint8_t room[HEAD_SIZE + AD_MAX];
	struct slice full = associated(ad, room);
	if (box.n < BOX_OVERHEAD || !slice_eq(slice_sub(box, 0, HEAD_SIZE), slice_make(room, HEAD_SIZE)))
		return error_set(err, ERR_DAMAGED, "a sealed box of %zu bytes has no known format", box.n);
	uint8_t *plain = buf_reserve(out, box.n - BOX_OVERHEAD + AEAD_TAG_SIZE);
	if (plain == NULL)
		return error_set(err, ERR_LIMIT, "a sealed box is too large");
	for (size_t i = secrets->count; i > 0; i--) {
		if (open_with(&secrets->items[i - 1], label, full, box, plain)) {
			buf_commit(out, box.n - BOX_OVERHEAD);
			return 0;
		}
	}
	return error_set(err, ERR_DENIED, "a sealed box is of somebody else");
}
