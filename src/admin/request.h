/*
 * One administrative request: a line of JSON, {"op":"user.add","args":{…}}, checked against ipc/operations.h.
 * Pure: no socket, no state.
 */
#ifndef ADMIN_REQUEST_H
#define ADMIN_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "ipc/admin.h"
#include "ipc/ipc.h"

#define ADMIN_LINE_MAX 65536   /* bytes of one request line */
#define ADMIN_LIST_MAX 1000    /* members of one list in args */

enum admin_operation_kind { OPERATION_READS, OPERATION_CHANGES };

struct admin_operation {
	struct slice name;
	enum role role;
	enum admin_operation_kind kind;
	struct slice members; /* as in ipc/operations.h */
};

struct admin_request {
	const struct admin_operation *operation;
	struct slice args; /* compact JSON object, at most ADMIN_JSON_MAX bytes, in the arena */
};

/* 0, or ERR_INVALID / ERR_LIMIT / ERR_NOT_FOUND (no such operation) with a public text for the person who asked. */
int admin_request_parse(struct slice line, struct arena *arena, struct admin_request *ret, struct error *err);
/* NULL when there is none. */
const struct admin_operation *admin_operation_find(struct slice name);

/* Appends {"status":n,"result":…} and a newline; a result that is no JSON object becomes an error. */
void admin_answer(struct buf *out, enum admin_status status, struct slice result);
/* Appends {"status":n,"error":"text"} and a newline. */
void admin_answer_error(struct buf *out, enum admin_status status, const char *text);

#endif
