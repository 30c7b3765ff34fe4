/* letterlock trust phish, letterlock trust junk: the table of checks on one message, with what a file tells of the organisation. */
#include <string.h>

#include "cmd/cli_trust.h"
#include "policy/bayes.h"
#include "policy/lookalike.h"
#include "policy/names.h"
#include "policy/ptr.h"
#include "policy/verdict.h"
#include "policy/warm.h"
#include "sys/file.h"
#include "trust/dkim.h"
#include "trust/dmarc.h"

#define DIRECTORY_MAX (16 * 1024 * 1024)

/* What the options tell. */
struct world {
	struct policy_known known;
	struct targets targets;
	struct names names;
	struct bayes table;
	struct list_zone zones[LIST_ZONES_MAX];
};

static void world_free(struct world *w)
{
	targets_free(&w->targets);
	names_free(&w->names);
	bayes_free(&w->table);
}

/* ---- the directory: {"domains": […], "partners": […], "people": [{…}], "lists": [{…}], "sender": {…}} ---- */

static struct slice member(const json_t *object, const char *name)
{
	return slice_str(json_string_value(json_object_get(object, name)));
}

static void take_domains(const json_t *list, bool own, struct world *w)
{
	const json_t *item;
	size_t i;
	json_array_foreach(list, i, item)
		targets_add(&w->targets, slice_str(json_string_value(item)), own);
}

static void take_people(const json_t *list, struct world *w)
{
	const json_t *item;
	size_t i;
	json_array_foreach(list, i, item) {
		struct person p = {.name = member(item, "name"), .address = member(item, "address"),
			.executive = json_is_true(json_object_get(item, "executive"))};
		names_add(&w->names, &p);
	}
}

static unsigned kinds_of(struct slice kind)
{
	if (slice_eq(kind, SLICE("addresses")))
		return LIST_ADDRESSES;
	return slice_eq(kind, SLICE("domains")) ? LIST_DOMAINS : LIST_ADDRESSES | LIST_DOMAINS;
}

static void take_lists(const json_t *list, struct arena *arena, struct world *w)
{
	const json_t *item;
	size_t i;
	json_array_foreach(list, i, item) {
		if (w->known.zone_count == LIST_ZONES_MAX)
			return;
		w->zones[w->known.zone_count++] = (struct list_zone){.name = arena_dup(arena, member(item, "zone")),
			.points = (int)json_integer_value(json_object_get(item, "points")),
			.kinds = kinds_of(member(item, "kind"))};
	}
	w->known.zones = w->zones;
}

static void take_sender(const json_t *o, struct known_sender *s)
{
	s->given = json_is_object(o);
	s->signed_partner = json_is_true(json_object_get(o, "partner"));
	s->reply = json_is_true(json_object_get(o, "reply"));
	s->letters_in = (uint32_t)json_integer_value(json_object_get(o, "letters_in"));
	s->letters_out = (uint32_t)json_integer_value(json_object_get(o, "letters_out"));
	s->domain_first_s = json_integer_value(json_object_get(o, "domain_first"));
}

static bool take_directory(struct cli_trust *t, struct world *w)
{
	const char *path = cli_trust_option(t, "directory");
	struct buf text = BUF_INIT(DIRECTORY_MAX);
	struct error err = {0};
	json_error_t where;
	if (path == NULL)
		return true;
	json_t *o = NULL;
	if (file_read(path, &text, &err) != 0)
		cli_error("--directory: %s", err.private_text);
	else if ((o = json_loadb((const char *)buf_slice(&text).p, buf_len(&text), 0, &where)) == NULL)
		cli_error("--directory: line %d: %s", where.line, where.text);
	take_domains(json_object_get(o, "domains"), true, w);
	take_domains(json_object_get(o, "partners"), false, w);
	take_people(json_object_get(o, "people"), w);
	take_lists(json_object_get(o, "lists"), &t->arena, w);
	take_sender(json_object_get(o, "sender"), &w->known.sender);
	w->known.domains = &w->targets;
	w->known.names = &w->names;
	buf_free(&text);
	json_decref(o);
	return o != NULL;
}

static bool take_table(struct cli_trust *t, struct world *w)
{
	const char *path = cli_trust_option(t, "table");
	struct buf data = BUF_INIT(BAYES_ENCODED_MAX);
	struct error err = {0};
	if (path == NULL)
		return true;
	bool ok = file_read(path, &data, &err) == 0;
	if (!ok)
		cli_error("--table: %s", err.private_text);
	else if (!(ok = bayes_decode(buf_slice(&data), BAYES_TOKENS_MAX, BAYES_LEARNT_ORGANISATION, &w->table) == 0))
		cli_error("--table: no table of the junk filter");
	w->known.organisation = ok ? &w->table : NULL;
	buf_free(&data);
	return ok;
}

/* ---- what is verified ---- */

static enum letter_auth auth_of_spf(enum spf_result r)
{
	static const enum letter_auth rows[] = {
		[SPF_NONE] = LETTER_NONE, [SPF_NEUTRAL] = LETTER_NEUTRAL, [SPF_PASS] = LETTER_PASS, [SPF_FAIL] = LETTER_FAIL,
		[SPF_SOFTFAIL] = LETTER_SOFT_FAIL, [SPF_TEMPERROR] = LETTER_ERROR, [SPF_PERMERROR] = LETTER_ERROR,
	};
	return rows[r];
}

static enum letter_auth auth_of_dmarc(enum dmarc_result r)
{
	static const enum letter_auth rows[] = {
		[DMARC_NONE] = LETTER_NONE, [DMARC_PASS] = LETTER_PASS, [DMARC_FAIL] = LETTER_FAIL, [DMARC_TEMPERROR] = LETTER_ERROR,
		[DMARC_PERMERROR] = LETTER_ERROR,
	};
	return rows[r];
}

static void verify_signatures(struct cli_trust *t, struct letter_trust *trust, struct dmarc_request *q)
{
	struct trust_message message;
	struct dkim_report report;
	message_init(&message, cli_trust_wire(t), &t->arena);
	dkim_verify(&t->facts, &message, NULL, &report);
	trust->dkim = report.count == 0 ? LETTER_NONE : LETTER_FAIL;
	for (size_t i = 0; i < report.count; i++) {
		const struct dkim_signature *s = &report.signatures[i];
		q->dkim_failed_now = q->dkim_failed_now || s->result == DKIM_TEMPERROR;
		if (s->result != DKIM_PASS || q->dkim_count >= DMARC_IDENTITIES_MAX)
			continue;
		if (trust->dkim != LETTER_PASS || s->aligned)
			trust->dkim_domain = s->domain;
		trust->dkim = LETTER_PASS;
		q->dkim_domains[q->dkim_count++] = s->domain;
	}
}

static void verify(struct cli_trust *t, struct policy_letter *l)
{
	static const enum letter_dmarc_policy policies[] = {
		[DMARC_POLICY_NONE] = LETTER_DMARC_NONE, [DMARC_POLICY_QUARANTINE] = LETTER_DMARC_QUARANTINE, [DMARC_POLICY_REJECT] = LETTER_DMARC_REJECT,
	};
	struct dmarc_request q = {.header = l->header, .method = DMARC_TREE_WALK};
	struct dmarc_check dmarc;
	struct spf_check spf;
	l->trust.given = true;
	if (t->has_client) {
		spf_check_mail_from(&t->facts, &t->request, &spf);
		l->trust.spf = auth_of_spf(spf.result);
		l->trust.spf_domain = q.spf_domain = spf.domain;
		q.spf_passed = spf.result == SPF_PASS;
		q.spf_failed_now = spf.result == SPF_TEMPERROR;
		l->client = policy_ip_from(&t->request.client);
		policy_ptr(&t->facts, l->client, &l->ptr);
	}
	verify_signatures(t, &l->trust, &q);
	dmarc_check(&t->facts, &q, &dmarc);
	l->trust.dmarc = auth_of_dmarc(dmarc.result);
	l->trust.dmarc_policy = policies[dmarc.policy];
}

/* ---- output ---- */

static json_t *arguments_json(const struct check_result *r, struct buf *details)
{
	json_t *o = json_object();
	buf_clear(details);
	for (size_t i = 0; i < r->argument_count; i++) {
		const struct check_argument *a = &r->arguments[i];
		buf_printf(details, "%s%s=", i > 0 ? " " : "", a->name);
		if (a->is_number) {
			json_object_set_new(o, a->name, json_integer(a->number));
			buf_printf(details, "%lld", (long long)a->number);
		} else {
			cli_json_text(o, a->name, a->text);
			buf_append(details, a->text);
		}
	}
	return o;
}

static json_t *check_json(enum check_id id, const struct check_result *r)
{
	struct buf details = BUF_INIT(2000);
	json_t *o = json_pack("{s:s, s:s, s:s, s:i}", "name", check_name(id), "kind", check_kind(id) == CHECK_PHISHING ? "phishing" : "junk",
		"state", check_state_name(r->state), "score", r->score);
	json_object_set_new(o, "reason", json_string(r->state == CHECK_HIT ? check_reason_name(r->reason) : ""));
	json_object_set_new(o, "arguments", arguments_json(r, &details));
	cli_json_text(o, "details", buf_len(&details) > 0 ? buf_slice(&details) : SLICE(""));
	buf_free(&details);
	return o;
}

/* The check with the most points, of those that are told. */
static json_t *verdict_json(const struct policy_verdict *v, bool phishing_only)
{
	json_t *checks = json_array(), *skipped = json_array();
	struct buf header = BUF_INIT(65536);
	const char *reason = "";
	int most = 0;
	for (enum check_id id = 0; id < CHECK_ID_COUNT; id++) {
		const struct check_result *r = &v->results[id];
		if (phishing_only && check_kind(id) != CHECK_PHISHING)
			continue;
		if (r->state == CHECK_SKIPPED)
			json_array_append_new(skipped, json_string(check_name(id)));
		if (r->state != CHECK_HIT && r->state != CHECK_FAILED)
			continue;
		json_array_append_new(checks, check_json(id, r));
		reason = r->score > most ? check_name(id) : reason;
		most = r->score > most ? r->score : most;
	}
	verdict_header(v, &header);
	json_t *o = json_pack("{s:s, s:s, s:i, s:i, s:o, s:o}", "result", verdict_name(v->verdict), "reason", reason, "score", v->score,
		"phishing", v->phishing, "checks", checks, "skipped", skipped);
	json_object_set_new(o, "thresholds", json_pack("{s:i, s:i, s:i}", "junk", v->thresholds.junk, "quarantine", v->thresholds.quarantine,
		"reject", v->thresholds.reject));
	cli_json_text(o, "header", buf_slice(&header));
	buf_free(&header);
	return o;
}

static json_t *judge(struct cli_trust *t, bool phishing_only)
{
	struct world w = {0};
	struct policy_letter l = {.helo = t->request.helo, .reverse_path = t->request.mail_from};
	struct check_options options = {0};
	struct policy_verdict v;
	json_t *result = NULL;
	policy_warm();
	targets_init(&w.targets, &t->arena);
	names_init(&w.names, &t->arena);
	for (enum check_id id = 0; phishing_only && id < CHECK_ID_COUNT; id++)
		options.off[id] = check_kind(id) != CHECK_PHISHING;
	if (take_directory(t, &w) && take_table(t, &w)) {
		policy_letter_read(&l, t->message, NULL, NULL, &t->arena);
		verify(t, &l);
		policy_run(&l, &w.known, &t->facts, &options, NULL, NULL, &v);
		result = verdict_json(&v, phishing_only);
	}
	world_free(&w);
	return result;
}

static json_t *run_phish(struct cli_trust *t)
{
	return judge(t, true);
}

static json_t *run_junk(struct cli_trust *t)
{
	return judge(t, false);
}

#define SHOWN .fields = "verdict:result mainly:reason points:score", .list = "checks", \
	.columns = "points:score check:name reason:reason details:details"
const struct cli_trust_check cli_trust_phish = {.name = "phish", .needs_message = true, .run = run_phish, SHOWN};
const struct cli_trust_check cli_trust_junk = {.name = "junk", .needs_message = true, .run = run_junk, SHOWN};
