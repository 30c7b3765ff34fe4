/* What an account learns about junk, for store/account*.c only. The public calls stand in store/account.h. */
#ifndef STORE_ACCOUNT_LEARN_H
#define STORE_ACCOUNT_LEARN_H

#include "store/account_internal.h"

/* All of these inside a transaction, and nothing while the host does not let the account learn. */
/* A letter appears in `to`; from: where it was, NULL: nowhere. */
int learn_placed(struct store_account *a, const struct store_mailbox *from, const struct store_mailbox *to, const uint8_t email[16],
                 uint64_t body, struct error *err);
/* Its keywords change: $Junk, $NotJunk. */
int learn_flagged(struct store_account *a, uint64_t before, uint64_t after, const uint8_t email[16], uint64_t body, struct error *err);

/* After the commit: the host is told when there is something to learn. */
void learn_tell(struct store_account *a);
/* At open, not inside: what waits, and whether all is to be forgotten. What is wrong with that keeps nobody from the mail. */
void learn_open(struct store_account *a);
/* Frees what is kept in memory. */
void learn_rest(struct store_account *a);

/* Has the table learnt enough? Then a letter that is filed goes where learn_file says. */
bool learn_speaks(struct store_account *a);
/*
 * texts: of the digest (text_split). *mailbox: where the checks want it, becomes where it goes; out: a header line that says why. A letter
 * that was not judged, or that is meant for a mailbox of its own, stays as it is.
 */
void learn_file(struct store_account *a, struct slice texts, struct slice *mailbox, struct buf *out);

#endif
