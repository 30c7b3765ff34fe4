#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include "base/error.h"
#include "crypt/crypt.h"
#include "queue/entry.h"
#include "queue/job.h"
#include "queue/queue.h"

static struct job_recipient recipients[] = {
	{.local = true, .account = {1, 2, 3}, .address = SLICE_INIT("a@example.org"), .original = SLICE_INIT("rfc822;b@example.org"), .notify = NOTIFY_NEVER},
	{.address = SLICE_INIT("c@example.com"), .notify = NOTIFY_SUCCESS | NOTIFY_DELAY, .forwarded = true},
};

static struct job sample(void)
{
	return (struct job){
		.reverse_path = SLICE("me@example.net"), .envid = SLICE("x"), .ret = 2, .smtputf8 = true, .requiretls = true, .cid = SLICE("cid"),
		.received_ms = 1234567, .sender_account = {9}, .dsn_fact = SLICE("fact"), .recipients = recipients, .recipient_count = 2,
		.client = {.address = SLICE("192.0.2.1"), .helo = SLICE("mx.example"), .esmtp = true}, .forward_path = SLICE("SRS0=x@example.org"), .any_tls = true,
		.submission = {.known = true, .follows = true, .id = {7}, .due_ms = 99, .data = SLICE("data")},
	};
}

static void test_job_survives_its_encoding(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct arena arena = ARENA_INIT;
	struct job job = sample(), back;
	job_encode(&job, &b);
	assert_int_equal(job_decode(buf_slice(&b), &arena, &back), 0);
	assert_true(slice_eq(back.reverse_path, job.reverse_path) && slice_eq(back.dsn_fact, job.dsn_fact) && slice_eq(back.envid, job.envid));
	assert_true(back.smtputf8 && back.requiretls && !back.body_8bit && !back.is_dsn && back.any_tls);
	assert_int_equal(back.ret, 2);
	assert_true(slice_eq(back.client.address, job.client.address) && slice_eq(back.client.helo, job.client.helo) && back.client.esmtp);
	assert_true(back.client.name.n == 0 && slice_eq(back.forward_path, job.forward_path));
	assert_true(back.recipients[1].forwarded && !back.recipients[0].forwarded);
	assert_true(back.submission.known && back.submission.follows && back.submission.due_ms == 99 && slice_eq(back.submission.data, SLICE("data")));
	assert_int_equal(back.submission.id[0], 7);
	assert_int_equal(back.received_ms, 1234567);
	assert_int_equal(back.recipient_count, 2);
	assert_true(back.recipients[0].local && !back.recipients[1].local);
	assert_memory_equal(back.recipients[0].account, recipients[0].account, 16);
	assert_true(slice_eq(back.recipients[0].original, recipients[0].original));
	assert_int_equal(back.recipients[1].notify, NOTIFY_SUCCESS | NOTIFY_DELAY);
	arena_free(&arena);
	buf_free(&b);
}

static void test_every_cut_of_a_job_is_refused(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct arena arena = ARENA_INIT;
	struct job job = sample(), back;
	job_encode(&job, &b);
	for (size_t n = 0; n < buf_len(&b); n++)
		assert_true(job_decode(slice_sub(buf_slice(&b), 0, n), &arena, &back) < 0);
	buf_append_byte(&b, 0);
	assert_true(job_decode(buf_slice(&b), &arena, &back) < 0);
	arena_free(&arena);
	buf_free(&b);
}

static void test_results_travel_as_a_list(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct delivery_result r = {.state = DELIVERY_PERMANENT, .code = 550, .enhanced = SLICE("5.1.1"), .text = SLICE("no such user"),
		.remote_host = SLICE("mx [192.0.2.1]"), .tls = SLICE("none")}, back;
	delivery_result_encode(&r, &b);
	r.state = DELIVERY_DONE;
	delivery_result_encode(&r, &b);
	struct slice list = buf_slice(&b);
	assert_int_equal(delivery_result_decode(&list, &back), 0);
	assert_int_equal(back.state, DELIVERY_PERMANENT);
	assert_int_equal(back.code, 550);
	assert_true(slice_eq(back.text, SLICE("no such user")));
	assert_int_equal(delivery_result_decode(&list, &back), 0);
	assert_int_equal(back.state, DELIVERY_DONE);
	assert_int_equal(list.n, 0);
	buf_clear(&b);
	r.text = SLICE("two\r\nlines");
	delivery_result_encode(&r, &b);
	list = buf_slice(&b);
	assert_true(delivery_result_decode(&list, &back) < 0);
	buf_free(&b);
}

static void test_relay_job_names_its_destination(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct arena arena = ARENA_INIT;
	struct job job = sample(), back;
	struct slice destination;
	relay_job_encode(SLICE("example.com"), &job, &b);
	assert_int_equal(relay_job_decode(buf_slice(&b), &arena, &destination, &back), 0);
	assert_true(slice_eq(destination, SLICE("example.com")));
	assert_int_equal(back.recipient_count, 2);
	arena_free(&arena);
	buf_free(&b);
}

static void test_arrival_has_its_size(void **state)
{
	struct buf b = BUF_INIT(100);
	struct queue_arrival a = {.seq = 5, .kind = 2, .place = {1, 2, 3}, .size = 4, .flags = 1}, back;
	queue_arrival_encode(&a, &b);
	assert_int_equal(buf_len(&b), QUEUE_ARRIVAL_SIZE);
	struct slice list = buf_slice(&b);
	assert_int_equal(queue_arrival_decode(&list, &back), 0);
	assert_int_equal(back.seq, 5);
	assert_int_equal(back.place.offset, 3);
	assert_int_equal(queue_arrival_decode(&list, &back), ERR_INVALID);
	buf_free(&b);
}

static void test_queue_id_is_read_as_it_is_written(void **state)
{
	char id[QUEUE_ID_SIZE];
	uint32_t pack, ordinal;
	queue_id_format(1, 42, id);
	assert_string_equal(id, "1-2a");
	assert_int_equal(queue_id_parse(SLICE("1-2A"), &pack, &ordinal), 0);
	assert_int_equal(pack, 1);
	assert_int_equal(ordinal, 42);
	static const char *const bad[] = {"", "-", "1-", "-1", "0-1", "1-0", "1-2-3", "1 -2", "123456789-1", "ffffffff-1", "x-1"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_true(queue_id_parse(slice_str(bad[i]), &pack, &ordinal) < 0);
}

static void test_entry_opens_only_at_its_place(void **state)
{
	static const uint8_t key[32] = {1}, other[32] = {2};
	struct seal_face_reader reader = {.kind = READER_ARRIVAL, .account = {7}, .generation = 3};
	struct entry e = {.message_size = 99, .accepted_ms = 5, .readers = &reader, .reader_count = 1, .job = SLICE("job")}, back;
	struct place place = {.pack = 1, .ordinal = 2, .offset = 64}, elsewhere = {.pack = 1, .ordinal = 3};
	struct buf b = BUF_INIT(4096);
	struct arena arena = ARENA_INIT;
	struct error err;
	entry_seal(&e, &place, 10, key, &b);
	assert_int_equal(buf_len(&b), entry_sealed_size(&e));
	place.offset = 128; /* compaction moves it */
	assert_int_equal(entry_open(buf_slice(&b), &place, 10, key, &arena, &back, &err), 0);
	assert_int_equal(back.message_size, 99);
	assert_int_equal(back.reader_count, 1);
	assert_int_equal(back.readers[0].generation, 3);
	assert_true(slice_eq(back.job, SLICE("job")));
	assert_int_equal(entry_open(buf_slice(&b), &elsewhere, 10, key, &arena, &back, &err), ERR_DAMAGED);
	assert_int_equal(entry_open(buf_slice(&b), &place, 11, key, &arena, &back, &err), ERR_DAMAGED);
	assert_int_equal(entry_open(buf_slice(&b), &place, 10, other, &arena, &back, &err), ERR_DAMAGED);
	arena_free(&arena);
	buf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_job_survives_its_encoding),
		cmocka_unit_test(test_every_cut_of_a_job_is_refused),
		cmocka_unit_test(test_results_travel_as_a_list),
		cmocka_unit_test(test_relay_job_names_its_destination),
		cmocka_unit_test(test_arrival_has_its_size),
		cmocka_unit_test(test_queue_id_is_read_as_it_is_written),
		cmocka_unit_test(test_entry_opens_only_at_its_place),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
