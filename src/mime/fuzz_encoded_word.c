/* Encoded words: no line break comes out, encoding round-trips, folding is idempotent. */
#include "base/ensure.h"
#include "base/utf8.h"
#include "mime/encoded_word.h"
#include "mime/html.h"
#include "mime/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size), decoded, folded;
	struct buf encoded = BUF_INIT(16u << 20), text = BUF_INIT(16u << 20);
	struct arena arena = ARENA_INIT;
	struct html html = HTML_INIT;

	if (size > 65536)
		return 0;
	decoded = mime_words_decode_arena(in, &arena);
	ENSURE(utf8_valid(decoded));
	ENSURE(slice_find(decoded, '\n') < 0 && slice_find(decoded, '\r') < 0 && slice_find(decoded, 0) < 0);
	mime_words_encode(decoded, false, &encoded);
	ENSURE(slice_eq(mime_words_decode_arena(buf_slice(&encoded), &arena), decoded) || decoded.n > 20000);
	folded = mime_fold_arena(in, &arena);
	ENSURE(utf8_valid(folded));
	html_feed(&html, in, true, &text);
	buf_free(&encoded);
	buf_free(&text);
	arena_free(&arena);
	return 0;
}
