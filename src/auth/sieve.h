/*
 * The Sieve scripts of accounts: stored with a name, one of them active. Every script is compiled before it is stored; what filter is told of an
 * account whose owner has an active one is store/profile.h.
 */
#ifndef AUTH_SIEVE_H
#define AUTH_SIEVE_H

#include "auth/auth.h"
#include "auth/directory_sieve.h"
#include "auth/login.h"
#include "sieve/sieve.h"

#define SIEVE_SCRIPTS_MAX 32          /* of one account */
#define SIEVE_SCRIPTS_BYTES (160 * 1024) /* of all of them: they travel together (store/profile.h) */

/* All in a change of their own. text (200 bytes at least): why not. */
enum sieve_result scripts_check(struct slice script, struct buf *text);
enum sieve_result scripts_have_space(struct directory *d, const uint8_t account[16], struct slice name, uint64_t bytes, struct buf *text);
enum sieve_result scripts_put(struct directory *d, const uint8_t account[16], struct slice name, struct slice script, int64_t now, struct buf *text);
enum sieve_result scripts_activate(struct directory *d, const uint8_t account[16], struct slice name, struct buf *text);
enum sieve_result scripts_remove(struct directory *d, const uint8_t account[16], struct slice name, struct buf *text);
enum sieve_result scripts_rename(struct directory *d, const uint8_t account[16], struct slice from, struct slice to, struct buf *text);

/* Appends the profile of an account with an active script. ERR_NOT_FOUND: it has none; ERR_LIMIT: it is too long, or another error. */
int scripts_profile(struct directory *d, const struct account *account, struct slice hostname, const uint8_t secret[32], struct arena *arena,
	struct buf *out);
/* About how long that is; 0: there is no active script. */
uint32_t scripts_marked(struct directory *d, const uint8_t account[16]);

#endif
