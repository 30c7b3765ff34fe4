/* Inside of second factors: sealed states, challenges, one check at work. Not for others. */
#ifndef AUTH_FACTORS_INTERNAL_H
#define AUTH_FACTORS_INTERNAL_H

#include "auth/directory_factor.h"
#include "auth/factors.h"
#include "factor/webauthn.h"

#define FACTOR_TRIES_MAX 10                /* wrong answers in a row, then only keys are looked at for a while */
#define FACTOR_TRIES_S (15 * 60)
#define FACTOR_SENDS_PER_DAY 20            /* codes that an account lets send, wherever to */
#define FACTOR_STATE_MAX 2400
#define FACTOR_CHALLENGE_S (FACTOR_CHALLENGE_MS / 1000)

/* The state of a factor or challenge under a key of the newest generation (factor_open: of the one it was sealed with). docs/factors.md */
struct factor_owner {
	uint8_t account[16];
	enum factor_kind kind;
	uint8_t lookup[FACTOR_LOOKUP_SIZE];
};
void factor_seal(const struct factor_owner *owner, const struct secrets *secrets, struct slice state, struct buf *out);
/* 0, ERR_NOT_FOUND (its generation is gone), ERR_DAMAGED. Wipe the state after use. */
int factor_open(const struct factor_owner *owner, const struct secrets *secrets, struct slice data, struct buf *ret_state);

struct factor_work {
	struct directory *d;
	const struct account *account;
	const struct secrets *secrets;
	const struct auth_origin *origin;
	struct moment now;
	struct arena arena;
	const json_t *proof;
	struct error *err;
};
struct factor_owner factor_owner_of(const struct directory_factor *f);
/* Text member of the proof; empty when there is none. */
struct slice factor_text(const json_t *object, const char *name);
/* base64url member as bytes in the arena; false: missing, too long or malformed. */
bool factor_bytes(const json_t *object, const char *name, size_t max, struct arena *arena, struct slice *ret);
/* Confirmed factors of a kind; the count or negative. */
int factor_load(struct factor_work *w, enum factor_kind kind, struct directory_factor *ret);
/* Inside a change: the new state, and confirmed and used of f. */
int factor_store(struct factor_work *w, struct directory_factor *f, struct slice state);

/* Challenges of WebAuthn need no memory: a nonce, its end and a MAC over these, the purpose and the account. */
enum challenge_purpose { CHALLENGE_REGISTER = 1, CHALLENGE_ASSERT = 2, CHALLENGE_PASSKEY = 3 };
void factor_challenge_make(struct directory *d, enum challenge_purpose purpose, const uint8_t account[16], struct moment now,
	uint8_t ret[WEBAUTHN_CHALLENGE_SIZE]);
/* Inside a change: is it ours and in time? Then it is used up. */
enum factor_verdict factor_challenge_use(struct directory *d, enum challenge_purpose purpose, const uint8_t account[16],
	const uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE], struct moment now, struct error *err);

json_t *factor_base64url(struct slice bytes);

void factor_key_lookup(struct directory *d, struct slice credential_id, uint8_t ret[FACTOR_LOOKUP_SIZE]);
/* WebAuthn members of a proof, and the assertion against an opened key. */
struct webauthn_proof {
	struct slice id, client_data, authenticator_data, signature;
	uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE];
};
bool factor_read_assertion(const json_t *proof, struct arena *arena, struct webauthn_proof *ret);

/* Inside a change: the code of a challenge that was sent ("id", "code" of the proof). */
int factor_check_sent(struct factor_work *w, enum factor_kind kind, enum factor_verdict *ret);
/* Inside a change: a code to `to`, and the challenge that waits for it; one that was sent before counts no more. ret_id: hexadecimal digits. ERR_LIMIT: FACTOR_SENDS_PER_DAY. */
int factor_send(struct factor_work *w, enum factor_kind kind, uint32_t factor, struct slice to, char ret_id[2 * FACTOR_CHALLENGE_SIZE + 1],
	struct auth_factor_send *ret_send);

/* Inside a change: a passkey's wrap of the secrets, unless it has one. prf: WEBAUTHN_PRF_SIZE bytes. */
int factor_passkey_add(struct directory *d, const struct directory_factor *f, const struct secrets *secrets, const uint8_t *prf, int64_t now,
	struct error *err);
int factor_passkey_remove(struct directory *d, const struct directory_factor *f, struct arena *arena, struct error *err);

#endif
