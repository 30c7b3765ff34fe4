/*
 * The messages on hold, in a small file beside spool.db: the packs do not say which they are, and a ledger that is made anew must not send what
 * an administrator held back. docs/spool-db.md is the format.
 */
#ifndef QUEUE_HOLDS_H
#define QUEUE_HOLDS_H

#include "queue/ledger_in.h"

#define HOLDS_MAX 100000     /* records in the file; more are not remembered */

/* Writes the file from the rows as they are inside of the transaction; before its commit, so that no answered hold is missing in it. */
int holds_save(struct ledger *l, struct error *err);
/* Holds again what the file names and has a row; inside a transaction. A file that is missing or does not open is none. */
int holds_restore(struct ledger *l, struct error *err);

#endif
