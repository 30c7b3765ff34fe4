/* JSON that came from outside: strict, small, and read into slices. Inside sso. */
#ifndef SSO_JSON_H
#define SSO_JSON_H

#include <jansson.h>

#include "base/arena.h"

#define SSO_JSON_DEPTH_MAX 20

/* An object without doubled names, at most `max` bytes and SSO_JSON_DEPTH_MAX levels; NULL otherwise. The caller's: json_decref. */
json_t *sso_json_object(struct slice text, size_t max);
/* A text member; empty when it is missing or no text. In the arena. */
struct slice sso_json_text(const json_t *object, const char *name, struct arena *arena);
/* As above, borrowed: valid as long as the object. */
struct slice sso_json_peek(const json_t *object, const char *name);
/* Is `value` an element of the member, which is an array of texts? */
bool sso_json_lists(const json_t *object, const char *name, struct slice value);

#endif
