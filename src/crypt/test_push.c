#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/push.h"

static void bytes(const char *text, uint8_t *ret, size_t n)
{
	struct buf b = BUF_INIT(200);

	assert_int_equal(base64url_decode_strict(slice_str(text), &b), 0);
	assert_int_equal(buf_len(&b), n);
	for (size_t i = 0; i < n; i++)
		ret[i] = buf_slice(&b).p[i];
	buf_free(&b);
}

/* RFC 8291 5. */
static void the_example_of_the_standard(void **state)
{
	uint8_t own[32], salt[16], key[PUSH_PUBLIC_SIZE], secret[PUSH_AUTH_SIZE];
	struct buf out = BUF_INIT(4096), text = BUF_INIT(4096);

	bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", own, sizeof own);
	bytes("DGv6ra1nlYgDCS1FRnbzlw", salt, sizeof salt);
	bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", key, sizeof key);
	bytes("BTBZMqHH6r4Tts7J_aSIgg", secret, sizeof secret);
	assert_int_equal(push_encrypt_with(own, salt, key, secret, SLICE("When I grow up, I want to be a watermelon"), &out, NULL), 0);
	base64url_encode(buf_slice(&out), &text);
	assert_true(slice_eq(buf_slice(&text), SLICE("DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
		"TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")));
	buf_free(&out);
	buf_free(&text);
}

static void a_message_is_as_long_as_told_and_never_alike(void **state)
{
	uint8_t key[PUSH_PUBLIC_SIZE], secret[PUSH_AUTH_SIZE];
	struct buf one = BUF_INIT(8192), two = BUF_INIT(8192), longest = BUF_INIT(8192);
	static const uint8_t much[PUSH_PLAIN_MAX + 1];

	bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", key, sizeof key);
	bytes("BTBZMqHH6r4Tts7J_aSIgg", secret, sizeof secret);
	assert_int_equal(push_encrypt(key, secret, SLICE("x"), &one, NULL), 0);
	assert_int_equal(push_encrypt(key, secret, SLICE("x"), &two, NULL), 0);
	assert_int_equal(buf_len(&one), 1 + PUSH_OVERHEAD);
	assert_false(slice_eq(buf_slice(&one), buf_slice(&two)));
	assert_int_equal(push_encrypt(key, secret, slice_make(much, PUSH_PLAIN_MAX), &longest, NULL), 0);
	assert_int_equal(buf_len(&longest), 4096);
	assert_int_equal(push_encrypt(key, secret, slice_make(much, sizeof much), &longest, NULL), ERR_LIMIT);
	buf_free(&one);
	buf_free(&two);
	buf_free(&longest);
}

static void a_key_outside_of_the_curve_is_refused(void **state)
{
	uint8_t key[PUSH_PUBLIC_SIZE], secret[PUSH_AUTH_SIZE] = {0};
	struct buf out = BUF_INIT(4096);

	bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", key, sizeof key);
	assert_true(push_key_valid(slice_make(key, sizeof key)));
	assert_false(push_key_valid(slice_make(key, sizeof key - 1)));
	key[40] ^= 1;
	assert_false(push_key_valid(slice_make(key, sizeof key)));
	assert_int_equal(push_encrypt(key, secret, SLICE("x"), &out, NULL), ERR_INVALID);
	assert_int_equal(buf_len(&out), 0);
	buf_free(&out);
}

static void a_token_names_its_service_and_nothing_else_gets_into_it(void **state)
{
	static const uint8_t seed[PUSH_SEED_SIZE] = {7};
	uint8_t key[PUSH_PUBLIC_SIZE], again[PUSH_PUBLIC_SIZE];
	struct buf out = BUF_INIT(PUSH_TOKEN_MAX), claims = BUF_INIT(PUSH_TOKEN_MAX);
	struct slice rest, part;

	assert_int_equal(push_public(seed, key, NULL), 0);
	assert_int_equal(push_public(seed, again, NULL), 0);
	assert_memory_equal(key, again, sizeof key);
	assert_true(push_key_valid(slice_make(key, sizeof key)));
	assert_int_equal(push_token(seed, SLICE("https://push.example"), SLICE("mailto:a@example"), 1700000000, &out, NULL), 0);
	rest = buf_slice(&out);
	assert_true(slice_split(&rest, '.', &part) && slice_split(&rest, '.', &part));
	assert_int_equal(base64url_decode_strict(part, &claims), 0);
	assert_true(slice_eq(buf_slice(&claims), SLICE("{\"aud\":\"https://push.example\",\"exp\":1700000000,\"sub\":\"mailto:a@example\"}")));
	assert_int_equal(rest.n, 86);
	assert_int_equal(push_token(seed, SLICE("http://push.example"), SLICE("mailto:a@example"), 1, &out, NULL), ERR_INVALID);
	assert_int_equal(push_token(seed, SLICE("https://a\",\"b\":\""), SLICE("mailto:a@example"), 1, &out, NULL), ERR_INVALID);
	buf_free(&out);
	buf_free(&claims);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_standard),
		cmocka_unit_test(a_message_is_as_long_as_told_and_never_alike),
		cmocka_unit_test(a_key_outside_of_the_curve_is_refused),
		cmocka_unit_test(a_token_names_its_service_and_nothing_else_gets_into_it),
	};

	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
