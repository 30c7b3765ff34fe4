/* letterlock trust report: what an aggregate report of DMARC or a TLS report says, from a message, an attachment, or what is in it. */
#include "base/error.h"
#include "cmd/cli_trust.h"
#include "trust/dmarc_report.h"
#include "trust/report_part.h"
#include "trust/tlsrpt.h"

static json_t *auth_json(const struct dmarc_report_auth *a)
{
	json_t *o = json_object();
	cli_json_text(o, "domain", a->domain);
	cli_json_text(o, "selector", a->selector);
	cli_json_text(o, "scope", a->scope);
	cli_json_text(o, "result", a->result);
	return o;
}

static json_t *row_json(const struct dmarc_report_row *w)
{
	json_t *o = json_object(), *signatures = json_array();
	cli_json_text(o, "source", w->source_ip);
	json_object_set_new(o, "count", json_integer((json_int_t)w->count));
	cli_json_text(o, "disposition", w->disposition);
	cli_json_text(o, "dkim", w->dkim);
	cli_json_text(o, "spf", w->spf);
	if (w->reason_count > 0)
		cli_json_text(o, "because", w->reasons[0].type);
	cli_json_text(o, "from", w->header_from);
	cli_json_text(o, "mail_from", w->envelope_from);
	for (size_t i = 0; i < w->signature_count; i++)
		json_array_append_new(signatures, auth_json(&w->signatures[i]));
	json_object_set_new(o, "signatures", signatures);
	if (w->has_spf)
		json_object_set_new(o, "spf_check", auth_json(&w->spf_check));
	return o;
}

static json_t *dmarc_json(struct cli_trust *t, struct slice xml)
{
	struct dmarc_report r;
	struct dmarc_report_summary sum;
	if (dmarc_report_parse(xml, &t->arena, &r) != 0)
		return NULL;
	dmarc_report_summarise(&r, &sum);
	json_t *o = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "result", "dmarc", "begin", (json_int_t)r.begin_s, "end",
		(json_int_t)r.end_s, "messages", (json_int_t)sum.messages, "passed", (json_int_t)sum.passed, "dkim_passed", (json_int_t)sum.dkim_passed,
		"spf_passed", (json_int_t)sum.spf_passed, "quarantined", (json_int_t)sum.quarantined, "rejected", (json_int_t)sum.rejected, "sources",
		(json_int_t)sum.sources, "skipped", (json_int_t)r.skipped);
	json_t *rows = json_array();
	cli_json_text(o, "reporter", r.org_name);
	cli_json_text(o, "report_id", r.report_id);
	cli_json_text(o, "domain", r.domain);
	cli_json_text(o, "policy", r.p);
	for (size_t i = 0; i < r.row_count; i++)
		json_array_append_new(rows, row_json(&r.rows[i]));
	json_object_set_new(o, "rows", rows);
	return o;
}

static json_t *failure_json(const struct tlsrpt_policy *p, const struct tlsrpt_failure *f)
{
	json_t *o = json_object();
	cli_json_text(o, "domain", p->domain);
	cli_json_text(o, "policy", p->type);
	cli_json_text(o, "failure", f->result_type);
	cli_json_text(o, "source", f->sending_mta_ip);
	cli_json_text(o, "host", f->receiving_mx_hostname);
	json_object_set_new(o, "count", json_integer((json_int_t)f->count));
	return o;
}

static json_t *tls_json(struct cli_trust *t, struct slice json)
{
	struct tlsrpt_report r;
	struct tlsrpt_summary sum;
	if (tlsrpt_parse(json, &t->arena, &r) != 0)
		return NULL;
	tlsrpt_summarise(&r, &sum);
	json_t *o = json_pack("{s:s, s:I, s:I, s:I, s:I}", "result", "tls", "begin", (json_int_t)r.start_s, "end", (json_int_t)r.end_s, "succeeded",
		(json_int_t)sum.succeeded, "failed", (json_int_t)sum.failed);
	json_t *rows = json_array();
	cli_json_text(o, "reporter", r.organization);
	cli_json_text(o, "report_id", r.report_id);
	for (size_t i = 0; i < r.policy_count; i++)
		for (size_t k = 0; k < r.policies[i].failure_count; k++)
			json_array_append_new(rows, failure_json(&r.policies[i], &r.policies[i].failures[k]));
	json_object_set_new(o, "rows", rows);
	return o;
}

static json_t *run(struct cli_trust *t)
{
	struct buf content = BUF_INIT(DMARC_REPORT_XML_MAX);
	enum report_kind kind = report_open(t->message, &content);
	if (kind == REPORT_NONE) {
		buf_clear(&content);
		kind = report_find(t->message, &t->arena, &content);
	}
	json_t *result = kind == REPORT_DMARC ? dmarc_json(t, buf_slice(&content)) : kind == REPORT_TLS ? tls_json(t, buf_slice(&content)) : NULL;
	if (result == NULL)
		result = json_pack("{s:s, s:s}", "result", "none", "reason", "there is no report that can be read");
	buf_free(&content);
	return result;
}

const struct cli_trust_check cli_trust_report = {
	.name = "report", .needs_message = true, .run = run,
	.fields = "report:result reason:reason from:reporter id:report_id domain:domain policy:policy begin:begin@ end:end@ messages:messages passed:passed "
		"succeeded:succeeded failed:failed",
	.list = "rows",
	.columns = "source:source count:count disposition:disposition DKIM:dkim SPF:spf From:from because:because failure:failure host:host",
};
