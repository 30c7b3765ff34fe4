/* Whole messages: the digest, its invariants, its encoding, the scan. */
#include "base/ensure.h"
#include "mime/make.h"
#include "mime/scan.h"
#include "mime/structure.h"
#include "mime/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ranges(const struct mime_part *part, uint64_t floor, uint64_t ceiling)
{
	uint64_t at = part->body_start;

	ENSURE(part->header_start >= floor && part->body_start >= part->header_start && part->body_end >= part->body_start);
	ENSURE(part->body_end <= ceiling);
	ENSURE((part->envelope == NULL) == (part->children == NULL) || slice_eq(part->type, SLICE("multipart")));
	for (const struct mime_part *child = part->children; child != NULL; child = child->next) {
		ENSURE(child->header_start >= at);
		check_ranges(child, part->body_start, part->body_end);
		at = child->body_end;
	}
}

static int read_slice(void *arg, uint64_t offset, void *p, size_t n)
{
	const struct slice *message = arg;

	ENSURE(offset + n <= message->n);
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = message->p[offset + i];
	return 0;
}

/* Whatever the digest holds, the scan finds. */
static void check_scan(const struct digest *d, struct slice message)
{
	struct slice needle = slice_sub(d->search_text, d->search_text.n / 3, d->search_text.n / 3 + 7);
	bool found = false;

	if (d->search_text_cut)
		return;
	for (const struct mime_part *part = d->root; part != NULL; part = mime_part_next(part)) {
		if (part->encoded_message)
			return; /* its text stands in the digest only */
	}
	ENSURE(mime_scan_text(d, read_slice, &message, needle, &found) == 0);
	ENSURE(found);
}

/* A search text that is left out is found in the body again. */
static void check_brief(const struct digest *d, struct slice message)
{
	static const uint8_t id[16] = {1};
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT(64u << 20);
	struct digest brief;

	mime_digest_make_brief(message, id, SLICE("zh-TW"), &arena, &brief);
	if (brief.search_text_of_body)
		mime_body_text(slice_from(message, brief.header_size), &text);
	else
		buf_append(&text, brief.search_text);
	ENSURE(slice_eq(buf_slice(&text), d->search_text));
	ENSURE(brief.search_text_cut == d->search_text_cut);
	buf_free(&text);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t id[16] = {1};
	struct slice message = slice_make(data, size);
	struct buf encoded = BUF_INIT(64u << 20), again = BUF_INIT(64u << 20);
	struct arena arena = ARENA_INIT;
	struct digest d, decoded;

	mime_digest_make(message, id, &arena, &d);
	check_ranges(d.root, 0, size);
	check_scan(&d, message);
	check_brief(&d, message);
	digest_encode(&d, &encoded);
	ENSURE(!encoded.failed);
	ENSURE(digest_decode(buf_slice(&encoded), &arena, &decoded) == 0);
	digest_encode(&decoded, &again);
	ENSURE(slice_eq(buf_slice(&encoded), buf_slice(&again)));
	mime_digest_opaque(message, id, &arena, &d);
	buf_clear(&encoded);
	digest_encode(&d, &encoded);
	ENSURE(digest_decode(buf_slice(&encoded), &arena, &decoded) == 0);
	buf_free(&encoded);
	buf_free(&again);
	arena_free(&arena);
	return 0;
}
