/* The relay role with real sockets on loopback: queue, key and resolver are played here, so is the receiving host. */
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/endian.h"
#include "base/memory.h"
#include "crypt/ca.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "crypt/sign.h"
#include "ipc/test_pair.h"
#include "role/relay.h"
#include "smtp/test_rig.h"

void role_stopped(struct role_context *ctx)
{
	loop_stop(ctx->loop);
}

static const uint8_t BOOT[32] = {9};

enum host_kind { HOST_TLS, HOST_PLAIN, HOST_BROKEN_TLS, HOST_REFUSES, HOST_DROPS_DATA };

struct visitor {
	struct host *host;
	struct conn *conn;
	struct rig rig;
};
struct host {
	struct loop *loop;
	struct listener *listener;
	struct tls_context *tls;
	struct sign_key *key;
	enum host_kind kind;
	uint16_t port;
	unsigned visits;
	unsigned recipients_max;
	struct buf log, message;
};

struct world {
	struct loop *loop;
	struct ipc *queue, *key, *resolver, *auth;
	struct role_context ctx;
	struct config *config;
	struct host host;
	uint8_t public_key[32], secret_key[32];
	struct buf record, plain;
	struct buf results;
	struct arena arena;
	bool answered;
	const char *mx[4]; /* names for MX; NULL: none */
	bool null_mx, no_domain, dns_broken;
	bool behind, behind_verified, directory_broken; /* every domain is a relay domain, its server is the host */
	const char *sts;   /* the record of MTA-STS */
};

/* ---- the receiving host ---- */

static void visitor_move(void *owner)
{
	struct visitor *v = owner;
	struct rig *r = &v->rig;
	buf_append(&r->in, buf_slice(conn_input(v->conn)));
	buf_consume(conn_input(v->conn), buf_len(conn_input(v->conn)));
	rig_settle(r);
	if (v->host->kind == HOST_DROPS_DATA && slice_search(buf_slice(&r->log), SLICE("begin")) >= 0 && buf_len(&r->message) > 0) {
		conn_finish(v->conn);
		return;
	}
	buf_append(conn_output(v->conn), buf_slice(&r->out));
	buf_clear(&r->out);
	conn_flush(v->conn);
	if (r->tls && v->host->kind == HOST_BROKEN_TLS) {
		conn_finish(v->conn);
	} else if (r->tls) {
		r->tls = false;
		conn_secure_server(v->conn, v->host->tls);
	} else if (r->ended) {
		conn_finish(v->conn);
	}
}

static void visitor_secured(void *owner)
{
	struct visitor *v = owner;
	smtp_server_secured(v->rig.server);
	visitor_move(v);
}

static void visitor_ended(void *owner, enum conn_end why)
{
	struct visitor *v = owner;
	buf_append(&v->host->log, buf_slice(&v->rig.log));
	buf_clear(&v->host->message);
	buf_append(&v->host->message, buf_slice(&v->rig.message));
	conn_destroy(&v->conn);
	rig_close(&v->rig);
	memory_free(v);
}

static const struct conn_events visitor_events = {
	.readable = visitor_move, .drained = visitor_move, .secured = visitor_secured, .ended = visitor_ended,
};

static void host_accept(void *arg, int fd)
{
	struct host *h = arg;
	struct visitor *v = memory_alloc(sizeof *v);
	struct smtp_server_settings set = {.hostname = SLICE("mx.there.example"), .starttls = h->kind == HOST_TLS || h->kind == HOST_BROKEN_TLS};
	set.recipients_max = h->recipients_max;
	h->visits++;
	v->host = h;
	rig_open(&v->rig, &set, RIG_AT_ONCE);
	v->rig.manual_tls = true;
	if (h->kind == HOST_REFUSES) {
		buf_clear(&v->rig.out);
		buf_append_str(&v->rig.out, "554 5.7.1 go away\r\n");
	}
	v->conn = conn_create(h->loop, fd, 65536, &visitor_events, v);
	visitor_move(v);
}

static int sign(void *arg, uint32_t key, uint16_t scheme, struct slice digest, struct buf *out)
{
	return sign_digest(arg, scheme, digest, out, NULL);
}

static void host_open(struct host *h, struct loop *loop, enum host_kind kind)
{
	struct buf ca = BUF_INIT(65536), ca_key = BUF_INIT(65536), chain = BUF_INIT(65536), key = BUF_INIT(65536);
	struct slice name = SLICE("mx.there.example");
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(fd, 64), 0);
	getsockname(fd, (struct sockaddr *)&a, &n);
	*h = (struct host){.loop = loop, .kind = kind, .port = ntohs(a.sin_port), .log = BUF_INIT(1u << 22), .message = BUF_INIT(1u << 25)};
	assert_int_equal(ca_create("test", 2, &ca, &ca_key, NULL), 0);
	assert_int_equal(ca_issue(buf_slice(&ca), buf_slice(&ca_key), &name, 1, 2, &chain, &key, NULL), 0);
	assert_int_equal(sign_key_load(buf_slice(&key), &h->key, NULL), 0);
	h->tls = tls_context_server(buf_slice(&chain), 0, sign, h->key, NULL);
	assert_non_null(h->tls);
	h->listener = listener_create(loop, fd, host_accept, h);
	buf_free(&ca);
	buf_free(&ca_key);
	buf_free(&chain);
	buf_free(&key);
}

/* ---- the other roles ---- */

static int record_read(void *arg, uint64_t offset, void *p, size_t n)
{
	struct slice *s = arg;
	memcpy(p, s->p + offset, n);
	return 0;
}

static void on_key_open(void *arg, struct ipc_call *call, const void *request)
{
	struct world *w = arg;
	const struct ipc_key_open *q = request;
	static const uint8_t nobody[16];
	struct seal_reader_key key = {.generation = q->epoch, .secret_key = w->secret_key};
	struct buf scratch = BUF_INIT(1u << 26);
	struct slice disk = seal_disk_form(buf_slice(&w->record), &scratch);
	struct seal_source source = {.read = record_read, .arg = &disk, .size = disk.n};
	struct filing_note note;
	struct sealed *sealed = NULL;
	struct ipc_key_open_reply reply = {.status = 1};
	memcpy(key.public_key, w->public_key, 32);
	assert_int_equal(q->wrap.n, 48);
	if (sealed_open(&source, READER_OUTBOUND, nobody, &key, 1, &w->arena, &note, &sealed, NULL) == 0) {
		reply.status = 0;
		memcpy(reply.data_key.b, sealed_data_key(sealed), 32);
	}
	ipc_reply(call, &reply);
	sealed_close(&sealed);
	buf_free(&scratch);
}

static void put_name(struct buf *b, const char *name)
{
	struct slice rest = slice_str(name), label;
	while (slice_split(&rest, '.', &label)) {
		buf_append_byte(b, (uint8_t)label.n);
		buf_append(b, label);
	}
	buf_append_byte(b, 0);
}

/* "good…" is 127.0.0.1, where the host listens; "closed…" is 127.0.0.2, where nobody does. */
static void on_resolve(void *arg, struct ipc_call *call, const void *request)
{
	struct world *w = arg;
	const struct ipc_resolve *q = request;
	struct ipc_resolve_reply reply = {.status = w->dns_broken, .rcode = w->no_domain ? 3 : 0};
	struct buf list = BUF_INIT(4096), rdata = BUF_INIT(512);
	unsigned count = 0;
	buf_put_u16(&list, 0);
	if (q->type == 15 && w->null_mx) {
		count = 1;
		buf_put_bytes(&list, slice_make("\0\0\0", 3));
	}
	for (unsigned i = 0; q->type == 15 && i < 4 && w->mx[i] != NULL; i++, count++) {
		buf_clear(&rdata);
		buf_put_u16(&rdata, (uint16_t)(10 * (4 - i))); /* the last is the best */
		put_name(&rdata, w->mx[i]);
		buf_put_bytes(&list, buf_slice(&rdata));
	}
	if (q->type == 1 && slice_starts(q->name, SLICE("good"))) {
		count = 1;
		buf_put_bytes(&list, slice_make("\x7f\0\0\x01", 4));
	} else if (q->type == 1 && slice_starts(q->name, SLICE("closed"))) {
		count = 1;
		buf_put_bytes(&list, slice_make("\x7f\0\0\x02", 4));
	}
	if (q->type == 16 && w->sts != NULL && slice_eq(q->name, SLICE("_mta-sts.there.example"))) {
		count = 1;
		buf_clear(&rdata);
		buf_append_byte(&rdata, (uint8_t)strlen(w->sts));
		buf_append_str(&rdata, w->sts);
		buf_put_bytes(&list, buf_slice(&rdata));
	}
	put_u16(list.data + list.start, (uint16_t)count);
	reply.records = buf_slice(&list);
	ipc_reply(call, &reply);
	buf_free(&list);
	buf_free(&rdata);
}

static void on_auth_route(void *arg, struct ipc_call *call, const void *request)
{
	struct world *w = arg;
	const struct ipc_auth_route *q = request;
	struct ipc_auth_route_reply reply = {.status = w->directory_broken};
	assert_true(q->domain.n > 0);
	if (w->behind) {
		reply.host = SLICE("127.0.0.1");
		reply.port = w->host.port;
		reply.tls_verified = w->behind_verified;
	}
	ipc_reply(call, &reply);
}

static void world_open(struct world *w, enum host_kind kind)
{
	char port[16];
	*w = (struct world){.loop = loop_create(), .config = config_default(), .record = BUF_INIT(1u << 26),
	                    .plain = BUF_INIT(1u << 26), .results = BUF_INIT(1u << 20)};
	kx_keypair(w->public_key, w->secret_key);
	host_open(&w->host, w->loop, kind);
	snprintf(port, sizeof port, "%u", w->host.port);
	assert_int_equal(config_set(w->config, SLICE("relay.port"), slice_str(port), NULL), 0);
	assert_int_equal(config_set(w->config, SLICE("hostname"), SLICE("here.example"), NULL), 0);
	w->ctx = (struct role_context){.role = ROLE_RELAY, .loop = w->loop, .config = w->config, .ipc = ipc_create(w->loop, ROLE_RELAY, 0)};
	w->queue = ipc_create(w->loop, ROLE_QUEUE, 0);
	w->key = ipc_create(w->loop, ROLE_KEY, 0);
	w->resolver = ipc_create(w->loop, ROLE_RESOLVER, 0);
	w->auth = ipc_create(w->loop, ROLE_AUTH, 0);
	ipc_handle(w->auth, IPC_AUTH_ROUTE, on_auth_route, w);
	ipc_handle(w->key, IPC_KEY_OPEN, on_key_open, w);
	ipc_handle(w->resolver, IPC_RESOLVE, on_resolve, w);
	assert_int_equal(role_relay.start(&w->ctx, NULL), 0);
	ipc_test_join(w->queue, w->ctx.ipc);
	ipc_test_join(w->ctx.ipc, w->key);
	ipc_test_join(w->ctx.ipc, w->resolver);
	ipc_test_join(w->ctx.ipc, w->auth);
	w->mx[0] = "good.example";
}

static void on_stop_wait(void *arg)
{
	loop_stop(arg);
}

static void world_close(struct world *w)
{
	struct timer *t = timer_create_on(w->loop, on_stop_wait, w->loop);
	role_relay.stop(&w->ctx); /* ends at once: nothing runs; idle connections say QUIT meanwhile */
	timer_start(t, 100);
	loop_run(w->loop);
	struct relay *relay = w->ctx.state;
	relay_free(&relay);
	timer_start(t, 100);
	loop_run(w->loop); /* the host sees the ends of its connections */
	timer_destroy(&t);
	listener_destroy(&w->host.listener);
	tls_context_free(&w->host.tls);
	sign_key_free(&w->host.key);
	buf_free(&w->host.log);
	buf_free(&w->host.message);
	buf_free(&w->record);
	buf_free(&w->plain);
	buf_free(&w->results);
	arena_free(&w->arena);
	ipc_destroy(&w->queue);
	ipc_destroy(&w->key);
	ipc_destroy(&w->resolver);
	ipc_destroy(&w->auth);
	ipc_destroy(&w->ctx.ipc);
	config_free(&w->config);
	loop_destroy(&w->loop);
}

static void seal(struct world *w, size_t size)
{
	struct slice header = SLICE("Subject: x\r\n\r\n");
	struct seal_reader reader = {.kind = READER_OUTBOUND, .generation = 7};
	struct buf body = BUF_INIT(1u << 26);
	memcpy(reader.public_key, w->public_key, 32);
	for (size_t i = 0; buf_len(&body) < size; i++)
		buf_printf(&body, "%s line %zu\r\n", i % 3 == 0 ? "." : "", i);
	struct seal_input in = {.header = &header, .header_pieces = 1, .body = buf_slice(&body), .digest = SLICE("d"), .readers = &reader,
	 .reader_count = 1, .job = SLICE("j")};
	buf_clear(&w->record);
	buf_clear(&w->plain);
	buf_append(&w->plain, header);
	buf_append(&w->plain, buf_slice(&body));
	assert_int_equal(seal_write(&in, BOOT, &w->record, NULL), 0);
	buf_free(&body);
}

static void on_results(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct world *w = arg;
	const struct ipc_relay_deliver_reply *reply = message;
	assert_int_equal(outcome, IPC_OK);
	buf_clear(&w->results);
	buf_append(&w->results, reply->results);
	w->answered = true;
}

static void deliver_begin(struct world *w, const char *const *to)
{
	struct job_recipient recipients[64];
	struct job job = {.reverse_path = SLICE("me@here.example"), .recipients = recipients, .cid = SLICE("c1")};
	struct buf encoded = BUF_INIT(1u << 20), scratch = BUF_INIT(1u << 26);
	for (; to[job.recipient_count] != NULL; job.recipient_count++)
		recipients[job.recipient_count] = (struct job_recipient){.address = slice_str(to[job.recipient_count])};
	relay_job_encode(SLICE("there.example"), &job, &encoded);
	int fd = memfd_from_slice("record", seal_disk_form(buf_slice(&w->record), &scratch), NULL);
	assert_true(fd >= 0);
	struct ipc_relay_deliver request = {.job = buf_slice(&encoded), .record = fd};
	w->answered = false;
	ipc_request(w->queue, IPC_RELAY_DELIVER, 0, &request, on_results, w);
	file_close(&fd);
	buf_free(&encoded);
	buf_free(&scratch);
}

/* Delivers to the addresses; the results are in w->results. */
static void deliver(struct world *w, const char *const *to)
{
	deliver_begin(w, to);
	assert_true(ipc_test_run_until(w->loop, &w->answered, 20000));
}

static struct delivery_result result_of(struct world *w, unsigned index)
{
	struct slice list = buf_slice(&w->results);
	struct delivery_result r = {0};
	for (unsigned i = 0; i <= index; i++)
		assert_int_equal(delivery_result_decode(&list, &r), 0);
	return r;
}

static void expect(struct world *w, unsigned index, enum delivery_state state, unsigned code, const char *enhanced, const char *tls)
{
	struct delivery_result r = result_of(w, index);
	if (r.state != state || r.code != code || !slice_eq(r.enhanced, slice_str(enhanced)) || (tls != NULL && !slice_eq(r.tls, slice_str(tls))))
		fail_msg("%u: %d %u %.*s %.*s (%.*s) %.*s", index, (int)r.state, r.code, SLICE_ARG(r.enhanced), SLICE_ARG(r.text), SLICE_ARG(r.tls),
		 SLICE_ARG(r.remote_host));
}

static const char *const one[] = {"a@there.example", NULL};

static void mail_goes_out_under_tls_and_the_connection_is_used_again(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_TLS);
	seal(&w, 4000);
	deliver(&w, one);
	expect(&w, 0, DELIVERY_DONE, 250, "2.0.0", "opportunistic TLSv1.3");
	assert_true(slice_eq(result_of(&w, 0).remote_host, SLICE("good.example [127.0.0.1]")));
	deliver(&w, one);
	expect(&w, 0, DELIVERY_DONE, 250, "2.0.0", "opportunistic TLSv1.3");
	assert_int_equal(w.host.visits, 1);
	struct buf plain = w.plain;
	w.plain = BUF_INIT(1u << 26);
	struct buf *message = &w.host.message;
	struct timer *t = timer_create_on(w.loop, on_stop_wait, w.loop);
	role_relay.reload(&w.ctx); /* closes idle connections */
	timer_start(t, 200);
	loop_run(w.loop);
	timer_destroy(&t);
	assert_true(slice_eq(buf_slice(message), buf_slice(&plain)));
	assert_true(slice_search(buf_slice(&w.host.log), SLICE("quit\n")) >= 0);
	buf_free(&plain);
	world_close(&w);
}

static void a_large_message_streams_through(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_TLS);
	seal(&w, 5u << 20);
	deliver(&w, one);
	expect(&w, 0, DELIVERY_DONE, 250, "2.0.0", NULL);
	world_close(&w);
}

static void every_recipient_gets_its_own_result(void **state)
{
	(void)state;
	static const char *const to[] = {"perm@there.example", "a@there.example", "temp@there.example", "b@there.example", NULL};
	struct world w;
	world_open(&w, HOST_PLAIN);
	seal(&w, 100);
	deliver(&w, to);
	expect(&w, 0, DELIVERY_PERMANENT, 550, "5.1.1", "none");
	expect(&w, 1, DELIVERY_DONE, 250, "2.0.0", "none");
	expect(&w, 2, DELIVERY_TEMPORARY, 451, "4.3.0", "none");
	expect(&w, 3, DELIVERY_DONE, 250, "2.0.0", "none");
	world_close(&w);
}

static void too_many_recipients_go_in_several_transactions(void **state)
{
	(void)state;
	static const char *const to[] = {"a@x", "b@x", "c@x", "d@x", "e@x", "f@x", "g@x", NULL};
	struct world w;
	world_open(&w, HOST_PLAIN);
	w.host.recipients_max = 3;
	seal(&w, 100);
	deliver(&w, to);
	for (unsigned i = 0; i < 7; i++)
		expect(&w, i, DELIVERY_DONE, 250, "2.0.0", NULL);
	assert_int_equal(w.host.visits, 1);
	world_close(&w);
}

struct many {
	unsigned left, done;
	bool all;
};

static void on_one_of_many(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct many *m = arg;
	const struct ipc_relay_deliver_reply *reply = message;
	struct delivery_result r;
	struct slice list = reply->results;
	assert_int_equal(outcome, IPC_OK);
	assert_int_equal(delivery_result_decode(&list, &r), 0);
	m->done += r.state == DELIVERY_DONE;
	m->all = --m->left == 0;
}

static void connections_to_one_destination_are_limited(void **state)
{
	(void)state;
	struct world w;
	struct many m = {.left = 50};
	struct job_recipient recipient = {.address = SLICE("a@there.example")};
	struct job job = {.reverse_path = SLICE("me@here.example"), .recipients = &recipient, .recipient_count = 1, .cid = SLICE("c1")};
	struct buf encoded = BUF_INIT(1u << 20), scratch = BUF_INIT(1u << 26);
	world_open(&w, HOST_TLS);
	assert_int_equal(config_set(w.config, SLICE("relay.per_destination"), SLICE("3"), NULL), 0);
	seal(&w, 10000);
	relay_job_encode(SLICE("there.example"), &job, &encoded);
	int fd = memfd_from_slice("record", seal_disk_form(buf_slice(&w.record), &scratch), NULL);
	struct ipc_relay_deliver request = {.job = buf_slice(&encoded), .record = fd};
	for (unsigned i = 0; i < 50; i++)
		ipc_request(w.queue, IPC_RELAY_DELIVER, 0, &request, on_one_of_many, &m);
	file_close(&fd);
	buf_free(&encoded);
	buf_free(&scratch);
	assert_true(ipc_test_run_until(w.loop, &m.all, 20000));
	assert_int_equal(m.done, 50);
	assert_int_equal(w.host.visits, 3);
	world_close(&w);
}

static void the_next_host_is_tried(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_PLAIN);
	w.mx[1] = "closed.example"; /* preferred */
	seal(&w, 100);
	deliver(&w, one);
	expect(&w, 0, DELIVERY_DONE, 250, "2.0.0", NULL);
	w.mx[0] = "closed.other.example";
	w.mx[1] = NULL;
	deliver(&w, one);
	expect(&w, 0, DELIVERY_TEMPORARY, 0, "4.4.1", NULL);
	world_close(&w);
}

static void broken_tls_falls_back_to_plain(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_BROKEN_TLS);
	seal(&w, 100);
	deliver(&w, one);
	expect(&w, 0, DELIVERY_DONE, 250, "2.0.0", "none");
	assert_int_equal(w.host.visits, 2);
	world_close(&w);
}

static void hosts_that_do_not_take_it_are_tried_later(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_REFUSES);
	seal(&w, 100);
	deliver(&w, one);
	expect(&w, 0, DELIVERY_TEMPORARY, 450, "4.4.0", NULL);
	w.host.kind = HOST_DROPS_DATA;
	deliver(&w, one);
	assert_int_equal(result_of(&w, 0).state, DELIVERY_TEMPORARY);
	world_close(&w);
}

static void what_dns_says(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_PLAIN);
	seal(&w, 100);
	w.mx[0] = NULL;
	w.null_mx = true;
	deliver(&w, one);
	expect(&w, 0, DELIVERY_PERMANENT, 556, "5.1.10", NULL);
	w.null_mx = false;
	deliver(&w, one); /* no MX, and there.example has no address */
	expect(&w, 0, DELIVERY_PERMANENT, 550, "5.4.4", NULL);
	w.mx[0] = "here.example";
	deliver(&w, one);
	expect(&w, 0, DELIVERY_PERMANENT, 550, "5.4.6", NULL);
	w.dns_broken = true;
	deliver(&w, one);
	expect(&w, 0, DELIVERY_TEMPORARY, 450, "4.4.3", NULL);
	w.dns_broken = false;
	w.no_domain = true;
	deliver(&w, one);
	expect(&w, 0, DELIVERY_PERMANENT, 550, "5.1.2", NULL);
	world_close(&w);
}

static void routes_come_before_mx(void **state)
{
	(void)state;
	struct world w;
	char route[64];
	world_open(&w, HOST_PLAIN);
	w.no_domain = true;
	snprintf(route, sizeof route, "there.example [127.0.0.1]:%u", w.host.port);
	assert_int_equal(config_set(w.config, SLICE("relay.routes"), slice_str(route), NULL), 0);
	seal(&w, 100);
	deliver(&w, one);
	expect(&w, 0, DELIVERY_DONE, 250, "2.0.0", NULL);
	world_close(&w);
}

/* ---- MTA-STS ---- */

#define NOW 1800000000

static struct sts_state policy_of(const char *mode)
{
	struct sts_state s = {.id = SLICE("a1"), .fetched_s = NOW, .expires_s = NOW + 1000, .policy = {.max_age_s = 1000, .mx_count = 1}};
	s.policy.mx[0] = SLICE("*.there.example");
	s.policy.mode = strcmp(mode, "enforce") == 0 ? STS_ENFORCE : strcmp(mode, "testing") == 0 ? STS_TESTING : STS_NONE;
	return s;
}

static struct relay_route route_of(void)
{
	return (struct relay_route){.count = 4, .mx_domain = SLICE("there.example"), .hops = {
		{.host = SLICE("mx.there.example")}, {.host = SLICE("mx.elsewhere.example")}, {.host = SLICE("guarded.elsewhere.example"), .tls = RELAY_TLS_DANE},
		{.host = SLICE("half.there.example"), .tls = RELAY_TLS_ENCRYPTED},
	}};
}

static void an_enforced_policy_leaves_named_hosts_and_those_with_dane(void **state)
{
	(void)state;
	struct sts_state s = policy_of("enforce");
	struct relay_route r = route_of();
	relay_sts_apply(&r, &s, NOW);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.hops[0].tls, RELAY_TLS_VERIFIED);
	assert_true(r.hops[0].sts && r.hops[0].named_securely);
	assert_int_equal(r.hops[1].tls, RELAY_TLS_DANE);
	assert_false(r.hops[1].sts);
	assert_int_equal(r.hops[2].tls, RELAY_TLS_VERIFIED);
	/* A host of an attacker's DNS only. */
	r = route_of();
	r.hops[0] = r.hops[1];
	r.count = 1;
	relay_sts_apply(&r, &s, NOW);
	assert_int_equal(r.count, 0);
	assert_int_equal(r.failure.code, 450);
}

static void a_policy_that_does_not_enforce_changes_nothing(void **state)
{
	(void)state;
	const struct sts_state all[] = {policy_of("testing"), policy_of("none"), policy_of("enforce")};
	const int64_t times[] = {NOW, NOW, NOW + 1000}; /* the last has ended */
	for (size_t i = 0; i < 3; i++) {
		struct relay_route r = route_of();
		relay_sts_apply(&r, &all[i], times[i]);
		assert_int_equal(r.count, 4);
		for (size_t k = 0; k < 4; k++)
			assert_true(r.hops[k].tls == route_of().hops[k].tls && !r.hops[k].sts);
	}
}

static void what_dane_guards_or_a_route_names_needs_no_policy(void **state)
{
	(void)state;
	struct relay_route r = route_of();
	assert_true(relay_sts_concerns(&r));
	r.mx_domain = SLICE_NONE;
	assert_false(relay_sts_concerns(&r));
	r = route_of();
	r.hops[0] = r.hops[2];
	r.count = 1;
	assert_false(relay_sts_concerns(&r));
}

static void a_policy_that_nobody_here_can_ask_for_is_waited_for(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_PLAIN);
	seal(&w, 100);
	w.sts = "v=STSv1; id=a1";
	deliver(&w, one);
	expect(&w, 0, DELIVERY_TEMPORARY, 450, "4.4.3", NULL);
	w.sts = "v=STSv2; id=a1";
	deliver(&w, one);
	expect(&w, 0, DELIVERY_DONE, 250, "2.0.0", NULL);
	world_close(&w);
}

struct silent {
	struct ipc_call *call;
	bool asked;
};

static void on_fetch_silent(void *arg, struct ipc_call *call, const void *request)
{
	struct silent *s = arg;
	s->call = call;
	s->asked = true;
}

static void a_stop_does_not_wait_for_a_policy(void **state)
{
	(void)state;
	struct world w;
	struct silent silent = {0};
	bool never = false;
	world_open(&w, HOST_PLAIN);
	seal(&w, 100);
	w.sts = "v=STSv1; id=a1";
	struct ipc *fetch = ipc_create(w.loop, ROLE_FETCH, 0);
	ipc_handle(fetch, IPC_FETCH, on_fetch_silent, &silent);
	ipc_test_join(w.ctx.ipc, fetch);
	deliver_begin(&w, one);
	assert_true(ipc_test_run_until(w.loop, &silent.asked, 20000));
	const struct relay *relay = w.ctx.state;
	assert_int_equal(relay->running, 1);
	role_relay.stop(&w.ctx);
	assert_int_equal(relay->running, 0);
	ipc_test_run_until(w.loop, &w.answered, 1); /* the stop ended the loop, which is run once for that */
	assert_true(ipc_test_run_until(w.loop, &w.answered, 20000));
	expect(&w, 0, DELIVERY_TEMPORARY, 421, "4.3.2", NULL);
	/* The late answer finds a delivery that has its results. */
	ipc_reply(silent.call, &(struct ipc_fetch_reply){.error = SLICE("it took too long")});
	for (unsigned i = 0; i < 600 && !list_empty(&relay->deliveries); i++)
		ipc_test_run_until(w.loop, &never, 50);
	assert_true(list_empty(&relay->deliveries));
	ipc_destroy(&fetch);
	world_close(&w);
}

/* By MX or by a route the letter would go to "closed.example". */
static void mail_of_a_relay_domain_goes_to_the_server_behind(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_PLAIN);
	w.mx[0] = "closed.example";
	w.behind = true;
	assert_int_equal(config_set(w.config, SLICE("relay.routes"), SLICE("* closed.example:1"), NULL), 0);
	seal(&w, 100);
	deliver(&w, one);
	expect(&w, 0, DELIVERY_DONE, 250, "2.0.0", NULL);
	w.behind_verified = true; /* the host has no TLS */
	deliver(&w, one);
	assert_int_equal(result_of(&w, 0).state, DELIVERY_TEMPORARY);
	w.directory_broken = true;
	deliver(&w, one);
	expect(&w, 0, DELIVERY_TEMPORARY, 450, "4.3.0", NULL);
	world_close(&w);
}

/* ---- addresses that are asked about ---- */

#define PROBES 5
struct answers {
	uint8_t status[PROBES];
	uint16_t code[PROBES];
	unsigned count;
	bool all;
};

static void on_verified(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct answers *a = arg;
	const struct ipc_relay_verify_reply *reply = message;
	assert_int_equal(outcome, IPC_OK);
	a->status[a->count] = reply->status;
	a->code[a->count++] = reply->code;
	a->all = a->count == PROBES;
}

static void servers_behind_are_asked_over_one_connection(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_TLS);
	static const char *const names[PROBES] = {"a@there.example", "perm@there.example", "temp@there.example", "full@there.example", "b@there.example"};
	static const uint8_t expected[PROBES] = {0, 1, 2, 0, 0};
	struct answers answers = {0};
	for (unsigned i = 0; i < PROBES; i++) {
		struct ipc_relay_verify request = {.domain = SLICE("there.example"), .host = SLICE("127.0.0.1"), .port = w.host.port, .within_ms = 30000};
		request.address = slice_str(names[i]);
		ipc_request(w.auth, IPC_RELAY_VERIFY, IPC_ANY, &request, on_verified, &answers);
	}
	assert_true(ipc_test_run_until(w.loop, &answers.all, 60000));
	assert_memory_equal(answers.status, expected, sizeof expected);
	assert_int_equal(answers.code[1], 550);
	assert_int_equal(w.host.visits, 1);
	assert_int_equal(buf_len(&w.host.message), 0);
	const struct relay *relay = w.ctx.state;
	assert_int_equal(relay->delivered + relay->bounced + relay->deferred, 0);
	world_close(&w);
}

static void a_server_behind_that_cannot_be_verified_says_nothing(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, HOST_PLAIN);
	struct answers answers = {.count = PROBES - 1};
	struct ipc_relay_verify request = {.domain = SLICE("there.example"), .host = SLICE("127.0.0.1"), .port = w.host.port, .tls_verified = 1,
		.address = SLICE("a@there.example"), .within_ms = 30000};
	ipc_request(w.auth, IPC_RELAY_VERIFY, IPC_ANY, &request, on_verified, &answers);
	assert_true(ipc_test_run_until(w.loop, &answers.all, 60000));
	assert_int_equal(answers.status[PROBES - 1], 2);
	assert_true(slice_search(buf_slice(&w.host.log), SLICE("rcpt")) < 0);
	world_close(&w);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	signal(SIGPIPE, SIG_IGN); /* as role.c does */
	crypt_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_goes_out_under_tls_and_the_connection_is_used_again), cmocka_unit_test(a_large_message_streams_through),
		cmocka_unit_test(every_recipient_gets_its_own_result), cmocka_unit_test(too_many_recipients_go_in_several_transactions),
		cmocka_unit_test(connections_to_one_destination_are_limited),
		cmocka_unit_test(the_next_host_is_tried), cmocka_unit_test(broken_tls_falls_back_to_plain),
		cmocka_unit_test(hosts_that_do_not_take_it_are_tried_later), cmocka_unit_test(what_dns_says), cmocka_unit_test(routes_come_before_mx),
		cmocka_unit_test(an_enforced_policy_leaves_named_hosts_and_those_with_dane), cmocka_unit_test(a_policy_that_does_not_enforce_changes_nothing),
		cmocka_unit_test(what_dane_guards_or_a_route_names_needs_no_policy), cmocka_unit_test(a_policy_that_nobody_here_can_ask_for_is_waited_for),
		cmocka_unit_test(a_stop_does_not_wait_for_a_policy),
		cmocka_unit_test(mail_of_a_relay_domain_goes_to_the_server_behind),
		cmocka_unit_test(servers_behind_are_asked_over_one_connection), cmocka_unit_test(a_server_behind_that_cannot_be_verified_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
