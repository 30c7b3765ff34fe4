/*
 * Where letters of the system go for accounts without a mailbox (administrators, officers, auditors, …): an address that the person gave and
 * proved. It is sealed under a key that the role `key` computes for this account, so that neither the directory nor a backup of it names it:
 * auth opens it for the one letter. docs/keys.md is the format.
 */
#ifndef AUTH_NOTICE_CONTACT_H
#define AUTH_NOTICE_CONTACT_H

#include "auth/directory.h"

#define NOTICE_CONTACT_MAX 320      /* bytes of an address */
#define NOTICE_CONTACT_SEALED_MAX 1200

struct notice_contact { /* borrowed from what it was opened into */
	struct slice address;   /* proven; empty: none yet */
	struct slice pending;   /* given, and a code is on its way */
	struct slice challenge; /* of factor/sent.h */
};

/* For managed_kek (auth/managed.h), which gives the key. */
struct wrap_owner notice_contact_owner(const uint8_t account[16]);
void notice_contact_seal(const uint8_t kek[KEK_SIZE], const uint8_t account[16], const struct notice_contact *contact, struct buf *out);
/* Appends the plain text to `room` (wipe it), into which *ret points. ERR_DAMAGED: it does not open. */
int notice_contact_open(const uint8_t kek[KEK_SIZE], const uint8_t account[16], struct slice sealed, struct buf *room, struct notice_contact *ret);

/* proven: an address is. */
int directory_contact_set(struct directory *d, const uint8_t account[16], struct slice sealed, bool proven, int64_t now, struct error *err);
int directory_contact_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct slice *ret_sealed, bool *ret_proven);
int directory_contact_remove(struct directory *d, const uint8_t account[16], struct error *err); /* ERR_NOT_FOUND */

#endif
