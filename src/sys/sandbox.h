/*
 * The jail of a process: NO_NEW_PRIVS, no dump, no core, rlimits, Landlock, seccomp. Closed once, for the whole life of the process.
 * It must be closed before the process has a second thread (Landlock binds the calling thread and what it starts later).
 */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

/* What a role needs besides reading, writing and waiting on descriptors that it holds. */
enum sandbox_set {
	SANDBOX_FILES = 1,      /* open, rename, unlink, mkdir, fsync; where is Landlock's business */
	SANDBOX_ACCEPT = 2,     /* accept and set up connections on listening descriptors */
	SANDBOX_CONNECT = 4,    /* IPv4 and IPv6 sockets of its own, connect */
	SANDBOX_BIND = 8,       /* bind of such sockets (source ports of DNS) */
	SANDBOX_SOCKETPAIR = 16, /* socketpair(AF_UNIX) */
	SANDBOX_LOCAL = 32,     /* with SANDBOX_CONNECT: Unix stream sockets of its own too */
	SANDBOX_FORK = 64,      /* workers (sys/worker.h); no other processes, and no programs */
};

struct sandbox_path {
	const char *path; /* absolute; one that does not exist is skipped */
	bool write;       /* else read only */
};

struct sandbox_limits {
	uint64_t address_space; /* bytes; 0: unlimited */
	uint64_t cpu_seconds;   /* 0: unlimited */
	uint64_t files;         /* open descriptors; 0: as inherited */
	uint64_t file_size;     /* bytes of one file; 0: unlimited */
};

struct sandbox_policy {
	unsigned sets; /* enum sandbox_set */
	const struct sandbox_path *paths;
	size_t path_count;
	struct sandbox_limits limits;
	bool best_effort; /* go on where the kernel lacks Landlock; seccomp is never optional */
};

struct sandbox_state {
	int landlock_abi; /* 0: missing */
	bool landlock;
	bool seccomp;
};

/* 0, or negative: then the process must end. *ret_state tells what is in force. */
int sandbox_enter(const struct sandbox_policy *policy, struct sandbox_state *ret_state, struct error *err);
/* The Landlock version of the kernel, 0 without. */
int sandbox_landlock_abi(void);
/* No core, no dump, no ptrace by others, no new privileges: at once at start, before secrets arrive. */
int sandbox_harden(struct error *err);
/* Closes every descriptor from `first` on that is not in `keep`. */
void sandbox_close_other_fds(int first, const int *keep, size_t keep_count);

#endif
