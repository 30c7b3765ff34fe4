/*
 * Processes that do one dangerous thing and end: forked by a role behind its jail (SANDBOX_FORK), in the same jail and a tighter one of
 * their own. A worker has the descriptors it is given and nothing else of its role, which it cannot reach in any way but by what it leaves behind.
 */
#ifndef SYS_WORKER_H
#define SYS_WORKER_H

#include <sys/types.h>

#include "sys/sandbox.h"

struct worker {
	pid_t pid;
	int ended;   /* becomes readable when the process has ended; owned */
};

struct worker_limits {
	struct sandbox_limits limits;
	unsigned seconds;   /* of the clock; then it is killed by SIGALRM, if it does not see to that it is not */
};

/* As fork(): 0 in the new process, which has to call worker_enter first; its number in the other, with *ret filled; negative: not now. */
pid_t worker_fork(struct worker *ret);
/*
 * In the new process: descriptors 0, 1 and 2 are `in` from now on, 3 is `out`, all others are closed; the limits hold; it starts no process,
 * has no sockets and makes none. Does not return when that fails.
 */
void worker_enter(int in, int out, const struct worker_limits *limits);
/* Ends it, whatever it does. */
void worker_kill(const struct worker *w);
/* Takes one away that has ended (`ended` is readable). Its exit status, or minus the signal that ended it. */
int worker_reap(struct worker *w);

#endif
