#include "trust/report_part.h"

#include "base/codec.h"
#include "base/ensure.h"
#include "mime/compose.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/structure.h"
#include "trust/unpack.h"

/* Types and names that reports come with; the content decides whether it is one. */
static bool may_be_report(const struct mime_part *part, struct arena *arena)
{
	static const struct slice subtypes[] = {SLICE_INIT("zip"), SLICE_INIT("x-zip"), SLICE_INIT("x-zip-compressed"), SLICE_INIT("gzip"),
		SLICE_INIT("x-gzip"), SLICE_INIT("xml"), SLICE_INIT("tlsrpt+json"), SLICE_INIT("tlsrpt+gzip"), SLICE_INIT("json")};
	static const struct slice suffixes[] = {SLICE_INIT(".xml"), SLICE_INIT(".zip"), SLICE_INIT(".gz"), SLICE_INIT(".json")};
	struct slice name = mime_part_filename(part, arena);
	for (size_t i = 0; i < ARRAY_LEN(subtypes); i++)
		if (slice_eq(part->subtype, subtypes[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (slice_ends_nocase(name, suffixes[i]))
			return true;
	return false;
}

static void decode(struct slice message, const struct mime_part *part, struct buf *out)
{
	struct slice body = slice_sub(message, part->body_start, part->body_end);
	if (slice_eq(part->encoding, SLICE("base64")))
		base64_decode_lenient(body, out);
	else if (slice_eq(part->encoding, SLICE("quoted-printable")))
		quoted_printable_decode(body, out);
	else
		buf_append(out, body);
}

static enum report_kind kind_of(struct slice content)
{
	struct slice s = slice_trim(slice_starts(content, SLICE("\xef\xbb\xbf")) ? slice_from(content, 3) : content);
	if (slice_starts(s, SLICE("<")) && slice_search(slice_sub(s, 0, 4096), SLICE("feedback")) >= 0)
		return REPORT_DMARC;
	return slice_starts(s, SLICE("{")) ? REPORT_TLS : REPORT_NONE;
}

enum report_kind report_open(struct slice attachment, struct buf *out)
{
	return unpack(attachment, SLICE(".xml"), out) == 0 ? kind_of(buf_slice(out)) : REPORT_NONE;
}

static enum report_kind open_part(struct slice message, const struct mime_part *part, struct buf *out)
{
	struct buf packed = BUF_INIT(REPORT_ATTACHMENT_MAX);
	enum report_kind kind = REPORT_NONE;
	decode(message, part, &packed);
	if (!packed.failed)
		kind = report_open(buf_slice(&packed), out);
	buf_free(&packed);
	return kind;
}

enum report_kind report_find(struct slice message, struct arena *arena, struct buf *out)
{
	const struct mime_part *part = mime_structure_parse(message, arena);
	for (unsigned i = 0; part != NULL && i < REPORT_PARTS_MAX; i++, part = mime_part_next(part)) {
		if (part->children != NULL || !may_be_report(part, arena))
			continue;
		buf_clear(out);
		enum report_kind kind = open_part(message, part, out);
		if (kind != REPORT_NONE)
			return kind;
	}
	buf_clear(out);
	return REPORT_NONE;
}

static void append_head(const struct report_mail *m, struct buf *out)
{
	struct buf value = BUF_INIT(2000);
	compose_address(out, "From", SLICE_NONE, m->from);
	compose_address(out, "To", SLICE_NONE, m->to);
	compose_field_raw(out, "Subject", m->subject);
	compose_date(out, "Date", m->date_s);
	buf_printf(&value, "<%.*s>", SLICE_ARG(m->message_id));
	compose_field_raw(out, "Message-ID", buf_slice(&value));
	if (m->kind == REPORT_TLS) {
		compose_field_raw(out, "TLS-Report-Domain", m->domain);
		compose_field_raw(out, "TLS-Report-Submitter", m->submitter);
	}
	compose_field_raw(out, "Auto-Submitted", SLICE("auto-generated"));
	compose_field_raw(out, "MIME-Version", SLICE("1.0"));
	buf_clear(&value);
	buf_printf(&value, "multipart/%s; boundary=\"%.*s\"", m->kind == REPORT_TLS ? "report; report-type=tlsrpt" : "mixed",
		SLICE_ARG(m->boundary));
	compose_field_raw(out, "Content-Type", buf_slice(&value));
	buf_append_str(out, "\r\n");
	buf_free(&value);
}

void report_mail_write(const struct report_mail *m, struct buf *out)
{
	append_head(m, out);
	compose_boundary(out, m->boundary, false);
	compose_text_part(out, m->text);
	compose_boundary(out, m->boundary, false);
	buf_printf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n filename=\"%.*s\"\r\n\r\n",
		m->kind == REPORT_TLS ? "application/tlsrpt+gzip" : "application/gzip", SLICE_ARG(m->filename));
	base64_encode_lines(m->content, out);
	compose_boundary(out, m->boundary, true);
}
