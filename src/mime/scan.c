#include "base/memory.h"
#include "mime/limits.h"
#include "mime/scan.h"
#include "mime/structure.h"
#include "mime/text.h"

#define STEP 16384

/* Text that was searched stays in `text` as far as the needle may reach back into it. */
static bool text_holds(struct buf *text, struct slice needle)
{
	if (slice_search(buf_slice(text), needle) >= 0)
		return true;
	if (buf_len(text) >= needle.n)
		buf_consume(text, buf_len(text) - needle.n + 1);
	return false;
}

static int part_scan(const struct mime_part *part, mime_read_fn *read, void *arg, struct slice needle, uint8_t *step, struct arena *arena,
                     struct buf *text, bool *ret_found)
{
	struct mime_text *t = mime_text_open(part, true, arena);
	uint64_t at = part->body_start;
	int code = 0;

	do {
		size_t n = part->body_end - at > STEP ? STEP : (size_t)(part->body_end - at);

		code = n > 0 ? read(arg, at, step, n) : 0;
		if (code < 0)
			break;
		at += n;
		mime_text_feed(t, slice_make(step, n), at == part->body_end, text);
		*ret_found = text_holds(text, needle);
	} while (!*ret_found && at < part->body_end);
	mime_text_close(&t);
	return code;
}

int mime_scan_text(const struct digest *d, mime_read_fn *read, void *arg, struct slice needle, bool *ret_found)
{
	struct buf text = BUF_INIT(MIME_SEARCH_TEXT_MAX + 2 * needle.n);
	struct arena arena = ARENA_INIT;
	uint8_t *step = memory_grow(NULL, STEP);
	bool found = needle.n == 0;
	int code = 0;

	for (const struct mime_part *part = d->root; part != NULL && !found && code == 0; part = mime_part_next(part))
		if (slice_eq(part->type, SLICE("text")))
			code = part_scan(part, read, arg, needle, step, &arena, &text, &found);
	if (code == 0)
		*ret_found = found;
	arena_free(&arena);
	memory_free(step);
	buf_free(&text);
	return code;
}
