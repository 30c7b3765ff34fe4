#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>

#include "factor/webauthn_internal.h"

/* libfido2 hashes Ed25519 input in a buffer of 1,024 bytes. */
#define EDDSA_DATA_MAX (1024 - WEBAUTHN_HASH_SIZE)

static bool verify_es256(const fido_assert_t *assertion, struct slice key)
{
	es256_pk_t *pk = es256_pk_new();
	bool ok = pk != NULL && es256_pk_from_ptr(pk, key.p, key.n) == FIDO_OK && fido_assert_verify(assertion, 0, COSE_ES256, pk) == FIDO_OK;
	es256_pk_free(&pk);
	return ok;
}

static bool verify_eddsa(const fido_assert_t *assertion, struct slice key)
{
	eddsa_pk_t *pk = eddsa_pk_new();
	bool ok = pk != NULL && eddsa_pk_from_ptr(pk, key.p, key.n) == FIDO_OK && fido_assert_verify(assertion, 0, COSE_EDDSA, pk) == FIDO_OK;
	eddsa_pk_free(&pk);
	return ok;
}

static bool verify_rs256(const fido_assert_t *assertion, struct slice key)
{
	rs256_pk_t *pk = rs256_pk_new();
	bool ok = pk != NULL && rs256_pk_from_ptr(pk, key.p, key.n) == FIDO_OK && fido_assert_verify(assertion, 0, COSE_RS256, pk) == FIDO_OK;
	rs256_pk_free(&pk);
	return ok;
}

static bool verify_signature(const fido_assert_t *assertion, const struct webauthn_key *key, struct slice data)
{
	switch (key->algorithm) {
	case WEBAUTHN_ES256:
		return verify_es256(assertion, key->public_key);
	case WEBAUTHN_EDDSA:
		return data.n <= EDDSA_DATA_MAX && verify_eddsa(assertion, key->public_key);
	case WEBAUTHN_RS256:
		return verify_rs256(assertion, key->public_key);
	}
	return false;
}

static bool fill(fido_assert_t *assertion, const struct webauthn_site *site, const uint8_t hash[WEBAUTHN_HASH_SIZE], struct slice data,
	const struct authenticator_data *d, struct slice signature)
{
	struct webauthn_extensions extensions;
	struct arena arena = ARENA_INIT;
	bool ok = webauthn_extensions(d->extensions, &extensions)
		&& fido_assert_set_clientdata_hash(assertion, hash, WEBAUTHN_HASH_SIZE) == FIDO_OK
		&& fido_assert_set_rp(assertion, arena_dup_str(&arena, site->rp_id)) == FIDO_OK && fido_assert_set_count(assertion, 1) == FIDO_OK
		&& fido_assert_set_authdata_raw(assertion, 0, data.p, data.n) == FIDO_OK
		&& fido_assert_set_extensions(assertion, extensions.mask) == FIDO_OK
		&& fido_assert_set_sig(assertion, 0, signature.p, signature.n) == FIDO_OK
		&& fido_assert_set_up(assertion, FIDO_OPT_TRUE) == FIDO_OK;
	arena_free(&arena);
	return ok;
}

/* 7.2 step 21: authenticators without a counter say 0 for ever; one that counts must go on. */
static bool counter_rises(uint32_t stored, uint32_t shown)
{
	return (stored == 0 && shown == 0) || shown > stored;
}

enum factor_verdict webauthn_assert(const struct webauthn_site *site, struct slice challenge, const struct webauthn_key *key,
	struct slice client_data, struct slice authenticator_data, struct slice signature, bool user_verification, uint32_t *ret_counter,
	bool *ret_user_verified)
{
	uint8_t hash[WEBAUTHN_HASH_SIZE];
	struct authenticator_data d;
	fido_assert_t *assertion = NULL;
	enum factor_verdict verdict = webauthn_client_data(site, "webauthn.get", challenge, client_data, hash);
	if (verdict != FACTOR_RIGHT)
		return verdict;
	if (site->rp_id.n > WEBAUTHN_RP_ID_MAX || !webauthn_authenticator_data(authenticator_data, &d) || signature.n == 0
	    || signature.n > WEBAUTHN_SIGNATURE_MAX)
		return FACTOR_MALFORMED;
	if (!webauthn_site_fits(site, authenticator_data, d.flags, user_verification))
		return FACTOR_WRONG;
	verdict = FACTOR_MALFORMED;
	assertion = fido_assert_new();
	if (assertion == NULL || !fill(assertion, site, hash, authenticator_data, &d, signature))
		goto out;
	verdict = FACTOR_WRONG;
	if (!verify_signature(assertion, key, authenticator_data))
		goto out;
	verdict = counter_rises(key->counter, d.counter) ? FACTOR_RIGHT : FACTOR_REPLAYED;
	if (verdict == FACTOR_RIGHT)
		*ret_counter = d.counter;
	if (verdict == FACTOR_RIGHT && ret_user_verified != NULL)
		*ret_user_verified = (d.flags & AUTH_UV) != 0;
out:
	fido_assert_free(&assertion);
	return verdict;
}
