/*
 * What auth remembers of the last minutes, so that a reconnecting client costs no Argon2id: for each right password a wrap of the secrets
 * under a hash of the password keyed with a random secret of this process, for each wrong one only that it is wrong. Without the password
 * none of it opens.
 */
#ifndef AUTH_REMEMBER_H
#define AUTH_REMEMBER_H

#include "auth/secrets.h"
#include "auth/wrap.h"
#include "base/clock.h"

#define REMEMBER_MAX 20000
#define REMEMBER_MS MINUTES_MS(10)

struct remember;

struct remember *remember_create(void);
void remember_destroy(struct remember **r);

enum remembered { REMEMBERED_NOT, REMEMBERED_RIGHT, REMEMBERED_WRONG };
/* owner: account and credential of the password (both zero for unknown names, then `name` tells them apart). */
enum remembered remember_find(struct remember *r, const struct wrap_owner *owner, struct slice name, struct slice password,
	struct moment now,
                              struct secrets *ret);
/* secrets NULL: the password is wrong. */
void remember_put(struct remember *r, const struct wrap_owner *owner, struct slice name, struct slice password, struct moment now,
                  const struct secrets *secrets);

#endif
