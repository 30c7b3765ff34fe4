#include "base/codec.h"
#include "base/utf8.h"
#include "crypt/crypt.h"
#include "filter/dsn_text.h"
#include "filter/filter_internal.h"
#include "mime/compose.h"
#include "mime/date.h"
#include "mime/header.h"
#include "smtp/xtext.h"

#define NOTICE_MAX (FILTER_RETURN_MAX + (8u << 20))

/* RFC 3464 2.3.3 */
static const char *const action_names[] = {
	[DSN_FAILED] = "failed", [DSN_DELAYED] = "delayed", [DSN_DELIVERED] = "delivered", [DSN_RELAYED] = "relayed", [DSN_EXPANDED] = "expanded",
};
static const char *const default_status[] = {
	[DSN_FAILED] = "5.0.0", [DSN_DELAYED] = "4.0.0", [DSN_DELIVERED] = "2.0.0", [DSN_RELAYED] = "2.0.0", [DSN_EXPANDED] = "2.0.0",
};

static const struct dsn_words *words_of(const struct dsn_report *report, const struct filter_settings *settings)
{
	return dsn_words_of(report->language.n > 0 ? report->language : settings->language);
}

static void compose_header(const struct dsn_report *report, struct slice to, const struct filter_settings *settings, struct slice boundary,
                           struct buf *out)
{
	const struct dsn_words *words = words_of(report, settings);
	struct slice domain = report->domain.n > 0 ? report->domain : settings->hostname;
	struct buf value = BUF_INIT(1024);
	uint8_t id[16];

	compose_date(out, "Date", report->now_ms / 1000);
	buf_printf(&value, "MAILER-DAEMON@%.*s", SLICE_ARG(domain));
	compose_address(out, "From", slice_str(words->sender), buf_slice(&value));
	compose_address(out, "To", SLICE_NONE, to);
	compose_field(out, "Subject", slice_str(words->subject[report->kind]));
	random_bytes(id, sizeof id);
	buf_append_str(out, "Message-ID: <");
	hex_encode(slice_make(id, sizeof id), out);
	buf_printf(out, "@%.*s>\r\n", SLICE_ARG(settings->hostname));
	buf_append_str(out, "Auto-Submitted: auto-replied\r\n"); /* RFC 3834 5 */
	buf_append_str(out, "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"");
	buf_append(out, boundary);
	buf_append_str(out, "\"\r\n\r\n");
	buf_free(&value);
}

static void append_line(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_append_byte(out, s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i]);
}

static void text_recipient(const struct dsn_recipient *r, const struct dsn_words *words, struct buf *text)
{
	buf_append_str(text, "  <");
	append_line(text, r->final);
	buf_printf(text, ">: %s\n", words->action[r->action]);
	if (r->remote.n > 0) {
		buf_append_str(text, "    ");
		buf_printf(text, words->answered, SLICE_ARG(r->remote));
		buf_append_byte(text, '\n');
	}
	if (r->diagnostic.n > 0) {
		buf_append_str(text, "    ");
		if (r->code != 0)
			buf_printf(text, "%u ", r->code);
		append_line(text, r->diagnostic);
		buf_append_byte(text, '\n');
	}
	if (r->action == DSN_DELAYED && r->retry_until_ms != 0) {
		buf_printf(text, "    %s", words->until);
		mime_date_format(r->retry_until_ms / 1000, text);
		buf_append_byte(text, '\n');
	}
}

/* What a person reads. */
static void compose_text(const struct dsn_report *report, bool whole, const struct filter_settings *settings, struct buf *out)
{
	const struct dsn_words *words = words_of(report, settings);
	struct buf text = BUF_INIT(4u << 20);

	buf_printf(&text, words->greeting, SLICE_ARG(settings->hostname));
	buf_printf(&text, "\n\n%s\n\n", words->intro[report->kind]);
	for (size_t i = 0; i < report->recipient_count; i++)
		text_recipient(&report->recipients[i], words, &text);
	buf_printf(&text, "\n%s\n%s\n", words->closing[report->kind], whole ? words->attached_whole : words->attached_header);
	if (report->queue_id.n > 0)
		buf_printf(&text, "\n(%.*s)\n", SLICE_ARG(report->queue_id));
	compose_text_part(out, buf_slice(&text));
	buf_free(&text);
}

static void field_date(struct buf *out, const char *name, int64_t ms)
{
	if (ms != 0)
		compose_date(out, name, ms / 1000);
}

static void field_typed(struct buf *out, const char *name, const char *type, struct slice value)
{
	struct buf text = BUF_INIT(8192);

	buf_printf(&text, "%s; ", type);
	append_line(&text, slice_sub(value, 0, 4000));
	compose_field_raw(out, name, buf_slice(&text));
	buf_free(&text);
}

/* ORCPT came as "type;xtext" and leaves decoded (RFC 3464 2.3.1). */
static void field_original(struct buf *out, struct slice orcpt)
{
	ptrdiff_t semicolon = slice_find(orcpt, ';');
	struct buf address = BUF_INIT(4096), type = BUF_INIT(256);

	if (semicolon > 0 && semicolon < 64) {
		append_line(&type, slice_sub(orcpt, 0, (size_t)semicolon));
		buf_append_byte(&type, 0);
		if (xtext_decode(slice_from(orcpt, (size_t)semicolon + 1), &address) < 0)
			buf_append(&address, slice_from(orcpt, (size_t)semicolon + 1));
		field_typed(out, "Original-Recipient", (const char *)buf_slice(&type).p, buf_slice(&address));
	}
	buf_free(&address);
	buf_free(&type);
}

static bool is_status(struct slice s)
{
	unsigned dots = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_digit(s.p[i]) && s.p[i] != '.')
			return false;
		dots += s.p[i] == '.';
	}
	return s.n >= 5 && s.n <= 11 && dots == 2;
}

static void status_recipient(const struct dsn_recipient *r, struct buf *out)
{
	struct buf text = BUF_INIT(8192);

	buf_append_str(out, "\r\n");
	field_original(out, r->original);
	field_typed(out, "Final-Recipient", slice_is_ascii(r->final) ? "rfc822" : "utf-8", r->final);
	compose_field_raw(out, "Action", slice_str(action_names[r->action]));
	compose_field_raw(out, "Status", is_status(r->status) ? r->status : slice_str(default_status[r->action]));
	if (r->remote.n > 0)
		field_typed(out, "Remote-MTA", "dns", r->remote);
	if (r->diagnostic.n > 0) {
		if (r->code != 0)
			buf_printf(&text, "%u ", r->code);
		buf_append(&text, slice_sub(r->diagnostic, 0, 2000));
		field_typed(out, "Diagnostic-Code", r->code != 0 ? "smtp" : "x-letterlock", buf_slice(&text));
	}
	field_date(out, "Last-Attempt-Date", r->last_attempt_ms);
	if (r->action == DSN_DELAYED)
		field_date(out, "Will-Retry-Until", r->retry_until_ms);
	buf_free(&text);
}

/* RFC 3464 2.2 and 2.3; RFC 6533 4 when an address is not ASCII. */
static void compose_status(const struct dsn_report *report, bool global, const struct filter_settings *settings, struct buf *out)
{
	struct buf text = BUF_INIT(1024);

	buf_append_str(out, global ? "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
	                           : "Content-Type: message/delivery-status\r\n\r\n");
	if (report->envid.n > 0) {
		if (xtext_decode(report->envid, &text) < 0)
			buf_append(&text, report->envid);
		compose_field_raw(out, "Original-Envelope-Id", buf_slice(&text));
	}
	field_typed(out, "Reporting-MTA", "dns", settings->hostname);
	field_date(out, "Arrival-Date", report->arrival_ms);
	for (size_t i = 0; i < report->recipient_count; i++)
		status_recipient(&report->recipients[i], out);
	buf_free(&text);
}

/* RFC 6522 3: the third part. Bytes above ASCII stay as they are. */
static void compose_original(struct slice original, bool whole, bool global, struct buf *out)
{
	if (whole)
		buf_append_str(out, global ? "Content-Type: message/global\r\n" : "Content-Type: message/rfc822\r\n");
	else
		buf_append_str(out, global ? "Content-Type: message/global-headers\r\n" : "Content-Type: text/rfc822-headers\r\n");
	if (!slice_is_ascii(original))
		buf_append_str(out, "Content-Transfer-Encoding: 8bit\r\n");
	buf_append_str(out, "\r\n");
	buf_append(out, original);
	if (!slice_ends(original, SLICE("\n")))
		buf_append_str(out, "\r\n");
}

static bool any_utf8_address(const struct dsn_report *report)
{
	for (size_t i = 0; i < report->recipient_count; i++)
		if (!slice_is_ascii(report->recipients[i].final))
			return true;
	return false;
}

void filter_dsn_compose(const struct dsn_report *report, struct slice to, struct slice original, bool original_is_whole,
                        const struct filter_settings *settings, struct slice boundary, struct buf *out)
{
	struct slice header = slice_sub(original, 0, mime_header_length(original));

	compose_header(report, to, settings, boundary, out);
	compose_boundary(out, boundary, false);
	compose_text(report, original_is_whole, settings, out);
	buf_append_str(out, "\r\n");
	compose_boundary(out, boundary, false);
	compose_status(report, any_utf8_address(report), settings, out);
	buf_append_str(out, "\r\n");
	compose_boundary(out, boundary, false);
	compose_original(original_is_whole ? original : header, original_is_whole, report->smtputf8 && !slice_is_ascii(header), out);
	buf_append_str(out, "\r\n");
	compose_boundary(out, boundary, true);
}

/* The envelope of the notification: null reverse-path, one recipient. */
static struct envelope envelope_of(const struct dsn_report *report, const struct filter_settings *settings, struct slice to, bool body_8bit)
{
	return (struct envelope){
		.source = ENVELOPE_SMTP, .received_ms = report->now_ms, .cid = report->cid, .hostname = settings->hostname,
		.requiretls = report->requiretls, .smtputf8 = report->smtputf8 && !slice_is_ascii(to), .body_8bit = body_8bit, .recipients = report->fact, .recipient_count = 1,
	};
}

int filter_dsn(const struct dsn_report *report, struct slice original, bool original_is_whole, const struct filter_settings *settings,
               const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err)
{
	bool whole = original_is_whole && original.n <= FILTER_RETURN_MAX;
	struct buf blob = BUF_INIT(NOTICE_MAX), boundary = BUF_INIT(64);
	struct recipient_fact fact;
	struct filter_facts facts = {.recipients = &fact, .count = 1};
	struct slice list = report->fact;
	struct envelope e;
	struct filter_letter letter = {.envelope = &e, .facts = &facts, .sealer = settings->sealer, .is_dsn = true};
	uint8_t random[12];
	int code = fact_read_recipient(&list, secret, &fact);

	*ret = (struct filter_result){0};
	if (code < 0 || list.n > 0 || fact.kind == FACT_OWN)
		return error_set(err, code < 0 ? code : ERR_INVALID, "the fact of the notification's recipient does not verify");
	/* A notification asks for none (RFC 3461 6.2), and lands in the inbox whatever the first fact said. */
	fact.notify = SLICE("NEVER");
	fact.original = fact.mailbox = SLICE_NONE;
	random_bytes(random, sizeof random);
	buf_append_str(&boundary, "=_");
	hex_encode(slice_make(random, sizeof random), &boundary);
	filter_dsn_compose(report, fact.address, slice_sub(original, 0, FILTER_RETURN_MAX), whole, settings, buf_slice(&boundary), &blob);
	e = envelope_of(report, settings, fact.address, !slice_is_ascii(buf_slice(&blob)));
	code = blob.failed ? error_set(err, ERR_LIMIT, "the notification is too long") : 0;
	if (code == 0 && fact.kind == FACT_REMOTE)
		code = filter_sign_own(settings, report->signer, secret, report->now_ms / 1000, arena, &blob, err);
	letter.blob = buf_slice(&blob);
	if (code == 0)
		code = filter_seal(&letter, secret, epoch, arena, ret, err);
	buf_free(&blob);
	buf_free(&boundary);
	return code;
}
