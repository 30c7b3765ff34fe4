/* FILTER_REPORT: a report to another domain. */
#include "filter/report.h"
#include "role/filter.h"
#include "sys/file.h"

#define REPORT_CPU_SECONDS 20         /* for one of ours, with up to 20,000 rows */

static int write_report(struct filter_role *f, const struct ipc_filter_report *request, struct filter_result *result, int *ret_fd, struct error *err)
{
	struct filter_settings settings = filter_role_settings(f);
	const struct config *config = f->ctx->config;
	struct file_map map = FILE_MAP_NONE;
	struct filter_report r = {.cid = request->cid, .now_ms = (int64_t)request->now_ms, .day = (int64_t)request->day, .domain = request->domain,
		.kind = request->kind == REPORT_OUT_TLS ? REPORT_OUT_TLS : REPORT_OUT_DMARC,
		.policy = request->policy, .to = request->to, .max_bytes = request->max, .from = request->from, .signer = request->signer,
		.organisation = config->report_organisation, .contact = config->report_contact};
	const struct filter_epoch *epoch = filter_role_epoch(f);
	int code = memfd_map(request->rows, REPORT_ROWS_BYTES, &map, err);

	r.rows = map.content;
	if (code == 0)
		code = filter_report(&r, &settings, f->ctx->boot_secret, epoch, &f->arena, result, err);
	if (code == 0) {
		*ret_fd = memfd_from_slice("record", buf_slice(&result->record), err);
		code = *ret_fd < 0 ? *ret_fd : 0;
	}
	file_unmap(&map);
	return code;
}

void filter_on_report(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_report *request = message;
	struct ipc_filter_report_reply reply = {.record = -1};
	struct filter_result result = {0};
	struct error err = {0};
	int rows = request->rows, code;

	filter_role_cpu_limit(REPORT_CPU_SECONDS);
	code = write_report(f, request, &result, &reply.record, &err);
	reply.status = code == ERR_LIMIT ? 2 : code < 0;
	if (code < 0 && code != ERR_LIMIT)
		filter_role_failed(f, request->cid, &err);
	ipc_reply(call, &reply);
	file_close(&reply.record);
	file_close(&rows);
	buf_free(&result.record);
	filter_role_done(f);
}
