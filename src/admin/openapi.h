/* The description of the admin API (OpenAPI 3.1), made from ipc/operations.h and admin/results.h. */
#ifndef ADMIN_OPENAPI_H
#define ADMIN_OPENAPI_H

#include "base/buf.h"

#define ADMIN_API_PREFIX "/api/v1/"

/* Appends the JSON text; pretty: indented, for docs/openapi.json. */
void admin_openapi(struct buf *out, bool pretty);

#endif
