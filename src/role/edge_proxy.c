/*
 * The PROXY header of trusted load balancers stands before everything, TLS included. It is looked at with MSG_PEEK, so that not one byte of
 * what follows is taken off the socket.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/address.h"
#include "net/prefix.h"
#include "role/edge.h"
#include "smtp/proxy.h"

#define PROXY_WAIT_MS 5000
#define PROXY_POLL_MS 20

struct arrival {
	struct edge *edge;
	const struct edge_service *service;
	int fd;
	struct watcher *watcher;
	struct timer *timer;
	int64_t until_ms;
};

bool edge_proxy_trusted(const struct edge *edge, int fd)
{
	const config_texts *trusted = &edge->ctx->config->proxy_from;
	struct sockaddr_storage peer;
	socklen_t size = sizeof peer;
	char text[ADDRESS_TEXT_MAX];

	if (trusted->count == 0 || getpeername(fd, (struct sockaddr *)&peer, &size) < 0)
		return false;
	return net_prefixes_hold(trusted->items, trusted->count, address_format(&peer, text));
}

/* Ends the wait; the descriptor goes on or is closed. */
static void arrival_end(struct arrival *a, bool valid, struct slice source)
{
	int fd = a->fd;

	watcher_destroy(&a->watcher);
	timer_destroy(&a->timer);
	if (valid) {
		edge_accept(a->edge, a->service, fd, source);
	} else {
		a->edge->refused++;
		log_event(EV_CONN_REFUSED, LOG_STR("service", a->service->name), LOG_STR("why", "no PROXY header"));
		close(fd);
	}
	memory_free(a);
}

static bool drop_header(int fd, size_t length)
{
	uint8_t header[PROXY_HEADER_MAX];

	return recv(fd, header, length, 0) == (ssize_t)length;
}

static void look(void *arg)
{
	struct arrival *a = arg;
	uint8_t bytes[PROXY_HEADER_MAX];
	struct proxy_header header;
	ssize_t n = recv(a->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);

	if (n > 0) {
		enum proxy_status status = proxy_header_parse(slice_make(bytes, (size_t)n), &header);

		if (status == PROXY_CLIENT || status == PROXY_LOCAL) {
			bool dropped = drop_header(a->fd, header.length);

			arrival_end(a, dropped, status == PROXY_CLIENT ? slice_str(header.source) : SLICE_NONE);
			return;
		}
		if (status == PROXY_INVALID) {
			arrival_end(a, false, SLICE_NONE);
			return;
		}
	}
	if (n == 0 || loop_now(a->edge->ctx->loop).mono_ms >= a->until_ms) {
		arrival_end(a, false, SLICE_NONE);
		return;
	}
	/* An incomplete header leaves the socket readable: look again by time, not by readiness. */
	watcher_set(a->watcher, n > 0 ? 0 : WATCH_READ);
	timer_start(a->timer, n > 0 ? PROXY_POLL_MS : a->until_ms - loop_now(a->edge->ctx->loop).mono_ms);
}

static void on_readable(void *arg, int events)
{
	look(arg);
}

void edge_proxy_accept(struct edge *edge, const struct edge_service *service, int fd)
{
	struct arrival *a = memory_alloc(sizeof *a);

	*a = (struct arrival){.edge = edge, .service = service, .fd = fd};
	a->until_ms = loop_now(edge->ctx->loop).mono_ms + PROXY_WAIT_MS;
	a->watcher = watcher_create(edge->ctx->loop, fd, on_readable, a);
	a->timer = timer_create_on(edge->ctx->loop, look, a);
	watcher_set(a->watcher, WATCH_READ);
	timer_start(a->timer, PROXY_WAIT_MS);
}
