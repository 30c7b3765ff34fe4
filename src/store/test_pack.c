#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/codec.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "store/pack.h"

/* docs/pack.md, test vectors */
#define TEST_VECTOR_RECORD \
	"4c4c5243000100000000000100000002000100000000000300000005a6368bdd" \
	"0000000000000007949bbe9400000000000000000000000000000000e92c83c1"
#define TEST_VECTOR_FILE \
	"4c4c7061636b0001000000010000000000000000000000000000000000000000" \
	"00000000000000000000000000000000000000000000000000000000b360aa4b"

static char dir[64];

static int setup(void **state)
{
	snprintf(dir, sizeof dir, "/tmp/test_pack.XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"00000001.pack", "00000002.pack", "00000003.pack", "00000001.new", "spare", "spare.new"};
	char path[128];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static struct place append(struct pack_writer *w, uint64_t seq, struct slice entry, struct slice record)
{
	struct pack_append a = {.seq = seq, .entry = entry, .record = record};
	struct error err = {0};
	assert_int_equal(pack_writer_place(w, entry.n, record.n, &a.place, &err), 0);
	pack_writer_add(w, &a);
	return a.place;
}

static void flush(struct pack_writer *w)
{
	struct error err = {0};
	assert_int_equal(pack_writer_flush(w, &err), 0);
	pack_writer_commit(w);
}

static struct pack_writer *begin(void)
{
	struct error err = {0};
	struct pack_writer *w = pack_writer_open(dir, 0, 0, 1, &err);
	assert_non_null(w);
	return w;
}

static void overwrite(uint32_t pack, uint64_t offset, struct slice s)
{
	char path[128], name[PACK_NAME_SIZE];
	pack_name(pack, name);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, s.p, s.n, (off_t)offset), (ssize_t)s.n);
	close(fd);
}

static int check(uint32_t pack, struct error *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	int rc = pack_check(fd, pack, err);
	close(fd);
	return rc;
}

static void test_header_has_the_documented_bytes(void **state)
{
	struct pack_record r = {.pack = 1, .ordinal = 2, .seq = 0x0001000000000003, .entry_size = 5, .record_size = 7}, back = {0};
	uint8_t header[PACK_RECORD_HEADER];
	struct buf hex = BUF_INIT(1024);
	r.entry_sum = pack_checksum(SLICE("entry"));
	r.record_sum = pack_checksum(SLICE("record!"));
	pack_header_encode(&r, header);
	hex_encode(slice_make(header, sizeof header), &hex);
	buf_append_byte(&hex, 0);
	assert_string_equal((const char *)hex.data, TEST_VECTOR_RECORD);
	assert_int_equal(pack_header_decode(header, &back), 0);
	assert_memory_equal(&back, &r, sizeof r);
	buf_clear(&hex);
	uint8_t file[PACK_FILE_HEADER];
	pack_file_header_encode(1, file);
	hex_encode(slice_make(file, sizeof file), &hex);
	buf_append_byte(&hex, 0);
	assert_string_equal((const char *)hex.data, TEST_VECTOR_FILE);
	buf_free(&hex);
}

static void test_header_with_any_flipped_bit_is_refused(void **state)
{
	struct pack_record r = {.pack = 1, .ordinal = 2, .seq = 3, .entry_size = 5, .record_size = 7}, back = {0};
	uint8_t header[PACK_RECORD_HEADER];
	for (size_t bit = 0; bit < 8 * sizeof header; bit++) {
		pack_header_encode(&r, header);
		header[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(pack_header_decode(header, &back) < 0);
	}
}

static void test_what_was_written_is_read_by_place(void **state)
{
	struct pack_writer *w = begin();
	struct error err = {0};
	struct place a = append(w, 10, SLICE("entry a"), SLICE("record a"));
	struct place b = append(w, 11, SLICE("entry b"), SLICE("the second record"));
	flush(w);
	struct place c = append(w, 12, SLICE("entry c"), SLICE("third"));
	flush(w);
	struct pack_reader *reader = pack_reader_open(dir, 2, &err);
	assert_non_null(reader);
	char text[32] = {0};
	uint64_t size;
	assert_int_equal(pack_read(reader, &b, 4, text, 6, &err), 0);
	assert_string_equal(text, "second");
	assert_int_equal(pack_record_size(reader, &c, &size, &err), 0);
	assert_int_equal(size, 5);
	assert_int_equal(pack_read(reader, &c, 0, text, 6, &err), ERR_DAMAGED);
	struct buf entry = BUF_INIT(100);
	assert_int_equal(pack_read_entry(reader, &a, &entry, &err), 0);
	assert_true(slice_eq(buf_slice(&entry), SLICE("entry a")));
	a.offset = 99999; /* a wrong hint */
	assert_int_equal(pack_read(reader, &a, 7, text, 1, &err), 0);
	assert_int_equal(text[0], 'a');
	assert_int_equal(a.offset, PACK_FILE_HEADER);
	struct place none = {.pack = 1, .ordinal = 99};
	assert_int_equal(pack_find(reader, &none, NULL, &err), ERR_NOT_FOUND);
	none.pack = 7;
	assert_int_equal(pack_find(reader, &none, NULL, &err), ERR_NOT_FOUND);
	assert_int_equal(check(1, &err), 0);
	buf_free(&entry);
	pack_reader_close(&reader);
	pack_writer_close(&w);
}

static void test_damage_names_pack_and_ordinal_and_spares_the_rest(void **state)
{
	struct pack_writer *w = begin();
	struct error err = {0};
	struct place a = append(w, 1, SLICE("e"), SLICE("first record"));
	struct place b = append(w, 2, SLICE("e"), SLICE("second record"));
	struct place c = append(w, 3, SLICE("e"), SLICE("third record"));
	flush(w);
	overwrite(1, b.offset + 3, SLICE("xx"));
	overwrite(1, a.offset + PACK_RECORD_HEADER + 4, SLICE("xx"));
	struct pack_reader *reader = pack_reader_open(dir, 2, &err);
	assert_int_equal(pack_verify(reader, &a, &err), ERR_DAMAGED);
	assert_non_null(strstr(err.private_text, "pack 1, record 1"));
	assert_int_equal(pack_find(reader, &b, NULL, &err), ERR_DAMAGED);
	assert_non_null(strstr(err.private_text, "pack 1, record 2"));
	c.offset = 0;
	assert_int_equal(pack_verify(reader, &c, &err), 0);
	assert_int_equal(check(1, &err), ERR_DAMAGED);
	struct pack_scrub_result result;
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(pack_scrub(fd, 1, NULL, NULL, &result, &err), 0);
	assert_int_equal(result.records, 1);
	assert_int_equal(result.damaged, 1);
	assert_int_equal(result.gaps, 1);
	close(fd);
	pack_reader_close(&reader);
	pack_writer_close(&w);
}

static void test_rollback_leaves_nothing_of_the_group(void **state)
{
	struct pack_writer *w = begin();
	struct error err = {0};
	append(w, 1, SLICE("e"), SLICE("kept"));
	flush(w);
	append(w, 2, SLICE("e"), SLICE("lost"));
	append(w, 3, SLICE("e"), SLICE("lost"));
	assert_int_equal(pack_writer_flush(w, &err), 0);
	pack_writer_rollback(w);
	struct place again = append(w, 4, SLICE("e"), SLICE("also kept"));
	assert_int_equal(again.ordinal, 2);
	flush(w);
	struct pack_scrub_result result;
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(pack_scrub(fd, 1, NULL, NULL, &result, &err), 0);
	assert_int_equal(result.records, 2);
	assert_int_equal(result.gaps + result.damaged, 0);
	assert_int_equal(check(1, &err), 0);
	close(fd);
	pack_writer_close(&w);
}

static void test_a_large_record_gets_a_pack_of_its_own(void **state)
{
	struct pack_writer *w = begin();
	struct error err = {0};
	size_t n = PACK_SIZE + 1000;
	uint8_t *large = memory_alloc(n);
	large[n - 1] = 'z';
	append(w, 1, SLICE("e"), SLICE("small"));
	struct place big = append(w, 2, SLICE("e"), slice_make(large, n));
	struct place after = append(w, 3, SLICE("e"), SLICE("small"));
	flush(w);
	assert_int_equal(big.pack, 2);
	assert_int_equal(after.pack, 3);
	struct pack_reader *reader = pack_reader_open(dir, 2, &err);
	uint8_t last;
	assert_int_equal(pack_read(reader, &big, n - 1, &last, 1, &err), 0);
	assert_int_equal(last, 'z');
	assert_int_equal(check(2, &err), 0);
	pack_reader_close(&reader);
	pack_writer_close(&w);
	memory_free(large);
}

static void test_spare_is_used_and_its_zeros_are_the_end(void **state)
{
	struct error err = {0};
	struct stat st;
	char path[128];
	assert_int_equal(pack_spare_make(dir, &err), 0);
	struct pack_writer *w = begin();
	append(w, 1, SLICE("e"), SLICE("record"));
	flush(w);
	snprintf(path, sizeof path, "%s/00000001.pack", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, PACK_SIZE);
	assert_true(pack_writer_prepared(w) > PACK_SIZE - 1000);
	assert_false(pack_spare_drop(dir));
	assert_int_equal(check(1, &err), 0);
	pack_writer_close(&w);
}

static void test_compaction_keeps_places_while_a_reader_goes_on(void **state)
{
	struct pack_writer *w = begin();
	struct error err = {0};
	append(w, 1, SLICE("e"), SLICE("dead"));
	struct place kept = append(w, 2, SLICE("entry"), SLICE("alive"));
	append(w, 3, SLICE("e"), SLICE("dead"));
	struct place last = append(w, 4, SLICE("entry"), SLICE("alive too"));
	flush(w);
	struct pack_reader *reader = pack_reader_open(dir, 2, &err);
	assert_int_equal(pack_verify(reader, &kept, &err), 0);
	uint32_t ordinals[] = {2, 4};
	uint64_t *offsets = NULL, end;
	assert_int_equal(pack_compact(dir, 1, ordinals, 2, &offsets, &end, &err), 0);
	assert_int_equal(pack_compact_finish(dir, 1, &err), 0);
	assert_int_equal(offsets[0], PACK_FILE_HEADER);
	assert_int_equal(pack_verify(reader, &last, &err), 0);
	assert_int_equal(pack_verify(reader, &kept, &err), 0);
	assert_int_equal(check(1, &err), 0);
	struct place dead = {.pack = 1, .ordinal = 3};
	pack_reader_close(&reader);
	reader = pack_reader_open(dir, 2, &err);
	assert_int_equal(pack_find(reader, &dead, NULL, &err), ERR_NOT_FOUND);
	assert_int_equal(pack_verify(reader, &last, &err), 0);
	memory_free(offsets);
	pack_reader_close(&reader);
	pack_writer_close(&w);
}

static void test_compaction_leaves_a_damaged_pack_alone(void **state)
{
	struct pack_writer *w = begin();
	struct error err = {0};
	append(w, 1, SLICE("e"), SLICE("dead"));
	struct place b = append(w, 2, SLICE("e"), SLICE("alive"));
	flush(w);
	overwrite(1, b.offset, SLICE("xxxx"));
	uint32_t ordinals[] = {2};
	uint64_t *offsets = NULL, end;
	assert_int_equal(pack_compact(dir, 1, ordinals, 1, &offsets, &end, &err), ERR_DAMAGED);
	assert_null(offsets);
	pack_writer_close(&w);
}

static void test_opening_cuts_what_stands_behind_the_end(void **state)
{
	struct pack_writer *w = begin();
	struct error err = {0};
	append(w, 1, SLICE("e"), SLICE("kept"));
	flush(w);
	uint32_t pack, ordinal;
	uint64_t end;
	pack_writer_position(w, &pack, &end, &ordinal);
	append(w, 2, SLICE("e"), SLICE("half"));
	assert_int_equal(pack_writer_flush(w, &err), 0);
	pack_writer_close(&w);
	overwrite(1, end + 70, SLICE("torn"));
	w = pack_writer_open(dir, pack, end, ordinal, &err);
	assert_non_null(w);
	append(w, 2, SLICE("e"), SLICE("next"));
	flush(w);
	assert_int_equal(check(1, &err), 0);
	pack_writer_close(&w);
}

/* The pack until now is closed though it has room: it can be compacted, and a restart goes on in the new one. */
static void test_a_turn_begins_a_new_pack(void **state)
{
	struct error err = {0};
	struct pack_writer *w = begin();
	uint32_t pack, ordinal;
	uint64_t end;

	assert_int_equal(pack_writer_turn(w, &err), 0); /* nothing was written yet */
	append(w, 1, SLICE("entry"), SLICE("record"));
	flush(w);
	assert_int_equal(pack_writer_turn(w, &err), 1);
	pack_writer_rollback(w);
	pack_writer_position(w, &pack, &end, &ordinal);
	assert_int_equal(pack, 1);
	assert_int_equal(pack_writer_turn(w, &err), 1);
	flush(w);
	assert_int_equal(pack_writer_turn(w, &err), 0); /* nothing is in it */
	pack_writer_position(w, &pack, &end, &ordinal);
	assert_int_equal(pack, 2);
	assert_int_equal(end, PACK_FILE_HEADER);
	assert_int_equal(ordinal, 1);
	pack_writer_close(&w);
	w = pack_writer_open(dir, pack, end, ordinal, &err);
	assert_non_null(w);
	struct place place = append(w, 2, SLICE("entry"), SLICE("record"));
	flush(w);
	assert_int_equal(place.pack, 2);
	assert_int_equal(place.ordinal, 1);
	pack_writer_close(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_has_the_documented_bytes),
		cmocka_unit_test(test_header_with_any_flipped_bit_is_refused),
		cmocka_unit_test_setup_teardown(test_a_turn_begins_a_new_pack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_was_written_is_read_by_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_names_pack_and_ordinal_and_spares_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rollback_leaves_nothing_of_the_group, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_large_record_gets_a_pack_of_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spare_is_used_and_its_zeros_are_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compaction_keeps_places_while_a_reader_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compaction_leaves_a_damaged_pack_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_opening_cuts_what_stands_behind_the_end, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
