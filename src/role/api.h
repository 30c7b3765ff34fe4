/*
 * What the management API and the self-service of the web have in common: arguments of an operation from a query, and its outcome as an
 * answer of HTTP (docs/api.md). Pure.
 */
#ifndef ROLE_API_H
#define ROLE_API_H

#include <jansson.h>

#include "admin/operation.h"
#include "base/buf.h"
#include "http/message.h"
#include "ipc/admin.h"

#define API_FIELD_MAX 24

/* An object, the caller's. NULL: some parameter is unknown, doubled, or not of its type. */
json_t *api_args_of_query(const struct admin_operation *op, struct slice query);
/* The HTTP status of an outcome; code: the member of a refusal, empty: none. */
unsigned api_status(enum admin_status status, struct slice code);
/* A text member, borrowed; empty when there is none. */
struct slice api_text(const json_t *object, const char *name);
/*
 * The result of a refusal as problem+json: what else it tells (the number of an approval) stays in it (RFC 9457 3.2). The caller frees
 * it; may be NULL.
 */
char *api_problem(enum admin_status status, json_t *result, struct slice cid, unsigned *ret_number);
/* The field that goes with such an answer (WWW-Authenticate, Retry-After); without a name: none. */
struct http_field api_problem_field(unsigned number, const json_t *result, char room[API_FIELD_MAX]);
/* RFC 8288: where the next page is, for an answer to GET; nothing when this is the last. */
void api_link(struct slice op, struct slice query, const json_t *result, struct buf *link);

#endif
