/* The arguments of domain.add and domain.set that make a relay domain. */
#ifndef AUTH_ADMIN_RELAY_H
#define AUTH_ADMIN_RELAY_H

#include "auth/admin_job.h"

/* Changes *relay by what is given. 0, or the job is refused. */
int admin_relay_read(struct admin_job *job, struct directory_relay *relay, bool *ret_changed);
/* Sets "relay", "verify", "tls", "client_info" and "from_networks"; all empty for other domains. */
void admin_relay_show(struct admin_job *job, const struct directory_relay *relay, json_t *into);

#endif
