/* Records: the wire form of processes, the canonical form, and what is made of it for other systems. */
#include "audit/format.h"
#include "base/ensure.h"
#include "crypt/crypt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void wire(struct slice in)
{
	static const struct audit_origin origin = {"client", 1, 2};
	static const uint8_t salt[AUDIT_SALT_SIZE];
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT(AUDIT_TEXT_MAX);
	struct audit_event e;
	struct audit_record r;
	if (audit_event_decode(&in, &e) == 0) {
		audit_record_print(7, &origin, salt, &e, &text);
		ENSURE(!text.failed);
		ENSURE(audit_record_parse(buf_slice(&text), &arena, &r) == 0); /* what is written can be read */
		ENSURE(r.n == 7 && r.number == e.number && r.wall_ms == e.wall_ms);
	}
	buf_free(&text);
	arena_free(&arena);
}

static void text(struct slice in)
{
	struct buf out = BUF_INIT(AUDIT_TEXT_MAX * 8);
	for (int f = AUDIT_FORMAT_JSON; f <= AUDIT_FORMAT_CEF; f++)
		(void)audit_format_record((enum audit_format)f, in, SLICE("host"), &out);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	crypt_init();
	if (size == 0)
		return 0;
	if (data[0] & 1)
		wire(slice_make(data + 1, size - 1));
	else
		text(slice_make(data + 1, size - 1));
	return 0;
}
