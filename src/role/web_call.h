/*
 * Calls of the web to admin: an operation of ipc/operations.h in the session of a cookie, or of nobody. Admin passes only what is about
 * oneself.
 */
#ifndef ROLE_WEB_CALL_H
#define ROLE_WEB_CALL_H

#include <jansson.h>

#include "ipc/admin.h"
#include "role/web.h"

/*
 * The exchange is not gone. result: an object, borrowed; with a status other than ADMIN_OK and ADMIN_PARTIAL a refusal. Called once,
 * later; not when the client left or nothing could be asked, which is answered then.
 */
typedef void web_called_fn(struct web_exchange *x, enum admin_status status, json_t *result);
/* args is taken over; NULL: none. token empty: nobody is signed in. */
void web_call(struct web_exchange *x, const char *op, struct slice token, json_t *args, web_called_fn *fn);
/* The same, with the idempotency key of the request. */
void web_call_keyed(struct web_exchange *x, struct slice op, struct slice token, struct slice key, json_t *args, web_called_fn *fn);
/* Asked, and whatever comes of it is not waited for. */
void web_call_away(struct web_exchange *x, const char *op, struct slice token);

/* The body as an object, the caller's; an empty one is {}. NULL: it is none, and that was answered. */
json_t *web_body_object(struct web_exchange *x);
bool web_args_set(json_t *args, const char *name, struct slice text);

/* Answers. Fields may be NULL, at most WEB_REPLY_FIELDS. */
#define WEB_REPLY_FIELDS 4
void web_reply(struct web_exchange *x, unsigned status, const json_t *value, const struct http_field *fields, size_t count);
void web_reply_problem(struct web_exchange *x, enum admin_status status, json_t *result, const struct http_field *fields, size_t count);

#endif
