#include "mime/enclosed.h"

#include "base/codec.h"
#include "mime/limits.h"

struct slice mime_enclosed_decode(struct slice message, const struct mime_part *part, struct arena *arena)
{
	struct slice body = slice_sub(slice_sub(message, part->body_start, part->body_end), 0, MIME_ENCLOSED_MAX), ret;
	struct buf decoded = BUF_INIT(MIME_ENCLOSED_MAX + 16);

	if (slice_eq(part->encoding, SLICE("base64")))
		(void)base64_decode_lenient(body, &decoded);
	else
		(void)quoted_printable_decode(body, &decoded);
	ret = arena_dup(arena, buf_slice(&decoded));
	buf_free(&decoded);
	return ret;
}
