/* A simple zone file (dns.zone): one record per line, as of RFC 1035 5.1 without parentheses. Pure. */
#ifndef ROLE_ZONE_H
#define ROLE_ZONE_H

#include "base/buf.h"
#include "base/error.h"

#define ZONE_LINE_MAX 4096

/*
 * Calls `record` for each record with a line "owner. [ttl] [class] type rdata", owner absolute and lower case. Understands comments,
 * $ORIGIN, "@", relative and repeated owners; names in rdata must be absolute. ERR_INVALID with the line number.
 */
typedef int zone_record_fn(void *arg, struct slice owner, struct slice line, struct error *err);
int zone_parse(struct slice text, zone_record_fn *record, void *arg, struct error *err);

#endif
