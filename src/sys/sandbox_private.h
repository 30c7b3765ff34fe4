#ifndef SYS_SANDBOX_PRIVATE_H
#define SYS_SANDBOX_PRIVATE_H

#include "sys/sandbox.h"

/* How a worker is made, and nothing else is: without memory or anything else that it shares, and with a descriptor of its life. */
#define WORKER_CLONE_FLAGS (CLONE_PIDFD | SIGCHLD)

int sandbox_set_limits(const struct sandbox_limits *limits, struct error *err);
/* In a worker, above the filter of its role: threads but no processes; no sockets, no signals to others. 0 or negative. */
int sandbox_seccomp_worker(struct error *err);
/* Loads the filter of these sets for all threads of the process. 0 or negative. */
int sandbox_seccomp_load(unsigned sets, struct error *err);

#endif
