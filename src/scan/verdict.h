/*
 * What is asked of scanners about a letter, and what they say, in the forms that travel between roles: a question is the name of a fact
 * (trust/facts.h, FACT_SCAN), each finding one record of its answer.
 */
#ifndef SCAN_VERDICT_H
#define SCAN_VERDICT_H

#include "base/buf.h"

#define SCAN_NAME_MAX 120     /* bytes of what a scanner calls its finding; the rest is cut */
#define SCAN_SCANNER_MAX 40
#define SCAN_QUESTION_MAX 80  /* bytes of the name of a question */

enum scan_result {
	SCAN_CLEAN,
	SCAN_INFECTED,
	SCAN_OPAQUE,  /* the scanner says that it cannot look into it: encrypted, too large, nested too deeply */
	SCAN_STALE,   /* nothing was found, by signatures that are too old to say so */
	SCAN_AWAY,    /* the scanner did not answer */
	SCAN_RESULT_COUNT
};
/* "clean", "infected", … */
const char *scan_result_name(enum scan_result result);

struct scan_finding {
	enum scan_result result;
	struct slice scanner;  /* "clamd", "icap", … */
	struct slice name;     /* of the malware, or the reason; printable ASCII, may be empty */
};
void scan_finding_encode(const struct scan_finding *f, struct buf *out);
/* One record. False: malformed. Slices point into it. */
bool scan_finding_decode(struct slice record, struct scan_finding *ret);
/* Keeps printable ASCII without quotes, at most SCAN_NAME_MAX bytes: what strangers call things goes into logs and headers. */
void scan_name_clean(struct slice name, struct buf *out);

enum scan_encoding { SCAN_IDENTITY, SCAN_BASE64, SCAN_QUOTED_PRINTABLE };

/* The whole letter as it arrived, or the decoded bytes of one part of it. */
struct scan_target {
	bool part;
	bool signatures;               /* nothing of the letter: how it stands with the scanners themselves (below) */
	bool partners;                 /* the whole letter, for partners of judging (scan/partner.h); records are theirs */
	uint64_t offset, length;       /* in the letter */
	enum scan_encoding encoding;
};
/*
 * "letter", "partners", "signatures", "part <offset> <length> <encoding>". Of "signatures" each scanner has a record: SCAN_CLEAN when it is there and counts,
 * SCAN_STALE or SCAN_AWAY; the name is another one whenever its signatures are, and empty when it tells no date.
 */
void scan_target_write(const struct scan_target *target, struct buf *out);
bool scan_target_parse(struct slice name, struct scan_target *ret);

#endif
