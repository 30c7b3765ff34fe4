/*
 * Records as other systems want them. Input is always the canonical form of a record; what cannot be read gives nothing.
 *
 *   JSON    the canonical record and a line end
 *   SYSLOG  RFC 5424 with structured data, framed by octet counting (RFC 5425 4.3)
 *   CEF     ArcSight Common Event Format 0 as the message of an RFC 5424 header, framed in the same way
 */
#ifndef AUDIT_FORMAT_H
#define AUDIT_FORMAT_H

#include "audit/record.h"

enum audit_format { AUDIT_FORMAT_JSON, AUDIT_FORMAT_SYSLOG, AUDIT_FORMAT_CEF };

/* Appends one record. host: our name, for the header. 0 or ERR_INVALID. */
int audit_format_record(enum audit_format format, struct slice record, struct slice host, struct buf *out);
/* {"records":[…]} of lines of records: the body of a webhook. */
void audit_format_batch(struct slice lines, struct buf *out);
/* "t=<time>,v1=<hexadecimal HMAC-SHA-256 of time, '.', body>": what the receiver checks before it reads the body. */
void audit_format_signature(struct slice secret, int64_t time, struct slice body, struct buf *out);

#endif
