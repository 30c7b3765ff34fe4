#include "trust/dmarc_report.h"

static struct slice pass_or_fail(bool passed)
{
	return passed ? SLICE("pass") : SLICE("fail");
}

/* "pass" is a word of the new schema only: it passed, and would have had consequences otherwise. */
static struct slice disposition_of(const struct dmarc_check *c)
{
	if (c->result == DMARC_PASS && c->policy != DMARC_POLICY_NONE)
		return SLICE("pass");
	return slice_str(dmarc_policy_name(c->disposition));
}

static struct slice domain_of(struct slice address)
{
	return slice_from(address, (size_t)(slice_rfind(address, '@') + 1));
}

void dmarc_report_row_of(const struct dmarc_check *c, const struct spf_check *spf, const struct dkim_report *dkim, struct slice source_ip,
	struct slice envelope_to, struct dmarc_report_row *ret)
{
	*ret = (struct dmarc_report_row){
		.source_ip = source_ip, .count = 1, .disposition = disposition_of(c), .dkim = pass_or_fail(c->dkim_aligned),
		.spf = pass_or_fail(c->spf_aligned), .header_from = c->author, .envelope_to = envelope_to,
	};
	if (c->override != DMARC_NO_OVERRIDE)
		ret->reasons[ret->reason_count++].type = slice_str(dmarc_override_name(c->override));
	for (size_t i = 0; i < dkim->count && i < DMARC_REPORT_SIGNATURES_MAX; i++) {
		const struct dkim_signature *s = &dkim->signatures[i];
		ret->signatures[ret->signature_count++] = (struct dmarc_report_auth){
			.domain = s->domain, .selector = s->selector, .result = slice_str(dkim_result_name(s->result)), .human_result = slice_str(s->reason)};
	}
	if (spf == NULL)
		return;
	ret->has_spf = true;
	ret->envelope_from = spf->scope == SPF_MAIL_FROM ? domain_of(spf->sender) : SLICE_NONE;
	ret->spf_check = (struct dmarc_report_auth){.domain = spf->domain, .scope = spf->scope == SPF_MAIL_FROM ? SLICE("mfrom") : SLICE("helo"),
		.result = slice_str(spf_result_name(spf->result))};
}

static bool same_auth(const struct dmarc_report_auth *a, const struct dmarc_report_auth *b)
{
	return slice_eq(a->domain, b->domain) && slice_eq(a->selector, b->selector) && slice_eq(a->scope, b->scope) &&
		slice_eq(a->result, b->result);
}

static bool same_lists(const struct dmarc_report_row *a, const struct dmarc_report_row *b)
{
	if (a->signature_count != b->signature_count || a->reason_count != b->reason_count)
		return false;
	for (size_t i = 0; i < a->signature_count; i++)
		if (!same_auth(&a->signatures[i], &b->signatures[i]))
			return false;
	for (size_t i = 0; i < a->reason_count; i++)
		if (!slice_eq(a->reasons[i].type, b->reasons[i].type))
			return false;
	return true;
}

bool dmarc_report_row_same(const struct dmarc_report_row *a, const struct dmarc_report_row *b)
{
	const struct slice *const fields[][2] = {
		{&a->source_ip, &b->source_ip}, {&a->disposition, &b->disposition}, {&a->dkim, &b->dkim}, {&a->spf, &b->spf},
		{&a->header_from, &b->header_from}, {&a->envelope_from, &b->envelope_from}, {&a->envelope_to, &b->envelope_to},
	};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (!slice_eq(*fields[i][0], *fields[i][1]))
			return false;
	return a->has_spf == b->has_spf && same_auth(&a->spf_check, &b->spf_check) && same_lists(a, b);
}
