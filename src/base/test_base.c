#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/utf8.h"

static void assert_slice(struct slice s, const char *expected)
{
	if (!slice_eq(s, slice_str(expected)))
		fail_msg("got \"%.*s\", expected \"%s\"", SLICE_ARG(s), expected);
}

static void slice_numbers_are_strict(void **state)
{
	uint64_t v;

	assert_int_equal(slice_to_u64(SLICE("18446744073709551615"), &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(slice_to_u64(SLICE("18446744073709551616"), &v), -1);
	assert_int_equal(slice_to_u64(SLICE(""), &v), -1);
	assert_int_equal(slice_to_u64(SLICE("+1"), &v), -1);
}

static void slice_split_keeps_empty_fields(void **state)
{
	struct slice rest = SLICE("a,,b"), token;

	assert_true(slice_split(&rest, ',', &token));
	assert_slice(token, "a");
	assert_true(slice_split(&rest, ',', &token));
	assert_slice(token, "");
	assert_true(slice_split(&rest, ',', &token));
	assert_slice(token, "b");
	assert_false(slice_split(&rest, ',', &token));
}

static void buf_keeps_its_limit_and_its_error(void **state)
{
	struct buf b = BUF_INIT(5);

	buf_append(&b, SLICE("1234"));
	buf_append(&b, SLICE("56"));
	assert_true(b.failed);
	buf_append(&b, SLICE("7"));
	assert_slice(buf_slice(&b), "1234");
	buf_clear(&b);
	buf_append(&b, SLICE("12345"));
	buf_consume(&b, 3);
	buf_append(&b, SLICE("678"));
	assert_slice(buf_slice(&b), "45678");
	buf_free(&b);
}

static void buf_moves_its_bytes_and_keeps_its_limits(void **state)
{
	struct buf to = BUF_INIT(8), from = BUF_INIT(100);
	const uint8_t *memory;

	buf_append(&from, SLICE("xabc"));
	buf_consume(&from, 1);
	memory = buf_slice(&from).p;
	buf_move(&to, &from);
	assert_slice(buf_slice(&to), "abc");
	assert_ptr_equal(buf_slice(&to).p, memory);
	assert_int_equal(buf_len(&from), 0);
	buf_append(&from, SLICE("de"));
	buf_move(&to, &from);
	assert_slice(buf_slice(&to), "abcde");
	assert_int_equal(buf_len(&from), 0);
	assert_true(to.max == 8 && from.max == 100);
	buf_clear(&to);
	buf_append(&from, SLICE("123456789"));
	buf_move(&to, &from);
	assert_true(to.failed);
	buf_free(&to);
	buf_free(&from);
}

static void integers_survive_the_wire_forms(void **state)
{
	struct buf b = BUF_INIT(100);
	struct slice s, bytes;
	uint64_t v;

	buf_put_u64(&b, 0x0102030405060708);
	buf_put_bytes(&b, SLICE("xyz"));
	s = buf_slice(&b);
	assert_true(slice_get_u64(&s, &v) && v == 0x0102030405060708);
	assert_true(slice_get_bytes(&s, &bytes));
	assert_slice(bytes, "xyz");
	assert_false(slice_get_u64(&s, &v));
	buf_free(&b);
}

static void arena_gives_aligned_zeroed_memory(void **state)
{
	struct arena a = ARENA_INIT;

	for (size_t i = 1; i < 3000; i += 7) {
		uint8_t *p = arena_alloc(&a, i);

		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t k = 0; k < i; k++)
			assert_int_equal(p[k], 0);
		memset(p, 0xff, i);
	}
	arena_reset(&a);
	assert_slice(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	arena_free(&a);
}

static void map_finds_what_was_put(void **state)
{
	struct map m = MAP_INIT;
	int values[1000];

	for (int i = 0; i < 1000; i++)
		assert_null(map_put(&m, slice_make(&i, sizeof i), &values[i]));
	for (int i = 0; i < 1000; i += 2)
		assert_ptr_equal(map_remove(&m, slice_make(&i, sizeof i)), &values[i]);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(map_get(&m, slice_make(&i, sizeof i)), i % 2 ? &values[i] : NULL);
	assert_int_equal(m.count, 500);
	map_free(&m);
}

static void siphash_matches_the_reference_vector(void **state)
{
	uint8_t key[16], in[15];

	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		in[i] = i;
	assert_true(siphash(key, slice_make(in, 15)) == 0xa129ca6149be45e5u);
}

static void base64_decoders_differ_in_strictness(void **state)
{
	struct buf b = BUF_INIT(100);

	assert_int_equal(base64_decode_strict(SLICE("Zm9vYg=="), &b), 0);
	assert_slice(buf_slice(&b), "foob");
	buf_clear(&b);
	assert_int_equal(base64_decode_strict(SLICE("Zm9vYh=="), &b), -1);
	assert_int_equal(base64_decode_strict(SLICE("Zm9v Yg=="), &b), -1);
	assert_int_equal(base64_decode_strict(SLICE("Zm9vYg"), &b), -1);
	assert_int_equal(base64_decode_strict(SLICE("Z==="), &b), -1);
	assert_true(base64_decode_lenient(SLICE("Zm9v\r\nYg"), &b));
	assert_slice(buf_slice(&b), "foob");
	buf_clear(&b);
	assert_false(base64_decode_lenient(SLICE("Zm*9v"), &b));
	assert_slice(buf_slice(&b), "foo");
	buf_free(&b);
}

static void quoted_printable_follows_rfc2045(void **state)
{
	struct buf b = BUF_INIT(1000);

	assert_true(quoted_printable_decode(SLICE("a=3Db=\r\nc  \r\nd"), &b));
	assert_slice(buf_slice(&b), "a=bc\r\nd");
	buf_clear(&b);
	assert_false(quoted_printable_decode(SLICE("a=ZZ="), &b));
	assert_slice(buf_slice(&b), "a=ZZ");
	buf_clear(&b);
	quoted_printable_encode(SLICE("\xe4 \r\nx="), &b);
	assert_slice(buf_slice(&b), "=E4=20\r\nx=3D");
	buf_free(&b);
}

static void utf8_refuses_what_rfc3629_refuses(void **state)
{
	assert_true(utf8_valid(SLICE("\xe4\xb8\xad\xf0\x9f\x98\x80")));
	assert_false(utf8_valid(SLICE("\xc0\x80")));
	assert_false(utf8_valid(SLICE("\xed\xa0\x80")));
	assert_false(utf8_valid(SLICE("\xf4\x90\x80\x80")));
	assert_false(utf8_valid(SLICE("\xe4\xb8")));
	assert_slice(utf8_prefix(SLICE("\xe4\xb8\xad\xe6\x96\x87"), 5), "\xe4\xb8\xad");
}

static void calendar_is_its_own_inverse(void **state)
{
	for (int64_t t = -62135596800; t < 253402300800; t += 86400 * 37 + 12345) {
		struct calendar c = calendar_from_unix(t);

		assert_true(calendar_to_unix(&c) == t);
	}
	struct calendar leap = calendar_from_unix(951782400);

	assert_int_equal(leap.month, 2);
	assert_int_equal(leap.day, 29);
	assert_int_equal(leap.weekday, 2);
}

/* The pipe is filled by lines that nobody reads; when it has been read the next line tells of those that were lost. */
static void log_never_waits_for_its_reader(void **state)
{
	static char bytes[1 << 20];
	int fd[2], kept = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(fd), 0);
	dup2(fd[1], STDERR_FILENO);
	close(fd[1]);
	log_setup("test", false, LOG_INFO);
	for (int i = 0; i < 20000; i++)
		log_event(EV_ROLE_START, LOG_NUM("instance", i));
	n = read(fd[0], bytes, sizeof bytes - 1);
	log_event(EV_ROLE_STOP);
	dup2(kept, STDERR_FILENO);
	close(kept);
	log_setup("letterlock", false, LOG_INFO);
	assert_true(n > 0);
	n = read(fd[0], bytes, sizeof bytes - 1);
	assert_true(n > 0);
	bytes[n] = '\0';
	assert_non_null(strstr(bytes, " dropped="));
	close(fd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slice_numbers_are_strict),
		cmocka_unit_test(slice_split_keeps_empty_fields),
		cmocka_unit_test(buf_keeps_its_limit_and_its_error),
		cmocka_unit_test(buf_moves_its_bytes_and_keeps_its_limits),
		cmocka_unit_test(integers_survive_the_wire_forms),
		cmocka_unit_test(arena_gives_aligned_zeroed_memory),
		cmocka_unit_test(map_finds_what_was_put),
		cmocka_unit_test(siphash_matches_the_reference_vector),
		cmocka_unit_test(base64_decoders_differ_in_strictness),
		cmocka_unit_test(quoted_printable_follows_rfc2045),
		cmocka_unit_test(utf8_refuses_what_rfc3629_refuses),
		cmocka_unit_test(calendar_is_its_own_inverse),
		cmocka_unit_test(log_never_waits_for_its_reader),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
