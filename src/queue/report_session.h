/*
 * What became of TLS in one session with the host of a destination, as relay tells it and spool.db gathers it for the reports that the destination may
 * ask for (RFC 8460). Results that are the same are one row with a count.
 */
#ifndef QUEUE_REPORT_SESSION_H
#define QUEUE_REPORT_SESSION_H

#include "queue/memory.h"
#include "trust/tlsrpt.h"

#define REPORT_SESSION_STRINGS_BYTES 1400 /* of policy strings, and of patterns of hosts; what is beyond is left out */
#define REPORT_SESSION_TEXT_MAX 120       /* of any other text */

struct report_session {
	struct tlsrpt_policy policy;      /* type, domain, strings, hosts; domain lower case, at most MEMORY_KEY_MAX bytes */
	struct tlsrpt_failure failure;    /* result_type empty: the session had the TLS that was asked for */
};
void report_session_encode(const struct report_session *r, struct buf *out);
/* Borrows. *ret_policy (may be NULL): the bytes that say the policy, the same for the same one. */
bool report_session_decode(struct slice data, struct report_session *ret, struct slice *ret_policy);

#endif
