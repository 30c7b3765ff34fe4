/* The fetch role with real sockets on loopback: auth and resolver are played here, and an HTTPS server with our own engine. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/ca.h"
#include "http/server.h"
#include "ipc/test_pair.h"
#include "net/conn.h"
#include "net/prefix.h"
#include "role/fetch.h"

void role_stopped(struct role_context *ctx)
{
	loop_stop(ctx->loop);
}

struct world {
	struct loop *loop;
	struct ipc *auth, *relay, *resolver;
	struct role_context ctx;
	struct config *config;
	struct listener *listener;
	struct tls_context *tls;
	struct tls_key *key;
	struct buf ca, ca_key, chain, key_pem;
	uint16_t port;
	/* one visitor at a time */
	struct conn *conn;
	struct http_server *server;
	struct buf seen;
	size_t answer_size;
	/* the answer */
	bool answered;
	unsigned code, visits;
	struct buf headers, body, error;
};

/* ---- the other server ---- */

static void visitor_request(void *owner, uint32_t stream, const struct http_request *q)
{
	struct world *w = owner;

	buf_printf(&w->seen, "%.*s %.*s@%.*s a=%.*s|", SLICE_ARG(q->method_name), SLICE_ARG(q->path), SLICE_ARG(q->host),
	           SLICE_ARG(http_field_get(q->fields, q->field_count, SLICE("authorization"))));
}

static void visitor_body(void *owner, uint32_t stream, struct slice bytes)
{
	buf_append(&((struct world *)owner)->seen, bytes);
}

static void visitor_end(void *owner, uint32_t stream)
{
	static const struct http_field type[] = {
		HTTP_FIELD("Content-Type", "application/json"), HTTP_FIELD("Location", "https://elsewhere.example/"),
	};
	struct world *w = owner;
	struct buf body = BUF_INIT(1u << 20);

	while (buf_len(&body) < w->answer_size)
		buf_append_byte(&body, 'x');
	http_server_answer(w->server, stream, 302, type, 2, buf_slice(&body));
	buf_free(&body);
}

static void visitor_ended(void *owner, enum http_server_end why)
{
	conn_finish(((struct world *)owner)->conn);
}

static const struct http_server_events server_events = {
	.request = visitor_request, .body = visitor_body, .request_end = visitor_end, .ended = visitor_ended,
};

static void visitor_move(void *owner)
{
	struct world *w = owner;

	if (w->server == NULL)
		return;
	http_server_pump(w->server, conn_input(w->conn), conn_output(w->conn), 0);
	conn_flush(w->conn);
}

static void visitor_secured(void *owner)
{
	static const struct http_server_settings set = {.body_max = 100000};
	struct world *w = owner;

	w->server = http_server_create(&set, &server_events, w);
	visitor_move(w);
}

static void visitor_gone(void *owner, enum conn_end why)
{
	struct world *w = owner;

	http_server_destroy(&w->server);
	conn_destroy(&w->conn);
}

static const struct conn_events visitor_events = {
	.readable = visitor_move, .drained = visitor_move, .secured = visitor_secured, .ended = visitor_gone,
};

static void on_accept(void *arg, int fd)
{
	struct world *w = arg;

	w->visits++;
	w->conn = conn_create(w->loop, fd, 65536, &visitor_events, w);
	conn_secure_server(w->conn, w->tls);
}

static int sign(void *arg, uint32_t key, uint16_t scheme, struct slice digest, struct buf *out)
{
	return tls_key_sign(arg, scheme, digest, out);
}

static void server_open(struct world *w)
{
	const struct slice names[] = {SLICE_INIT("idp.example"), SLICE_INIT("127.0.0.1"), SLICE_INIT("mta-sts.there.example")};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	w->port = ntohs(address.sin_port);
	assert_int_equal(ca_create("Test CA", 10, &w->ca, &w->ca_key, NULL), 0);
	assert_int_equal(ca_issue(buf_slice(&w->ca), buf_slice(&w->ca_key), names, ARRAY_LEN(names), 10, &w->chain, &w->key_pem, NULL), 0);
	w->key = tls_key_load(buf_slice(&w->key_pem), NULL);
	w->tls = tls_context_server(buf_slice(&w->chain), 0, sign, w->key, NULL);
	assert_non_null(w->tls);
	w->listener = listener_create(w->loop, fd, on_accept, w);
}

/* ---- the other roles ---- */

static void on_resolve(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_resolve *q = message;
	struct ipc_resolve_reply reply = {0};
	struct buf list = BUF_INIT(1000);
	bool here = q->type == 1 && (slice_eq(q->name, SLICE("idp.example")) || slice_eq(q->name, SLICE("other.example")) || slice_starts(q->name, SLICE("mta-sts.")));

	buf_put_u16(&list, here);
	if (here)
		buf_put_bytes(&list, slice_make("\x7f\0\0\x01", 4));
	reply.records = buf_slice(&list);
	ipc_reply(call, &reply);
	buf_free(&list);
}

static void on_answer(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_fetch_reply *reply = message;
	struct world *w = arg;

	assert_int_equal(outcome, IPC_OK);
	w->code = reply->code;
	buf_append(&w->headers, reply->headers);
	buf_append(&w->body, reply->body);
	buf_append(&w->error, reply->error);
	w->answered = true;
}

/* "PORT" in the text becomes that of the server. */
static struct slice with_port(const struct world *w, const char *text, struct buf *out)
{
	struct slice rest = slice_str(text);
	ptrdiff_t at;

	buf_clear(out);
	while ((at = slice_search(rest, SLICE("PORT"))) >= 0) {
		buf_append(out, slice_sub(rest, 0, (size_t)at));
		buf_append_u64(out, w->port);
		rest = slice_from(rest, (size_t)at + 4);
	}
	buf_append(out, rest);
	return buf_slice(out);
}

static void fetch_for(struct world *w, struct ipc *who, const char *url, const char *fields, const char *body)
{
	struct buf text = BUF_INIT(10000);
	struct ipc_fetch request = {.method = slice_str(body != NULL ? "POST" : "GET"), .fields = slice_str(fields), .body = slice_str(body)};

	request.url = with_port(w, url, &text);
	w->answered = false;
	w->code = 0;
	buf_clear(&w->headers);
	buf_clear(&w->body);
	buf_clear(&w->error);
	buf_clear(&w->seen);
	ipc_request(who, IPC_FETCH, 0, &request, on_answer, w);
	assert_true(ipc_test_run_until(w->loop, &w->answered, 10000));
	buf_free(&text);
}

static void fetch(struct world *w, const char *url, const char *fields, const char *body)
{
	fetch_for(w, w->auth, url, fields, body);
}

static bool says(const struct buf *b, const char *text)
{
	return slice_search(buf_slice(b), slice_str(text)) >= 0;
}

static void world_open(struct world *w, const char *allow)
{
	struct buf text = BUF_INIT(1000);

	*w = (struct world){.loop = loop_create(), .config = config_default(), .ca = BUF_INIT(65536), .ca_key = BUF_INIT(65536),
		.chain = BUF_INIT(65536), .key_pem = BUF_INIT(65536), .seen = BUF_INIT(65536), .headers = BUF_INIT(65536),
		.body = BUF_INIT(1u << 20), .error = BUF_INIT(1000), .answer_size = 5};
	server_open(w);
	assert_int_equal(config_set(w->config, SLICE("fetch.allow"), with_port(w, allow, &text), NULL), 0);
	w->ctx = (struct role_context){.role = ROLE_FETCH, .loop = w->loop, .config = w->config, .ipc = ipc_create(w->loop, ROLE_FETCH, 0),
		.tls_ca = buf_slice(&w->ca)};
	w->auth = ipc_create(w->loop, ROLE_AUTH, 0);
	w->relay = ipc_create(w->loop, ROLE_RELAY, 0);
	w->resolver = ipc_create(w->loop, ROLE_RESOLVER, 0);
	ipc_handle(w->resolver, IPC_RESOLVE, on_resolve, w);
	assert_int_equal(role_fetch.start(&w->ctx, NULL), 0);
	ipc_test_join(w->auth, w->ctx.ipc);
	ipc_test_join(w->relay, w->ctx.ipc);
	ipc_test_join(w->ctx.ipc, w->resolver);
	buf_free(&text);
}

static void world_close(struct world *w)
{
	bool never = false;

	ipc_test_run_until(w->loop, &never, 50); /* the server sees the end of its connection */
	visitor_gone(w, CONN_LOCAL);
	fetch_free(w->ctx.state);
	listener_destroy(&w->listener);
	tls_context_free(&w->tls);
	tls_key_free(&w->key);
	struct buf *all[] = {&w->ca, &w->ca_key, &w->chain, &w->key_pem, &w->seen, &w->headers, &w->body, &w->error};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_free(all[i]);
	ipc_destroy(&w->auth);
	ipc_destroy(&w->relay);
	ipc_destroy(&w->resolver);
	ipc_destroy(&w->ctx.ipc);
	config_free(&w->config);
	loop_destroy(&w->loop);
}

#define INWARD "idp.example:PORT other.example:PORT 127.0.0.0/8"

static void an_answer_comes_back_whole(void **state)
{
	struct world w;

	world_open(&w, INWARD);
	fetch(&w, "https://idp.example:PORT/token?x=y", "Authorization: Basic abc\n", "grant=code");
	assert_int_equal(w.code, 302); /* not followed */
	assert_true(says(&w.seen, "POST /token@idp.example:"));
	assert_true(says(&w.seen, "a=Basic abc|grant=code"));
	assert_true(says(&w.headers, "Content-Type: application/json\n"));
	assert_true(says(&w.headers, "Location: https://elsewhere.example/\n"));
	assert_int_equal(buf_len(&w.body), 5);
	assert_int_equal(buf_len(&w.error), 0);
	fetch(&w, "https://127.0.0.1:PORT/", "", NULL);
	assert_int_equal(w.code, 302);
	world_close(&w);
}

static void only_listed_hosts_are_asked(void **state)
{
	static const char *const refused[] = {
		"https://evil.example/", "https://idp.example/", "https://idp.example.evil.example:PORT/", "http://idp.example:PORT/",
		"https://[::1]:PORT/",
		"https://u@idp.example:PORT/", "https://10.0.0.1/", "nonsense",
	};
	struct world w;

	world_open(&w, INWARD);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		fetch(&w, refused[i], "", NULL);
		assert_int_equal(w.code, 0);
		assert_true(buf_len(&w.error) > 0);
	}
	assert_int_equal(w.visits, 0);
	world_close(&w);
}

static void a_name_does_not_lead_inwards(void **state)
{
	struct world w;

	world_open(&w, "idp.example:PORT");
	fetch(&w, "https://idp.example:PORT/", "", NULL);
	assert_true(says(&w.error, "fetch.allow"));
	assert_int_equal(w.visits, 0);
	world_close(&w);
}

static void a_certificate_of_another_name_is_refused(void **state)
{
	struct world w;

	world_open(&w, INWARD);
	fetch(&w, "https://other.example:PORT/", "", NULL);
	assert_true(says(&w.error, "TLS"));
	assert_int_equal(buf_len(&w.seen), 0);
	world_close(&w);
}

static void too_large_an_answer_is_none(void **state)
{
	struct world w;

	world_open(&w, INWARD);
	w.answer_size = FETCH_BODY_MAX;
	fetch(&w, "https://idp.example:PORT/", "", NULL);
	assert_int_equal(buf_len(&w.body), FETCH_BODY_MAX);
	w.answer_size = FETCH_BODY_MAX + 1;
	fetch(&w, "https://idp.example:PORT/", "", NULL);
	assert_true(says(&w.error, "too large"));
	assert_int_equal(buf_len(&w.body), 0);
	world_close(&w);
}

static void malformed_fields_are_not_sent(void **state)
{
	struct world w;

	world_open(&w, INWARD);
	fetch(&w, "https://idp.example:PORT/", "X: a\rEvil: b\n", NULL);
	assert_true(says(&w.error, "malformed"));
	fetch(&w, "https://idp.example:PORT/", "no colon\n", NULL);
	assert_true(says(&w.error, "malformed"));
	assert_int_equal(buf_len(&w.seen), 0);
	world_close(&w);
}

static void sts_port(struct world *w)
{
	struct buf text = BUF_INIT(100);

	assert_int_equal(config_set(w->config, SLICE("relay.sts_port"), with_port(w, "PORT", &text), NULL), 0);
	buf_free(&text);
}

static void relay_gets_policies_and_nothing_else(void **state)
{
	static const char *const refused[] = {
		"https://idp.example:PORT/.well-known/mta-sts.txt", "https://there.example:PORT/.well-known/mta-sts.txt",
		"https://mta-sts.there.example/.well-known/mta-sts.txt", "https://mta-sts.there.example:PORT/", "https://mta-sts.:PORT/.well-known/mta-sts.txt",
		"https://mta-sts.there.example:PORT/.well-known/mta-sts.txt?x", "https://127.0.0.1:PORT/.well-known/mta-sts.txt",
		"http://mta-sts.there.example:PORT/.well-known/mta-sts.txt",
	};
	static const char *const policy = "https://mta-sts.there.example:PORT/.well-known/mta-sts.txt";
	struct world w;

	world_open(&w, INWARD);
	sts_port(&w);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		fetch_for(&w, w.relay, refused[i], "", NULL);
		assert_true(buf_len(&w.error) > 0);
	}
	fetch_for(&w, w.relay, policy, "Cookie: a\n", NULL);
	assert_true(buf_len(&w.error) > 0);
	fetch_for(&w, w.relay, policy, "", "body");
	assert_true(buf_len(&w.error) > 0);
	assert_int_equal(w.visits, 0);
	fetch_for(&w, w.relay, policy, "", NULL);
	assert_int_equal(w.code, 302); /* an answer, not followed */
	assert_true(says(&w.seen, "GET /.well-known/mta-sts.txt@mta-sts.there.example:"));
	w.answer_size = FETCH_POLICY_MAX + 1;
	fetch_for(&w, w.relay, policy, "", NULL);
	assert_true(says(&w.error, "too large"));
	fetch(&w, policy, "", NULL);
	assert_true(says(&w.error, "fetch.allow does not name"));
	world_close(&w);
}

static void a_policy_host_does_not_lead_inwards(void **state)
{
	struct world w;

	world_open(&w, "idp.example:PORT");
	sts_port(&w);
	fetch_for(&w, w.relay, "https://mta-sts.there.example:PORT/.well-known/mta-sts.txt", "", NULL);
	assert_true(says(&w.error, "fetch.allow"));
	fetch_for(&w, w.relay, "https://mta-sts.another.example:PORT/.well-known/mta-sts.txt", "", NULL);
	assert_int_equal(w.visits, 0);
	world_close(&w);
}

static void authorities_and_responders_are_asked_for_one_thing(void **state)
{
	struct ipc_fetch ocsp = {.method = SLICE("POST"), .fields = SLICE(FETCH_OCSP_FIELDS), .body = SLICE("request")};

	assert_true(fetch_acme_allowed(SLICE("https://ca.example/dir"), SLICE("CA.example"), 443));
	assert_true(fetch_acme_allowed(SLICE("https://ca.example:14000/dir"), SLICE("ca.example"), 14000));
	assert_false(fetch_acme_allowed(SLICE("https://ca.example/dir"), SLICE("ca.example"), 8443));
	assert_false(fetch_acme_allowed(SLICE("https://ca.example/dir"), SLICE("other.example"), 443));
	assert_false(fetch_acme_allowed(SLICE("http://ca.example/dir"), SLICE("ca.example"), 80));
	assert_false(fetch_acme_allowed(SLICE(""), SLICE("ca.example"), 443));
	assert_true(fetch_ocsp_allowed(&ocsp));
	ocsp.fields = SLICE("Content-Type: application/json\n");
	assert_false(fetch_ocsp_allowed(&ocsp));
	ocsp = (struct ipc_fetch){.method = SLICE("GET"), .fields = SLICE(FETCH_OCSP_FIELDS)};
	assert_false(fetch_ocsp_allowed(&ocsp));
}

static void private_addresses_are_known(void **state)
{
	static const char *const private[] = {
		"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
		"255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:10.0.0.1", "2001:db8::1", "64:ff9b::a00:1",
		"2002:a00:1::",
		"x",
	};
	static const char *const public[] = {
		"8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1", "2a00:1450::1", "::ffff:8.8.8.8",
	};

	for (size_t i = 0; i < ARRAY_LEN(private); i++)
		if (!net_address_is_private(slice_str(private[i])))
			fail_msg("%s", private[i]);
	for (size_t i = 0; i < ARRAY_LEN(public); i++)
		if (net_address_is_private(slice_str(public[i])))
			fail_msg("%s", public[i]);
	assert_true(net_prefix_holds(SLICE("192.0.2.0/25"), SLICE("192.0.2.127")));
	assert_false(net_prefix_holds(SLICE("192.0.2.0/25"), SLICE("192.0.2.128")));
	assert_true(net_prefix_holds(SLICE("2001:db8::/33"), SLICE("2001:db8:7fff::1")));
	assert_false(net_prefix_holds(SLICE("2001:db8::/33"), SLICE("2001:db8:8000::1")));
	assert_true(net_prefix_holds(SLICE("0.0.0.0/0"), SLICE("192.0.2.1")));
	assert_false(net_prefix_holds(SLICE("0.0.0.0/0"), SLICE("::1")));
	assert_false(net_prefix_valid(SLICE("192.0.2.0/33")));
	assert_false(net_prefix_valid(SLICE("192.0.2.0/")));
	assert_false(net_prefix_valid(SLICE("example.org")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_back_whole), cmocka_unit_test(only_listed_hosts_are_asked),
		cmocka_unit_test(a_name_does_not_lead_inwards), cmocka_unit_test(a_certificate_of_another_name_is_refused),
		cmocka_unit_test(too_large_an_answer_is_none), cmocka_unit_test(malformed_fields_are_not_sent),
		cmocka_unit_test(relay_gets_policies_and_nothing_else), cmocka_unit_test(a_policy_host_does_not_lead_inwards),
		cmocka_unit_test(authorities_and_responders_are_asked_for_one_thing), cmocka_unit_test(private_addresses_are_known),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	tls_library_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
