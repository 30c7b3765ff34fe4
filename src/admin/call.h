/*
 * One administrative call from evidence to result, whether it came over the local socket or over HTTPS: auth decides who asks and whether
 * he may, the role that can answers, everything is recorded. A call with a key is done once (auth keeps the keys, so also over a crash).
 */
#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

#include "admin/request.h"

#define ADMIN_ANSWER_MAX (64u << 20) /* bytes of an answer: what 1000 shards may say together */
#define ADMIN_UID_NONE 0xffffffffu

/* What is known of who asks; borrowed. */
struct admin_evidence {
	uint32_t uid;                 /* of the local socket, or ADMIN_UID_NONE */
	struct slice token, address, agent, reason;
};

/* result: a JSON object, borrowed. With a status other than ADMIN_OK and ADMIN_PARTIAL it has "error" (a sentence), and may have "code". */
typedef void admin_call_fn(void *arg, enum admin_status status, struct slice result);
/*
 * Everything is copied. fn is called exactly once, never from inside. A request with a key (of one that changes something) is done once:
 * repeated with the same key it gets the first answer again, with another request under that key it is refused as "key_reused".
 */
void admin_call(struct ipc *ipc, const struct admin_evidence *evidence, const struct admin_request *request, admin_call_fn *fn, void *arg);
/* {"code":…,"error":…} */
void admin_error(struct buf *out, const char *code, const char *text);

#endif
