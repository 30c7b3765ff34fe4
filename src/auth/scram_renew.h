/* Gives SCRAM keys to a credential that has none yet: made by an older program, or while auth.scram said otherwise. */
#ifndef AUTH_SCRAM_RENEW_H
#define AUTH_SCRAM_RENEW_H

#include "auth/kek.h"
#include "auth/directory.h"

/*
 * In the background, after a sign-in has shown the password and opened the secrets. Does nothing when the credential has keys; failures are
 * tried again with the next sign-in. Copies what it needs; keeps directory and queue by pointer.
 */
void scram_renew(struct directory *d, struct kek_queue *q, const struct account *account, uint32_t credential,
	const struct slice *texts, size_t count, const struct secrets *secrets);

#endif
