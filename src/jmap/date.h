/* Dates of JMAP (RFC 8620 1.4). */
#ifndef JMAP_DATE_H
#define JMAP_DATE_H

#include "base/buf.h"

#define JMAP_DATE_MAX 40

/* "2014-10-30T06:12:00Z". Years outside of 1 to 9999 come out as the nearest of these. */
void jmap_date_print(int64_t unix_seconds, struct buf *out);
/* Date and UTCDate: any zone, fractions of a second are cut off. utc: only "Z". 0 or ERR_INVALID. */
int jmap_date_parse(struct slice text, bool utc, int64_t *ret_unix_seconds);

#endif
