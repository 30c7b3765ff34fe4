/*
 * Calls that must be done once: what was answered to an idempotency key is kept for a day in directory.db, so a call that is repeated after
 * a crash of admin or of the caller is answered from here and not done again. A call that was begun and never ended stays "begun".
 */
#ifndef AUTH_ONCE_H
#define AUTH_ONCE_H

#include "auth/directory.h"
#include "ipc/admin.h"

#define ONCE_KEPT_S 86400
#define ONCE_KEYS_MAX 10000 /* of one subject within a day */
#define ONCE_HASH_SIZE 32

struct once {
	uint64_t row;
	unsigned status;
	struct slice result; /* in the arena; empty: it could be shown only once */
};
/*
 * Takes note of the key, durably, or says what became of it. hash: of the request. ADMIN_ONCE_FRESH fills ret->row, ADMIN_ONCE_DONE status
 * and result; ADMIN_ONCE_REFUSED: too many keys, or the directory cannot be written.
 */
enum admin_once once_begin(struct directory *d, struct slice subject, struct slice key, const uint8_t hash[ONCE_HASH_SIZE], int64_t now,
                           struct arena *arena, struct once *ret);
/* Keeps the outcome. 0 or negative. */
int once_end(struct directory *d, uint64_t row, unsigned status, struct slice result, struct error *err);
/* Nothing was done: the key is as new. 0 or negative. */
int once_forget(struct directory *d, uint64_t row, struct error *err);

#endif
