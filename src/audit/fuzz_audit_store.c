/* What the audit log reads again from the disk: groups and segments, heads and keys, which are written in one form only. */
#include "audit/frame.h"
#include "audit/note.h"
#include "audit/store_in.h"
#include "base/ensure.h"
#include "crypt/crypt.h"

static int look(void *arg, const struct audit_item *item)
{
	(void)arg;
	ENSURE(item->text.n == 0 || item->text.p != NULL);
	return 0;
}

static void try_segment(struct slice in)
{
	static const uint8_t key[AUDIT_STORE_KEY_SIZE];
	struct slice rest = in;
	struct audit_frame frame;
	struct audit_item item;
	uint64_t first, next = 0;
	size_t used;

	if (audit_segment_head_get(&rest, &first) == 0) {
		next = first;
		(void)audit_segment_walk(in, key, &next, look, NULL, &used);
		ENSURE(used <= in.n);
	}
	while (audit_frame_get(&rest, &frame) == 0)
		continue;
	rest = in;
	while (rest.n > 0 && audit_item_get(&rest, &item) == 0)
		continue;
}

static void try_texts(struct slice in)
{
	struct buf out = BUF_INIT(1 << 16);
	struct audit_note note;
	struct audit_head head;
	struct audit_key key;

	if (audit_key_parse(in, &key) == 0) {
		audit_key_print(&key, &out);
		ENSURE(slice_eq(buf_slice(&out), in));
	}
	buf_clear(&out);
	if (audit_head_parse(in, &head) == 0) {
		audit_head_print(&head, &out);
		ENSURE(slice_eq(buf_slice(&out), in));
	}
	if (audit_note_parse(in, &note) == 0)
		ENSURE(note.count <= AUDIT_SIGNATURES_MAX);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);

	crypt_init();
	try_segment(in);
	try_texts(in);
	return 0;
}
