/* A report of DMARC (RFC 7489 7.2) or TLS (RFC 8460 4) that leaves: rows of the ledger become a signed letter with a packed file. */
#ifndef FILTER_REPORT_H
#define FILTER_REPORT_H

#include "filter/filter.h"
#include "queue/report.h"

struct filter_report { /* as FILTER_REPORT; borrowed */
	enum report_out kind;
	struct slice cid, domain, policy, rows, to, from, signer, organisation, contact;
	int64_t now_ms, day;
	uint64_t max_bytes;       /* that `to` takes; 0: any. With an empty `to` ret->record is the packed file itself. */
};

/* With the null reverse-path, so that nothing comes of a failure. ERR_LIMIT: it is larger than max_bytes; ERR_INVALID: rows make no sense. */
int filter_report(const struct filter_report *r, const struct filter_settings *settings, const uint8_t secret[32],
                  const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err);

#endif
