#include <cbor.h>
#include <fido.h>
#include <jansson.h>
#include <string.h>

#include "base/codec.h"
#include "base/endian.h"
#include "base/error.h"
#include "crypt/crypt.h"
#include "factor/cbor_walk.h"
#include "factor/webauthn_internal.h"

#define STATE_VERSION 1
#define HEAD_SIZE 37 /* rpIdHash, flags, counter */

/* ---- clientDataJSON ---- */

static struct slice member(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

static json_t *load(struct slice client_data)
{
	if (client_data.n == 0 || client_data.n > WEBAUTHN_CLIENT_DATA_MAX)
		return NULL;
	json_t *object = json_loadb((const char *)client_data.p, client_data.n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static bool challenge_fits(struct slice text, struct slice challenge)
{
	struct buf b = BUF_INIT(WEBAUTHN_CLIENT_DATA_MAX);
	bool fits = base64url_decode_strict(text, &b) == 0 && buf_len(&b) == challenge.n && challenge.n > 0
		&& secret_equal(buf_slice(&b).p, challenge.p, challenge.n);
	buf_free(&b);
	return fits;
}

enum factor_verdict webauthn_client_data(const struct webauthn_site *site, const char *type, struct slice challenge,
	struct slice client_data, uint8_t ret_hash[WEBAUTHN_HASH_SIZE])
{
	uint8_t hash[DIGEST_MAX];
	json_t *object = load(client_data);
	if (object == NULL)
		return FACTOR_MALFORMED;
	/* A page of ours in somebody else's frame may not ask for a key. */
	bool fits = slice_eq(member(object, "type"), slice_str(type)) && challenge_fits(member(object, "challenge"), challenge)
		&& site->origin.n > 0 && slice_eq(member(object, "origin"), site->origin)
		&& !json_is_true(json_object_get(object, "crossOrigin")) && json_object_get(object, "topOrigin") == NULL;
	json_decref(object);
	digest_compute(DIGEST_SHA256, client_data, hash);
	memcpy(ret_hash, hash, WEBAUTHN_HASH_SIZE);
	return fits ? FACTOR_RIGHT : FACTOR_WRONG;
}

bool webauthn_challenge_of(struct slice client_data, uint8_t ret[WEBAUTHN_CHALLENGE_SIZE])
{
	struct buf b = BUF_INIT(WEBAUTHN_CLIENT_DATA_MAX);
	json_t *object = load(client_data);
	bool ok = object != NULL && base64url_decode_strict(member(object, "challenge"), &b) == 0 && buf_len(&b) == WEBAUTHN_CHALLENGE_SIZE;
	if (ok)
		memcpy(ret, buf_slice(&b).p, WEBAUTHN_CHALLENGE_SIZE);
	buf_free(&b);
	json_decref(object);
	return ok;
}

/* ---- authenticator data ---- */

static bool take_credential(struct slice *rest, struct authenticator_data *ret)
{
	uint16_t size = 0;
	if (!slice_get_fixed(rest, ret->aaguid, sizeof ret->aaguid) || !slice_get_u16(rest, &size) || size == 0 || size > WEBAUTHN_ID_MAX
	    || size > rest->n)
		return false;
	ret->id = slice_sub(*rest, 0, size);
	*rest = slice_from(*rest, size);
	size_t key = cbor_first_size(*rest);
	ret->cose_key = slice_sub(*rest, 0, key);
	*rest = slice_from(*rest, key);
	return key > 0;
}

bool webauthn_authenticator_data(struct slice data, struct authenticator_data *ret)
{
	*ret = (struct authenticator_data){0};
	if (data.n < HEAD_SIZE || data.n > WEBAUTHN_AUTHENTICATOR_DATA_MAX)
		return false;
	ret->flags = data.p[WEBAUTHN_HASH_SIZE];
	ret->counter = get_u32(data.p + WEBAUTHN_HASH_SIZE + 1);
	struct slice rest = slice_from(data, HEAD_SIZE);
	if ((ret->flags & AUTH_AT) != 0 && !take_credential(&rest, ret))
		return false;
	if ((ret->flags & AUTH_ED) == 0)
		return rest.n == 0;
	ret->extensions = rest;
	return rest.n > 0 && cbor_first_size(rest) == rest.n;
}

bool webauthn_site_fits(const struct webauthn_site *site, struct slice authenticator_data, uint8_t flags, bool user_verification)
{
	uint8_t hash[DIGEST_MAX];
	digest_compute(DIGEST_SHA256, site->rp_id, hash);
	if (site->rp_id.n == 0 || memcmp(hash, authenticator_data.p, WEBAUTHN_HASH_SIZE) != 0 || (flags & AUTH_UP) == 0)
		return false;
	/* What is backed up must be eligible for it (WebAuthn Level 3 6.1.3). */
	if ((flags & AUTH_BS) != 0 && (flags & AUTH_BE) == 0)
		return false;
	return !user_verification || (flags & AUTH_UV) != 0;
}

static bool text_is(const cbor_item_t *item, const char *name)
{
	return cbor_isa_string(item) && cbor_string_is_definite(item)
		&& slice_eq(slice_make(cbor_string_handle(item), cbor_string_length(item)), slice_str(name));
}

/* At registration hmac-secret is a boolean, at an assertion a byte string; credProtect exists at registration only. */
static bool note_extension(const struct cbor_pair *pair, struct webauthn_extensions *ret)
{
	if (text_is(pair->key, "hmac-secret")) {
		bool off = cbor_isa_float_ctrl(pair->value) && cbor_is_bool(pair->value) && !cbor_get_bool(pair->value);
		ret->mask |= off ? 0 : FIDO_EXT_HMAC_SECRET;
	} else if (text_is(pair->key, "credProtect")) {
		if (!cbor_isa_uint(pair->value) || cbor_int_get_width(pair->value) != CBOR_INT_8)
			return false;
		ret->protection = cbor_get_uint8(pair->value);
	}
	return true;
}

bool webauthn_extensions(struct slice map, struct webauthn_extensions *ret)
{
	struct cbor_load_result result;
	*ret = (struct webauthn_extensions){0};
	if (map.n == 0)
		return true;
	cbor_item_t *item = cbor_load(map.p, map.n, &result);
	bool ok = item != NULL && cbor_isa_map(item) && cbor_map_is_definite(item);
	for (size_t i = 0; ok && i < cbor_map_size(item); i++)
		ok = note_extension(&cbor_map_handle(item)[i], ret);
	if (item != NULL)
		cbor_decref(&item);
	return ok;
}

/* ---- storage ---- */

/* u8 version | u16 algorithm (two's complement) | u8 flags | u32 counter | aaguid (16) | bytes id | bytes public key */
enum { STATE_VERIFIED = 1, STATE_BACKED_UP = 2 };

void webauthn_encode(const struct webauthn_key *key, struct buf *out)
{
	buf_put_u8(out, STATE_VERSION);
	buf_put_u16(out, (uint16_t)key->algorithm);
	buf_put_u8(out, (uint8_t)((key->verified ? STATE_VERIFIED : 0) | (key->backed_up ? STATE_BACKED_UP : 0)));
	buf_put_u32(out, key->counter);
	buf_append_bytes(out, key->aaguid, sizeof key->aaguid);
	buf_put_bytes(out, key->id);
	buf_put_bytes(out, key->public_key);
}

int webauthn_decode(struct slice state, struct webauthn_key *ret)
{
	uint8_t version = 0, flags = 0;
	uint16_t algorithm = 0;
	struct webauthn_key k = {0};
	if (!slice_get_u8(&state, &version) || version != STATE_VERSION || !slice_get_u16(&state, &algorithm) || !slice_get_u8(&state, &flags)
	    || !slice_get_u32(&state, &k.counter) || !slice_get_fixed(&state, k.aaguid, sizeof k.aaguid) || !slice_get_bytes(&state, &k.id)
	    || !slice_get_bytes(&state, &k.public_key) || state.n > 0 || k.id.n == 0 || k.id.n > WEBAUTHN_ID_MAX)
		return ERR_DAMAGED;
	k.algorithm = (enum webauthn_algorithm)(int16_t)algorithm;
	k.verified = (flags & STATE_VERIFIED) != 0;
	k.backed_up = (flags & STATE_BACKED_UP) != 0;
	*ret = k;
	return 0;
}
