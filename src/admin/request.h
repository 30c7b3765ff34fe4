/*
 * One administrative request, checked against ipc/operations.h; and its answer. Pure: no socket, no state.
 * On the local socket a request is a line of JSON: {"op":"user.add","args":{…}}, with "token" for a session and "reason" for an emergency
 * access where there is one.
 */
#ifndef ADMIN_REQUEST_H
#define ADMIN_REQUEST_H

#include "admin/operation.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "ipc/admin.h"

#define ADMIN_LINE_MAX 65536   /* bytes of one request line */
#define ADMIN_LIST_MAX 1000    /* members of one list in args */
#define ADMIN_TOKEN_MAX 4096   /* bytes of a token */
#define ADMIN_REASON_MAX 400   /* bytes of the reason of an emergency access */
#define ADMIN_KEY_MAX 200      /* bytes of an idempotency key */

struct admin_request {
	const struct admin_operation *operation;
	struct slice args;          /* compact JSON object with sorted members, at most ADMIN_JSON_MAX bytes, in the arena */
	struct slice token, reason; /* of a line; in the arena; empty: none */
	struct slice key;           /* of a call that must be done once, set by the caller; at most ADMIN_KEY_MAX bytes; empty: none */
};

/* 0, or ERR_INVALID / ERR_LIMIT / ERR_NOT_FOUND (no such operation) with a public text for the person who asked. */
int admin_request_parse(struct slice line, struct arena *arena, struct admin_request *ret, struct error *err);
/* The same for an operation and its args as JSON (empty: none). */
int admin_request_make(struct slice op, struct slice args, struct arena *arena, struct admin_request *ret, struct error *err);

/* jansson for a process: seeded (before its jail closes), and it overwrites the memory that it gives back. */
void admin_json_setup(void);

/* Appends {"status":n,"result":…} and a newline, with "error" when it was refused; a result that is no JSON object becomes an error. */
void admin_answer(struct buf *out, enum admin_status status, struct slice result);
/* Appends {"status":n,"error":"text"} and a newline. */
void admin_answer_error(struct buf *out, enum admin_status status, const char *text);

#endif
