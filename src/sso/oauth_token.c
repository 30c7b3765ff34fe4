#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "sso/oauth.h"

#define PREFIX_SIZE 4

void oauth_token_make(enum oauth_kind kind, struct oauth_token *ret)
{
	ret->kind = kind;
	random_bytes(ret->secret, sizeof ret->secret);
}

void oauth_token_text(const struct oauth_token *token, char ret[OAUTH_TOKEN_SIZE + 1])
{
	struct buf b = BUF_INIT(64);
	buf_printf(&b, "ll%c_", token->kind);
	base64url_encode(slice_make(token->secret, sizeof token->secret), &b);
	ENSURE(buf_len(&b) == OAUTH_TOKEN_SIZE);
	memcpy(ret, buf_slice(&b).p, OAUTH_TOKEN_SIZE);
	ret[OAUTH_TOKEN_SIZE] = '\0';
	buf_free_secret(&b);
}

static bool looks_like(struct slice text)
{
	return text.n == OAUTH_TOKEN_SIZE && slice_starts(text, SLICE("ll")) && text.p[3] == '_';
}

bool oauth_token_parse(struct slice text, enum oauth_kind kind, struct oauth_token *ret)
{
	struct buf secret = BUF_INIT(OAUTH_SECRET_SIZE);
	bool ok = looks_like(text) && text.p[2] == (uint8_t)kind
	          && base64url_decode_strict(slice_from(text, PREFIX_SIZE), &secret) == 0 && buf_len(&secret) == OAUTH_SECRET_SIZE;
	if (ok) {
		ret->kind = kind;
		memcpy(ret->secret, buf_slice(&secret).p, OAUTH_SECRET_SIZE);
	}
	buf_free_secret(&secret);
	return ok;
}

void oauth_token_lookup(const struct oauth_token *token, const uint8_t key[32], uint8_t ret[OAUTH_LOOKUP_SIZE])
{
	uint8_t hash[HASH_SIZE];
	struct hash_state state;
	hash_start(&state, key);
	hash_update_field(&state, SLICE("oauth token"));
	hash_update(&state, slice_make(&(uint8_t){(uint8_t)token->kind}, 1));
	hash_update(&state, slice_make(token->secret, sizeof token->secret));
	hash_finish(&state, hash);
	memcpy(ret, hash, OAUTH_LOOKUP_SIZE);
	secret_wipe(hash, sizeof hash);
}

static const char user_letters[] = "BCDFGHJKLMNPQRSTVWXZ"; /* no vowels: no words */

static void put_letter(char *out, size_t at, char letter)
{
	out[at < 4 ? at : at + 1] = letter;
}

static void finish_user_code(char *out)
{
	out[4] = '-';
	out[OAUTH_USER_CODE_SIZE + 1] = '\0';
}

void oauth_user_code_make(char ret[OAUTH_USER_CODE_SIZE + 2])
{
	for (size_t i = 0; i < OAUTH_USER_CODE_SIZE; i++)
		put_letter(ret, i, user_letters[random_below(sizeof user_letters - 1)]);
	finish_user_code(ret);
}

bool oauth_user_code_parse(struct slice text, char ret[OAUTH_USER_CODE_SIZE + 2])
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = ascii_upper(text.p[i]);
		if (c == '-' || c == ' ')
			continue;
		if (n == OAUTH_USER_CODE_SIZE || memchr(user_letters, c, sizeof user_letters - 1) == NULL)
			return false;
		put_letter(ret, n++, (char)c);
	}
	finish_user_code(ret);
	return n == OAUTH_USER_CODE_SIZE;
}
