/* An issuer that is away, rotates its keys or lies; with fake time. */
#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/form.h"
#include "sso/pkce.h"
#include "sso/provider.h"
#include "sso/test_tokens.h"
#include "sso/url.h"

#define HEAD(kid) "{\"alg\":\"RS256\",\"kid\":\"" kid "\",\"typ\":\"at+jwt\"}"
#define METADATA "{\"issuer\":\"" TEST_ISSUER "\",\"authorization_endpoint\":\"" TEST_ISSUER "/auth?p=1\",\"token_endpoint\":\"" TEST_ISSUER \
	"/token\",\"jwks_uri\":\"" TEST_ISSUER "/jwks\",\"response_types_supported\":[\"code\"],\"code_challenge_methods_supported\":[\"S256\"]}"

static struct world {
	struct moment now;
	bool away, later;           /* later: answers wait for release() */
	unsigned keys;              /* of the issuer's set */
	const char *metadata;
	struct slice token_answer;
	const char *userinfo;
	unsigned userinfo_fetches;
	unsigned metadata_fetches, key_fetches, token_fetches;
	char body[2000], authorization[500];
	struct {
		sso_response_fn *fn;
		void *arg;
		bool keys;
	} held[10];
	size_t held_count;
	/* the last verdict */
	unsigned verdicts;
	int rc;
	char subject[100], email[100], url[4000];
	struct provider_flow flow;
} w;

static struct moment now(void *arg)
{
	return w.now;
}

static void answer(sso_response_fn *fn, void *arg, bool keys)
{
	if (w.away)
		fn(arg, 0, SLICE_NONE);
	else
		fn(arg, 200, keys ? test_key_set(w.keys) : slice_str(w.metadata));
}

static void fetch(void *arg, const struct sso_request *request, sso_response_fn *fn, void *fn_arg)
{
	bool keys = slice_ends(request->url, SLICE("/jwks"));
	if (slice_ends(request->url, SLICE("/me"))) {
		w.userinfo_fetches++;
		assert_true(slice_eq(request->authorization, SLICE("Bearer x")));
		fn(fn_arg, w.userinfo != NULL ? 200 : 403, w.userinfo != NULL ? slice_str(w.userinfo) : SLICE_NONE);
		return;
	}
	if (request->body.n > 0) {
		w.token_fetches++;
		snprintf(w.body, sizeof w.body, "%.*s", SLICE_ARG(request->body));
		snprintf(w.authorization, sizeof w.authorization, "%.*s", SLICE_ARG(request->authorization));
		assert_true(slice_eq(request->url, SLICE(TEST_ISSUER "/token")));
		fn(fn_arg, w.token_answer.n > 0 ? 200 : 400, w.token_answer);
		return;
	}
	if (keys)
		w.key_fetches++;
	else
		w.metadata_fetches++;
	if (w.later) {
		w.held[w.held_count].fn = fn;
		w.held[w.held_count].arg = fn_arg;
		w.held[w.held_count++].keys = keys;
	} else {
		answer(fn, fn_arg, keys);
	}
}

static void release(void)
{
	w.later = false;
	for (size_t i = 0; i < w.held_count; i++)
		answer(w.held[i].fn, w.held[i].arg, w.held[i].keys);
	w.held_count = 0;
}

static struct provider *make(const char *secret)
{
	static const struct sso_host host = {NULL, now, fetch};
	struct provider_settings s = {
		.issuer = SLICE(TEST_ISSUER), .client = SLICE("letter lock"), .secret = slice_str(secret), .audience = SLICE("mail"),
		.redirect = SLICE("https://mail.example.org/cb"), .scope = SLICE("email profile"), .algorithms = JWT_ALGORITHMS_ALL, .skew = 60,
	};
	w = (struct world){.now = {TEST_NOW * 1000, 5000000}, .keys = 1u << TEST_RSA, .metadata = METADATA};
	return provider_create(&host, &s);
}

static void got(void *arg, int rc, const struct jwt_claims *claims, const struct error *err)
{
	w.verdicts++;
	w.rc = rc;
	assert_true((claims != NULL) == (rc == 0));
	w.subject[0] = w.email[0] = '\0';
	if (claims == NULL)
		return;
	snprintf(w.subject, sizeof w.subject, "%.*s", SLICE_ARG(claims->subject));
	snprintf(w.email, sizeof w.email, "%.*s%s", SLICE_ARG(claims->email), claims->email_verified ? " verified" : "");
}

static struct slice access_token(enum test_key key, const char *head)
{
	char claims[300];
	long long unix_now = w.now.wall_ms / 1000;
	snprintf(claims, sizeof claims, "{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":\"mail\",\"client_id\":\"c\",\"iat\":%lld,\"exp\":%lld}",
	         unix_now, unix_now + 300);
	return test_sign(key, head, claims);
}

static int verify(struct provider *p, struct slice token)
{
	unsigned before = w.verdicts;
	provider_verify(p, token, JWT_ACCESS_TOKEN, SLICE_NONE, got, NULL);
	assert_int_equal(w.verdicts, before + 1);
	return w.rc;
}

static void pass(int64_t ms)
{
	w.now.wall_ms += ms;
	w.now.mono_ms += ms;
}

static void test_keys_are_fetched_once_and_kept(void **state)
{
	struct provider *p = make("");
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), 0);
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), 0);
	assert_int_equal(w.metadata_fetches, 1);
	assert_int_equal(w.key_fetches, 1);
	pass(PROVIDER_KEYS_MS);
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), 0);
	assert_int_equal(w.key_fetches, 2);
	assert_int_equal(w.metadata_fetches, 1);
	pass(PROVIDER_METADATA_MS);
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), 0);
	assert_int_equal(w.metadata_fetches, 2);
	provider_destroy(&p);
}

static void test_new_keys_are_found_at_most_once_a_minute(void **state)
{
	struct provider *p = make("");
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), 0);
	w.keys = 1u << TEST_RSA_NEW;
	assert_int_equal(verify(p, access_token(TEST_RSA_NEW, HEAD("rsa-new"))), ERR_NOT_FOUND); /* fetched just now */
	assert_int_equal(w.key_fetches, 1);
	pass(PROVIDER_RETRY_MS);
	assert_int_equal(verify(p, access_token(TEST_RSA_NEW, HEAD("rsa-new"))), 0);
	assert_int_equal(w.key_fetches, 2);
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), ERR_NOT_FOUND); /* the old one is withdrawn */
	for (int i = 0; i < 50; i++)
		(void)verify(p, access_token(TEST_RSA, HEAD("made-up")));
	assert_int_equal(w.key_fetches, 2);
	provider_destroy(&p);
}

static void test_an_issuer_that_is_away_stops_nobody_for_a_day(void **state)
{
	struct provider *p = make("");
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), 0);
	w.away = true;
	pass(PROVIDER_KEYS_MS + 1000);
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), 0);
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), 0);
	assert_int_equal(w.key_fetches, 2);
	pass(PROVIDER_STALE_MS);
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), ERR_TEMPORARY);
	w.away = false;
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), ERR_TEMPORARY); /* not asked again so soon */
	pass(PROVIDER_RETRY_MS);
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), 0);
	provider_destroy(&p);
}

static void test_many_wait_for_one_fetch(void **state)
{
	struct provider *p = make("");
	w.later = true;
	for (int i = 0; i < 5; i++)
		provider_verify(p, access_token(TEST_RSA, HEAD("rsa")), JWT_ACCESS_TOKEN, SLICE_NONE, got, NULL);
	assert_int_equal(w.verdicts, 0);
	assert_false(provider_idle(p));
	release();
	assert_int_equal(w.verdicts, 5);
	assert_int_equal(w.rc, 0);
	assert_int_equal(w.metadata_fetches, 1);
	assert_true(provider_idle(p));
	provider_destroy(&p);
}

static void test_waiting_is_bounded(void **state)
{
	struct provider *p = make("");
	struct slice token = access_token(TEST_RSA, HEAD("rsa"));
	w.later = true;
	for (int i = 0; i < PROVIDER_WAITING_MAX + 1; i++)
		provider_verify(p, token, JWT_ACCESS_TOKEN, SLICE_NONE, got, NULL);
	assert_int_equal(w.verdicts, 1);
	assert_int_equal(w.rc, ERR_TEMPORARY);
	release();
	provider_destroy(&p);
}

static void test_rubbish_makes_nobody_fetch(void **state)
{
	struct provider *p = make("");
	assert_int_equal(verify(p, SLICE("a.b.c")), ERR_INVALID);
	assert_int_equal(verify(p, SLICE_NONE), ERR_INVALID);
	assert_int_equal(verify(p, test_unsigned("{\"alg\":\"none\",\"typ\":\"at+jwt\"}", "{}")), ERR_INVALID);
	assert_int_equal(w.metadata_fetches, 0);
	provider_destroy(&p);
}

static int discover(const char *metadata)
{
	struct arena arena = ARENA_INIT;
	struct discovery d;
	int rc = discovery_parse(slice_str(metadata), SLICE(TEST_ISSUER), &arena, &d, NULL);
	arena_free(&arena);
	return rc;
}

#define DOCUMENT(issuer, token, jwks, rest) "{\"issuer\":\"" issuer "\",\"authorization_endpoint\":\"" TEST_ISSUER "/a\",\"token_endpoint\":\"" token \
	"\",\"jwks_uri\":\"" jwks "\"" rest "}"

static void test_metadata_is_checked(void **state)
{
	assert_int_equal(discover(METADATA), 0);
	assert_int_equal(discover(DOCUMENT(TEST_ISSUER, TEST_ISSUER "/t", TEST_ISSUER "/k", ",\"response_types_supported\":[\"code\"]")), 0);
	assert_int_equal(discover(DOCUMENT("https://evil.test", TEST_ISSUER "/t", TEST_ISSUER "/k",
		",\"response_types_supported\":[\"code\"]")), ERR_DENIED);
	assert_int_equal(discover(DOCUMENT(TEST_ISSUER, "http://idp.example.org/t", TEST_ISSUER "/k",
		",\"response_types_supported\":[\"code\"]")), ERR_INVALID);
	assert_int_equal(discover(DOCUMENT(TEST_ISSUER, TEST_ISSUER "/t", "file:///etc/passwd", ",\"response_types_supported\":[\"code\"]")),
		ERR_INVALID);
	assert_int_equal(discover(DOCUMENT(TEST_ISSUER, "https://u:p@idp.example.org/t", TEST_ISSUER "/k", "")), ERR_INVALID);
	assert_int_equal(discover(DOCUMENT(TEST_ISSUER, TEST_ISSUER "/t", TEST_ISSUER "/k", ",\"response_types_supported\":[\"token\"]")),
		ERR_UNSUPPORTED);
	assert_int_equal(discover(DOCUMENT(TEST_ISSUER, TEST_ISSUER "/t", TEST_ISSUER "/k",
		",\"response_types_supported\":[\"code\"],\"code_challenge_methods_supported\":[\"plain\"]")), ERR_UNSUPPORTED);
	assert_int_equal(discover("{}"), ERR_DENIED);
	assert_int_equal(discover("[]"), ERR_INVALID);
	assert_int_equal(discover(""), ERR_INVALID);
}

static void test_metadata_of_another_issuer_gives_no_keys(void **state)
{
	struct provider *p = make("");
	w.metadata = DOCUMENT("https://evil.test", TEST_ISSUER "/t", TEST_ISSUER "/jwks", ",\"response_types_supported\":[\"code\"]");
	assert_int_equal(verify(p, access_token(TEST_RSA, HEAD("rsa"))), ERR_TEMPORARY);
	assert_int_equal(w.key_fetches, 0);
	provider_destroy(&p);
}

/* ---- the code flow ---- */

static void begun(void *arg, int rc, struct slice url, const struct provider_flow *flow, const struct error *err)
{
	w.rc = rc;
	w.flow = *flow;
	snprintf(w.url, sizeof w.url, "%.*s", SLICE_ARG(url));
}

static struct slice id_token(const char *nonce)
{
	static char text[JWT_MAX];
	char claims[400];
	snprintf(claims, sizeof claims, "{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"u1\",\"aud\":\"letter lock\",\"nonce\":\"%s\",\"iat\":%lld,\"exp\":%lld}", nonce,
	         (long long)TEST_NOW, (long long)TEST_NOW + 300);
	struct slice token = test_sign(TEST_RSA, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", claims);
	snprintf(text, sizeof text, "{\"token_type\":\"Bearer\",\"access_token\":\"x\",\"id_token\":\"%.*s\"}", SLICE_ARG(token));
	return slice_str(text);
}

static int finish(struct provider *p, const char *format)
{
	char query[1000];
	unsigned before = w.verdicts;
	snprintf(query, sizeof query, format, w.flow.state);
	provider_finish(p, &w.flow, slice_str(query), got, NULL);
	assert_int_equal(w.verdicts, before + 1);
	return w.rc;
}

static void test_a_sign_in_through_the_browser(void **state)
{
	struct provider *p = make("se:cret");
	struct arena arena = ARENA_INIT;
	struct form form;
	struct buf challenge = BUF_INIT(64);
	provider_begin(p, begun, NULL);
	assert_int_equal(w.rc, 0);
	struct slice url = slice_str(w.url);
	assert_true(slice_starts(url, SLICE(TEST_ISSUER "/auth?p=1&response_type=code&client_id=letter%20lock&")));
	assert_int_equal(form_parse(slice_from(url, sizeof TEST_ISSUER "/auth?" - 1), &arena, &form), 0);
	assert_true(slice_eq(form_get(&form, "scope"), SLICE("openid email profile")));
	assert_true(slice_eq(form_get(&form, "code_challenge_method"), SLICE("S256")));
	pkce_challenge(slice_str(w.flow.verifier), &challenge);
	assert_true(slice_eq(form_get(&form, "code_challenge"), buf_slice(&challenge)));
	assert_int_equal(slice_search(url, slice_str(w.flow.verifier)), -1);
	w.token_answer = id_token(w.flow.nonce);
	assert_int_equal(finish(p, "code=c%%2F1&state=%s&iss=https%%3A%%2F%%2Fidp.example.org"), 0);
	assert_string_equal(w.subject, "u1");
	assert_non_null(strstr(w.body, "grant_type=authorization_code&code=c%2F1&redirect_uri=https%3A%2F%2Fmail.example.org%2Fcb&code_verifier="));
	assert_null(strstr(w.body, "client_secret"));
	assert_string_equal(w.authorization, "Basic bGV0dGVyJTIwbG9jazpzZSUzQWNyZXQ=");
	buf_free(&challenge);
	arena_free(&arena);
	provider_destroy(&p);
}

/* What the ID token does not say is asked for; w.email tells what came of it. */
static int with_userinfo(const char *userinfo)
{
	struct provider *p = make("");
	w.metadata = DOCUMENT(TEST_ISSUER, TEST_ISSUER "/token", TEST_ISSUER "/jwks",
		",\"response_types_supported\":[\"code\"],\"userinfo_endpoint\":\"" TEST_ISSUER "/me\"");
	w.userinfo = userinfo;
	provider_begin(p, begun, NULL);
	w.token_answer = id_token(w.flow.nonce);
	int rc = finish(p, "code=c&state=%s");
	assert_int_equal(w.userinfo_fetches, 1);
	provider_destroy(&p);
	return rc;
}

static void test_userinfo_fills_what_is_missing(void **state)
{
	assert_int_equal(with_userinfo("{\"sub\":\"u1\",\"email\":\"ann@example.org\",\"email_verified\":true}"), 0);
	assert_string_equal(w.email, "ann@example.org verified");
	assert_int_equal(with_userinfo("{\"sub\":\"u1\",\"email\":\"ann@example.org\"}"), 0);
	assert_string_equal(w.email, "ann@example.org");
	/* Of somebody else, or of nobody. */
	assert_int_equal(with_userinfo("{\"sub\":\"u2\",\"email\":\"ann@example.org\",\"email_verified\":true}"), ERR_DENIED);
	assert_int_equal(with_userinfo("{\"email\":\"ann@example.org\",\"email_verified\":true}"), ERR_DENIED);
	/* Nothing usable: the token alone counts. */
	assert_int_equal(with_userinfo(NULL), 0);
	assert_string_equal(w.email, "");
	assert_int_equal(with_userinfo("eyJhbGciOiJub25lIn0.e30."), 0);
	assert_string_equal(w.email, "");
}

static void test_lines_of_further_providers(void **state)
{
	struct provider_row row;
	struct error err = {0};
	assert_int_equal(provider_row_parse(SLICE("partner  issuer=https://login.partner.test client=abc domains=partner.test,other.test scope=email+profile link_email"),
		&row, &err), 0);
	assert_true(slice_eq(row.name, SLICE("partner")) && slice_eq(row.client, SLICE("abc")) && row.link_email && !row.trusted_factors);
	assert_true(provider_domains_have(row.domains, SLICE("Ann@Partner.Test")));
	assert_false(provider_domains_have(row.domains, SLICE("ann@sub.partner.test")));
	assert_false(provider_domains_have(row.domains, SLICE("partner.test")));
	assert_false(provider_domains_have(SLICE_NONE, SLICE("ann@partner.test")));
	static const char *const bad[] = {"", "partner", "issuer=https://x.test", "a/b issuer=https://x.test", "a issuer=http://x.test", "a issuer=https://x.test clent=b",
		"a issuer=https://x.test client=", "a issuer=https://x.test issuer=https://y.test"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(provider_row_parse(slice_str(bad[i]), &row, &err), ERR_INVALID);
	struct slice file = SLICE("first secret\npartner s2\npartner2 s3\n");
	assert_true(slice_eq(provider_secret(file, SLICE_NONE), SLICE("first secret")));
	assert_true(slice_eq(provider_secret(file, SLICE("partner")), SLICE("s2")));
	assert_true(slice_eq(provider_secret(file, SLICE("partner2")), SLICE("s3")));
	assert_int_equal(provider_secret(file, SLICE("first")).n, 0);
	assert_int_equal(provider_secret(file, SLICE("par")).n, 0);
}

static void test_flows_do_not_share_secrets(void **state)
{
	struct provider *p = make("");
	provider_begin(p, begun, NULL);
	struct provider_flow first = w.flow;
	provider_begin(p, begun, NULL);
	assert_string_not_equal(first.state, w.flow.state);
	assert_string_not_equal(first.nonce, w.flow.nonce);
	assert_string_not_equal(first.verifier, w.flow.verifier);
	w.token_answer = id_token(first.nonce); /* a token of another sign-in */
	assert_int_equal(finish(p, "code=c&state=%s"), ERR_DENIED);
	provider_destroy(&p);
}

static void test_answers_of_strangers_are_refused(void **state)
{
	struct provider *p = make("");
	provider_begin(p, begun, NULL);
	w.token_answer = id_token(w.flow.nonce);
	assert_int_equal(finish(p, "code=c&state=wrong"), ERR_DENIED);
	assert_int_equal(finish(p, "code=c"), ERR_DENIED);
	assert_int_equal(finish(p, "code=c&state=%s&iss=https%%3A%%2F%%2Fevil.test"), ERR_DENIED);
	assert_int_equal(finish(p, "code=c&code=d&state=%s"), ERR_DENIED);
	assert_int_equal(finish(p, "error=access_denied&state=%s"), ERR_DENIED);
	assert_int_equal(finish(p, "state=%s"), ERR_DENIED);
	assert_int_equal(w.token_fetches, 0);
	struct provider_flow none = {0};
	provider_finish(p, &none, SLICE("code=c&state="), got, NULL);
	assert_int_equal(w.rc, ERR_DENIED);
	assert_int_equal(w.token_fetches, 0);
	provider_destroy(&p);
}

static void test_an_issuer_that_names_itself_always_must(void **state)
{
	struct provider *p = make("");
	w.metadata = DOCUMENT(TEST_ISSUER, TEST_ISSUER "/token", TEST_ISSUER "/jwks",
		",\"response_types_supported\":[\"code\"],\"authorization_response_iss_parameter_supported\":true");
	provider_begin(p, begun, NULL);
	w.token_answer = id_token(w.flow.nonce);
	assert_int_equal(finish(p, "code=c&state=%s"), ERR_DENIED);
	assert_int_equal(finish(p, "code=c&state=%s&iss=https%%3A%%2F%%2Fidp.example.org"), 0);
	provider_destroy(&p);
}

static void test_refused_and_missing_tokens(void **state)
{
	struct provider *p = make("");
	provider_begin(p, begun, NULL);
	assert_int_equal(finish(p, "code=c&state=%s"), ERR_DENIED);
	assert_non_null(strstr(w.body, "client_id=letter%20lock"));
	assert_string_equal(w.authorization, "");
	w.token_answer = SLICE("{\"access_token\":\"x\"}");
	assert_int_equal(finish(p, "code=c&state=%s"), ERR_DENIED);
	w.token_answer = SLICE("rubbish");
	assert_int_equal(finish(p, "code=c&state=%s"), ERR_DENIED);
	provider_destroy(&p);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {
		"http://idp.example.org", "https://", "https:///x", "https://u@h", "https://h#f", "https://h\\x", "https://h:0", "https://h:70000",
			"https://h x",
		"//h", "h", "https://h:", "https://[::1", "https://h\"x", "ftp://h", "javascript:alert(1)",
	};
	static const char *const good[] = {"https://h", "https://h:8443/a?b=c", "https://[2001:db8::1]:1/"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(url_is_https(slice_str(bad[i])));
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(url_is_https(slice_str(good[i])));
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
		cmocka_unit_test(test_userinfo_fills_what_is_missing),
		cmocka_unit_test(test_lines_of_further_providers),
		cmocka_unit_test(test_keys_are_fetched_once_and_kept), cmocka_unit_test(test_new_keys_are_found_at_most_once_a_minute),
		cmocka_unit_test(test_an_issuer_that_is_away_stops_nobody_for_a_day), cmocka_unit_test(test_many_wait_for_one_fetch),
		cmocka_unit_test(test_waiting_is_bounded), cmocka_unit_test(test_rubbish_makes_nobody_fetch), cmocka_unit_test(test_metadata_is_checked),
		cmocka_unit_test(test_metadata_of_another_issuer_gives_no_keys), cmocka_unit_test(test_a_sign_in_through_the_browser),
		cmocka_unit_test(test_flows_do_not_share_secrets), cmocka_unit_test(test_answers_of_strangers_are_refused),
		cmocka_unit_test(test_an_issuer_that_names_itself_always_must), cmocka_unit_test(test_refused_and_missing_tokens),
		cmocka_unit_test(test_addresses),
	};
	return cmocka_run_group_tests_name("provider", tests, NULL, teardown);
}
