/* Messages of SASL bearer mechanisms and of our own authorization server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/bearer.h"
#include "sso/oauth.h"
#include "sso/pkce.h"
#include "sso/url.h"

#define ISSUER SLICE("https://mail.example.org")
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" /* RFC 7636 appendix B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

/* ---- bearer ---- */

static void test_oauthbearer_messages(void **state)
{
	struct arena arena = ARENA_INIT;
	struct bearer b;
	/* RFC 7628 4.1 */
	assert_int_equal(bearer_parse_oauth(SLICE("n,a=user@example.com,\1host=server.example.com\1port=143\1auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"),
		&arena, &b), 0);
	assert_true(slice_eq(b.name, SLICE("user@example.com")) && slice_eq(b.token, SLICE("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")));
	assert_int_equal(bearer_parse_oauth(SLICE("n,,\1auth=bearer abc\1\1"), &arena, &b), 0);
	assert_int_equal(b.name.n, 0);
	assert_int_equal(bearer_parse_oauth(SLICE("y,a=a=2Cb=3Dc,\1auth=Bearer abc\1\1"), &arena, &b), 0);
	assert_true(slice_eq(b.name, SLICE("a,b=c")));
	assert_int_equal(bearer_parse_oauth(SLICE("p=tls-exporter,,\1auth=Bearer abc\1\1"), &arena, &b), ERR_UNSUPPORTED);
	arena_free(&arena);
}

static void test_malformed_bearer_messages(void **state)
{
	static const struct slice bad[] = {
		SLICE_INIT(""), SLICE_INIT("\1"), SLICE_INIT("n,,"), SLICE_INIT("n,,\1\1"), SLICE_INIT("n,,\1auth=Bearer\1\1"),
			SLICE_INIT("n,,\1auth=Bearer \1\1"),
		SLICE_INIT("n,,\1auth=Basic abc\1\1"), SLICE_INIT("n,,\1auth=Bearer abc\1"), SLICE_INIT("n,,\1auth=Bearer a b\1\1"),
		SLICE_INIT("n,,\1auth=Bearer abc\1auth=Bearer abd\1\1"), SLICE_INIT("n,a=x\1auth=Bearer abc\1\1"),
			SLICE_INIT("n,b=x,\1auth=Bearer abc\1\1"),
		SLICE_INIT("n,a=x=2cy,\1auth=Bearer abc\1\1"), SLICE_INIT("n,a=x,y,\1auth=Bearer abc\1\1"), SLICE_INIT("x,,\1auth=Bearer abc\1\1"),
		SLICE_INIT("n,a=\xff,\1auth=Bearer abc\1\1"), SLICE_INIT("n,,\1=x\1auth=Bearer abc\1\1"), SLICE_INIT("n,,\1auth=Bearer abc=x\1\1"),
		SLICE_INIT("n,,\1a\1auth=Bearer abc\1\1"), SLICE_INIT("n,,\1auth=Bearer abc\1\1\1x"),
	};
	struct arena arena = ARENA_INIT;
	struct bearer b;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(bearer_parse_oauth(bad[i], &arena, &b), ERR_INVALID);
	arena_free(&arena);
}

static void test_xoauth2_messages(void **state)
{
	struct arena arena = ARENA_INIT;
	struct bearer b;
	assert_int_equal(bearer_parse_xoauth2(SLICE("user=ann@example.org\1auth=Bearer ya29.abc\1\1"), &arena, &b), 0);
	assert_true(slice_eq(b.name, SLICE("ann@example.org")) && slice_eq(b.token, SLICE("ya29.abc")));
	assert_int_equal(bearer_parse_xoauth2(SLICE("auth=Bearer abc\1\1"), &arena, &b), ERR_INVALID);
	assert_int_equal(bearer_parse_xoauth2(SLICE("user=\1auth=Bearer abc\1\1"), &arena, &b), ERR_INVALID);
	assert_int_equal(bearer_parse_xoauth2(SLICE("user=ann\1\1"), &arena, &b), ERR_INVALID);
	arena_free(&arena);
}

static void test_errors_of_bearer_mechanisms(void **state)
{
	struct buf b = BUF_INIT(500);
	bearer_error("invalid_token", SLICE("imap smtp"), SLICE("https://mail.example.org/.well-known/oauth-authorization-server"), &b);
	assert_true(slice_eq(buf_slice(&b), SLICE("{\"status\":\"invalid_token\",\"scope\":\"imap smtp\","
		"\"openid-configuration\":\"https://mail.example.org/.well-known/oauth-authorization-server\"}")));
	buf_clear(&b);
	bearer_error("insufficient_scope", SLICE("a\"b\\c\n"), SLICE_NONE, &b);
	assert_true(slice_eq(buf_slice(&b), SLICE("{\"status\":\"insufficient_scope\",\"scope\":\"abc\"}")));
	buf_clear(&b);
	bearer_error_xoauth2("invalid_token", SLICE("imap"), &b);
	assert_true(slice_eq(buf_slice(&b), SLICE("{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"imap\"}")));
	buf_free(&b);
	assert_true(bearer_error_taken(SLICE("\1")) && bearer_error_taken(SLICE_NONE));
	assert_false(bearer_error_taken(SLICE("\1\1")));
}

/* ---- pieces ---- */

static void test_pkce(void **state)
{
	assert_true(pkce_matches(SLICE(CHALLENGE), SLICE(VERIFIER)));
	assert_false(pkce_matches(SLICE(CHALLENGE), SLICE("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl")));
	assert_false(pkce_matches(SLICE(VERIFIER), SLICE(VERIFIER))); /* "plain" */
	assert_false(pkce_matches(SLICE_NONE, SLICE_NONE));
	assert_false(pkce_matches(SLICE(CHALLENGE), SLICE_NONE));
	assert_false(pkce_matches(SLICE_NONE, SLICE(VERIFIER)));
	assert_true(pkce_challenge_valid(SLICE(CHALLENGE)));
	assert_false(pkce_challenge_valid(SLICE("short")));
	assert_false(pkce_challenge_valid(SLICE("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM")));
}

static void test_forms(void **state)
{
	struct arena arena = ARENA_INIT;
	struct form f;
	assert_int_equal(form_parse(SLICE("a=1&b=x%20y+z&c&d=%e2%82%ac&&"), &arena, &f), 0);
	assert_true(slice_eq(form_get(&f, "b"), SLICE("x y z")) && slice_eq(form_get(&f, "d"), SLICE("\xe2\x82\xac")));
	assert_int_equal(form_get(&f, "c").n, 0);
	assert_int_equal(form_get(&f, "e").n, 0);
	assert_int_equal(form_parse(SLICE("a=1&a=2"), &arena, &f), ERR_INVALID);
	assert_int_equal(form_parse(SLICE("a=%4"), &arena, &f), ERR_INVALID);
	assert_int_equal(form_parse(SLICE("a=%zz"), &arena, &f), ERR_INVALID);
	assert_int_equal(form_parse(SLICE("a=%00"), &arena, &f), ERR_INVALID);
	assert_int_equal(form_parse(SLICE("a=%0d%0aSet-Cookie"), &arena, &f), ERR_INVALID);
	arena_free(&arena);
}

static void test_tokens(void **state)
{
	struct oauth_token a, b;
	char text[OAUTH_TOKEN_SIZE + 1];
	uint8_t key[32] = {1}, other[32] = {2}, x[OAUTH_LOOKUP_SIZE], y[OAUTH_LOOKUP_SIZE];
	oauth_token_make(OAUTH_CODE, &a);
	oauth_token_text(&a, text);
	assert_true(oauth_token_parse(slice_str(text), OAUTH_CODE, &b));
	assert_memory_equal(a.secret, b.secret, OAUTH_SECRET_SIZE);
	assert_false(oauth_token_parse(slice_str(text), OAUTH_DEVICE, &b));
	oauth_token_lookup(&a, key, x);
	oauth_token_lookup(&a, other, y);
	assert_memory_not_equal(x, y, OAUTH_LOOKUP_SIZE);
	b = a;
	b.kind = OAUTH_DEVICE;
	oauth_token_lookup(&b, key, y);
	assert_memory_not_equal(x, y, OAUTH_LOOKUP_SIZE); /* the kind is part of it: relabelling finds nothing */
	text[OAUTH_TOKEN_SIZE - 1] = '=';
	assert_false(oauth_token_parse(slice_str(text), OAUTH_CODE, &b));
	assert_false(oauth_token_parse(SLICE("llc_short"), OAUTH_CODE, &b));
}

static void test_scopes(void **state)
{
	struct oauth_scope all, part;
	struct buf b = BUF_INIT(500);
	assert_int_equal(oauth_scope_parse(SLICE("smtp api:user.see imap  imap api:user.see"), &all), 0);
	oauth_scope_write(&all, &b);
	assert_true(slice_eq(buf_slice(&b), SLICE("imap smtp api:user.see")));
	assert_int_equal(oauth_scope_parse(SLICE("imap api:user.see"), &part), 0);
	assert_true(oauth_scope_covers(&all, &part));
	assert_false(oauth_scope_covers(&part, &all));
	assert_int_equal(oauth_scope_parse(SLICE("imap api:user.change"), &part), 0);
	assert_false(oauth_scope_covers(&all, &part));
	assert_int_equal(oauth_scope_parse(SLICE("everything"), &part), ERR_INVALID);
	assert_int_equal(oauth_scope_parse(SLICE("api:"), &part), ERR_INVALID);
	assert_int_equal(oauth_scope_parse(SLICE("IMAP"), &part), ERR_INVALID);
	assert_int_equal(oauth_scope_parse(SLICE_NONE, &part), ERR_INVALID);
	buf_free(&b);
}

static void test_user_codes(void **state)
{
	char made[OAUTH_USER_CODE_SIZE + 2], read[OAUTH_USER_CODE_SIZE + 2];
	oauth_user_code_make(made);
	assert_true(oauth_user_code_parse(slice_str(made), read));
	assert_string_equal(made, read);
	assert_true(oauth_user_code_parse(SLICE(" wdjb mjht"), read));
	assert_string_equal(read, "WDJB-MJHT");
	assert_false(oauth_user_code_parse(SLICE("WDJB-MJH"), read));
	assert_false(oauth_user_code_parse(SLICE("WDJB-MJHTT"), read));
	assert_false(oauth_user_code_parse(SLICE("WDJB-MJHA"), read));
}

static void test_redirects_are_exact(void **state)
{
	struct slice web = SLICE("https://app.example.org/cb"), local = SLICE("http://127.0.0.1/cb"), own = SLICE("com.example.app:/cb");
	assert_true(url_redirect_matches(web, web));
	assert_true(url_redirect_matches(own, own));
	assert_true(url_redirect_matches(local, SLICE("http://127.0.0.1:51004/cb")));
	assert_true(url_redirect_matches(SLICE("http://[::1]:1/"), SLICE("http://[::1]:51004/")));
	static const char *const evil[] = {
		"https://app.example.org/cb/", "https://app.example.org/cb?x=1", "https://app.example.org/cb/../x",
			"https://app.example.org.evil.test/cb",
		"https://app.example.org:8443/cb", "https://app.example.org@evil.test/cb", "http://app.example.org/cb", "https://evil.test/cb",
			"//evil.test",
		"", "https://APP.example.org/cb", "https://app.example.org/CB", "https://app.example.org/cb#x",
	};
	for (size_t i = 0; i < ARRAY_LEN(evil); i++)
		assert_false(url_redirect_matches(web, slice_str(evil[i])));
	assert_false(url_redirect_matches(local, SLICE("http://127.0.0.1:5/other")));
	assert_false(url_redirect_matches(local, SLICE("http://127.0.0.1.evil.test:5/cb")));
	assert_false(url_redirect_matches(local, SLICE("http://127.0.0.1:5@evil.test/cb")));
	assert_false(url_redirect_matches(local, SLICE("http://localhost:5/cb")));
	assert_false(url_redirect_matches(local, SLICE("http://[::1]:5/cb")));
}

static int register_client(const char *id, const char *redirects, const char *scope, bool device)
{
	struct oauth_client c = {.id = slice_str(id), .redirects = slice_str(redirects), .scope = slice_str(scope), .device = device};
	return oauth_client_check(&c, NULL);
}

static void test_clients_are_checked(void **state)
{
	assert_int_equal(register_client("tb", "http://127.0.0.1/ https://a.example.org/cb com.example.app:/cb", "imap smtp", false), 0);
	assert_int_equal(register_client("tv", "", "imap", true), 0);
	assert_int_equal(register_client("none", "", "imap", false), ERR_INVALID);
	assert_int_equal(register_client("bad id", "https://a/cb", "imap", false), ERR_INVALID);
	assert_int_equal(register_client("c", "http://a.example.org/cb", "imap", false), ERR_INVALID);
	assert_int_equal(register_client("c", "http://localhost/cb", "imap", false), ERR_INVALID);
	assert_int_equal(register_client("c", "javascript:alert(1)", "imap", false), ERR_INVALID);
	assert_int_equal(register_client("c", "myapp:/cb", "imap", false), ERR_INVALID);
	assert_int_equal(register_client("c", "https://a/cb", "all", false), ERR_INVALID);
}

/* ---- authorization requests ---- */

static const struct oauth_client program = {
	.id = SLICE_INIT("tb"), .redirects = SLICE_INIT("http://127.0.0.1/cb https://app.example.org/cb?keep=1"), .scope = SLICE_INIT("imap smtp"),
};
#define GOOD "response_type=code&client_id=tb&state=s%261&scope=imap&code_challenge=" CHALLENGE "&code_challenge_method=S256"
#define LOCAL "&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcb"

static struct oauth_answer last = {.body = BUF_INIT(16384), .location = BUF_INIT(8192)};

static const char *location(void)
{
	static char text[2000];
	snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&last.location)));
	return text;
}

static int authorize(const char *query, const struct oauth_client *client)
{
	struct arena arena = ARENA_INIT;
	struct form form;
	struct oauth_authorize request;
	oauth_answer_free(&last);
	last.status = 0;
	assert_int_equal(form_parse(slice_str(query), &arena, &form), 0);
	int rc = oauth_authorize_check(&form, client, ISSUER, &request, &last);
	if (rc == 0)
		oauth_authorize_answer(&request, ISSUER, "llc_code", &last);
	arena_free(&arena);
	return rc;
}

static void test_a_good_authorization_request(void **state)
{
	assert_int_equal(authorize(GOOD LOCAL, &program), 0);
	assert_int_equal(last.status, 303);
	assert_string_equal(location(), "http://127.0.0.1:4711/cb?code=llc_code&state=s%261&iss=https%3A%2F%2Fmail.example.org");
	assert_int_equal(authorize(GOOD "&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb%3Fkeep%3D1", &program), 0);
	assert_true(slice_starts(buf_slice(&last.location), SLICE("https://app.example.org/cb?keep=1&code=llc_code&")));
}

static void test_nobody_is_sent_to_a_stranger(void **state)
{
	static const char *const queries[] = {
		GOOD, GOOD "&redirect_uri=https%3A%2F%2Fevil.test%2Fcb", GOOD "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fother",
		"client_id=tb&redirect_uri=https%3A%2F%2Fevil.test%2F&response_type=token",
	};
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		assert_int_equal(authorize(queries[i], &program), ERR_DENIED);
		assert_int_equal(last.status, 400);
		assert_int_equal(buf_len(&last.location), 0);
	}
	assert_int_equal(authorize(GOOD LOCAL, NULL), ERR_DENIED);
	assert_int_equal(last.status, 401);
	assert_int_equal(buf_len(&last.location), 0);
}

static void test_mistakes_go_back_to_the_client(void **state)
{
	static const struct {
		const char *query, *error;
	} cases[] = {
		{"response_type=token&scope=imap&code_challenge=" CHALLENGE "&code_challenge_method=S256" LOCAL, "unsupported_response_type"},
		{"response_type=code&scope=imap" LOCAL, "invalid_request"}, /* no PKCE */
		{"response_type=code&scope=imap&code_challenge=" CHALLENGE LOCAL, "invalid_request"}, /* no method means plain */
		{"response_type=code&scope=imap&code_challenge=" CHALLENGE "&code_challenge_method=plain" LOCAL, "invalid_request"},
		{"response_type=code&scope=imap&code_challenge=x&code_challenge_method=S256" LOCAL, "invalid_request"},
		{"response_type=code&scope=pop&code_challenge=" CHALLENGE "&code_challenge_method=S256" LOCAL, "invalid_scope"},
		{"response_type=code&code_challenge=" CHALLENGE "&code_challenge_method=S256" LOCAL, "invalid_scope"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char wanted[200];
		snprintf(wanted, sizeof wanted, "http://127.0.0.1:4711/cb?error=%s&iss=https%%3A%%2F%%2Fmail.example.org", cases[i].error);
		assert_int_equal(authorize(cases[i].query, &program), ERR_DENIED);
		assert_int_equal(last.status, 303);
		assert_string_equal(location(), wanted);
	}
}

/* ---- token requests ---- */

static int token_request(const char *query, struct oauth_token_request *ret)
{
	static struct arena arena;
	struct form form;
	arena_free(&arena);
	oauth_answer_free(&last);
	assert_int_equal(form_parse(slice_str(query), &arena, &form), 0);
	int rc = oauth_token_check(&form, ret, &last);
	if (rc != 0)
		arena_free(&arena);
	return rc;
}

static bool answers(const char *text)
{
	return slice_search(buf_slice(&last.body), slice_str(text)) >= 0;
}

static void test_token_requests(void **state)
{
	struct oauth_token t;
	struct oauth_token_request r;
	char text[OAUTH_TOKEN_SIZE + 1], query[500];
	oauth_token_make(OAUTH_CODE, &t);
	oauth_token_text(&t, text);
	snprintf(query, sizeof query, "grant_type=authorization_code&client_id=tb&code=%s&redirect_uri=http%%3A%%2F%%2F127.0.0.1%%2Fcb&code_verifier=" VERIFIER, text);
	assert_int_equal(token_request(query, &r), 0);
	assert_memory_equal(r.token.secret, t.secret, OAUTH_SECRET_SIZE);
	struct oauth_code code = {SLICE("tb"), SLICE("http://127.0.0.1/cb"), SLICE(CHALLENGE)};
	assert_true(oauth_code_redeems(&code, &r));
	struct oauth_code other = code;
	other.client = SLICE("evil");
	assert_false(oauth_code_redeems(&other, &r));
	other = code;
	other.redirect = SLICE("http://127.0.0.1:9/cb");
	assert_false(oauth_code_redeems(&other, &r));
	r.verifier = SLICE_NONE; /* PKCE downgrade */
	assert_false(oauth_code_redeems(&code, &r));
	code.challenge = SLICE_NONE;
	assert_false(oauth_code_redeems(&code, &r));
	snprintf(query, sizeof query, "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=tb&device_code=%s",
		text); /* a code as device code */
	assert_int_equal(token_request(query, &r), ERR_DENIED);
	assert_true(answers("invalid_grant"));
	assert_int_equal(token_request("grant_type=refresh_token&client_id=tb&refresh_token=ll1-x", &r), 0);
	assert_true(slice_eq(r.refresh, SLICE("ll1-x")));
	assert_int_equal(token_request("grant_type=refresh_token&client_id=tb", &r), ERR_DENIED);
	assert_int_equal(token_request("grant_type=password&client_id=tb&username=a&password=b", &r), ERR_DENIED);
	assert_true(answers("unsupported_grant_type"));
	assert_int_equal(token_request("grant_type=refresh_token&refresh_token=x", &r), ERR_DENIED);
	assert_true(answers("invalid_client"));
	assert_int_equal(last.status, 401);
}

static void test_answers(void **state)
{
	oauth_metadata(ISSUER, &last);
	assert_true(answers("\"issuer\":\"https://mail.example.org\"") && answers("\"code_challenge_methods_supported\":[\"S256\"]"));
	assert_true(answers("\"token_endpoint\":\"https://mail.example.org/oauth/token\""));
	oauth_answer_tokens(&last, &(struct oauth_grant){"lla_x", "llr_y", 3600, SLICE("imap")});
	assert_true(answers("\"access_token\":\"lla_x\"") && answers("\"refresh_token\":\"llr_y\"") && answers("\"expires_in\":3600"));
	oauth_device_answer(ISSUER, "lld_x", "WDJB-MJHT", 600, 5, &last);
	assert_true(answers("\"verification_uri\":\"https://mail.example.org/oauth/device\"") && answers("\"interval\":5"));
	oauth_answer_free(&last);
}

int main(void)
{
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oauthbearer_messages), cmocka_unit_test(test_malformed_bearer_messages), cmocka_unit_test(test_xoauth2_messages),
		cmocka_unit_test(test_errors_of_bearer_mechanisms), cmocka_unit_test(test_pkce), cmocka_unit_test(test_forms),
			cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_scopes), cmocka_unit_test(test_user_codes), cmocka_unit_test(test_redirects_are_exact),
		cmocka_unit_test(test_clients_are_checked), cmocka_unit_test(test_a_good_authorization_request),
		cmocka_unit_test(test_nobody_is_sent_to_a_stranger), cmocka_unit_test(test_mistakes_go_back_to_the_client),
		cmocka_unit_test(test_token_requests), cmocka_unit_test(test_answers),
	};
	return cmocka_run_group_tests_name("oauth", tests, NULL, NULL);
}
