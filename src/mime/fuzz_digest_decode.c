/* Damaged digests: what decodes encodes to the same bytes. */
#include "base/ensure.h"
#include "mime/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT(64u << 20);
	struct digest d, again;

	digest_decode_envelope(in, &arena, &d);
	digest_decode_structure(in, &arena, &d);
	if (digest_decode(in, &arena, &d) == 0) {
		digest_encode(&d, &out);
		ENSURE(digest_decode(buf_slice(&out), &arena, &again) == 0);
		ENSURE((again.secret == NULL) == (d.secret == NULL) && again.version == d.version);
		ENSURE(again.size == d.size && slice_eq(again.search_text, d.search_text));
	}
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
