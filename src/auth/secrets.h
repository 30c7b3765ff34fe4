/*
 * Account secrets: 32 random bytes per generation. Everything an account needs is derived from them by labelled HKDF; whoever holds a
 * generation's secret reads what was sealed to it. The encoding travels in MAIL_TICKET.secrets and inside wraps. docs/keys.md.
 */
#ifndef AUTH_SECRETS_H
#define AUTH_SECRETS_H

#include "base/buf.h"
#include "base/error.h"

#define SECRET_SIZE 32
#define SECRETS_MAX 256 /* generations of one account */
#define SECRETS_ENCODED_MAX (3 + SECRETS_MAX * (4 + SECRET_SIZE))

struct secrets {
	struct secrets_generation {
		uint32_t generation; /* from 1, rising */
		uint8_t *secret;     /* a cell of the slab (crypt/slab.h) */
	} *items;                    /* oldest first */
	size_t count;
};
#define SECRETS_NONE ((struct secrets){0})

/* Makes generation newest + 1 (or `first` in an empty set). ERR_LIMIT: SECRETS_MAX generations; ERR_TEMPORARY: the slab is full. */
int secrets_add(struct secrets *s, uint32_t first, struct error *err);
void secrets_free(struct secrets *s); /* wipes; any number of times */

/* Use buf_free_secret on the buffer afterwards. */
void secrets_encode(const struct secrets *s, struct buf *out);
/* *ret is empty before. ERR_INVALID, ERR_TEMPORARY (slab full). */
int secrets_decode(struct slice data, struct secrets *ret, struct error *err);

/* NULL when empty. */
const struct secrets_generation *secrets_newest(const struct secrets *s);

/* The X25519 pair that records are sealed to. */
void secrets_pair(const struct secrets_generation *g, uint8_t ret_public[32], uint8_t ret_secret[32]);
/*
 * The raw key of account.db. The database has the key of the generation that was newest when it was made or moved; the reader tries
 * newest first and moves an older one (VACUUM INTO and rename) to the newest. When none fits, the account was reset without its
 * recovery code: set the file aside and begin a new one.
 */
void secrets_database_key(const struct secrets_generation *g, uint8_t ret_key[32]);
/* For the search index and other keyed hashes of the account. */
void secrets_index_key(const struct secrets_generation *g, uint8_t ret_key[32]);

#endif
