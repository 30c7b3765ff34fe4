/* Rows of sessions become a report of TLS: one policy for each that they name, with counts and failures (RFC 8460 4.4). */
#include "base/error.h"
#include "filter/report_file.h"

struct building {
	struct arena *arena;
	struct tlsrpt_report *report;
	struct slice *seen;    /* what says the policy, of each */
	size_t room;
};

/* NULL: there are too many. */
static struct tlsrpt_policy *policy_get(struct building *b, const struct report_session *result, struct slice policy)
{
	struct tlsrpt_report *report = b->report;
	for (size_t i = 0; i < report->policy_count; i++)
		if (slice_eq(b->seen[i], policy))
			return &report->policies[i];
	if (report->policy_count == b->room)
		return NULL;
	struct tlsrpt_policy *p = &report->policies[report->policy_count];
	b->seen[report->policy_count++] = policy;
	*p = result->policy;
	return p;
}

/* First pass: counts, so that the second knows how many failures each policy has. */
static int read_rows(struct building *b, struct slice data, bool second)
{
	struct slice row, policy;
	struct report_session result;
	uint64_t count;
	while (data.n > 0) {
		if (!slice_get_u64(&data, &count) || !slice_get_bytes(&data, &row) || !report_session_decode(row, &result, &policy))
			return ERR_INVALID;
		struct tlsrpt_policy *p = policy_get(b, &result, policy);
		bool failed = result.failure.result_type.n > 0;
		if (p == NULL)
			continue;
		if (!second) {
			*(failed ? &p->failed : &p->succeeded) += count;
			p->failure_count += failed && p->failure_count < TLSRPT_FAILURES_MAX;
		} else if (failed && p->failure_count < TLSRPT_FAILURES_MAX) {
			p->failures[p->failure_count] = result.failure;
			p->failures[p->failure_count++].count = count;
		}
	}
	return 0;
}

static int gather(const struct filter_report *r, struct arena *arena, struct tlsrpt_report *report)
{
	struct building b = {arena, report, arena_alloc_array(arena, TLSRPT_POLICIES_MAX, sizeof *b.seen), TLSRPT_POLICIES_MAX};
	report->policies = arena_alloc_array(arena, TLSRPT_POLICIES_MAX, sizeof *report->policies);
	if (read_rows(&b, r->rows, false) < 0 || report->policy_count == 0)
		return ERR_INVALID;
	for (size_t i = 0; i < report->policy_count; i++) {
		struct tlsrpt_policy *p = &report->policies[i];
		p->failures = arena_alloc_array(arena, p->failure_count + 1, sizeof *p->failures);
		p->failure_count = 0;
	}
	return read_rows(&b, r->rows, true);
}

int filter_report_tls(const struct filter_report *r, const struct filter_settings *settings, struct arena *arena, struct filter_report_file *file,
                      struct buf *out)
{
	struct buf subject = BUF_INIT(2000), filename = BUF_INIT(1000);
	struct tlsrpt_report report = {
		.organization = file->organisation, .contact = r->contact.n > 0 ? r->contact : file->email, .start_s = r->day * REPORT_DAY_S,
		.end_s = (r->day + 1) * REPORT_DAY_S - 1, .report_id = arena_printf(arena, "%.*s@%.*s", SLICE_ARG(file->id), SLICE_ARG(settings->hostname)),
	};
	int rc = gather(r, arena, &report);
	tlsrpt_subject(&report, settings->hostname, r->domain, &subject);
	tlsrpt_filename(&report, settings->hostname, r->domain, file->id, &filename);
	file->subject = arena_dup(arena, buf_slice(&subject));
	file->filename = arena_dup(arena, buf_slice(&filename));
	if (rc == 0)
		tlsrpt_write(&report, out);
	out->failed |= subject.failed || filename.failed;
	buf_free(&subject);
	buf_free(&filename);
	return rc;
}
