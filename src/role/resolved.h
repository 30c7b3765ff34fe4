/* What resolver answered, as the checks of mail take it (trust/facts.h). */
#ifndef ROLE_RESOLVED_H
#define ROLE_RESOLVED_H

#include "ipc/ipc.h"
#include "trust/facts.h"

/* Borrows the records of the reply. */
struct dns_answer role_resolved(enum ipc_outcome outcome, const struct ipc_resolve_reply *reply);

#endif
