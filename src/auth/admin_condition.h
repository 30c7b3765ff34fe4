/* Inside auth: what a change of the policy "conditions" needs besides its check. */
#ifndef AUTH_ADMIN_CONDITION_H
#define AUTH_ADMIN_CONDITION_H

#include "auth/access_private.h"
#include "auth/admin_job.h"

/* Refused when the new conditions would deny the author's own session, or make it read-only or ask it for what it has not shown. */
int conditions_guard(struct admin_job *job, const json_t *value);
/* Inside the change, before the new value is stored: the former one comes back unless confirmed. */
int conditions_stored(struct admin_job *job, struct error *err);

#endif
