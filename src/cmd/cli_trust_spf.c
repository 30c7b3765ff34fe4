/* letterlock trust spf */
#include "base/ensure.h"
#include "cmd/cli_trust.h"

json_t *cli_trust_spf_json(const struct spf_check *c)
{
	json_t *result = json_object();
	json_object_set_new(result, "result", json_string(spf_result_name(c->result)));
	cli_json_text(result, "reason", c->reason);
	json_object_set_new(result, "scope", json_string(spf_scope_name(c->scope)));
	cli_json_text(result, "domain", c->domain);
	cli_json_text(result, "sender", c->sender);
	cli_json_text(result, "term", c->term);
	cli_json_text(result, "term_domain", c->term_domain);
	cli_json_text(result, "explanation", c->explanation);
	json_object_set_new(result, "terms", json_integer(c->terms));
	json_object_set_new(result, "voids", json_integer(c->voids));
	return result;
}

/* MAIL FROM and HELO in the same rounds; the result is that of MAIL FROM. */
static json_t *run(struct cli_trust *t)
{
	struct spf_check from, helo;
	spf_check_mail_from(&t->facts, &t->request, &from);
	json_t *result = cli_trust_spf_json(&from);
	if (t->request.helo.n > 0) {
		spf_check_helo(&t->facts, &t->request, &helo);
		json_object_set_new(result, "helo", json_string(spf_result_name(helo.result)));
		cli_json_text(result, "helo_reason", helo.reason);
	}
	return result;
}

const struct cli_trust_check cli_trust_spf = {
	.name = "spf", .needs_client = true, .run = run,
	.fields = "result:result reason:reason identity:scope domain:domain term:term explanation:explanation helo:helo reason:helo_reason",
};
