#include "filter/report.h"

#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "filter/filter_internal.h"
#include "filter/report_file.h"
#include "trust/report_part.h"
#include "trust/unpack.h"

#define LETTER_MAX (24u << 20)
#define ID_BYTES 12

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
	if (r->kind != REPORT_OUT_DMARC)
		hash_update(&state, slice_make(&r->kind, sizeof r->kind));
	hash_finish(&state, hash);
	hex_encode(slice_make(hash, ID_BYTES), &text);
	struct slice id = arena_dup(arena, buf_slice(&text));
	buf_free(&text);
	return id;
}

static void write_letter(const struct filter_report *r, const struct filter_settings *settings, const struct filter_report_file *file,
                         struct slice packed, struct arena *arena, struct buf *out)
{
	struct buf boundary = BUF_INIT(100);
	bool tls = r->kind == REPORT_OUT_TLS;
	uint8_t random[ID_BYTES];
	random_bytes(random, sizeof random);
	buf_append_str(&boundary, "=_");
	hex_encode(slice_make(random, sizeof random), &boundary);
	struct report_mail mail = {
		.from = file->email, .to = r->to, .date_s = r->now_ms / 1000, .subject = file->subject, .filename = file->filename,
		.message_id = arena_printf(arena, "%.*s.%.*s@%.*s", SLICE_ARG(file->id), SLICE_ARG(slice_from(buf_slice(&boundary), 2)),
		                           SLICE_ARG(settings->hostname)),
		.text = arena_printf(arena, tls ? "This is a report of TLS (RFC 8460) about connections to hosts of %.*s.\n"
		                                : "This is an aggregate report (DMARC, RFC 7489) about mail in the name of %.*s.\n", SLICE_ARG(r->domain)),
		.content = packed, .boundary = buf_slice(&boundary), .kind = tls ? REPORT_TLS : REPORT_DMARC, .domain = r->domain,
		.submitter = settings->hostname,
	};
	report_mail_write(&mail, out);
	buf_free(&boundary);
}

static int make_file(const struct filter_report *r, const struct filter_settings *settings, struct arena *arena, struct filter_report_file *file,
                     struct buf *out, struct error *err)
{
	file->organisation = r->organisation.n > 0 ? r->organisation : settings->hostname;
	file->email = arena_printf(arena, "postmaster@%.*s", SLICE_ARG(r->from.n > 0 ? r->from : settings->hostname));
	file->id = make_id(r, settings->hostname, arena);
	int rc = r->kind == REPORT_OUT_TLS ? filter_report_tls(r, settings, arena, file, out) : filter_report_dmarc(r, settings, arena, file, out);
	return rc < 0 ? error_set(err, rc, "rows of a report that make no sense") : 0;
}

/* Into `out`: the letter, or without an address the packed file. */
static int compose(const struct filter_report *r, const struct filter_settings *settings, struct arena *arena, struct buf *out,
                   struct error *err)
{
	struct filter_report_file file = {0};
	struct buf plain = BUF_INIT(DMARC_REPORT_XML_MAX), packed = BUF_INIT(REPORT_ATTACHMENT_MAX);
	int rc = make_file(r, settings, arena, &file, &plain, err);
	if (rc == 0 && !plain.failed)
		gzip_pack(buf_slice(&plain), &packed);
	if (rc == 0 && (plain.failed || packed.failed || (r->max_bytes > 0 && buf_len(&packed) > r->max_bytes)))
		rc = error_set(err, ERR_LIMIT, "the report is larger than its reader takes");
	else if (rc == 0 && r->to.n > 0)
		write_letter(r, settings, &file, buf_slice(&packed), arena, out);
	else if (rc == 0)
		buf_append(out, buf_slice(&packed));
	buf_free(&plain);
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
	struct filter_letter letter = {.envelope = &e, .facts = &facts, .sealer = settings->sealer, .is_dsn = true, .any_tls = r->kind == REPORT_OUT_TLS};
	int rc = compose(r, settings, arena, &blob, err);
	if (rc == 0 && r->to.n == 0) {
		buf_init(&ret->record, LETTER_MAX);
		buf_move(&ret->record, &blob);
		buf_free(&list);
		return 0;
	}
	if (rc == 0)
		rc = filter_sign_own(settings, r->signer, secret, r->now_ms / 1000, arena, &blob, err);
	letter.blob = buf_slice(&blob);
	if (rc == 0)
		rc = filter_seal(&letter, secret, epoch, arena, ret, err);
	buf_free(&blob);
	buf_free(&list);
	return rc;
}
