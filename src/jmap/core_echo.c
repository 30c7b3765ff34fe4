#include "jmap/method.h"

/* RFC 8620 4. */
enum jmap_step jmap_core_echo(struct jmap_call *call)
{
	struct buf text = BUF_INIT(JMAP_ECHO_MAX);
	struct emit e = EMIT_INIT(&text);

	emit_json(&e, call->args);
	if (text.failed) {
		(void)jmap_error(call, "requestTooLarge", NULL);
	} else {
		jmap_answer_begin(call, NULL);
		if (buf_len(&text) > 2)
			emit_raw(jmap_out(call), slice_sub(buf_slice(&text), 1, buf_len(&text) - 1));
		jmap_answer_end(call);
	}
	buf_free(&text);
	return JMAP_DONE;
}
