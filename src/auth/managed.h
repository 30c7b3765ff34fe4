/*
 * Secrets that no password opens: of accounts that sign in by another directory (LDAP, OpenID Connect) or by a certificate. They are
 * wrapped under a key that only the role `key` computes, and that is all that protects them: whoever has the directory, the key store
 * and the master key opens them without knowing any password. docs/single-sign-on.md.
 */
#ifndef AUTH_MANAGED_H
#define AUTH_MANAGED_H

#include "auth/directory.h"
#include "auth/host.h"

/* rc 0: the wrap's key, valid during the call; ERR_TEMPORARY: `key` does not answer. */
typedef void managed_kek_fn(void *arg, int rc, const uint8_t *kek);
/* fn is called once, perhaps before this returns. */
void managed_kek(const struct auth_host *host, const struct wrap_owner *owner, managed_kek_fn *fn, void *arg);

/* rc: 0, ERR_NOT_FOUND: the account has no credential of that kind; ERR_TEMPORARY and others. secrets: the callee's, NULL unless rc is
 * 0. */
typedef void managed_open_fn(void *arg, int rc, struct secrets *secrets, uint32_t credential);
/* The secrets of an account, by its WRAP_MANAGED credential, or by the credential with that number (WRAP_CERTIFICATE; 0: the managed
 * one). */
void managed_open(struct directory *d, const struct auth_host *host, const uint8_t account[16], uint32_t credential, managed_open_fn *fn,
	void *arg);

/* Inside a change: a credential of that kind for the secrets, under a KEK that managed_kek gave for it. */
int managed_add(struct directory *d, const struct wrap_owner *owner, const uint8_t kek[KEK_SIZE], struct slice label,
	const struct secrets *secrets,
	int64_t now, struct error *err);

#endif
