/* Dates of mail: RFC 5322 3.3 with the obsolete forms of 4.3. */
#ifndef MIME_DATE_H
#define MIME_DATE_H

#include "base/buf.h"

/* Years 1 to 9999; two and three digit years by RFC 5322 4.3; named zones; comments. A missing time is 00:00. 0 or ERR_INVALID. */
int mime_date_parse(struct slice value, int64_t *ret_unix);
/* The same; also seconds east of UTC, and the date as written (INTERNALDATE, SENTON need the sender's day). */
int mime_date_parse_zone(struct slice value, int64_t *ret_unix, int *ret_zone_seconds);
/* "Tue, 01 Jul 2025 10:00:00 +0000", always UTC. */
void mime_date_format(int64_t unix_seconds, struct buf *out);

#endif
