/* Insides of confidential letters as whoever stores a letter may leave them: what opens is of the size that it says, in steps of any size the same. */
#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "store/confidential.h"

#define ROOM (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t KEY[CONFIDENTIAL_KEY_SIZE] = {1, 2, 3};

static int open_all(struct slice form, size_t step, struct buf *out, bool *ret_whole)
{
	struct confidential_reader r;
	int rc = 0;

	confidential_open(&r, KEY);
	for (; form.n > 0 && rc == 0; form = slice_from(form, step))
		rc = confidential_read(&r, slice_sub(form, 0, step), out);
	*ret_whole = confidential_is_whole(&r);
	ENSURE(!*ret_whole || buf_len(out) == r.size);
	confidential_close(&r);
	return rc;
}

/* data: a step, a place that is changed, then a letter (an even place), or a form as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf lines = BUF_INIT(ROOM), form = BUF_INIT(ROOM), one = BUF_INIT(ROOM), many = BUF_INIT(ROOM);
	struct slice rest = slice_make(data, size), digest, letter;
	bool whole, whole_too;
	size_t step, place;

	crypt_init();
	if (size < 2 || size > ROOM / 4)
		return 0;
	step = data[0] + 1u;
	place = data[1];
	rest = slice_from(rest, 2);
	if (place % 2 == 0) {
		ENSURE(confidential_seal(KEY, slice_sub(rest, 0, place), &rest, 1, &lines) == 0 && base64_decode_lenient(buf_slice(&lines), &form));
		if (place > 0)
			form.data[form.start + place % buf_len(&form)] ^= 1;
	} else {
		buf_append(&form, rest);
	}
	int rc = open_all(buf_slice(&form), size + ROOM, &one, &whole), rc_too = open_all(buf_slice(&form), step, &many, &whole_too);
	ENSURE((rc == 0 && whole) == (rc_too == 0 && whole_too));
	ENSURE(place != 0 || (rc == 0 && whole));
	if (rc == 0 && whole)
		ENSURE(slice_eq(buf_slice(&one), buf_slice(&many)) && confidential_split(buf_slice(&one), &digest, &letter) == (place == 0 ? 0 : confidential_split(buf_slice(&many), &digest, &letter)));
	buf_free(&lines);
	buf_free(&form);
	buf_free(&one);
	buf_free(&many);
	return 0;
}
