/* The lenient decoders never fail, the strict ones invert the encoders. */
#include "base/codec.h"
#include "base/ensure.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	struct buf a = BUF_INIT(8 << 20), b = BUF_INIT(8 << 20);

	base64_decode_lenient(in, &a);
	buf_clear(&a);
	quoted_printable_decode(in, &a);
	buf_clear(&a);
	base64_encode(in, &a);
	ENSURE(base64_decode_strict(buf_slice(&a), &b) == 0 && slice_eq(buf_slice(&b), in));
	buf_clear(&b);
	ENSURE(base64_decode_lenient(buf_slice(&a), &b) && slice_eq(buf_slice(&b), in));
	buf_clear(&a);
	buf_clear(&b);
	quoted_printable_encode(in, &a);
	quoted_printable_decode(buf_slice(&a), &b);
	ENSURE(slice_eq(buf_slice(&b), in));
	buf_clear(&a);
	utf8_append_clean(&a, in);
	ENSURE(utf8_valid(buf_slice(&a)));
	buf_free(&a);
	buf_free(&b);
	return 0;
}
