#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "auth/code.h"
#include "auth/permit.h"
#include "auth/wrap.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "crypt/slab.h"

static void test_secrets_survive_encoding(void **state)
{
	struct secrets a = SECRETS_NONE, b = SECRETS_NONE;
	struct buf text = BUF_INIT(SECRETS_ENCODED_MAX);
	assert_int_equal(secrets_add(&a, 1, NULL), 0);
	assert_int_equal(secrets_add(&a, 99, NULL), 0);
	assert_int_equal(a.items[1].generation, 2);
	secrets_encode(&a, &text);
	assert_int_equal(secrets_decode(buf_slice(&text), &b, NULL), 0);
	assert_int_equal(b.count, 2);
	assert_memory_equal(a.items[0].secret, b.items[0].secret, SECRET_SIZE);
	assert_memory_equal(a.items[1].secret, b.items[1].secret, SECRET_SIZE);
	assert_int_equal(secrets_newest(&b)->generation, 2);
	for (size_t n = 0; n < buf_len(&text); n++) {
		struct secrets c = SECRETS_NONE;
		assert_true(secrets_decode(slice_sub(buf_slice(&text), 0, n), &c, NULL) < 0);
		assert_null(c.items);
	}
	secrets_free(&a);
	secrets_free(&b);
	secrets_free(&b);
	buf_free(&text);
	assert_int_equal(slab_used(), 0);
}

static void test_secrets_have_a_limit(void **state)
{
	struct secrets s = SECRETS_NONE;
	for (int i = 0; i < SECRETS_MAX; i++)
		assert_int_equal(secrets_add(&s, 1, NULL), 0);
	assert_int_equal(secrets_add(&s, 1, NULL), ERR_LIMIT);
	secrets_free(&s);
}

static void test_derived_keys_differ_and_stay(void **state)
{
	struct secrets s = SECRETS_NONE;
	uint8_t pub[32], sec[32], again[32], db[32], index[32], check[32];
	secrets_add(&s, 1, NULL);
	secrets_pair(secrets_newest(&s), pub, sec);
	secrets_pair(secrets_newest(&s), again, check);
	assert_memory_equal(pub, again, 32);
	kx_public(sec, check);
	assert_memory_equal(pub, check, 32);
	secrets_database_key(secrets_newest(&s), db);
	secrets_index_key(secrets_newest(&s), index);
	assert_memory_not_equal(db, index, 32);
	assert_memory_not_equal(db, sec, 32);
	secrets_free(&s);
}

static void test_wrap_opens_for_its_owner_and_key_only(void **state)
{
	struct secrets s = SECRETS_NONE, out = SECRETS_NONE;
	struct buf wrap = BUF_INIT(WRAP_MAX);
	struct wrap_owner owner = {.account = {1}, .credential = 5, .kind = WRAP_PASSWORD}, other = owner;
	uint8_t kek[KEK_SIZE] = {3}, wrong[KEK_SIZE] = {4};
	secrets_add(&s, 1, NULL);
	wrap_seal(&owner, kek, &s, &wrap);
	assert_int_equal(wrap_open(&owner, kek, buf_slice(&wrap), &out, NULL), 0);
	assert_memory_equal(out.items[0].secret, s.items[0].secret, SECRET_SIZE);
	secrets_free(&out);
	assert_int_equal(wrap_open(&owner, wrong, buf_slice(&wrap), &out, NULL), ERR_DENIED);
	other.credential = 6;
	assert_int_equal(wrap_open(&other, kek, buf_slice(&wrap), &out, NULL), ERR_DENIED);
	other = owner;
	other.kind = WRAP_APP;
	assert_int_equal(wrap_open(&other, kek, buf_slice(&wrap), &out, NULL), ERR_DENIED);
	for (size_t n = 0; n < buf_len(&wrap); n++)
		assert_true(wrap_open(&owner, kek, slice_sub(buf_slice(&wrap), 0, n), &out, NULL) < 0);
	secrets_free(&s);
	buf_free(&wrap);
}

static void test_password_key_needs_the_pepper(void **state)
{
	struct wrap_owner owner = {.credential = 1, .kind = WRAP_PASSWORD};
	uint8_t stretched[32] = {1}, pepper[32] = {2}, a[32], b[32];
	wrap_kek_password(&owner, stretched, pepper, a);
	pepper[31] = 1;
	wrap_kek_password(&owner, stretched, pepper, b);
	assert_memory_not_equal(a, b, 32);
}

static void test_code_survives_sloppy_typing(void **state)
{
	uint8_t code[CODE_SIZE], out[CODE_SIZE];
	char text[CODE_TEXT_SIZE + 1], sloppy[200];
	for (int round = 0; round < 200; round++) {
		code_make(code);
		code_text(code, CODE_APP_PASSWORD, text);
		assert_int_equal(strlen(text), CODE_TEXT_SIZE);
		assert_true(code_parse(slice_str(text), CODE_APP_PASSWORD, out));
		assert_memory_equal(code, out, CODE_SIZE);
		size_t n = 0;
		for (const char *p = text; *p != '\0'; p++)
			sloppy[n++] = *p == '-' ? ' ' : *p == 'o' ? '0' : *p == 'l' ? '1' : (char)ascii_upper((uint8_t)*p);
		assert_true(code_parse(slice_make(sloppy, n), CODE_APP_PASSWORD, out));
		assert_memory_equal(code, out, CODE_SIZE);
		code_text_plain(code, CODE_APP_PASSWORD, text);
		assert_true(code_parse(slice_str(text), CODE_APP_PASSWORD, out));
	}
}

static void test_code_of_another_kind_or_mistyped_is_refused(void **state)
{
	uint8_t code[CODE_SIZE] = {1, 2, 3}, out[CODE_SIZE];
	char text[CODE_TEXT_SIZE + 1];
	code_text(code, CODE_RECOVERY, text);
	assert_true(code_parse(slice_str(text), CODE_RECOVERY, out));
	assert_false(code_parse(slice_str(text), CODE_APP_PASSWORD, out));
	text[2] = text[2] == 'x' ? 'y' : 'x';
	assert_false(code_parse(slice_str(text), CODE_RECOVERY, out));
	assert_false(code_parse(SLICE(""), CODE_RECOVERY, out));
	assert_false(code_parse(SLICE("correct horse battery staple"), CODE_RECOVERY, out));
	assert_false(code_parse(slice_make(text, CODE_TEXT_SIZE - 1), CODE_RECOVERY, out));
}

static void test_profile_finds_mailboxes(void **state)
{
	struct buf p = BUF_INIT(1000);
	auth_profile_begin(&p);
	auth_profile_mailbox(&p, SLICE("News"), SLICE_NONE);
	auth_profile_mailbox(&p, SLICE("Lists/Deep"), SLICE_NONE);
	auth_profile_mailbox(&p, SLICE("news"), SLICE_NONE);
	assert_true(auth_profile_valid(buf_slice(&p)));
	assert_true(slice_eq(auth_profile_find(buf_slice(&p), SLICE("news")), SLICE("news")));
	assert_true(slice_eq(auth_profile_find(buf_slice(&p), SLICE("NEWS")), SLICE("News")));
	assert_true(slice_eq(auth_profile_find(buf_slice(&p), SLICE("lists/deep")), SLICE("Lists/Deep")));
	assert_int_equal(auth_profile_find(buf_slice(&p), SLICE("none")).n, 0);
	assert_false(auth_profile_valid(slice_sub(buf_slice(&p), 0, buf_len(&p) - 1)));
	assert_false(auth_profile_valid(SLICE("")));
	buf_free(&p);
}

static void test_dsn_parameters_travel(void **state)
{
	struct buf b = BUF_INIT(1000);
	struct slice notify, orcpt;
	auth_dsn_encode(SLICE("SUCCESS,DELAY"), SLICE("rfc822;a@b"), &b);
	assert_true(auth_dsn_decode(buf_slice(&b), &notify, &orcpt));
	assert_true(slice_eq(notify, SLICE("SUCCESS,DELAY")));
	assert_true(slice_eq(orcpt, SLICE("rfc822;a@b")));
	assert_true(auth_dsn_decode(SLICE_NONE, &notify, &orcpt));
	assert_false(auth_dsn_decode(slice_sub(buf_slice(&b), 0, 9), &notify, &orcpt));
	buf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_survive_encoding),
		cmocka_unit_test(test_secrets_have_a_limit),
		cmocka_unit_test(test_derived_keys_differ_and_stay),
		cmocka_unit_test(test_wrap_opens_for_its_owner_and_key_only),
		cmocka_unit_test(test_password_key_needs_the_pepper),
		cmocka_unit_test(test_code_survives_sloppy_typing),
		cmocka_unit_test(test_code_of_another_kind_or_mistyped_is_refused),
		cmocka_unit_test(test_profile_finds_mailboxes),
		cmocka_unit_test(test_dsn_parameters_travel),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
