/* The life of a role process. Internal to role; cmd calls role_main. */
#ifndef ROLE_PROCESS_H
#define ROLE_PROCESS_H

#include "role/role.h"

/* Takes the control socket at CONTROL_FD and runs the role to its end; returns the exit status of the process. */
int role_main(enum role role, unsigned index);

#ifdef LETTERLOCK_FAULTS
/*
 * Tests of the jail. Tries everything that a row may forbid, each in a process of its own behind the jail of that instance under the configuration
 * at `path`; prints lines
 * "probe <role> <instance> <attempt> allowed|killed|<errno>". Returns the exit status.
 */
int role_jail_probe(enum role role, unsigned index, const char *path);
/*
 * The same inside of a running role, without what would kill it: with LETTERLOCK_FAULT_PROBE in the environment the lines go to stderr. With
 * LETTERLOCK_FAULT_FORGE=<role> that role sends everybody a message that the table forbids, shortly after its start.
 */
void role_probe_prepare(struct role_context *ctx); /* before the jail closes */
void role_probe_run(struct role_context *ctx);
#else
static inline void role_probe_prepare(struct role_context *ctx) { (void)ctx; }
static inline void role_probe_run(struct role_context *ctx) { (void)ctx; }
#endif

#endif
