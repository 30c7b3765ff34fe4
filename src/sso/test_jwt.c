/* Every way in which a token can be taken for what it is not. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "crypt/crypt.h"
#include "sso/test_tokens.h"

#define CLIENT "letterlock"
#define ID_HEAD "{\"alg\":\"RS256\",\"kid\":\"rsa\"}"
#define AT_HEAD "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"at+jwt\"}"
#define TIMES "\"iat\":1789999990,\"exp\":1790000300"
#define ID_CLAIMS "{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":\"" CLIENT "\",\"nonce\":\"n1\"," TIMES "}"
#define AT_CLAIMS "{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":\"mail\",\"client_id\":\"c9\"," TIMES "}"

static const struct jwt_policy id_policy = {
	.use = JWT_ID_TOKEN, .issuer = SLICE_INIT(TEST_ISSUER), .audience = SLICE_INIT(CLIENT), .nonce = SLICE_INIT("n1"),
	.algorithms = JWT_ALGORITHMS_ALL, .now = TEST_NOW, .skew = 60,
};
static const struct jwt_policy access_policy = {
	.use = JWT_ACCESS_TOKEN, .issuer = SLICE_INIT(TEST_ISSUER), .audience = SLICE_INIT("mail"), .algorithms = JWT_ALGORITHMS_ALL,
	.now = TEST_NOW, .skew = 60,
};

static int verify_with(struct slice token, const struct jwt_policy *policy, unsigned keys)
{
	struct arena arena = ARENA_INIT;
	struct jwks *set = NULL;
	struct jwt_claims claims;
	assert_int_equal(jwks_parse(test_key_set(keys), &set, NULL), 0);
	int rc = jwt_verify(token, policy, set, &arena, &claims, NULL);
	if (rc == 0)
		assert_true(slice_eq(claims.subject, SLICE("u1")));
	jwks_free(&set);
	arena_free(&arena);
	return rc;
}

static int verify_id(struct slice token)
{
	return verify_with(token, &id_policy, 1u << TEST_RSA | 1u << TEST_EC);
}

static int verify_access(struct slice token)
{
	return verify_with(token, &access_policy, 1u << TEST_RSA | 1u << TEST_EC);
}

/* An ID token with these claims instead of the usual ones. */
static int id_claims(const char *claims)
{
	return verify_id(test_sign(TEST_RSA, ID_HEAD, claims));
}

static void test_good_tokens_are_taken(void **state)
{
	assert_int_equal(id_claims(ID_CLAIMS), 0);
	assert_int_equal(verify_access(test_sign(TEST_RSA, AT_HEAD, AT_CLAIMS)), 0);
	assert_int_equal(verify_access(test_sign(TEST_EC, "{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":\"application/AT+JWT\"}", AT_CLAIMS)), 0);
	assert_int_equal(verify_id(test_sign(TEST_RSA, "{\"alg\":\"PS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}", ID_CLAIMS)), 0);
}

/* The library that verifies ends the process when it meets what is no base64url. */
static void test_parts_that_are_not_base64url_are_refused(void **state)
{
	struct slice token = test_sign(TEST_EC, "{\"alg\":\"ES256\",\"kid\":\"ec\"}", ID_CLAIMS);
	char text[JWT_MAX];
	assert_int_equal(verify_id(token), 0);
	for (size_t at = 0; at < token.n; at++) {
		memcpy(text, token.p, token.n);
		text[at] = '=';
		assert_int_not_equal(verify_id(slice_make(text, token.n)), 0);
		memmove(text + at, text + at + 1, token.n - at - 1);
		assert_int_not_equal(verify_id(slice_make(text, token.n - 1)), 0);
	}
}

static int verify_ed(struct slice token, struct slice set_text, unsigned algorithms)
{
	struct arena arena = ARENA_INIT;
	struct jwks *set = NULL;
	struct jwt_claims claims;
	struct jwt_policy policy = id_policy;
	policy.algorithms = algorithms;
	assert_int_equal(jwks_parse(set_text, &set, NULL), 0);
	int rc = jwt_verify(token, &policy, set, &arena, &claims, NULL);
	jwks_free(&set);
	arena_free(&arena);
	return rc;
}

static void test_ed25519_tokens_are_taken_where_allowed(void **state)
{
	struct slice token = test_sign_ed("{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", ID_CLAIMS);
	assert_int_equal(verify_ed(token, test_ed_set(), JWT_ALGORITHMS_ALL), 0);
	assert_int_equal(verify_ed(test_sign_ed("{\"alg\":\"Ed25519\",\"kid\":\"ed\"}", ID_CLAIMS), test_ed_set(), JWT_EDDSA), 0);
	assert_int_equal(verify_ed(token, test_ed_set(), JWT_RS256 | JWT_ES256), ERR_INVALID);
	/* The key answers to no other algorithm, and other keys not to this one. */
	assert_int_equal(verify_ed(test_sign_ed("{\"alg\":\"RS256\",\"kid\":\"ed\"}", ID_CLAIMS), test_ed_set(), JWT_ALGORITHMS_ALL), ERR_NOT_FOUND);
	assert_int_equal(verify_ed(token, test_key_set(1u << TEST_RSA | 1u << TEST_EC), JWT_ALGORITHMS_ALL), ERR_NOT_FOUND);
	/* One bit of the signature, of the claims; a signature that is short. */
	char text[JWT_MAX];
	for (size_t at = token.n - 80; at < token.n - 1; at += 20) {
		memcpy(text, token.p, token.n);
		text[at] = text[at] == 'A' ? 'B' : 'A';
		assert_int_equal(verify_ed(slice_make(text, token.n), test_ed_set(), JWT_ALGORITHMS_ALL), ERR_INVALID);
	}
	assert_int_equal(verify_ed(slice_sub(token, 0, token.n - 4), test_ed_set(), JWT_ALGORITHMS_ALL), ERR_INVALID);
}

static void test_malformed_ed25519_keys_are_left_out(void **state)
{
	static const char *const bad[] = {
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}", "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}]}",
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct jwks *set = NULL;
		assert_int_equal(jwks_parse(slice_str(bad[i]), &set, NULL), ERR_INVALID);
	}
}

#define EC_KEY(x, y) "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" x "\",\"y\":\"" y "\"}]}"
#define EC_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define EC_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"

static void test_keys_whose_numbers_are_not_base64url_are_left_out(void **state)
{
	static const char *const bad[] = {
		EC_KEY(EC_X "=", EC_Y), EC_KEY("A=" EC_X, EC_Y), EC_KEY(EC_X, EC_Y "AA"), EC_KEY(EC_X, "A"),
		"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"A\",\"e\":\"AQAB\"}]}",
	};
	struct jwks *set = NULL;
	assert_int_equal(jwks_parse(SLICE(EC_KEY(EC_X, EC_Y)), &set, NULL), 0);
	jwks_free(&set);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(jwks_parse(slice_str(bad[i]), &set, NULL), ERR_INVALID);
}

static void test_claims_are_read(void **state)
{
	struct arena arena = ARENA_INIT;
	struct jwks *set = NULL;
	struct jwt_claims c;
	assert_int_equal(jwks_parse(test_key_set(1u << TEST_RSA), &set, NULL), 0);
	struct slice token = test_sign(TEST_RSA, ID_HEAD, "{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":[\"" CLIENT "\"],\"nonce\":\"n1\","
		"\"email\":\"ann@example.org\",\"email_verified\":true,\"amr\":[\"pwd\",\"otp\"],\"acr\":\"2\",\"name\":\"Ann\",\"auth_time\":1789999000,"
		"\"scope\":\"imap smtp\"," TIMES "}");
	assert_int_equal(jwt_verify(token, &id_policy, set, &arena, &c, NULL), 0);
	assert_true(slice_eq(c.email, SLICE("ann@example.org")) && c.email_verified);
	assert_int_equal(c.method_count, 2);
	assert_true(slice_eq(c.methods[1], SLICE("otp")) && slice_eq(c.acr, SLICE("2")) && slice_eq(c.name, SLICE("Ann")));
	assert_int_equal(c.authenticated, 1789999000);
	assert_true(jwt_scope_has(c.scope, SLICE("smtp")) && !jwt_scope_has(c.scope, SLICE("sm")));
	jwks_free(&set);
	arena_free(&arena);
}

static void test_no_algorithm_is_refused(void **state)
{
	static const char *const heads[] = {
		"{\"alg\":\"none\"}", "{\"alg\":\"none\",\"kid\":\"rsa\"}", "{\"alg\":\"None\",\"kid\":\"rsa\"}", "{\"kid\":\"rsa\"}", "{\"alg\":\"\"}",
		"{\"alg\":1,\"kid\":\"rsa\"}", "{\"alg\":\"rs256\",\"kid\":\"rsa\"}", "{\"alg\":\"RSA1_5\"}", "{\"alg\":\"HS256\",\"kid\":\"rsa\"}",
	};
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		assert_int_equal(verify_id(test_unsigned(heads[i], ID_CLAIMS)), ERR_INVALID);
	assert_int_equal(verify_id(SLICE("eyJhbGciOiJub25lIn0.e30.")), ERR_INVALID);
}

static void test_public_key_is_no_hmac_secret(void **state)
{
	struct slice set = test_key_set(1u << TEST_RSA);
	struct slice secrets[] = {set, slice_sub(set, 9, set.n - 2)};
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(verify_id(test_sign_secret(secrets[i], "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", ID_CLAIMS)), ERR_INVALID);
}

static void test_secret_keys_of_a_set_are_left_out(void **state)
{
	struct jwks *set = NULL;
	assert_int_equal(jwks_parse(SLICE("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"h\",\"alg\":\"HS256\"}]}"), &set, NULL),
		ERR_INVALID);
	assert_null(set);
}

static void test_allow_list_rules(void **state)
{
	struct jwt_policy only_ec = id_policy;
	only_ec.algorithms = JWT_ES256;
	assert_int_equal(verify_with(test_sign(TEST_RSA, ID_HEAD, ID_CLAIMS), &only_ec, 7), ERR_INVALID);
	assert_int_equal(verify_with(test_sign(TEST_EC, "{\"alg\":\"ES256\",\"kid\":\"ec\"}", ID_CLAIMS), &only_ec, 7), 0);
}

static void test_key_type_is_bound_to_the_algorithm(void **state)
{
	assert_int_equal(verify_id(test_sign(TEST_RSA, "{\"alg\":\"RS256\",\"kid\":\"ec\"}", ID_CLAIMS)), ERR_NOT_FOUND);
	assert_int_equal(verify_id(test_unsigned("{\"alg\":\"ES256\",\"kid\":\"rsa\"}", ID_CLAIMS)), ERR_NOT_FOUND);
	assert_int_equal(verify_id(test_unsigned("{\"alg\":\"ES384\",\"kid\":\"ec\"}", ID_CLAIMS)), ERR_NOT_FOUND);
}

static void test_a_key_keeps_to_its_own_algorithm(void **state)
{
	struct jwks *set = NULL;
	struct buf b = BUF_INIT(8192);
	struct slice all = test_key_set(1u << TEST_RSA);
	buf_append(&b, slice_sub(all, 0, all.n - 3));
	buf_append_str(&b, ",\"alg\":\"PS256\"}]}");
	assert_int_equal(jwks_parse(buf_slice(&b), &set, NULL), 0);
	assert_null(jwks_find(set, SLICE("rsa"), JWT_RS256));
	assert_non_null(jwks_find(set, SLICE("rsa"), JWT_PS256));
	jwks_free(&set);
	buf_truncate(&b, all.n - 3);
	buf_append_str(&b, ",\"use\":\"enc\"}]}");
	assert_int_equal(jwks_parse(buf_slice(&b), &set, NULL), ERR_INVALID);
	buf_truncate(&b, all.n - 3);
	buf_append_str(&b, ",\"key_ops\":[\"encrypt\"]}]}");
	assert_int_equal(jwks_parse(buf_slice(&b), &set, NULL), ERR_INVALID);
	buf_free(&b);
}

static void test_weak_rsa_keys_are_left_out(void **state)
{
	struct jwks *set = NULL;
	struct buf b = BUF_INIT(8192);
	uint8_t n[128];
	memset(n, 0xc3, sizeof n);
	buf_append_str(&b, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"kid\":\"weak\",\"n\":\"");
	base64url_encode(slice_make(n, sizeof n), &b);
	buf_append_str(&b, "\"}]}");
	assert_int_equal(jwks_parse(buf_slice(&b), &set, NULL), ERR_INVALID);
	buf_free(&b);
}

static void test_wrong_or_unclear_key(void **state)
{
	struct slice by_new = test_sign(TEST_RSA_NEW, ID_HEAD, ID_CLAIMS); /* says "rsa", is not */
	assert_int_equal(verify_id(by_new), ERR_INVALID);
	assert_int_equal(verify_id(test_sign(TEST_RSA_NEW, "{\"alg\":\"RS256\",\"kid\":\"rsa-new\"}", ID_CLAIMS)), ERR_NOT_FOUND);
	struct slice nameless = test_sign(TEST_RSA, "{\"alg\":\"RS256\"}", ID_CLAIMS);
	assert_int_equal(verify_with(nameless, &id_policy, 1u << TEST_RSA | 1u << TEST_EC), 0);
	assert_int_equal(verify_with(nameless, &id_policy, 1u << TEST_RSA | 1u << TEST_RSA_NEW), ERR_NOT_FOUND);
}

static void test_a_key_inside_of_the_token_counts_nothing(void **state)
{
	struct slice set = test_key_set(1u << TEST_RSA_NEW);
	struct buf head = BUF_INIT(4096);
	buf_append_str(&head, "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jku\":\"https://evil.test/jwks\",\"jwk\":");
	buf_append(&head, slice_sub(set, 9, set.n - 2));
	buf_append_str(&head, "}");
	buf_append_byte(&head, 0);
	assert_int_equal(verify_id(test_sign(TEST_RSA_NEW, (const char *)buf_slice(&head).p, ID_CLAIMS)), ERR_INVALID);
	buf_free(&head);
}

static void test_changed_tokens_are_refused(void **state)
{
	struct slice token = test_sign(TEST_RSA, ID_HEAD, ID_CLAIMS);
	uint8_t copy[JWT_MAX];
	ptrdiff_t dot = slice_find(token, '.');
	memcpy(copy, token.p, token.n);
	for (size_t at = (size_t)dot + 1; at < token.n; at += 7) {
		if (copy[at] == '.')
			continue;
		copy[at] = copy[at] == 'A' ? 'B' : 'A';
		if (copy[at] != token.p[at])
			assert_true(verify_id(slice_make(copy, token.n)) < 0);
		copy[at] = token.p[at];
	}
	for (size_t n = 0; n < token.n; n += 11)
		assert_true(verify_id(slice_sub(token, 0, n)) < 0);
}

static void test_critical_extensions_are_refused(void **state)
{
	assert_int_equal(verify_id(test_unsigned("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"exp\"]}", ID_CLAIMS)), ERR_INVALID);
	assert_int_equal(verify_id(test_unsigned("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"b64\":false}", ID_CLAIMS)), ERR_INVALID);
	assert_int_equal(verify_id(test_unsigned("{\"alg\":\"RS256\",\"alg\":\"none\",\"kid\":\"rsa\"}", ID_CLAIMS)), ERR_INVALID);
}

static void test_kinds_of_tokens_are_not_mixed_up(void **state)
{
	struct jwt_policy p = access_policy;
	p.audience = SLICE(CLIENT);
	assert_int_equal(verify_with(test_sign(TEST_RSA, ID_HEAD, ID_CLAIMS), &p, 1), ERR_INVALID); /* an ID token as access token */
	assert_int_equal(verify_with(test_sign(TEST_RSA, "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}", AT_CLAIMS), &access_policy, 1),
		ERR_INVALID);
	p = id_policy;
	p.audience = SLICE("mail");
	assert_int_equal(verify_with(test_sign(TEST_RSA, AT_HEAD, AT_CLAIMS), &p, 1), ERR_INVALID); /* and the other way round */
	assert_int_equal(verify_id(test_sign(TEST_RSA, "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"logout+jwt\"}", ID_CLAIMS)), ERR_INVALID);
}

#define ID_WITH(iss, rest) "{\"iss\":\"" iss "\",\"sub\":\"u1\",\"nonce\":\"n1\"," TIMES "," rest "}"

static void test_issuer_and_audience_are_exact(void **state)
{
	assert_int_equal(id_claims(ID_WITH("https://idp.example.org/", "\"aud\":\"" CLIENT "\"")), ERR_DENIED);
	assert_int_equal(id_claims(ID_WITH("https://evil.example.org", "\"aud\":\"" CLIENT "\"")), ERR_DENIED);
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"aud\":\"other\"")), ERR_DENIED);
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"aud\":\"" CLIENT "x\"")), ERR_DENIED);
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"aud\":[]")), ERR_DENIED);
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"aud\":{\"" CLIENT "\":1}")), ERR_DENIED);
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"a\":1")), ERR_DENIED);
}

static void test_authorized_party(void **state)
{
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"aud\":[\"" CLIENT "\",\"b\"]")), ERR_DENIED);
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"aud\":[\"" CLIENT "\",\"b\"],\"azp\":\"b\"")), ERR_DENIED);
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"aud\":[\"" CLIENT "\",\"b\"],\"azp\":\"" CLIENT "\"")), 0);
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"aud\":\"" CLIENT "\",\"azp\":\"b\"")), ERR_DENIED);
	assert_int_equal(id_claims(ID_WITH(TEST_ISSUER, "\"aud\":\"" CLIENT "\",\"azp\":7")), ERR_DENIED);
}

static void test_nonce(void **state)
{
	struct jwt_policy none = id_policy;
	none.nonce = SLICE_NONE;
	assert_int_equal(id_claims("{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":\"" CLIENT "\"," TIMES "}"), ERR_DENIED);
	assert_int_equal(id_claims("{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":\"" CLIENT "\",\"nonce\":\"n2\"," TIMES "}"), ERR_DENIED);
	assert_int_equal(verify_with(test_sign(TEST_RSA, ID_HEAD, ID_CLAIMS), &none, 1), ERR_DENIED);
}

static int at_times(const char *times)
{
	char claims[500];
	snprintf(claims, sizeof claims, "{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":\"" CLIENT "\",\"nonce\":\"n1\",%s}", times);
	return id_claims(claims);
}

static void test_times(void **state)
{
	assert_int_equal(at_times("\"iat\":1789990000,\"exp\":1790000001"), 0);
	assert_int_equal(at_times("\"iat\":1789990000,\"exp\":1789999941"), 0); /* within the skew */
	assert_int_equal(at_times("\"iat\":1789990000,\"exp\":1789999940"), ERR_CONFLICT);
	assert_int_equal(at_times("\"iat\":1790000060,\"exp\":1790000300"), 0);
	assert_int_equal(at_times("\"iat\":1790000061,\"exp\":1790000300"), ERR_DENIED);
	assert_int_equal(at_times("\"iat\":1789990000,\"exp\":1790000300,\"nbf\":1790000061"), ERR_DENIED);
	assert_int_equal(at_times("\"iat\":1789990000,\"exp\":1790000300,\"nbf\":\"1\""), ERR_DENIED);
	assert_int_equal(at_times("\"iat\":1789990000"), ERR_DENIED);
	assert_int_equal(at_times("\"exp\":1790000300"), ERR_DENIED);
	assert_int_equal(at_times("\"iat\":1789990000,\"exp\":\"1790000300\""), ERR_DENIED);
	assert_int_equal(at_times("\"iat\":1789990000,\"exp\":1e300"), ERR_DENIED);
	assert_int_equal(at_times("\"iat\":-5,\"exp\":1790000300"), ERR_DENIED);
}

static void test_age(void **state)
{
	struct jwt_policy young = id_policy;
	young.max_age = 600;
	assert_int_equal(verify_with(test_sign(TEST_RSA, ID_HEAD, ID_CLAIMS), &young, 1), 0);
	young.now += 700;
	assert_int_equal(verify_with(test_sign(TEST_RSA, ID_HEAD, ID_CLAIMS), &young, 1), ERR_CONFLICT);
}

static void test_subject_is_needed(void **state)
{
	assert_int_equal(id_claims("{\"iss\":\"" TEST_ISSUER "\",\"aud\":\"" CLIENT "\",\"nonce\":\"n1\"," TIMES "}"), ERR_DENIED);
	assert_int_equal(verify_access(test_sign(TEST_RSA, AT_HEAD, "{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":\"mail\"," TIMES "}")),
		ERR_DENIED);
}

static void test_sizes_are_limited(void **state)
{
	static char claims[JWT_MAX + 200];
	size_t n = (size_t)snprintf(claims, sizeof claims, "{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":\"" CLIENT "\",\"nonce\":\"n1\"," TIMES ",\"x\":\"");
	memset(claims + n, 'x', 6500);
	memcpy(claims + n + 6500, "\"}", 3);
	assert_int_equal(id_claims(claims), ERR_INVALID);
	memset(claims, '[', 400);
	memset(claims + 400, ']', 400);
	claims[800] = '\0';
	assert_int_equal(id_claims(claims), ERR_INVALID);
	assert_int_equal(id_claims("not json"), ERR_INVALID);
	assert_int_equal(id_claims("{\"a\":1,\"a\":2}"), ERR_INVALID);
}

static void test_form_of_a_token(void **state)
{
	assert_true(jwt_looks_like(SLICE("a.b.c")));
	assert_false(jwt_looks_like(SLICE("a.b")));
	assert_false(jwt_looks_like(SLICE("a.b.c.d")));
	assert_false(jwt_looks_like(SLICE("a..c")));
	assert_false(jwt_looks_like(SLICE("a.b.")));
	assert_false(jwt_looks_like(SLICE("a.b+.c")));
	assert_false(jwt_looks_like(SLICE_NONE));
}

static int teardown(void **state)
{
	test_keys_free();
	return 0;
}

int main(void)
{
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_tokens_are_taken), cmocka_unit_test(test_claims_are_read), cmocka_unit_test(test_no_algorithm_is_refused),
		cmocka_unit_test(test_public_key_is_no_hmac_secret), cmocka_unit_test(test_secret_keys_of_a_set_are_left_out),
		cmocka_unit_test(test_allow_list_rules), cmocka_unit_test(test_key_type_is_bound_to_the_algorithm),
		cmocka_unit_test(test_a_key_keeps_to_its_own_algorithm), cmocka_unit_test(test_weak_rsa_keys_are_left_out),
		cmocka_unit_test(test_wrong_or_unclear_key), cmocka_unit_test(test_a_key_inside_of_the_token_counts_nothing),
		cmocka_unit_test(test_changed_tokens_are_refused), cmocka_unit_test(test_critical_extensions_are_refused),
		cmocka_unit_test(test_kinds_of_tokens_are_not_mixed_up), cmocka_unit_test(test_issuer_and_audience_are_exact),
		cmocka_unit_test(test_authorized_party), cmocka_unit_test(test_nonce), cmocka_unit_test(test_ed25519_tokens_are_taken_where_allowed),
		cmocka_unit_test(test_malformed_ed25519_keys_are_left_out),
		cmocka_unit_test(test_keys_whose_numbers_are_not_base64url_are_left_out), cmocka_unit_test(test_parts_that_are_not_base64url_are_refused), cmocka_unit_test(test_times), cmocka_unit_test(test_age),
		cmocka_unit_test(test_subject_is_needed), cmocka_unit_test(test_sizes_are_limited), cmocka_unit_test(test_form_of_a_token),
	};
	return cmocka_run_group_tests_name("jwt", tests, NULL, teardown);
}
