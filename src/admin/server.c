#include "admin/server.h"

#include <sys/socket.h>
#include <unistd.h>
#include "admin/call.h"
#include "base/list.h"
#include "base/memory.h"
#include "net/conn.h"

struct admin_server {
	struct loop *loop;
	struct ipc *ipc;
	struct listener *listener; /* NULL: destroyed, only sessions that wait are left */
	struct list_node sessions;
	unsigned session_count;
	unsigned owner;
};

/* One connection. It lives until it is closed and no reply is outstanding. */
struct session {
	struct list_node node;
	struct admin_server *server;
	struct conn *conn; /* NULL: the client is gone */
	uint32_t uid;
	bool waiting;              /* for the answer of a call */
	struct buf answer;         /* what is not yet in the output of the connection */
};

static void session_next(struct session *s);

static void session_free(struct session *s)
{
	struct admin_server *server = s->server;

	list_remove(&s->node);
	buf_free_secret(&s->answer);
	conn_destroy(&s->conn);
	memory_free(s);
	server->session_count--;
	if (server->listener != NULL)
		listener_pause(server->listener, false);
	else if (server->session_count == 0)
		memory_free(server);
}

/* An answer may be far larger than the output of a connection: it goes as fast as the client reads. */
static void session_pump(struct session *s)
{
	while (buf_len(&s->answer) > 0 && !conn_congested(s->conn)) {
		struct slice piece = slice_sub(buf_slice(&s->answer), 0, CONN_LOW_MARK);

		buf_append(conn_output(s->conn), piece);
		buf_consume(&s->answer, piece.n);
	}
	conn_flush(s->conn);
	if (buf_len(&s->answer) > 0)
		return;
	buf_free_secret(&s->answer); /* app passwords and recovery codes are among them */
	buf_init(&s->answer, ADMIN_ANSWER_MAX);
	conn_resume(s->conn);
	session_next(s);
}

static void session_answered(struct session *s)
{
	if (s->conn == NULL) {
		session_free(s);
		return;
	}
	if (s->answer.failed) {
		buf_clear(&s->answer);
		admin_answer_error(&s->answer, ADMIN_FAILED, "the answer is too large");
	}
	session_pump(s);
}

static void on_called(void *arg, enum admin_status status, struct slice result)
{
	struct session *s = arg;
	s->waiting = false;
	if (s->conn != NULL)
		admin_answer(&s->answer, status, result);
	session_answered(s);
}

static void session_ask(struct session *s, const struct admin_request *request)
{
	struct admin_evidence evidence = {.uid = s->uid, .token = request->token, .reason = request->reason, .agent = SLICE("letterlock"),
		.address = SLICE("local")};
	s->waiting = true;
	conn_pause(s->conn);
	admin_call(s->server->ipc, &evidence, request, on_called, s);
}

static void session_line(struct session *s, struct slice line)
{
	struct arena arena = ARENA_INIT;
	struct admin_request request;
	struct error err = {0};
	int code = admin_request_parse(line, &arena, &request, &err);

	if (code == 0) {
		session_ask(s, &request);
	} else {
		admin_answer_error(conn_output(s->conn), code == ERR_NOT_FOUND ? ADMIN_NOT_FOUND : ADMIN_INVALID, err.public_text);
		conn_flush(s->conn);
	}
	arena_free(&arena);
}

static void session_next(struct session *s)
{
	struct buf *in = conn_input(s->conn);
	ptrdiff_t end;

	while (!s->waiting && buf_len(&s->answer) == 0 && (end = slice_find(buf_slice(in), '\n')) >= 0) {
		session_line(s, slice_sub(buf_slice(in), 0, (size_t)end));
		buf_consume(in, (size_t)end + 1);
	}
	if (!s->waiting && buf_len(&s->answer) == 0 && buf_len(in) >= ADMIN_LINE_MAX) {
		admin_answer_error(conn_output(s->conn), ADMIN_INVALID, "the request is too long");
		conn_finish(s->conn);
	}
}

static void on_readable(void *owner)
{
	session_next(owner);
}

static void on_drained(void *owner)
{
	struct session *s = owner;

	if (buf_len(&s->answer) > 0)
		session_pump(s);
}

static void session_drop(struct session *s)
{
	conn_destroy(&s->conn);
	if (!s->waiting)
		session_free(s);
}

static void on_ended(void *owner, enum conn_end why)
{
	session_drop(owner);
}

static const struct conn_events events = {.readable = on_readable, .drained = on_drained, .ended = on_ended};

static bool peer_allowed(const struct admin_server *server, int fd, struct ucred *ret)
{
	socklen_t size = sizeof *ret;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &size) == 0 && (ret->uid == 0 || ret->uid == server->owner);
}

static void on_accept(void *arg, int fd)
{
	struct admin_server *server = arg;
	struct ucred peer;

	if (!peer_allowed(server, fd, &peer)) {
		close(fd);
		return;
	}
	struct session *s = memory_alloc(sizeof *s);
	s->server = server;
	buf_init(&s->answer, ADMIN_ANSWER_MAX);
	s->uid = peer.uid;
	s->conn = conn_create(server->loop, fd, ADMIN_LINE_MAX, &events, s);
	conn_idle_limit(s->conn, ADMIN_IDLE_MS);
	list_append(&server->sessions, &s->node);
	if (++server->session_count >= ADMIN_CONNECTIONS_MAX)
		listener_pause(server->listener, true);
}

struct admin_server *admin_server_create(struct loop *loop, struct ipc *ipc, int fd, unsigned owner)
{
	struct admin_server *server = memory_alloc(sizeof *server);

	server->loop = loop;
	server->ipc = ipc;
	server->owner = owner;
	list_init(&server->sessions);
	server->listener = listener_create(loop, fd, on_accept, server);
	return server;
}

void admin_server_destroy(struct admin_server **server)
{
	if (*server == NULL)
		return;
	struct admin_server *ending = *server;
	*server = NULL;
	listener_destroy(&ending->listener);
	/* Sessions that wait for a reply go when it comes, and the last one takes the server along; not while we look at them. */
	ending->session_count++;
	LIST_FOREACH(it, &ending->sessions)
		session_drop(LIST_ITEM(it, struct session, node));
	if (--ending->session_count == 0)
		memory_free(ending);
}

unsigned admin_server_sessions(const struct admin_server *server)
{
	return server->session_count;
}
