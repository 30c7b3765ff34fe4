#include "auth/wrap.h"

#include <string.h>

#include "base/endian.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/* wrap = u8 version | u8 algorithm | nonce (24) | AEAD(secrets, AD = version | algorithm | owner) */
#define WRAP_VERSION 1
#define HEAD_SIZE 2
#define OWNER_SIZE 21

static void owner_bytes(const struct wrap_owner *owner, uint8_t ret[OWNER_SIZE])
{
	memcpy(ret, owner->account, 16);
	put_u32(ret + 16, owner->credential);
	ret[20] = (uint8_t)owner->kind;
}

static void associated(const struct wrap_owner *owner, uint8_t ret[HEAD_SIZE + OWNER_SIZE])
{
	ret[0] = WRAP_VERSION;
	ret[1] = AEAD_XCHACHA20;
	owner_bytes(owner, ret + HEAD_SIZE);
}

void wrap_seal(const struct wrap_owner *owner, const uint8_t kek[KEK_SIZE], const struct secrets *secrets, struct buf *out)
{
	uint8_t ad[HEAD_SIZE + OWNER_SIZE], nonce[AEAD_XCHACHA20_NONCE_SIZE];
	struct buf plain = BUF_INIT(SECRETS_ENCODED_MAX);
	associated(owner, ad);
	random_bytes(nonce, sizeof nonce);
	secrets_encode(secrets, &plain);
	buf_append_bytes(out, ad, HEAD_SIZE);
	buf_append_bytes(out, nonce, sizeof nonce);
	size_t size = buf_len(&plain) + AEAD_TAG_SIZE;
	uint8_t *sealed = buf_reserve(out, size);
	if (sealed != NULL && !plain.failed) {
		aead_seal(AEAD_XCHACHA20, kek, nonce, slice_make(ad, sizeof ad), buf_slice(&plain), sealed);
		buf_commit(out, size);
	}
	buf_free_secret(&plain);
}

int wrap_open(const struct wrap_owner *owner, const uint8_t kek[KEK_SIZE], struct slice wrap, struct secrets *ret, struct error *err)
{
	uint8_t ad[HEAD_SIZE + OWNER_SIZE];
	int rc = 0;
	struct buf plain = BUF_INIT(WRAP_MAX);
	associated(owner, ad);
	struct slice head = slice_sub(wrap, 0, HEAD_SIZE), sealed = slice_from(wrap, HEAD_SIZE + AEAD_XCHACHA20_NONCE_SIZE);
	if (!slice_eq(head, slice_make(ad, HEAD_SIZE)) || wrap.n > WRAP_MAX || sealed.n < AEAD_TAG_SIZE) {
		rc = error_set(err, ERR_DAMAGED, "a wrap of %zu bytes has no known format", wrap.n);
		goto out;
	}
	uint8_t *room = buf_reserve(&plain, sealed.n);
	if (!aead_open(AEAD_XCHACHA20, kek, wrap.p + HEAD_SIZE, slice_make(ad, sizeof ad), sealed, room)) {
		rc = error_set(err, ERR_DENIED, "the wrap does not open");
		goto out;
	}
	buf_commit(&plain, sealed.n - AEAD_TAG_SIZE);
	rc = secrets_decode(buf_slice(&plain), ret, err);
out:
	buf_free_secret(&plain);
	return rc;
}

static void kek(const struct wrap_owner *owner, struct slice secret, struct slice salt, const char *label, uint8_t ret[KEK_SIZE])
{
	uint8_t context[OWNER_SIZE];
	owner_bytes(owner, context);
	hash_hkdf(secret, salt, label, slice_make(context, sizeof context), ret, KEK_SIZE);
}

void wrap_kek_password(const struct wrap_owner *owner, const uint8_t stretched[PASSWORD_KEY_SIZE], const uint8_t pepper[32],
	uint8_t ret[KEK_SIZE])
{
	kek(owner, slice_make(stretched, PASSWORD_KEY_SIZE), slice_make(pepper, 32), "wrap password", ret);
}

void wrap_kek_code(const struct wrap_owner *owner, const uint8_t code[CODE_SIZE], uint8_t ret[KEK_SIZE])
{
	kek(owner, slice_make(code, CODE_SIZE), SLICE_NONE, "wrap code", ret);
}

void wrap_kek_scram(const struct wrap_owner *owner, const uint8_t client_key[32], const uint8_t pepper[32], uint8_t ret[KEK_SIZE])
{
	kek(owner, slice_make(client_key, 32), slice_make(pepper, 32), "wrap scram", ret);
}

void wrap_password_check(const uint8_t kek_bytes[KEK_SIZE], uint8_t ret[32])
{
	hash_hkdf(slice_make(kek_bytes, KEK_SIZE), SLICE_NONE, "password history", SLICE_NONE, ret, 32);
}

void wrap_kek_prf(const struct wrap_owner *owner, const uint8_t prf[32], uint8_t ret[KEK_SIZE])
{
	kek(owner, slice_make(prf, 32), SLICE_NONE, "wrap passkey", ret);
}

void wrap_pepper_data(const struct wrap_owner *owner, uint8_t ret[WRAP_PEPPER_DATA_SIZE])
{
	memcpy(ret, owner->account, 16);
	put_u32(ret + 16, owner->credential);
}
