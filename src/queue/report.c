#include "queue/report.h"

#include "base/error.h"
#include "crypt/hash.h"
#include "queue/ledger_in.h"

#define ROW_HASH 16
#define FULL_FOR 1000 /* notes that are passed over before rows are counted again */

/* ---- values ---- */

static void put_text(struct buf *out, struct slice s)
{
	buf_put_bytes(out, slice_sub(s, 0, REPORT_TEXT_MAX));
}

static void put_auth(struct buf *out, const struct dmarc_report_auth *a)
{
	put_text(out, a->domain);
	put_text(out, a->selector);
	put_text(out, a->scope);
	put_text(out, a->result);
}

static bool get_auth(struct slice *s, struct dmarc_report_auth *ret)
{
	*ret = (struct dmarc_report_auth){0};
	return slice_get_bytes(s, &ret->domain) && slice_get_bytes(s, &ret->selector) && slice_get_bytes(s, &ret->scope) &&
		slice_get_bytes(s, &ret->result);
}

void report_row_encode(const struct dmarc_report_row *row, struct buf *out)
{
	size_t signatures = row->signature_count < REPORT_SIGNATURES_MAX ? row->signature_count : REPORT_SIGNATURES_MAX;
	const struct slice texts[] = {row->source_ip, row->disposition, row->dkim, row->spf, row->header_from, row->envelope_from,
		row->envelope_to, row->reason_count > 0 ? row->reasons[0].type : SLICE_NONE};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		put_text(out, texts[i]);
	buf_put_u8(out, row->has_spf);
	put_auth(out, &row->spf_check);
	buf_put_u8(out, (uint8_t)signatures);
	for (size_t i = 0; i < signatures; i++)
		put_auth(out, &row->signatures[i]);
}

bool report_row_decode(struct slice data, struct dmarc_report_row *ret)
{
	struct slice *const texts[] = {&ret->source_ip, &ret->disposition, &ret->dkim, &ret->spf, &ret->header_from, &ret->envelope_from,
		&ret->envelope_to, &ret->reasons[0].type};
	uint8_t has_spf, signatures;
	*ret = (struct dmarc_report_row){.count = 1};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (!slice_get_bytes(&data, texts[i]))
			return false;
	ret->reason_count = ret->reasons[0].type.n > 0;
	if (!slice_get_u8(&data, &has_spf) || !get_auth(&data, &ret->spf_check) || !slice_get_u8(&data, &signatures) ||
	    signatures > REPORT_SIGNATURES_MAX)
		return false;
	ret->has_spf = has_spf != 0;
	for (; ret->signature_count < signatures; ret->signature_count++)
		if (!get_auth(&data, &ret->signatures[ret->signature_count]))
			return false;
	return data.n == 0;
}

enum { FLAG_STRICT_DKIM = 1, FLAG_STRICT_SPF = 2, FLAG_TEST = 4, FLAG_P = 8, FLAG_SP = 16, FLAG_NP = 32 };

void report_policy_encode(const struct dmarc_record *r, struct buf *out)
{
	buf_put_u8(out, (uint8_t)((r->strict_dkim ? FLAG_STRICT_DKIM : 0) | (r->strict_spf ? FLAG_STRICT_SPF : 0) | (r->test ? FLAG_TEST : 0) |
		(r->has_p ? FLAG_P : 0) | (r->has_sp ? FLAG_SP : 0) | (r->has_np ? FLAG_NP : 0)));
	buf_put_u8(out, (uint8_t)r->p);
	buf_put_u8(out, (uint8_t)r->sp);
	buf_put_u8(out, (uint8_t)r->np);
	buf_put_u8(out, (uint8_t)r->pct);
	put_text(out, r->fo);
	buf_put_u8(out, (uint8_t)r->rua_count);
	for (size_t i = 0; i < r->rua_count; i++) {
		put_text(out, r->rua[i].address);
		put_text(out, r->rua[i].domain);
		buf_put_u64(out, r->rua[i].max_bytes);
	}
}

static bool get_policy(struct slice *s, enum dmarc_policy *ret)
{
	uint8_t policy;
	if (!slice_get_u8(s, &policy) || policy > DMARC_POLICY_REJECT)
		return false;
	*ret = (enum dmarc_policy)policy;
	return true;
}

bool report_policy_decode(struct slice data, struct arena *arena, struct dmarc_record *ret)
{
	struct dmarc_record r = {0};
	uint8_t flags, pct, count;
	if (!slice_get_u8(&data, &flags) || !get_policy(&data, &r.p) || !get_policy(&data, &r.sp) || !get_policy(&data, &r.np) ||
	    !slice_get_u8(&data, &pct) || pct > 100 || !slice_get_bytes(&data, &r.fo) || !slice_get_u8(&data, &count) || count > DMARC_URIS_MAX)
		return false;
	r.fo = arena_dup(arena, r.fo);
	r.pct = pct;
	r.strict_dkim = (flags & FLAG_STRICT_DKIM) != 0;
	r.strict_spf = (flags & FLAG_STRICT_SPF) != 0;
	r.test = (flags & FLAG_TEST) != 0;
	r.has_p = (flags & FLAG_P) != 0;
	r.has_sp = (flags & FLAG_SP) != 0;
	r.has_np = (flags & FLAG_NP) != 0;
	for (; r.rua_count < count; r.rua_count++) {
		struct dmarc_uri *uri = &r.rua[r.rua_count];
		if (!slice_get_bytes(&data, &uri->address) || !slice_get_bytes(&data, &uri->domain) || !slice_get_u64(&data, &uri->max_bytes))
			return false;
		uri->address = arena_dup(arena, uri->address);
		uri->domain = arena_dup(arena, uri->domain);
	}
	*ret = r;
	return data.n == 0;
}

void report_in_encode(const struct report_in *in, struct buf *out)
{
	buf_put_u8(out, (uint8_t)in->kind);
	buf_put_u64(out, (uint64_t)in->day);
	buf_append_bytes(out, in->id, sizeof in->id);
	buf_put_bytes(out, slice_sub(in->reporter, 0, 80));
	buf_put_bytes(out, slice_sub(in->policy, 0, 20));
	buf_put_u8(out, (uint8_t)in->source_count);
	for (size_t i = 0; i < in->source_count; i++) {
		buf_put_bytes(out, slice_sub(in->sources[i].source, 0, 64));
		buf_put_u64(out, in->sources[i].passed);
		buf_put_u64(out, in->sources[i].failed);
	}
}

bool report_in_decode(struct slice data, struct report_in *ret)
{
	uint64_t day;
	uint8_t kind, count;
	*ret = (struct report_in){0};
	if (!slice_get_u8(&data, &kind) || kind < REPORT_IN_DMARC || kind > REPORT_IN_TLS || !slice_get_u64(&data, &day) || day > UINT32_MAX ||
	    !slice_get_fixed(&data, ret->id, sizeof ret->id) || !slice_get_bytes(&data, &ret->reporter) || !slice_get_bytes(&data, &ret->policy) ||
	    !slice_get_u8(&data, &count) || count > REPORT_SOURCES_OF_NOTE)
		return false;
	ret->kind = (enum report_in_kind)kind;
	ret->day = (int64_t)day;
	for (; ret->source_count < count; ret->source_count++) {
		struct report_source *s = &ret->sources[ret->source_count];
		if (!slice_get_bytes(&data, &s->source) || !slice_get_u64(&data, &s->passed) || !slice_get_u64(&data, &s->failed))
			return false;
	}
	return data.n == 0;
}

/* ---- rows ---- */

/* 1: there is room. Counted from above, as a row may be there already, and looked up when that says full. */
static int has_room(struct ledger *l, struct report_room *room, enum spool_sql rows, int64_t max, struct error *err)
{
	if (room->full_for > 0) {
		room->full_for--;
		return 0;
	}
	if (!room->counted || room->rows >= max) {
		int rc = spool_number(&l->spool, err, 0, &room->rows, rows, "");
		if (rc < 0)
			return rc;
		room->counted = true;
	}
	if (room->rows >= max) {
		room->full_for = FULL_FOR;
		return 0;
	}
	room->rows++;
	return 1;
}

/* Of rows in report_out. */
enum row_kind { ROW_POLICY = 0, ROW_LETTER = 1, ROW_SESSION = 2 };

static enum row_kind row_kind_of(enum memory_act act)
{
	return act == MEMORY_REPORT ? ROW_LETTER : act == MEMORY_REPORT_TLS ? ROW_SESSION : ROW_POLICY;
}

static int apply_out(struct ledger *l, const struct memory_note *note, int64_t now_ms, struct error *err)
{
	uint8_t hash[ROW_HASH] = {0};
	enum row_kind kind = row_kind_of(note->act);
	int rc = has_room(l, &l->report_out, SQL_REPORT_OUT_ROWS, REPORT_OUT_ROWS_MAX, err);
	if (rc <= 0)
		return rc;
	if (kind != ROW_POLICY)
		hash_blake2b(note->value, l->config.jobs_key, hash, sizeof hash);
	return spool_run(&l->spool, err, SQL_REPORT_OUT_PUT, "isiss", now_ms / 1000 / REPORT_DAY_S, note->key, (int64_t)kind,
	                 slice_make(hash, sizeof hash), note->value);
}

static int apply_in(struct ledger *l, const struct memory_note *note, struct error *err)
{
	struct report_in in;
	int rc = has_room(l, &l->report_in, SQL_REPORT_IN_ROWS, REPORT_IN_ROWS_MAX, err);
	if (rc <= 0 || !report_in_decode(note->value, &in))
		return rc < 0 ? rc : 0;
	for (size_t i = 0; rc >= 0 && i < in.source_count; i++)
		rc = spool_run(&l->spool, err, SQL_REPORT_IN_PUT, "sississii", note->key, in.day, slice_make(in.id, sizeof in.id), in.sources[i].source,
		               (int64_t)in.kind, in.reporter, in.policy, (int64_t)in.sources[i].passed, (int64_t)in.sources[i].failed);
	return rc < 0 ? rc : 0;
}

static int apply_done(struct ledger *l, const struct memory_note *note, struct error *err)
{
	struct slice value = note->value;
	uint64_t day;
	if (!slice_get_u64(&value, &day))
		return 0;
	bool tls = note->act == MEMORY_REPORT_TLS_DONE;
	return spool_run(&l->spool, err, SQL_REPORT_OUT_DROP, "isii", (int64_t)day, note->key, (int64_t)(tls ? ROW_SESSION : ROW_POLICY),
	                 (int64_t)(tls ? ROW_SESSION : ROW_LETTER));
}

int report_apply(struct ledger *l, const struct memory_note *note, int64_t now_ms, struct error *err)
{
	if (note->act == MEMORY_REPORT_DONE || note->act == MEMORY_REPORT_TLS_DONE)
		return apply_done(l, note, err);
	return note->act == MEMORY_REPORT_IN ? apply_in(l, note, err) : apply_out(l, note, now_ms, err);
}

void report_done_encode(enum report_out kind, int64_t day, struct slice domain, struct buf *out)
{
	struct buf value = BUF_INIT(8);
	buf_put_u64(&value, (uint64_t)day);
	memory_note_encode(&(struct memory_note){.act = kind == REPORT_OUT_TLS ? MEMORY_REPORT_TLS_DONE : MEMORY_REPORT_DONE, .key = domain,
		.value = buf_slice(&value)}, out);
	buf_free(&value);
}

int report_sweep(struct ledger *l, int64_t now_ms, struct error *err)
{
	int64_t today = now_ms / 1000 / REPORT_DAY_S;
	int rc = spool_run(&l->spool, err, SQL_REPORT_OUT_OLD, "i", today - REPORT_OUT_DAYS);
	return rc < 0 ? rc : spool_run(&l->spool, err, SQL_REPORT_IN_OLD, "i", today - REPORT_IN_DAYS);
}

/* ---- reading ---- */

static int find_due(struct ledger *l, enum report_out kind, int64_t before_day, int64_t after_day, struct slice after_domain, struct arena *arena,
                    struct report_due *ret, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_REPORT_OUT_NEXT, "iisi", before_day, after_day, after_domain,
	                              (int64_t)(kind == REPORT_OUT_TLS ? ROW_SESSION : ROW_POLICY));
	int rc = spool_step(&l->spool, st, err);
	if (rc == 1)
		*ret = (struct report_due){.day = sqlite3_column_int64(st, 0), .domain = arena_dup(arena, spool_blob(st, 1)),
			.policy = kind == REPORT_OUT_DMARC ? arena_dup(arena, spool_blob(st, 2)) : SLICE_NONE};
	spool_done(st);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int report_next(struct ledger *l, enum report_out kind, int64_t before_day, int64_t after_day, struct slice after_domain, struct arena *arena,
                struct report_due *ret, struct error *err)
{
	struct buf rows = BUF_INIT(REPORT_ROWS_BYTES);
	int rc = find_due(l, kind, before_day, after_day, after_domain, arena, ret, err);
	if (rc < 0)
		return rc;
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_REPORT_OUT_LIST, "isii", ret->day, ret->domain, (int64_t)DMARC_REPORT_ROWS_MAX,
	                              (int64_t)(kind == REPORT_OUT_TLS ? ROW_SESSION : ROW_LETTER));
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		struct slice data = spool_blob(st, 1);
		if (buf_len(&rows) + data.n + 12 > REPORT_ROWS_BYTES)
			continue;
		buf_put_u64(&rows, (uint64_t)sqlite3_column_int64(st, 0));
		buf_put_bytes(&rows, data);
		ret->row_count++;
	}
	spool_done(st);
	ret->rows = arena_dup(arena, buf_slice(&rows));
	buf_free(&rows);
	return rc < 0 ? rc : 0;
}

int report_list(struct ledger *l, struct slice domain, int64_t since_day, unsigned max, report_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_REPORT_IN_LIST, "sii", domain, since_day, (int64_t)max);
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		struct report_line line = {
			.source = spool_blob(st, 0), .kind = (unsigned)sqlite3_column_int64(st, 1), .passed = (uint64_t)sqlite3_column_int64(st, 2),
			.failed = (uint64_t)sqlite3_column_int64(st, 3), .first_day = sqlite3_column_int64(st, 4), .last_day = sqlite3_column_int64(st, 5),
			.reports = (unsigned)sqlite3_column_int64(st, 6), .policy = spool_blob(st, 7), .reporter = spool_blob(st, 8)};
		fn(arg, &line);
	}
	spool_done(st);
	return rc < 0 ? rc : 0;
}

int report_failing(struct ledger *l, struct slice domain, int64_t since_day, unsigned percent, report_failing_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_REPORT_IN_FAILING, "sii", domain, since_day, (int64_t)percent);
	int rc;
	while ((rc = spool_step(&l->spool, st, err)) == 1) {
		struct report_failing row = {.kind = (unsigned)sqlite3_column_int64(st, 0), .passed = (uint64_t)sqlite3_column_int64(st, 1),
			.failed = (uint64_t)sqlite3_column_int64(st, 2)};
		fn(arg, &row);
	}
	spool_done(st);
	return rc < 0 ? rc : 0;
}
