/*
 * Accounts that came from another system with a password hash of it (user.import): the hash verifies the password once, the role `key` opens
 * the secrets (auth/managed.h), and then an own wrap under Argon2id takes the place of both. docs/keys.md.
 */
#ifndef AUTH_IMPORTED_H
#define AUTH_IMPORTED_H

#include "auth/directory.h"
#include "auth/kek.h"

/* rc 0: *ret_credential is the account's password from now on; negative: everything is as before. The secrets stay the caller's. */
typedef void imported_fn(void *arg, int rc, uint32_t credential);

/*
 * Gives the account an own wrap of this password, in a new generation, and removes the imported hash and the wrap of `key`. Adds the
 * generation to *secrets, which must live until fn is called. Copies the rest; keeps directory and queue by pointer.
 */
void imported_upgrade(struct directory *d, struct kek_queue *q, const struct account *account, struct password_cost cost, struct slice password,
	bool scram, struct secrets *secrets, int64_t now, imported_fn *fn, void *arg);
/* The same with a copy of the secrets, when nobody waits for it. */
void imported_upgrade_later(struct directory *d, struct kek_queue *q, const struct account *account, struct password_cost cost,
	struct slice password, bool scram, const struct secrets *secrets, int64_t now);

#endif
