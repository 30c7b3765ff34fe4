#include "base/utf8.h"
#include "trust/dmarc_report.h"

void dmarc_report_set_policy(struct dmarc_report *r, struct slice domain, const struct dmarc_record *record, enum dmarc_method method,
	struct arena *arena)
{
	r->domain = domain;
	r->p = slice_str(dmarc_policy_name(record->p));
	r->sp = slice_str(dmarc_policy_name(record->sp));
	r->np = slice_str(dmarc_policy_name(record->np));
	r->adkim = record->strict_dkim ? SLICE("s") : SLICE("r");
	r->aspf = record->strict_spf ? SLICE("s") : SLICE("r");
	r->fo = record->fo;
	r->pct = arena_printf(arena, "%u", record->pct);
	r->testing = record->test ? SLICE("y") : SLICE("n");
	r->discovery_method = method == DMARC_TREE_WALK ? SLICE("treewalk") : SLICE("psl");
}

/* XML 1.0 2.2 and 2.4 */
static void append_escaped(struct slice s, struct buf *out)
{
	while (s.n > 0) {
		uint32_t c = utf8_next(&s);
		if ((c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0) || c >= 0xfffd)
			continue;
		switch (c) {
		case '<': buf_append_str(out, "&lt;"); break;
		case '>': buf_append_str(out, "&gt;"); break;
		case '&': buf_append_str(out, "&amp;"); break;
		default: utf8_append(out, c); break;
		}
	}
}

static void put_open(struct buf *out, unsigned indent, const char *name)
{
	buf_printf(out, "%*s<%s>\n", (int)indent * 2, "", name);
}

static void put_close(struct buf *out, unsigned indent, const char *name)
{
	buf_printf(out, "%*s</%s>\n", (int)indent * 2, "", name);
}

static void put_always(struct buf *out, unsigned indent, const char *name, struct slice value)
{
	buf_printf(out, "%*s<%s>", (int)indent * 2, "", name);
	append_escaped(value, out);
	buf_printf(out, "</%s>\n", name);
}

/* Nothing when empty. */
static void put(struct buf *out, unsigned indent, const char *name, struct slice value)
{
	if (value.n > 0)
		put_always(out, indent, name, value);
}

static void put_number(struct buf *out, unsigned indent, const char *name, uint64_t value)
{
	buf_printf(out, "%*s<%s>%llu</%s>\n", (int)indent * 2, "", name, (unsigned long long)value, name);
}

static void put_metadata(const struct dmarc_report *r, bool new_form, struct buf *out)
{
	put_open(out, 1, "report_metadata");
	put_always(out, 2, "org_name", r->org_name);
	put_always(out, 2, "email", r->email);
	put(out, 2, "extra_contact_info", r->extra_contact_info);
	put_always(out, 2, "report_id", r->report_id);
	put_open(out, 2, "date_range");
	put_number(out, 3, "begin", (uint64_t)r->begin_s);
	put_number(out, 3, "end", (uint64_t)r->end_s);
	put_close(out, 2, "date_range");
	put(out, 2, "error", r->error);
	if (new_form)
		put(out, 2, "generator", r->generator);
	put_close(out, 1, "report_metadata");
}

static void put_policy(const struct dmarc_report *r, bool new_form, struct buf *out)
{
	put_open(out, 1, "policy_published");
	put_always(out, 2, "domain", r->domain);
	put(out, 2, "adkim", r->adkim);
	put(out, 2, "aspf", r->aspf);
	put_always(out, 2, "p", r->p);
	put(out, 2, "sp", r->sp);
	if (new_form)
		put(out, 2, "np", r->np);
	else
		put(out, 2, "pct", r->pct);
	put(out, 2, "fo", r->fo);
	if (new_form) {
		put(out, 2, "testing", r->testing);
		put(out, 2, "discovery_method", r->discovery_method);
	}
	put_close(out, 1, "policy_published");
}

/* Words that only one of the two schemas has. */
static struct slice reason_type(struct slice type, bool new_form)
{
	if (new_form && (slice_eq(type, SLICE("forwarded")) || slice_eq(type, SLICE("sampled_out"))))
		return slice_eq(type, SLICE("forwarded")) ? SLICE("trusted_forwarder") : SLICE("other");
	return !new_form && slice_eq(type, SLICE("policy_test_mode")) ? SLICE("other") : type;
}

static void put_row(const struct dmarc_report_row *w, bool new_form, struct buf *out)
{
	put_open(out, 2, "row");
	put_always(out, 3, "source_ip", w->source_ip);
	put_number(out, 3, "count", w->count);
	put_open(out, 3, "policy_evaluated");
	put_always(out, 4, "disposition", !new_form && slice_eq(w->disposition, SLICE("pass")) ? SLICE("none") : w->disposition);
	put_always(out, 4, "dkim", w->dkim);
	put_always(out, 4, "spf", w->spf);
	for (size_t i = 0; i < w->reason_count; i++) {
		put_open(out, 4, "reason");
		put_always(out, 5, "type", reason_type(w->reasons[i].type, new_form));
		put(out, 5, "comment", w->reasons[i].comment);
		put_close(out, 4, "reason");
	}
	put_close(out, 3, "policy_evaluated");
	put_close(out, 2, "row");
}

static void put_auth(const struct dmarc_report_auth *a, const char *name, struct buf *out)
{
	put_open(out, 3, name);
	put_always(out, 4, "domain", a->domain);
	put(out, 4, "selector", a->selector);
	put(out, 4, "scope", a->scope);
	put_always(out, 4, "result", a->result);
	put(out, 4, "human_result", a->human_result);
	put_close(out, 3, name);
}

static void put_record(const struct dmarc_report_row *w, bool new_form, struct buf *out)
{
	put_open(out, 1, "record");
	put_row(w, new_form, out);
	put_open(out, 2, "identifiers");
	put(out, 3, "envelope_to", w->envelope_to);
	put_always(out, 3, "envelope_from", w->envelope_from);
	put_always(out, 3, "header_from", w->header_from);
	put_close(out, 2, "identifiers");
	put_open(out, 2, "auth_results");
	for (size_t i = 0; i < w->signature_count; i++)
		put_auth(&w->signatures[i], "dkim", out);
	/* The new schema knows the scope mfrom only. */
	struct dmarc_report_auth spf = w->spf_check;
	if (new_form && !slice_eq(spf.scope, SLICE("mfrom")))
		spf.scope = SLICE_NONE;
	if (w->has_spf)
		put_auth(&spf, "spf", out);
	put_close(out, 2, "auth_results");
	put_close(out, 1, "record");
}

void dmarc_report_write(const struct dmarc_report *r, enum dmarc_report_form form, struct buf *out)
{
	bool new_form = form == DMARC_REPORT_2;
	buf_append_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	buf_append_str(out, new_form ? "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n" : "<feedback>\n");
	put_always(out, 1, "version", SLICE("1.0"));
	put_metadata(r, new_form, out);
	put_policy(r, new_form, out);
	for (size_t i = 0; i < r->row_count; i++)
		put_record(&r->rows[i], new_form, out);
	buf_append_str(out, "</feedback>\n");
}

void dmarc_report_filename(const struct dmarc_report *r, struct slice receiver, struct slice id, struct buf *out)
{
	buf_printf(out, "%.*s!%.*s!%lld!%lld%s%.*s.xml.gz", SLICE_ARG(receiver), SLICE_ARG(r->domain), (long long)r->begin_s, (long long)r->end_s,
		id.n > 0 ? "!" : "", SLICE_ARG(id));
}

void dmarc_report_subject(const struct dmarc_report *r, struct slice receiver, struct buf *out)
{
	buf_printf(out, "Report Domain: %.*s Submitter: %.*s Report-ID: <%.*s>", SLICE_ARG(r->domain), SLICE_ARG(receiver),
		SLICE_ARG(r->report_id));
}
