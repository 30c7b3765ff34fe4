#include <cbor.h>
#include <fido.h>
#include <stdlib.h>
#include <string.h>

#include "factor/cbor_walk.h"
#include "factor/webauthn_internal.h"

#define FORMAT_MAX 32

struct attestation {
	struct slice format, authenticator_data;
	struct slice statement; /* CBOR of attStmt */
	bool statement_empty;
	int algorithm; /* "alg" of the statement; 0: not there */
};

/* ---- attestationObject (WebAuthn 6.5.4) ---- */

static struct slice bytes_of(const cbor_item_t *item, struct arena *arena)
{
	return cbor_isa_bytestring(item) ? arena_dup(arena, slice_make(cbor_bytestring_handle(item), cbor_bytestring_length(item))) : SLICE_NONE;
}

static struct slice text_of(const cbor_item_t *item, struct arena *arena)
{
	return cbor_isa_string(item) ? arena_dup(arena, slice_make(cbor_string_handle(item), cbor_string_length(item))) : SLICE_NONE;
}

static int integer_of(const cbor_item_t *item)
{
	return cbor_isa_negint(item) && cbor_get_int(item) < 1000 ? -1 - (int)cbor_get_int(item) : 0;
}

static void take_statement(cbor_item_t *item, struct arena *arena, struct attestation *ret)
{
	for (size_t i = 0; cbor_isa_map(item) && i < cbor_map_size(item); i++)
		if (slice_eq(text_of(cbor_map_handle(item)[i].key, arena), SLICE("alg")))
			ret->algorithm = integer_of(cbor_map_handle(item)[i].value);
	unsigned char *p = NULL;
	size_t room = 0, size = cbor_isa_map(item) ? cbor_serialize_alloc(item, &p, &room) : 0;
	ret->statement = arena_dup(arena, slice_make(p, size));
	ret->statement_empty = cbor_isa_map(item) && cbor_map_size(item) == 0;
	free(p);
}

static void take_pair(const struct cbor_pair *pair, struct arena *arena, struct attestation *ret)
{
	struct slice name = text_of(pair->key, arena);
	if (slice_eq(name, SLICE("fmt")))
		ret->format = text_of(pair->value, arena);
	else if (slice_eq(name, SLICE("authData")))
		ret->authenticator_data = bytes_of(pair->value, arena);
	else if (slice_eq(name, SLICE("attStmt")))
		take_statement(pair->value, arena, ret);
}

static bool parse_attestation(struct slice object, struct arena *arena, struct attestation *ret)
{
	struct cbor_load_result result;
	*ret = (struct attestation){0};
	if (object.n == 0 || object.n > WEBAUTHN_ATTESTATION_MAX || cbor_first_size(object) != object.n)
		return false;
	cbor_item_t *item = cbor_load(object.p, object.n, &result);
	if (item == NULL)
		return false;
	for (size_t i = 0; cbor_isa_map(item) && i < cbor_map_size(item); i++)
		take_pair(&cbor_map_handle(item)[i], arena, ret);
	cbor_decref(&item);
	return ret->format.n > 0 && ret->format.n <= FORMAT_MAX && ret->authenticator_data.n > 0 && ret->statement.n > 0;
}

/* ---- the key ---- */

/* Label 3 of a COSE key (RFC 9052 7.1); 0: none that is supported. */
static int algorithm_of(const cbor_item_t *map)
{
	for (size_t i = 0; cbor_isa_map(map) && i < cbor_map_size(map); i++) {
		const struct cbor_pair *pair = &cbor_map_handle(map)[i];
		if (!cbor_isa_uint(pair->key) || cbor_get_int(pair->key) != 3)
			continue;
		int algorithm = integer_of(pair->value);
		if (algorithm == WEBAUTHN_ES256 || algorithm == WEBAUTHN_EDDSA || algorithm == WEBAUTHN_RS256)
			return algorithm;
	}
	return 0;
}

static int key_algorithm(struct slice cose_key)
{
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(cose_key.p, cose_key.n, &result);
	if (item == NULL)
		return 0;
	int algorithm = algorithm_of(item);
	cbor_decref(&item);
	return algorithm;
}

/* Everything but the attestation statement, so that libfido2 reads the key. */
static bool fill(fido_cred_t *cred, const struct webauthn_site *site, const struct attestation *a, const struct authenticator_data *d,
	int algorithm, const uint8_t hash[WEBAUTHN_HASH_SIZE], struct arena *arena)
{
	struct webauthn_extensions extensions;
	const char *rp_id = arena_dup_str(arena, site->rp_id), *format = arena_dup_str(arena, a->format);
	return webauthn_extensions(d->extensions, &extensions) && fido_cred_set_type(cred, algorithm) == FIDO_OK
		&& fido_cred_set_clientdata_hash(cred, hash, WEBAUTHN_HASH_SIZE) == FIDO_OK && fido_cred_set_rp(cred, rp_id, rp_id) == FIDO_OK
		&& (slice_eq(a->format, SLICE("none")) || fido_cred_set_fmt(cred, format) == FIDO_OK)
		&& fido_cred_set_authdata_raw(cred, a->authenticator_data.p, a->authenticator_data.n) == FIDO_OK
		&& fido_cred_set_extensions(cred, extensions.mask) == FIDO_OK
		&& (extensions.protection == 0 || fido_cred_set_prot(cred, extensions.protection) == FIDO_OK);
}

/* WebAuthn 8.2 (packed) and 8.7 (none). */
static bool attested(fido_cred_t *cred, const struct attestation *a, int algorithm)
{
	if (slice_eq(a->format, SLICE("none")))
		return a->statement_empty;
	if (!slice_eq(a->format, SLICE("packed")) || fido_cred_set_attstmt(cred, a->statement.p, a->statement.n) != FIDO_OK)
		return false;
	if (fido_cred_x5c_ptr(cred) != NULL)
		return a->algorithm != 0 && fido_cred_verify(cred) == FIDO_OK;
	return a->algorithm == algorithm && fido_cred_verify_self(cred) == FIDO_OK;
}

static void take_key(const fido_cred_t *cred, const struct authenticator_data *d, int algorithm, struct arena *arena,
	struct webauthn_key *ret)
{
	*ret = (struct webauthn_key){
		.algorithm = (enum webauthn_algorithm)algorithm, .id = arena_dup(arena, d->id), .counter = d->counter,
		.verified = (d->flags & AUTH_UV) != 0, .backed_up = (d->flags & AUTH_BS) != 0,
		.public_key = arena_dup(arena, slice_make(fido_cred_pubkey_ptr(cred), fido_cred_pubkey_len(cred))),
	};
	memcpy(ret->aaguid, d->aaguid, sizeof ret->aaguid);
}

enum factor_verdict webauthn_register(const struct webauthn_site *site, struct slice challenge, struct slice client_data,
	struct slice attestation_object, bool user_verification, struct arena *arena, struct webauthn_key *ret)
{
	uint8_t hash[WEBAUTHN_HASH_SIZE];
	struct attestation a;
	struct authenticator_data d;
	fido_cred_t *cred = NULL;
	enum factor_verdict verdict = webauthn_client_data(site, "webauthn.create", challenge, client_data, hash);
	if (verdict != FACTOR_RIGHT)
		return verdict;
	if (site->rp_id.n > WEBAUTHN_RP_ID_MAX || !parse_attestation(attestation_object, arena, &a)
	    || !webauthn_authenticator_data(a.authenticator_data, &d) || (d.flags & AUTH_AT) == 0)
		return FACTOR_MALFORMED;
	int algorithm = key_algorithm(d.cose_key);
	if (algorithm == 0 || !webauthn_site_fits(site, a.authenticator_data, d.flags, user_verification))
		return FACTOR_WRONG;
	verdict = FACTOR_MALFORMED;
	cred = fido_cred_new();
	if (cred == NULL || !fill(cred, site, &a, &d, algorithm, hash, arena) || fido_cred_pubkey_ptr(cred) == NULL)
		goto out;
	verdict = FACTOR_WRONG;
	if (!attested(cred, &a, algorithm))
		goto out;
	take_key(cred, &d, algorithm, arena, ret);
	verdict = FACTOR_RIGHT;
out:
	fido_cred_free(&cred);
	return verdict;
}
