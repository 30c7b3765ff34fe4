/*
 * One-time sign-in: who has shown the password at this machine gets a text by which a browser signs in, once, within LINK_S. Kept in
 * memory only, with the account's secrets wrapped under the text itself, so that nothing here opens an account.
 */
#ifndef AUTH_LINK_H
#define AUTH_LINK_H

#include "auth/secrets.h"
#include "base/clock.h"

#define LINK_S 60
#define LINKS_MAX 100     /* open at once: the oldest gives way */
#define LINK_TEXT_SIZE 43 /* characters: 32 bytes in base64url */

struct links;

struct links *links_create(void);
void links_destroy(struct links **links);

/* proven: AUTH_PROVEN_…; wipe the text after use. */
void links_make(struct links *l, const uint8_t account[16], const struct secrets *secrets, unsigned proven, struct moment now,
	char ret_text[LINK_TEXT_SIZE + 1]);
/* It works once. ERR_DENIED for everything that is not right. *ret_secrets is empty before. */
int links_use(struct links *l, struct slice text, struct moment now, uint8_t ret_account[16], struct secrets *ret_secrets,
	unsigned *ret_proven);

#endif
