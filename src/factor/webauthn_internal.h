/* Parts that registration and assertion share. Not for others. */
#ifndef FACTOR_WEBAUTHN_INTERNAL_H
#define FACTOR_WEBAUTHN_INTERNAL_H

#include "crypt/digest.h"
#include "factor/webauthn.h"

#define WEBAUTHN_RP_ID_MAX 253
#define WEBAUTHN_HASH_SIZE 32

/* Flags of authenticator data (WebAuthn 6.1). */
enum { AUTH_UP = 0x01, AUTH_UV = 0x04, AUTH_BE = 0x08, AUTH_BS = 0x10, AUTH_AT = 0x40, AUTH_ED = 0x80 };

struct authenticator_data {
	uint8_t flags;
	uint32_t counter;
	uint8_t aaguid[16];
	struct slice id, cose_key; /* with AUTH_AT */
	struct slice extensions;   /* with AUTH_ED: one CBOR map */
};

/* Reads it to its end. False: malformed. */
bool webauthn_authenticator_data(struct slice data, struct authenticator_data *ret);

/* Type, challenge and origin (7.1 steps 7 to 11, 7.2 steps 11 to 14). Right: ret_hash is SHA-256 of client_data. */
enum factor_verdict webauthn_client_data(const struct webauthn_site *site, const char *type, struct slice challenge,
	struct slice client_data, uint8_t ret_hash[WEBAUTHN_HASH_SIZE]);

/* rpIdHash and the flags that are demanded. */
bool webauthn_site_fits(const struct webauthn_site *site, struct slice authenticator_data, uint8_t flags, bool user_verification);

/* What libfido2 must be told about extensions, because it compares: FIDO_EXT_… as `mask`, the level of credProtect. */
struct webauthn_extensions {
	int mask, protection;
};
bool webauthn_extensions(struct slice map, struct webauthn_extensions *ret);

#endif
