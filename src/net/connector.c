#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/address.h"
#include "net/conn.h"

struct connector {
	struct loop *loop;
	struct watcher *watcher;
	struct timer *timer;
	connect_fn *fn;
	void *arg;
	int fd;
	int error; /* known before the loop runs; told from the timer */
};

static void release(struct connector *c)
{
	watcher_destroy(&c->watcher);
	timer_destroy(&c->timer);
	if (c->fd >= 0)
		close(c->fd);
	memory_free(c);
}

static void report(struct connector *c, int error)
{
	connect_fn *fn = c->fn;
	void *arg = c->arg;
	int fd = -1;
	if (error == 0) {
		fd = c->fd;
		c->fd = -1;
	}
	release(c);
	fn(arg, fd, error);
}

static void on_writable(void *arg, int events)
{
	struct connector *c = arg;
	int error = 0;
	socklen_t n = sizeof error;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		error = errno;
	if (error == 0) {
		/* A wake-up without a result (seen after spurious POLLERR) is not a connection yet. */
		struct sockaddr_storage peer;
		socklen_t peer_n = sizeof peer;
		if (getpeername(c->fd, (struct sockaddr *)&peer, &peer_n) != 0)
			return;
	}
	report(c, error);
}

static void on_timer(void *arg)
{
	struct connector *c = arg;
	report(c, c->error != 0 ? c->error : ETIMEDOUT);
}

/* 0: the path is too long. */
static socklen_t unix_address(struct slice path, struct sockaddr_storage *ret)
{
	struct sockaddr_un *to = (struct sockaddr_un *)ret;
	if (path.n >= sizeof to->sun_path)
		return 0;
	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(to->sun_path, path.p, path.n);
	return (socklen_t)sizeof *to;
}

static int begin(struct connector *c, struct slice address, uint16_t port)
{
	struct sockaddr_storage to;
	socklen_t n = address.n > 0 && address.p[0] == '/' ? unix_address(address, &to) : net_address_parse(address, port, &to);
	if (n == 0)
		return EAFNOSUPPORT;
	c->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return errno;
	if (to.ss_family != AF_UNIX)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (connect(c->fd, (struct sockaddr *)&to, n) != 0 && errno != EINPROGRESS)
		return errno;
	c->watcher = watcher_create(c->loop, c->fd, on_writable, c);
	watcher_set(c->watcher, WATCH_WRITE);
	return 0;
}

struct connector *connector_start(struct loop *loop, struct slice address, uint16_t port, int64_t timeout_ms, connect_fn *fn, void *arg)
{
	struct connector *c = memory_alloc(sizeof *c);
	c->loop = loop;
	c->fn = fn;
	c->arg = arg;
	c->fd = -1;
	c->timer = timer_create_on(loop, on_timer, c);
	c->error = begin(c, address, port);
	timer_start(c->timer, c->error != 0 ? 0 : timeout_ms);
	return c;
}

void connector_cancel(struct connector **connector)
{
	if (*connector != NULL)
		release(*connector);
	*connector = NULL;
}
