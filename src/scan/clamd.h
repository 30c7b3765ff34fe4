/* The protocol of clamd (clamd(8), COMMANDS): INSTREAM and VERSION, one of them per connection. */
#ifndef SCAN_CLAMD_H
#define SCAN_CLAMD_H

#include "scan/talk.h"

/* Asks about these bytes, which must stay until the talk is freed. The caller frees it. */
struct talk *clamd_scan(struct slice content);
/* Done with SCAN_CLEAN when clamd answered; *version (caller's, must stay) is filled then. */
struct clamd_version {
	struct buf text;       /* "ClamAV 1.4.3/27432", cleaned */
	uint32_t signatures;   /* number of the daily signatures, 0: none are loaded */
	int64_t made_s;        /* when they were made, unix time as if the clock of clamd were UTC; 0: it does not say */
};
struct talk *clamd_ask_version(struct clamd_version *version);
/* "ClamAV 1.4.3/27432/Mon Oct 21 08:30:00 2024", or the first part alone. False: malformed. */
bool clamd_version_parse(struct slice line, struct clamd_version *ret);

#endif
