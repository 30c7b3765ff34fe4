/* Reports that come and go by mail: the attachment of a report in a message, and the message around a report. */
#ifndef TRUST_REPORT_PART_H
#define TRUST_REPORT_PART_H

#include "base/buf.h"
#include "mime/digest.h"

#define REPORT_ATTACHMENT_MAX (16 * 1024 * 1024) /* bytes of an attachment, decoded */
#define REPORT_PARTS_MAX 50                      /* parts of a message that are looked at */

enum report_kind { REPORT_NONE, REPORT_DMARC, REPORT_TLS };

/*
 * Finds the first attachment that is an aggregate report of DMARC (XML, gzip, ZIP) or a TLS report (JSON, gzip) and appends what is in it,
 * at most `out`'s maximum. REPORT_NONE when there is none, or it is damaged or too large.
 */
enum report_kind report_find(struct slice message, struct arena *arena, struct buf *out);

/* The same for an attachment: what is in it is appended to `out`, which is empty. */
enum report_kind report_open(struct slice attachment, struct buf *out);

struct report_mail {
	struct slice from, to;           /* addresses */
	struct slice message_id;         /* without <> */
	int64_t date_s;
	struct slice subject, text;      /* text: for people, UTF-8 */
	struct slice filename, content;  /* content: packed with gzip already */
	struct slice boundary;           /* occurs nowhere else */
	enum report_kind kind;
	struct slice domain, submitter;  /* for the fields of a TLS report (RFC 8460 5.3) */
};
/* Appends the whole message. */
void report_mail_write(const struct report_mail *m, struct buf *out);

#endif
