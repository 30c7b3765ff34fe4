/* What a page of the web must know of the configuration before anybody is signed in. */
#ifndef ROLE_WEB_POLICY_H
#define ROLE_WEB_POLICY_H

#include <jansson.h>

#include "role/web.h"

/* The member "policy" of GET /api/session (docs/web-signin.md); the caller's. */
json_t *web_policy(struct web_exchange *x);

#endif
