#include "auth/scram_key.h"

#include <string.h>

#include "auth/saslprep.h"
#include "base/endian.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/* sealed keys = u8 version | u8 algorithm | nonce (24) | AEAD(StoredKey | ServerKey); AD = version | algorithm | account | u32 credential */
#define KEYS_VERSION 1
#define HEAD_SIZE 2
#define AD_SIZE (HEAD_SIZE + 16 + 4)
#define PLAIN_SIZE (2 * SCRAM_KEY_SIZE)
#define SEALED_AT (HEAD_SIZE + AEAD_XCHACHA20_NONCE_SIZE)
#define ROW_SIZE (SEALED_AT + PLAIN_SIZE + AEAD_TAG_SIZE)

void scram_pepper_data(const uint8_t account[16], uint8_t ret[SCRAM_PEPPER_DATA_SIZE])
{
	memcpy(ret, account, 16);
	memcpy(ret + 16, "scram", 5);
}

size_t scram_texts(struct slice password, struct buf *prepared, struct slice ret[SCRAM_TEXTS_MAX])
{
	buf_clear(prepared);
	if (!saslprep(password, prepared) || buf_len(prepared) == 0 || slice_eq(buf_slice(prepared), password)) {
		ret[0] = password;
		return 1;
	}
	ret[0] = buf_slice(prepared);
	ret[1] = password;
	return 2;
}

static void seal_key(const uint8_t account[16], const uint8_t pepper[SCRAM_PEPPER_SIZE], uint8_t ret[AEAD_KEY_SIZE])
{
	hash_hkdf(slice_make(pepper, SCRAM_PEPPER_SIZE), SLICE_NONE, "scram keys", slice_make(account, 16), ret, AEAD_KEY_SIZE);
}

static void associated(const uint8_t account[16], uint32_t credential, uint8_t ret[AD_SIZE])
{
	ret[0] = KEYS_VERSION;
	ret[1] = AEAD_XCHACHA20;
	memcpy(ret + HEAD_SIZE, account, 16);
	put_u32(ret + HEAD_SIZE + 16, credential);
}

static void seal(const uint8_t account[16], uint32_t credential, const uint8_t pepper[SCRAM_PEPPER_SIZE], const struct scram_material *m,
	uint8_t out[ROW_SIZE])
{
	uint8_t key[AEAD_KEY_SIZE], ad[AD_SIZE], plain[PLAIN_SIZE];
	seal_key(account, pepper, key);
	associated(account, credential, ad);
	memcpy(plain, m->stored_key, SCRAM_KEY_SIZE);
	memcpy(plain + SCRAM_KEY_SIZE, m->server_key, SCRAM_KEY_SIZE);
	memcpy(out, ad, HEAD_SIZE);
	random_bytes(out + HEAD_SIZE, AEAD_XCHACHA20_NONCE_SIZE);
	aead_seal(AEAD_XCHACHA20, key, out + HEAD_SIZE, slice_make(ad, sizeof ad), slice_make(plain, sizeof plain), out + SEALED_AT);
	secret_wipe(key, sizeof key);
	secret_wipe(plain, sizeof plain);
}

bool scram_row_open(const uint8_t account[16], const struct scram_row *row, const uint8_t pepper[SCRAM_PEPPER_SIZE],
	struct scram_material *ret)
{
	uint8_t key[AEAD_KEY_SIZE], ad[AD_SIZE], plain[PLAIN_SIZE];
	associated(account, row->credential, ad);
	if (row->keys.n != ROW_SIZE || memcmp(row->keys.p, ad, HEAD_SIZE) != 0)
		return false;
	seal_key(account, pepper, key);
	bool ok = aead_open(AEAD_XCHACHA20, key, row->keys.p + HEAD_SIZE, slice_make(ad, sizeof ad), slice_from(row->keys, SEALED_AT), plain);
	if (ok) {
		memcpy(ret->stored_key, plain, SCRAM_KEY_SIZE);
		memcpy(ret->server_key, plain + SCRAM_KEY_SIZE, SCRAM_KEY_SIZE);
	}
	secret_wipe(key, sizeof key);
	secret_wipe(plain, sizeof plain);
	return ok;
}

static int row_add(struct directory *d, const struct wrap_owner *owner, const uint8_t pepper[SCRAM_PEPPER_SIZE],
	const struct scram_material *m, const struct secrets *secrets, struct error *err)
{
	uint8_t keys[ROW_SIZE], kek[KEK_SIZE];
	struct buf wrap = BUF_INIT(WRAP_MAX);
	seal(owner->account, owner->credential, pepper, m, keys);
	wrap_kek_scram(owner, m->client_key, pepper, kek);
	wrap_seal(owner, kek, secrets, &wrap);
	struct scram_row row = {.credential = owner->credential, .keys = slice_make(keys, sizeof keys), .wrap = buf_slice(&wrap)};
	int rc = wrap.failed ? error_set(err, ERR_LIMIT, "a wrap is too large") : directory_scram_add(d, owner->account, &row, err);
	secret_wipe(kek, sizeof kek);
	buf_free(&wrap);
	return rc;
}

int scram_rows_add(struct directory *d, const uint8_t account[16], uint32_t credential, const uint8_t pepper[SCRAM_PEPPER_SIZE],
	const struct scram_material *material, size_t count, const struct secrets *secrets, struct error *err)
{
	struct wrap_owner owner = {.credential = credential, .kind = WRAP_SCRAM};
	int rc = 0;
	memcpy(owner.account, account, sizeof owner.account);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = row_add(d, &owner, pepper, &material[i], secrets, err);
	return rc;
}
