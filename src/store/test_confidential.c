/* The form of what lies inside of a confidential letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/codec.h"
#include "base/memory.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "store/confidential.h"

#define ROOM (4u << 20)

static const uint8_t key[CONFIDENTIAL_KEY_SIZE] = {7, 8, 9}, other_key[CONFIDENTIAL_KEY_SIZE] = {7, 8, 10};

static int open_in_steps(const uint8_t *with, struct slice form, size_t step, struct buf *out, bool *ret_whole)
{
	struct confidential_reader r;
	int rc = 0;

	confidential_open(&r, with);
	while (form.n > 0 && rc == 0) {
		size_t n = form.n < step ? form.n : step;
		rc = confidential_read(&r, slice_sub(form, 0, n), out);
		form = slice_from(form, n);
	}
	*ret_whole = confidential_is_whole(&r);
	confidential_close(&r);
	return rc;
}

static void form_of(struct slice digest, struct slice letter, struct buf *out)
{
	struct buf lines = BUF_INIT(ROOM);
	struct slice pieces[2] = {slice_sub(letter, 0, letter.n / 3), slice_from(letter, letter.n / 3)};

	assert_int_equal(confidential_seal(key, digest, pieces, 2, &lines), 0);
	assert_true(base64_decode_lenient(buf_slice(&lines), out));
	for (struct slice rest = buf_slice(&lines), line; slice_split(&rest, '\n', &line);)
		assert_true(line.n <= 77);
	buf_free(&lines);
}

static void what_is_sealed_opens_in_steps_of_any_size(void **state)
{
	static const size_t sizes[] = {0, 1, 65525, 65526, 65527, 65536, 131062, 131063, 300000};
	static const size_t steps[] = {1, 57, 4096, 65552, 1u << 20};
	uint8_t *bytes = memory_alloc(300000);

	for (size_t i = 0; i < 300000; i++)
		bytes[i] = (uint8_t)(i * 31 >> 3);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buf form = BUF_INIT(ROOM);
		form_of(SLICE("digest"), slice_make(bytes, sizes[i]), &form);
		for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
			struct buf plain = BUF_INIT(ROOM);
			struct slice digest, letter;
			bool whole;
			assert_int_equal(open_in_steps(key, buf_slice(&form), steps[k], &plain, &whole), 0);
			assert_true(whole);
			assert_int_equal(confidential_split(buf_slice(&plain), &digest, &letter), 0);
			assert_true(slice_eq(digest, SLICE("digest")) && slice_eq(letter, slice_make(bytes, sizes[i])));
			buf_free(&plain);
		}
		buf_free(&form);
	}
	memory_free(bytes);
}

static void nothing_opens_with_another_key_or_when_a_bit_is_wrong(void **state)
{
	struct buf form = BUF_INIT(ROOM), plain = BUF_INIT(ROOM);
	bool whole;

	form_of(SLICE("digest"), SLICE("a letter"), &form);
	assert_int_equal(open_in_steps(other_key, buf_slice(&form), 9999, &plain, &whole), ERR_DAMAGED);
	assert_int_equal(buf_len(&plain), 0);
	for (size_t i = 0; i < buf_len(&form) * 8; i++) {
		uint8_t *byte = form.data + form.start + i / 8;
		*byte ^= (uint8_t)(1 << i % 8);
		buf_clear(&plain);
		int rc = open_in_steps(key, buf_slice(&form), 9999, &plain, &whole);
		assert_true((rc == ERR_DAMAGED || !whole) && buf_len(&plain) == 0);
		*byte ^= (uint8_t)(1 << i % 8);
	}
	buf_append_byte(&form, 0);
	assert_int_equal(open_in_steps(key, buf_slice(&form), 9999, &plain, &whole), ERR_DAMAGED);
	buf_free(&form);
	buf_free(&plain);
}

static void what_is_cut_off_is_not_whole(void **state)
{
	struct buf form = BUF_INIT(ROOM), plain = BUF_INIT(ROOM);
	uint8_t *bytes = memory_alloc(200000);
	bool whole;

	form_of(SLICE_NONE, slice_make(bytes, 200000), &form);
	for (size_t n = 0; n < buf_len(&form); n += n < 20 ? 1 : 9973) {
		buf_clear(&plain);
		assert_int_equal(open_in_steps(key, slice_sub(buf_slice(&form), 0, n), 4096, &plain, &whole), 0);
		assert_false(whole);
	}
	memory_free(bytes);
	buf_free(&form);
	buf_free(&plain);
}

static void pieces_cannot_change_places(void **state)
{
	enum { SEALED = CONFIDENTIAL_PIECE + AEAD_TAG_SIZE };
	struct buf form = BUF_INIT(ROOM), plain = BUF_INIT(ROOM);
	uint8_t *bytes = memory_alloc(4 * CONFIDENTIAL_PIECE), *first, *held = memory_alloc(SEALED);
	bool whole;

	form_of(SLICE_NONE, slice_make(bytes, 4 * CONFIDENTIAL_PIECE), &form);
	first = form.data + form.start + 12;
	memcpy(held, first, SEALED);
	memmove(first, first + SEALED, SEALED);
	memcpy(first + SEALED, held, SEALED);
	assert_int_equal(open_in_steps(key, buf_slice(&form), 1u << 20, &plain, &whole), ERR_DAMAGED);
	memory_free(bytes);
	memory_free(held);
	buf_free(&form);
	buf_free(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_opens_in_steps_of_any_size),
		cmocka_unit_test(nothing_opens_with_another_key_or_when_a_bit_is_wrong),
		cmocka_unit_test(what_is_cut_off_is_not_whole),
		cmocka_unit_test(pieces_cannot_change_places),
	};

	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
