#include "jmap/method.h"

/* RFC 8620 4. */
enum jmap_step jmap_core_echo(struct jmap_call *call)
{
	const char *key;
	json_t *value;

	jmap_answer_begin(call, NULL);
	json_object_foreach(call->args, key, value) {
		emit_key(jmap_out(call), key);
		emit_json(jmap_out(call), value);
	}
	jmap_answer_end(call);
	return JMAP_DONE;
}
