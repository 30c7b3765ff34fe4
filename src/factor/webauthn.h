/*
 * The server's side of WebAuthn (W3C Web Authentication Level 2, 7.1 and 7.2) without I/O: registration and assertion of one key.
 * Signatures are checked by libfido2, CBOR is read by libcbor behind a walk that bounds depth and length; clientDataJSON, challenge, origin,
 * rpId, flags and counter are checked here. Algorithms: ES256, EdDSA (Ed25519), RS256. Attestation formats: none and packed; a packed
 * attestation must verify, but who made the authenticator is not judged.
 */
#ifndef FACTOR_WEBAUTHN_H
#define FACTOR_WEBAUTHN_H

#include "base/arena.h"
#include "factor/factor.h"

#define WEBAUTHN_CHALLENGE_SIZE 40
#define WEBAUTHN_ID_MAX 1023                 /* WebAuthn 5.8.3: a credential id */
#define WEBAUTHN_CLIENT_DATA_MAX 4096
#define WEBAUTHN_ATTESTATION_MAX 16384
#define WEBAUTHN_AUTHENTICATOR_DATA_MAX 4096
#define WEBAUTHN_SIGNATURE_MAX 1024
#define WEBAUTHN_STATE_MAX (WEBAUTHN_ID_MAX + 400)
#define WEBAUTHN_PRF_SIZE 32                 /* one result of the PRF extension (Level 3 10.1.4) */

enum webauthn_algorithm { WEBAUTHN_ES256 = -7, WEBAUTHN_EDDSA = -8, WEBAUTHN_RS256 = -257 }; /* COSE (RFC 9053 2) */

/* What this server is for a browser. */
struct webauthn_site {
	struct slice origin; /* "https://mail.example.org" */
	struct slice rp_id;  /* "mail.example.org" */
};

struct webauthn_key {
	enum webauthn_algorithm algorithm;
	struct slice id;         /* credential id */
	struct slice public_key; /* as libfido2 keeps it: x | y (64), Ed25519 (32), or n | e (259) */
	uint32_t counter;        /* 0: the authenticator does not count */
	bool verified;           /* the user was verified at registration */
	bool backed_up;          /* a passkey that is synchronised */
	uint8_t aaguid[16];
};

/*
 * A registration: challenge and site are what this server gave; user_verification: the UV flag is demanded. Right: *ret is the key
 * (slices in `arena`). WRONG when something does not fit, MALFORMED when it cannot be read.
 */
enum factor_verdict webauthn_register(const struct webauthn_site *site, struct slice challenge, struct slice client_data,
	struct slice attestation_object, bool user_verification, struct arena *arena, struct webauthn_key *ret);

/*
 * An assertion of `key`. Right: *ret_counter is the counter to store. REPLAYED: the counter did not rise, so there are two of this
 * authenticator (7.2 step 21). *ret_user_verified (may be NULL): the UV flag.
 */
enum factor_verdict webauthn_assert(const struct webauthn_site *site, struct slice challenge, const struct webauthn_key *key,
	struct slice client_data, struct slice authenticator_data, struct slice signature, bool user_verification, uint32_t *ret_counter,
	bool *ret_user_verified);

/* The challenge inside of clientDataJSON, for a server that finds it by itself; does not check anything else. False: malformed. */
bool webauthn_challenge_of(struct slice client_data, uint8_t ret[WEBAUTHN_CHALLENGE_SIZE]);

/* Storage; the caller seals it. Slices of a decoded key point into `state`. */
void webauthn_encode(const struct webauthn_key *key, struct buf *out);
int webauthn_decode(struct slice state, struct webauthn_key *ret); /* 0 or ERR_DAMAGED */

#endif
