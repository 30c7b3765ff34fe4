/*
 * Reports of DMARC and TLS. For the ones that we send each letter makes a note of what was found (not the letters that bring us reports,
 * so that two hosts do not report about reports for ever). One that comes in is summed up here, where nothing can be reached: it is a
 * packed file of strangers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "crypt/hash.h"
#include "filter/judge_internal.h"
#include "queue/report.h"
#include "store/fact.h"
#include "trust/report_part.h"
#include "trust/tlsrpt.h"

#define KEEP_S 0u
#define VALUE_ROOM 4096

static void note(struct buf *out, enum memory_act act, struct slice domain, const struct buf *value)
{
	if (!value->failed && buf_len(value) <= MEMORY_VALUE_MAX && domain.n > 0 && domain.n <= MEMORY_KEY_MAX)
		memory_note_encode(&(struct memory_note){.act = act, .key = domain, .value = buf_slice(value), .keep_s = KEEP_S}, out);
}

/* The address may be an alias: then it stands behind the type of ORCPT. */
static bool is_for_reports(const struct judge *j)
{
	struct slice list = j->e->recipients, whole, wanted = j->settings->report_address;
	struct recipient_fact fact;
	while (wanted.n > 0 && list.n > 0 && fact_peek_recipient(&list, &fact, &whole) == 0) {
		struct slice given = slice_from(fact.original, (size_t)(slice_find(fact.original, ';') + 1));
		if (slice_eq_nocase(fact.address, wanted) || slice_eq_nocase(given, wanted))
			return true;
	}
	return false;
}

/* What was done with it, where that is not what the domain asked for. */
static struct slice disposition(const struct filter_judgement *ret)
{
	return ret->code != 0 ? SLICE("reject") : ret->mailbox.n > 0 ? SLICE("quarantine") : SLICE("none");
}

static void gather(struct judge *j, const struct filter_judgement *ret, struct buf *out)
{
	struct buf row = BUF_INIT(VALUE_ROOM), policy = BUF_INIT(VALUE_ROOM);
	struct dmarc_report_row r;
	dmarc_report_row_of(&j->dmarc, j->client_known ? &j->spf : NULL, &j->dkim, j->e->client_address, SLICE_NONE, &r);
	r.disposition = disposition(ret);
	if (r.reason_count == 0 && !slice_eq(r.disposition, slice_str(dmarc_policy_name(j->dmarc.disposition))))
		r.reasons[r.reason_count++].type = SLICE("local_policy");
	report_row_encode(&r, &row);
	report_policy_encode(&j->dmarc.record, &policy);
	note(out, MEMORY_REPORT_POLICY, j->dmarc.policy_domain, &policy);
	note(out, MEMORY_REPORT, j->dmarc.policy_domain, &row);
	buf_free(&row);
	buf_free(&policy);
}

/* ---- what comes in ---- */

static void name_report(struct slice reporter, struct slice id, uint8_t ret[16])
{
	uint8_t hash[HASH_SIZE];
	struct hash_state state;
	hash_start(&state, NULL);
	hash_update_field(&state, reporter);
	hash_update_field(&state, id);
	hash_finish(&state, hash);
	memcpy(ret, hash, 16);
}

static int by_source(const void *pa, const void *pb)
{
	const struct report_source *a = pa, *b = pb;
	return slice_cmp(a->source, b->source);
}

static int by_count(const void *pa, const void *pb)
{
	const struct report_source *a = pa, *b = pb;
	uint64_t x = a->failed * 2 + a->passed, y = b->failed * 2 + b->passed;
	return x > y ? -1 : x < y;
}

/* Rows of one source become one; returns how many are left, the most important ones first. */
static size_t merge(struct report_source *list, size_t count)
{
	size_t kept = 0;
	qsort(list, count, sizeof *list, by_source);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && slice_eq(list[kept - 1].source, list[i].source)) {
			list[kept - 1].passed += list[i].passed;
			list[kept - 1].failed += list[i].failed;
		} else {
			list[kept++] = list[i];
		}
	}
	qsort(list, kept, sizeof *list, by_count);
	return kept;
}

/* In pieces that fit a note; there is room for some of them only. */
static void tell(struct slice domain, struct report_in *in, struct report_source *list, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count && buf_len(out) + MEMORY_VALUE_MAX + 400 < MEMORY_NOTES_BYTES; i += in->source_count) {
		struct buf value = BUF_INIT(VALUE_ROOM);
		in->source_count = count - i < REPORT_SOURCES_OF_NOTE ? count - i : REPORT_SOURCES_OF_NOTE;
		memcpy(in->sources, list + i, in->source_count * sizeof *list);
		report_in_encode(in, &value);
		note(out, MEMORY_REPORT_IN, domain, &value);
		buf_free(&value);
	}
}

static void take_dmarc(struct judge *j, struct slice xml, struct buf *out)
{
	struct dmarc_report *r = ARENA_NEW(j->arena, struct dmarc_report);
	struct report_in in = {.kind = REPORT_IN_DMARC, .reporter = j->dmarc.author};
	if (dmarc_report_parse(xml, j->arena, r) < 0 || r->row_count == 0 || r->begin_s <= 0)
		return;
	struct report_source *list = arena_alloc_array(j->arena, r->row_count, sizeof *list);
	for (size_t i = 0; i < r->row_count; i++) {
		const struct dmarc_report_row *row = &r->rows[i];
		bool passed = slice_eq(row->dkim, SLICE("pass")) || slice_eq(row->spf, SLICE("pass"));
		uint64_t n = row->count < UINT32_MAX ? row->count : UINT32_MAX;
		list[i] = (struct report_source){.source = slice_sub(row->source_ip, 0, 45), .passed = passed ? n : 0, .failed = passed ? 0 : n};
	}
	in.day = r->begin_s / REPORT_DAY_S;
	in.policy = r->p;
	name_report(in.reporter, r->report_id, in.id);
	tell(ascii_dup_lower(j->arena, r->domain), &in, list, merge(list, r->row_count), out);
}

static void take_tls_policy(struct judge *j, const struct tlsrpt_report *r, const struct tlsrpt_policy *p, struct buf *out)
{
	struct report_in in = {.kind = REPORT_IN_TLS, .reporter = j->dmarc.author, .day = r->start_s / REPORT_DAY_S, .policy = p->type};
	struct report_source *list = arena_alloc_array(j->arena, p->failure_count + 1, sizeof *list);
	list[0] = (struct report_source){.passed = p->succeeded};
	for (size_t i = 0; i < p->failure_count; i++)
		list[i + 1] = (struct report_source){.source = slice_sub(p->failures[i].result_type, 0, 45), .failed = p->failures[i].count};
	name_report(in.reporter, r->report_id, in.id);
	tell(ascii_dup_lower(j->arena, p->domain), &in, list, merge(list, p->failure_count + 1), out);
}

static void take_tls(struct judge *j, struct slice json, struct buf *out)
{
	struct tlsrpt_report *r = ARENA_NEW(j->arena, struct tlsrpt_report);
	if (tlsrpt_parse(json, j->arena, r) < 0 || r->start_s <= 0)
		return;
	for (size_t i = 0; i < r->policy_count; i++)
		take_tls_policy(j, r, &r->policies[i], out);
}

/* Only of who proves himself: others would tell us what they like about our domains. */
static void take(struct judge *j, struct buf *out)
{
	struct buf content = BUF_INIT(DMARC_REPORT_XML_MAX);
	bool proven = j->dmarc.result == DMARC_PASS || (j->dmarc.result == DMARC_NONE && (j->dmarc.spf_aligned || j->dmarc.dkim_aligned));
	enum report_kind kind = proven ? report_find(j->letter.message, j->arena, &content) : REPORT_NONE;
	if (kind == REPORT_DMARC)
		take_dmarc(j, buf_slice(&content), out);
	else if (kind == REPORT_TLS)
		take_tls(j, buf_slice(&content), out);
	buf_free(&content);
}

void judge_report_notes(struct judge *j, const struct filter_judgement *ret, struct buf *out)
{
	if (is_for_reports(j)) {
		if (ret->code == 0)
			take(j, out);
	} else if (j->settings->reports && j->dmarc.policy_domain.n > 0 && j->dmarc.record.rua_count > 0) {
		gather(j, ret, out);
	}
}
