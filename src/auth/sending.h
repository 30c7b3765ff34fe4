/* What a person may send as, as a fact under the MAC of the boot (store/fact.h): for a sign-in to submission, and for mail that is sent from the mailbox. */
#ifndef AUTH_SENDING_H
#define AUTH_SENDING_H

#include "auth/login.h"

#define SENDING_ADDRESSES_MAX 500
#define SENDING_KEYS_MAX 100       /* keys that sign, of all domains of a sender */
#define SENDING_FACTS_MAX 60000    /* bytes */

/*
 * Appends the sender fact of the account and a recipient fact of the account itself. actor: the delegate who is named in Sender; empty: nobody.
 * *ret_addresses: what the fact says, in the arena. 0, ERR_LIMIT or an error of the directory.
 */
int sending_facts(struct directory *d, const struct account *account, struct slice actor, const struct auth_login_settings *settings, struct arena *arena,
	struct buf *out, struct slice **ret_addresses, size_t *ret_count);

#endif
