/* Prints the digest of a message file as lines of tab-separated fields, for tests/mime_vectors.py. */
#include <stdio.h>

#include "base/codec.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/make.h"
#include "mime/param.h"
#include "mime/structure.h"
#include "mime/text.h"
#include "sys/file.h"

static struct arena arena;

static void print(const char *key, struct slice value)
{
	struct buf hex = BUF_INIT(64u << 20);

	hex_encode(value, &hex);
	printf("%s\t%.*s\n", key, SLICE_ARG(buf_slice(&hex)));
	buf_free(&hex);
}

static void print_addresses(const char *key, const struct mime_address *list)
{
	for (; list != NULL; list = list->next) {
		if (!list->has_host)
			continue;
		print(key, mime_words_decode_arena(list->name, &arena));
		print("spec", list->host.n > 0 ? mime_address_spec(list, &arena) : list->mailbox);
	}
}

static void print_text(const struct mime_part *part, struct slice message)
{
	struct mime_text *t = mime_text_open(part, false, &arena);
	struct buf out = BUF_INIT(64u << 20);

	mime_text_feed(t, slice_sub(message, part->body_start, part->body_end), true, &out);
	print("text", buf_slice(&out));
	mime_text_close(&t);
	buf_free(&out);
}

int main(int argc, char **argv)
{
	static const uint8_t id[16] = {0};
	struct buf file = BUF_INIT(64u << 20);
	struct digest d;

	if (argc != 2 || file_read(argv[1], &file, NULL) < 0)
		return 2;
	mime_warm();
	mime_digest_make(buf_slice(&file), id, &arena, &d);
	if (d.envelope.has_subject)
		print("subject", mime_words_decode_arena(d.envelope.subject, &arena));
	print("message_id", d.message_id);
	if (d.has_sent)
		printf("date\t%lld\n", (long long)d.sent_unix);
	print_addresses("from", d.envelope.from);
	print_addresses("to", d.envelope.to);
	print_addresses("cc", d.envelope.cc);
	for (const struct mime_part *p = d.root; p != NULL; p = mime_part_next(p)) {
		printf("part\t%.*s/%.*s\t%llu\t%llu\t%llu\n", SLICE_ARG(p->type), SLICE_ARG(p->subtype), (unsigned long long)p->header_start,
		       (unsigned long long)p->body_start, (unsigned long long)p->body_end);
		print("filename", mime_part_filename(p, &arena));
		if (slice_eq(p->type, SLICE("text")))
			print_text(p, buf_slice(&file));
	}
	buf_free(&file);
	arena_free(&arena);
	return 0;
}
