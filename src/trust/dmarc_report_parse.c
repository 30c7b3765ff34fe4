#include <string.h>

#include "base/ensure.h"
#include "base/error.h"
#include "base/memory.h"
#include "trust/dmarc_report.h"
#include "trust/xml.h"

#define PATH_MAX_BYTES 256
#define TEXT_MAX 1000

/* Which struct a leaf element goes to. */
enum owner { REPORT, ROW, SIGNATURE, SPF_CHECK, REASON };

#define R(path, field) {SLICE_INIT(path), REPORT, offsetof(struct dmarc_report, field)}
#define W(path, field) {SLICE_INIT("record/" path), ROW, offsetof(struct dmarc_report_row, field)}
#define D(path, field) {SLICE_INIT("record/auth_results/dkim/" path), SIGNATURE, offsetof(struct dmarc_report_auth, field)}
#define S(path, field) {SLICE_INIT("record/auth_results/spf/" path), SPF_CHECK, offsetof(struct dmarc_report_auth, field)}
#define N(path, field) {SLICE_INIT("record/row/policy_evaluated/reason/" path), REASON, offsetof(struct dmarc_report_reason, field)}

static const struct leaf {
	struct slice path; /* below the root */
	enum owner owner;
	size_t offset;     /* of a struct slice */
} leaves[] = {
	R("version", version), R("report_metadata/org_name", org_name), R("report_metadata/email", email),
	R("report_metadata/extra_contact_info", extra_contact_info), R("report_metadata/report_id", report_id),
	R("report_metadata/generator", generator), R("report_metadata/error", error), R("report_metadata/date_range/begin", begin_text),
	R("report_metadata/date_range/end", end_text),
	R("policy_published/domain", domain), R("policy_published/p", p), R("policy_published/sp", sp), R("policy_published/np", np),
	R("policy_published/adkim", adkim), R("policy_published/aspf", aspf), R("policy_published/fo", fo), R("policy_published/pct", pct),
	R("policy_published/testing", testing), R("policy_published/discovery_method", discovery_method),
	W("row/source_ip", source_ip), W("row/count", count_text), W("row/policy_evaluated/disposition", disposition),
	W("row/policy_evaluated/dkim", dkim), W("row/policy_evaluated/spf", spf), W("identifiers/header_from", header_from),
	W("identifiers/envelope_from", envelope_from), W("identifiers/envelope_to", envelope_to),
	D("domain", domain), D("selector", selector), D("result", result), D("human_result", human_result),
	S("domain", domain), S("scope", scope), S("result", result), S("human_result", human_result),
	N("type", type), N("comment", comment),
};

struct parser {
	struct xml xml;
	struct arena *arena;
	struct dmarc_report *report;
	struct dmarc_report_row row;
	struct dmarc_report_row *rows; /* grows by doubling, on the heap until the end */
	size_t room;
};

/* The path of the element at `depth` below the root, in lower case as the schema has it. */
static struct slice path_of(const struct xml *x, unsigned depth, uint8_t room[PATH_MAX_BYTES])
{
	size_t n = 0;
	for (unsigned i = 1; i < depth; i++) {
		if (n + x->names[i].n + 1 > PATH_MAX_BYTES)
			return SLICE_NONE;
		if (i > 1)
			room[n++] = '/';
		memcpy(room + n, x->names[i].p, x->names[i].n);
		n += x->names[i].n;
	}
	return slice_make(room, n);
}

static void *owner_of(struct parser *p, enum owner owner)
{
	struct dmarc_report_row *w = &p->row;
	switch (owner) {
	case REPORT: return p->report;
	case ROW: return w;
	case SIGNATURE:
		return w->signature_count > 0 && w->signature_count <= DMARC_REPORT_SIGNATURES_MAX ? &w->signatures[w->signature_count - 1] : NULL;
	case SPF_CHECK: return &w->spf_check;
	case REASON: return w->reason_count > 0 && w->reason_count <= DMARC_REPORT_REASONS_MAX ? &w->reasons[w->reason_count - 1] : NULL;
	}
	UNREACHABLE();
}

static void on_start(struct parser *p)
{
	uint8_t room[PATH_MAX_BYTES];
	struct slice path = path_of(&p->xml, p->xml.depth, room);
	if (slice_eq(path, SLICE("record")))
		p->row = (struct dmarc_report_row){0};
	else if (slice_eq(path, SLICE("record/auth_results/dkim")))
		p->row.signature_count++;
	else if (slice_eq(path, SLICE("record/auth_results/spf")))
		p->row.has_spf = true;
	else if (slice_eq(path, SLICE("record/row/policy_evaluated/reason")))
		p->row.reason_count++;
}

static void end_row(struct parser *p)
{
	struct dmarc_report *r = p->report;
	struct dmarc_report_row *w = &p->row;
	if (slice_to_u64(w->count_text, &w->count) < 0 || w->count > UINT32_MAX || r->row_count >= DMARC_REPORT_ROWS_MAX) {
		r->skipped++;
		return;
	}
	if (w->signature_count > DMARC_REPORT_SIGNATURES_MAX)
		w->signature_count = DMARC_REPORT_SIGNATURES_MAX;
	if (w->reason_count > DMARC_REPORT_REASONS_MAX)
		w->reason_count = DMARC_REPORT_REASONS_MAX;
	if (r->row_count == p->room) {
		p->room = p->room == 0 ? 16 : 2 * p->room;
		p->rows = memory_grow(p->rows, p->room * sizeof *p->rows);
	}
	p->rows[r->row_count++] = *w;
}

static void on_end(struct parser *p)
{
	uint8_t room[PATH_MAX_BYTES];
	struct slice path = path_of(&p->xml, p->xml.depth + 1, room);
	if (slice_eq(path, SLICE("record"))) {
		end_row(p);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
		if (!slice_eq(leaves[i].path, path))
			continue;
		uint8_t *owner = owner_of(p, leaves[i].owner);
		struct slice *value = owner != NULL ? (struct slice *)(void *)(owner + leaves[i].offset) : NULL;
		/* The first one counts. */
		if (value != NULL && value->n == 0)
			*value = arena_dup(p->arena, slice_sub(xml_text(&p->xml), 0, TEXT_MAX));
		return;
	}
}

static bool read_seconds(struct slice text, int64_t *ret)
{
	uint64_t value;
	if (slice_to_u64(text, &value) < 0 || value > INT64_MAX)
		return false;
	*ret = (int64_t)value;
	return true;
}

int dmarc_report_parse(struct slice xml, struct arena *arena, struct dmarc_report *ret)
{
	struct parser p = {.arena = arena, .report = ret};
	enum xml_event event = XML_START;
	*ret = (struct dmarc_report){0};
	if (xml.n > DMARC_REPORT_XML_MAX)
		return ERR_LIMIT;
	xml_init(&p.xml, xml);
	while (event == XML_START || event == XML_END) {
		event = xml_next(&p.xml);
		if (event == XML_START && p.xml.depth == 1 && !slice_eq(p.xml.names[0], SLICE("feedback")))
			event = XML_BROKEN;
		if (event == XML_START)
			on_start(&p);
		else if (event == XML_END)
			on_end(&p);
	}
	xml_free(&p.xml);
	ret->rows = arena_alloc_array(arena, ret->row_count + 1, sizeof *ret->rows);
	if (ret->row_count > 0)
		memcpy(ret->rows, p.rows, ret->row_count * sizeof *ret->rows);
	memory_free(p.rows);
	bool ok = event == XML_FINISHED && ret->domain.n > 0 && read_seconds(ret->begin_text, &ret->begin_s) &&
		read_seconds(ret->end_text, &ret->end_s);
	return ok ? 0 : ERR_INVALID;
}

void dmarc_report_summarise(const struct dmarc_report *r, struct dmarc_report_summary *ret)
{
	struct map sources = MAP_INIT;
	*ret = (struct dmarc_report_summary){0};
	for (size_t i = 0; i < r->row_count; i++) {
		const struct dmarc_report_row *w = &r->rows[i];
		bool dkim = slice_eq_nocase(w->dkim, SLICE("pass")), spf = slice_eq_nocase(w->spf, SLICE("pass"));
		ret->messages += w->count;
		ret->dkim_passed += dkim ? w->count : 0;
		ret->spf_passed += spf ? w->count : 0;
		ret->passed += dkim || spf ? w->count : 0;
		ret->quarantined += slice_eq_nocase(w->disposition, SLICE("quarantine")) ? w->count : 0;
		ret->rejected += slice_eq_nocase(w->disposition, SLICE("reject")) ? w->count : 0;
		map_put(&sources, w->source_ip, (void *)r);
	}
	ret->sources = sources.count;
	map_free(&sources);
}
