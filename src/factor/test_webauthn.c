/* Registrations and assertions of a software authenticator, and what the server says to them. */
#include "factor/test_device.h"

#include <string.h>

#include <openssl/x509.h>

#include "base/codec.h"
#include "base/error.h"
#include "crypt/crypt.h"
#include "factor/cbor_walk.h"

#define ORIGIN "https://mail.example.org"

static const struct webauthn_site site = {SLICE_INIT(ORIGIN), SLICE_INIT("example.org")};
static const uint8_t challenge_bytes[WEBAUTHN_CHALLENGE_SIZE] = "a challenge of this server, forty bytes";
static const struct slice challenge = {challenge_bytes, sizeof challenge_bytes};

/* ---- registration ---- */

static void registration(struct ceremony *c, const struct device *d, const char *format)
{
	device_register(c, d, format, challenge, ORIGIN);
}

static enum factor_verdict finish(const struct ceremony *c, struct arena *arena, struct webauthn_key *ret)
{
	return webauthn_register(&site, challenge, buf_slice(&c->client), buf_slice(&c->object), true, arena, ret);
}

static struct webauthn_key register_device(const struct device *d, struct arena *arena)
{
	struct ceremony c;
	struct webauthn_key key = {0};
	registration(&c, d, "none");
	assert_int_equal(finish(&c, arena, &key), FACTOR_RIGHT);
	ceremony_free(&c);
	return key;
}

static const enum webauthn_algorithm algorithms[] = {WEBAUTHN_ES256, WEBAUTHN_EDDSA, WEBAUTHN_RS256};

static void test_keys_of_every_algorithm_are_registered(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		static const char *const formats[] = {"none", "packed"};
		for (size_t f = 0; f < 2; f++) {
			struct device d = device_make(algorithms[i], "example.org");
			struct arena arena = ARENA_INIT;
			struct ceremony c;
			struct webauthn_key key, again;
			struct buf b = BUF_INIT(WEBAUTHN_STATE_MAX);
			d.flags |= DEVICE_BE | DEVICE_BS;
			registration(&c, &d, formats[f]);
			assert_int_equal(finish(&c, &arena, &key), FACTOR_RIGHT);
			assert_int_equal(key.algorithm, algorithms[i]);
			assert_true(slice_eq(key.id, slice_make(d.id, sizeof d.id)));
			assert_true(key.verified && key.backed_up);
			assert_int_equal(key.counter, 7);
			webauthn_encode(&key, &b);
			assert_int_equal(webauthn_decode(buf_slice(&b), &again), 0);
			assert_int_equal(again.algorithm, key.algorithm);
			assert_true(slice_eq(again.public_key, key.public_key) && slice_eq(again.id, key.id));
			buf_free(&b);
			ceremony_free(&c);
			arena_free(&arena);
			EVP_PKEY_free(d.key);
		}
	}
}

static X509 *certificate_of(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static void test_a_packed_attestation_with_certificate_must_verify(void **state)
{
	struct device d = device_make(WEBAUTHN_ES256, "example.org");
	EVP_PKEY *maker = device_key(WEBAUTHN_ES256), *other = device_key(WEBAUTHN_ES256);
	X509 *x = certificate_of(maker);
	uint8_t *der = NULL;
	int size = i2d_X509(x, &der);
	assert_true(size > 0);
	for (unsigned i = 0; i < 2; i++) {
		struct ceremony c;
		struct arena arena = ARENA_INIT;
		struct webauthn_key key;
		ceremony_start(&c);
		device_client_data("webauthn.create", challenge, ORIGIN, "", &c.client);
		device_authenticator_data(&d, d.flags | DEVICE_AT, &c.data);
		device_attest(&c, &d, "packed", i == 0 ? maker : other, slice_make(der, (size_t)size));
		assert_int_equal(finish(&c, &arena, &key), i == 0 ? FACTOR_RIGHT : FACTOR_WRONG);
		ceremony_free(&c);
		arena_free(&arena);
	}
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(maker), EVP_PKEY_free(other), EVP_PKEY_free(d.key);
}

static void test_registrations_with_extensions_are_read(void **state)
{
	/* {"credProtect": 2, "hmac-secret": true}: in canonical order, as CTAP2 asks. */
	static const char both[] = "\xa2\x6b" "credProtect\x02\x6bhmac-secret\xf5";
	static const char *const formats[] = {"none", "packed"};
	for (size_t f = 0; f < 2; f++) {
		struct device d = device_make(WEBAUTHN_ES256, "example.org");
		struct arena arena = ARENA_INIT;
		struct ceremony c;
		struct webauthn_key key;
		d.flags |= DEVICE_ED;
		d.extensions = slice_make(both, sizeof both - 1);
		registration(&c, &d, formats[f]);
		assert_int_equal(finish(&c, &arena, &key), FACTOR_RIGHT);
		ceremony_free(&c);
		arena_free(&arena);
		EVP_PKEY_free(d.key);
	}
}

struct change {
	const char *type, *origin, *more, *rp_id;
	uint8_t flags;
	enum factor_verdict verdict;
};

static const struct change changes[] = {
	{NULL, NULL, NULL, NULL, 0, FACTOR_RIGHT},
	{"webauthn.other", NULL, NULL, NULL, 0, FACTOR_WRONG},
	{NULL, "https://mail.example.org.evil.example", NULL, NULL, 0, FACTOR_WRONG},
	{NULL, "http://mail.example.org", NULL, NULL, 0, FACTOR_WRONG},
	{NULL, "https://mail.example.org:8443", NULL, NULL, 0, FACTOR_WRONG},
	{NULL, NULL, ",\"crossOrigin\":true", NULL, 0, FACTOR_WRONG},
	{NULL, NULL, ",\"topOrigin\":\"https://evil.example\"", NULL, 0, FACTOR_WRONG},
	{NULL, NULL, ",\"crossOrigin\":false,\"other\":1", NULL, 0, FACTOR_RIGHT},
	{NULL, NULL, ",\"origin\":\"" ORIGIN "\"", NULL, 0, FACTOR_MALFORMED},
	{NULL, NULL, NULL, "evil.example", 0, FACTOR_WRONG},
	{NULL, NULL, NULL, NULL, DEVICE_UV, FACTOR_WRONG},       /* nobody is present */
	{NULL, NULL, NULL, NULL, DEVICE_UP, FACTOR_WRONG},       /* not verified */
	{NULL, NULL, NULL, NULL, DEVICE_UP | DEVICE_UV | DEVICE_BS, FACTOR_WRONG}, /* backed up, but not eligible */
};

static void test_registrations_that_do_not_fit_are_refused(void **state)
{
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		const struct change *ch = &changes[i];
		struct device d = device_make(WEBAUTHN_ES256, "example.org");
		struct arena arena = ARENA_INIT;
		struct ceremony c;
		struct webauthn_key key;
		d.flags = ch->flags != 0 ? ch->flags : d.flags;
		d.rp_id = ch->rp_id != NULL ? ch->rp_id : d.rp_id;
		ceremony_start(&c);
		device_client_data(ch->type != NULL ? ch->type : "webauthn.create", challenge, ch->origin != NULL ? ch->origin : ORIGIN,
			ch->more != NULL ? ch->more : "", &c.client);
		device_authenticator_data(&d, d.flags | DEVICE_AT, &c.data);
		device_attest(&c, &d, "packed", d.key, SLICE_NONE);
		assert_int_equal(finish(&c, &arena, &key), ch->verdict);
		ceremony_free(&c);
		arena_free(&arena);
		EVP_PKEY_free(d.key);
	}
}

static void test_a_registration_for_another_challenge_or_by_another_key_is_refused(void **state)
{
	struct device d = device_make(WEBAUTHN_ES256, "example.org"), other = device_make(WEBAUTHN_ES256, "example.org");
	struct arena arena = ARENA_INIT;
	struct ceremony c;
	struct webauthn_key key;
	registration(&c, &d, "packed");
	assert_int_equal(webauthn_register(&site, SLICE("another challenge of this server"), buf_slice(&c.client), buf_slice(&c.object), true,
		&arena, &key), FACTOR_WRONG);
	ceremony_free(&c);
	ceremony_start(&c);
	device_client_data("webauthn.create", challenge, ORIGIN, "", &c.client);
	device_authenticator_data(&d, d.flags | DEVICE_AT, &c.data);
	device_attest(&c, &d, "packed", other.key, SLICE_NONE);
	assert_int_equal(finish(&c, &arena, &key), FACTOR_WRONG);
	ceremony_free(&c);
	registration(&c, &d, "tpm");
	assert_int_equal(finish(&c, &arena, &key), FACTOR_WRONG);
	ceremony_free(&c);
	arena_free(&arena);
	EVP_PKEY_free(d.key), EVP_PKEY_free(other.key);
}

static void test_cut_and_changed_attestation_objects_never_pass(void **state)
{
	struct device d = device_make(WEBAUTHN_ES256, "example.org");
	struct ceremony c;
	registration(&c, &d, "packed");
	for (size_t i = 0; i < buf_len(&c.object); i++) {
		struct arena arena = ARENA_INIT;
		struct webauthn_key key;
		struct slice cut = slice_sub(buf_slice(&c.object), 0, i);
		assert_int_not_equal(webauthn_register(&site, challenge, buf_slice(&c.client), cut, true, &arena, &key), FACTOR_RIGHT);
		c.object.data[c.object.start + i] ^= 0x41;
		assert_int_not_equal(finish(&c, &arena, &key), FACTOR_RIGHT);
		c.object.data[c.object.start + i] ^= 0x41;
		arena_free(&arena);
	}
	ceremony_free(&c);
	EVP_PKEY_free(d.key);
}

/* ---- assertion ---- */

static enum factor_verdict assertion(const struct device *d, const struct webauthn_key *key, const struct change *ch, struct slice wanted,
	EVP_PKEY *signer, uint32_t *ret_counter)
{
	struct ceremony c;
	bool verified = false;
	uint8_t flags = ch->flags != 0 ? ch->flags : d->flags;
	ceremony_start(&c);
	device_client_data(ch->type != NULL ? ch->type : "webauthn.get", challenge, ch->origin != NULL ? ch->origin : ORIGIN,
		ch->more != NULL ? ch->more : "", &c.client);
	device_authenticator_data(d, flags, &c.data);
	device_sign(signer, buf_slice(&c.data), buf_slice(&c.client), &c.signature);
	enum factor_verdict v = webauthn_assert(&site, wanted, key, buf_slice(&c.client), buf_slice(&c.data), buf_slice(&c.signature), true,
		ret_counter, &verified);
	assert_int_equal(v == FACTOR_RIGHT, verified);
	ceremony_free(&c);
	return v;
}

static void test_assertions_of_every_algorithm_verify(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		struct device d = device_make(algorithms[i], "example.org");
		struct arena arena = ARENA_INIT;
		struct webauthn_key key = register_device(&d, &arena);
		struct device other = device_make(algorithms[i], "example.org");
		uint32_t counter = 0;
		d.counter = 8;
		assert_int_equal(assertion(&d, &key, &changes[0], challenge, d.key, &counter), FACTOR_RIGHT);
		assert_int_equal(counter, 8);
		assert_int_equal(assertion(&d, &key, &changes[0], challenge, other.key, &counter), FACTOR_WRONG);
		assert_int_equal(assertion(&d, &key, &changes[0], SLICE("another challenge of this server"), d.key, &counter), FACTOR_WRONG);
		assert_int_equal(assertion(&d, &key, &changes[0], SLICE_NONE, d.key, &counter), FACTOR_WRONG);
		arena_free(&arena);
		EVP_PKEY_free(d.key), EVP_PKEY_free(other.key);
	}
}

static void test_assertions_that_do_not_fit_are_refused(void **state)
{
	struct device d = device_make(WEBAUTHN_ES256, "example.org");
	struct arena arena = ARENA_INIT;
	struct webauthn_key key = register_device(&d, &arena);
	uint32_t counter = 0;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		d.counter++;
		d.rp_id = changes[i].rp_id != NULL ? changes[i].rp_id : "example.org";
		assert_int_equal(assertion(&d, &key, &changes[i], challenge, d.key, &counter), changes[i].verdict);
	}
	arena_free(&arena);
	EVP_PKEY_free(d.key);
}

static void test_the_counter_must_rise_unless_there_is_none(void **state)
{
	static const struct {
		uint32_t stored, shown;
		enum factor_verdict verdict;
	} cases[] = {{0, 0, FACTOR_RIGHT}, {0, 1, FACTOR_RIGHT}, {7, 8, FACTOR_RIGHT}, {7, 7, FACTOR_REPLAYED}, {7, 6, FACTOR_REPLAYED},
		{7, 0, FACTOR_REPLAYED}, {UINT32_MAX, 0, FACTOR_REPLAYED}};
	struct device d = device_make(WEBAUTHN_ES256, "example.org");
	struct arena arena = ARENA_INIT;
	struct webauthn_key key = register_device(&d, &arena);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint32_t counter = 99;
		key.counter = cases[i].stored;
		d.counter = cases[i].shown;
		assert_int_equal(assertion(&d, &key, &changes[0], challenge, d.key, &counter), cases[i].verdict);
		assert_int_equal(counter, cases[i].verdict == FACTOR_RIGHT ? cases[i].shown : 99);
	}
	arena_free(&arena);
	EVP_PKEY_free(d.key);
}

static void test_an_assertion_with_hmac_secret_verifies(void **state)
{
	struct device d = device_make(WEBAUTHN_ES256, "example.org");
	struct arena arena = ARENA_INIT;
	struct webauthn_key key = register_device(&d, &arena);
	uint8_t map[1 + 12 + 2 + 48] = "\xa1\x6bhmac-secret\x58\x30";
	uint32_t counter = 0;
	memset(map + 15, 0x5c, 48);
	d.counter++;
	d.flags |= DEVICE_ED;
	d.extensions = slice_make(map, sizeof map);
	assert_int_equal(assertion(&d, &key, &changes[0], challenge, d.key, &counter), FACTOR_RIGHT);
	arena_free(&arena);
	EVP_PKEY_free(d.key);
}

static void test_the_challenge_is_found_in_client_data(void **state)
{
	struct buf b = BUF_INIT(1000);
	uint8_t found[WEBAUTHN_CHALLENGE_SIZE];
	device_client_data("webauthn.get", challenge, ORIGIN, "", &b);
	assert_true(webauthn_challenge_of(buf_slice(&b), found));
	assert_memory_equal(found, challenge_bytes, sizeof found);
	assert_false(webauthn_challenge_of(SLICE("{\"challenge\":\"AAAA\"}"), found));
	assert_false(webauthn_challenge_of(SLICE("[]"), found));
	buf_free(&b);
}

static void test_cbor_is_bounded_before_it_is_loaded(void **state)
{
	static const struct {
		const char *bytes;
		size_t n, size;
	} cases[] = {
		{"\x00", 1, 1}, {"\xa1\x01\x02", 3, 3}, {"\xa1\x01\x02\x05", 4, 3}, {"\x43" "abc", 4, 4}, {"\x43" "ab", 3, 0},
		{"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", 9, 0}, {"\x9a\x10\x00\x00\x00", 5, 0}, {"\x5f\x41" "a\xff", 4, 0}, {"\xc0\x00", 2, 0},
		{"\x81\x81\x81\x81\x00", 5, 5}, {"\x81\x81\x81\x81\x81\x00", 6, 0}, {"", 0, 0}, {"\x1c", 1, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(cbor_first_size(slice_make(cases[i].bytes, cases[i].n)), cases[i].size);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_every_algorithm_are_registered),
		cmocka_unit_test(test_a_packed_attestation_with_certificate_must_verify),
		cmocka_unit_test(test_registrations_with_extensions_are_read),
		cmocka_unit_test(test_registrations_that_do_not_fit_are_refused),
		cmocka_unit_test(test_a_registration_for_another_challenge_or_by_another_key_is_refused),
		cmocka_unit_test(test_cut_and_changed_attestation_objects_never_pass),
		cmocka_unit_test(test_assertions_of_every_algorithm_verify),
		cmocka_unit_test(test_assertions_that_do_not_fit_are_refused),
		cmocka_unit_test(test_the_counter_must_rise_unless_there_is_none),
		cmocka_unit_test(test_an_assertion_with_hmac_secret_verifies),
		cmocka_unit_test(test_the_challenge_is_found_in_client_data),
		cmocka_unit_test(test_cbor_is_bounded_before_it_is_loaded),
	};
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
