/*
 * A wrap: account secrets sealed under the key-encryption key (KEK) of one credential. Opening it is the verification; no verifier is
 * stored. docs/keys.md is the format.
 */
#ifndef AUTH_WRAP_H
#define AUTH_WRAP_H

#include "auth/code.h"
#include "auth/secrets.h"
#include "crypt/password.h"

enum wrap_kind { /* stored; the values never change */
	WRAP_PASSWORD = 1,  /* a password that a person chose */
	WRAP_RECOVERY = 2,
	WRAP_APP = 3,
	WRAP_SCRAM = 4,     /* second wrap of a password or app password, under HKDF(ClientKey) */
	WRAP_MANAGED = 5,   /* held by the role `key` */
	WRAP_REMEMBERED = 6, /* in memory only */
	WRAP_SESSION = 7,    /* the token of a session (auth/session.h) */
	WRAP_PASSKEY = 8,    /* the PRF output of a passkey */
	WRAP_CERTIFICATE = 9, /* a client certificate; held by the role `key` like WRAP_MANAGED */
	WRAP_ESCROW = 10,    /* the escrow quorum (auth/escrow.h) */
	WRAP_CONTACT = 12,   /* no wrap: the address of auth/notice_contact.h */
	WRAP_DELEGATE = 11,  /* somebody else, by his own key (auth/delegation.h); no AEAD under a KEK, but a sealed box */
};

#define KEK_SIZE 32
#define WRAP_MAX (SECRETS_ENCODED_MAX + 64)

/* To whom a wrap belongs; authenticated, so that a wrap moved to another row does not open. */
struct wrap_owner {
	uint8_t account[16];
	uint32_t credential;
	enum wrap_kind kind;
};

void wrap_seal(const struct wrap_owner *owner, const uint8_t kek[KEK_SIZE], const struct secrets *secrets, struct buf *out);
/* ERR_DENIED when it does not open (wrong KEK), ERR_DAMAGED for an unknown format. *ret is empty before. */
int wrap_open(const struct wrap_owner *owner, const uint8_t kek[KEK_SIZE], struct slice wrap, struct secrets *ret, struct error *err);

/* The KEKs. `stretched` is the Argon2id result, `pepper` the answer of `key` to wrap_pepper_data. */
void wrap_kek_password(const struct wrap_owner *owner, const uint8_t stretched[PASSWORD_KEY_SIZE], const uint8_t pepper[32],
	uint8_t ret[KEK_SIZE]);
void wrap_kek_code(const struct wrap_owner *owner, const uint8_t code[CODE_SIZE], uint8_t ret[KEK_SIZE]);
/* pepper: of the account (auth/scram_key.h). */
void wrap_kek_scram(const struct wrap_owner *owner, const uint8_t client_key[32], const uint8_t pepper[32], uint8_t ret[KEK_SIZE]);
/* What a former password is told by: comes from its KEK and opens nothing. */
void wrap_password_check(const uint8_t kek[KEK_SIZE], uint8_t ret[32]);
/* prf: 32 bytes that the PRF extension of a passkey gave (W3C WebAuthn Level 3 10.1.4). */
void wrap_kek_prf(const struct wrap_owner *owner, const uint8_t prf[32], uint8_t ret[KEK_SIZE]);
/* What `key` computes the pepper over (label "pepper"): account and credential, 20 bytes. */
#define WRAP_PEPPER_DATA_SIZE 20
void wrap_pepper_data(const struct wrap_owner *owner, uint8_t ret[WRAP_PEPPER_DATA_SIZE]);

#endif
