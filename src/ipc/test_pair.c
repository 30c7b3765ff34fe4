#include "ipc/test_pair.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/ensure.h"
#include "ipc/ipc_private.h"

void ipc_test_join(struct ipc *a, struct ipc *b)
{
	int fd[2];
	ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == 0);
	ipc_channel_add(a, b->role, b->index, fd[0]);
	ipc_channel_add(b, a->role, a->index, fd[1]);
}

struct ipc_test_pair ipc_test_pair_create(struct loop *loop, enum role a, enum role b)
{
	return (struct ipc_test_pair){.loop = loop, .a = ipc_create(loop, a, 0), .b = ipc_create(loop, b, 0)};
}

void ipc_test_pair_free(struct ipc_test_pair *pair)
{
	ipc_destroy(&pair->a);
	ipc_destroy(&pair->b);
}

struct run {
	struct loop *loop;
	struct timer *poll;
	const bool *flag;
	int64_t until;
};

static void look(void *arg)
{
	struct run *run = arg;
	if (*run->flag || loop_now(run->loop).mono_ms >= run->until)
		loop_stop(run->loop);
	else
		timer_start(run->poll, 1);
}

bool ipc_test_run_until(struct loop *loop, const bool *flag, int64_t ms)
{
	struct run run = {.loop = loop, .flag = flag, .until = loop_now(loop).mono_ms + ms};
	run.poll = timer_create_on(loop, look, &run);
	timer_start(run.poll, 0);
	loop_run(loop);
	timer_destroy(&run.poll);
	return *flag;
}
