/* Read receipts (RFC 8098) as JMAP shows them (RFC 9007). */
#ifndef JMAP_MDN_H
#define JMAP_MDN_H

#include "jmap/method.h"

#define JMAP_MDN_FIELDS_MAX 16384   /* bytes of the part that a machine reads */
#define JMAP_MDN_TEXT_MAX 1000000   /* bytes of textBody */

/* The part message/disposition-notification that an MDN object describes. final: its Final-Recipient. False: *ret_bad names a property that is not right. */
bool jmap_mdn_write(const json_t *mdn, struct slice final, struct slice message_id, struct buf *out, const char **ret_bad);
/* An MDN object of what such a part says; NULL: it says no disposition. The caller's. */
json_t *jmap_mdn_read(struct slice part);

#endif
