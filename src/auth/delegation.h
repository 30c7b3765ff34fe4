/*
 * Delegation: somebody else opens a mailbox with his own credentials. A delegation is a credential of the owner (WRAP_DELEGATE) whose wrap is
 * the owner's secrets sealed to the delegate's public key, and a grant of a role over this mailbox that says what the delegate may do
 * and for how long. Without the grant the wrap opens nothing here; without the wrap the grant has no key. docs/keys.md.
 */
#ifndef AUTH_DELEGATION_H
#define AUTH_DELEGATION_H

#include "auth/directory_keys.h"
#include "auth/host.h"

#define DELEGATIONS_MAX 50 /* of one owner, and to one delegate */
#define DELEGATE_ID_SIZE 32 /* an account id in hexadecimal digits */

struct delegation {
	uint32_t credential;
	uint8_t owner[16], delegate[16];
	struct slice wrap;
	int64_t created;
};

void delegation_id_text(const uint8_t account[16], char ret[DELEGATE_ID_SIZE + 1]);
/* Inside a change: a new wrap for the delegate, in place of a former one. ERR_LIMIT: DELEGATIONS_MAX. */
int delegation_add(struct directory *d, const uint8_t owner[16], const struct account *delegate, const struct secrets *owner_secrets, int64_t now,
	uint32_t *ret_credential, struct error *err);
/* Those that the account gave (given), or received. Wraps in the arena. The count or negative. */
int delegation_list(struct directory *d, const uint8_t account[16], bool given, struct arena *arena, struct delegation ret[DELEGATIONS_MAX]);
/* 0, ERR_NOT_FOUND, ERR_IO. */
int delegation_find(struct directory *d, const uint8_t owner[16], const uint8_t delegate[16], struct arena *arena, struct delegation *ret);
/* The owner's secrets. ERR_DENIED: sealed to a key that the delegate lost. */
int delegation_open(const struct delegation *g, const struct secrets *delegate_secrets, struct secrets *ret, struct error *err);
/* Inside a change: the wrap and all grants of the delegate over this mailbox end. */
int delegation_remove(struct directory *d, const struct delegation *g, int64_t now, struct error *err);
/* Inside a change, after the owner's other credentials were replaced: the same delegates get the secrets as they are now. */
int delegation_renew(struct directory *d, const struct delegation *list, size_t count, const struct secrets *owner_secrets, int64_t now,
	struct error *err);
/*
 * What the delegate may do in the mailbox now: bits of class MAIL; 0: nothing. The delegate is active; the owner is active, or has left and
 * was handed over: then nobody sends as the owner any more. 0 or negative.
 */
int delegation_rights(struct directory *d, const struct account *owner, const struct account *delegate, int64_t now, auth_rights *ret);
/* The same for a credential of the owner. *ret 0: it is no delegation, or it holds no more. */
int delegation_rights_of(struct directory *d, const struct account *owner, uint32_t credential, int64_t now, auth_rights *ret, uint8_t ret_delegate[16]);
/* Ends the sessions that the account has in the mailboxes of others. */
void delegation_revoke(struct directory *d, const struct auth_host *host, const uint8_t delegate[16]);
/* Removes delegations whose grant has ended, with their sessions. A change of its own; called every minute and when a grant ends. */
void delegation_sweep(struct directory *d, const struct auth_host *host, int64_t now);

#endif
