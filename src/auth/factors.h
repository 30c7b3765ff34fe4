/*
 * Second factors of accounts: which ones are asked for, challenges, the check of a proof. The rows of table `factor` hold states sealed
 * with a key that comes from the account's secrets, so the password (or passkey) opens them first. docs/factors.md.
 *
 * The order of a sign-in: the first factor opens the secrets; auth_factors_needed; auth_factors_challenge for kinds that need one;
 * auth_factors_check. Only a 0 of auth_factors_check, or of auth_factors_needed with no kinds and not enforced (or in grace), lets in.
 */
#ifndef AUTH_FACTORS_H
#define AUTH_FACTORS_H

#include <jansson.h>

#include "auth/directory.h"
#include "base/clock.h"
#include "factor/factor.h"

#define FACTORS_MAX 20               /* of one account */
#define FACTOR_CHALLENGE_MS MINUTES_MS(5)
#define FACTOR_CHALLENGES_MAX 20     /* open ones of an account; the oldest go */
#define AUTH_PRF_SALT "bGV0dGVybG9jayBhY2NvdW50IGtleSAgICAgICAgMSA" /* base64url of the 32 bytes that clients evaluate the PRF with */

/* Where the proof comes from: for WebAuthn (W3C WebAuthn 7.1, 7.2). Both empty: no browser, WebAuthn is not possible. */
struct auth_origin {
	struct slice origin; /* "https://mail.example.org", or with a port */
	struct slice rp_id;  /* "mail.example.org", or a parent domain of it */
};

/*
 * Which kinds may answer for this account now (FACTOR_BIT; 0: it has no confirmed factor), whether a policy demands one (role or group),
 * and whether the account has none but is still in its time of grace. Enforced, no kinds and no grace: the person may only
 * register one (factor.*.begin, confirm) and nothing else. 0 or negative (then refuse).
 */
int auth_factors_needed(struct directory *d, const struct account *account, struct moment now, unsigned *ret_kinds, bool *ret_enforced,
	bool *ret_in_grace);

/* 1: the account has a confirmed factor, so SCRAM keys of its password must not exist. 0 or negative. */
int auth_factors_exist(struct directory *d, const uint8_t account[16]);
/*
 * 1: a password that a person chose opens nothing over IMAP, POP3, SMTP and the like, where no second factor can be shown: the account has
 * one, or policy demands one and the time of grace is over. 0 or negative (then refuse).
 */
int auth_factors_bar_password(struct directory *d, const struct account *account, struct moment now);

/* A code that is to be sent: the caller passes it to the gateway. */
struct auth_factor_send {
	uint8_t account[16];
	enum factor_kind kind;      /* FACTOR_MAIL, FACTOR_SMS; 0: nothing is to be sent */
	char to[330];               /* address or number */
	char code[8];               /* digits; wipe after use */
};

/*
 * Makes a challenge: WebAuthn {"challenge","rp_id","credentials":[base64url…],"user_verification","prf_salt"}; list {"number","left"};
 * mail and sms {"id","to":"a***@example.net"} with *ret_send filled. TOTP and codes need none: {}.
 * 0; ERR_NOT_FOUND: no factor of that kind; ERR_LIMIT: too many codes were sent today; ERR_UNSUPPORTED: no origin given.
 */
int auth_factors_challenge(struct directory *d, const struct account *account, const struct secrets *opened, enum factor_kind kind,
	const struct auth_origin *origin, struct moment now, json_t **ret_challenge, struct auth_factor_send *ret_send, struct error *err);

/*
 * Verifies one proof: {"kind":"totp","code"} {"kind":"codes","code"} {"kind":"list","code"} {"kind":"mail"|"sms","id","code"}
 * {"kind":"webauthn","credential","client_data","authenticator_data","signature","prf"?} (base64url; prf makes the key open the account by
 * itself from then on, auth_passkey_open). The new state (last step, counter, spent
 * code) is committed before it returns 0. ERR_DENIED: wrong, replayed, expired or spent (ret_why says which, for the log); ERR_INVALID:
 * malformed; others: temporary. Tries of sent codes and challenges count whatever the result is. Begins a change of its own.
 */
int auth_factors_check(struct directory *d, const struct account *account, const struct secrets *opened, const json_t *proof,
	const struct auth_origin *origin, struct moment now, enum factor_kind *ret_kind, const char **ret_why, struct error *err);

/*
 * Sign-in by passkey alone, for credentials with PRF (W3C WebAuthn Level 3 10.1.4): the challenge needs no account and no secrets; the proof
 * has in addition "prf" (32 bytes) and must have user verification. Opens the secrets; *ret_credential is the credential for the ticket.
 * ERR_DENIED for everything that is not right.
 */
int auth_passkey_challenge(struct directory *d, const struct auth_origin *origin, struct moment now, json_t **ret_challenge,
	struct error *err);
int auth_passkey_open(struct directory *d, const json_t *proof, const struct auth_origin *origin, struct moment now, struct arena *arena,
	struct account *ret_account, struct secrets *ret_secrets, uint32_t *ret_credential, struct error *err);

#endif
