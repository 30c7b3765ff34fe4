/*
 * The answer while somebody is away (RFC 8621 8). It is a Sieve script of its own, which first answers and then does what the owner's own active script
 * says (RFC 6609 include), so that both hold; what the client said is kept with the account. Whoever activates another script has ended it.
 *
 * Two properties are our own: insideTextBody (text or null: textBody), what people of the account's own domain are told; insideOnly, whether nobody else is
 * answered. Inside is who the answer goes to, the sender of the envelope: what is for colleagues never leaves the house.
 */
#ifndef JMAP_VACATION_H
#define JMAP_VACATION_H

#include "jmap/sieve.h"

#define JMAP_VACATION_NOTE "jmap.vacation"
#define JMAP_VACATION_SCRIPT "vacation response"
#define JMAP_VACATION_TEXT_MAX 30000 /* bytes of each text */

/* The script of these settings; own: the script that it goes on with, empty: none. */
void jmap_vacation_script(struct jmap_call *call, const json_t *settings, struct slice own, struct buf *out);
/* What is kept: {"isEnabled", "fromDate", …, "own": name of the script that was active}; a new object, empty when there is none. */
json_t *jmap_vacation_load(struct jmap_call *call);
int jmap_vacation_keep(struct jmap_call *call, const json_t *kept);

/* Another text whenever the object is another one. */
void jmap_vacation_state(const json_t *kept, bool active, struct buf *out);

#endif
