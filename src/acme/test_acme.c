/* The client of ACME against an authority of a few lines, which answers as RFC 8555 says, and then as it should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acme/acme.h"
#include "base/error.h"
#include "base/ensure.h"

#define CA "https://ca.example"
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ"
#define CERTIFICATE "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"

struct call {
	acme_call_fn *call;
	acme_answer_fn *answer;
	void *arg;
	char url[100], request[300];
};

struct rig {
	struct call queue[8];
	size_t count;
	unsigned nonce, polls, shown, hidden, ended, requests;
	unsigned bad_nonces;              /* to answer with */
	const char *authorization;        /* its answer at last */
	const char *order_error;          /* a problem instead of an order */
	bool own_account, forgotten, cannot_show, silent;
	const char *why;
	char chain[200], account[100], detail[200], text[200];
	int64_t retry_after_s, waited;
	enum acme_challenge kind;
	const char *kinds;                /* of challenges that are offered */
};

static struct call *push(struct rig *r)
{
	assert_true(r->count < ARRAY_LEN(r->queue));
	r->queue[r->count] = (struct call){0};
	return &r->queue[r->count++];
}

static void on_fetch(void *arg, struct slice method, struct slice url, struct slice body, acme_answer_fn *fn, void *fn_arg)
{
	struct call *c = push(arg);

	c->answer = fn;
	c->arg = fn_arg;
	snprintf(c->url, sizeof c->url, "%.*s %.*s", SLICE_ARG(method), SLICE_ARG(url));
	snprintf(c->request, sizeof c->request, "%.*s", SLICE_ARG(body));
}

/* "Signs" by putting everything in a row. */
static void on_sign(void *arg, struct slice nonce, struct slice url, struct slice kid, struct slice payload, acme_signed_fn *fn, void *fn_arg)
{
	char text[400];

	snprintf(text, sizeof text, "%.*s %.*s %.*s", SLICE_ARG(nonce), SLICE_ARG(kid), SLICE_ARG(payload));
	fn(fn_arg, slice_str(text), SLICE("thumbprint"));
}

static void on_after(void *arg, int64_t ms, acme_call_fn *fn, void *fn_arg)
{
	struct rig *r = arg;
	struct call *c = push(r);

	r->waited += ms;
	c->call = fn;
	c->arg = fn_arg;
}

static void on_show(void *arg, enum acme_challenge kind, struct slice name, struct slice token, struct slice text, acme_shown_fn *fn, void *fn_arg)
{
	struct rig *r = arg;

	assert_true(slice_eq(token, SLICE(TOKEN)) && slice_eq(name, SLICE("example.org")));
	r->kind = kind;
	r->shown++;
	if (kind == ACME_HTTP_01)
		snprintf(r->text, sizeof r->text, "%.*s", SLICE_ARG(text));
	else
		assert_int_equal(text.n, kind == ACME_DNS_01 ? 43 : 32);
	fn(fn_arg, !r->cannot_show);
}

static void on_hide(void *arg)
{
	((struct rig *)arg)->hidden++;
}

static void on_done(void *arg, const struct acme_result *result)
{
	struct rig *r = arg;

	r->ended++;
	r->why = result->why;
	r->retry_after_s = result->retry_after_s;
	snprintf(r->chain, sizeof r->chain, "%.*s", SLICE_ARG(result->chain));
	snprintf(r->account, sizeof r->account, "%.*s", SLICE_ARG(result->account));
	snprintf(r->detail, sizeof r->detail, "%.*s", SLICE_ARG(result->detail));
}

/* ---- the authority ---- */

static void say(struct rig *r, const struct call *c, unsigned status, const char *more, const char *body)
{
	char fields[300];

	snprintf(fields, sizeof fields, "Content-Type: application/json\nreplay-nonce: n%u\n%s", ++r->nonce, more);
	c->answer(c->arg, status, slice_str(fields), slice_str(body));
}

static void say_authorization(struct rig *r, const struct call *c)
{
	char body[600];

	if (r->shown > 0 && ++r->polls > 2) {
		say(r, c, 200, "", r->authorization);
		return;
	}
	snprintf(body, sizeof body, "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"example.org\"},\"challenges\":["
		"{\"type\":\"%s\",\"url\":\"" CA "/challenge\",\"token\":\"" TOKEN "\"}]}", r->kinds);
	say(r, c, 200, "Retry-After: 1\n", body);
}

static void authority(struct rig *r, const struct call *c)
{
	char nonce[20];
	struct slice url = slice_str(c->url);

	snprintf(nonce, sizeof nonce, "n%u ", r->nonce);
	if (r->silent) {
		c->answer(c->arg, 0, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (slice_starts(url, SLICE("POST "))) {
		r->requests++;
		assert_true(slice_starts(slice_str(c->request), slice_str(nonce))); /* each nonce once, the newest */
		if (r->bad_nonces > 0) {
			r->bad_nonces--;
			say(r, c, 400, "", "{\"type\":\"urn:ietf:params:acme:error:badNonce\"}");
			return;
		}
	}
	if (r->forgotten && slice_search(slice_str(c->request), SLICE("/account/9")) >= 0)
		say(r, c, 400, "", "{\"type\":\"urn:ietf:params:acme:error:accountDoesNotExist\"}");
	else if (slice_eq(url, SLICE("GET " CA "/dir")))
		say(r, c, 200, "", "{\"newNonce\":\"" CA "/nonce\",\"newAccount\":\"" CA "/account\",\"newOrder\":\"" CA "/order\"}");
	else if (slice_eq(url, SLICE("HEAD " CA "/nonce")))
		say(r, c, 200, "", "");
	else if (slice_eq(url, SLICE("POST " CA "/account")))
		say(r, c, 201, "Location: " CA "/account/1\n", "{\"status\":\"valid\"}");
	else if (slice_eq(url, SLICE("POST " CA "/order")) && r->order_error != NULL)
		say(r, c, 429, "Retry-After: 3600\n", r->order_error);
	else if (slice_eq(url, SLICE("POST " CA "/order")))
		say(r, c, 201, "Location: " CA "/order/1\n", "{\"status\":\"pending\",\"authorizations\":[\"" CA "/authz\"],\"finalize\":\"" CA "/finalize\"}");
	else if (slice_eq(url, SLICE("POST " CA "/authz")))
		say_authorization(r, c);
	else if (slice_eq(url, SLICE("POST " CA "/challenge")) || slice_eq(url, SLICE("POST " CA "/finalize")))
		say(r, c, 200, "", "{\"status\":\"processing\"}");
	else if (slice_eq(url, SLICE("POST " CA "/order/1")))
		say(r, c, 200, "", "{\"status\":\"valid\",\"certificate\":\"" CA "/certificate\"}");
	else if (slice_eq(url, SLICE("POST " CA "/certificate")))
		say(r, c, 200, "", CERTIFICATE);
	else
		fail_msg("the client asked %s", c->url);
}

static void run(struct rig *r, const char *name)
{
	const struct acme_host host = {r, on_fetch, on_sign, on_after, on_show, on_hide};
	const struct slice names[] = {slice_str(name)};
	const struct acme_settings settings = {.directory = SLICE(CA "/dir"), .account = r->own_account ? SLICE(CA "/account/9") : SLICE_NONE,
		.names = names, .name_count = 1, .request = SLICE("csr")};

	if (r->authorization == NULL)
		r->authorization = "{\"status\":\"valid\"}";
	if (r->kinds == NULL)
		r->kinds = "http-01";
	acme_order_start(&host, &settings, on_done, r);
	for (int i = 0; i < 1000 && r->count > 0; i++) {
		struct call c = r->queue[--r->count];

		if (c.call != NULL)
			c.call(c.arg);
		else
			authority(r, &c);
	}
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->hidden, r->shown > 0);
}

static void an_order_ends_with_a_certificate(void **state)
{
	struct rig r = {0};

	run(&r, "example.org");
	assert_string_equal(r.chain, CERTIFICATE);
	assert_string_equal(r.account, CA "/account/1");
	assert_string_equal(r.text, TOKEN ".thumbprint");
}

static void a_known_account_is_used(void **state)
{
	struct rig r = {.own_account = true};

	run(&r, "example.org");
	assert_string_equal(r.chain, CERTIFICATE);
	assert_string_equal(r.account, CA "/account/9");
}

static void an_account_that_is_forgotten_is_made_again(void **state)
{
	struct rig r = {.own_account = true, .forgotten = true};

	run(&r, "example.org");
	assert_string_equal(r.chain, CERTIFICATE);
	assert_string_equal(r.account, CA "/account/1");
}

static void a_nonce_that_is_refused_is_replaced(void **state)
{
	struct rig r = {.bad_nonces = ACME_TRIES_MAX - 1}, forever = {.bad_nonces = 1000};

	run(&r, "example.org");
	assert_string_equal(r.chain, CERTIFICATE);
	run(&forever, "example.org");
	assert_non_null(forever.why);
	assert_int_equal(forever.requests, ACME_TRIES_MAX);
}

static void wildcards_are_proven_by_dns(void **state)
{
	struct rig r = {.kinds = "dns-01"};

	run(&r, "*.example.org");
	assert_int_equal(r.kind, ACME_DNS_01);
	assert_string_equal(r.chain, CERTIFICATE);
}

static void what_the_authority_says_is_told(void **state)
{
	struct rig r = {.authorization = "{\"status\":\"invalid\",\"challenges\":[{\"type\":\"http-01\",\"error\":{\"detail\":\"no \\u0007 connection\"}}]}"};
	struct rig limit = {.order_error = "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too many\"}"};

	run(&r, "example.org");
	assert_string_equal(r.detail, "no ? connection");
	assert_string_equal(r.chain, "");
	run(&limit, "example.org");
	assert_int_equal(limit.retry_after_s, 3600);
	assert_string_equal(limit.account, CA "/account/1");
}

static void an_authorization_that_never_ends_is_given_up(void **state)
{
	struct rig r = {.authorization = "{\"status\":\"pending\"}"};

	run(&r, "example.org");
	assert_non_null(r.why);
	assert_true(r.waited >= ACME_POLLS_MAX * ACME_POLL_MS);
}

static void other_failures_end_the_order(void **state)
{
	struct rig silent = {.silent = true}, hidden = {.cannot_show = true}, odd = {.kinds = "odd-01"};

	run(&silent, "example.org");
	run(&hidden, "example.org");
	run(&odd, "example.org");
	assert_non_null(silent.why);
	assert_non_null(hidden.why);
	assert_non_null(odd.why);
}

static void fields_are_found(void **state)
{
	struct slice fields = SLICE("Date: x\nretry-after: 17\nLocation:  https://a/b \n");

	assert_int_equal(acme_retry_after(fields), 17);
	assert_true(slice_eq(acme_field(fields, SLICE("location")), SLICE("https://a/b")));
	assert_int_equal(acme_retry_after(SLICE("Retry-After: 999999999\n")), 86400);
	assert_int_equal(acme_retry_after(SLICE("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\n")), 60);
	assert_int_equal(acme_retry_after(SLICE("")), 0);
}

static void times_are_read(void **state)
{
	static const struct { const char *text; int64_t time; } good[] = {
		{"1970-01-01T00:00:00Z", 0}, {"2025-01-02T04:00:00Z", 1735790400}, {"2024-02-29T23:59:59.123456789Z", 1709251199}, {"2025-01-02T06:00:00+02:00", 1735790400},
		{"2025-01-01T22:30:00-05:30", 1735790400}, {"2100-03-01t00:00:00z", 4107542400},
	};
	static const char *const bad[] = {"", "2025-01-02", "2025-13-02T04:00:00Z", "2025-00-02T04:00:00Z", "2025-01-02T24:00:00Z", "2025-01-02T04:00:00", "2025-01-02T04:00:00+2:00",
		"2025-01-02T04:00:00Zx", "x025-01-02T04:00:00Z", "1969-12-31T23:59:59Z"};
	int64_t time;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_true(acme_time_parse(slice_str(good[i].text), &time));
		assert_int_equal(time, good[i].time);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(acme_time_parse(slice_str(bad[i]), &time));
}

static void windows_of_renewal_are_read(void **state)
{
	struct acme_renewal r;
	struct buf url = BUF_INIT(1000);

	assert_int_equal(acme_renewal_parse(SLICE("Retry-After: 7200\n"), SLICE("{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\",\"end\":\"2025-01-03T04:00:00Z\"}}"), &r), 0);
	assert_int_equal(r.end - r.start, 86400);
	assert_int_equal(r.again_s, 7200);
	assert_int_equal(acme_renewal_parse(SLICE("Retry-After: 1\n"), SLICE("{}"), &r), ERR_INVALID);
	assert_int_equal(r.again_s, ACME_RENEWAL_MIN_S);
	assert_int_equal(acme_renewal_parse(SLICE_NONE, SLICE("{\"suggestedWindow\":{\"start\":\"2025-01-03T04:00:00Z\",\"end\":\"2025-01-03T04:00:00Z\"}}"), &r), ERR_INVALID);
	assert_int_equal(r.again_s, ACME_RENEWAL_S);
	assert_true(acme_renewal_address(SLICE("{\"renewalInfo\":\"https://ca.test/ari\"}"), SLICE("a.b"), &url));
	assert_true(slice_eq(buf_slice(&url), SLICE("https://ca.test/ari/a.b")));
	assert_false(acme_renewal_address(SLICE("{\"renewalInfo\":\"http://ca.test/ari\"}"), SLICE("a.b"), &url));
	assert_false(acme_renewal_address(SLICE("{}"), SLICE("a.b"), &url));
	buf_free(&url);
}

/* The MAC of RFC 8555 7.3.4, over head and payload as they are sent. */
static void accounts_are_bound(void **state)
{
	struct acme_binding b;
	struct buf jwk = BUF_INIT(1000);

	assert_true(acme_binding_parse(SLICE("kid-1 zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W\n"), &b));
	json_t *o = acme_binding_make(&b, SLICE("https://ca.test/new"), SLICE("{\"kty\":\"EC\"}"));
	assert_string_equal(json_string_value(json_object_get(o, "payload")), "eyJrdHkiOiJFQyJ9");
	assert_int_equal(strlen(json_string_value(json_object_get(o, "signature"))), 43);
	json_decref(o);
	assert_true(acme_binding_jwk(SLICE("{\"protected\":\"eyJqd2siOnsia3R5IjoiRUMiLCJjcnYiOiJQLTI1NiJ9fQ\"}"), &jwk));
	assert_true(slice_eq(buf_slice(&jwk), SLICE("{\"crv\":\"P-256\",\"kty\":\"EC\"}")));
	assert_false(acme_binding_jwk(SLICE("{\"protected\":\"e30\"}"), &jwk));
	static const char *const bad[] = {"", "kid", "kid ", "kid short", "kid zWNDZM6eQGHWpSRTPal5 eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W", "k\"id zWNDZM6eQGHWpSRTPal5eIUYFTu7EajV"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(acme_binding_parse(slice_str(bad[i]), &b));
	buf_free(&jwk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_ends_with_a_certificate), cmocka_unit_test(a_known_account_is_used),
		cmocka_unit_test(an_account_that_is_forgotten_is_made_again),
		cmocka_unit_test(a_nonce_that_is_refused_is_replaced), cmocka_unit_test(wildcards_are_proven_by_dns),
		cmocka_unit_test(what_the_authority_says_is_told), cmocka_unit_test(an_authorization_that_never_ends_is_given_up),
		cmocka_unit_test(other_failures_end_the_order), cmocka_unit_test(fields_are_found), cmocka_unit_test(times_are_read),
		cmocka_unit_test(windows_of_renewal_are_read), cmocka_unit_test(accounts_are_bound),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
