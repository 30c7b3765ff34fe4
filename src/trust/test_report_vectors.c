/* Reports of others with what they mean as JSON, when they are there: argument 1 is their folder. */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "base/error.h"
#include "sys/file.h"
#include "trust/dmarc_report.h"
#include "trust/ip.h"
#include "trust/report_part.h"
#include "trust/tlsrpt.h"

static unsigned number, failed;

static void say(bool ok, const char *name)
{
	failed += !ok;
	printf("%s %u - %s\n", ok ? "ok" : "not ok", ++number, name);
}

/* "SoftFail" of the expectation is "softfail" of the report; "Unspecified" and null are nothing. */
static bool same(const json_t *wanted, struct slice got, const char *what)
{
	struct slice text = slice_str(json_string_value(wanted));
	if (slice_eq(text, SLICE("Unspecified")))
		text = SLICE_NONE;
	bool ok = slice_eq_nocase(text, got);
	if (!ok)
		printf("# %s: wanted \"%.*s\", got \"%.*s\"\n", what, SLICE_ARG(text), SLICE_ARG(got));
	return ok;
}

static bool same_number(const json_t *wanted, uint64_t got, const char *what)
{
	bool ok = (uint64_t)json_integer_value(wanted) == got;
	if (!ok)
		printf("# %s: wanted %lld, got %llu\n", what, json_integer_value(wanted), (unsigned long long)got);
	return ok;
}

static json_t *at(const json_t *o, const char *a, const char *b)
{
	return json_object_get(json_object_get(o, a), b);
}

static bool same_address(const json_t *wanted, struct slice got)
{
	struct trust_ip a, b;
	return trust_ip_parse(slice_str(json_string_value(wanted)), &a) && trust_ip_parse(got, &b) && trust_ip_within(&a, &b, trust_ip_bits(&a));
}

static bool check_row(const json_t *wanted, const struct dmarc_report_row *w)
{
	const json_t *row = json_object_get(wanted, "row"), *ids = json_object_get(wanted, "identifiers"), *auth = json_object_get(wanted,
		"auth_results");
	const json_t *evaluated = json_object_get(row, "policy_evaluated"), *signatures = json_object_get(auth, "dkim"), *item;
	size_t i;
	bool ok = same_address(json_object_get(row, "source_ip"), w->source_ip) && same_number(json_object_get(row, "count"), w->count, "count");
	ok = ok && same(json_object_get(evaluated, "disposition"), w->disposition, "disposition") &&
		same(json_object_get(evaluated, "dkim"), w->dkim, "dkim") &&
		same(json_object_get(evaluated, "spf"), w->spf, "spf") && json_array_size(json_object_get(evaluated, "reason")) == w->reason_count;
	ok = ok && same(json_object_get(ids, "header_from"), w->header_from, "header_from") &&
		same(json_object_get(ids, "envelope_from"), w->envelope_from, "envelope_from") &&
		same(json_object_get(ids, "envelope_to"), w->envelope_to, "envelope_to");
	ok = ok && json_array_size(signatures) == w->signature_count && (json_array_size(json_object_get(auth, "spf")) > 0) == w->has_spf;
	json_array_foreach(signatures, i, item)
		ok = ok && same(json_object_get(item, "domain"), w->signatures[i].domain, "d") &&
			same(json_object_get(item, "selector"), w->signatures[i].selector, "s") &&
				same(json_object_get(item, "result"), w->signatures[i].result, "result");
	if (w->has_spf)
		ok = ok && same(json_object_get(json_array_get(json_object_get(auth, "spf"), 0), "domain"), w->spf_check.domain, "spf domain") &&
			same(json_object_get(json_array_get(json_object_get(auth, "spf"), 0), "result"), w->spf_check.result, "spf result");
	return ok;
}

/* "Relaxed" and "Strict" against "r" and "s". */
static bool same_mode(const json_t *wanted, struct slice got)
{
	struct slice text = slice_str(json_string_value(wanted));
	return slice_eq(text, SLICE("Unspecified")) ? got.n == 0 : got.n == 1 && ascii_lower(text.p[0]) == got.p[0];
}

static bool check_dmarc(struct slice xml, const json_t *wanted)
{
	struct arena arena = ARENA_INIT;
	struct dmarc_report r;
	const json_t *rows = json_object_get(wanted, "record"), *item;
	size_t i;
	bool ok = dmarc_report_parse(xml, &arena, &r) == 0;
	ok = ok && same(at(wanted, "report_metadata", "org_name"), r.org_name, "org_name") &&
		same(at(wanted, "report_metadata", "email"), r.email, "email") &&
		same(at(wanted, "report_metadata", "report_id"), r.report_id, "report_id") &&
		same_number(at(json_object_get(wanted, "report_metadata"), "date_range", "begin"), (uint64_t)r.begin_s, "begin") &&
		same_number(at(json_object_get(wanted, "report_metadata"), "date_range", "end"), (uint64_t)r.end_s, "end");
	ok = ok && same(at(wanted, "policy_published", "domain"), r.domain, "domain") && same(at(wanted, "policy_published", "p"), r.p, "p") &&
		same(at(wanted, "policy_published", "sp"), r.sp, "sp") && same_mode(at(wanted, "policy_published", "adkim"), r.adkim) &&
		same_mode(at(wanted, "policy_published", "aspf"), r.aspf);
	ok = ok && json_array_size(rows) == r.row_count && r.skipped == 0;
	json_array_foreach(rows, i, item)
		ok = ok && check_row(item, &r.rows[i]);
	arena_free(&arena);
	return ok;
}

static bool check_failure(const json_t *wanted, const struct tlsrpt_failure *f)
{
	return same(json_object_get(wanted, "result-type"), f->result_type, "result-type") &&
		same(json_object_get(wanted, "sending-mta-ip"), f->sending_mta_ip, "sending-mta-ip") &&
		same(json_object_get(wanted, "receiving-mx-hostname"), f->receiving_mx_hostname, "receiving-mx-hostname") &&
		same_number(json_object_get(wanted, "failed-session-count"), f->count, "failed-session-count");
}

static bool check_tls(struct slice json, const json_t *wanted)
{
	struct arena arena = ARENA_INIT;
	struct tlsrpt_report r;
	const json_t *policies = json_object_get(wanted, "policies"), *policy, *failure;
	size_t i, k;
	bool ok = tlsrpt_parse(json, &arena, &r) == 0 && same(json_object_get(wanted, "organization-name"), r.organization, "organization") &&
		same(json_object_get(wanted, "report-id"), r.report_id, "report-id") && json_array_size(policies) == r.policy_count;
	json_array_foreach(policies, i, policy) {
		const json_t *failures = json_object_get(policy, "failure-details");
		ok = ok && same(at(policy, "policy", "policy-type"), r.policies[i].type, "policy-type") &&
			same_number(at(policy, "summary", "total-successful-session-count"), r.policies[i].succeeded, "successful") &&
			json_array_size(failures) == r.policies[i].failure_count;
		json_array_foreach(failures, k, failure)
			ok = ok && check_failure(failure, &r.policies[i].failures[k]);
	}
	arena_free(&arena);
	return ok;
}

static bool check_file(const char *path, const char *expected, enum report_kind kind)
{
	struct arena arena = ARENA_INIT;
	struct buf file = BUF_INIT(1u << 20), content = BUF_INIT(DMARC_REPORT_XML_MAX), json = BUF_INIT(1u << 20);
	struct error err;
	json_error_t problem;
	ENSURE(file_read(path, &file, &err) == 0 && file_read(expected, &json, &err) == 0);
	json_t *wanted = json_loadb((const char *)buf_slice(&json).p, buf_len(&json), 0, &problem);
	bool ok = wanted != NULL;
	if (slice_ends(slice_str(path), SLICE(".eml")))
		ok = ok && report_find(buf_slice(&file), &arena, &content) == kind;
	else
		buf_append(&content, buf_slice(&file));
	ok = ok && (kind == REPORT_DMARC ? check_dmarc(buf_slice(&content), wanted) : check_tls(buf_slice(&content), wanted));
	json_decref(wanted);
	buf_free(&file);
	buf_free(&content);
	buf_free(&json);
	arena_free(&arena);
	return ok;
}

/* Every report of the folder that has its JSON beside it. */
static void check_folder(const char *folder, const char *name, enum report_kind kind)
{
	char path[1000], expected[1000];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	DIR *dir = opendir(path);
	for (struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir)) {
		struct slice file = slice_str(e->d_name);
		ptrdiff_t dot = slice_rfind(file, '.');
		bool lone = slice_eq(file, SLICE("rpt03.json"));
		if (dot <= 0 || e->d_name[0] == '.' || (slice_ends(file, SLICE(".json")) && !lone))
			continue;
		snprintf(path, sizeof path, "%s/%s/%s", folder, name, e->d_name);
		snprintf(expected, sizeof expected, "%s/%s/%.*s.json", folder, name, (int)dot, e->d_name);
		say(check_file(path, expected, kind), e->d_name);
	}
	if (dir != NULL)
		closedir(dir);
}

int main(int argc, char **argv)
{
	DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
	if (dir == NULL) {
		printf("1..0 # skip the reports of others are not here: %s\n", argc > 1 ? argv[1] : "no folder given");
		return 0;
	}
	closedir(dir);
	check_folder(argv[1], "dmarc-feedback", REPORT_DMARC);
	check_folder(argv[1], "tlsrpt", REPORT_TLS);
	printf("1..%u\n", number);
	return failed > 0 || number == 0;
}
