#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "crypt/crypt.h"
#include "factor/codes.h"
#include "factor/gateway.h"
#include "factor/sent.h"
#include "factor/totp.h"

/* ---- TOTP ---- */

static void test_hotp_rfc4226_appendix_d(void **state)
{
	static const uint32_t values[] = {755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489};
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(totp_hotp(DIGEST_SHA1, SLICE("12345678901234567890"), i, 6), values[i]);
}

static void test_totp_rfc6238_appendix_b(void **state)
{
	static const struct slice secrets[] = {
		[DIGEST_SHA1] = SLICE_INIT("12345678901234567890"), [DIGEST_SHA256] = SLICE_INIT("12345678901234567890123456789012"),
		[DIGEST_SHA512] = SLICE_INIT("1234567890123456789012345678901234567890123456789012345678901234"),
	};
	static const struct {
		int64_t at;
		uint32_t sha1, sha256, sha512;
	} vectors[] = {
		{59, 94287082, 46119246, 90693936},
		{1111111109, 7081804, 68084774, 25091201},
		{1111111111, 14050471, 67062674, 99943326},
		{1234567890, 89005924, 91819424, 93441116},
		{2000000000, 69279037, 90698825, 38618901},
		{20000000000, 65353130, 77737706, 47863826},
	};
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		uint64_t step = (uint64_t)vectors[i].at / 30;
		assert_int_equal(totp_hotp(DIGEST_SHA1, secrets[DIGEST_SHA1], step, 8), vectors[i].sha1);
		assert_int_equal(totp_hotp(DIGEST_SHA256, secrets[DIGEST_SHA256], step, 8), vectors[i].sha256);
		assert_int_equal(totp_hotp(DIGEST_SHA512, secrets[DIGEST_SHA512], step, 8), vectors[i].sha512);
	}
}

static struct totp known_totp(void)
{
	struct totp t = {.hash = DIGEST_SHA1, .digits = 6, .period = 30, .last_step = -1, .secret_size = 20};
	memcpy(t.secret, "12345678901234567890", 20);
	return t;
}

static enum factor_verdict totp_at(struct totp *t, const char *code, int64_t now)
{
	int64_t step = -2;
	enum factor_verdict v = totp_verify(t, slice_str(code), now, &step);
	assert_int_equal(v == FACTOR_RIGHT, step != -2);
	if (v == FACTOR_RIGHT)
		t->last_step = step;
	return v;
}

static void test_a_totp_code_is_good_for_its_step_and_one_on_each_side(void **state)
{
	static const struct {
		int64_t now;
		enum factor_verdict verdict;
	} cases[] = {{29, FACTOR_WRONG}, {30, FACTOR_RIGHT}, {89, FACTOR_RIGHT}, {90, FACTOR_RIGHT}, {119, FACTOR_RIGHT}, {120, FACTOR_WRONG}};
	/* 359152 is the code of step 2: seconds 60 to 89. */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct totp t = known_totp();
		assert_int_equal(totp_at(&t, "359152", cases[i].now), cases[i].verdict);
	}
}

static void test_a_totp_code_works_once(void **state)
{
	struct totp t = known_totp();
	assert_int_equal(totp_at(&t, "359152", 65), FACTOR_RIGHT);
	assert_int_equal(t.last_step, 2);
	assert_int_equal(totp_at(&t, "359152", 66), FACTOR_REPLAYED);
	/* Nor does an older one that was not used: somebody may have seen it. */
	assert_int_equal(totp_at(&t, "287082", 67), FACTOR_REPLAYED);
	assert_int_equal(totp_at(&t, "969429", 68), FACTOR_RIGHT);
	assert_int_equal(totp_at(&t, "359152", 69), FACTOR_REPLAYED);
	/* A clock that was set back opens nothing again. */
	assert_int_equal(totp_at(&t, "359152", 60), FACTOR_REPLAYED);
	assert_int_equal(totp_at(&t, "338314", 119), FACTOR_RIGHT);
}

static void test_totp_codes_as_people_type_them(void **state)
{
	struct totp t = known_totp();
	assert_int_equal(totp_at(&t, "35915", 65), FACTOR_MALFORMED);
	assert_int_equal(totp_at(&t, "3591522", 65), FACTOR_MALFORMED);
	assert_int_equal(totp_at(&t, "35915a", 65), FACTOR_MALFORMED);
	assert_int_equal(totp_at(&t, "", 65), FACTOR_MALFORMED);
	assert_int_equal(totp_at(&t, "359 152", 65), FACTOR_RIGHT);
}

static void test_totp_state_survives_storage(void **state)
{
	struct totp t, again;
	struct buf b = BUF_INIT(TOTP_STATE_MAX), text = BUF_INIT(100), uri = BUF_INIT(400);
	totp_make(&t);
	t.last_step = 57000000;
	totp_encode(&t, &b);
	assert_int_equal(totp_decode(buf_slice(&b), &again), 0);
	assert_int_equal(again.hash, t.hash);
	assert_int_equal(again.digits, t.digits);
	assert_int_equal(again.period, t.period);
	assert_int_equal(again.last_step, t.last_step);
	assert_int_equal(again.secret_size, t.secret_size);
	assert_memory_equal(again.secret, t.secret, t.secret_size);
	for (size_t i = 0; i < buf_len(&b); i++)
		assert_int_equal(totp_decode(slice_sub(buf_slice(&b), 0, i), &again), ERR_DAMAGED);
	t = known_totp();
	totp_secret_text(&t, &text);
	assert_true(slice_eq(buf_slice(&text), SLICE("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")));
	totp_uri(&t, SLICE("Example Org"), SLICE("ann@example.org"), &uri);
	assert_true(slice_eq(buf_slice(&uri), SLICE("otpauth://totp/Example%20Org:ann@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
		"&issuer=Example%20Org&algorithm=SHA1&digits=6&period=30")));
	buf_free(&b), buf_free(&text), buf_free(&uri);
}

/* ---- single-use codes ---- */

static void test_each_code_of_a_set_works_once(void **state)
{
	struct codes_text texts[CODES_RESERVE];
	struct buf now = BUF_INIT(CODES_STATE_MAX);
	unsigned left = 0, next = 0;
	codes_make(CODES_RESERVE, &now, texts);
	for (unsigned i = 0; i < CODES_RESERVE; i++) {
		unsigned which = (i * 3 + 1) % CODES_RESERVE; /* any order */
		struct buf then = BUF_INIT(CODES_STATE_MAX);
		assert_int_equal(strlen(texts[which].text), CODES_TEXT_SIZE);
		assert_int_equal(codes_verify(buf_slice(&now), false, slice_str(texts[which].text), &then), FACTOR_RIGHT);
		buf_free(&now);
		now = then;
		then = BUF_INIT(CODES_STATE_MAX);
		assert_int_equal(codes_verify(buf_slice(&now), false, slice_str(texts[which].text), &then),
			i + 1 < CODES_RESERVE ? FACTOR_WRONG : FACTOR_SPENT);
		assert_int_equal(buf_len(&then), 0);
		assert_int_equal(codes_left(buf_slice(&now), &left, &next), 0);
		assert_int_equal(left, CODES_RESERVE - 1 - i);
	}
	assert_int_equal(next, 0);
	buf_free(&now);
}

static void test_a_list_asks_for_one_number_after_the_other(void **state)
{
	struct codes_text texts[CODES_LIST_DEFAULT];
	struct buf now = BUF_INIT(CODES_STATE_MAX), then = BUF_INIT(CODES_STATE_MAX);
	unsigned left = 0, next = 0;
	codes_make(CODES_LIST_DEFAULT, &now, texts);
	assert_int_equal(codes_verify(buf_slice(&now), true, slice_str(texts[1].text), &then), FACTOR_WRONG);
	assert_int_equal(codes_verify(buf_slice(&now), true, slice_str(texts[0].text), &then), FACTOR_RIGHT);
	assert_int_equal(codes_left(buf_slice(&then), &left, &next), 0);
	assert_int_equal(left, CODES_LIST_DEFAULT - 1);
	assert_int_equal(next, 2);
	buf_free(&now), buf_free(&then);
}

static void test_codes_as_people_type_them(void **state)
{
	struct codes_text text;
	struct buf now = BUF_INIT(CODES_STATE_MAX), then = BUF_INIT(CODES_STATE_MAX);
	codes_make(1, &now, &text);
	for (size_t i = 0; i < CODES_TEXT_SIZE; i++)
		text.text[i] = text.text[i] == 'o' ? '0' : text.text[i] == 'l' ? '1' : text.text[i] == 'b' ? '8' : (char)ascii_upper((uint8_t)text.text[i]);
	text.text[4] = ' ';
	assert_int_equal(codes_verify(buf_slice(&now), false, slice_str(text.text), &then), FACTOR_RIGHT);
	assert_int_equal(codes_verify(buf_slice(&now), false, SLICE("short"), &then), FACTOR_MALFORMED);
	assert_int_equal(codes_verify(buf_slice(&now), false, SLICE("aaaa-aaaa-aaaa"), &then), FACTOR_MALFORMED);
	assert_int_equal(codes_verify(slice_sub(buf_slice(&now), 0, 20), false, SLICE("aaaa-aaaa"), &then), FACTOR_MALFORMED);
	buf_free(&now), buf_free(&then);
}

/* ---- codes that are sent ---- */

static void test_a_sent_code_has_five_tries_and_five_minutes(void **state)
{
	char code[SENT_DIGITS + 1], wrong[SENT_DIGITS + 1];
	struct moment now = {.wall_ms = 1700000000000, .mono_ms = 5};
	struct buf a = BUF_INIT(SENT_STATE_MAX), next = BUF_INIT(SENT_STATE_MAX);
	sent_make(now, code, &a);
	memcpy(wrong, code, sizeof wrong);
	wrong[2] = wrong[2] == '7' ? '8' : '7';
	assert_int_equal(sent_verify(buf_slice(&a), slice_str(code), now, &next), FACTOR_RIGHT);
	assert_int_equal(buf_len(&next), 0);
	now.wall_ms += SENT_MS - 1;
	assert_int_equal(sent_verify(buf_slice(&a), slice_str(code), now, &next), FACTOR_RIGHT);
	now.wall_ms++;
	assert_int_equal(sent_verify(buf_slice(&a), slice_str(code), now, &next), FACTOR_EXPIRED);
	now.wall_ms -= SENT_MS;
	for (unsigned i = 0; i < SENT_TRIES; i++) {
		buf_free(&next);
		assert_int_equal(sent_verify(buf_slice(&a), i == 2 ? SLICE("12") : slice_str(wrong), now, &next),
			i == 2 ? FACTOR_MALFORMED : i + 1 < SENT_TRIES ? FACTOR_WRONG : FACTOR_SPENT);
		buf_clear(&a);
		buf_append(&a, buf_slice(&next));
	}
	assert_int_equal(buf_len(&a), 0);
	buf_free(&a), buf_free(&next);
}

static void test_contacts_are_written_to_ten_times_a_day(void **state)
{
	struct sent_contact c = {.address = SLICE("ann@example.net")}, again;
	struct moment now = {.wall_ms = INT64_C(20000) * 86400000};
	struct buf b = BUF_INIT(400);
	assert_true(sent_contact_take(&c, now));
	assert_false(sent_contact_take(&c, now));
	for (unsigned i = 1; i < SENT_PER_DAY; i++) {
		now.wall_ms += SENT_APART_MS;
		assert_true(sent_contact_take(&c, now));
	}
	now.wall_ms += SENT_APART_MS;
	assert_false(sent_contact_take(&c, now));
	sent_contact_encode(&c, &b);
	assert_int_equal(sent_contact_decode(buf_slice(&b), &again), 0);
	assert_true(slice_eq(again.address, c.address));
	now.wall_ms -= INT64_C(2) * 86400000; /* a clock that was set back */
	assert_false(sent_contact_take(&again, now));
	now.wall_ms += INT64_C(3) * 86400000;
	assert_true(sent_contact_take(&again, now));
	buf_free(&b);
}

static void check_masked(const char *address, const char *expected)
{
	struct buf b = BUF_INIT(400);
	sent_masked(slice_str(address), &b);
	assert_true(slice_eq(buf_slice(&b), slice_str(expected)));
	buf_free(&b);
}

static bool number(const char *text, const char *expected)
{
	struct buf b = BUF_INIT(40);
	bool ok = sent_number(slice_str(text), &b) && slice_eq(buf_slice(&b), slice_str(expected));
	buf_free(&b);
	return ok;
}

static void test_numbers_and_what_is_shown_of_them(void **state)
{
	assert_true(number("+86 138 0013-8000", "+8613800138000"));
	assert_true(number(" +1 (202) 555-0100", "+12025550100"));
	assert_false(number("0138001380", ""));
	assert_false(number("+0138001380", ""));
	assert_false(number("+12345", ""));
	assert_false(number("+1234567890123456", ""));
	assert_false(number("+86138x0138000", ""));
	check_masked("ann@example.net", "a***@example.net");
	check_masked("\xe6\x9d\x8e\xe5\xa8\x9c@example.net", "\xe6\x9d\x8e***@example.net");
	check_masked("+8613800138000", "+86*********00");
}

static void check_request(struct gateway g, const char *to, const char *method, const char *url, const char *body)
{
	struct gateway_request r;
	assert_int_equal(gateway_check(&g, NULL), 0);
	assert_int_equal(gateway_request(&g, slice_str(to), SLICE("123456"), &r), 0);
	assert_string_equal(r.method, method);
	assert_true(slice_eq(buf_slice(&r.url), slice_str(url)));
	assert_true(slice_eq(buf_slice(&r.body), slice_str(body)));
	gateway_request_free(&r);
}

static void test_requests_to_gateways_escape_what_is_put_in(void **state)
{
	check_request((struct gateway){.url = SLICE("https://sms.example/send?to={to}&text={code}")}, "+86 138&x=1", "GET",
		"https://sms.example/send?to=%2B86%20138%26x%3D1&text=123456", "");
	check_request((struct gateway){.url = SLICE("https://sms.example/"), .body = SLICE("{\"to\":\"{to}\",\"text\":\"code {code}\"}")},
		"a\"\\\n@b", "POST", "https://sms.example/", "{\"to\":\"a\\\"\\\\\\u000a@b\",\"text\":\"code 123456\"}");
	check_request((struct gateway){.url = SLICE("https://sms.example/x"), .body = SLICE("to={to}&code={code}"), .authorization = SLICE("Bearer x")},
		"a&b", "POST", "https://sms.example/x", "to=a%26b&code=123456");
}

static void test_gateways_that_cannot_be_used(void **state)
{
	static const struct gateway bad[] = {
		{.url = SLICE_INIT("http://sms.example/?c={code}")}, {.url = SLICE_INIT("https://{to}/?c={code}")},
		{.url = SLICE_INIT("https://sms.example{code}")}, {.url = SLICE_INIT("https://sms.example/")},
		{.url = SLICE_INIT("https://sms.example/ {code}")},
		{.url = SLICE_INIT("https://sms.example/{code}"), .authorization = SLICE_INIT("x\nEvil: 1")},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct gateway_request r;
		assert_int_not_equal(gateway_check(&bad[i], NULL), 0);
		assert_int_not_equal(gateway_request(&bad[i], SLICE("x"), SLICE("1"), &r), 0);
		gateway_request_free(&r);
	}
	assert_int_equal(gateway_check(&(struct gateway){0}, NULL), 0);
}

static void test_kinds_have_names(void **state)
{
	enum factor_kind kind;
	for (unsigned i = 1; i < FACTOR_KIND_COUNT; i++) {
		assert_true(factor_kind_parse(slice_str(factor_kind_name((enum factor_kind)i)), &kind));
		assert_int_equal(kind, i);
	}
	assert_false(factor_kind_parse(SLICE("password"), &kind));
	assert_null(factor_kind_name((enum factor_kind)FACTOR_KIND_COUNT));
	assert_string_equal(factor_verdict_name(FACTOR_REPLAYED), "replayed");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hotp_rfc4226_appendix_d),
		cmocka_unit_test(test_totp_rfc6238_appendix_b),
		cmocka_unit_test(test_a_totp_code_is_good_for_its_step_and_one_on_each_side),
		cmocka_unit_test(test_a_totp_code_works_once),
		cmocka_unit_test(test_totp_codes_as_people_type_them),
		cmocka_unit_test(test_totp_state_survives_storage),
		cmocka_unit_test(test_each_code_of_a_set_works_once),
		cmocka_unit_test(test_a_list_asks_for_one_number_after_the_other),
		cmocka_unit_test(test_codes_as_people_type_them),
		cmocka_unit_test(test_a_sent_code_has_five_tries_and_five_minutes),
		cmocka_unit_test(test_contacts_are_written_to_ten_times_a_day),
		cmocka_unit_test(test_numbers_and_what_is_shown_of_them),
		cmocka_unit_test(test_requests_to_gateways_escape_what_is_put_in),
		cmocka_unit_test(test_gateways_that_cannot_be_used),
		cmocka_unit_test(test_kinds_have_names),
	};
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
