/*
 * The system calls of each set. Three answers: allowed; forbidden for certain (the process is killed: nobody asks for these by
 * accident); anything else is ENOSYS, so that a newer libc falls back to what it used before.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"
#include "sys/sandbox_private.h"

/* SCMP_A0 and its like leave the second operand out where none is needed. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define CALL(name) SCMP_SYS(name)

static const int core_calls[] = {
	/* memory and threads; clone has a rule of its own */
	CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(mlock), CALL(mlock2), CALL(munlock), CALL(membarrier),
	CALL(futex), CALL(set_robust_list), CALL(rseq), CALL(sched_yield), CALL(sched_getaffinity), CALL(set_tid_address),
	CALL(exit), CALL(exit_group), CALL(restart_syscall), CALL(getrandom),
	/* signals: for itself only where it can be told */
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(sigaltstack), CALL(gettid), CALL(getpid), CALL(getppid),
	/* descriptors that it has */
	CALL(read), CALL(readv), CALL(pread64), CALL(preadv), CALL(write), CALL(writev), CALL(pwrite64), CALL(pwritev), CALL(close), CALL(close_range),
	CALL(lseek), CALL(fstat), CALL(newfstatat), CALL(dup), CALL(dup2), CALL(dup3), CALL(ftruncate), CALL(fallocate),
	CALL(memfd_create), CALL(pipe2), CALL(eventfd2), CALL(sendfile), CALL(copy_file_range),
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6),
	CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg), CALL(sendto), CALL(sendmsg), CALL(sendmmsg), CALL(shutdown),
	CALL(getsockopt), CALL(setsockopt), CALL(getsockname), CALL(getpeername),
	/* time and itself */
	CALL(clock_gettime), CALL(clock_getres), CALL(clock_nanosleep), CALL(nanosleep), CALL(gettimeofday), CALL(time), CALL(times), CALL(getrusage), CALL(setitimer),
	CALL(uname), CALL(sysinfo), CALL(getcwd), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getrlimit),
};

/* No chmod: Landlock does not watch it, and all roles may run under one user. */
static const int file_calls[] = {
	CALL(open), CALL(openat), CALL(stat), CALL(lstat), CALL(statx), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink), CALL(readlinkat),
	CALL(getdents64), CALL(fsync), CALL(fdatasync), CALL(sync_file_range), CALL(rename), CALL(renameat), CALL(renameat2), CALL(unlink),
	CALL(unlinkat), CALL(rmdir), CALL(mkdir), CALL(mkdirat), CALL(fchmod), CALL(fchown), CALL(umask), CALL(flock), CALL(statfs), CALL(fstatfs),
	CALL(fadvise64),
};

static const int accept_calls[] = {CALL(accept), CALL(accept4)};
static const int connect_calls[] = {CALL(connect)};
static const int bind_calls[] = {CALL(bind)};
/* pidfd_send_signal: to who was forked here, for nobody else's descriptor can be had. seccomp: filters only add up. */
static const int fork_calls[] = {CALL(wait4), CALL(pidfd_send_signal), CALL(seccomp)};
/* What a worker is refused of what its role has. */
static const int worker_refused[] = {CALL(wait4), CALL(pidfd_send_signal), CALL(seccomp), CALL(memfd_create), CALL(socketpair), CALL(recvmsg),
	CALL(recvfrom), CALL(recvmmsg), CALL(sendto), CALL(sendmsg), CALL(sendmmsg), CALL(rename), CALL(renameat), CALL(renameat2), CALL(unlink),
	CALL(unlinkat), CALL(mkdir), CALL(mkdirat), CALL(rmdir), CALL(epoll_create1), CALL(setitimer)};

/* A program of ours never asks for these: whoever does is somebody else. */
static const int deadly_calls[] = {
	CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev),
	CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(unshare), CALL(setns), CALL(open_tree), CALL(move_mount), CALL(fsopen),
	CALL(bpf), CALL(perf_event_open), CALL(userfaultfd), CALL(io_uring_setup), CALL(kexec_load), CALL(init_module), CALL(finit_module),
	CALL(delete_module), CALL(reboot), CALL(swapon), CALL(swapoff), CALL(keyctl), CALL(add_key), CALL(request_key), CALL(setuid), CALL(setgid),
	CALL(setresuid), CALL(setresgid), CALL(setgroups), CALL(capset), CALL(personality), CALL(iopl), CALL(ioperm), CALL(modify_ldt),
	CALL(open_by_handle_at), CALL(name_to_handle_at), CALL(acct), CALL(quotactl), CALL(sethostname), CALL(settimeofday), CALL(clock_settime),
};

static int add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	int r = 0;
	for (size_t i = 0; i < count && r == 0; i++)
		r = seccomp_rule_add(filter, action, calls[i], 0);
	return r;
}

/* Threads yes, processes never, but workers. clone3 hides its flags in memory: ENOSYS makes libc use clone. */
static int add_threads(scmp_filter_ctx filter, unsigned sets)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
	/* Two answers for one call would depend on their order: where workers are forked, other processes are ENOSYS. */
	if (r == 0 && (sets & SANDBOX_FORK))
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(clone), 1, SCMP_A0(SCMP_CMP_EQ, WORKER_CLONE_FLAGS));
	else if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, CALL(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	if (r == 0 && (sets & SANDBOX_FORK))
		r = add_calls(filter, SCMP_ACT_ALLOW, fork_calls, ARRAY_LEN(fork_calls));
	return r;
}

/* No memory that is executable, from the start or later. */
static int add_memory(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

/* Limits may be read (workers lower their own); signals reach the own process only (F_SETOWN and F_SETSIG would reach others); ioctl for what libuv and libc ask
 * of descriptors. */
static int add_guarded(scmp_filter_ctx filter, unsigned sets)
{
	static const int fcntls[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK,
		F_OFD_SETLKW, F_ADD_SEALS, F_GET_SEALS};
	static const unsigned long ioctls[] = {FIONBIO, FIOCLEX, FIONREAD, 0x5401 /* TCGETS: isatty */};
	int r = sets & SANDBOX_FORK ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0))
		: seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
	for (size_t i = 0; i < ARRAY_LEN(fcntls) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)fcntls[i]));
	for (size_t i = 0; i < ARRAY_LEN(ioctls) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, ioctls[i]));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(kill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(prctl), 1, SCMP_A0(SCMP_CMP_EQ, 15 /* PR_SET_NAME */));
	return r;
}

static int add_socket(scmp_filter_ctx filter, unsigned sets)
{
	int r = 0;
	if (sets & SANDBOX_CONNECT) {
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET));
		if (r == 0)
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET6));
		/* libc asks these two about interfaces and services and can do without. */
		if (r == 0)
			r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), CALL(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK));
		if (r == 0)
			r = seccomp_rule_add(filter, sets & SANDBOX_LOCAL ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), CALL(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
		if (r == 0)
			r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, CALL(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
	} else {
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, CALL(socket), 0);
	}
	if (r == 0 && (sets & SANDBOX_SOCKETPAIR))
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	return r;
}

/* What is not in the sets of the row but common enough that a library may try it: refused, not deadly. */
static int add_sets(scmp_filter_ctx filter, unsigned sets)
{
	static const struct {
		unsigned set;
		const int *calls;
		size_t count;
	} table[] = {
		{SANDBOX_FILES, file_calls, ARRAY_LEN(file_calls)},
		{SANDBOX_ACCEPT, accept_calls, ARRAY_LEN(accept_calls)},
		{SANDBOX_CONNECT, connect_calls, ARRAY_LEN(connect_calls)},
		{SANDBOX_BIND, bind_calls, ARRAY_LEN(bind_calls)},
	};
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(table) && r == 0; i++) {
		bool given = sets & table[i].set;
		r = add_calls(filter, given ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), table[i].calls, table[i].count);
	}
	return r;
}

int sandbox_seccomp_load(unsigned sets, struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (filter == NULL)
		return error_set(err, ERR_IO, "seccomp_init");
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = add_calls(filter, SCMP_ACT_ALLOW, core_calls, ARRAY_LEN(core_calls));
	if (r == 0)
		r = add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly_calls, ARRAY_LEN(deadly_calls));
	if (r == 0)
		r = add_sets(filter, sets);
	if (r == 0)
		r = add_threads(filter, sets);
	if (r == 0)
		r = add_memory(filter);
	if (r == 0)
		r = add_guarded(filter, sets);
	if (r == 0)
		r = add_socket(filter, sets);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r == 0 ? 0 : error_set(err, ERR_IO, "seccomp: error %d", -r);
}

int sandbox_seccomp_worker(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = filter != NULL ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) : -ENOMEM; /* set, and not to be set again behind the jail */

	if (r == 0)
		r = add_calls(filter, SCMP_ACT_ERRNO(EPERM), worker_refused, ARRAY_LEN(worker_refused));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, CALL(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	if (r == 0)
		r = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	return r == 0 ? 0 : error_set(err, ERR_IO, "seccomp of a worker: error %d", -r);
}
