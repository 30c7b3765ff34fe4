/* The client engine against answers good and bad, in one piece and byte by byte, and against our own server engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "base/error.h"
#include "http/client.h"
#include "http/server.h"

struct rig {
	struct http_client *client;
	struct buf in, out, log;
	bool finished;
};

static void on_head(void *owner, unsigned status, const struct http_field *fields, size_t count)
{
	struct rig *r = owner;

	buf_printf(&r->log, "%u<%.*s>", status, SLICE_ARG(http_field_get(fields, count, SLICE("x"))));
}

static void on_body(void *owner, struct slice bytes)
{
	buf_append(&((struct rig *)owner)->log, bytes);
}

static void on_done(void *owner, bool reusable)
{
	struct rig *r = owner;

	buf_append_str(&r->log, reusable ? "|again" : "|done");
	r->finished = true;
}

static void on_failed(void *owner, enum http_client_error why)
{
	static const char *const names[] = {[HTTP_CLIENT_SYNTAX] = "|syntax", [HTTP_CLIENT_LARGE] = "|large", [HTTP_CLIENT_CLOSED] = "|closed"};
	struct rig *r = owner;

	buf_append_str(&r->log, names[why]);
	r->finished = true;
}

static const struct http_client_events events = {on_head, on_body, on_done, on_failed};

static void rig_open(struct rig *r)
{
	buf_init(&r->in, 1 << 20);
	buf_init(&r->out, 1 << 20);
	buf_init(&r->log, 1 << 20);
	r->client = http_client_create(100, &events, r);
}

static void rig_close(struct rig *r)
{
	http_client_destroy(&r->client);
	buf_free(&r->in);
	buf_free(&r->out);
	buf_free(&r->log);
}

static const char *current = "";

static void same(struct buf *have, const char *want)
{
	if (!slice_eq(buf_slice(have), slice_str(want)))
		fail_msg("%s:\n%.*s\ninstead of\n%s", current, SLICE_ARG(buf_slice(have)), want);
}

#define OK "HTTP/1.1 200 OK\r\n"
static const struct {
	const char *name, *method, *answer, *log;
} answers[] = {
	{"a length", "GET", OK "X: y\r\nContent-Length: 2\r\n\r\nab", "200<y>ab|again"},
	{"chunks", "GET", OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\nX: t\r\n\r\n", "200<>ab|again"},
	{"until the end", "GET", OK "\r\nab", "200<>ab|done"},
	{"close", "GET", OK "Connection: close\r\nContent-Length: 2\r\n\r\nab", "200<>ab|done"},
	{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "200<>ab|done"},
	{"no reason", "GET", "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", "404<>|again"},
	{"no content", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "204<>|again"},
	{"not modified", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304<>|again"},
	{"HEAD", "HEAD", OK "Content-Length: 500\r\n\r\n", "200<>|again"},
	{"a redirect is an answer", "GET", "HTTP/1.1 302 Found\r\nX: /\r\nContent-Length: 0\r\n\r\n", "302</>|again"},
	{"interim answers", "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: n\r\n\r\n" OK "Content-Length: 1\r\n\r\na",
		"200<>a|again"},
	{"switching", "GET", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "|syntax"},
	{"length and coding", "GET", OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "|syntax"},
	{"two lengths", "GET", OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "|syntax"},
	{"gzip as a transfer coding", "GET", OK "Transfer-Encoding: gzip\r\n\r\nabc", "|syntax"},
	{"a folded line", "GET", OK "X: a\r\n b\r\n\r\n", "|syntax"},
	{"bare LF", "GET", "HTTP/1.1 200 OK\nX: a\n\n", "|syntax"},
	{"no HTTP", "GET", "SSH-2.0-x\r\n\r\n", "|syntax"},
	{"HTTP/2", "GET", "HTTP/2.0 200 OK\r\n\r\n", "|syntax"},
	{"a bad status", "GET", "HTTP/1.1 2x0 OK\r\n\r\n", "|syntax"},
	{"a bad chunk", "GET", OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "200<>|syntax"},
	{"too long a body", "GET", OK "Content-Length: 101\r\n\r\n", "|large"},
	{"too long a stream", "GET", OK "\r\n"
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789x",
		NULL},
	{"cut short", "GET", OK "Content-Length: 5\r\n\r\nab", "200<>ab|closed"},
	{"cut chunks", "GET", OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "200<>a|closed"},
	{"cut head", "GET", OK "Content-Le", "|closed"},
	{"nothing", "GET", "", "|closed"},
};

static void send(struct rig *r, const char *method)
{
	struct http_client_request request = {.method = slice_str(method), .target = SLICE("/x?y"), .host = SLICE("h:8"), .keep = true};

	assert_int_equal(http_client_send(r->client, &request), 0);
	http_client_pump(r->client, &r->in, &r->out);
}

static void test_answers(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		for (size_t step = 1; step < 100000; step += 33333) {
			struct rig r = {0};
			struct slice bytes = slice_str(answers[i].answer);

			current = answers[i].name;
			rig_open(&r);
			send(&r, answers[i].method);
			for (size_t at = 0; at < bytes.n && !r.finished; at += step) {
				buf_append(&r.in, slice_sub(bytes, at, at + step));
				http_client_pump(r.client, &r.in, &r.out);
			}
			if (!r.finished)
				http_client_end(r.client);
			if (answers[i].log != NULL)
				same(&r.log, answers[i].log);
			else
				assert_true(slice_ends(buf_slice(&r.log), SLICE("|large")));
			rig_close(&r);
		}
}

static void test_the_request_as_it_goes_out(void **state)
{
	static const struct http_field fields[] = {HTTP_FIELD("Accept", "a/b"), HTTP_FIELD("Authorization", "Bearer t")};
	struct http_client_request request = {
		.method = SLICE("POST"), .target = SLICE("/p"), .host = SLICE("h"), .fields = fields, .field_count = 2, .body = SLICE("{}"),
	};
	struct rig r = {0};

	rig_open(&r);
	assert_int_equal(http_client_send(r.client, &request), 0);
	http_client_pump(r.client, &r.in, &r.out);
	same(&r.out, "POST /p HTTP/1.1\r\nHost: h\r\nAccept: a/b\r\nAuthorization: Bearer t\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
	rig_close(&r);
}

static void test_requests_that_would_break_are_not_sent(void **state)
{
	static const struct http_field evil[] = {HTTP_FIELD("X", "a\r\nEvil: b")}, no_token[] = {HTTP_FIELD("X Y", "a")};
	const struct http_client_request requests[] = {
		{.method = SLICE("GET /"), .target = SLICE("/"), .host = SLICE("h")},
		{.method = SLICE("GET"), .target = SLICE("/a b"), .host = SLICE("h")},
		{.method = SLICE("GET"), .target = SLICE("/a\r\nX: y"), .host = SLICE("h")},
		{.method = SLICE("GET"), .target = SLICE("/"), .host = SLICE("h\r\nX: y")},
		{.method = SLICE("GET"), .target = SLICE("/"), .host = SLICE("h"), .fields = evil, .field_count = 1},
		{.method = SLICE("GET"), .target = SLICE("/"), .host = SLICE("h"), .fields = no_token, .field_count = 1},
	};
	struct rig r = {0};

	rig_open(&r);
	for (size_t i = 0; i < ARRAY_LEN(requests); i++)
		assert_int_equal(http_client_send(r.client, &requests[i]), ERR_INVALID);
	http_client_pump(r.client, &r.in, &r.out);
	assert_int_equal(buf_len(&r.out), 0);
	rig_close(&r);
}

static void test_two_requests_over_one_connection(void **state)
{
	struct rig r = {0};

	rig_open(&r);
	for (int i = 0; i < 2; i++) {
		send(&r, "GET");
		buf_append_str(&r.in, OK "Content-Length: 1\r\n\r\na");
		http_client_pump(r.client, &r.in, &r.out);
	}
	same(&r.log, "200<>a|again200<>a|again");
	/* Bytes that nobody asked for make it useless. */
	buf_append_str(&r.in, OK "Content-Length: 1\r\n\r\na");
	http_client_pump(r.client, &r.in, &r.out);
	assert_true(slice_ends(buf_slice(&r.log), SLICE("|syntax")));
	rig_close(&r);
}

/* ---- with our server ---- */

struct pair {
	struct rig rig;
	struct http_server *server;
};

static void server_request(void *owner, uint32_t stream, const struct http_request *request)
{
}

static void server_end(void *owner, uint32_t stream)
{
	struct pair *p = owner;
	struct http_response response = {.status = 200, .length = HTTP_LENGTH_UNKNOWN};

	http_server_respond(p->server, stream, &response);
	http_server_write(p->server, stream, SLICE("one "));
	http_server_write(p->server, stream, SLICE("two"));
	http_server_finish(p->server, stream);
}

static void server_ended(void *owner, enum http_server_end why)
{
}

static const struct http_server_events server_events = {.request = server_request, .request_end = server_end, .ended = server_ended};

static void test_with_our_own_server(void **state)
{
	static const struct http_server_settings set = {0};
	struct pair p = {0};

	rig_open(&p.rig);
	p.server = http_server_create(&set, &server_events, &p);
	for (int i = 0; i < 3; i++) {
		send(&p.rig, "GET");
		http_server_pump(p.server, &p.rig.out, &p.rig.in, 0);
		http_client_pump(p.rig.client, &p.rig.in, &p.rig.out);
	}
	same(&p.rig.log, "200<>one two|again200<>one two|again200<>one two|again");
	http_server_destroy(&p.server);
	rig_close(&p.rig);
}

static void feed(struct rig *r, const char *text)
{
	buf_append_str(&r->in, text);
	http_client_pump(r->client, &r->in, &r->out);
}

static void test_a_streamed_body_goes_out_in_chunks(void **state)
{
	struct rig r = {0};
	struct http_client_request request = {.method = SLICE("POST"), .target = SLICE("/x"), .host = SLICE("a"), .streamed = true, .keep = true};

	rig_open(&r);
	assert_int_equal(http_client_send(r.client, &request), 0);
	assert_int_equal(http_client_write(r.client, SLICE("hello")), 0);
	feed(&r, "");
	http_client_finish(r.client);
	feed(&r, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	same(&r.out, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
	same(&r.log, "200<>ok|again");
	rig_close(&r);
}

static void test_an_answer_before_the_end_of_the_request_uses_the_connection_up(void **state)
{
	struct rig r = {0};
	struct http_client_request request = {.method = SLICE("POST"), .target = SLICE("/x"), .host = SLICE("a"), .streamed = true, .keep = true};

	rig_open(&r);
	assert_int_equal(http_client_send(r.client, &request), 0);
	feed(&r, "HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n");
	same(&r.log, "413<>|done");
	assert_int_equal(http_client_write(r.client, SLICE("more")), 0);
	rig_close(&r);
}

static void test_an_upgrade_that_was_asked_for_gives_bytes_both_ways(void **state)
{
	struct rig r = {0};
	struct http_client_request request = {.method = SLICE("GET"), .target = SLICE("/x"), .host = SLICE("a"), .upgrade = true, .keep = true};

	rig_open(&r);
	assert_int_equal(http_client_send(r.client, &request), 0);
	feed(&r, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: y\r\n\r\nraw");
	same(&r.log, "101<y>raw");
	buf_clear(&r.out);
	assert_int_equal(http_client_write(r.client, SLICE("back")), 0);
	feed(&r, " bytes");
	same(&r.out, "back");
	same(&r.log, "101<y>raw bytes");
	rig_close(&r);
}

static void test_an_upgrade_that_nobody_asked_for_is_refused(void **state)
{
	struct rig r = {0};
	struct http_client_request request = {.method = SLICE("GET"), .target = SLICE("/x"), .host = SLICE("a"), .keep = true};

	rig_open(&r);
	assert_int_equal(http_client_send(r.client, &request), 0);
	feed(&r, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
	same(&r.log, "|syntax");
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_streamed_body_goes_out_in_chunks),
		cmocka_unit_test(test_an_answer_before_the_end_of_the_request_uses_the_connection_up),
		cmocka_unit_test(test_an_upgrade_that_was_asked_for_gives_bytes_both_ways),
		cmocka_unit_test(test_an_upgrade_that_nobody_asked_for_is_refused),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_the_request_as_it_goes_out),
		cmocka_unit_test(test_requests_that_would_break_are_not_sent),
		cmocka_unit_test(test_two_requests_over_one_connection),
		cmocka_unit_test(test_with_our_own_server),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
