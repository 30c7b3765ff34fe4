/*
 * Aggregate reports of DMARC: RFC 7489 7.2 and appendix C, and draft-ietf-dmarc-aggregate-reporting. Written from rows, and read from
 * others.
 */
#ifndef TRUST_DMARC_REPORT_H
#define TRUST_DMARC_REPORT_H

#include "trust/dkim.h"
#include "trust/dmarc.h"
#include "trust/spf.h"

#define DMARC_REPORT_XML_MAX (32 * 1024 * 1024)
#define DMARC_REPORT_ROWS_MAX 20000
#define DMARC_REPORT_SIGNATURES_MAX 8 /* of one row; further ones are left out */
#define DMARC_REPORT_REASONS_MAX 4

/* Texts are as in the report: lower-case words of the schema, empty when absent. */
struct dmarc_report_auth {
	struct slice domain, selector, scope, result, human_result;
};

struct dmarc_report_reason {
	struct slice type, comment;
};

struct dmarc_report_row {
	struct slice source_ip, count_text;
	uint64_t count;
	struct slice disposition, dkim, spf;  /* policy_evaluated: what DMARC made of it */
	struct dmarc_report_reason reasons[DMARC_REPORT_REASONS_MAX];
	size_t reason_count;
	struct slice header_from, envelope_from, envelope_to;
	struct dmarc_report_auth signatures[DMARC_REPORT_SIGNATURES_MAX];
	size_t signature_count;
	struct dmarc_report_auth spf_check;
	bool has_spf;
};

struct dmarc_report {
	struct slice version, org_name, email, extra_contact_info, report_id, generator, error, begin_text, end_text;
	int64_t begin_s, end_s;
	struct slice domain, p, sp, np, adkim, aspf, fo, pct, testing, discovery_method; /* policy_published */
	struct dmarc_report_row *rows;
	size_t row_count;
	size_t skipped;     /* rows without a number, or beyond DMARC_REPORT_ROWS_MAX */
};

enum dmarc_report_form { DMARC_REPORT_7489, DMARC_REPORT_2 };

/* Fills the policy_published part from a record. In the arena. */
void dmarc_report_set_policy(struct dmarc_report *r, struct slice domain, const struct dmarc_record *record, enum dmarc_method method,
	struct arena *arena);
/*
 * The row of one message (count 1) as the checks saw it. Borrows their texts. source_ip, envelope_to: as text, the latter a domain or
 * empty. Without a client that is known, spf is NULL.
 */
void dmarc_report_row_of(const struct dmarc_check *c, const struct spf_check *spf, const struct dkim_report *dkim, struct slice source_ip,
	struct slice envelope_to, struct dmarc_report_row *ret);
/* Do they differ in nothing but the count? Then they are one row. */
bool dmarc_report_row_same(const struct dmarc_report_row *a, const struct dmarc_report_row *b);
/* Appends the XML. Values are escaped; what is no UTF-8 or no character of XML is left out. Begin, end and counts come from the numbers. */
void dmarc_report_write(const struct dmarc_report *r, enum dmarc_report_form form, struct buf *out);
/* "receiver!domain!begin!end!id.xml.gz" (RFC 7489 7.2.1.1); id: letters and digits, may be empty. */
void dmarc_report_filename(const struct dmarc_report *r, struct slice receiver, struct slice id, struct buf *out);
/* "Report Domain: … Submitter: … Report-ID: <…>", RFC 7489 7.2.1.1. */
void dmarc_report_subject(const struct dmarc_report *r, struct slice receiver, struct buf *out);

/* Reads XML. 0, ERR_INVALID (no such report), ERR_LIMIT. Texts live in the arena. Elements that it does not know are passed over. */
int dmarc_report_parse(struct slice xml, struct arena *arena, struct dmarc_report *ret);

struct dmarc_report_summary {
	uint64_t messages, passed, dkim_passed, spf_passed, quarantined, rejected;
	size_t sources;   /* different addresses, at most as many as rows */
};
void dmarc_report_summarise(const struct dmarc_report *r, struct dmarc_report_summary *ret);

#endif
