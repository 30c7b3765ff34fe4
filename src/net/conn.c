#include "net/conn_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"

static void release(struct conn *conn)
{
	conn->magic = 0;
	watcher_destroy(&conn->watcher);
	timer_destroy(&conn->idle);
	timer_destroy(&conn->kick);
	tls_session_free(&conn->tls);
	tls_context_free(&conn->next_context);
	tls_ticket_free(&conn->ticket);
	memory_free((void *)conn->server_name.p);
	conn_dane_free(&conn->dane);
	buf_free_secret(&conn->in);
	buf_free_secret(&conn->out);
	if (conn->fd >= 0)
		close(conn->fd);
	memory_free(conn);
}

/* A connection that was destroyed by a callback of its own is freed when the outermost round returns. */
static void enter(struct conn *conn)
{
	conn->depth++;
}

static bool leave(struct conn *conn)
{
	conn->depth--;
	if (!conn->destroyed)
		return true;
	if (conn->depth == 0)
		release(conn);
	return false;
}

void conn_fail(struct conn *conn, enum conn_end why)
{
	if (conn->state == CONN_ENDED)
		return;
	conn->state = CONN_ENDED;
	conn->end = why;
	conn->end_pending = true;
	conn_kick(conn);
}

void conn_kick(struct conn *conn)
{
	timer_start(conn->kick, 0);
}

static int wanted(const struct conn *conn)
{
	int read_bit = conn->read_blocked_on_write ? WATCH_WRITE : WATCH_READ;
	int write_bit = conn->write_blocked_on_read ? WATCH_READ : WATCH_WRITE;
	bool output = buf_len(&conn->out) > 0;
	switch (conn->state) {
	case CONN_RUNNING: {
		bool room = !conn->paused && !conn->eof && buf_len(&conn->in) < conn->in.max;
		return (room ? read_bit : 0) | (output ? write_bit : 0);
	}
	case CONN_STARTING_TLS:
	case CONN_FINISHING:
		return output ? write_bit : 0;
	case CONN_HANDSHAKING:
		return read_bit;
	case CONN_LINGERING:
		return WATCH_READ;
	case CONN_ENDED:
		return 0;
	}
	UNREACHABLE();
}

void conn_update(struct conn *conn)
{
	bool room = conn->state == CONN_RUNNING && !conn->paused && buf_len(&conn->in) < conn->in.max;
	/* When a full buffer has room again, bytes may lie in the TLS layer of which the descriptor tells nothing. */
	if (room && conn->was_full) {
		conn->was_full = false;
		conn->read_again = true;
	}
	if (room && conn->read_again)
		conn_kick(conn);
	watcher_set(conn->watcher, wanted(conn));
}

static void arm_idle(struct conn *conn)
{
	int64_t now = loop_now(conn->loop).mono_ms, due = INT64_MAX;
	if (conn->idle_ms > 0)
		due = conn->moved_at + conn->idle_ms;
	if (conn->state_until != 0 && conn->state_until < due)
		due = conn->state_until;
	if (due == INT64_MAX)
		timer_stop(conn->idle);
	else
		timer_start(conn->idle, due - now);
}

static void on_idle(void *arg)
{
	struct conn *conn = arg;
	int64_t now = loop_now(conn->loop).mono_ms;
	if (conn->state_until != 0 && now >= conn->state_until)
		conn_fail(conn, conn->state == CONN_LINGERING ? CONN_LOCAL : CONN_TIMEOUT);
	else if (conn->idle_ms > 0 && now - conn->moved_at >= conn->idle_ms)
		conn_fail(conn, CONN_TIMEOUT);
	else
		arm_idle(conn);
}

/* All output is out: the orderly end of our direction. */
static void half_close(struct conn *conn)
{
	if (conn->tls != NULL)
		tls_shutdown(conn->tls);
	shutdown(conn->fd, SHUT_WR);
	conn->state = CONN_LINGERING;
	conn->state_until = loop_now(conn->loop).mono_ms + CONN_LINGER_MS;
	arm_idle(conn);
	if (conn->eof)
		conn_fail(conn, CONN_LOCAL);
}

/* What follows from an empty output buffer. */
static void after_output(struct conn *conn)
{
	if (buf_len(&conn->out) > 0)
		return;
	if (conn->state == CONN_STARTING_TLS) {
		conn_begin_handshake(conn);
		conn_kick(conn);
	} else if (conn->state == CONN_FINISHING)
		half_close(conn);
}

static bool tell_readable(struct conn *conn)
{
	if (conn->state != CONN_RUNNING || conn->paused || !conn->fresh_input)
		return true;
	conn->fresh_input = false;
	enter(conn);
	conn->events->readable(conn->owner);
	if (!leave(conn))
		return false;
	if (buf_len(&conn->in) == 0)
		buf_free_secret(&conn->in);
	else if (conn->paused)
		conn->fresh_input = true;
	return true;
}

static bool tell_drained(struct conn *conn)
{
	if (!conn->owe_drained || conn->state != CONN_RUNNING || buf_len(&conn->out) >= CONN_LOW_MARK)
		return true;
	conn->owe_drained = false;
	if (conn->events->drained == NULL)
		return true;
	enter(conn);
	conn->events->drained(conn->owner);
	return leave(conn);
}

static bool tell_secured(struct conn *conn)
{
	if (conn->events->secured == NULL)
		return true;
	enter(conn);
	conn->events->secured(conn->owner);
	return leave(conn);
}

static void tell_end(struct conn *conn)
{
	conn->end_pending = false;
	timer_stop(conn->idle);
	timer_stop(conn->kick);
	watcher_set(conn->watcher, 0);
	enter(conn);
	conn->events->ended(conn->owner, conn->end);
	leave(conn);
}

/* One step of whatever the state asks for; false when the connection is gone. */
static bool step(struct conn *conn, int events)
{
	if (conn->state == CONN_HANDSHAKING) {
		if (!conn_io_handshake(conn))
			return true;
		if (conn->state == CONN_RUNNING && !tell_secured(conn))
			return false;
	}
	if (events & WATCH_READ || conn->read_again)
		conn_io_read(conn);
	if (!tell_readable(conn))
		return false;
	conn_io_write(conn);
	after_output(conn);
	return tell_drained(conn);
}

static void round_of(struct conn *conn, int events)
{
	ENSURE_MAGIC(conn, CONN_MAGIC);
	if (conn->depth > 0)
		return;
	enter(conn);
	step(conn, events);
	/* A peer that closed is reported after the last bytes it sent were shown. */
	if (!conn->destroyed && conn->eof && conn->state == CONN_RUNNING && !conn->fresh_input && !conn->paused)
		conn_fail(conn, CONN_EOF);
	if (!leave(conn))
		return;
	if (conn->end_pending) {
		tell_end(conn);
		return;
	}
	conn_update(conn);
}

static void on_event(void *arg, int events)
{
	struct conn *conn = arg;
	if (conn->read_blocked_on_write && (events & WATCH_WRITE))
		events |= WATCH_READ;
	round_of(conn, events);
}

static void on_kick(void *arg)
{
	struct conn *conn = arg;
	if (conn->end_pending)
		tell_end(conn);
	else
		round_of(conn, 0);
}

/* Output or state changed by the owner: at once when outside of a round, else the running round sees it. */
static void nudge(struct conn *conn)
{
	if (conn->depth > 0 || conn->state == CONN_ENDED)
		return;
	conn_io_write(conn);
	after_output(conn);
	if (conn->owe_drained && buf_len(&conn->out) < CONN_LOW_MARK)
		conn_kick(conn);
	conn_update(conn);
}

static void read_addresses(struct conn *conn)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof a;
	if (getpeername(conn->fd, (struct sockaddr *)&a, &n) == 0)
		address_format(&a, conn->address);
	if (conn->address[0] == '\0')
		return;
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	n = sizeof a;
	if (getsockname(conn->fd, (struct sockaddr *)&a, &n) == 0)
		conn->local_port = address_port(&a);
}

struct conn *conn_create(struct loop *loop, int fd, size_t input_max, const struct conn_events *events, void *owner)
{
	struct conn *conn = memory_alloc(sizeof *conn);
	conn->magic = CONN_MAGIC;
	conn->loop = loop;
	conn->fd = fd;
	conn->events = events;
	conn->owner = owner;
	buf_init(&conn->in, input_max);
	buf_init(&conn->out, (size_t)CONN_HIGH_MARK * 2);
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0 && !(flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	read_addresses(conn);
	conn->watcher = watcher_create(loop, fd, on_event, conn);
	conn->idle = timer_create_on(loop, on_idle, conn);
	conn->kick = timer_create_on(loop, on_kick, conn);
	conn_moved(conn);
	conn_update(conn);
	return conn;
}

void conn_destroy(struct conn **conn)
{
	struct conn *c = *conn;
	*conn = NULL;
	if (c == NULL)
		return;
	ENSURE_MAGIC(c, CONN_MAGIC);
	if (c->depth == 0) {
		release(c);
		return;
	}
	c->destroyed = true;
	c->state = CONN_ENDED;
	c->end_pending = false;
	watcher_destroy(&c->watcher);
	timer_stop(c->idle);
	timer_stop(c->kick);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

struct buf *conn_input(struct conn *conn)
{
	return &conn->in;
}

struct buf *conn_output(struct conn *conn)
{
	return &conn->out;
}

void conn_flush(struct conn *conn)
{
	ENSURE_MAGIC(conn, CONN_MAGIC);
	nudge(conn);
}

bool conn_congested(const struct conn *conn)
{
	bool congested = buf_len(&conn->out) >= CONN_HIGH_MARK;
	if (congested)
		((struct conn *)conn)->owe_drained = true;
	return congested;
}

void conn_pause(struct conn *conn)
{
	conn->paused = true;
	if (conn->depth == 0 && conn->state != CONN_ENDED)
		conn_update(conn);
}

void conn_resume(struct conn *conn)
{
	if (conn->state == CONN_ENDED)
		return;
	if (conn->paused && buf_len(&conn->in) > 0)
		conn->fresh_input = true;
	conn->paused = false;
	conn->read_again = true;
	conn_kick(conn);
	if (conn->depth == 0)
		conn_update(conn);
}

void conn_finish(struct conn *conn)
{
	ENSURE_MAGIC(conn, CONN_MAGIC);
	if (conn->state != CONN_RUNNING) {
		/* Nothing more can be said over a connection whose handshake is under way. */
		if (conn->state == CONN_HANDSHAKING || conn->state == CONN_STARTING_TLS)
			conn_fail(conn, CONN_LOCAL);
		return;
	}
	buf_free_secret(&conn->in);
	conn->fresh_input = false;
	conn->state = CONN_FINISHING;
	conn->state_until = loop_now(conn->loop).mono_ms + CONN_FINISH_MS;
	arm_idle(conn);
	nudge(conn);
}

void conn_idle_limit(struct conn *conn, int64_t ms)
{
	conn->idle_ms = ms;
	conn_moved(conn);
	arm_idle(conn);
}

static void secure(struct conn *conn, struct tls_context *context, bool server, struct slice server_name)
{
	ENSURE_MAGIC(conn, CONN_MAGIC);
	if (conn->state != CONN_RUNNING || conn->tls != NULL)
		return;
	buf_free_secret(&conn->in);
	conn->fresh_input = conn->read_again = false;
	conn->next_context = tls_context_ref(context);
	conn->tls_server = server;
	if (server_name.n > 0)
		conn->server_name = slice_make(memory_dup_str(server_name), server_name.n);
	conn->state = CONN_STARTING_TLS;
	nudge(conn);
}

void conn_secure_server(struct conn *conn, struct tls_context *context)
{
	secure(conn, context, true, SLICE_NONE);
}

void conn_secure_client(struct conn *conn, struct tls_context *context, struct slice server_name)
{
	secure(conn, context, false, server_name);
}

void conn_secure_client_dane(struct conn *conn, struct tls_context *context, struct slice server_name, struct slice records, struct slice other)
{
	conn_dane_free(&conn->dane);
	conn->dane = memory_alloc(sizeof *conn->dane);
	conn->dane->records = slice_make(memory_dup_str(records), records.n);
	conn->dane->other = slice_make(memory_dup_str(other), other.n);
	secure(conn, context, false, server_name);
}

void conn_dane_free(struct conn_dane **dane)
{
	if (*dane == NULL)
		return;
	memory_free((void *)(*dane)->records.p);
	memory_free((void *)(*dane)->other.p);
	MEMORY_FREE(dane);
}

void conn_offer_ticket(struct conn *conn, struct tls_ticket **ticket)
{
	tls_ticket_free(&conn->ticket);
	conn->ticket = *ticket;
	*ticket = NULL;
}

struct tls_ticket *conn_take_ticket(struct conn *conn)
{
	return conn->tls != NULL && !conn->tls_server ? tls_take_ticket(conn->tls) : NULL;
}

bool conn_is_secure(const struct conn *conn)
{
	return conn->tls != NULL && conn->state != CONN_HANDSHAKING;
}

const struct tls_session *conn_tls(const struct conn *conn)
{
	return conn->tls;
}

int conn_release_fd(struct conn *conn)
{
	if (conn->tls != NULL || conn->state != CONN_RUNNING || buf_len(&conn->in) > 0 || buf_len(&conn->out) > 0)
		return -1;
	int fd = conn->fd;
	watcher_destroy(&conn->watcher);
	conn->watcher = watcher_create(conn->loop, -1, on_event, conn);
	conn->state = CONN_ENDED;
	conn->fd = -1;
	timer_stop(conn->idle);
	timer_stop(conn->kick);
	return fd;
}

struct slice conn_peer_address(const struct conn *conn)
{
	return slice_str(conn->address);
}

void conn_bytes(const struct conn *conn, uint64_t *ret_in, uint64_t *ret_out)
{
	*ret_in = conn->bytes_in;
	*ret_out = conn->bytes_out;
}

uint16_t conn_local_port(const struct conn *conn)
{
	return conn->local_port;
}

struct slice conn_local_address(const struct conn *conn, char *room)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof a;
	room[0] = '\0';
	return conn->fd >= 0 && getsockname(conn->fd, (struct sockaddr *)&a, &n) == 0 ? address_format(&a, room) : SLICE_NONE;
}

void conn_set_peer_address(struct conn *conn, struct slice address)
{
	size_t n = address.n < sizeof conn->address ? address.n : sizeof conn->address - 1;
	memcpy(conn->address, address.p, n);
	conn->address[n] = '\0';
}
