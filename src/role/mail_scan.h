/*
 * Attachments are looked at again before they are opened: what came in clean under the signatures of its day is asked of `scan` with those of today
 * (docs/malware.md). What scanners said of a blob stays known until their signatures are renewed, so that a page of twenty pictures is shown to them once.
 */
#ifndef ROLE_MAIL_SCAN_H
#define ROLE_MAIL_SCAN_H

#include "jmap/blob.h"
#include "role/mail_http.h"

#define MAIL_SCAN_RUNNING_MAX 4            /* blobs that are read and shown at a time; the others wait */
#define MAIL_SCAN_KNOWN_MAX 4096           /* blobs of which it is known what scanners say; the oldest makes room */
#define MAIL_SCAN_BYTES_MAX (512u << 20)   /* of a blob; a larger one is shown to nobody (unscanned) */
#define MAIL_SCAN_STATE_MS 30000           /* how long the date of the signatures is taken as known ... */
#define MAIL_SCAN_AWAY_MS 5000             /* ... and that no scanner is there */
#define MAIL_SCAN_UNDATED_S 3600           /* signatures without a date count as renewed this often */

enum mail_scan_verdict {
	MAIL_SCAN_GO,
	MAIL_SCAN_MALWARE,    /* refused; the event malware.opened was told */
	MAIL_SCAN_UNSCANNED,  /* nobody could look, and malware.actions refuses that */
	MAIL_SCAN_BUSY,       /* it could not be read now */
};
/* What a client is told of the last three: "malware", "unscanned", "busy"; and with which code of HTTP. */
const char *mail_scan_verdict_name(enum mail_scan_verdict verdict);
unsigned mail_scan_verdict_status(enum mail_scan_verdict verdict);

typedef void mail_scan_fn(void *arg, enum mail_scan_verdict verdict);
/* fn is called once, perhaps from inside; the sign-in stays until then. What was uploaded is looked at too: it may have been copied out of a letter. */
void mail_scan(struct mail_http *p, const struct jmap_blob *blob, mail_scan_fn *fn, void *arg);

/*
 * Likewise of bytes that were opened already: what is inside of a confidential letter. id names them within the account; document: a memory file, sealed, of
 * size bytes, of which a descriptor of its own is kept.
 */
void mail_scan_document(struct mail_http *p, struct slice id, int document, uint64_t size, mail_scan_fn *fn, void *arg);

/* For Blob/get. */
void mail_scan_host(struct jmap_host *host);
/* Once, at the start of the role. */
void mail_scan_setup(struct mail_role *m);

#endif
