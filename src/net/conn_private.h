/* Inside of a connection: shared by conn.c (life, events) and conn_io.c (moving bytes). */
#ifndef NET_CONN_PRIVATE_H
#define NET_CONN_PRIVATE_H

#include "net/address.h"
#include "net/conn.h"

#define CONN_MAGIC 0xc0221e55u
#define CONN_READ_SIZE 16384
#define CONN_READ_ROUNDS 4         /* reads before others get their turn */
#define CONN_LINGER_MS 1000        /* after our FIN: time for the peer's */
#define CONN_LINGER_BYTES 1048576  /* bytes thrown away meanwhile */
#define CONN_FINISH_MS 30000       /* to get rid of the last output */

enum conn_state {
	CONN_RUNNING,
	CONN_STARTING_TLS, /* the last plain output is on its way, then the handshake begins */
	CONN_HANDSHAKING,
	CONN_FINISHING,    /* the last output is on its way */
	CONN_LINGERING,    /* waiting for the peer's FIN */
	CONN_ENDED,        /* `ended` was called or is about to be */
};

/* What the peer's certificate is checked with instead of the trusted authorities. */
struct conn_dane {
	struct slice records, other; /* owned copies */
};

struct conn {
	uint32_t magic;
	struct loop *loop;
	struct watcher *watcher;
	const struct conn_events *events;
	void *owner;
	struct buf in, out;
	struct tls_context *next_context; /* borrowed until the handshake begins */
	struct tls_session *tls;
	struct timer *idle;  /* idle limit, finish and linger time */
	struct timer *kick;  /* work to do from the loop */
	int64_t idle_ms, moved_at, state_until;
	size_t lingered;
	uint64_t bytes_in, bytes_out;
	int fd;
	enum conn_state state;
	enum conn_end end;
	uint16_t depth;      /* callbacks of the owner that are on the stack, and our own rounds */
	uint16_t local_port;
	bool destroyed;
	bool paused;
	bool tls_server;
	bool end_pending;
	bool read_again;     /* bytes may wait inside the TLS layer or the budget was used up */
	bool fresh_input;    /* bytes the owner has not been told of, or was paused for */
	bool read_blocked_on_write, write_blocked_on_read;
	bool was_full;       /* the input buffer had no room for a read */
	bool owe_drained;
	bool eof;
	struct slice server_name; /* owned copy */
	struct conn_dane *dane; /* owned; until the handshake begins */
	struct tls_ticket *ticket; /* to resume with, until the handshake begins */
	char address[ADDRESS_TEXT_MAX];
};

/* Each returns false when the connection has ended or is gone; then it must not be touched. */
bool conn_io_read(struct conn *conn);
bool conn_io_write(struct conn *conn);
bool conn_io_handshake(struct conn *conn);
void conn_begin_handshake(struct conn *conn);

void conn_dane_free(struct conn_dane **dane);

/* Marks the end; the owner is told from the loop or at the end of the running round. */
void conn_fail(struct conn *conn, enum conn_end why);
void conn_update(struct conn *conn);  /* descriptor interest after any change */
void conn_kick(struct conn *conn);    /* one round from the loop */
static inline void conn_moved(struct conn *conn)
{
	conn->moved_at = loop_now(conn->loop).mono_ms;
}

#endif
