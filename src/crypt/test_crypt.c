#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/codec.h"
#include "crypt/aead.h"
#include "crypt/ca.h"
#include "crypt/checksum.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/kx.h"
#include "crypt/mail_key.h"
#include "crypt/password.h"
#include "crypt/sign.h"
#include "crypt/slab.h"

static struct slice unhex(struct buf *b, const char *hex)
{
	buf_clear(b);
	assert_int_equal(hex_decode(slice_str(hex), b), 0);
	return buf_slice(b);
}

static void assert_hex(const void *p, size_t n, const char *hex)
{
	struct buf b = BUF_INIT(1024);
	struct slice want = unhex(&b, hex);
	assert_int_equal(want.n, n);
	assert_memory_equal(p, want.p, n);
	buf_free(&b);
}

static void test_hkdf_rfc5869_case_1(void **state)
{
	struct buf ikm = BUF_INIT(100), salt = BUF_INIT(100), info = BUF_INIT(100);
	uint8_t okm[42];
	hash_hkdf_raw(unhex(&ikm, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), unhex(&salt, "000102030405060708090a0b0c"),
	              unhex(&info, "f0f1f2f3f4f5f6f7f8f9"), okm, sizeof okm);
	assert_hex(okm, sizeof okm, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	buf_free(&ikm), buf_free(&salt), buf_free(&info);
}

static void test_hmac_rfc4231_case_2(void **state)
{
	uint8_t mac[HASH_SIZE];
	hash_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), mac);
	assert_hex(mac, sizeof mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_pbkdf2_known_value(void **state)
{
	uint8_t out[HASH_SIZE];
	hash_pbkdf2_sha256(SLICE("password"), SLICE("salt"), 2, out);
	assert_hex(out, sizeof out, "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43");
}

static void test_labels_and_contexts_give_different_keys(void **state)
{
	uint8_t a[32], b[32], c[32];
	hash_hkdf(SLICE("secret"), SLICE_NONE, "one", SLICE_NONE, a, 32);
	hash_hkdf(SLICE("secret"), SLICE_NONE, "two", SLICE_NONE, b, 32);
	hash_hkdf(SLICE("secret"), SLICE_NONE, "one", SLICE("x"), c, 32);
	assert_memory_not_equal(a, b, 32);
	assert_memory_not_equal(a, c, 32);
}

static void test_incremental_hash_equals_one_shot(void **state)
{
	uint8_t key[32] = {7}, whole[32], parts[32];
	hash_keyed(SLICE("hello world"), key, whole);
	struct hash_state h;
	hash_start(&h, key);
	hash_update(&h, SLICE("hello "));
	hash_update(&h, SLICE_NONE);
	hash_update(&h, SLICE("world"));
	hash_finish(&h, parts);
	assert_memory_equal(whole, parts, 32);
	assert_true(hash_keyed_verify(SLICE("hello world"), key, parts));
	parts[3] ^= 1;
	assert_false(hash_keyed_verify(SLICE("hello world"), key, parts));
}

static void test_hash_fields_do_not_run_together(void **state)
{
	uint8_t a[32], b[32];
	struct hash_state h;
	hash_start(&h, NULL);
	hash_update_field(&h, SLICE("ab"));
	hash_update_field(&h, SLICE("c"));
	hash_finish(&h, a);
	hash_start(&h, NULL);
	hash_update_field(&h, SLICE("a"));
	hash_update_field(&h, SLICE("bc"));
	hash_finish(&h, b);
	assert_memory_not_equal(a, b, 32);
}

static void aead_round(enum aead algorithm)
{
	uint8_t key[32], nonce[AEAD_NONCE_MAX], data[100 + AEAD_TAG_SIZE], plain[100];
	random_bytes(key, sizeof key);
	random_bytes(nonce, sizeof nonce);
	random_bytes(plain, sizeof plain);
	memcpy(data, plain, sizeof plain);
	aead_seal(algorithm, key, nonce, SLICE("ad"), slice_make(data, sizeof plain), data);
	assert_memory_not_equal(data, plain, sizeof plain);
	uint8_t opened[100];
	assert_false(aead_open(algorithm, key, nonce, SLICE("bad"), slice_make(data, sizeof data), opened));
	assert_false(aead_open(algorithm, key, nonce, SLICE("ad"), slice_make(data, sizeof data - 1), opened));
	assert_false(aead_open(algorithm, key, nonce, SLICE("ad"), slice_make(data, 3), opened));
	assert_true(aead_open(algorithm, key, nonce, SLICE("ad"), slice_make(data, sizeof data), data));
	assert_memory_equal(data, plain, sizeof plain);
}

static void test_aead_opens_in_place_what_it_sealed_and_nothing_else(void **state)
{
	aead_round(AEAD_XCHACHA20);
	aead_round(AEAD_CHACHA20);
	assert_int_equal(aead_nonce_size((enum aead)77), 0);
}

static void test_kx_agrees_and_refuses_zero(void **state)
{
	uint8_t pa[32], sa[32], pb[32], sb[32], x[32], y[32], zero[32] = {0};
	kx_keypair(pa, sa);
	kx_keypair(pb, sb);
	assert_true(kx_shared(sa, pb, x));
	assert_true(kx_shared(sb, pa, y));
	assert_memory_equal(x, y, 32);
	assert_false(kx_shared(sa, zero, x));
	uint8_t again[32];
	kx_public(sa, again);
	assert_memory_equal(again, pa, 32);
}

static void test_kx_cache_remembers_what_was_exchanged(void **state)
{
	uint8_t a_public[32], a_secret[32], b_public[32], b_secret[32], wrong[32] = {0}, direct[32], shared[32];
	struct kx_cache *cache = kx_cache_new(4);
	size_t used = slab_used();

	kx_keypair(a_public, a_secret);
	kx_keypair(b_public, b_secret);
	assert_true(kx_shared(a_secret, b_public, direct));
	assert_true(kx_cache_shared(cache, a_public, a_secret, b_public, shared));
	assert_memory_equal(shared, direct, 32);
	assert_int_equal(slab_used(), used + 1);
	/* The secret key is not looked at again until the values are forgotten. */
	memset(shared, 0, sizeof shared);
	assert_true(kx_cache_shared(cache, a_public, wrong, b_public, shared));
	assert_memory_equal(shared, direct, 32);
	kx_cache_clear(cache);
	assert_int_equal(slab_used(), used);
	assert_true(kx_cache_shared(cache, a_public, b_secret, b_public, shared));
	assert_memory_not_equal(shared, direct, 32);
	assert_false(kx_cache_shared(cache, a_public, a_secret, wrong, shared));
	assert_true(kx_cache_shared(NULL, a_public, a_secret, b_public, shared));
	assert_memory_equal(shared, direct, 32);
	kx_cache_free(&cache);
	assert_null(cache);
}

static void test_password_hash_depends_on_salt_and_cost(void **state)
{
	uint8_t salt[PASSWORD_SALT_SIZE] = {1}, a[32], b[32], c[32];
	assert_int_equal(password_hash(SLICE("secret"), salt, PASSWORD_COST_MIN, a), 0);
	assert_int_equal(password_hash(SLICE("secret"), salt, (struct password_cost){2, 8}, b), 0);
	salt[0] = 2;
	assert_int_equal(password_hash(SLICE("secret"), salt, PASSWORD_COST_MIN, c), 0);
	assert_memory_not_equal(a, b, 32);
	assert_memory_not_equal(a, c, 32);
	assert_true(password_hash(SLICE("secret"), salt, (struct password_cost){0, 8}, c) < 0);
}

static void test_slab_cells_are_zeroed_and_reused(void **state)
{
	size_t before = slab_used();
	uint8_t *a = slab_alloc(32), *b = slab_alloc(32), *c = slab_alloc(64);
	assert_non_null(a), assert_non_null(b), assert_non_null(c);
	assert_int_equal(slab_used(), before + 2);
	memset(a, 1, 32), memset(b, 2, 32), memset(c, 3, 64);
	assert_int_equal(a[0], 1);
	assert_int_equal(b[0], 2);
	slab_free(&c);
	slab_free(&a);
	assert_null(a);
	assert_int_equal(b[31], 2);
	slab_free(&b);
	slab_free(&b);
	assert_int_equal(slab_used(), before);
	uint8_t zero[64] = {0};
	c = slab_alloc(64);
	assert_memory_equal(c, zero, 64);
	slab_free(&c);
}

static void test_slab_says_when_it_is_full(void **state)
{
	static uint8_t *cells[5000];
	size_t n = 0;
	while (n < 5000 && (cells[n] = slab_alloc(32)) != NULL)
		n++;
	assert_int_equal(n, 2048);
	while (n-- > 0)
		slab_free(&cells[n]);
	assert_int_equal(slab_used(), 0);
}

static void test_crc32c_known_value(void **state)
{
	assert_int_equal(checksum_crc32c(0, SLICE("123456789")), 0xe3069283u);
	uint32_t part = checksum_crc32c(0, SLICE("1234"));
	assert_int_equal(checksum_crc32c(part, SLICE("56789")), 0xe3069283u);
}

static void test_own_ca_issues_a_certificate_whose_key_signs(void **state)
{
	struct buf ca = BUF_INIT(8192), ca_key = BUF_INIT(8192), chain = BUF_INIT(16384), key = BUF_INIT(8192), sig = BUF_INIT(1024);
	struct error err = {0};
	struct slice names[] = {SLICE_INIT("mail.example.org"), SLICE_INIT("*.example.org"), SLICE_INIT("127.0.0.1"), SLICE_INIT("::1")};
	assert_int_equal(ca_create("Test authority", 10, &ca, &ca_key, &err), 0);
	assert_int_equal(ca_issue(buf_slice(&ca), buf_slice(&ca_key), names, 4, 5, &chain, &key, &err), 0);
	assert_true(ca_not_after(buf_slice(&chain)) < ca_not_after(buf_slice(&ca)));
	struct sign_key *sk = NULL;
	assert_int_equal(sign_key_load(buf_slice(&key), &sk, &err), 0);
	assert_true(sign_key_matches(sk, buf_slice(&chain)));
	assert_false(sign_key_matches(sk, buf_slice(&ca)));
	uint8_t digest[32] = {9};
	assert_int_equal(sign_digest(sk, 0x0403, slice_make(digest, 32), &sig, &err), 0);
	assert_int_equal(sign_digest(sk, 0x0804, slice_make(digest, 32), &sig, &err), ERR_UNSUPPORTED);
	assert_int_equal(sign_digest(sk, 0x0403, slice_make(digest, 31), &sig, &err), ERR_INVALID);
	struct slice bad[] = {SLICE_INIT("a b")};
	assert_true(ca_issue(buf_slice(&ca), buf_slice(&ca_key), bad, 1, 5, &chain, &key, &err) < 0);
	assert_true(sign_key_load(SLICE("nonsense"), &sk, &err) < 0);
	sign_key_free(&sk);
	buf_free(&ca), buf_free(&ca_key), buf_free(&chain), buf_free(&key), buf_free(&sig);
}

static bool loads(const uint8_t *p, size_t n)
{
	struct mail_public *key = NULL;
	unsigned bits;
	bool ok = mail_public_load(MAIL_RSA_SHA256, slice_make(p, n), &key, &bits, NULL) == 0;
	mail_public_free(&key);
	return ok;
}

static void test_keys_of_mail_are_read_in_both_forms_and_to_their_end(void **state)
{
	static const uint8_t digest[MAIL_DIGEST_SIZE] = {1, 2, 3};
	struct buf der = BUF_INIT(MAIL_PUBLIC_MAX), signature = BUF_INIT(MAIL_SIGNATURE_MAX);
	struct mail_key *key;
	struct mail_public *public = NULL;
	unsigned bits;

	assert_int_equal(mail_key_generate(MAIL_RSA_SHA256, &key, NULL), 0);
	assert_int_equal(mail_key_public(key, &der, NULL), 0);
	assert_int_equal(mail_key_sign(key, digest, &signature, NULL), 0);
	/* 24 bytes: two heads of four, the algorithm of 15, the count of spare bits; behind them RSAPublicKey. */
	buf_append_byte(&der, 0);
	for (size_t skip = 0; skip <= 24; skip += 24) {
		struct slice longer = slice_sub(buf_slice(&der), skip, SIZE_MAX), whole = slice_sub(longer, 0, longer.n - 1);
		assert_int_equal(mail_public_load(MAIL_RSA_SHA256, whole, &public, &bits, NULL), 0);
		assert_int_equal(bits, MAIL_RSA_BITS);
		assert_true(mail_public_verify(public, digest, buf_slice(&signature)));
		mail_public_free(&public);
		for (size_t n = 0; n < whole.n; n++)
			assert_false(loads(whole.p, n));
		assert_false(loads(longer.p, longer.n));
	}
	static const uint8_t even[] = {0x30, 0x08, 0x02, 0x03, 0x01, 0x00, 0x01, 0x02, 0x01, 0x04}, none[] = {0x30, 0x04, 0x02, 0x00, 0x02, 0x00},
		long_length[] = {0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02, 0x01, 0x03};
	assert_false(loads(even, sizeof even));
	assert_false(loads(none, sizeof none));
	assert_false(loads(long_length, sizeof long_length));
	mail_key_free(&key);
	buf_free(&der);
	buf_free(&signature);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hkdf_rfc5869_case_1),
		cmocka_unit_test(test_hmac_rfc4231_case_2),
		cmocka_unit_test(test_pbkdf2_known_value),
		cmocka_unit_test(test_labels_and_contexts_give_different_keys),
		cmocka_unit_test(test_incremental_hash_equals_one_shot),
		cmocka_unit_test(test_hash_fields_do_not_run_together),
		cmocka_unit_test(test_aead_opens_in_place_what_it_sealed_and_nothing_else),
		cmocka_unit_test(test_kx_agrees_and_refuses_zero),
		cmocka_unit_test(test_kx_cache_remembers_what_was_exchanged),
		cmocka_unit_test(test_password_hash_depends_on_salt_and_cost),
		cmocka_unit_test(test_slab_cells_are_zeroed_and_reused),
		cmocka_unit_test(test_slab_says_when_it_is_full),
		cmocka_unit_test(test_crc32c_known_value),
		cmocka_unit_test(test_keys_of_mail_are_read_in_both_forms_and_to_their_end),
		cmocka_unit_test(test_own_ca_issues_a_certificate_whose_key_signs),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
