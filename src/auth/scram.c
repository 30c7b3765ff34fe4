#include "auth/scram.h"

#include "base/codec.h"
#include "base/error.h"
#include "base/utf8.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/* saslname: "=2C" is a comma, "=3D" an equals sign, nothing else may follow "=" (RFC 5802 5.1). */
static int decode_name(struct slice in, struct arena *arena, struct slice *ret)
{
	uint8_t *out = arena_alloc(arena, in.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];
		if (c == 0)
			return ERR_INVALID;
		if (c == '=') {
			struct slice code = slice_sub(in, i + 1, i + 3);
			if (!slice_eq_nocase(code, SLICE("2c")) && !slice_eq_nocase(code, SLICE("3d")))
				return ERR_INVALID;
			c = code.p[0] == '2' ? ',' : '=';
			i += 2;
		}
		out[n++] = c;
	}
	*ret = slice_make(out, n);
	return utf8_valid(*ret) ? 0 : ERR_INVALID;
}

/* Takes "x=value" off the front of *s, up to the next comma. */
static bool take_attribute(struct slice *s, char name, struct slice *ret)
{
	if (s->n < 2 || s->p[0] != (uint8_t)name || s->p[1] != '=')
		return false;
	*s = slice_from(*s, 2);
	ptrdiff_t comma = slice_find(*s, ',');
	size_t end = comma < 0 ? s->n : (size_t)comma;
	*ret = slice_sub(*s, 0, end);
	*s = slice_from(*s, comma < 0 ? end : end + 1);
	return true;
}

static bool is_nonce(struct slice s)
{
	if (s.n == 0 || s.n > SCRAM_NONCE_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == ',')
			return false;
	return true;
}

/* gs2-cbind-flag (RFC 5802 6, 7). */
static int read_binding_flag(struct scram *s, struct slice flag, const struct scram_channel *channel)
{
	if (slice_eq(flag, SLICE("n")))
		return channel->plus ? ERR_DENIED : 0;
	if (slice_eq(flag, SLICE("y")))
		return channel->plus || channel->offered ? ERR_DENIED : 0;
	if (!slice_starts(flag, SLICE("p=")))
		return ERR_INVALID;
	if (!channel->plus || channel->type.n == 0 || channel->data.n == 0 || !slice_eq(slice_from(flag, 2), channel->type))
		return ERR_DENIED;
	s->binding = arena_dup(s->arena, channel->data);
	return 0;
}

static int read_header(struct scram *s, struct slice *rest, const struct scram_channel *channel)
{
	struct slice flag, authzid, whole = *rest;
	if (!slice_split(rest, ',', &flag) || !slice_split(rest, ',', &authzid))
		return ERR_INVALID;
	s->header = slice_sub(whole, 0, whole.n - rest->n);
	if (authzid.n > 0 && (!slice_starts(authzid, SLICE("a=")) || decode_name(slice_from(authzid, 2), s->arena, &s->authzid) != 0))
		return ERR_INVALID;
	return read_binding_flag(s, flag, channel);
}

int scram_client_first(struct scram *s, struct arena *arena, struct slice message, const struct scram_channel *channel)
{
	struct slice name, nonce;
	*s = (struct scram){.arena = arena};
	if (message.n > SCRAM_MESSAGE_MAX)
		return ERR_INVALID;
	struct slice rest = arena_dup(arena, message);
	int rc = read_header(s, &rest, channel);
	if (rc != 0)
		return rc;
	s->first_bare = rest;
	/* "m=" (mandatory extension) is unknown by definition and so is anything else in front. */
	if (!take_attribute(&rest, 'n', &name) || !take_attribute(&rest, 'r', &nonce) || !is_nonce(nonce))
		return ERR_INVALID;
	s->nonce = nonce;
	return decode_name(name, arena, &s->name);
}

void scram_server_first(struct scram *s, struct slice salt, uint32_t iterations, struct slice server_nonce)
{
	struct buf b = BUF_INIT(256);
	base64_encode(salt, &b);
	s->nonce = arena_printf(s->arena, "%.*s%.*s", SLICE_ARG(s->nonce), SLICE_ARG(server_nonce));
	s->server_first = arena_printf(s->arena, "r=%.*s,s=%.*s,i=%u", SLICE_ARG(s->nonce), SLICE_ARG(buf_slice(&b)), iterations);
	buf_free(&b);
}

/* c= is base64 of the header of the first message and the binding data. */
static bool binding_fits(const struct scram *s, struct slice given)
{
	struct buf decoded = BUF_INIT(SCRAM_MESSAGE_MAX);
	bool ok = base64_decode_strict(given, &decoded) == 0;
	struct slice d = buf_slice(&decoded);
	ok = ok && d.n == s->header.n + s->binding.n && secret_equal(d.p, s->header.p, s->header.n)
	  && secret_equal(d.p + s->header.n, s->binding.p, s->binding.n);
	buf_free(&decoded);
	return ok;
}

static bool read_proof(struct scram *s, struct slice text)
{
	struct buf decoded = BUF_INIT(64);
	bool ok = base64_decode_strict(text, &decoded) == 0 && buf_len(&decoded) == SCRAM_KEY_SIZE;
	for (size_t i = 0; ok && i < SCRAM_KEY_SIZE; i++)
		s->proof[i] = buf_slice(&decoded).p[i];
	buf_free(&decoded);
	return ok;
}

int scram_client_final(struct scram *s, struct slice message)
{
	struct slice binding, nonce, rest = message;
	/* The proof is the last attribute; extensions may stand before it. */
	ptrdiff_t last = slice_rfind(message, ',');
	if (message.n > SCRAM_MESSAGE_MAX || last < 0 || !slice_starts(slice_from(message, (size_t)last), SLICE(",p=")))
		return ERR_INVALID;
	if (!take_attribute(&rest, 'c', &binding) || !take_attribute(&rest, 'r', &nonce))
		return ERR_INVALID;
	if (!read_proof(s, slice_from(message, (size_t)last + 3)))
		return ERR_INVALID;
	if (!slice_eq(nonce, s->nonce) || !binding_fits(s, binding))
		return ERR_DENIED;
	struct slice without_proof = slice_sub(message, 0, (size_t)last);
	s->auth_message = arena_printf(s->arena, "%.*s,%.*s,%.*s", SLICE_ARG(s->first_bare), SLICE_ARG(s->server_first), SLICE_ARG(without_proof));
	return 0;
}

bool scram_try(const struct scram *s, const uint8_t stored_key[SCRAM_KEY_SIZE], uint8_t ret_client_key[SCRAM_KEY_SIZE])
{
	uint8_t signature[SCRAM_KEY_SIZE], hashed[SCRAM_KEY_SIZE];
	hash_hmac_sha256(slice_make(stored_key, SCRAM_KEY_SIZE), s->auth_message, signature);
	for (size_t i = 0; i < SCRAM_KEY_SIZE; i++)
		ret_client_key[i] = signature[i] ^ s->proof[i];
	hash_sha256(slice_make(ret_client_key, SCRAM_KEY_SIZE), hashed);
	return secret_equal(hashed, stored_key, SCRAM_KEY_SIZE);
}

void scram_server_final(const struct scram *s, const uint8_t server_key[SCRAM_KEY_SIZE], struct buf *out)
{
	uint8_t signature[SCRAM_KEY_SIZE];
	hash_hmac_sha256(slice_make(server_key, SCRAM_KEY_SIZE), s->auth_message, signature);
	buf_append_str(out, "v=");
	base64_encode(slice_make(signature, sizeof signature), out);
}

void scram_keys(struct slice password, struct slice salt, uint32_t iterations, uint8_t ret_client_key[SCRAM_KEY_SIZE],
                uint8_t ret_stored_key[SCRAM_KEY_SIZE], uint8_t ret_server_key[SCRAM_KEY_SIZE])
{
	uint8_t salted[SCRAM_KEY_SIZE];
	hash_pbkdf2_sha256(password, salt, iterations, salted);
	hash_hmac_sha256(slice_make(salted, sizeof salted), SLICE("Client Key"), ret_client_key);
	hash_sha256(slice_make(ret_client_key, SCRAM_KEY_SIZE), ret_stored_key);
	hash_hmac_sha256(slice_make(salted, sizeof salted), SLICE("Server Key"), ret_server_key);
	secret_wipe(salted, sizeof salted);
}
