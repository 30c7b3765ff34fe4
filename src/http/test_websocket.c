#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "http/websocket.h"

static void put_frame(struct buf *out, uint8_t first, struct slice payload)
{
	static const uint8_t key[4] = {1, 2, 3, 4};

	buf_put_u8(out, first);
	if (payload.n < 126) {
		buf_put_u8(out, (uint8_t)(0x80 | payload.n));
	} else {
		buf_put_u8(out, 0x80 | 126);
		buf_put_u16(out, (uint16_t)payload.n);
	}
	buf_append_bytes(out, key, sizeof key);
	for (size_t i = 0; i < payload.n; i++)
		buf_put_u8(out, payload.p[i] ^ key[i % 4]);
}

static void test_a_message_in_pieces_with_a_ping_between(void **state)
{
	struct websocket w;
	struct buf in = BUF_INIT(65536), out = BUF_INIT(65536);

	websocket_init(&w, 1000);
	put_frame(&in, 0x01, SLICE("hel"));
	put_frame(&in, 0x89, SLICE("ping"));
	put_frame(&in, 0x80, SLICE("lo"));
	assert_int_equal(websocket_take(&w, &in, &out), WEBSOCKET_PONG);
	assert_true(slice_eq(buf_slice(&out), SLICE("\x8a\x04" "ping")));
	assert_int_equal(websocket_take(&w, &in, &out), WEBSOCKET_MESSAGE);
	assert_true(slice_eq(buf_slice(&w.message), SLICE("hello")));
	buf_clear(&w.message);
	assert_int_equal(websocket_take(&w, &in, &out), WEBSOCKET_MORE);
	websocket_free(&w);
	buf_free(&in);
	buf_free(&out);
}

static void refused(uint8_t first, struct slice payload, enum websocket_close code)
{
	struct websocket w;
	struct buf in = BUF_INIT(65536), out = BUF_INIT(65536), want = BUF_INIT(100);

	websocket_init(&w, 200);
	put_frame(&in, first, payload);
	assert_int_equal(websocket_take(&w, &in, &out), WEBSOCKET_CLOSED);
	buf_put_u16(&want, 0x8802);
	buf_put_u16(&want, (uint16_t)code);
	assert_true(slice_eq(buf_slice(&out), buf_slice(&want)));
	assert_int_equal(websocket_take(&w, &in, &out), WEBSOCKET_CLOSED);
	websocket_free(&w);
	buf_free(&in);
	buf_free(&out);
	buf_free(&want);
}

static void test_what_breaks_the_rules_ends_the_connection(void **state)
{
	static const uint8_t large[201];

	refused(0x82, SLICE("binary"), WEBSOCKET_UNSUPPORTED);
	refused(0x80, SLICE("nothing before"), WEBSOCKET_PROTOCOL);
	refused(0xc1, SLICE("compressed"), WEBSOCKET_PROTOCOL);
	refused(0x83, SLICE("reserved"), WEBSOCKET_PROTOCOL);
	refused(0x09, SLICE("a ping in pieces"), WEBSOCKET_PROTOCOL);
	refused(0x81, SLICE("\xc0\x80"), WEBSOCKET_BAD_TEXT);
	refused(0x81, slice_make(large, sizeof large), WEBSOCKET_TOO_LARGE);
	refused(0x88, SLICE(""), WEBSOCKET_NORMAL);
}

static void test_frames_without_a_mask_are_refused(void **state)
{
	struct websocket w;
	struct buf in = BUF_INIT(100), out = BUF_INIT(100);

	websocket_init(&w, 100);
	buf_append_bytes(&in, "\x81\x02hi", 4);
	assert_int_equal(websocket_take(&w, &in, &out), WEBSOCKET_CLOSED);
	websocket_free(&w);
	buf_free(&in);
	buf_free(&out);
}

static void test_lengths_of_frames_that_go_out(void **state)
{
	static const uint8_t bytes[70000];
	static const struct { size_t n; const char *head; size_t head_n; } cases[] = {
		{0, "\x81\x00", 2}, {125, "\x81\x7d", 2}, {126, "\x81\x7e\x00\x7e", 4}, {65535, "\x81\x7e\xff\xff", 4},
		{65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT(100000);

		websocket_put_text(&out, slice_make(bytes, cases[i].n), true, true);
		assert_int_equal(buf_len(&out), cases[i].head_n + cases[i].n);
		assert_memory_equal(buf_slice(&out).p, cases[i].head, cases[i].head_n);
		buf_free(&out);
	}
}

static void test_keys(void **state)
{
	assert_true(websocket_key_valid(SLICE("dGhlIHNhbXBsZSBub25jZQ==")));
	assert_false(websocket_key_valid(SLICE("dGhlIHNhbXBsZSBub25j")));
	assert_false(websocket_key_valid(SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_in_pieces_with_a_ping_between), cmocka_unit_test(test_what_breaks_the_rules_ends_the_connection),
		cmocka_unit_test(test_frames_without_a_mask_are_refused), cmocka_unit_test(test_lengths_of_frames_that_go_out), cmocka_unit_test(test_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
