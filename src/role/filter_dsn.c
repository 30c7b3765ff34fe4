/* FILTER_DSN: a notification about a letter, whose outbound copy is opened for it. */
#include <string.h>

#include "crypt/crypt.h"
#include "role/filter.h"
#include "store/seal.h"
#include "sys/fault.h"
#include "sys/file.h"

static int map_read(void *arg, uint64_t offset, void *p, size_t n)
{
	struct slice *record = arg;
	struct slice piece = slice_sub(*record, offset, offset + n);

	if (offset > record->n || piece.n != n)
		return ERR_DAMAGED;
	if (n > 0)
		memcpy(p, piece.p, n);
	return 0;
}

/* The data key of the record, by way of key, which opens wraps of the queue epochs for us. */
static int open_original(struct filter_role *f, const struct seal_source *source, struct sealed **ret, struct error *err)
{
	struct ipc_key_open request = {0};
	struct ipc_key_open_reply reply = {0};
	uint8_t storage[FILTER_KEY_REPLY_MAX], nonce[16], wrap[48];
	int code = sealed_outbound_wrap(source, &request.epoch, request.ephemeral.b, nonce, wrap);

	if (code < 0)
		return error_set(err, code, "the record has no outbound reader");
	request.record_nonce = slice_make(nonce, sizeof nonce);
	request.wrap = slice_make(wrap, sizeof wrap);
	if (ipc_request_sync(f->ctx->ipc, IPC_KEY_OPEN, &request, &reply, storage, sizeof storage) != IPC_OK)
		return error_set(err, ERR_TEMPORARY, "key does not answer");
	if (reply.status != 0)
		return error_set(err, ERR_DENIED, "key does not open the record");
	code = sealed_open_with_key(source, reply.data_key.b, ret, err);
	secret_wipe(&reply, sizeof reply);
	secret_wipe(storage, sizeof storage);
	return code;
}

/* RET=FULL returns the letter, if it is not too long; all else the header. Delays and confirmations never return a body (RFC 3461 6.2). */
static int read_original(struct filter_role *f, struct slice record, const struct dsn_report *report, struct buf *out, bool *ret_whole,
                         struct error *err)
{
	struct seal_source source = {.read = map_read, .arg = &record, .size = record.n};
	struct sealed *sealed = NULL;
	int code = open_original(f, &source, &sealed, err);

	if (code == 0) {
		*ret_whole = report->kind == DSN_FAILURE && report->ret == 1 && sealed_size(sealed) <= FILTER_RETURN_MAX;
		code = sealed_read(sealed, 0, *ret_whole ? sealed_size(sealed) : sealed_header_size(sealed), out, err);
	}
	sealed_close(&sealed);
	return code;
}

static int compose(struct filter_role *f, const struct ipc_filter_dsn *request, struct filter_result *result, int *ret_fd, struct error *err)
{
	struct filter_settings settings = filter_role_settings(f);
	struct file_map map = FILE_MAP_NONE;
	struct buf original = BUF_INIT(FILTER_MESSAGE_MAX);
	const struct filter_epoch *epoch = NULL;
	struct dsn_report report;
	bool whole = false;
	int code = dsn_report_decode(request->report, &f->arena, &report);

	if (code < 0)
		return error_set(err, code, "malformed report");
	if (request->original >= 0)
		code = memfd_map(request->original, FILTER_MESSAGE_MAX, &map, err);
	if (code == 0 && request->original >= 0)
		code = read_original(f, map.content, &report, &original, &whole, err);
	if (code == 0 && filter_role_goes_outside(report.fact))
		epoch = filter_role_epoch(f);
	if (code == 0)
		code = filter_dsn(&report, buf_slice(&original), whole, &settings, f->ctx->boot_secret, epoch, &f->arena, result, err);
	if (code == 0) {
		*ret_fd = memfd_from_slice("record", buf_slice(&result->record), err);
		code = *ret_fd < 0 ? *ret_fd : 0;
	}
	file_unmap(&map);
	buf_free(&original);
	return code;
}

void filter_on_dsn(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_dsn *request = message;
	struct ipc_filter_dsn_reply reply = {.record = -1};
	struct filter_result result = {0};
	struct error err = {0};
	int original = request->original;

	filter_role_cpu_limit(FILTER_CPU_SECONDS);
	reply.status = compose(f, request, &result, &reply.record, &err) < 0;
	if (reply.status != 0)
		filter_role_failed(f, SLICE("dsn"), &err);
	FAULT_POINT(filter_sealed);
	ipc_reply(call, &reply);
	file_close(&reply.record);
	file_close(&original);
	buf_free(&result.record);
	filter_role_done(f);
}
