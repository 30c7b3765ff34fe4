#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "audit/record.h"
#include "audit/test_rig.h"
#include "sys/file.h"

static int setup(void **state)
{
	static struct audit_rig rig;
	audit_rig_create(&rig);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	audit_rig_free(*state);
	return 0;
}

struct seen {
	uint64_t next, count, retired;
	bool downwards;
};

static int see(void *arg, const struct audit_item *item)
{
	struct seen *s = arg;
	struct buf wanted = BUF_INIT(AUDIT_TEXT_MAX);
	assert_int_equal(item->n, s->downwards ? s->next - 1 : s->next);
	audit_rig_record(item->n, &wanted);
	if (item->text.n > 0)
		assert_true(slice_eq(item->text, buf_slice(&wanted)));
	s->retired += item->text.n == 0;
	s->next += s->downwards ? UINT64_MAX : 1;
	s->count++;
	buf_free(&wanted);
	return 0;
}

static void segment(const struct audit_rig *rig, uint64_t first, char *path, size_t size)
{
	snprintf(path, size, "%s/log-%020llu", rig->directory, (unsigned long long)first);
}

static void verify_all(struct audit_rig *rig, int wanted)
{
	struct audit_view *v = audit_view_create(rig->store);
	uint64_t records, bad;
	assert_int_equal(audit_view_verify(v, &records, &bad, NULL), wanted);
	if (wanted == 0)
		assert_int_equal(records, audit_store_size(rig->store));
	audit_view_free(&v);
}

static void what_was_appended_is_there_after_a_restart(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_hash before, after;
	struct audit_opened opened;
	struct seen s = {0};
	for (unsigned i = 1; i <= 20; i++)
		audit_rig_append(rig, i);
	audit_store_root(rig->store, &before);
	assert_int_equal(audit_rig_open(rig, see, &s, &opened), 0);
	audit_store_root(rig->store, &after);
	assert_int_equal(opened.size, 210);
	assert_int_equal(s.count, 210);
	assert_true(audit_hash_equal(&before, &after));
	audit_rig_append(rig, 3);
	verify_all(rig, 0);
}

static void walks_go_both_ways_from_anywhere(void **state)
{
	struct audit_rig *rig = *state;
	for (unsigned i = 0; i < 7; i++)
		audit_rig_append(rig, 3);
	struct audit_view *v = audit_view_create(rig->store);
	audit_rig_append(rig, 5); /* is not in the picture */
	for (uint64_t from = 0; from <= 21; from++) {
		struct seen up = {.next = from}, down = {.next = from, .downwards = true};
		assert_int_equal(audit_view_walk(v, from, false, see, &up, NULL), 0);
		assert_int_equal(up.count, 21 - from);
		assert_int_equal(audit_view_walk(v, from, true, see, &down, NULL), 0);
		assert_int_equal(down.count, from);
	}
	audit_view_free(&v);
}

static void an_unfinished_group_is_cut_at_every_length(void **state)
{
	struct audit_rig *rig = *state;
	struct buf whole = BUF_INIT(1 << 20);
	struct audit_opened opened;
	char path[300];
	audit_rig_append(rig, 4);
	segment(rig, 0, path, sizeof path);
	assert_int_equal(file_read(path, &whole, NULL), 0);
	size_t kept = buf_len(&whole);
	audit_rig_append(rig, 2);
	buf_clear(&whole);
	assert_int_equal(file_read(path, &whole, NULL), 0);
	for (size_t n = kept; n < buf_len(&whole); n += 7) {
		assert_int_equal(file_write_atomic(path, slice_sub(buf_slice(&whole), 0, n), 0600, NULL), 0);
		assert_int_equal(audit_rig_open(rig, NULL, NULL, &opened), 0);
		assert_int_equal(opened.size, 4);
		assert_int_equal(opened.cut, n - kept);
	}
	audit_rig_append(rig, 1);
	verify_all(rig, 0);
	buf_free(&whole);
}

/* Pages of one write may reach the disk in any order: the length is there, the bytes are not. */
static void a_last_group_of_zeros_is_cut(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_opened opened;
	uint8_t zeros[500] = {0};
	char path[300];
	audit_rig_append(rig, 4);
	segment(rig, 0, path, sizeof path);
	int fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, zeros, sizeof zeros), sizeof zeros);
	close(fd);
	assert_int_equal(audit_rig_open(rig, NULL, NULL, &opened), 0);
	assert_int_equal(opened.cut, sizeof zeros);
	assert_int_equal(opened.size, 4);
}

static void a_changed_byte_before_the_last_group_is_damage(void **state)
{
	struct audit_rig *rig = *state;
	struct buf whole = BUF_INIT(1 << 20);
	struct audit_opened opened;
	char path[300];
	audit_rig_append(rig, 4);
	segment(rig, 0, path, sizeof path);
	assert_int_equal(file_read(path, &whole, NULL), 0);
	size_t first_group = buf_len(&whole);
	audit_rig_append(rig, 4);
	buf_clear(&whole);
	assert_int_equal(file_read(path, &whole, NULL), 0);
	for (size_t at = 0; at < first_group; at += 5) {
		whole.data[whole.start + at] ^= 0x10;
		assert_int_equal(file_write_atomic(path, buf_slice(&whole), 0600, NULL), 0);
		assert_int_equal(audit_rig_open(rig, NULL, NULL, &opened), ERR_DAMAGED);
		whole.data[whole.start + at] ^= 0x10;
	}
	assert_int_equal(file_write_atomic(path, buf_slice(&whole), 0600, NULL), 0);
	assert_int_equal(audit_rig_open(rig, NULL, NULL, &opened), 0);
	buf_free(&whole);
}

static void another_key_opens_nothing(void **state)
{
	struct audit_rig *rig = *state;
	audit_rig_append(rig, 4);
	audit_rig_append(rig, 4);
	rig->key[0] ^= 1;
	struct audit_opened opened = {0};
	int rc = audit_rig_open(rig, NULL, NULL, &opened);
	assert_true(rc == ERR_DAMAGED);
	rig->key[0] ^= 1;
}

static void the_disk_shows_no_text(void **state)
{
	struct audit_rig *rig = *state;
	struct buf whole = BUF_INIT(1 << 20);
	char path[300];
	audit_rig_append(rig, 10);
	segment(rig, 0, path, sizeof path);
	assert_int_equal(file_read(path, &whole, NULL), 0);
	assert_true(slice_search(buf_slice(&whole), SLICE("example")) < 0);
	assert_true(slice_search(buf_slice(&whole), SLICE("login")) < 0);
	buf_free(&whole);
}

static void lost_nodes_are_made_anew(void **state)
{
	struct audit_rig *rig = *state;
	char path[300];
	for (unsigned i = 0; i < 9; i++)
		audit_rig_append(rig, 11);
	snprintf(path, sizeof path, "%s/nodes", rig->directory);
	assert_int_equal(truncate(path, 333), 0);
	assert_int_equal(audit_rig_open(rig, NULL, NULL, NULL), 0);
	verify_all(rig, 0);
}

static bool keep_sign_ins(void *arg, struct slice text)
{
	(void)arg;
	return slice_search(text, SLICE("\"c\":\"sign_in\"")) > 0;
}

/* Enough for a second segment: 16 MiB. */
static void fill_two_segments(struct audit_rig *rig)
{
	for (unsigned i = 0; i < 30; i++)
		audit_rig_append(rig, 4000);
}

static void retired_records_leave_their_hashes(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_hash before, after;
	struct audit_retired r;
	struct seen s = {0};
	fill_two_segments(rig);
	uint64_t size = audit_store_size(rig->store);
	audit_store_root(rig->store, &before);
	struct audit_view *v = audit_view_create(rig->store);
	assert_int_equal(audit_view_retire(v, 0, INT64_MAX, keep_sign_ins, NULL, &r, NULL), 0);
	assert_int_equal(r.first, 0);
	assert_true(r.count > 0 && r.removed == r.count / 2);
	uint64_t removed = r.removed;
	assert_int_equal(audit_view_walk(v, 0, false, see, &s, NULL), 0);
	assert_int_equal(s.count, size);
	assert_int_equal(s.retired, removed);
	assert_int_equal(audit_view_retire(v, 1, INT64_MAX, keep_sign_ins, NULL, &r, NULL), 0);
	assert_int_equal(r.first, UINT64_MAX); /* the open segment is never touched */
	assert_int_equal(audit_view_retire(v, 0, 0, keep_sign_ins, NULL, &r, NULL), 0);
	assert_int_equal(r.first, UINT64_MAX); /* everything is younger */
	audit_view_free(&v);
	assert_int_equal(audit_rig_open(rig, NULL, NULL, NULL), 0);
	audit_store_root(rig->store, &after);
	assert_true(audit_hash_equal(&before, &after));
	verify_all(rig, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_appended_is_there_after_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(walks_go_both_ways_from_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unfinished_group_is_cut_at_every_length, setup, teardown),
		cmocka_unit_test_setup_teardown(a_last_group_of_zeros_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(a_changed_byte_before_the_last_group_is_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(another_key_opens_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_disk_shows_no_text, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_nodes_are_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(retired_records_leave_their_hashes, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("audit store", tests, NULL, NULL);
}
