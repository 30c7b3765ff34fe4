#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/conn.h"

#define BURST 64           /* accepts in one round: others must get their turn */
#define SHORTAGE_PAUSE_MS 200

struct listener {
	struct loop *loop;
	struct watcher *watcher;
	struct timer *retry;
	listener_fn *fn;
	void *arg;
	int fd;
	bool paused, short_of_fds;
	bool *destroyed; /* set while accepting, so that the callback may destroy us */
};

static void update(struct listener *l)
{
	watcher_set(l->watcher, l->paused || l->short_of_fds ? 0 : WATCH_READ);
}

static void on_retry(void *arg)
{
	struct listener *l = arg;
	l->short_of_fds = false;
	update(l);
}

/* Out of descriptors or memory: the connection stays in the backlog; polling on would spin. */
static void shortage(struct listener *l)
{
	l->short_of_fds = true;
	update(l);
	timer_start(l->retry, SHORTAGE_PAUSE_MS);
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_ready(void *arg, int events)
{
	struct listener *l = arg;
	bool destroyed = false;
	l->destroyed = &destroyed;
	for (int i = 0; i < BURST && !l->paused; i++) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			l->fn(l->arg, fd);
			if (destroyed)
				return;
			continue;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		if (is_shortage(errno)) {
			shortage(l);
			break;
		}
		/* ECONNABORTED and the network errors of accept(2) concern one connection only. */
	}
	l->destroyed = NULL;
}

struct listener *listener_create(struct loop *loop, int fd, listener_fn *fn, void *arg)
{
	struct listener *l = memory_alloc(sizeof *l);
	l->loop = loop;
	l->fd = fd;
	l->fn = fn;
	l->arg = arg;
	l->watcher = watcher_create(loop, fd, on_ready, l);
	l->retry = timer_create_on(loop, on_retry, l);
	update(l);
	return l;
}

void listener_pause(struct listener *listener, bool paused)
{
	listener->paused = paused;
	update(listener);
}

void listener_destroy(struct listener **listener)
{
	struct listener *l = *listener;
	*listener = NULL;
	if (l == NULL)
		return;
	if (l->destroyed != NULL)
		*l->destroyed = true;
	watcher_destroy(&l->watcher);
	timer_destroy(&l->retry);
	close(l->fd);
	memory_free(l);
}
