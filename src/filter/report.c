#include "filter/report.h"

#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "filter/filter_internal.h"
#include "trust/report_part.h"
#include "trust/unpack.h"

#define LETTER_MAX (24u << 20)
#define ID_BYTES 12

static int read_rows(struct slice data, struct arena *arena, struct dmarc_report *report)
{
	struct slice row, rest = data;
	uint64_t count;
	size_t n = 0;
	while (rest.n > 0 && slice_get_u64(&rest, &count) && slice_get_bytes(&rest, &row))
		n++;
	if (rest.n > 0 || n > DMARC_REPORT_ROWS_MAX)
		return ERR_INVALID;
	report->rows = arena_alloc_array(arena, n + 1, sizeof *report->rows);
	while (slice_get_u64(&data, &count) && slice_get_bytes(&data, &row)) {
		if (!report_row_decode(row, &report->rows[report->row_count]))
			return ERR_INVALID;
		report->rows[report->row_count++].count = count;
	}
	return 0;
}

/* The same report has the same id, however often it is made. */
static struct slice make_id(const struct filter_report *r, struct slice hostname, struct arena *arena)
{
	uint8_t hash[HASH_SIZE];
	struct hash_state state;
	struct buf text = BUF_INIT(2 * ID_BYTES);
	hash_start(&state, NULL);
	hash_update_field(&state, hostname);
	hash_update_field(&state, r->domain);
	hash_update(&state, slice_make(&r->day, sizeof r->day));
	hash_finish(&state, hash);
	hex_encode(slice_make(hash, ID_BYTES), &text);
	struct slice id = arena_dup(arena, buf_slice(&text));
	buf_free(&text);
	return id;
}

static int fill(const struct filter_report *r, const struct filter_settings *settings, struct arena *arena, struct dmarc_report *report)
{
	struct dmarc_record *record = ARENA_NEW(arena, struct dmarc_record);
	if (!report_policy_decode(r->policy, arena, record) || read_rows(r->rows, arena, report) < 0)
		return ERR_INVALID;
	report->org_name = r->organisation.n > 0 ? r->organisation : settings->hostname;
	report->email = arena_printf(arena, "postmaster@%.*s", SLICE_ARG(r->from.n > 0 ? r->from : settings->hostname));
	report->extra_contact_info = r->contact;
	report->report_id = make_id(r, settings->hostname, arena);
	report->begin_s = r->day * REPORT_DAY_S;
	report->end_s = report->begin_s + REPORT_DAY_S - 1;
	dmarc_report_set_policy(report, r->domain, record, DMARC_TREE_WALK, arena);
	return 0;
}

static void write_letter(const struct filter_report *r, const struct filter_settings *settings, const struct dmarc_report *report,
                         struct slice packed, struct arena *arena, struct buf *out)
{
	struct buf subject = BUF_INIT(2000), filename = BUF_INIT(1000), boundary = BUF_INIT(100);
	uint8_t random[ID_BYTES];
	random_bytes(random, sizeof random);
	buf_append_str(&boundary, "=_");
	hex_encode(slice_make(random, sizeof random), &boundary);
	dmarc_report_subject(report, settings->hostname, &subject);
	dmarc_report_filename(report, settings->hostname, report->report_id, &filename);
	struct report_mail mail = {
		.from = report->email, .to = r->to, .date_s = r->now_ms / 1000, .subject = buf_slice(&subject), .filename = buf_slice(&filename),
		.message_id = arena_printf(arena, "%.*s.%.*s@%.*s", SLICE_ARG(report->report_id), SLICE_ARG(slice_from(buf_slice(&boundary), 2)),
		                           SLICE_ARG(settings->hostname)),
		.text = arena_printf(arena, "This is an aggregate report (DMARC, RFC 7489) about mail in the name of %.*s.\n", SLICE_ARG(r->domain)),
		.content = packed, .boundary = buf_slice(&boundary), .kind = REPORT_DMARC, .domain = r->domain, .submitter = settings->hostname,
	};
	report_mail_write(&mail, out);
	out->failed |= subject.failed || filename.failed;
	buf_free(&subject);
	buf_free(&filename);
	buf_free(&boundary);
}

static int compose(const struct filter_report *r, const struct filter_settings *settings, struct arena *arena, struct buf *out,
                   struct error *err)
{
	struct dmarc_report *report = ARENA_NEW(arena, struct dmarc_report);
	struct buf xml = BUF_INIT(DMARC_REPORT_XML_MAX), packed = BUF_INIT(REPORT_ATTACHMENT_MAX);
	int rc = fill(r, settings, arena, report);
	if (rc < 0)
		return error_set(err, rc, "rows of a report that make no sense");
	dmarc_report_write(report, DMARC_REPORT_7489, &xml);
	if (!xml.failed)
		gzip_pack(buf_slice(&xml), &packed);
	if (xml.failed || packed.failed || (r->max_bytes > 0 && buf_len(&packed) > r->max_bytes))
		rc = error_set(err, ERR_LIMIT, "the report is larger than its reader takes");
	else
		write_letter(r, settings, report, buf_slice(&packed), arena, out);
	buf_free(&xml);
	buf_free(&packed);
	return rc == 0 && out->failed ? error_set(err, ERR_LIMIT, "the report is too large") : rc;
}

int filter_report(const struct filter_report *r, const struct filter_settings *settings, const uint8_t secret[32],
                  const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err)
{
	struct recipient_fact fact = {.kind = FACT_REMOTE, .address = r->to, .notify = SLICE("NEVER")};
	struct filter_facts facts = {.recipients = &fact, .count = 1};
	struct buf blob = BUF_INIT(LETTER_MAX), list = BUF_INIT(4096);
	*ret = (struct filter_result){0};
	fact_write_recipient(&list, &fact, secret);
	struct envelope e = {.source = ENVELOPE_SMTP, .received_ms = r->now_ms, .cid = r->cid, .hostname = settings->hostname,
		.recipients = buf_slice(&list), .recipient_count = 1};
	struct filter_letter letter = {.envelope = &e, .facts = &facts, .sealer = settings->sealer, .is_dsn = true};
	int rc = compose(r, settings, arena, &blob, err);
	if (rc == 0)
		rc = filter_sign_own(settings, r->signer, secret, r->now_ms / 1000, arena, &blob, err);
	letter.blob = buf_slice(&blob);
	if (rc == 0)
		rc = filter_seal(&letter, secret, epoch, arena, ret, err);
	buf_free(&blob);
	buf_free(&list);
	return rc;
}
