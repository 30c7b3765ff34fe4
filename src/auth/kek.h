/*
 * From a password to the KEK of its wrap: Argon2id on the pool, then the pepper from `key`; and to its SCRAM keys: PBKDF2 on the pool. At
 * most cores - 1 at once, the newest request first, each with a deadline: under a storm some people get in, instead of everybody waiting
 * for ever.
 */
#ifndef AUTH_KEK_H
#define AUTH_KEK_H

#include "auth/host.h"
#include "auth/scram_key.h"
#include "factor/foreign.h"

#define KEK_WAITING_MAX 1000
#define KEK_DEADLINE_MS 15000 /* less than an edge waits for a sign-in */

struct kek_queue;

struct kek_request {
	struct wrap_owner owner;
	uint8_t salt[PASSWORD_SALT_SIZE];
	struct password_cost cost;
	struct slice password; /* copied, at most PASSWORD_MAX; empty: no KEK is wanted */
	struct slice foreign;  /* copied, at most FOREIGN_HASH_MAX; then only this hash of another system is verified, nothing is derived */
	struct slice texts[SCRAM_TEXTS_MAX]; /* copied, at most PASSWORD_MAX each: SCRAM keys are wanted of these */
	size_t text_count;
	uint8_t scram_salt[SCRAM_SALT_SIZE];
};

struct kek_result {
	uint8_t kek[KEK_SIZE];
	struct scram_material scram[SCRAM_TEXTS_MAX];
	size_t scram_count;
	uint8_t scram_pepper[SCRAM_PEPPER_SIZE]; /* of the account, when scram_count > 0 */
};

/* rc 0 and the result (wiped after the call), ERR_DENIED (the foreign hash does not fit) or ERR_TEMPORARY. Called once, never from inside kek_start. */
typedef void kek_fn(void *arg, int rc, const struct kek_result *result);

/* parallel: at least 1. */
struct kek_queue *kek_queue_create(const struct auth_host *host, unsigned parallel);
void kek_queue_destroy(struct kek_queue **q); /* nothing may be running */
void kek_start(struct kek_queue *q, const struct kek_request *request, kek_fn *fn, void *arg);
unsigned kek_waiting(const struct kek_queue *q);

#endif
