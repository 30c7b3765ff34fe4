#include "factor/codes.h"

#include <string.h>

#include "base/ensure.h"
#include "base/error.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/* state = u8 version | key (32) | u16 count | count × { u16 number | hash (16) } */
#define STATE_VERSION 1
#define HASH_BYTES 16
#define ENTRY_SIZE (2 + HASH_BYTES)
#define TEXT_INPUT_MAX 32

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

struct set {
	uint8_t key[HASH_KEY_SIZE];
	uint16_t count;
	struct slice entries;
};

static int parse(struct slice state, struct set *ret)
{
	uint8_t version = 0;
	if (!slice_get_u8(&state, &version) || version != STATE_VERSION || !slice_get_fixed(&state, ret->key, sizeof ret->key)
	    || !slice_get_u16(&state, &ret->count) || ret->count > CODES_MAX || state.n != (size_t)ret->count * ENTRY_SIZE)
		return ERR_DAMAGED;
	ret->entries = state;
	return 0;
}

static unsigned entry_number(const struct set *s, unsigned i)
{
	return (unsigned)s->entries.p[i * ENTRY_SIZE] << 8 | s->entries.p[i * ENTRY_SIZE + 1];
}

static void begin(struct buf *out, const uint8_t key[HASH_KEY_SIZE], uint16_t count)
{
	buf_put_u8(out, STATE_VERSION);
	buf_append_bytes(out, key, HASH_KEY_SIZE);
	buf_put_u16(out, count);
}

static void make_one(const uint8_t key[HASH_KEY_SIZE], struct codes_text *ret, uint8_t ret_hash[HASH_BYTES])
{
	uint8_t random[CODES_LETTERS], letters[CODES_LETTERS];
	size_t n = 0;
	random_bytes(random, sizeof random);
	for (size_t i = 0; i < CODES_LETTERS; i++) {
		letters[i] = (uint8_t)alphabet[random[i] & 31];
		if (i == CODES_LETTERS / 2)
			ret->text[n++] = '-';
		ret->text[n++] = (char)letters[i];
	}
	ret->text[n] = '\0';
	hash_blake2b(slice_make(letters, sizeof letters), key, ret_hash, HASH_BYTES);
	secret_wipe(random, sizeof random);
	secret_wipe(letters, sizeof letters);
}

void codes_make(unsigned count, struct buf *ret_state, struct codes_text *ret)
{
	uint8_t key[HASH_KEY_SIZE], hash[HASH_BYTES];
	ENSURE(count <= CODES_MAX);
	random_bytes(key, sizeof key);
	begin(ret_state, key, (uint16_t)count);
	for (unsigned i = 0; i < count; i++) {
		make_one(key, &ret[i], hash);
		buf_put_u16(ret_state, (uint16_t)(i + 1));
		buf_append_bytes(ret_state, hash, sizeof hash);
	}
	secret_wipe(key, sizeof key);
}

static bool read_letters(struct slice text, uint8_t ret[CODES_LETTERS])
{
	size_t n = 0;
	if (text.n > TEXT_INPUT_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = ascii_lower(text.p[i]);
		if (c == '-' || c == ' ')
			continue;
		c = c == '0' ? 'o' : c == '1' ? 'l' : c == '8' ? 'b' : c;
		if (!(c >= 'a' && c <= 'z') && !(c >= '2' && c <= '7'))
			return false;
		if (n == CODES_LETTERS)
			return false;
		ret[n++] = c;
	}
	return n == CODES_LETTERS;
}

static void without(const struct set *s, unsigned index, struct buf *out)
{
	begin(out, s->key, (uint16_t)(s->count - 1));
	buf_append(out, slice_sub(s->entries, 0, index * ENTRY_SIZE));
	buf_append(out, slice_from(s->entries, (index + 1) * ENTRY_SIZE));
}

enum factor_verdict codes_verify(struct slice state, bool in_order, struct slice text, struct buf *ret_state)
{
	struct set s;
	uint8_t letters[CODES_LETTERS], hash[HASH_BYTES];
	unsigned found = CODES_MAX;
	if (parse(state, &s) != 0 || !read_letters(text, letters))
		return FACTOR_MALFORMED;
	hash_blake2b(slice_make(letters, sizeof letters), s.key, hash, sizeof hash);
	for (unsigned i = 0; i < s.count; i++) {
		bool fits = secret_equal(hash, s.entries.p + i * ENTRY_SIZE + 2, HASH_BYTES) && (!in_order || i == 0);
		found = fits ? i : found;
	}
	if (found < s.count)
		without(&s, found, ret_state);
	secret_wipe(letters, sizeof letters);
	return found < s.count ? FACTOR_RIGHT : s.count == 0 ? FACTOR_SPENT : FACTOR_WRONG;
}

int codes_left(struct slice state, unsigned *ret_left, unsigned *ret_next)
{
	struct set s;
	int rc = parse(state, &s);
	if (rc != 0)
		return rc;
	*ret_left = s.count;
	*ret_next = s.count > 0 ? entry_number(&s, 0) : 0;
	return 0;
}
