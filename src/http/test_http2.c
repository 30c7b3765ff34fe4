/* The engine of HTTP/2 against a client of the library, and against frames that no library sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>

#include "base/endian.h"
#include "base/ensure.h"
#include "http/server.h"

#define NOW 1764000000
#define STREAMS 200

struct rig {
	struct http_server *server;
	struct buf in, out;
	int64_t now;
	unsigned requests, ends, aborted;
	uint64_t body;
	bool hold, ended, pause;
	uint32_t last;
	size_t left_to_pull;
	enum http_server_end why;
	/* the client */
	nghttp2_session *client;
	unsigned answers[STREAMS], got[STREAMS];
	uint32_t resets, goaway;
	bool goaway_seen;
};

/* ---- the server's owner ---- */

static void on_request(void *owner, uint32_t stream, const struct http_request *q)
{
	struct rig *r = owner;

	r->requests++;
	r->last = stream;
	assert_true(slice_eq(q->host, SLICE("example.org")));
	if (slice_eq(q->path, SLICE("/large")))
		http_server_body_limit(r->server, stream, 1u << 20);
	if (r->pause)
		http_server_body_pause(r->server, stream, true);
}

static void on_body(void *owner, uint32_t stream, struct slice bytes)
{
	((struct rig *)owner)->body += bytes.n;
}

static void on_end(void *owner, uint32_t stream)
{
	static const struct http_field type[] = {HTTP_FIELD("Content-Type", "text/plain"), HTTP_FIELD("X-Own", "mine")};
	struct rig *r = owner;
	struct http_response response = {.status = 200, .fields = type, .field_count = 1, .length = HTTP_LENGTH_UNKNOWN};

	r->ends++;
	if (r->hold)
		return;
	if (r->left_to_pull > 0)
		http_server_respond(r->server, stream, &response);
	else
		http_server_answer(r->server, stream, 200, type, 2, SLICE("hello"));
}

static void on_aborted(void *owner, uint32_t stream)
{
	((struct rig *)owner)->aborted++;
}

static void on_writable(void *owner, uint32_t stream)
{
	static const uint8_t page[8192];
	struct rig *r = owner;

	if (r->left_to_pull == 0)
		return;
	r->left_to_pull -= sizeof page;
	http_server_write(r->server, stream, slice_make(page, sizeof page));
	if (r->left_to_pull == 0)
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
}

static const struct http_server_events events = {on_request, on_body, on_end, on_aborted, on_writable, on_ended, on_ready};

/* ---- the client ---- */

static int client_header(nghttp2_session *session, const nghttp2_frame *f, const uint8_t *name, size_t name_n, const uint8_t *value, size_t value_n,
                         uint8_t flags, void *arg)
{
	struct rig *r = arg;
	uint64_t status = 0;

	if (slice_eq(slice_make(name, name_n), SLICE(":status")) && slice_to_u64(slice_make(value, value_n), &status) == 0 && f->hd.stream_id < STREAMS)
		r->answers[f->hd.stream_id] = (unsigned)status;
	return 0;
}

static int client_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *p, size_t n, void *arg)
{
	if (stream < STREAMS)
		((struct rig *)arg)->got[stream] += (unsigned)n;
	return 0;
}

static int client_frame(nghttp2_session *session, const nghttp2_frame *f, void *arg)
{
	struct rig *r = arg;

	if (f->hd.type == NGHTTP2_RST_STREAM)
		r->resets++;
	if (f->hd.type == NGHTTP2_GOAWAY) {
		r->goaway = f->goaway.error_code;
		r->goaway_seen = true;
	}
	return 0;
}

static int start(void **state)
{
	static const struct http_field always[] = {HTTP_FIELD("X-Own", "default"), HTTP_FIELD("X-Always", "yes")};
	static const struct http_server_settings settings = {.http2 = true, .body_max = 1000, .requests_max = 90, .fields = always, .field_count = 2};
	struct rig *r = test_calloc(1, sizeof *r);
	nghttp2_session_callbacks *c;

	r->server = http_server_create(&settings, &events, r);
	r->now = NOW;
	buf_init(&r->in, 1u << 20);
	buf_init(&r->out, 8u << 20);
	assert_int_equal(nghttp2_session_callbacks_new(&c), 0);
	nghttp2_session_callbacks_set_on_header_callback(c, client_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, client_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, client_frame);
	assert_int_equal(nghttp2_session_client_new(&r->client, c, r), 0);
	nghttp2_session_callbacks_del(c);
	assert_int_equal(nghttp2_submit_settings(r->client, NGHTTP2_FLAG_NONE, NULL, 0), 0);
	*state = r;
	return 0;
}

static int stop(void **state)
{
	struct rig *r = *state;

	http_server_destroy(&r->server);
	nghttp2_session_del(r->client);
	buf_free(&r->in);
	buf_free(&r->out);
	test_free(r);
	return 0;
}

static void pump(struct rig *r)
{
	http_server_pump(r->server, &r->in, &r->out, r->now);
}

/* Both sides until nobody says anything. */
static void talk(struct rig *r)
{
	for (int i = 0; i < 10000; i++) {
		const uint8_t *p;
		ssize_t n;
		size_t said = buf_len(&r->out);

		while ((n = nghttp2_session_mem_send(r->client, &p)) > 0)
			buf_append_bytes(&r->in, p, (size_t)n);
		said += buf_len(&r->in);
		pump(r);
		said += buf_len(&r->out);
		if (buf_len(&r->out) > 0)
			assert_true(nghttp2_session_mem_recv(r->client, buf_slice(&r->out).p, buf_len(&r->out)) >= 0);
		buf_clear(&r->out);
		if (said == 0)
			return;
	}
	fail_msg("they never stop talking");
}

#define NV(n, v) {(uint8_t *)n, (uint8_t *)v, sizeof n - 1, sizeof v - 1, NGHTTP2_NV_FLAG_NONE}

static int32_t ask(struct rig *r, const char *path, const nghttp2_data_provider *data)
{
	nghttp2_nv nv[] = {NV(":method", "GET"), NV(":scheme", "https"), NV(":authority", "example.org"),
		{(uint8_t *)":path", (uint8_t *)path, 5, strlen(path), NGHTTP2_NV_FLAG_NONE}};

	if (data != NULL)
		nv[0] = (nghttp2_nv)NV(":method", "POST");
	return nghttp2_submit_request(r->client, NULL, nv, ARRAY_LEN(nv), data, NULL);
}

static ssize_t give_bytes(nghttp2_session *session, int32_t id, uint8_t *room, size_t size, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	size_t *left = source->ptr, n = size < *left ? size : *left;

	memset(room, 'x', n);
	*left -= n;
	if (*left == 0)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

/* ---- frames by hand ---- */

static void frame(struct buf *out, uint8_t type, uint8_t flags, uint32_t stream, struct slice payload)
{
	buf_put_u8(out, (uint8_t)(payload.n >> 16));
	buf_put_u16(out, (uint16_t)payload.n);
	buf_put_u8(out, type);
	buf_put_u8(out, flags);
	buf_put_u32(out, stream);
	buf_append(out, payload);
}

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
/* GET https / with :authority example.org, without Huffman (RFC 7541). */
#define HEAD "\x82\x87\x84\x41\x0b" "example.org"

static void begin_by_hand(struct rig *r)
{
	buf_append_str(&r->in, PREFACE);
	frame(&r->in, NGHTTP2_SETTINGS, 0, 0, SLICE_NONE);
	pump(r);
	frame(&r->in, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, SLICE_NONE);
}

/* The code of the last GOAWAY in the output; -1: none. */
static int64_t goaway(struct rig *r)
{
	struct slice s = buf_slice(&r->out);
	int64_t code = -1;

	while (s.n >= 9) {
		size_t n = (size_t)s.p[0] << 16 | (size_t)s.p[1] << 8 | s.p[2];

		if (s.p[3] == NGHTTP2_GOAWAY && s.n >= 17)
			code = (int64_t)get_u32(s.p + 13);
		s = slice_from(s, 9 + n);
	}
	return code;
}

static void flood(struct rig *r, uint8_t type, uint8_t flags, uint32_t stream, struct slice payload, int count)
{
	for (int i = 0; i < count && !r->ended; i++) {
		frame(&r->in, type, flags, stream, payload);
		pump(r);
		if (buf_len(&r->out) > 60000 && goaway(r) < 0)
			buf_clear(&r->out);
	}
}

/* ---- tests ---- */

static void requests_are_answered_in_any_order(void **state)
{
	struct rig *r = *state;

	r->hold = true;
	ask(r, "/a", NULL);
	ask(r, "/b", NULL);
	talk(r);
	assert_int_equal(r->ends, 2);
	http_server_answer(r->server, 3, 404, NULL, 0, SLICE("no"));
	http_server_answer(r->server, 1, 200, NULL, 0, SLICE("yes"));
	talk(r);
	assert_int_equal(r->answers[1], 200);
	assert_int_equal(r->answers[3], 404);
	assert_int_equal(r->got[1], 3);
	assert_int_equal(r->aborted, 0);
}

static void a_long_answer_is_pulled(void **state)
{
	struct rig *r = *state;

	r->left_to_pull = 8192 * 100;
	ask(r, "/", NULL);
	talk(r);
	assert_int_equal(r->got[1], 8192 * 100);
}

static void a_reader_that_takes_nothing_holds_the_writer_up(void **state)
{
	struct rig *r = *state;
	nghttp2_settings_entry none = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};

	r->left_to_pull = 8192 * 100;
	assert_int_equal(nghttp2_submit_settings(r->client, NGHTTP2_FLAG_NONE, &none, 1), 0);
	ask(r, "/", NULL);
	talk(r);
	assert_int_equal(r->got[1], 0);
	assert_true(r->left_to_pull >= 8192 * 100 - HTTP2_STREAM_OUTPUT - 8192);
	assert_true(http_server_patience(r->server) > 0);
	http_server_timeout(r->server);
	talk(r);
	assert_int_equal(r->resets, 1);
	assert_int_equal(r->aborted, 1);
}

static void bodies_have_their_limits(void **state)
{
	struct rig *r = *state;
	size_t small = 900, large = 300000, over = 5000;
	nghttp2_data_provider data[3] = {{{.ptr = &small}, give_bytes}, {{.ptr = &large}, give_bytes}, {{.ptr = &over}, give_bytes}};

	ask(r, "/", &data[0]);
	talk(r);
	ask(r, "/large", &data[1]);
	talk(r);
	assert_int_equal(r->body, 300900);
	assert_int_equal(r->answers[3], 200);
	ask(r, "/", &data[2]);
	talk(r);
	assert_int_equal(r->answers[5], 413);
	assert_int_equal(r->aborted, 1);
}

static void a_paused_body_waits_within_its_window(void **state)
{
	struct rig *r = *state;
	size_t large = 300000;
	nghttp2_data_provider data = {{.ptr = &large}, give_bytes};

	r->pause = true;
	ask(r, "/large", &data);
	talk(r);
	assert_int_equal(r->body, 0);
	assert_int_equal(http_server_patience(r->server), 0);
	assert_true(large >= 300000 - HTTP2_WINDOW - 16384);
	http_server_body_pause(r->server, r->last, false);
	talk(r);
	assert_int_equal(r->body, 300000);
	assert_int_equal(r->answers[1], 200);
}

static void a_slow_body_ends_its_stream_only(void **state)
{
	struct rig *r = *state;

	begin_by_hand(r);
	frame(&r->in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, SLICE(HEAD));
	pump(r);
	assert_int_equal(r->requests, 1);
	http_server_timeout(r->server);
	pump(r);
	assert_int_equal(r->aborted, 1);
	assert_false(r->ended);
	http_server_timeout(r->server); /* nothing is left: idle */
	pump(r);
	assert_true(r->ended);
}

static void streams_are_bounded(void **state)
{
	struct rig *r = *state;

	r->hold = true;
	talk(r);
	for (int i = 0; i < 60; i++)
		ask(r, "/", NULL);
	talk(r);
	assert_int_equal(r->requests, HTTP2_STREAMS_MAX);
}

static void a_connection_serves_so_many_requests(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 90 && !r->goaway_seen; i++) {
		ask(r, "/", NULL);
		talk(r);
	}
	assert_true(r->goaway_seen);
	assert_int_equal(r->goaway, NGHTTP2_NO_ERROR);
	assert_true(r->ended);
	assert_int_equal(r->why, HTTP_SERVER_CLOSED);
	assert_int_equal(r->answers[179], 200);
}

/* CVE-2023-44487 */
static void who_takes_back_what_he_asks_for_is_sent_away(void **state)
{
	struct rig *r = *state;
	uint32_t stream = 1;

	r->hold = true;
	begin_by_hand(r);
	for (; stream < 1000 && !r->ended; stream += 2) {
		frame(&r->in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, stream, SLICE(HEAD));
		frame(&r->in, NGHTTP2_RST_STREAM, 0, stream, SLICE("\0\0\0\x08"));
		pump(r);
	}
	assert_true(r->ended);
	assert_true(stream <= 201);
}

static void floods_end_the_connection(void **state)
{
	static const struct {
		uint8_t type, flags;
		uint32_t stream;
		struct slice payload;
	} floods[] = {
		{NGHTTP2_PING, 0, 0, SLICE_INIT("12345678")}, {NGHTTP2_SETTINGS, 0, 0, SLICE_INIT("")},
		{NGHTTP2_PRIORITY, 0, 7, SLICE_INIT("\0\0\0\0\x10")}, {NGHTTP2_WINDOW_UPDATE, 0, 0, SLICE_INIT("\0\0\0\x01")},
		{0x4f, 0, 0, SLICE_INIT("GREASE")}, {0x10, 0, 0, SLICE_INIT("")},
	};

	for (size_t i = 0; i < ARRAY_LEN(floods); i++) {
		void *fresh;
		struct rig *r;

		start(&fresh);
		r = fresh;
		begin_by_hand(r);
		flood(r, floods[i].type, floods[i].flags, floods[i].stream, floods[i].payload, 5000);
		if (!r->ended)
			fail_msg("flood %zu goes on", i);
		assert_int_equal(goaway(r), NGHTTP2_ENHANCE_YOUR_CALM);
		stop(&fresh);
	}
}

static void empty_data_is_a_flood_too(void **state)
{
	struct rig *r = *state;

	begin_by_hand(r);
	frame(&r->in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, SLICE(HEAD));
	flood(r, NGHTTP2_DATA, 0, 1, SLICE_NONE, 5000);
	assert_true(r->ended);
}

/* CVE-2024-28182 */
static void a_head_in_too_many_frames_is_not_read_to_its_end(void **state)
{
	struct rig *r = *state;

	begin_by_hand(r);
	frame(&r->in, NGHTTP2_HEADERS, 0, 1, SLICE(HEAD));
	flood(r, NGHTTP2_CONTINUATION, 0, 1, SLICE_NONE, HTTP2_CONTINUATIONS_MAX + 2);
	assert_true(r->ended);
	assert_int_equal(r->requests, 0);
}

static void a_head_that_never_ends_times_out(void **state)
{
	struct rig *r = *state;

	begin_by_hand(r);
	frame(&r->in, NGHTTP2_HEADERS, 0, 1, SLICE(HEAD));
	pump(r);
	assert_int_equal(http_server_patience(r->server), 20000);
	http_server_timeout(r->server);
	pump(r);
	http_server_timeout(r->server);
	pump(r);
	assert_true(r->ended);
}

static void pings_of_a_long_life_are_no_flood(void **state)
{
	struct rig *r = *state;

	begin_by_hand(r);
	for (int i = 0; i < 10000; i++) {
		r->now += 15;
		frame(&r->in, NGHTTP2_PING, 0, 0, SLICE("12345678"));
		pump(r);
		buf_clear(&r->out);
	}
	assert_false(r->ended);
}

static void a_large_head_is_431(void **state)
{
	struct rig *r = *state;
	static char value[5000];
	nghttp2_nv nv[8] = {NV(":method", "GET"), NV(":scheme", "https"), NV(":authority", "example.org"), NV(":path", "/")};

	memset(value, 'v', sizeof value);
	for (int i = 4; i < 8; i++)
		nv[i] = (nghttp2_nv){(uint8_t *)"x-large", (uint8_t *)value, 7, sizeof value, NGHTTP2_NV_FLAG_NO_INDEX};
	nghttp2_submit_request(r->client, NULL, nv, 8, NULL, NULL);
	talk(r);
	assert_int_equal(r->answers[1], 431);
	assert_int_equal(r->requests, 0);
}

/* One field of four thousand bytes, and then again and again by one byte each. */
static void a_head_that_unpacks_into_megabytes_ends_the_connection(void **state)
{
	struct rig *r = *state;
	struct buf block = BUF_INIT(16384);

	begin_by_hand(r);
	buf_append(&block, SLICE(HEAD));
	buf_append(&block, SLICE("\x40\x05x-big\x7f\xa1\x1e"));
	for (int i = 0; i < 4000; i++)
		buf_append_byte(&block, 'a');
	for (int i = 0; i < 12000; i++)
		buf_append_byte(&block, 0xbe);
	frame(&r->in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, buf_slice(&block));
	pump(r);
	assert_int_equal(goaway(r), NGHTTP2_ENHANCE_YOUR_CALM);
	assert_true(r->ended);
	assert_int_equal(r->requests, 0);
	buf_free(&block);
}

static void what_is_not_http2_ends_at_once(void **state)
{
	struct rig *r = *state;

	buf_append_str(&r->in, "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
	pump(r);
	assert_true(r->ended);
	assert_int_equal(r->why, HTTP_SERVER_REFUSED);
}

static void closing_lets_answers_end(void **state)
{
	struct rig *r = *state;

	r->hold = true;
	ask(r, "/", NULL);
	talk(r);
	http_server_close(r->server);
	talk(r);
	assert_true(r->goaway_seen);
	assert_false(r->ended);
	http_server_answer(r->server, 1, 200, NULL, 0, SLICE("last"));
	talk(r);
	assert_int_equal(r->answers[1], 200);
	assert_true(r->ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_are_answered_in_any_order, start, stop),
		cmocka_unit_test_setup_teardown(a_long_answer_is_pulled, start, stop),
		cmocka_unit_test_setup_teardown(a_reader_that_takes_nothing_holds_the_writer_up, start, stop),
		cmocka_unit_test_setup_teardown(bodies_have_their_limits, start, stop),
		cmocka_unit_test_setup_teardown(a_paused_body_waits_within_its_window, start, stop),
		cmocka_unit_test_setup_teardown(a_slow_body_ends_its_stream_only, start, stop),
		cmocka_unit_test_setup_teardown(streams_are_bounded, start, stop),
		cmocka_unit_test_setup_teardown(a_connection_serves_so_many_requests, start, stop),
		cmocka_unit_test_setup_teardown(who_takes_back_what_he_asks_for_is_sent_away, start, stop),
		cmocka_unit_test_setup_teardown(floods_end_the_connection, start, stop),
		cmocka_unit_test_setup_teardown(empty_data_is_a_flood_too, start, stop),
		cmocka_unit_test_setup_teardown(a_head_in_too_many_frames_is_not_read_to_its_end, start, stop),
		cmocka_unit_test_setup_teardown(a_head_that_never_ends_times_out, start, stop),
		cmocka_unit_test_setup_teardown(pings_of_a_long_life_are_no_flood, start, stop),
		cmocka_unit_test_setup_teardown(a_large_head_is_431, start, stop),
		cmocka_unit_test_setup_teardown(a_head_that_unpacks_into_megabytes_ends_the_connection, start, stop),
		cmocka_unit_test_setup_teardown(what_is_not_http2_ends_at_once, start, stop),
		cmocka_unit_test_setup_teardown(closing_lets_answers_end, start, stop),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
