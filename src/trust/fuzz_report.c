/* Reports of others: as a message, as an attachment, as XML and as JSON. What is read can be written, and reads again. */
#include "base/ensure.h"
#include "trust/dmarc_report.h"
#include "trust/report_part.h"
#include "trust/tlsrpt.h"
#include "trust/unpack.h"

#define OUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_dmarc(struct slice xml, struct arena *arena)
{
	struct dmarc_report r, back;
	struct dmarc_report_summary sum;
	struct buf out = BUF_INIT(16 * OUT_MAX);
	if (dmarc_report_parse(xml, arena, &r) == 0) {
		dmarc_report_summarise(&r, &sum);
		ENSURE(sum.passed <= sum.messages && sum.sources <= r.row_count);
		dmarc_report_write(&r, DMARC_REPORT_2, &out);
		int rc = dmarc_report_parse(buf_slice(&out), arena, &back);
		ENSURE(out.failed || back.row_count == r.row_count || rc != 0);
	}
	buf_free(&out);
}

static void check_tls(struct slice json, struct arena *arena)
{
	struct tlsrpt_report r, back;
	struct buf out = BUF_INIT(16 * OUT_MAX);
	if (tlsrpt_parse(json, arena, &r) == 0) {
		tlsrpt_write(&r, &out);
		ENSURE(out.failed || (tlsrpt_parse(buf_slice(&out), arena, &back) == 0 && back.policy_count == r.policy_count));
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct slice in = slice_make(data, size);
	struct buf out = BUF_INIT(OUT_MAX);
	if (report_find(in, &arena, &out) == REPORT_DMARC)
		check_dmarc(buf_slice(&out), &arena);
	buf_clear(&out);
	if (unpack(in, SLICE(".xml"), &out) == 0) {
		check_dmarc(buf_slice(&out), &arena);
		check_tls(buf_slice(&out), &arena);
	}
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
