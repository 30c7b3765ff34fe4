#include "queue/bundle.h"

#include "base/error.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define MAC_LABEL "letterlock bundle 1"
#define VERSION 1
enum { MARK_CLAIM = 1, MARK_LETTERS = 2 };

/*
 * bundle = u8 version | claims: (u8 1 | u8 fresh | u32 keep | key)… | u8 2 | letters: (u32 keep | once | record)… | MAC
 * Texts are u32 length and bytes.
 */
void bundle_begin(struct buf *out)
{
	buf_put_u8(out, VERSION);
}

void bundle_claim(struct buf *out, const struct bundle_claim *claim)
{
	buf_put_u8(out, MARK_CLAIM);
	buf_put_u8(out, claim->fresh);
	buf_put_u32(out, claim->keep_s);
	buf_put_bytes(out, claim->key);
}

void bundle_letters(struct buf *out)
{
	buf_put_u8(out, MARK_LETTERS);
}

void bundle_letter(struct buf *out, const struct bundle_letter *letter)
{
	buf_put_u32(out, letter->once_keep_s);
	buf_put_bytes(out, letter->once);
	buf_put_bytes(out, letter->record);
}

static void bundle_mac(struct slice content, const uint8_t secret[32], uint8_t ret[HASH_SIZE])
{
	struct hash_state state;
	hash_start(&state, secret);
	hash_update_field(&state, SLICE(MAC_LABEL));
	hash_update_field(&state, content);
	hash_finish(&state, ret);
}

void bundle_seal(struct buf *out, const uint8_t secret[32])
{
	uint8_t mac[HASH_SIZE];
	bundle_mac(buf_slice(out), secret, mac);
	buf_append_bytes(out, mac, sizeof mac);
}

bool bundle_next_claim(struct slice *claims, struct bundle_claim *ret)
{
	uint8_t mark, fresh;
	if (!slice_get_u8(claims, &mark) || !slice_get_u8(claims, &fresh) || !slice_get_u32(claims, &ret->keep_s) || !slice_get_bytes(claims,
		&ret->key))
		return false;
	ret->fresh = fresh;
	return mark == MARK_CLAIM && fresh <= 1 && ret->key.n > 0 && ret->key.n <= MEMORY_KEY_MAX;
}

bool bundle_next_letter(struct slice *letters, struct bundle_letter *ret)
{
	return slice_get_u32(letters, &ret->once_keep_s) && slice_get_bytes(letters, &ret->once) && slice_get_bytes(letters, &ret->record) &&
	       ret->once.n <= MEMORY_KEY_MAX && ret->record.n > 0;
}

static bool read_claims(struct slice *rest, struct bundle *ret)
{
	struct slice start = *rest;
	struct bundle_claim claim;
	for (size_t count = 0; rest->n > 0 && rest->p[0] == MARK_CLAIM; count++)
		if (count == BUNDLE_CLAIMS_MAX || !bundle_next_claim(rest, &claim))
			return false;
	ret->claims = slice_sub(start, 0, start.n - rest->n);
	return rest->n > 0 && rest->p[0] == MARK_LETTERS;
}

static bool read_letters(struct slice rest, struct bundle *ret)
{
	struct bundle_letter letter;
	ret->letters = rest;
	for (ret->letter_count = 0; rest.n > 0; ret->letter_count++)
		if (ret->letter_count == BUNDLE_LETTERS_MAX || !bundle_next_letter(&rest, &letter))
			return false;
	return true;
}

int bundle_open(struct slice sealed, const uint8_t secret[32], struct bundle *ret)
{
	uint8_t mac[HASH_SIZE], version;
	struct slice rest = slice_sub(sealed, 0, sealed.n - HASH_SIZE);
	if (sealed.n < HASH_SIZE)
		return ERR_INVALID;
	bundle_mac(rest, secret, mac);
	if (!secret_equal(mac, sealed.p + rest.n, HASH_SIZE))
		return ERR_DENIED;
	if (!slice_get_u8(&rest, &version) || version != VERSION || !read_claims(&rest, ret))
		return ERR_INVALID;
	return read_letters(slice_from(rest, 1), ret) ? 0 : ERR_INVALID;
}
