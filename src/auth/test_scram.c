#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "auth/plain.h"
#include "auth/saslprep.h"
#include "auth/scram.h"
#include "base/codec.h"
#include "base/error.h"
#include "crypt/crypt.h"

static const struct scram_channel no_channel;

static void test_scram_rfc7677_example(void **state)
{
	struct arena arena = ARENA_INIT;
	struct scram s;
	struct buf salt = BUF_INIT(64), final = BUF_INIT(100);
	uint8_t client[32], stored[32], server[32], opened[32];
	assert_int_equal(scram_client_first(&s, &arena, SLICE("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), &no_channel), 0);
	assert_true(slice_eq(s.name, SLICE("user")));
	assert_int_equal(base64_decode_strict(SLICE("W22ZaJ0SNY7soEsUEjb6gQ=="), &salt), 0);
	scram_server_first(&s, buf_slice(&salt), 4096, SLICE("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"));
	assert_true(slice_eq(s.server_first, SLICE("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")));
	assert_int_equal(scram_client_final(&s, SLICE("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	                                              "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")), 0);
	scram_keys(SLICE("pencil"), buf_slice(&salt), 4096, client, stored, server);
	assert_true(scram_try(&s, stored, opened));
	assert_memory_equal(client, opened, 32);
	scram_server_final(&s, server, &final);
	assert_true(slice_eq(buf_slice(&final), SLICE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")));
	stored[0] ^= 1;
	assert_false(scram_try(&s, stored, opened));
	buf_free(&salt), buf_free(&final);
	arena_free(&arena);
}

static int first(const char *message, bool plus, bool offered, const char *type, const char *data)
{
	struct arena arena = ARENA_INIT;
	struct scram s;
	struct scram_channel channel = {plus, offered, slice_str(type), slice_str(data)};
	int rc = scram_client_first(&s, &arena, slice_str(message), &channel);
	arena_free(&arena);
	return rc;
}

static void test_scram_binding_must_match_the_mechanism(void **state)
{
	assert_int_equal(first("p=tls-exporter,,n=u,r=x", true, true, "tls-exporter", "data"), 0);
	assert_int_equal(first("p=tls-exporter,,n=u,r=x", true, true, "tls-server-end-point", "data"), ERR_DENIED);
	assert_int_equal(first("p=tls-exporter,,n=u,r=x", true, true, NULL, NULL), ERR_DENIED);
	assert_int_equal(first("p=tls-exporter,,n=u,r=x", false, true, "tls-exporter", "data"), ERR_DENIED);
	assert_int_equal(first("n,,n=u,r=x", true, true, NULL, NULL), ERR_DENIED);
	assert_int_equal(first("n,,n=u,r=x", false, true, NULL, NULL), 0);
}

static void test_scram_downgrade_is_noticed(void **state)
{
	assert_int_equal(first("y,,n=u,r=x", false, true, NULL, NULL), ERR_DENIED);
	assert_int_equal(first("y,,n=u,r=x", false, false, NULL, NULL), 0);
}

static void test_scram_malformed_first_messages(void **state)
{
	static const char *const bad[] = {"", "n", "n,", "n,,", "n,,n=u", "n,,r=x,n=u", "n,,m=1,n=u,r=x", "x,,n=u,r=x", "n,b=z,n=u,r=x",
		"n,,n=a=2,r=x",
		"n,,n=a=3F,r=x", "n,,n=u,r=", "n,,n=u,r=a b", "n,,n=\xff,r=x", "p=,,n=u,r=x"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_true(first(bad[i], false, false, NULL, NULL) < 0);
}

static void test_scram_names_are_decoded(void **state)
{
	struct arena arena = ARENA_INIT;
	struct scram s;
	assert_int_equal(scram_client_first(&s, &arena, SLICE("n,a=boss,n=a=2Cb=3Dc@x,r=nonce,ext=1"), &no_channel), 0);
	assert_true(slice_eq(s.name, SLICE("a,b=c@x")));
	assert_true(slice_eq(s.authzid, SLICE("boss")));
	assert_true(slice_eq(s.header, SLICE("n,a=boss,")));
	arena_free(&arena);
}

static int final(const char *message)
{
	struct arena arena = ARENA_INIT;
	struct scram s;
	struct scram_channel channel = {true, true, SLICE("tls-exporter"), SLICE("data")};
	assert_int_equal(scram_client_first(&s, &arena, SLICE("p=tls-exporter,,n=u,r=C"), &channel), 0);
	scram_server_first(&s, SLICE("salt"), 4096, SLICE("S"));
	int rc = scram_client_final(&s, slice_str(message));
	arena_free(&arena);
	return rc;
}

static void test_scram_final_message_checks_binding_and_nonce(void **state)
{
	static const char proof[] = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
	char text[200];
	(void)snprintf(text, sizeof text, "c=cD10bHMtZXhwb3J0ZXIsLGRhdGE=,r=CS,%s", proof);
	assert_int_equal(final(text), 0);
	(void)snprintf(text, sizeof text, "c=cD10bHMtZXhwb3J0ZXIsLGRhdGE=,r=CS,ext=1,%s", proof);
	assert_int_equal(final(text), 0);
	(void)snprintf(text, sizeof text, "c=cD10bHMtZXhwb3J0ZXIsLGRhdGE=,r=CX,%s", proof);
	assert_int_equal(final(text), ERR_DENIED);
	(void)snprintf(text, sizeof text, "c=cD10bHMtZXhwb3J0ZXIsLGRhdGI=,r=CS,%s", proof);
	assert_int_equal(final(text), ERR_DENIED);
	(void)snprintf(text, sizeof text, "c=biws,r=CS,%s", proof);
	assert_int_equal(final(text), ERR_DENIED);
	assert_int_equal(final("c=biws,r=CS"), ERR_INVALID);
	assert_int_equal(final("c=biws,r=CS,p=AAAA"), ERR_INVALID);
	assert_int_equal(final("r=CS,c=biws,p=AAAA"), ERR_INVALID);
	assert_int_equal(final(""), ERR_INVALID);
}

static bool prepares_to(struct slice text, const char *want)
{
	struct buf out = BUF_INIT(100);
	bool ok = saslprep(text, &out) && slice_eq(buf_slice(&out), slice_str(want));
	buf_free(&out);
	return ok;
}

/* The examples of RFC 4013 3. */
static void test_saslprep_examples(void **state)
{
	struct buf out = BUF_INIT(100);
	assert_true(prepares_to(SLICE("I\302\255X"), "IX"));
	assert_true(prepares_to(SLICE("user"), "user"));
	assert_true(prepares_to(SLICE("USER"), "USER"));
	assert_true(prepares_to(SLICE("\302\252"), "a"));
	assert_true(prepares_to(SLICE("\342\205\250"), "IX"));
	assert_false(saslprep(SLICE("\007"), &out));
	assert_false(saslprep(SLICE("\330\247\061"), &out));
	assert_false(saslprep(SLICE("\377"), &out));
	buf_free(&out);
}

static void test_plain_messages(void **state)
{
	struct plain p;
	assert_int_equal(plain_parse(slice_make("\0tim\0tanstaaftanstaaf", 21), &p), 0);
	assert_true(slice_eq(p.name, SLICE("tim")));
	assert_true(slice_eq(p.password, SLICE("tanstaaftanstaaf")));
	assert_int_equal(plain_parse(slice_make("Ursel\0Kurt\0xipj3plmq", 20), &p), 0);
	assert_true(slice_eq(p.authzid, SLICE("Ursel")));
	assert_int_equal(plain_parse(SLICE("tim"), &p), ERR_INVALID);
	assert_int_equal(plain_parse(slice_make("\0tim", 4), &p), ERR_INVALID);
	assert_int_equal(plain_parse(slice_make("\0\0x", 3), &p), ERR_INVALID);
	assert_int_equal(plain_parse(slice_make("\0tim\0", 5), &p), ERR_INVALID);
	assert_int_equal(plain_parse(slice_make("\0tim\0a\0b", 8), &p), ERR_INVALID);
	assert_int_equal(plain_parse(slice_make("\0t\xff\0a", 5), &p), ERR_INVALID);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scram_rfc7677_example),
		cmocka_unit_test(test_scram_binding_must_match_the_mechanism),
		cmocka_unit_test(test_scram_downgrade_is_noticed),
		cmocka_unit_test(test_scram_malformed_first_messages),
		cmocka_unit_test(test_scram_names_are_decoded),
		cmocka_unit_test(test_scram_final_message_checks_binding_and_nonce),
		cmocka_unit_test(test_saslprep_examples),
		cmocka_unit_test(test_plain_messages),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
