/* A stream to a receiver: a batch is delivered when the other system has acknowledged all of its bytes. */
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "audit/format.h"
#include "net/prefix.h"
#include "role/ship.h"

enum { TYPE_A = 1, TYPE_AAAA = 28 };
#define INPUT_MAX 4096
#define OUTPUT_MAX (8u << 20)
#define POLL_MS 20

static void send_batch(struct sink *s);

void sink_stream_close(struct sink *s)
{
	connector_cancel(&s->connector);
	conn_destroy(&s->conn);
	s->fd = -1;
	s->ready = false;
}

static void fail(struct sink *s, const char *why)
{
	sink_stream_close(s);
	sink_failed(s, why);
}

/* ---- acknowledgement ---- */

static bool is_acknowledged(const struct sink *s)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof info;
	if (buf_len(conn_output(s->conn)) > 0 || getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return false;
	return info.tcpi_unacked == 0 && (size < offsetof(struct tcp_info, tcpi_notsent_bytes) + sizeof info.tcpi_notsent_bytes
		|| info.tcpi_notsent_bytes == 0);
}

static void look(struct sink *s)
{
	if (is_acknowledged(s))
		sink_delivered(s);
	else if (loop_now(s->ship->ctx->loop).mono_ms > s->drain_until)
		fail(s, "the receiver does not take what is sent");
	else
		sink_after(s, POLL_MS, look);
}

static void send_batch(struct sink *s)
{
	struct buf *out = conn_output(s->conn);
	struct slice rest = buf_slice(&s->lines), line;
	while (slice_split(&rest, '\n', &line))
		(void)audit_format_record((enum audit_format)s->format, line, s->ship->ctx->config->hostname, out);
	if (out->failed) {
		fail(s, "the batch is too large");
		return;
	}
	s->drain_until = loop_now(s->ship->ctx->loop).mono_ms + SHIP_DRAIN_MS;
	sink_after(s, POLL_MS, look);
	conn_flush(s->conn);
}

/* ---- the connection ---- */

static void on_readable(void *owner)
{
	struct sink *s = owner;
	struct buf *in = conn_input(s->conn);
	buf_consume(in, buf_len(in)); /* receivers have nothing to say */
}

static void on_secured(void *owner)
{
	struct sink *s = owner;
	s->ready = true;
	send_batch(s);
}

static void on_ended(void *owner, enum conn_end why)
{
	struct sink *s = owner;
	(void)why;
	timer_stop(s->timer);
	if (buf_len(&s->lines) > 0) {
		fail(s, "the connection ended");
		return;
	}
	/* Nothing is on its way: the round goes on, and connects when there is something. */
	sink_stream_close(s);
	if (!s->busy)
		sink_delivered(s);
}

static const struct conn_events conn_events = {.readable = on_readable, .secured = on_secured, .ended = on_ended};

static void on_connect(void *arg, int fd, int error)
{
	struct sink *s = arg;
	s->connector = NULL;
	if (fd < 0) {
		sink_failed(s, strerror(error));
		return;
	}
	s->fd = fd;
	s->conn = conn_create(s->ship->ctx->loop, fd, INPUT_MAX, &conn_events, s);
	conn_output(s->conn)->max = OUTPUT_MAX;
	conn_idle_limit(s->conn, 0);
	if (s->tls)
		conn_secure_client(s->conn, s->ship->tls, s->host);
	else
		on_secured(s);
}

static void dial(struct sink *s, struct slice address)
{
	s->connector = connector_start(s->ship->ctx->loop, address, s->port, SHIP_CONNECT_MS, on_connect, s);
}

/* ---- addresses ---- */

static void ask(struct sink *s, uint16_t type);

/* True when a record holds an address. */
static bool first_address(struct slice list, char text[INET6_ADDRSTRLEN])
{
	struct slice rdata;
	uint16_t count = 0;
	slice_get_u16(&list, &count);
	for (uint16_t i = 0; i < count && slice_get_bytes(&list, &rdata); i++)
		if ((rdata.n == 4 || rdata.n == 16) && inet_ntop(rdata.n == 4 ? AF_INET : AF_INET6, rdata.p, text, INET6_ADDRSTRLEN) != NULL)
			return true;
	return false;
}

static void resolved(struct sink *s, enum ipc_outcome outcome, const struct ipc_resolve_reply *reply, bool last)
{
	char text[INET6_ADDRSTRLEN];
	if (!sink_awaited(s))
		return;
	if (outcome == IPC_OK && reply->status == 0 && first_address(reply->records, text))
		dial(s, slice_str(text));
	else if (!last)
		ask(s, TYPE_AAAA);
	else
		sink_failed(s, "the host has no address");
}

static void on_resolved_a(void *arg, enum ipc_outcome outcome, const void *message)
{
	resolved(arg, outcome, message, false);
}

static void on_resolved_aaaa(void *arg, enum ipc_outcome outcome, const void *message)
{
	resolved(arg, outcome, message, true);
}

static void ask(struct sink *s, uint16_t type)
{
	struct ipc_resolve request = {.name = s->host, .type = type};
	s->busy = true;
	ipc_request(s->ship->ctx->ipc, IPC_RESOLVE, IPC_ANY, &request, type == TYPE_A ? on_resolved_a : on_resolved_aaaa, s);
}

static void deliver(struct sink *s)
{
	if (s->ready)
		send_batch(s);
	else if (net_prefix_valid(s->host))
		dial(s, s->host);
	else
		ask(s, TYPE_A);
}

const struct sink_kind sink_stream = {"stream", deliver};
