/* Calls that come over HTTPS: ADMIN_CALL and ADMIN_HEALTH of the management edge, on the same way as those of the local socket. */
#ifndef ADMIN_REMOTE_H
#define ADMIN_REMOTE_H

#include "ipc/ipc.h"

/* Before the first channel is added. */
void admin_remote_register(struct ipc *ipc);

#endif
