#include "base/error.h"
#include "filter/report_file.h"

static int read_rows(struct slice data, struct arena *arena, struct dmarc_report *report)
{
	struct slice row, rest = data;
	uint64_t count;
	size_t n = 0;
	while (rest.n > 0 && slice_get_u64(&rest, &count) && slice_get_bytes(&rest, &row))
		n++;
	if (rest.n > 0 || n > DMARC_REPORT_ROWS_MAX)
		return ERR_INVALID;
	report->rows = arena_alloc_array(arena, n + 1, sizeof *report->rows);
	while (slice_get_u64(&data, &count) && slice_get_bytes(&data, &row)) {
		if (!report_row_decode(row, &report->rows[report->row_count]))
			return ERR_INVALID;
		report->rows[report->row_count++].count = count;
	}
	return 0;
}

int filter_report_dmarc(const struct filter_report *r, const struct filter_settings *settings, struct arena *arena, struct filter_report_file *file,
                        struct buf *out)
{
	struct dmarc_report *report = ARENA_NEW(arena, struct dmarc_report);
	struct dmarc_record *record = ARENA_NEW(arena, struct dmarc_record);
	struct buf subject = BUF_INIT(2000), filename = BUF_INIT(1000);
	if (!report_policy_decode(r->policy, arena, record) || read_rows(r->rows, arena, report) < 0)
		return ERR_INVALID;
	report->org_name = file->organisation;
	report->email = file->email;
	report->extra_contact_info = r->contact;
	report->report_id = file->id;
	report->begin_s = r->day * REPORT_DAY_S;
	report->end_s = report->begin_s + REPORT_DAY_S - 1;
	dmarc_report_set_policy(report, r->domain, record, DMARC_TREE_WALK, arena);
	dmarc_report_subject(report, settings->hostname, &subject);
	dmarc_report_filename(report, settings->hostname, report->report_id, &filename);
	file->subject = arena_dup(arena, buf_slice(&subject));
	file->filename = arena_dup(arena, buf_slice(&filename));
	dmarc_report_write(report, DMARC_REPORT_7489, out);
	out->failed |= subject.failed || filename.failed;
	buf_free(&subject);
	buf_free(&filename);
	return 0;
}
