/* letterlock trust dmarc: SPF and DKIM are checked in the same rounds. */
#include <string.h>

#include "base/ensure.h"
#include "cmd/cli_trust.h"
#include "mime/header.h"
#include "trust/dkim.h"
#include "trust/dmarc.h"

struct outcome {
	struct spf_check spf;
	struct dkim_report dkim;
	struct dmarc_check dmarc;
	bool has_spf;
};

/* "--dkim a.example,b.example": these count as signatures that passed, and none of the message is looked at. */
static void take_given(const json_t *given, struct dmarc_request *q)
{
	const json_t *item;
	size_t i;
	json_array_foreach(given, i, item)
		if (q->dkim_count < DMARC_IDENTITIES_MAX)
			q->dkim_domains[q->dkim_count++] = slice_str(json_string_value(item));
}

static void take_signatures(struct cli_trust *t, struct outcome *o, struct dmarc_request *q)
{
	struct trust_message message;
	message_init(&message, cli_trust_wire(t), &t->arena);
	dkim_verify(&t->facts, &message, NULL, &o->dkim);
	for (size_t i = 0; i < o->dkim.count; i++) {
		const struct dkim_signature *s = &o->dkim.signatures[i];
		if (s->result == DKIM_PASS && !s->testing && q->dkim_count < DMARC_IDENTITIES_MAX)
			q->dkim_domains[q->dkim_count++] = s->domain;
		q->dkim_failed_now = q->dkim_failed_now || s->result == DKIM_TEMPERROR;
	}
}

static bool take_exempt(const struct cli_trust *t, struct dmarc_request *q)
{
	static const enum dmarc_override known[] = {DMARC_FORWARDED, DMARC_TRUSTED_FORWARDER, DMARC_MAILING_LIST, DMARC_LOCAL_POLICY, DMARC_OTHER};
	const char *name = cli_trust_option(t, "exempt");
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(known); i++)
		if (strcmp(dmarc_override_name(known[i]), name) == 0)
			q->exempt = known[i];
	if (name != NULL && q->exempt == DMARC_NO_OVERRIDE)
		cli_error("--exempt: forwarded, trusted_forwarder, mailing_list, local_policy or other was expected");
	return name == NULL || q->exempt != DMARC_NO_OVERRIDE;
}

static bool take_sample(const struct cli_trust *t, struct dmarc_request *q)
{
	const char *text = cli_trust_option(t, "sample");
	uint32_t sample = 0;
	if (text != NULL && (slice_to_u32(slice_str(text), &sample) < 0 || sample > 99)) {
		cli_error("--sample: 0 to 99 was expected");
		return false;
	}
	q->sample = sample;
	return true;
}

static bool check(struct cli_trust *t, struct outcome *o)
{
	struct dmarc_request q = {.header = slice_sub(t->message, 0, mime_header_length(t->message))};
	q.method = json_is_true(json_object_get(t->args, "psl")) ? DMARC_PUBLIC_SUFFIXES : DMARC_TREE_WALK;
	if (!take_sample(t, &q) || !take_exempt(t, &q))
		return false;
	o->has_spf = t->has_client;
	if (o->has_spf) {
		spf_check_mail_from(&t->facts, &t->request, &o->spf);
		q.spf_domain = o->spf.domain;
		q.spf_passed = o->spf.result == SPF_PASS;
		q.spf_failed_now = o->spf.result == SPF_TEMPERROR;
	}
	if (json_object_get(t->args, "dkim") != NULL)
		take_given(json_object_get(t->args, "dkim"), &q);
	else
		take_signatures(t, o, &q);
	dmarc_check(&t->facts, &q, &o->dmarc);
	return true;
}

static void add_record(json_t *result, const struct dmarc_record *r)
{
	static const char *const psd[] = {[DMARC_PSD_UNKNOWN] = "u", [DMARC_PSD_YES] = "y", [DMARC_PSD_NO] = "n"};
	json_t *record = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "p", dmarc_policy_name(r->p), "sp", dmarc_policy_name(r->sp), "np",
		dmarc_policy_name(r->np), "adkim", r->strict_dkim ? "s" : "r", "aspf", r->strict_spf ? "s" : "r", "t", r->test ? "y" : "n", "psd",
		psd[r->psd], "pct", (int)r->pct);
	json_t *rua = json_array();
	for (size_t i = 0; i < r->rua_count; i++)
		json_array_append_new(rua, json_stringn((const char *)r->rua[i].address.p, r->rua[i].address.n));
	json_object_set_new(record, "rua", rua);
	json_object_set_new(result, "record", record);
}

static json_t *run(struct cli_trust *t)
{
	struct outcome o = {.has_spf = false};
	if (!check(t, &o))
		return NULL;
	const struct dmarc_check *c = &o.dmarc;
	json_t *result = json_pack("{s:s, s:s, s:s, s:s}", "result", dmarc_result_name(c->result), "policy", dmarc_policy_name(c->policy),
		"disposition", dmarc_policy_name(c->disposition), "method", json_is_true(json_object_get(t->args, "psl")) ? "psl" : "treewalk");
	cli_json_text(result, "reason", c->reason);
	cli_json_text(result, "from", c->author);
	json_object_set_new(result, "from_count", json_integer(c->author_count));
	cli_json_text(result, "org_domain", c->org_domain);
	cli_json_text(result, "policy_domain", c->policy_domain);
	cli_json_text(result, "policy_tag", slice_str(c->policy_tag));
	cli_json_text(result, "override", slice_str(dmarc_override_name(c->override)));
	json_object_set_new(result, "spf_aligned", json_boolean(c->spf_aligned));
	json_object_set_new(result, "dkim_aligned", json_boolean(c->dkim_aligned));
	cli_json_text(result, "dkim_domain", c->dkim_domain);
	if (c->policy_domain.n > 0)
		add_record(result, &c->record);
	if (o.has_spf)
		json_object_set_new(result, "spf", cli_trust_spf_json(&o.spf));
	if (json_object_get(t->args, "dkim") == NULL)
		json_object_set_new(result, "dkim", cli_trust_dkim_json(&o.dkim));
	return result;
}

const struct cli_trust_check cli_trust_dmarc = {
	.name = "dmarc", .needs_message = true, .run = run,
	.fields = "result:result reason:reason From:from organisation:org_domain record:policy_domain policy:policy by:policy_tag disposition:disposition "
		"because:override SPF:spf_aligned DKIM:dkim_aligned",
};
