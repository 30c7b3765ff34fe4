/* Which fields of a message we sign (RFC 6376 5.4.1): what readers see and programs act on. Pure. */
#ifndef TRUST_SIGN_FIELDS_H
#define TRUST_SIGN_FIELDS_H

#include "trust/message.h"

#define SIGN_FIELD_REPEATS_MAX 10  /* fields of one name that are signed; nobody needs more */

/* Appends a colon list for h=. Begins with From, when the message has one; without it nothing is appended. */
void sign_fields_choose(const struct trust_message *m, struct buf *out);

#endif
