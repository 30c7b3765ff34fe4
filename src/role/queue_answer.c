#include "role/queue_answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

json_t *queue_answer_text(struct slice s)
{
	struct buf clean = BUF_INIT(s.n * 3 + 16);
	json_t *j;

	utf8_append_clean(&clean, s);
	j = buf_len(&clean) > 0 ? json_stringn_nocheck((const char *)buf_slice(&clean).p, buf_len(&clean)) : NULL;
	buf_free(&clean);
	return j != NULL ? j : json_string("");
}

struct slice queue_answer_argument(const json_t *args, const char *name)
{
	return slice_str(json_string_value(json_object_get(args, name)));
}

bool queue_answer_matches(struct slice address, struct slice wanted)
{
	return wanted.n == 0 || slice_search_nocase(address, wanted) >= 0;
}

void queue_answer_send(struct ipc_call *call, enum admin_status status, const json_t *result)
{
	char *s = json_dumps(result, JSON_COMPACT);
	struct ipc_queue_admin_reply reply = {.status = (uint8_t)status, .result = slice_str(s)};

	if (s == NULL || strlen(s) > ADMIN_JSON_MAX) {
		reply.status = ADMIN_FAILED;
		reply.result = SLICE("{\"error\":\"The answer is too long.\"}");
	}
	ipc_reply(call, &reply);
	free(s);
}
