#include "sso/pkce.h"

#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

static bool is_unreserved(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '.' && s.p[i] != '_' && s.p[i] != '~')
			return false;
	return true;
}

void pkce_verifier(struct buf *out)
{
	uint8_t random[32];
	random_bytes(random, sizeof random);
	base64url_encode(slice_make(random, sizeof random), out);
	secret_wipe(random, sizeof random);
}

void pkce_challenge(struct slice verifier, struct buf *out)
{
	uint8_t hash[HASH_SIZE];
	hash_sha256(verifier, hash);
	base64url_encode(slice_make(hash, sizeof hash), out);
}

bool pkce_challenge_valid(struct slice challenge)
{
	struct buf hash = BUF_INIT(HASH_SIZE);
	bool ok = challenge.n == PKCE_SIZE && base64url_decode_strict(challenge, &hash) == 0 && buf_len(&hash) == HASH_SIZE;
	buf_free(&hash);
	return ok;
}

bool pkce_matches(struct slice challenge, struct slice verifier)
{
	struct buf made = BUF_INIT(64);
	bool ok = challenge.n == PKCE_SIZE && verifier.n >= PKCE_SIZE && verifier.n <= PKCE_VERIFIER_MAX && is_unreserved(verifier);
	if (ok) {
		pkce_challenge(verifier, &made);
		ok = buf_len(&made) == PKCE_SIZE && secret_equal(buf_slice(&made).p, challenge.p, PKCE_SIZE);
	}
	buf_free(&made);
	return ok;
}
