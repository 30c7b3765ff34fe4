#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/ca.h"
#include "crypt/crypt.h"
#include "net/conn.h"

struct end {
	struct loop *loop;
	struct conn *conn;
	struct buf got;
	size_t consume_max; /* per call; 0: all */
	unsigned readable, drained, secured, ended;
	enum conn_end why;
	bool echo, pause_after, destroy_in_readable;
	size_t to_produce;
};

static void produce(struct end *e)
{
	static const uint8_t block[8192];
	while (e->to_produce > 0 && !conn_congested(e->conn)) {
		size_t n = e->to_produce < sizeof block ? e->to_produce : sizeof block;
		buf_append_bytes(conn_output(e->conn), block, n);
		e->to_produce -= n;
	}
	conn_flush(e->conn);
}

static void on_readable(void *owner)
{
	struct end *e = owner;
	struct buf *in = conn_input(e->conn);
	size_t n = buf_len(in);
	e->readable++;
	if (e->destroy_in_readable) {
		conn_destroy(&e->conn);
		return;
	}
	if (e->consume_max > 0 && n > e->consume_max)
		n = e->consume_max;
	if (e->echo)
		buf_append(conn_output(e->conn), slice_sub(buf_slice(in), 0, n));
	buf_append(&e->got, slice_sub(buf_slice(in), 0, n));
	buf_consume(in, n);
	if (e->echo)
		conn_flush(e->conn);
	if (e->pause_after)
		conn_pause(e->conn);
}
static void on_drained(void *owner)
{
	struct end *e = owner;
	e->drained++;
	produce(e);
}
static void on_secured(void *owner)
{
	((struct end *)owner)->secured++;
}
static void on_ended(void *owner, enum conn_end why)
{
	struct end *e = owner;
	e->ended++;
	e->why = why;
}
static const struct conn_events events = {on_readable, on_drained, on_secured, on_ended};

struct pair {
	struct loop *loop;
	struct end a, b;
};

static void end_open(struct end *e, struct loop *loop, int fd, size_t input_max)
{
	*e = (struct end){.loop = loop, .got = BUF_INIT(64 << 20)};
	e->conn = conn_create(loop, fd, input_max, &events, e);
}

static void pair_open(struct pair *p)
{
	int fd[2];
	p->loop = loop_create();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	end_open(&p->a, p->loop, fd[0], 65536);
	end_open(&p->b, p->loop, fd[1], 65536);
}

static void pair_close(struct pair *p)
{
	conn_destroy(&p->a.conn);
	conn_destroy(&p->b.conn);
	buf_free(&p->a.got);
	buf_free(&p->b.got);
	loop_destroy(&p->loop);
}

struct stop_when {
	struct loop *loop;
	struct timer *timer;
	bool (*reached)(void *arg);
	void *arg;
	int rounds;
	bool result;
};

static void look(void *arg)
{
	struct stop_when *s = arg;
	s->result = s->reached(s->arg);
	if (s->result || --s->rounds == 0)
		loop_stop(s->loop);
	else
		timer_start(s->timer, 1);
}

/* Runs the loop until reached() or for about `ms`. */
static bool run_until(struct loop *loop, bool (*reached)(void *), void *arg, int ms)
{
	struct stop_when s = {.loop = loop, .reached = reached, .arg = arg, .rounds = ms};
	s.timer = timer_create_on(loop, look, &s);
	timer_start(s.timer, 0);
	loop_run(loop);
	timer_destroy(&s.timer);
	return s.result;
}

static bool never(void *arg)
{
	return false;
}
static bool ended(void *arg)
{
	return ((struct end *)arg)->ended > 0;
}
static bool secured(void *arg)
{
	return ((struct end *)arg)->secured > 0;
}

struct amount {
	struct end *end;
	size_t n;
};
static bool has_got(void *arg)
{
	struct amount *a = arg;
	return buf_len(&a->end->got) >= a->n;
}

static void say(struct end *e, struct slice s)
{
	buf_append(conn_output(e->conn), s);
	conn_flush(e->conn);
}

static void bytes_travel_both_ways(void **state)
{
	struct pair p;
	pair_open(&p);
	p.b.echo = true;
	say(&p.a, SLICE("hello\r\n"));
	assert_true(run_until(p.loop, has_got, &(struct amount){&p.a, 7}, 30000));
	assert_true(slice_eq(buf_slice(&p.a.got), SLICE("hello\r\n")));
	assert_int_equal(conn_peer_address(p.a.conn).n, 0);
	pair_close(&p);
}

static void large_output_respects_the_marks_and_arrives_whole(void **state)
{
	struct pair p;
	pair_open(&p);
	p.a.to_produce = 5 << 20;
	produce(&p.a);
	assert_true(buf_len(conn_output(p.a.conn)) <= CONN_HIGH_MARK + 8192);
	assert_true(run_until(p.loop, has_got, &(struct amount){&p.b, 5 << 20}, 30000));
	assert_true(p.a.drained > 0);
	assert_int_equal(buf_len(&p.b.got), 5 << 20);
	pair_close(&p);
}

static void a_slow_owner_reads_in_pieces(void **state)
{
	struct pair p;
	pair_open(&p);
	p.b.pause_after = true;
	p.a.to_produce = 300000;
	produce(&p.a);
	for (int i = 0; i < 100 && buf_len(&p.b.got) < 300000; i++) {
		run_until(p.loop, never, NULL, 2);
		conn_resume(p.b.conn);
	}
	assert_int_equal(buf_len(&p.b.got), 300000);
	pair_close(&p);
}

static void the_end_of_the_peer_comes_after_its_bytes(void **state)
{
	struct pair p;
	pair_open(&p);
	say(&p.a, SLICE("last"));
	conn_finish(p.a.conn);
	assert_true(run_until(p.loop, ended, &p.b, 30000));
	assert_int_equal(p.b.why, CONN_EOF);
	assert_true(slice_eq(buf_slice(&p.b.got), SLICE("last")));
	conn_destroy(&p.b.conn);
	assert_true(run_until(p.loop, ended, &p.a, 30000));
	assert_int_equal(p.a.why, CONN_LOCAL);
	assert_int_equal(p.a.ended, 1);
	pair_close(&p);
}

static void finish_sends_everything_that_is_queued(void **state)
{
	struct pair p;
	static const uint8_t block[400000];
	pair_open(&p);
	say(&p.a, slice_make(block, sizeof block));
	conn_finish(p.a.conn);
	assert_true(run_until(p.loop, ended, &p.b, 30000));
	assert_int_equal(buf_len(&p.b.got), sizeof block);
	pair_close(&p);
}

static void an_idle_connection_times_out_and_a_busy_one_does_not(void **state)
{
	struct pair p;
	pair_open(&p);
	/* Longer than the limit in all, and far below it from one byte to the next: also where the machine is busy. */
	conn_idle_limit(p.a.conn, 1500);
	for (int i = 0; i < 18; i++) {
		say(&p.b, SLICE("x"));
		run_until(p.loop, never, NULL, 100);
	}
	assert_int_equal(p.a.ended, 0);
	assert_true(run_until(p.loop, ended, &p.a, 30000));
	assert_int_equal(p.a.why, CONN_TIMEOUT);
	pair_close(&p);
}

static void the_owner_may_destroy_inside_a_callback(void **state)
{
	struct pair p;
	pair_open(&p);
	p.b.destroy_in_readable = true;
	say(&p.a, SLICE("x"));
	assert_true(run_until(p.loop, ended, &p.a, 30000));
	assert_null(p.b.conn);
	assert_int_equal(p.b.ended, 0);
	pair_close(&p);
}

static void a_released_descriptor_stays_open(void **state)
{
	struct pair p;
	pair_open(&p);
	int fd = conn_release_fd(p.a.conn);
	assert_true(fd >= 0);
	conn_destroy(&p.a.conn);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_true(run_until(p.loop, has_got, &(struct amount){&p.b, 1}, 30000));
	close(fd);
	pair_close(&p);
}

/* ---- listener and connector ---- */

struct meeting {
	struct loop *loop;
	int accepted[200], count, connected, error;
	bool done;
};

static void on_accept(void *arg, int fd)
{
	struct meeting *m = arg;
	m->accepted[m->count++] = fd;
}
static void on_connect(void *arg, int fd, int error)
{
	struct meeting *m = arg;
	m->connected = fd;
	m->error = error;
	m->done = true;
}
static bool met(void *arg)
{
	return ((struct meeting *)arg)->done;
}

static bool has_accepted(void *arg)
{
	return ((struct meeting *)arg)->count > 0;
}

static int listen_any(uint16_t *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 100), 0);
	getsockname(fd, (struct sockaddr *)&a, &n);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void connecting_and_accepting(void **state)
{
	struct meeting m = {.loop = loop_create()};
	uint16_t port;
	struct listener *l = listener_create(m.loop, listen_any(&port), on_accept, &m);
	connector_start(m.loop, SLICE("127.0.0.1"), port, 2000, on_connect, &m);
	assert_true(run_until(m.loop, met, &m, 30000));
	assert_int_equal(m.error, 0);
	run_until(m.loop, never, NULL, 5);
	assert_int_equal(m.count, 1);
	struct end e;
	end_open(&e, m.loop, m.accepted[0], 4096);
	assert_true(slice_eq(conn_peer_address(e.conn), SLICE("127.0.0.1")));
	assert_int_equal(conn_local_port(e.conn), port);
	conn_destroy(&e.conn);
	close(m.connected);
	listener_destroy(&l);
	/* Nobody listens there any more. */
	m.done = false;
	connector_start(m.loop, SLICE("127.0.0.1"), port, 2000, on_connect, &m);
	assert_true(run_until(m.loop, met, &m, 30000));
	assert_int_equal(m.error, ECONNREFUSED);
	m.done = false;
	connector_start(m.loop, SLICE("not an address"), port, 2000, on_connect, &m);
	assert_false(m.done);
	assert_true(run_until(m.loop, met, &m, 30000));
	assert_int_equal(m.error, EAFNOSUPPORT);
	struct connector *c = connector_start(m.loop, SLICE("127.0.0.1"), port, 2000, on_connect, &m);
	connector_cancel(&c);
	loop_destroy(&m.loop);
}

static void a_shortage_of_descriptors_pauses_accepting_without_spinning(void **state)
{
	struct meeting m = {.loop = loop_create()};
	uint16_t port;
	struct listener *l = listener_create(m.loop, listen_any(&port), on_accept, &m);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
	int client = socket(AF_INET, SOCK_STREAM, 0);
	struct rlimit before, none;
	struct rusage used[2];
	assert_int_equal(connect(client, (struct sockaddr *)&a, sizeof a), 0);
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = (rlim_t)client; /* the lowest free number is above it */
	setrlimit(RLIMIT_NOFILE, &none);
	getrusage(RUSAGE_SELF, &used[0]);
	run_until(m.loop, never, NULL, 100);
	getrusage(RUSAGE_SELF, &used[1]);
	assert_int_equal(m.count, 0);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_true(run_until(m.loop, has_accepted, &m, 30000));
	assert_int_equal(m.count, 1);
	assert_true(used[1].ru_utime.tv_sec * 1000 + used[1].ru_utime.tv_usec / 1000 - used[0].ru_utime.tv_sec * 1000 - used[0].ru_utime.tv_usec / 1000 < 60);
	close(m.accepted[0]);
	close(client);
	listener_destroy(&l);
	loop_destroy(&m.loop);
}

/* ---- TLS ---- */

struct tls_kit {
	struct buf ca, ca_key, chain, key;
	struct tls_key *signer;
	unsigned signatures;
	bool refuse;
};

static int sign(void *arg, uint32_t key, uint16_t scheme, struct slice digest, struct buf *out)
{
	struct tls_kit *kit = arg;
	assert_int_equal(key, 5);
	kit->signatures++;
	return kit->refuse ? -1 : tls_key_sign(kit->signer, scheme, digest, out);
}

/* Made once: key generation takes time. */
static struct tls_kit *kit_get(void)
{
	static struct tls_kit kit;
	const struct slice names[] = {SLICE_INIT("mx.example.test"), SLICE_INIT("127.0.0.1")};
	if (kit.signer != NULL)
		return &kit;
	buf_init(&kit.ca, 65536);
	buf_init(&kit.ca_key, 65536);
	buf_init(&kit.chain, 65536);
	buf_init(&kit.key, 65536);
	assert_int_equal(ca_create("Test CA", 10, &kit.ca, &kit.ca_key, NULL), 0);
	assert_int_equal(ca_issue(buf_slice(&kit.ca), buf_slice(&kit.ca_key), names, 2, 10, &kit.chain, &kit.key, NULL), 0);
	kit.signer = tls_key_load(buf_slice(&kit.key), NULL);
	assert_non_null(kit.signer);
	assert_int_equal(tls_key_matches(kit.signer, buf_slice(&kit.chain), NULL), 0);
	return &kit;
}

static struct tls_context *server_context(struct tls_kit *kit)
{
	struct error err = {0};
	struct tls_context *c = tls_context_server(buf_slice(&kit->chain), 5, sign, kit, &err);
	if (c == NULL)
		print_error("%s\n", err.private_text);
	assert_non_null(c);
	return c;
}

static void tls_session_talks_and_is_bound(void **state)
{
	struct tls_kit *kit = kit_get();
	struct tls_context *server = server_context(kit), *client = tls_context_client(true, buf_slice(&kit->ca), NULL);
	struct pair p;
	struct buf binding[2] = {BUF_INIT(100), BUF_INIT(100)};
	pair_open(&p);
	p.b.echo = true;
	unsigned before = kit->signatures;
	conn_secure_server(p.b.conn, server);
	conn_secure_client(p.a.conn, client, SLICE("mx.example.test"));
	tls_context_free(&server);
	tls_context_free(&client);
	assert_true(run_until(p.loop, secured, &p.a, 30000));
	assert_int_equal(kit->signatures, before + 1);
	say(&p.a, SLICE("inside"));
	assert_true(run_until(p.loop, has_got, &(struct amount){&p.a, 6}, 30000));
	assert_true(conn_is_secure(p.a.conn) && conn_is_secure(p.b.conn));
	assert_true(tls_peer_verified(conn_tls(p.a.conn)));
	assert_true(slice_eq(tls_version(conn_tls(p.a.conn)), SLICE("TLSv1.3")));
	for (int i = 0; i < 2; i++) {
		struct slice type = i == 0 ? SLICE("tls-exporter") : SLICE("tls-server-end-point");
		buf_clear(&binding[0]);
		buf_clear(&binding[1]);
		assert_int_equal(tls_channel_binding(conn_tls(p.a.conn), type, &binding[0]), 0);
		assert_int_equal(tls_channel_binding(conn_tls(p.b.conn), type, &binding[1]), 0);
		assert_int_equal(buf_len(&binding[0]), 32);
		assert_true(slice_eq(buf_slice(&binding[0]), buf_slice(&binding[1])));
	}
	conn_finish(p.a.conn);
	assert_true(run_until(p.loop, ended, &p.b, 30000));
	assert_int_equal(p.b.why, CONN_EOF);
	buf_free(&binding[0]);
	buf_free(&binding[1]);
	pair_close(&p);
}

static void tls_moves_large_amounts_through_a_small_input_buffer(void **state)
{
	struct tls_kit *kit = kit_get();
	struct tls_context *server = server_context(kit), *client = tls_context_client(false, SLICE_NONE, NULL);
	struct pair p;
	pair_open(&p);
	conn_secure_server(p.b.conn, server);
	conn_secure_client(p.a.conn, client, SLICE("mx.example.test"));
	assert_true(run_until(p.loop, secured, &p.a, 30000));
	p.a.to_produce = 3 << 20;
	produce(&p.a);
	assert_true(run_until(p.loop, has_got, &(struct amount){&p.b, 3 << 20}, 30000));
	/* An owner that reads later than it is told must not stall. */
	p.b.pause_after = true;
	p.a.to_produce = 300000;
	produce(&p.a);
	for (int i = 0; i < 200 && buf_len(&p.b.got) < (3 << 20) + 300000; i++) {
		run_until(p.loop, never, NULL, 2);
		conn_resume(p.b.conn);
	}
	assert_int_equal(buf_len(&p.b.got), (3 << 20) + 300000);
	tls_context_free(&server);
	tls_context_free(&client);
	pair_close(&p);
}

static void bytes_sent_before_the_handshake_are_thrown_away(void **state)
{
	struct tls_kit *kit = kit_get();
	struct tls_context *server = server_context(kit);
	struct pair p;
	pair_open(&p);
	p.b.consume_max = 10;
	say(&p.a, SLICE("STARTTLS\r\nRCPT TO:<evil>\r\n"));
	assert_true(run_until(p.loop, has_got, &(struct amount){&p.b, 10}, 30000));
	conn_secure_server(p.b.conn, server);
	assert_int_equal(buf_len(conn_input(p.b.conn)), 0);
	assert_int_equal(p.b.ended, 0);
	say(&p.a, SLICE("plain text instead of a ClientHello\r\n"));
	assert_true(run_until(p.loop, ended, &p.b, 30000));
	assert_int_equal(p.b.why, CONN_ERROR);
	assert_int_equal(buf_len(&p.b.got), 10);
	tls_context_free(&server);
	pair_close(&p);
}

static void a_wrong_name_or_unknown_issuer_is_refused(void **state)
{
	struct tls_kit *kit = kit_get();
	for (int i = 0; i < 3; i++) {
		struct tls_context *server = server_context(kit);
		struct tls_context *client = tls_context_client(true, i == 1 ? SLICE_NONE : buf_slice(&kit->ca), NULL);
		struct pair p;
		pair_open(&p);
		kit->refuse = i == 2; /* the key process is away */
		conn_secure_server(p.b.conn, server);
		conn_secure_client(p.a.conn, client, i == 0 ? SLICE("other.example.test") : SLICE("mx.example.test"));
		assert_true(run_until(p.loop, ended, &p.a, 30000));
		assert_int_equal(p.a.why, CONN_ERROR);
		assert_true(tls_error_text(conn_tls(p.a.conn)).n > 0);
		assert_int_equal(p.a.secured, 0);
		kit->refuse = false;
		tls_context_free(&server);
		tls_context_free(&client);
		pair_close(&p);
	}
}

static void a_ticket_resumes_without_a_signature(void **state)
{
	struct tls_kit *kit = kit_get();
	struct tls_context *server = server_context(kit), *client = tls_context_client(true, buf_slice(&kit->ca), NULL);
	struct tls_ticket *ticket = NULL;
	for (int i = 0; i < 2; i++) {
		int fd[2];
		uint8_t byte;
		size_t n;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
		struct tls_session *a = tls_session_create(client, fd[0], false, SLICE("mx.example.test"));
		struct tls_session *b = tls_session_create(server, fd[1], true, SLICE_NONE);
		if (ticket != NULL)
			tls_use_ticket(a, ticket);
		unsigned before = kit->signatures;
		enum tls_result ra = TLS_WANT_READ, rb = TLS_WANT_READ;
		for (int round = 0; round < 20 && (ra != TLS_OK || rb != TLS_OK); round++) {
			ra = tls_handshake(a);
			rb = tls_handshake(b);
		}
		assert_int_equal(ra, TLS_OK);
		assert_int_equal(rb, TLS_OK);
		assert_int_equal(kit->signatures - before, i == 0 ? 1 : 0);
		tls_read(a, &byte, 1, &n); /* takes the ticket in */
		tls_ticket_free(&ticket);
		ticket = tls_take_ticket(a);
		assert_true(i > 0 || ticket != NULL);
		tls_session_free(&a);
		tls_session_free(&b);
		close(fd[0]);
		close(fd[1]);
	}
	tls_ticket_free(&ticket);
	tls_context_free(&server);
	tls_context_free(&client);
}

/* Bytes in use of the heap; resident pages also hold what hundreds of handshakes at once left free. */
static double heap_kib(void)
{
	return (double)mallinfo2().uordblks / 1024;
}

enum { IDLE_COUNT = 400 };

/* The clients live in another process, so that only the server's halves are measured. */
static pid_t idle_clients(const int (*fd)[2], const int hold[2])
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	struct tls_context *context = tls_context_client(false, buf_slice(&kit_get()->ca), NULL);
	char c;
	alarm(60);
	close(hold[1]);
	for (int i = 0; i < IDLE_COUNT; i++) {
		close(fd[i][0]);
		struct tls_session *s = tls_session_create(context, fd[i][1], false, SLICE_NONE);
		if (tls_handshake(s) != TLS_OK)
			_exit(1);
	}
	_exit(read(hold[0], &c, 1) == 0 ? 0 : 1);
}

static bool all_secured(void *arg)
{
	struct end *ends = arg;
	for (int i = 0; i < IDLE_COUNT; i++)
		if (ends[i].secured == 0)
			return false;
	return true;
}

static void an_idle_tls_connection_is_small(void **state)
{
	struct tls_context *server = server_context(kit_get());
	struct loop *loop = loop_create();
	struct end *ends = memory_alloc_array(IDLE_COUNT, sizeof *ends);
	int fd[IDLE_COUNT][2], hold[2];
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	for (int i = 0; i < IDLE_COUNT; i++)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd[i]), 0);
	pid_t pid = idle_clients(fd, hold);
	double before = heap_kib();
	for (int i = 0; i < IDLE_COUNT; i++) {
		close(fd[i][1]);
		end_open(&ends[i], loop, fd[i][0], 65536);
		conn_secure_server(ends[i].conn, server);
	}
	assert_true(run_until(loop, all_secured, ends, 20000));
	double each = (heap_kib() - before) / IDLE_COUNT;
	print_message("# %.1f KiB for an idle TLS connection\n", each);
#ifndef __SANITIZE_ADDRESS__
	assert_true(each < 20);
#endif
	for (int i = 0; i < IDLE_COUNT; i++)
		conn_destroy(&ends[i].conn);
	close(hold[0]);
	close(hold[1]);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	memory_free(ends);
	tls_context_free(&server);
	loop_destroy(&loop);
}

/* ---- loop ---- */

struct order {
	struct loop *loop;
	char text[16];
	size_t n;
	struct timer *again;
};
static void note_a(void *arg)
{
	struct order *o = arg;
	o->text[o->n++] = 'a';
}
static void note_b(void *arg)
{
	struct order *o = arg;
	o->text[o->n++] = 'b';
}
static void note_stop(void *arg)
{
	struct order *o = arg;
	o->text[o->n++] = 's';
	loop_stop(o->loop);
}

static void timers_run_in_order_and_stopped_ones_do_not(void **state)
{
	struct order o = {.loop = loop_create()};
	struct timer *a = timer_create_on(o.loop, note_a, &o), *b = timer_create_on(o.loop, note_b, &o), *s = timer_create_on(o.loop, note_stop, &o);
	struct timer *x = timer_create_on(o.loop, note_a, &o);
	timer_start(s, 30);
	timer_start(b, 20);
	timer_start(x, 5);
	timer_start(a, 100);
	timer_start(a, 10);
	timer_stop(x);
	loop_run(o.loop);
	assert_string_equal(o.text, "abs");
	timer_destroy(&a);
	timer_destroy(&b);
	timer_destroy(&s);
	timer_destroy(&x);
	loop_destroy(&o.loop);
}

static void many_timers_run_by_time(void **state)
{
	struct order o = {.loop = loop_create()};
	struct timer *timers[1000];
	struct timer *stop = timer_create_on(o.loop, note_stop, &o);
	for (int i = 0; i < 1000; i++) {
		timers[i] = timer_create_on(o.loop, note_a, &o);
		timer_start(timers[i], 100000 + (i * 7919) % 1000);
	}
	for (int i = 0; i < 1000; i += 2)
		timer_destroy(&timers[i]);
	timer_start(stop, 1);
	loop_run(o.loop);
	assert_string_equal(o.text, "s");
	for (int i = 0; i < 1000; i++)
		timer_destroy(&timers[i]);
	timer_destroy(&stop);
	loop_destroy(&o.loop);
}

struct starving {
	struct loop *loop;
	struct timer *timers[2];
	unsigned rings;
	bool heard;
};

/* One of the two is always due. */
static void ring(void *arg)
{
	struct starving *s = arg;
	if (++s->rings > 1000) {
		loop_stop(s->loop);
		return;
	}
	for (int i = 0; i < 2; i++)
		timer_start(s->timers[i], 0);
}

static void hear(void *arg, int got)
{
	struct starving *s = arg;
	s->heard = true;
	loop_stop(s->loop);
}

static void timers_that_are_always_due_do_not_starve_descriptors(void **state)
{
	struct starving s = {.loop = loop_create()};
	int fd[2];
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "x", 1), 1);
	struct watcher *watcher = watcher_create(s.loop, fd[0], hear, &s);
	watcher_set(watcher, WATCH_READ);
	for (int i = 0; i < 2; i++) {
		s.timers[i] = timer_create_on(s.loop, ring, &s);
		timer_start(s.timers[i], 0);
	}
	loop_run(s.loop);
	assert_true(s.heard);
	assert_in_range(s.rings, 1, 4);
	for (int i = 0; i < 2; i++)
		timer_destroy(&s.timers[i]);
	watcher_destroy(&watcher);
	loop_destroy(&s.loop);
	close(fd[0]);
	close(fd[1]);
}

static void work_runs_elsewhere_and_is_reported_here(void **state)
{
	struct order o = {.loop = loop_create()};
	loop_work(o.loop, note_a, note_stop, &o);
	loop_run(o.loop);
	assert_string_equal(o.text, "as");
	loop_defer(o.loop, note_b, &o);
	loop_defer(o.loop, note_stop, &o);
	assert_int_equal(o.n, 2);
	loop_run(o.loop);
	assert_string_equal(o.text, "asbs");
	loop_destroy(&o.loop);
}

static int setup(void **state)
{
	crypt_init();
	tls_library_init();
	return 0;
}

static int teardown(void **state)
{
	struct tls_kit *kit = kit_get();
	tls_key_free(&kit->signer);
	buf_free(&kit->ca);
	buf_free(&kit->ca_key);
	buf_free(&kit->chain);
	buf_free(&kit->key);
	return 0;
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_run_in_order_and_stopped_ones_do_not),
		cmocka_unit_test(many_timers_run_by_time),
		cmocka_unit_test(timers_that_are_always_due_do_not_starve_descriptors),
		cmocka_unit_test(work_runs_elsewhere_and_is_reported_here),
		cmocka_unit_test(bytes_travel_both_ways),
		cmocka_unit_test(large_output_respects_the_marks_and_arrives_whole),
		cmocka_unit_test(a_slow_owner_reads_in_pieces),
		cmocka_unit_test(the_end_of_the_peer_comes_after_its_bytes),
		cmocka_unit_test(finish_sends_everything_that_is_queued),
		cmocka_unit_test(an_idle_connection_times_out_and_a_busy_one_does_not),
		cmocka_unit_test(the_owner_may_destroy_inside_a_callback),
		cmocka_unit_test(a_released_descriptor_stays_open),
		cmocka_unit_test(connecting_and_accepting),
		cmocka_unit_test(a_shortage_of_descriptors_pauses_accepting_without_spinning),
		cmocka_unit_test(tls_session_talks_and_is_bound),
		cmocka_unit_test(tls_moves_large_amounts_through_a_small_input_buffer),
		cmocka_unit_test(bytes_sent_before_the_handshake_are_thrown_away),
		cmocka_unit_test(a_wrong_name_or_unknown_issuer_is_refused),
		cmocka_unit_test(a_ticket_resumes_without_a_signature),
		cmocka_unit_test(an_idle_tls_connection_is_small),
	};
	return cmocka_run_group_tests_name("net", tests, setup, teardown);
}
