#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

#include "assets/assets.h"
#include "base/memory.h"

static void paths_are_sorted_and_found(void **state)
{
	assert_true(assets_count >= 5);
	for (size_t i = 0; i < assets_count; i++) {
		assert_ptr_equal(assets_find(slice_str(assets_table[i].path)), &assets_table[i]);
		assert_true(i == 0 || slice_cmp(slice_str(assets_table[i - 1].path), slice_str(assets_table[i].path)) < 0);
		assert_true(assets_table[i].bytes[ASSET_IDENTITY].n > 0);
	}
	assert_null(assets_find(SLICE("/a/")));
	assert_null(assets_find(SLICE("/a/../index.html")));
	assert_null(assets_find(SLICE("")));
}

static void only_names_with_a_hash_are_fixed(void **state)
{
	for (size_t i = 0; i < assets_count; i++)
		assert_int_equal(assets_table[i].fixed, slice_starts(slice_str(assets_table[i].path), SLICE("/a/")));
}

static void gzip_gives_back_what_it_stands_for(void **state)
{
	for (size_t i = 0; i < assets_count; i++) {
		struct slice plain = assets_table[i].bytes[ASSET_IDENTITY], packed = assets_table[i].bytes[ASSET_GZIP];
		z_stream z = {0};
		uint8_t *out;

		if (packed.n == 0)
			continue;
		out = memory_alloc(plain.n + 1);
		z.next_in = (uint8_t *)packed.p;
		z.avail_in = (unsigned)packed.n;
		z.next_out = out;
		z.avail_out = (unsigned)plain.n + 1;
		assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		assert_int_equal(z.total_out, plain.n);
		assert_memory_equal(out, plain.p, plain.n);
		inflateEnd(&z);
		memory_free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_sorted_and_found),
		cmocka_unit_test(only_names_with_a_hash_are_fixed),
		cmocka_unit_test(gzip_gives_back_what_it_stands_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
