/*
 * Fault injection for the crash tests. Without -Dfaults=true it compiles to nothing.
 *
 * The environment variable LETTERLOCK_FAULT holds "name:count:action[,…]": at the count-th passage (from 1) of the named point the
 * process is killed (kill), or the guarded system call fails once with ENOSPC (enospc) or EIO (eio). LETTERLOCK_FAULT_ROLE limits it
 * to one role (set by fault_setup).
 */
#ifndef SYS_FAULT_H
#define SYS_FAULT_H

enum fault_point {
#define FAULT(name) FAULT_##name,
#include "sys/faults.h"
#undef FAULT
	FAULT_COUNT
};

#ifdef LETTERLOCK_FAULTS
/* Reads the environment once; `role` is the name of this process. */
void fault_setup(const char *role);
/* Kills the process when it is its turn. */
void fault_pass(enum fault_point point);
/* 0, or the errno that the guarded call shall pretend. */
int fault_take(enum fault_point point);
#define FAULT_POINT(name) fault_pass(FAULT_##name)
#define fault_errno(name) fault_take(FAULT_##name)
#else
static inline void fault_setup(const char *role) { (void)role; }
#define FAULT_POINT(name) ((void)0)
#define fault_errno(name) 0
#endif

#endif
