/* Inside auth: what operations on the own authority and on certificates of devices share. */
#ifndef AUTH_ADMIN_CERTIFICATE_H
#define AUTH_ADMIN_CERTIFICATE_H

#include "auth/admin_job.h"
#include "auth/authority.h"

/* A row of the ledger, without the certificate itself. */
json_t *issued_json(struct admin_job *job, const struct issued *row);
/* What of the authority somebody should do something about (admin_authority_check.c). */
int ca_check(struct admin_job *job);

#endif
