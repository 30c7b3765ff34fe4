#include "auth/book_cursor.h"

#include <string.h>

#include "base/codec.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define NONCE AEAD_XCHACHA20_NONCE_SIZE
#define HEAD 24        /* place, account */
#define TEXT_MAX 800   /* bytes of a sort key or word */
#define SEALED_MAX (NONCE + HEAD + TEXT_MAX + AEAD_TAG_SIZE)

static void key_of(struct directory *d, uint8_t key[AEAD_KEY_SIZE])
{
	hash_hkdf(slice_make(directory_lookup_key(d), 32), SLICE_NONE, "book cursor", SLICE_NONE, key, AEAD_KEY_SIZE);
}

struct slice book_cursor_seal(struct directory *d, const struct book_after *after, struct arena *arena)
{
	uint8_t key[AEAD_KEY_SIZE], sealed[SEALED_MAX], plain[HEAD + TEXT_MAX];
	size_t n = after->text.n < TEXT_MAX ? after->text.n : TEXT_MAX;
	struct buf text = BUF_INIT(2 * SEALED_MAX);
	struct slice ret;

	memcpy(plain, &after->place, 8);
	memcpy(plain + 8, after->account, 16);
	if (n > 0)
		memcpy(plain + HEAD, after->text.p, n);
	key_of(d, key);
	random_bytes(sealed, NONCE);
	aead_seal(AEAD_XCHACHA20, key, sealed, SLICE_NONE, slice_make(plain, HEAD + n), sealed + NONCE);
	base64url_encode(slice_make(sealed, NONCE + HEAD + n + AEAD_TAG_SIZE), &text);
	ret = arena_dup(arena, buf_slice(&text));
	buf_free(&text);
	secret_wipe(key, sizeof key);
	return ret;
}

bool book_cursor_open(struct directory *d, struct slice text, struct arena *arena, struct book_after *ret)
{
	uint8_t key[AEAD_KEY_SIZE], plain[HEAD + TEXT_MAX];
	struct buf sealed = BUF_INIT(SEALED_MAX);
	bool good = base64url_decode_strict(text, &sealed) == 0 && buf_len(&sealed) >= NONCE + HEAD + AEAD_TAG_SIZE;

	key_of(d, key);
	if (good)
		good = aead_open(AEAD_XCHACHA20, key, buf_slice(&sealed).p, SLICE_NONE, slice_from(buf_slice(&sealed), NONCE), plain);
	if (good) {
		*ret = (struct book_after){.given = true, .text = arena_dup(arena, slice_make(plain + HEAD, buf_len(&sealed) - NONCE - AEAD_TAG_SIZE - HEAD))};
		memcpy(&ret->place, plain, 8);
		memcpy(ret->account, plain + 8, 16);
	}
	buf_free(&sealed);
	secret_wipe(key, sizeof key);
	return good;
}
