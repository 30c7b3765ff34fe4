#include "queue/dsn.h"

#include "base/error.h"

#define DSN_VERSION 2

static void recipient_encode(const struct dsn_recipient *r, struct buf *out)
{
	buf_put_u8(out, (uint8_t)r->action);
	buf_put_u16(out, r->code);
	buf_put_u64(out, (uint64_t)r->last_attempt_ms);
	buf_put_u64(out, (uint64_t)r->retry_until_ms);
	buf_put_bytes(out, r->final);
	buf_put_bytes(out, r->original);
	buf_put_bytes(out, r->status);
	buf_put_bytes(out, r->diagnostic);
	buf_put_bytes(out, r->remote);
}

void dsn_report_encode(const struct dsn_report *report, struct buf *out)
{
	buf_put_u8(out, DSN_VERSION);
	buf_put_u8(out, (uint8_t)report->kind);
	buf_put_u8(out, report->ret);
	buf_put_u8(out, (uint8_t)(report->smtputf8 | report->requiretls << 1));
	buf_put_u64(out, (uint64_t)report->arrival_ms);
	buf_put_u64(out, (uint64_t)report->now_ms);
	buf_put_bytes(out, report->fact);
	buf_put_bytes(out, report->domain);
	buf_put_bytes(out, report->signer);
	buf_put_bytes(out, report->language);
	buf_put_bytes(out, report->envid);
	buf_put_bytes(out, report->cid);
	buf_put_bytes(out, report->queue_id);
	buf_put_u16(out, (uint16_t)report->recipient_count);
	for (size_t i = 0; i < report->recipient_count; i++)
		recipient_encode(&report->recipients[i], out);
}

static bool recipient_decode(struct slice *s, struct dsn_recipient *r)
{
	uint64_t attempt, until;
	uint8_t action;

	if (!slice_get_u8(s, &action) || action < DSN_FAILED || action > DSN_EXPANDED || !slice_get_u16(s, &r->code)
	    || !slice_get_u64(s, &attempt) || !slice_get_u64(s, &until) || !slice_get_bytes(s, &r->final) || !slice_get_bytes(s, &r->original)
	    || !slice_get_bytes(s, &r->status) || !slice_get_bytes(s, &r->diagnostic) || !slice_get_bytes(s, &r->remote))
		return false;
	r->action = (enum dsn_action)action;
	r->last_attempt_ms = (int64_t)attempt;
	r->retry_until_ms = (int64_t)until;
	return true;
}

static bool head_decode(struct slice *s, struct dsn_report *report, uint16_t *ret_count)
{
	uint64_t arrival, now;
	uint8_t version, kind, flags;

	if (!slice_get_u8(s, &version) || version != DSN_VERSION || !slice_get_u8(s, &kind) || kind < DSN_FAILURE || kind > DSN_SUCCESS
	    || !slice_get_u8(s, &report->ret) || report->ret > 2 || !slice_get_u8(s, &flags) || flags > 3 || !slice_get_u64(s, &arrival)
	    || !slice_get_u64(s, &now))
		return false;
	report->kind = (enum dsn_kind)kind;
	report->smtputf8 = flags & 1;
	report->requiretls = flags >> 1 & 1;
	report->arrival_ms = (int64_t)arrival;
	report->now_ms = (int64_t)now;
	return slice_get_bytes(s, &report->fact) && slice_get_bytes(s, &report->domain) && slice_get_bytes(s, &report->signer)
		&& slice_get_bytes(s, &report->language) && slice_get_bytes(s, &report->envid) && slice_get_bytes(s, &report->cid)
		&& slice_get_bytes(s, &report->queue_id) && slice_get_u16(s, ret_count);
}

int dsn_report_decode(struct slice data, struct arena *arena, struct dsn_report *ret)
{
	struct dsn_report report = {0};
	uint16_t count;

	if (!head_decode(&data, &report, &count) || count == 0)
		return ERR_INVALID;
	if (count > DSN_RECIPIENTS_MAX)
		return ERR_LIMIT;
	report.recipients = arena_alloc_array(arena, count, sizeof *report.recipients);
	report.recipient_count = count;
	for (size_t i = 0; i < count; i++)
		if (!recipient_decode(&data, &report.recipients[i]))
			return ERR_INVALID;
	if (data.n != 0)
		return ERR_INVALID;
	*ret = report;
	return 0;
}
