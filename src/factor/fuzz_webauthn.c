/* clientDataJSON, attestationObject and authenticator data: split by the first byte; then share texts and states from the same bytes. */
#include <jansson.h>

#include "base/ensure.h"
#include "crypt/crypt.h"
#include "factor/codes.h"
#include "factor/sent.h"
#include "factor/shamir.h"
#include "factor/totp.h"
#include "factor/webauthn_internal.h"

static const struct webauthn_site site = {SLICE_INIT("https://mail.example.org"), SLICE_INIT("example.org")};
static const struct slice challenge = SLICE_INIT("0123456789012345678901234567890123456789");

static void try_register(struct slice client, struct slice object)
{
	/* What a browser would have sent, so that the object is looked at. */
	static const struct slice good = SLICE_INIT("{\"type\":\"webauthn.create\",\"challenge\":"
		"\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OQ\",\"origin\":\"https://mail.example.org\"}");
	struct arena arena = ARENA_INIT;
	struct webauthn_key key, again;
	(void)webauthn_register(&site, challenge, client, object, false, &arena, &key);
	if (webauthn_register(&site, challenge, good, object, false, &arena, &key) == FACTOR_RIGHT) {
		struct buf b = BUF_INIT(WEBAUTHN_STATE_MAX);
		webauthn_encode(&key, &b);
		ENSURE(b.failed || webauthn_decode(buf_slice(&b), &again) == 0);
		buf_free(&b);
	}
	arena_free(&arena);
}

static void try_assert(struct slice data)
{
	static const struct slice good = SLICE_INIT("{\"type\":\"webauthn.get\",\"challenge\":"
		"\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OQ\",\"origin\":\"https://mail.example.org\"}");
	uint8_t public_key[64] = {4};
	struct webauthn_key key = {.algorithm = WEBAUTHN_ES256, .id = SLICE("id"), .public_key = {public_key, sizeof public_key}};
	uint32_t counter;
	ENSURE(webauthn_assert(&site, challenge, &key, good, data, data, false, &counter, NULL) != FACTOR_RIGHT);
}

static void try_states(struct slice all)
{
	struct totp totp;
	struct webauthn_key key;
	struct sent_contact contact;
	struct shamir_share share;
	struct buf next = BUF_INIT(CODES_STATE_MAX);
	unsigned left, number;
	(void)totp_decode(all, &totp);
	(void)webauthn_decode(all, &key);
	(void)sent_contact_decode(all, &contact);
	(void)shamir_decode(all, &share);
	(void)codes_left(all, &left, &number);
	(void)codes_verify(all, false, SLICE("aaaa-aaaa"), &next);
	(void)sent_verify(all, SLICE("123456"), (struct moment){0}, &next);
	buf_free(&next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size), client, object;
	uint8_t found[WEBAUTHN_CHALLENGE_SIZE];
	struct authenticator_data parsed;
	crypt_init();
	json_object_seed(1);
	size_t cut = size > 0 ? 1 + (size_t)data[0] : 0;
	client = slice_sub(all, 1, cut);
	object = slice_from(all, cut);
	try_register(client, object);
	try_register(all, all);
	try_assert(all);
	try_states(all);
	(void)webauthn_challenge_of(client, found);
	(void)webauthn_authenticator_data(all, &parsed);
	return 0;
}
