/* What administrative operations of the queue have in common: JSON in, JSON out. */
#ifndef ROLE_QUEUE_ANSWER_H
#define ROLE_QUEUE_ANSWER_H

#include <jansson.h>

#include "ipc/admin.h"
#include "ipc/ipc.h"

/* Text of a letter as a JSON string: what is no UTF-8 is replaced. Never NULL. */
json_t *queue_answer_text(struct slice s);
/* A member of the arguments; empty when it is none, or no string. */
struct slice queue_answer_argument(const json_t *args, const char *name);
/* Is `wanted` a part of the address, without case? Every address has the empty one. */
bool queue_answer_matches(struct slice address, struct slice wanted);
/* Answers the call with the result, which stays the caller's; ADMIN_FAILED when it is longer than ADMIN_JSON_MAX. */
void queue_answer_send(struct ipc_call *call, enum admin_status status, const json_t *result);

#endif
