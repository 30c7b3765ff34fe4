/* SMTP TLS reports, RFC 8460: the record that asks for them, writing them and reading those of others. */
#ifndef TRUST_TLSRPT_H
#define TRUST_TLSRPT_H

#include "trust/facts.h"

#define TLSRPT_JSON_MAX (8 * 1024 * 1024)
#define TLSRPT_POLICIES_MAX 1000
#define TLSRPT_FAILURES_MAX 5000  /* of one policy */
#define TLSRPT_STRINGS_MAX 32     /* of policy-string and mx-host */
#define TLSRPT_TEXT_MAX 1000
#define TLSRPT_URIS_MAX 8

/* Result types of RFC 8460 4.3. */
#define TLSRPT_STARTTLS "starttls-not-supported"
#define TLSRPT_HOST_MISMATCH "certificate-host-mismatch"
#define TLSRPT_EXPIRED "certificate-expired"
#define TLSRPT_NOT_TRUSTED "certificate-not-trusted"
#define TLSRPT_VALIDATION "validation-failure"
#define TLSRPT_TLSA_INVALID "tlsa-invalid"
#define TLSRPT_DNSSEC_INVALID "dnssec-invalid"
#define TLSRPT_DANE_REQUIRED "dane-required"
#define TLSRPT_STS_FETCH "sts-policy-fetch-error"
#define TLSRPT_STS_INVALID "sts-policy-invalid"
#define TLSRPT_STS_WEBPKI "sts-webpki-invalid"

/* Texts are empty when absent. */
struct tlsrpt_failure {
	struct slice result_type, sending_mta_ip, receiving_mx_hostname, receiving_mx_helo, receiving_ip, additional_information,
		failure_reason_code;
	uint64_t count;
};

struct tlsrpt_policy {
	struct slice type;     /* "sts", "tlsa", "no-policy-found" */
	struct slice domain;
	struct slice strings[TLSRPT_STRINGS_MAX], mx_hosts[TLSRPT_STRINGS_MAX];
	size_t string_count, mx_host_count;
	uint64_t succeeded, failed;
	struct tlsrpt_failure *failures;
	size_t failure_count;
};

struct tlsrpt_report {
	struct slice organization, contact, report_id;
	int64_t start_s, end_s;
	struct tlsrpt_policy *policies;
	size_t policy_count;
};

/* Appends the JSON. Text that is not UTF-8 is cleaned. */
void tlsrpt_write(const struct tlsrpt_report *r, struct buf *out);
/* 0, ERR_INVALID (no such report), ERR_LIMIT. Texts live in the arena; what stands beyond the limits is left out. */
int tlsrpt_parse(struct slice json, struct arena *arena, struct tlsrpt_report *ret);
/* "sender!policy-domain!start!end!id.json.gz" (RFC 8460 5.1) and the subject (5.3). id may be empty. */
void tlsrpt_filename(const struct tlsrpt_report *r, struct slice sender, struct slice domain, struct slice id, struct buf *out);
void tlsrpt_subject(const struct tlsrpt_report *r, struct slice sender, struct slice domain, struct buf *out);

struct tlsrpt_summary {
	uint64_t succeeded, failed;
};
void tlsrpt_summarise(const struct tlsrpt_report *r, struct tlsrpt_summary *ret);

/* The TXT record at _smtp._tls.<domain> (RFC 8460 3): "mailto:" and "https:" addresses of rua=, in order. */
struct tlsrpt_record {
	struct slice uris[TLSRPT_URIS_MAX];
	size_t count;
};
/* False: no such record. */
bool tlsrpt_record_parse(struct slice text, struct tlsrpt_record *ret);
/* DNS_FOUND with exactly one record, else DNS_WANTED, DNS_NODATA or DNS_FAILED. */
enum dns_status tlsrpt_find(struct facts *f, struct slice domain, struct tlsrpt_record *ret);

#endif
