/* Whatever a client gives: what is built parses, text and content come back, and no value starts a field of its own. */
#include "base/codec.h"
#include "base/ensure.h"
#include "mime/build.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/structure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sink(void *arg, struct slice bytes, struct error *err)
{
	buf_append(arg, bytes);
	return 0;
}

static int read_slice(void *arg, uint64_t offset, size_t n, struct buf *out, struct error *err)
{
	const struct slice *s = arg;

	buf_append(out, slice_sub(*s, (size_t)offset, (size_t)offset + n));
	return 0;
}

static struct slice take(struct slice *s)
{
	struct slice ret;

	slice_split(s, 0, &ret);
	return slice_sub(ret, 0, 4000);
}

static void content_is(struct slice message, const struct mime_part *part, struct slice want)
{
	struct slice raw = slice_sub(message, (size_t)part->body_start, (size_t)part->body_end);
	struct buf got = BUF_INIT(1u << 20);

	if (slice_eq(part->encoding, SLICE("base64")))
		base64_decode_lenient(raw, &got);
	else if (slice_eq(part->encoding, SLICE("quoted-printable")))
		quoted_printable_decode(raw, &got);
	else
		buf_append(&got, raw);
	ENSURE(slice_eq(buf_slice(&got), want));
	buf_free(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct slice rest = slice_make(data, size), subject = take(&rest), raw = take(&rest), name = take(&rest), cid = take(&rest), text = take(&rest);
	struct buf value = BUF_INIT(BUILD_VALUE_MAX), out = BUF_INIT(1u << 20);
	struct build_field x = {.name = SLICE("X-Raw"), .value = raw, .raw = true}, s = {.name = SLICE("Subject"), .next = build_raw_check(raw) == 0 ? &x : NULL};
	struct build_part file = {.type = SLICE("application/x-thing"), .name = name, .cid = cid, .read = read_slice, .read_arg = &rest, .size = rest.n};
	struct build_part body = {.type = SLICE("text/plain"), .is_text = true, .text = text, .next = &file};
	struct build_part root = {.type = SLICE("multipart/mixed"), .children = &body};
	struct build_message m = {.fields = &s, .root = &root};

	build_text_value(subject, &value);
	s.value = buf_slice(&value);
	if (!value.failed && build_message(&m, sink, &out, NULL) == 0) {
		struct slice message = buf_slice(&out);
		const struct mime_part *p = mime_structure_parse(message, &arena);

		ENSURE(mime_header_count(message, SLICE("Subject")) == 1 && mime_header_count(message, SLICE("X-Raw")) == (s.next != NULL));
		ENSURE(p->children != NULL && p->children->next != NULL && p->children->next->next == NULL);
		content_is(message, p->children->next, rest);
	}
	buf_free(&value);
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
