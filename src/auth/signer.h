/* What letters of the system are signed with (DKIM): the keys of one of our domains, as a sender fact under the MAC of the boot. */
#ifndef AUTH_SIGNER_H
#define AUTH_SIGNER_H

#include "auth/directory.h"
#include "store/fact.h"

#define SIGNER_FACT_MAX 12000 /* bytes */

/* Appends the keys that sign mail of the domain, as long as there is room for `max` of them. 0 or an error of the directory. */
int signer_keys(struct directory *d, struct slice domain, struct arena *arena, struct sender_fact *sender, size_t max);

/*
 * The domain that a letter of the system is from: `wanted` when it is ours, else the host name's domain or the nearest one above it that is ours;
 * *ret is empty when there is none. Appends its fact: no account, the one address "@domain", its keys. 0, ERR_LIMIT or an error of the directory.
 */
int signer_fact(struct directory *d, struct slice wanted, struct slice hostname, const uint8_t secret[FACT_SECRET_SIZE], struct arena *arena,
	struct buf *out, struct slice *ret);

#endif
