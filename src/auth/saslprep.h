/* SASLprep (RFC 4013): the form of a password that SCRAM computes with (RFC 5802 2.2). */
#ifndef AUTH_SASLPREP_H
#define AUTH_SASLPREP_H

#include "base/buf.h"

/* Loads the tables; before the jail closes. */
void saslprep_warm(void);

/* Appends the prepared form of a stored string; false when there is none (control characters, unassigned code points, mixed directions). */
bool saslprep(struct slice text, struct buf *out);

#endif
