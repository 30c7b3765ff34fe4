/* The first line names a property "header:…", the rest is a header: whatever they are, one JSON value comes out. */
#include "base/ensure.h"
#include "jmap/email_header.h"
#include "jmap/mail_rig.h"
#include "mime/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size), name;
	struct jmap_header_property property;
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT(SIZE_MAX / 4);
	struct emit e = EMIT_INIT(&out);
	static bool warm;
	json_t *value;

	if (!warm)
		mime_warm();
	warm = true;
	(void)slice_split(&rest, '\n', &name);
	if (jmap_header_parse(name, &property)) {
		ENSURE(property.name.n > 0 && slice_starts(name, SLICE("header:")));
		jmap_header_print(&e, &property, rest, &arena);
		value = json_loadb((const char *)buf_slice(&out).p, buf_len(&out), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		ENSURE(value != NULL && json_is_array(value) >= property.all);
		json_decref(value);
	}
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
