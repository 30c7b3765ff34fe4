#include "admin/server.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "admin/request.h"
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
	admin_audit_fn *audit;
};

/* One connection. It lives until it is closed and no reply is outstanding. */
struct session {
	struct list_node node;
	struct admin_server *server;
	struct conn *conn; /* NULL: the client is gone */
	char subject[32];
	unsigned pending;          /* replies that are still to come */
	enum admin_status status;  /* the worst so far */
	json_t *parts;             /* results of the instances, when more than one was asked */
	bool many;
	struct buf answer;         /* what is not yet in the output of the connection */
};

static void session_next(struct session *s);

static void session_free(struct session *s)
{
	struct admin_server *server = s->server;

	list_remove(&s->node);
	json_decref(s->parts);
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

static const char *outcome_text(enum ipc_outcome outcome)
{
	switch (outcome) {
	case IPC_BUSY: return "the role is busy; try again";
	case IPC_TIMEOUT: return "the role did not answer in time";
	case IPC_GONE: case IPC_OK: default: return "the role is not running now; try again";
	}
}

/* Every admin reply has the same shape; this view of it does not depend on the type. */
struct answer {
	enum ipc_outcome outcome;
	enum admin_status status;
	struct slice result;
};

static struct json_t *part_of(const struct answer *a)
{
	json_t *value;

	if (a->outcome != IPC_OK)
		return json_pack("{s:s}", "error", outcome_text(a->outcome));
	value = json_loadb((const char *)a->result.p, a->result.n, JSON_REJECT_DUPLICATES, NULL);
	return value != NULL ? value : json_object();
}

static void answer_all(struct session *s)
{
	json_t *all = json_pack("{s:O}", "shards", s->parts);
	char *text = json_dumps(all, JSON_COMPACT);

	if (s->conn != NULL)
		admin_answer(&s->answer, s->status, slice_str(text));
	free(text);
	json_decref(all);
	json_decref(s->parts);
	s->parts = NULL;
}

static void answer_one(struct session *s, const struct answer *a)
{
	if (s->conn == NULL)
		return;
	if (a->outcome != IPC_OK)
		admin_answer_error(&s->answer, ADMIN_UNAVAILABLE, outcome_text(a->outcome));
	else
		admin_answer(&s->answer, a->status, a->result);
}

static void on_answer(struct session *s, const struct answer *a)
{
	if (s->many) {
		json_array_append_new(s->parts, part_of(a));
		if (a->outcome != IPC_OK || a->status != ADMIN_OK)
			s->status = ADMIN_PARTIAL;
	} else {
		answer_one(s, a);
	}
	if (--s->pending > 0)
		return;
	if (s->many)
		answer_all(s);
	session_answered(s);
}

#define REPLY(lname) \
	static void on_##lname(void *arg, enum ipc_outcome outcome, const void *data) \
	{ \
		const struct ipc_##lname##_reply *reply = data; \
		struct answer a = {outcome, ADMIN_UNAVAILABLE, SLICE_NONE}; \
		if (reply != NULL) { \
			a.status = (enum admin_status)reply->status; \
			a.result = reply->result; \
		} \
		on_answer(arg, &a); \
	} \
	static void ask_##lname(struct session *s, enum ipc_type type, unsigned index, const struct admin_request *request) \
	{ \
		struct ipc_##lname message = {.subject = slice_str(s->subject), .op = request->operation->name, .args = request->args}; \
		ipc_request(s->server->ipc, type, index, &message, on_##lname, s); \
	}
REPLY(auth_admin)
REPLY(queue_admin)
REPLY(mail_admin)
REPLY(parent_admin)

static const struct target {
	enum role role;
	enum ipc_type type;
	void (*ask)(struct session *s, enum ipc_type type, unsigned index, const struct admin_request *request);
} targets[] = {
	{ROLE_AUTH, IPC_AUTH_ADMIN, ask_auth_admin},
	{ROLE_QUEUE, IPC_QUEUE_ADMIN, ask_queue_admin},
	{ROLE_MAIL, IPC_MAIL_ADMIN, ask_mail_admin},
	{ROLE_PARENT, IPC_PARENT_ADMIN, ask_parent_admin},
};

static const struct target *target_of(enum role role)
{
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (targets[i].role == role)
			return &targets[i];
	UNREACHABLE();
}

static void session_ask(struct session *s, const struct admin_request *request)
{
	const struct target *t = target_of(request->operation->role);
	unsigned count = t->role == ROLE_MAIL ? ipc_instances(s->server->ipc, ROLE_MAIL) : 1;

	if (s->server->audit != NULL)
		s->server->audit(slice_str(s->subject), request->operation->name);
	s->many = t->role == ROLE_MAIL;
	s->status = ADMIN_OK;
	s->parts = s->many ? json_array() : NULL;
	s->pending = count;
	conn_pause(s->conn);
	for (unsigned i = 0; i < count; i++)
		t->ask(s, t->type, i, request);
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

	while (s->pending == 0 && buf_len(&s->answer) == 0 && (end = slice_find(buf_slice(in), '\n')) >= 0) {
		session_line(s, slice_sub(buf_slice(in), 0, (size_t)end));
		buf_consume(in, (size_t)end + 1);
	}
	if (s->pending == 0 && buf_len(&s->answer) == 0 && buf_len(in) >= ADMIN_LINE_MAX) {
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
	if (s->pending == 0)
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
	snprintf(s->subject, sizeof s->subject, "unix:%u", peer.uid);
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

void admin_server_audit(struct admin_server *server, admin_audit_fn *fn)
{
	server->audit = fn;
}
