#include "sys/worker.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/sandbox_private.h"

#define EXIT_NO_JAIL 125
#define FILES_MAX 32

/* Not fork(): the system call filter knows these flags and no others. The process number that libc remembers is not used by anybody. */
pid_t worker_fork(struct worker *ret)
{
	int ended = -1;
	long pid = syscall(SYS_clone, WORKER_CLONE_FLAGS, NULL, &ended, NULL, NULL);

	if (pid > 0)
		*ret = (struct worker){.pid = (pid_t)pid, .ended = ended};
	return (pid_t)pid;
}

static bool take_descriptors(int in, int out)
{
	int from = dup(in), to = dup(out);

	/* Both lie above 3 now, whatever they were. */
	while (from >= 0 && from <= 3)
		from = dup(from);
	while (to >= 0 && to <= 3)
		to = dup(to);
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(from, fd) < 0)
			return false;
	if (dup2(to, 3) < 0)
		return false;
	return syscall(SYS_close_range, 4, ~0u, 0) == 0;
}

void worker_enter(int in, int out, const struct worker_limits *limits)
{
	struct itimerval alarm_at = {.it_value = {.tv_sec = limits->seconds}};
	struct sandbox_limits l = limits->limits;

	signal(SIGALRM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	l.files = FILES_MAX;
	if (!take_descriptors(in, out) || setitimer(ITIMER_REAL, &alarm_at, NULL) != 0 || sandbox_set_limits(&l, NULL) != 0
	    || sandbox_seccomp_worker(NULL) != 0)
		_exit(EXIT_NO_JAIL);
}

void worker_kill(const struct worker *w)
{
	(void)syscall(SYS_pidfd_send_signal, w->ended, SIGKILL, NULL, 0);
}

int worker_reap(struct worker *w)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(w->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	file_close(&w->ended);
	w->pid = 0;
	if (pid < 0)
		return -SIGKILL;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
