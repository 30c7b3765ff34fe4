/*
 * directory.db: second factors, open challenges, former passwords, imported hashes. Tables: auth/directory_schema.h; what is sealed:
 * auth/factors.h. Texts lie in the arena that was given; changes happen inside of directory_begin and directory_commit.
 */
#ifndef AUTH_DIRECTORY_FACTOR_H
#define AUTH_DIRECTORY_FACTOR_H

#include "auth/directory.h"
#include "factor/factor.h"

#define FACTOR_LOOKUP_SIZE 16
#define FACTOR_CHALLENGE_SIZE 16
#define FACTOR_DATA_MAX 3000

struct directory_factor {
	uint32_t id;
	uint8_t account[16];
	enum factor_kind kind;
	struct slice label;
	uint8_t lookup[FACTOR_LOOKUP_SIZE]; /* keyed hash of a credential id; else random */
	struct slice data;                  /* sealed state */
	int64_t confirmed, created, used;   /* unix seconds; 0: not yet */
};
int directory_factor_add(struct directory *d, const struct directory_factor *f, uint32_t *ret_id, struct error *err); /* ERR_EXISTS: lookup */
int directory_factor_get(struct directory *d, const uint8_t account[16], uint32_t id, struct arena *arena, struct directory_factor *ret);
int directory_factor_find(struct directory *d, const uint8_t lookup[FACTOR_LOOKUP_SIZE], struct arena *arena, struct directory_factor *ret);
/* kind 0: all; the oldest first. */
int directory_factor_list(struct directory *d, const uint8_t account[16], unsigned kind, struct arena *arena, struct directory_factor *ret,
	size_t max);
/* data, confirmed and used of the row with f->id. */
int directory_factor_set(struct directory *d, const struct directory_factor *f, struct error *err);
int directory_factor_remove(struct directory *d, const uint8_t account[16], uint32_t id, struct error *err); /* ERR_NOT_FOUND */
int directory_factor_remove_kinds(struct directory *d, const uint8_t account[16], unsigned kinds, struct error *err); /* FACTOR_BIT */
/* The kinds of the confirmed ones as FACTOR_BIT; negative on failure. */
int directory_factor_kinds(struct directory *d, const uint8_t account[16]);

/* A challenge that waits for its answer, or (kind WebAuthn) one that was answered. */
struct directory_challenge {
	uint8_t id[FACTOR_CHALLENGE_SIZE];
	uint8_t account[16];
	enum factor_kind kind;
	uint32_t factor;
	struct slice data; /* sealed state */
	int64_t ends;      /* unix seconds */
};
int directory_challenge_add(struct directory *d, const struct directory_challenge *c, struct error *err); /* ERR_EXISTS */
int directory_challenge_get(struct directory *d, const uint8_t account[16], const uint8_t id[FACTOR_CHALLENGE_SIZE], struct arena *arena,
	struct directory_challenge *ret);
/* Empty data: it is removed. */
int directory_challenge_set(struct directory *d, const uint8_t id[FACTOR_CHALLENGE_SIZE], struct slice data, struct error *err);
/* Removes what has ended, and of the account's the oldest above `keep`. */
int directory_challenge_expire(struct directory *d, const uint8_t account[16], int64_t now, unsigned keep, struct error *err);

/* Wrong answers in a row: how many, and since when (unix seconds). Both 0: none. */
int directory_factor_tries(struct directory *d, const uint8_t account[16], uint32_t *ret_count, int64_t *ret_since);
int directory_factor_tries_set(struct directory *d, const uint8_t account[16], uint32_t count, int64_t since, struct error *err); /* 0: none */

/* Counts one more code that is sent on that day (since 1970). ERR_LIMIT: there were max. */
int directory_factor_sent(struct directory *d, const uint8_t account[16], uint32_t day, uint32_t max, struct error *err);

/* Removes the SCRAM keys of the account's password. */
int directory_scram_forget_account(struct directory *d, const uint8_t account[16], struct error *err);

/* Former passwords, the newest first: salt, cost and a check value that only the stretched and peppered password gives. */
#define PASSWORD_CHECK_SIZE 32
struct directory_password {
	uint32_t credential;
	uint8_t salt[PASSWORD_SALT_SIZE];
	struct password_cost cost;
	uint8_t check[PASSWORD_CHECK_SIZE];
};
int directory_history_add(struct directory *d, const uint8_t account[16], const struct directory_password *p, int64_t now, struct error *err);
int directory_history_list(struct directory *d, const uint8_t account[16], struct directory_password *ret, size_t max);
int directory_history_trim(struct directory *d, const uint8_t account[16], unsigned keep, struct error *err);

/* The password hash of another system; goes with the first sign-in. */
int directory_imported_set(struct directory *d, const uint8_t account[16], struct slice hash, int64_t now, struct error *err);
int directory_imported_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct slice *ret); /* ERR_NOT_FOUND */
int directory_imported_remove(struct directory *d, const uint8_t account[16], struct error *err);

/* Is the address a direct member of the group? 1, 0 or negative. */
int directory_is_member(struct directory *d, const struct address *group, struct slice member);

#endif
