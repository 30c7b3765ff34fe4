/* Moving bytes between the descriptor (or the TLS session over it) and the two buffers. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "net/conn_private.h"

enum moved { MOVED_SOME, MOVED_BLOCKED, MOVED_EOF, MOVED_ERROR };

static enum moved from_errno(void)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return MOVED_BLOCKED;
	return MOVED_ERROR;
}

static enum moved from_tls(struct conn *conn, enum tls_result result, bool reading)
{
	switch (result) {
	case TLS_OK:
		return MOVED_SOME;
	case TLS_WANT_READ:
		conn->write_blocked_on_read |= !reading;
		return MOVED_BLOCKED;
	case TLS_WANT_WRITE:
		conn->read_blocked_on_write |= reading;
		return MOVED_BLOCKED;
	case TLS_EOF:
		return MOVED_EOF;
	case TLS_ERROR:
		return MOVED_ERROR;
	}
	UNREACHABLE();
}

static enum moved read_some(struct conn *conn, uint8_t *p, size_t room, size_t *ret_n)
{
	*ret_n = 0;
	if (conn->tls != NULL) {
		conn->read_blocked_on_write = false;
		return from_tls(conn, tls_read(conn->tls, p, room, ret_n), true);
	}
	ssize_t n = recv(conn->fd, p, room, 0);
	if (n < 0)
		return from_errno();
	*ret_n = (size_t)n;
	return n == 0 ? MOVED_EOF : MOVED_SOME;
}

static enum moved write_some(struct conn *conn, struct slice bytes, size_t *ret_n)
{
	*ret_n = 0;
	if (conn->tls != NULL) {
		conn->write_blocked_on_read = false;
		return from_tls(conn, tls_write(conn->tls, bytes.p, bytes.n, ret_n), false);
	}
	ssize_t n = send(conn->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
	if (n < 0)
		return from_errno();
	*ret_n = (size_t)n;
	return MOVED_SOME;
}

/* Our FIN is out: what still comes is thrown away, so that the peer gets our last bytes and no reset. */
static bool linger(struct conn *conn)
{
	uint8_t waste[4096];
	ssize_t n;
	while ((n = recv(conn->fd, waste, sizeof waste, 0)) > 0) {
		conn->lingered += (size_t)n;
		if (conn->lingered > CONN_LINGER_BYTES)
			break;
	}
	if (n < 0 && from_errno() == MOVED_BLOCKED)
		return true;
	conn_fail(conn, CONN_LOCAL);
	return false;
}

static bool take_input(struct conn *conn)
{
	size_t room = conn->in.max - buf_len(&conn->in);
	/* Whoever sends much is read in growing pieces; TLS gives a record at a time. */
	size_t piece = conn->tls != NULL ? CONN_READ_SIZE : CONN_READ_SIZE + 3 * buf_len(&conn->in);
	if (room > piece)
		room = piece;
	if (room == 0) {
		conn->was_full = true;
		return false;
	}
	uint8_t *p = buf_reserve(&conn->in, room);
	size_t n;
	enum moved moved = read_some(conn, p, room, &n);
	buf_commit(&conn->in, n);
	conn->bytes_in += n;
	if (n > 0) {
		conn->fresh_input = true;
		conn_moved(conn);
	}
	conn->eof |= moved == MOVED_EOF;
	if (moved == MOVED_ERROR)
		conn_fail(conn, CONN_ERROR);
	/* A short read of a plain socket has emptied it; a TLS session may hold another record. */
	return moved == MOVED_SOME && (conn->tls != NULL || n == room);
}

bool conn_io_read(struct conn *conn)
{
	if (conn->state == CONN_LINGERING)
		return linger(conn);
	if (conn->state != CONN_RUNNING || conn->paused || conn->eof)
		return conn->state != CONN_ENDED;
	conn->read_again = false;
	bool more = true;
	for (int i = 0; more && i < CONN_READ_ROUNDS; i++)
		more = take_input(conn);
	conn->read_again = more;
	if (buf_len(&conn->in) == 0)
		buf_free_secret(&conn->in);
	return conn->state != CONN_ENDED;
}

bool conn_io_write(struct conn *conn)
{
	if (conn->state == CONN_HANDSHAKING || conn->state == CONN_LINGERING || conn->state == CONN_ENDED)
		return conn->state != CONN_ENDED;
	/* Whoever filled it up to here may have stopped for it, even if the socket takes everything now. */
	conn->owe_drained |= buf_len(&conn->out) >= CONN_LOW_MARK;
	while (buf_len(&conn->out) > 0) {
		size_t n;
		enum moved moved = write_some(conn, buf_slice(&conn->out), &n);
		buf_consume(&conn->out, n);
		conn->bytes_out += n;
		if (n > 0)
			conn_moved(conn);
		if (moved == MOVED_ERROR || moved == MOVED_EOF) {
			conn_fail(conn, CONN_ERROR);
			return false;
		}
		if (moved == MOVED_BLOCKED) {
			conn->owe_drained = true;
			break;
		}
	}
	if (buf_len(&conn->out) == 0)
		buf_free(&conn->out);
	return true;
}

void conn_begin_handshake(struct conn *conn)
{
	conn->tls = tls_session_create(conn->next_context, conn->fd, conn->tls_server, conn->server_name);
	tls_context_free(&conn->next_context);
	bool refused = conn->tls != NULL && conn->dane != NULL && tls_session_dane(conn->tls, conn->dane->records, conn->server_name, conn->dane->other) <= 0;
	conn_dane_free(&conn->dane);
	if (conn->tls == NULL || refused) {
		conn_fail(conn, CONN_ERROR);
		return;
	}
	if (conn->ticket != NULL)
		tls_use_ticket(conn->tls, conn->ticket);
	tls_ticket_free(&conn->ticket);
	conn->state = CONN_HANDSHAKING;
}

bool conn_io_handshake(struct conn *conn)
{
	enum tls_result result = tls_handshake(conn->tls);
	conn->read_blocked_on_write = result == TLS_WANT_WRITE;
	if (result == TLS_WANT_READ || result == TLS_WANT_WRITE)
		return true;
	if (result != TLS_OK) {
		conn_fail(conn, CONN_ERROR);
		return false;
	}
	conn_moved(conn);
	conn->state = CONN_RUNNING;
	conn->read_again = true;
	return true;
}
