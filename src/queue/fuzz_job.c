/* Jobs, delivery results, reports and arrival lists: what is accepted encodes to the same bytes. */
#include "base/ensure.h"
#include "queue/dsn.h"
#include "queue/job.h"
#include "queue/queue.h"

static void fuzz_results(struct slice in)
{
	struct delivery_result r;
	struct buf out = BUF_INIT(1 << 20);
	struct slice list = in;
	while (list.n > 0) {
		struct slice before = list;
		if (delivery_result_decode(&list, &r) < 0)
			break;
		buf_clear(&out);
		delivery_result_encode(&r, &out);
		ENSURE(slice_eq(buf_slice(&out), slice_sub(before, 0, before.n - list.n)));
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size), destination, list = in;
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT(1 << 24);
	struct job job;
	struct queue_arrival arrival;
	struct dsn_report report;
	uint32_t pack, ordinal;

	if (job_decode(in, &arena, &job) == 0) {
		job_encode(&job, &out);
		ENSURE(slice_eq(buf_slice(&out), in));
	}
	buf_clear(&out);
	if (dsn_report_decode(in, &arena, &report) == 0) {
		dsn_report_encode(&report, &out);
		ENSURE(slice_eq(buf_slice(&out), in));
	}
	relay_job_decode(in, &arena, &destination, &job);
	fuzz_results(in);
	while (queue_arrival_decode(&list, &arrival) == 0)
		;
	queue_id_parse(in, &pack, &ordinal);
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
