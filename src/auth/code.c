#include "auth/code.h"

#include <string.h>

#include "crypt/crypt.h"
#include "crypt/hash.h"

#define CODE_BITS (CODE_SIZE * 8)
#define CHECK_BITS 12
#define GROUP 4
#define CODE_INPUT_MAX 80 /* more characters than anybody types around 28 letters */

_Static_assert(CODE_BITS + CHECK_BITS == CODE_LETTERS * 5, "the letters hold code and checksum exactly");

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

void code_make(uint8_t ret_code[CODE_SIZE])
{
	random_bytes(ret_code, CODE_SIZE);
}

/* The code, then the checksum in the upper bits of two more bytes. */
static void with_check(const uint8_t code[CODE_SIZE], enum code_kind kind, uint8_t ret[CODE_SIZE + 2])
{
	uint8_t head[CODE_SIZE + 1], sum[2];
	head[0] = (uint8_t)kind;
	memcpy(head + 1, code, CODE_SIZE);
	hash_blake2b(slice_make(head, sizeof head), NULL, sum, sizeof sum);
	memcpy(ret, code, CODE_SIZE);
	ret[CODE_SIZE] = sum[0];
	ret[CODE_SIZE + 1] = sum[1] & 0xf0;
	secret_wipe(head, sizeof head);
}

static unsigned bit_at(const uint8_t *p, size_t bit)
{
	return p[bit / 8] >> (7 - bit % 8) & 1u;
}

void code_text_plain(const uint8_t code[CODE_SIZE], enum code_kind kind, char ret[CODE_LETTERS + 1])
{
	uint8_t bytes[CODE_SIZE + 2];
	with_check(code, kind, bytes);
	for (size_t i = 0; i < CODE_LETTERS; i++) {
		unsigned value = 0;
		for (size_t k = 0; k < 5; k++)
			value = value << 1 | bit_at(bytes, i * 5 + k);
		ret[i] = alphabet[value];
	}
	ret[CODE_LETTERS] = '\0';
	secret_wipe(bytes, sizeof bytes);
}

void code_text(const uint8_t code[CODE_SIZE], enum code_kind kind, char ret[CODE_TEXT_SIZE + 1])
{
	char plain[CODE_LETTERS + 1];
	size_t n = 0;
	code_text_plain(code, kind, plain);
	for (size_t i = 0; i < CODE_LETTERS; i++) {
		if (i > 0 && i % GROUP == 0)
			ret[n++] = '-';
		ret[n++] = plain[i];
	}
	ret[n] = '\0';
	secret_wipe(plain, sizeof plain);
}

static int letter_value(uint8_t c)
{
	c = ascii_lower(c);
	c = c == '0' ? 'o' : c == '1' ? 'l' : c == '8' ? 'b' : c;
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static bool read_letters(struct slice text, uint8_t bytes[CODE_SIZE + 2])
{
	size_t bit = 0;
	memset(bytes, 0, CODE_SIZE + 2);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '-' || text.p[i] == ' ')
			continue;
		int value = letter_value(text.p[i]);
		if (value < 0 || bit >= CODE_LETTERS * 5)
			return false;
		for (int k = 4; k >= 0; k--, bit++)
			bytes[bit / 8] |= (uint8_t)((value >> k & 1) << (7 - bit % 8));
	}
	return bit == CODE_LETTERS * 5;
}

bool code_parse(struct slice text, enum code_kind kind, uint8_t ret_code[CODE_SIZE])
{
	uint8_t given[CODE_SIZE + 2], wanted[CODE_SIZE + 2];
	if (text.n > CODE_INPUT_MAX || !read_letters(text, given))
		return false;
	with_check(given, kind, wanted);
	bool ok = secret_equal(given, wanted, sizeof given);
	if (ok)
		memcpy(ret_code, given, CODE_SIZE);
	secret_wipe(given, sizeof given);
	secret_wipe(wanted, sizeof wanted);
	return ok;
}

void code_lookup(const uint8_t code[CODE_SIZE], const uint8_t key[32], uint8_t ret[CODE_LOOKUP_SIZE])
{
	hash_blake2b(slice_make(code, CODE_SIZE), key, ret, CODE_LOOKUP_SIZE);
}
