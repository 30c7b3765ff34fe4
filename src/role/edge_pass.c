/* After login: the connection keeps its TLS here and its session in `mail`; in between run plain bytes over a socket pair. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "role/edge.h"

#define PENDING_MAX 32768
/* The session in mail watches the idle time; this only ends what mail forgot. */
#define PASS_GRACE_MS 300000

struct pass {
	struct edge_client *client;
	struct conn *back; /* to mail; NULL when it has ended */
	struct buf tag;    /* of the IMAP command that signed in: mail answers it, or we when mail cannot */
	bool attached;
};

/* Moves what fits from one side to the other. */
static void move(struct conn *from, struct conn *to)
{
	struct buf *in = conn_input(from), *out = conn_output(to);

	if (buf_len(out) == 0)
		buf_move(out, in);
	while (buf_len(in) > 0 && !conn_congested(to)) {
		struct slice piece = slice_sub(buf_slice(in), 0, CONN_LOW_MARK);

		buf_append(out, piece);
		buf_consume(in, piece.n);
	}
	conn_flush(to);
}

static bool alive(const struct pass *p)
{
	return p->attached && p->back != NULL && !p->client->ended;
}

static void move_both(struct pass *p)
{
	if (alive(p))
		move(p->client->conn, p->back);
	if (alive(p))
		move(p->back, p->client->conn);
	/* Both inputs have room again, which their connections see only when they are told. */
	if (alive(p))
		conn_flush(p->client->conn);
	if (alive(p))
		conn_flush(p->back);
}

static void back_event(void *owner)
{
	struct pass *p = owner;
	struct edge_client *c = p->client;

	edge_client_hold(c);
	move_both(p);
	edge_client_drop(c);
}

static void back_ended(void *owner, enum conn_end why)
{
	struct pass *p = owner;
	struct edge_client *c = p->client;

	edge_client_hold(c);
	if (!c->ended) {
		/* What mail said last still goes out. A refusal is told by on_attached. */
		buf_append(conn_output(c->conn), buf_slice(conn_input(p->back)));
		if (p->attached)
			conn_finish(c->conn);
	}
	conn_destroy(&p->back);
	edge_client_drop(c);
}

static const struct conn_events back_events = {back_event, back_event, NULL, back_ended};

static void pass_readable(struct edge_client *c)
{
	move_both(c->state);
}

static void pass_timeout(struct edge_client *c)
{
	conn_finish(c->conn);
}

static void pass_stop(struct edge_client *c)
{
	/* mail stops at the same time and ends its sessions itself, with a word to the client; the connection follows. */
}

static void pass_free(struct edge_client *c)
{
	struct pass *p = c->state;

	conn_destroy(&p->back);
	buf_free(&p->tag);
	memory_free(p);
}

static void no_sasl(struct edge_client *c, enum auth_status status, struct slice data)
{
	UNREACHABLE();
}

static void no_event(struct edge_client *c)
{
	UNREACHABLE();
}

const struct edge_protocol edge_passing = {no_event, pass_readable, pass_readable, no_event, no_sasl, pass_timeout, pass_stop, pass_free, NULL, NULL};

static void refuse(struct edge_client *c, struct slice tag, bool too_many)
{
	struct buf *out = conn_output(c->conn);
	const char *why = too_many ? "Too many sessions of this account" : "Not possible now";

	if (c->service->auth_protocol == AUTH_PROTOCOL_POP3) {
		buf_printf(out, "-ERR [%s] %s\r\n", too_many ? "IN-USE" : "SYS/TEMP", why);
	} else {
		buf_printf(out, "* BYE %s\r\n", why);
		if (tag.n > 0)
			buf_printf(out, "%.*s NO [%s] %s\r\n", SLICE_ARG(tag), too_many ? "LIMIT" : "UNAVAILABLE", why);
	}
	conn_finish(c->conn);
}

static void on_attached(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct edge_client *c = arg;
	const struct ipc_mail_attach_reply *reply = message;
	struct pass *p = c->state;

	if (c->ended)
		goto out;
	if (outcome != IPC_OK || reply->status != 0) {
		refuse(c, buf_slice(&p->tag), outcome == IPC_OK && reply->status == AUTH_THROTTLED);
		goto out;
	}
	p->attached = true;
	if (p->back == NULL) { /* over already */
		conn_finish(c->conn);
		goto out;
	}
	conn_idle_limit(c->conn, c->edge->ctx->config->limits_idle + PASS_GRACE_MS);
	move_both(p);
out:
	edge_client_drop(c);
}

static void attach(struct edge_client *c, struct slice tag, int fd)
{
	struct ipc_mail_attach request = {
		.ticket = c->identity.ticket,
		.cid = edge_cid(c),
		.protocol = (uint8_t)c->service->auth_protocol,
		.tls = conn_is_secure(c->conn),
		.address = edge_address(c),
		.tag = tag,
		.pending = slice_sub(buf_slice(conn_input(c->conn)), 0, PENDING_MAX),
		.session = fd,
	};

	edge_client_hold(c);
	ipc_request(c->edge->ctx->ipc, IPC_MAIL_ATTACH, c->identity.shard, &request, on_attached, c);
	buf_consume(conn_input(c->conn), request.pending.n);
}

void edge_pass_begin(struct edge_client *c, struct slice tag)
{
	struct pass *p = memory_alloc(sizeof *p);
	int pair[2];

	p->tag = BUF_INIT(1024); /* the slice lives in the engine, which ends here */
	buf_append(&p->tag, tag);
	conn_flush(c->conn);
	edge_client_deadline(c, 0);
	c->protocol->free(c);
	p->client = c;
	c->state = p;
	c->protocol = &edge_passing;
	if (c->ended)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
		refuse(c, buf_slice(&p->tag), false);
		return;
	}
	p->back = conn_create(c->edge->ctx->loop, pair[0], CONN_HIGH_MARK, &back_events, p);
	attach(c, buf_slice(&p->tag), pair[1]);
	close(pair[1]);
}
