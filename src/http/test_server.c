/* The server engine: every case runs with the bytes in one piece and one by one, and must look the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "http/server.h"

#define NOW 1764000000 /* Mon, 24 Nov 2025 16:00:00 GMT */
#define DATE "Date: Mon, 24 Nov 2025 16:00:00 GMT\r\n"

struct rig {
	struct http_server *server;
	struct buf in, out, log;
	uint32_t stream;
	bool in_request, hold;       /* answer in `request`; not at all */
	uint64_t length;             /* of the answer */
	uint64_t limit;              /* of the body, 0: as it is */
	unsigned pulled, pieces;
	bool ended, ready;
	enum http_server_end why;
};

static void answer(struct rig *r)
{
	static const struct http_field type[] = {HTTP_FIELD("Content-Type", "text/plain")};
	struct http_response response = {.status = 200, .fields = type, .field_count = 1, .length = r->length};

	if (r->pieces == 0) {
		http_server_answer(r->server, r->stream, 200, type, 1, SLICE("hello"));
		return;
	}
	http_server_respond(r->server, r->stream, &response);
}

static void on_request(void *owner, uint32_t stream, const struct http_request *q)
{
	struct rig *r = owner;

	r->stream = stream;
	r->pulled = 0;
	if (r->limit > 0)
		http_server_body_limit(r->server, stream, r->limit);
	buf_printf(&r->log, "%.*s %.*s?%.*s@%.*s", SLICE_ARG(q->method_name), SLICE_ARG(q->path), SLICE_ARG(q->query), SLICE_ARG(q->host));
	for (size_t i = 0; i < q->field_count; i++)
		if (slice_starts_nocase(q->fields[i].name, SLICE("x-")))
			buf_printf(&r->log, " %.*s=<%.*s>", SLICE_ARG(q->fields[i].name), SLICE_ARG(q->fields[i].value));
	buf_append_str(&r->log, " ");
	if (r->in_request)
		answer(r);
}

static void on_body(void *owner, uint32_t stream, struct slice bytes)
{
	struct rig *r = owner;

	assert_int_equal(stream, r->stream);
	buf_append(&r->log, bytes);
}

static void on_end(void *owner, uint32_t stream)
{
	struct rig *r = owner;

	assert_int_equal(stream, r->stream);
	buf_append_str(&r->log, "|");
	if (!r->hold)
		answer(r);
}

static void on_aborted(void *owner, uint32_t stream)
{
	buf_append_str(&((struct rig *)owner)->log, "aborted|");
}

static void on_writable(void *owner, uint32_t stream)
{
	struct rig *r = owner;

	http_server_write(r->server, stream, SLICE("0123456789"));
	if (++r->pulled == r->pieces)
		http_server_finish(r->server, stream);
}

static void on_ended(void *owner, enum http_server_end why)
{
	struct rig *r = owner;

	assert_false(r->ended);
	r->ended = true;
	r->why = why;
}

static void on_ready(void *owner)
{
	((struct rig *)owner)->ready = true;
}

static const struct http_server_events events = {
	.request = on_request, .body = on_body, .request_end = on_end, .aborted = on_aborted, .writable = on_writable, .ended = on_ended,
	.ready = on_ready,
};

static void rig_open(struct rig *r, const struct http_server_settings *settings)
{
	static const struct http_server_settings usual = {0};

	buf_init(&r->in, 1 << 20);
	buf_init(&r->out, 1 << 20);
	buf_init(&r->log, 1 << 20);
	r->server = http_server_create(settings != NULL ? settings : &usual, &events, r);
}

static void pump(struct rig *r)
{
	http_server_pump(r->server, &r->in, &r->out, NOW);
}

static void feed(struct rig *r, const char *bytes, size_t n, size_t step)
{
	for (size_t at = 0; at < n; at += step) {
		buf_append(&r->in, slice_sub(slice_make(bytes, n), at, at + step));
		pump(r);
	}
}

static void rig_close(struct rig *r)
{
	http_server_destroy(&r->server);
	buf_free(&r->in);
	buf_free(&r->out);
	buf_free(&r->log);
}

static bool out_has(const struct rig *r, const char *text)
{
	return slice_search(buf_slice(&r->out), slice_str(text)) >= 0;
}

static const char *current = ""; /* case, for failures */

static void same(struct buf *have, const char *want)
{
	if (!slice_eq(buf_slice(have), slice_str(want)))
		fail_msg("%s:\n%.*s\ninstead of\n%s", current, SLICE_ARG(buf_slice(have)), want);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\nContent-Length: 5\r\n"
#define OK OK_HEAD "\r\nhello"
#define OK_CLOSE OK_HEAD "Connection: close\r\n\r\nhello"

static const struct {
	const char *name, *bytes, *log, *out;
	bool ended;
} good[] = {
	{"a plain request", "GET /a?b=c HTTP/1.1\r\nHost: h:1\r\nX-A:  v \t\r\n\r\n", "GET /a?b=c@h:1 X-A=<v> |", OK, false},
	{"an empty line before it", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET /?@h |", OK, false},
	{"HEAD has no body", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD /?@h |", OK_HEAD "\r\n", false},
	{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS *?@h |", OK, false},
	{"absolute form wins over Host", "GET https://o:2/p?q HTTP/1.1\r\nHost: h\r\n\r\n", "GET /p?q@o:2 |", OK, false},
	{"absolute form without path", "GET http://o HTTP/1.1\r\nHost: h\r\n\r\n", "GET /?@o |", OK, false},
	{"a body by length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd", "POST /?@h abcd|", OK, false},
	{"length 0", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "POST /?@h |", OK, false},
	{"a chunked body", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
		"POST /?@h abc0123456789|", OK, false},
	{"two at once",
		"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: h\r\n\r\n", "POST /1?@h ab|GET /2?@h |",
		OK OK, false},
	{"chunked, then another",
		"PUT /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
		"PUT /1?@h a|GET /2?@h |", OK OK, false},
	{"close is kept to",
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n", "GET /?@h |", OK_CLOSE, true},
	{"HTTP/1.0 closes", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /?@ |", OK_CLOSE, true},
	{"an upgrade is overlooked",
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /?@h |GET /2?@h |", OK OK, false},
	{"an IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", "GET /?@[::1]:8443 |", OK, false},
};

static void test_good_requests(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		for (size_t step = 1; step < 100000; step += step < 8 ? 1 : 49999) {
			struct rig r = {0};

			rig_open(&r, NULL);
			feed(&r, good[i].bytes, strlen(good[i].bytes), step);
			current = good[i].name;
			same(&r.log, good[i].log);
			same(&r.out, good[i].out);
			assert_int_equal(r.ended, good[i].ended);
			assert_int_equal(r.why, HTTP_SERVER_CLOSED);
			rig_close(&r);
		}
	}
}

#define TAIL "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
static const struct {
	const char *name, *bytes;
	unsigned status;
} bad[] = {
	{"length and coding", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" TAIL, 400},
	{"coding and length", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" TAIL, 400},
	{"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde" TAIL, 400},
	{"two equal lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd" TAIL, 400},
	{"a list of lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4, 4\r\n\r\nabcd" TAIL, 400},
	{"a signed length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\nabcd" TAIL, 400},
	{"a negative length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n" TAIL, 400},
	{"a huge length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n" TAIL, 400},
	{"a hexadecimal length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x4\r\n\r\nabcd" TAIL, 400},
	{"an unknown coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" TAIL, 501},
	{"gzip before chunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" TAIL, 501},
	{"chunked twice", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" TAIL, 501},
	{"identity after chunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" TAIL, 400},
	{"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" TAIL, 400},
	{"a space before the colon", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 4\r\n\r\nabcd" TAIL, 400},
	{"a folded line", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n" TAIL, 400},
	{"a folded coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" TAIL, 400},
	{"white space before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n" TAIL, 400},
	{"bare LF", "GET / HTTP/1.1\nHost: h\n\n" TAIL, 400},
	{"bare LF in a field", "GET / HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n\r\n" TAIL, 400},
	{"bare CR", "GET / HTTP/1.1\r\nHost: h\rX: b\r\n\r\n" TAIL, 400},
	{"a field without colon", "GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n" TAIL, 400},
	{"a field without name", "GET / HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n" TAIL, 400},
	{"a name that is no token", "GET / HTTP/1.1\r\nHost: h\r\nX(y): v\r\n\r\n" TAIL, 400},
	{"no Host", "GET / HTTP/1.1\r\n\r\n" TAIL, 400},
	{"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" TAIL, 400},
	{"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n" TAIL, 400},
	{"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" TAIL, 400},
	{"a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n" TAIL, 400},
	{"a Host with a bad port", "GET / HTTP/1.1\r\nHost: a:70000\r\n\r\n" TAIL, 400},
	{"an unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 501},
	{"CONNECT", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 501},
	{"TRACE", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 501},
	{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{"HTTP/2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n" TAIL, 505},
	{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n" TAIL, 505},
	{"HTTP/0.9", "GET /\r\n\r\n" TAIL, 400},
	{"two empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 400},
	{"no version", "GET / \r\nHost: h\r\n\r\n" TAIL, 400},
	{"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 400},
	{"a tab in the request line", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 400},
	{"an asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 400},
	{"another scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 400},
	{"a fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 400},
	{"bytes in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n" TAIL, 400},
	{"TLS", "\x16\x03\x01\x02\x01\n", 400},
	{"an unknown expectation", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: tea\r\n\r\nabcd" TAIL, 417},
	{"a bad chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" TAIL, 400},
	{"a signed chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n" TAIL, 400},
	{"a chunk size with 0x", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n" TAIL, 400},
	{"a chunk size that overflows",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n" TAIL, 400},
	{"a chunk size with a space", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n" TAIL, 400},
	{"a chunk longer than its size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n" TAIL, 400},
	{"a chunk size ended by LF", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n" TAIL, 400},
	{"a chunk ended by LF", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n" TAIL, 400},
	{"CR in a chunk extension", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;\rx\r\na\r\n0\r\n\r\n" TAIL, 400},
	{"LF in a chunk extension", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n" TAIL, 400},
	{"a trailer ended by LF", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: v\n\r\n" TAIL, 400},
};

static void test_what_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		for (size_t step = 1; step < 100000; step += 99998) {
			struct rig r = {0};
			char line[32];

			rig_open(&r, NULL);
			feed(&r, bad[i].bytes, strlen(bad[i].bytes), step);
			current = bad[i].name;
			snprintf(line, sizeof line, "HTTP/1.1 %u ", bad[i].status);
			if (!slice_starts(buf_slice(&r.out), slice_str(line)))
				fail_msg("%s: %.*s", current, SLICE_ARG(buf_slice(&r.out)));
			assert_true(out_has(&r, "Connection: close\r\n"));
			assert_true(out_has(&r, "Content-Type: application/problem+json\r\n"));
			assert_true(r.ended);
			assert_int_equal(r.why, HTTP_SERVER_REFUSED);
			assert_true(slice_search(buf_slice(&r.log), SLICE("smuggled")) < 0);
			assert_int_equal(buf_len(&r.in), 0);
			rig_close(&r);
		}
	}
}

static void repeat(struct buf *b, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_append_str(b, text);
}

static void expect_status(struct buf *request, unsigned status)
{
	struct rig r = {0};
	char line[32];

	rig_open(&r, NULL);
	feed(&r, (const char *)buf_slice(request).p, buf_len(request), 777);
	snprintf(line, sizeof line, "HTTP/1.1 %u ", status);
	assert_true(slice_starts(buf_slice(&r.out), slice_str(line)));
	rig_close(&r);
	buf_free(request);
}

static void test_limits(void **state)
{
	struct buf b = BUF_INIT(1 << 20);

	buf_append_str(&b, "GET /");
	repeat(&b, "a", HTTP_LINE_MAX - 100);
	buf_append_str(&b, " HTTP/1.1\r\nHost: h\r\n\r\n");
	expect_status(&b, 200);
	buf_append_str(&b, "GET /");
	repeat(&b, "a", HTTP_LINE_MAX);
	expect_status(&b, 414); /* without waiting for its end */
	buf_append_str(&b, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
	repeat(&b, "a", 10000);
	buf_append_str(&b, "\r\n\r\n");
	expect_status(&b, 200);
	buf_append_str(&b, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
	repeat(&b, "a", HTTP_HEAD_MAX);
	expect_status(&b, 431);
	buf_append_str(&b, "GET / HTTP/1.1\r\nHost: h\r\n");
	repeat(&b, "A: b\r\n", HTTP_FIELDS_MAX - 1);
	buf_append_str(&b, "\r\n");
	expect_status(&b, 200);
	buf_append_str(&b, "GET / HTTP/1.1\r\nHost: h\r\n");
	repeat(&b, "A: b\r\n", HTTP_FIELDS_MAX);
	buf_append_str(&b, "\r\n");
	expect_status(&b, 431);
	buf_printf(&b, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", HTTP_BODY_DEFAULT + 1);
	expect_status(&b, 413); /* before a byte of it came */
	buf_append_str(&b, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < HTTP_BODY_DEFAULT / 16 + 1; i++)
		buf_append_str(&b, "10\r\n0123456789abcdef\r\n");
	expect_status(&b, 413);
	buf_append_str(&b, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;");
	repeat(&b, "e", HTTP_OVERHEAD_MAX + 1000);
	expect_status(&b, 431);
	buf_append_str(&b, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
	repeat(&b, "A: b\r\n", HTTP_FIELDS_MAX + 1);
	expect_status(&b, 400);
}

static void test_one_byte_chunks_are_within_the_overhead(void **state)
{
	struct buf b = BUF_INIT(1 << 20);

	buf_append_str(&b, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
	repeat(&b, "1\r\na\r\n", 60000);
	buf_append_str(&b, "0\r\n\r\n");
	expect_status(&b, 200);
}

static void test_the_owner_may_allow_more(void **state)
{
	struct rig r = {.limit = 200000};
	struct buf b = BUF_INIT(1 << 20);

	rig_open(&r, NULL);
	buf_append_str(&b, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 150000\r\n\r\n");
	repeat(&b, "x", 150000);
	feed(&r, (const char *)buf_slice(&b).p, buf_len(&b), 4096);
	assert_true(slice_starts(buf_slice(&r.out), SLICE("HTTP/1.1 200 ")));
	assert_int_equal(buf_len(&r.log), strlen("POST /?@h ") + 150000 + 1);
	rig_close(&r);
	buf_free(&b);
}

static const char post[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";

static void test_continue_is_said_once_the_body_is_wanted(void **state)
{
	struct rig r = {0};

	rig_open(&r, NULL);
	feed(&r, post, strlen(post), 1);
	same(&r.out, "HTTP/1.1 100 Continue\r\n\r\n");
	buf_clear(&r.out);
	feed(&r, "abcd", 4, 1);
	same(&r.out, OK);
	rig_close(&r);
}

static void test_continue_is_not_said_when_the_answer_is_there(void **state)
{
	struct rig r = {.in_request = true};

	rig_open(&r, NULL);
	feed(&r, post, strlen(post), 1000);
	same(&r.out, OK_CLOSE);
	assert_true(r.ended);
	rig_close(&r);
}

static void test_a_late_answer_holds_back_the_next_request(void **state)
{
	struct rig r = {.hold = true};
	const char *two = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";

	rig_open(&r, NULL);
	feed(&r, two, strlen(two), 1000);
	same(&r.log, "GET /1?@h |");
	assert_int_equal(http_server_patience(r.server), 0);
	answer(&r);
	assert_true(r.ready);
	pump(&r);
	same(&r.log, "GET /1?@h |GET /2?@h |");
	rig_close(&r);
}

static void test_unknown_length_goes_out_chunked(void **state)
{
	struct rig r = {.pieces = 2, .length = HTTP_LENGTH_UNKNOWN};
	const char *request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

	rig_open(&r, NULL);
	feed(&r, request, strlen(request), 1000);
	same(&r.out, "HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
		"a\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n");
	assert_false(r.ended);
	rig_close(&r);
}

static void test_unknown_length_for_http_1_0_ends_with_the_connection(void **state)
{
	struct rig r = {.pieces = 1, .length = HTTP_LENGTH_UNKNOWN};
	const char *request = "GET / HTTP/1.0\r\n\r\n";

	rig_open(&r, NULL);
	feed(&r, request, strlen(request), 1000);
	same(&r.out, "HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\nConnection: close\r\n\r\n0123456789");
	assert_true(r.ended);
	rig_close(&r);
}

static void test_output_is_pulled_only_while_there_is_room(void **state)
{
	struct rig r = {.pieces = 20000, .length = 200000};
	const char *request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	size_t total = 0;

	rig_open(&r, NULL);
	feed(&r, request, strlen(request), 1000);
	while (r.pulled < r.pieces) {
		assert_in_range(buf_len(&r.out), 1, HTTP_SERVER_OUTPUT_HIGH + 100);
		total += buf_len(&r.out);
		buf_clear(&r.out);
		pump(&r);
	}
	total += buf_len(&r.out);
	assert_in_range(total, 200000, 200400);
	assert_false(r.ended);
	rig_close(&r);
}

static void test_an_answer_cut_short_breaks_the_connection(void **state)
{
	struct rig r = {.pieces = 1, .length = 20};
	const char *two = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";

	rig_open(&r, NULL);
	feed(&r, two, strlen(two), 1000);
	assert_true(r.ended);
	same(&r.log, "GET /?@h |");
	rig_close(&r);
}

static void test_a_bad_body_aborts_the_request(void **state)
{
	struct rig r = {0};
	const char *request = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n";

	rig_open(&r, NULL);
	feed(&r, request, strlen(request), 1);
	same(&r.log, "POST /?@h ababorted|");
	assert_true(r.ended);
	rig_close(&r);
}

static void test_patience(void **state)
{
	static const struct http_server_settings set = {.idle_ms = 1, .head_ms = 2, .body_ms = 3};
	struct rig r = {0};
	uint64_t turn;

	rig_open(&r, &set);
	pump(&r);
	assert_int_equal(http_server_patience(r.server), 1);
	feed(&r, "POST / HT", 9, 9);
	assert_int_equal(http_server_patience(r.server), 2);
	turn = http_server_turn(r.server);
	feed(&r, "TP/1.1\r\n", 8, 1);
	assert_int_equal(http_server_turn(r.server), turn); /* a slow head does not win time */
	feed(&r, "Host: h\r\nContent-Length: 4\r\n\r\n", 30, 30);
	assert_int_equal(http_server_patience(r.server), 3);
	turn = http_server_turn(r.server);
	feed(&r, "ab", 2, 1);
	assert_int_equal(http_server_turn(r.server), turn);
	http_server_timeout(r.server);
	assert_true(r.ready);
	pump(&r);
	assert_true(out_has(&r, "HTTP/1.1 408 Request Timeout\r\n"));
	assert_true(r.ended);
	rig_close(&r);
}

static void test_a_silent_connection_ends_without_words(void **state)
{
	struct rig r = {0};

	rig_open(&r, NULL);
	http_server_timeout(r.server);
	pump(&r);
	assert_true(r.ended);
	assert_int_equal(buf_len(&r.out), 0);
	rig_close(&r);
}

static void test_close_waits_for_the_answer(void **state)
{
	struct rig r = {.hold = true};
	const char *request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

	rig_open(&r, NULL);
	feed(&r, request, strlen(request), 1000);
	http_server_close(r.server);
	pump(&r);
	assert_false(r.ended);
	answer(&r);
	pump(&r);
	same(&r.out, OK_CLOSE);
	assert_true(r.ended);
	rig_close(&r);
}

static void test_the_last_of_the_allowed_requests_closes(void **state)
{
	static const struct http_server_settings set = {.requests_max = 2};
	struct rig r = {0};
	const char *three = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n";

	rig_open(&r, &set);
	feed(&r, three, strlen(three), 1000);
	same(&r.out, OK OK_CLOSE);
	assert_true(r.ended);
	rig_close(&r);
}

static void test_a_paused_body_stays_in_the_input(void **state)
{
	struct rig r = {0};

	rig_open(&r, NULL);
	feed(&r, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n", 47, 47);
	http_server_body_pause(r.server, r.stream, true);
	feed(&r, "abcd", 4, 4);
	same(&r.log, "POST /?@h ");
	http_server_body_pause(r.server, r.stream, false);
	pump(&r);
	same(&r.log, "POST /?@h abcd|");
	rig_close(&r);
}

static void test_control_characters_never_leave_in_a_field(void **state)
{
	struct buf out = BUF_INIT(100);

	http_field_put(&out, SLICE("Location"), SLICE("/a\r\nSet-Cookie: b"));
	same(&out, "Location: /a  Set-Cookie: b\r\n");
	buf_free(&out);
}

static void test_an_upgrade_gives_bytes_both_ways(void **state)
{
	static const struct http_field fields[] = {HTTP_FIELD("Upgrade", "websocket")};
	struct rig r = {.hold = true};
	const char *text = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

	rig_open(&r, &(struct http_server_settings){0});
	feed(&r, text, strlen(text), 1);
	assert_true(http_server_upgrade(r.server, r.stream, fields, 1));
	buf_clear(&r.log);
	r.pulled = 1;
	r.pieces = 2; /* one piece, then the end */
	feed(&r, "\x81GET / HTTP", 11, 3);
	assert_true(out_has(&r, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n0123456789"));
	assert_true(r.ended && r.why == HTTP_SERVER_CLOSED);
	rig_close(&r);
}

static void test_no_upgrade_for_http_1_0(void **state)
{
	struct rig r = {.hold = true};
	const char *text = "GET /ws HTTP/1.0\r\nHost: a\r\n\r\n";

	rig_open(&r, &(struct http_server_settings){0});
	feed(&r, text, strlen(text), 7);
	assert_false(http_server_upgrade(r.server, r.stream, NULL, 0));
	answer(&r);
	pump(&r);
	assert_true(out_has(&r, "200 OK"));
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_upgrade_gives_bytes_both_ways), cmocka_unit_test(test_no_upgrade_for_http_1_0),
		cmocka_unit_test(test_good_requests),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_one_byte_chunks_are_within_the_overhead),
		cmocka_unit_test(test_the_owner_may_allow_more),
		cmocka_unit_test(test_continue_is_said_once_the_body_is_wanted),
		cmocka_unit_test(test_continue_is_not_said_when_the_answer_is_there),
		cmocka_unit_test(test_a_late_answer_holds_back_the_next_request),
		cmocka_unit_test(test_unknown_length_goes_out_chunked),
		cmocka_unit_test(test_unknown_length_for_http_1_0_ends_with_the_connection),
		cmocka_unit_test(test_output_is_pulled_only_while_there_is_room),
		cmocka_unit_test(test_an_answer_cut_short_breaks_the_connection),
		cmocka_unit_test(test_a_bad_body_aborts_the_request),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_a_silent_connection_ends_without_words),
		cmocka_unit_test(test_close_waits_for_the_answer),
		cmocka_unit_test(test_the_last_of_the_allowed_requests_closes),
		cmocka_unit_test(test_a_paused_body_stays_in_the_input),
		cmocka_unit_test(test_control_characters_never_leave_in_a_field),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
