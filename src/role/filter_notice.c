/* FILTER_NOTICE: a letter of the system. */
#include "filter/notice.h"
#include "role/filter.h"
#include "sys/fault.h"
#include "sys/file.h"

static int write_letter(struct filter_role *f, const struct ipc_filter_notice *request, struct filter_result *result, int *ret_fd, struct error *err)
{
	struct filter_settings settings = filter_role_settings(f);
	const struct filter_notice n = {.cid = request->cid, .name = request->name, .language = request->language, .fact = request->fact,
		.domain = request->domain, .signer = request->signer, .args = request->args, .now_ms = (int64_t)request->now_ms};
	const struct filter_epoch *epoch = filter_role_goes_outside(n.fact) ? filter_role_epoch(f) : NULL;
	int code = filter_notice(&n, &settings, f->ctx->boot_secret, epoch, &f->arena, result, err);

	if (code == 0) {
		*ret_fd = memfd_from_slice("record", buf_slice(&result->record), err);
		code = *ret_fd < 0 ? *ret_fd : 0;
	}
	return code;
}

void filter_on_notice(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_notice *request = message;
	struct ipc_filter_notice_reply reply = {.record = -1};
	struct filter_result result = {0};
	struct error err = {0};

	filter_role_cpu_limit(FILTER_CPU_SECONDS);
	reply.status = write_letter(f, request, &result, &reply.record, &err) < 0;
	if (reply.status != 0)
		filter_role_failed(f, request->cid, &err);
	FAULT_POINT(filter_sealed);
	ipc_reply(call, &reply);
	file_close(&reply.record);
	buf_free(&result.record);
	filter_role_done(f);
}
