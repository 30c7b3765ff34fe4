/*
 * A stored table: what is taken is canonical and stays whole under training and untraining. The checksum is mended, so that more than it is
 * tried.
 */
#include <string.h>

#include "base/endian.h"
#include "base/ensure.h"
#include "crypt/checksum.h"
#include "policy/bayes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_table(struct bayes *b, struct slice stored)
{
	uint64_t hashes[] = {1, 2, 3, 0xffffffffffffffff};
	struct tokens t = {.hashes = hashes, .count = ARRAY_LEN(hashes)};
	struct buf out = BUF_INIT(BAYES_ENCODED_MAX);
	bayes_encode(b, &out);
	ENSURE(slice_eq(buf_slice(&out), stored));
	if (b->letters[0][BAYES_HAM] < BAYES_LETTERS_MAX && b->count + t.count <= b->capacity) {
		struct bayes_receipt r = bayes_train(b, &t, BAYES_HAM);
		ENSURE(bayes_untrain(b, &t, r) == 0);
		buf_clear(&out);
		bayes_encode(b, &out);
		ENSURE(slice_eq(buf_slice(&out), stored));
	}
	bayes_age(b);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t copy[4096];
	struct bayes b;
	if (size < 4 || size > sizeof copy)
		return 0;
	memcpy(copy, data, size);
	put_u32(copy + size - 4, checksum_crc32c(0, slice_make(copy, size - 4)));
	if (bayes_decode(slice_make(copy, size), TOKENS_MAX, 1, &b) != 0)
		return 0;
	check_table(&b, slice_make(copy, size));
	bayes_free(&b);
	return 0;
}
