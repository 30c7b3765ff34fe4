/* The life of a role process. Internal to role; cmd calls role_main. */
#ifndef ROLE_PROCESS_H
#define ROLE_PROCESS_H

#include "ipc/ipc.h"

/* Takes the control socket at CONTROL_FD and runs the role to its end; returns the exit status of the process. */
int role_main(enum role role, unsigned index);

#ifdef LETTERLOCK_FAULTS
/* Tests of the jail: in place of the role's loop tries one thing that the row may forbid (open, write, socket, connect, execve,
 * ptrace, fork); prints "allowed" or "refused <errno>". A deadly try ends the process by SIGSYS. Returns the exit status. */
int role_jail_probe(enum role role, const char *data_dir, const char *attempt);
#endif

#endif
