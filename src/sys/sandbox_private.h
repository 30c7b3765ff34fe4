#ifndef SYS_SANDBOX_PRIVATE_H
#define SYS_SANDBOX_PRIVATE_H

#include "sys/sandbox.h"

/* Loads the filter of these sets for all threads of the process. 0 or negative. */
int sandbox_seccomp_load(unsigned sets, struct error *err);

#endif
