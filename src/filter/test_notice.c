/* Letters of the system: the words, what is put into them, and who gets them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/codec.h"
#include "base/utf8.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "filter/filter_internal.h"
#include "filter/notice.h"
#include "mime/text.h"

static const uint8_t secret[32] = {7}, id[16] = {0xab};
static const struct filter_settings settings = {.hostname = SLICE_INIT("mx.example.org"), .language = SLICE_INIT("en")};

static struct buf compose(const char *name, const char *language, const char *args)
{
	struct filter_notice n = {.name = slice_str(name), .language = slice_str(language), .domain = SLICE("example.org"), .args = slice_str(args),
		.now_ms = INT64_C(946684800000)};
	struct buf out = BUF_INIT(65536);

	assert_int_equal(filter_notice_compose(&n, SLICE("ann@example.org"), &settings, id, &out), 0);
	buf_append_byte(&out, '\0');
	return out;
}

static void a_letter_stands_as_it_was_written(void **state)
{
	struct buf got = compose("password.changed", "en", "time=946684800\n");

	assert_string_equal((const char *)buf_slice(&got).p,
		"Date: Sat, 01 Jan 2000 00:00:00 +0000\r\n"
		"From: Letterlock <postmaster@example.org>\r\n"
		"To: <ann@example.org>\r\n"
		"Subject: Your password was changed\r\n"
		"Message-ID: <ab000000000000000000000000000000@mx.example.org>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: 7bit\r\n"
		"\r\n"
		"This is the mail system at mx.example.org.\r\n"
		"\r\n"
		"The password of your account was changed at 2000-01-01 00:00 UTC.\r\n"
		"\r\n"
		"If it was not you, tell your administrator at once.\r\n"
		"\r\n"
		"This letter was written by the system; nobody reads answers to it.\r\n");
	buf_free(&got);
}

/* The text of a quoted-printable letter. */
static struct buf text_of(const struct buf *letter)
{
	struct slice whole = buf_slice(letter);
	struct buf out = BUF_INIT(65536);

	quoted_printable_decode(slice_from(whole, (size_t)slice_search(whole, SLICE("\r\n\r\n")) + 4), &out);
	return out;
}

static void a_letter_speaks_the_language_of_its_reader(void **state)
{
	struct buf cn = compose("factor.added", "zh-CN", "time=946684800\nkind=webauthn\n"), tw = compose("factor.added", "zh-TW", "kind=sms\n"),
		other = compose("factor.added", "fr", "kind=totp\n"), text = text_of(&cn), text_tw = text_of(&tw);

	assert_true(slice_search(buf_slice(&text), SLICE("您的账号已于 2000-01-01 00:00 UTC 添加第二验证因素：安全密钥或通行密钥。")) > 0);
	assert_true(slice_search(buf_slice(&text_tw), SLICE("您的帳號已於 – 新增第二驗證因素：簡訊驗證碼。")) > 0);
	assert_true(slice_search(buf_slice(&other), SLICE("Subject: A second factor was added\r\n")) > 0);
	buf_free(&cn), buf_free(&tw), buf_free(&other), buf_free(&text), buf_free(&text_tw);
}

static void what_is_put_in_stays_where_it_is_put(void **state)
{
	struct buf got = compose("device.waits", "en", "device=x\r\nip={time}\ntime=946684800\nservice=imap\nkind=\x07\n"), long_name = BUF_INIT(60000), big;

	assert_true(slice_search(buf_slice(&got), SLICE("  Device: x \r\n  Service: IMAP\r\n  Address: {time}\r\n  Time: 2000-01-01 00:00 UTC\r\n")) > 0);
	buf_free(&got);
	buf_append_str(&long_name, "device=");
	for (int i = 0; i < 50000; i++)
		buf_append_byte(&long_name, 'x');
	buf_append_byte(&long_name, '\0');
	big = compose("device.waits", "en", (const char *)buf_slice(&long_name).p);
	assert_true(buf_len(&big) < 4000);
	buf_free(&big);
	buf_free(&long_name);
}

static void a_code_is_in_the_text_and_not_in_the_subject(void **state)
{
	for (int language = 0; language < NOTICE_LANGUAGES; language++) {
		static const char *const names[] = {"en", "zh-CN", "zh-TW"};
		struct buf got = compose("signin.code", names[language], "code=493817\nminutes=5\n"), text = text_of(&got);
		struct slice whole = buf_slice(&got);

		assert_true(slice_search(buf_slice(&text), SLICE("493817")) > 0);
		assert_int_equal(slice_search(slice_sub(whole, 0, (size_t)slice_search(whole, SLICE("\r\n\r\n"))), SLICE("493817")), -1);
		buf_free(&got);
		buf_free(&text);
	}
}

static bool is_argument(struct slice list, struct slice name)
{
	struct slice one;

	while (slice_split(&list, ' ', &one))
		if (slice_eq(one, name))
			return true;
	return false;
}

static void every_letter_has_words_in_all_languages_for_its_own_arguments_only(void **state)
{
	for (unsigned i = 0; i < NOTICE_COUNT; i++) {
		for (unsigned l = 0; l < NOTICE_LANGUAGES; l++) {
			const struct notice_words *w = &notice_words[i][l];
			struct slice text;
			ptrdiff_t open, close;

			assert_non_null(w->subject);
			assert_non_null(w->text);
			assert_int_equal(slice_find(slice_str(w->subject), '{'), -1);
			assert_true(l == NOTICE_EN ? slice_is_ascii(slice_str(w->text)) : !slice_is_ascii(slice_str(w->text)));
			for (text = slice_str(w->text); (open = slice_find(text, '{')) >= 0; text = slice_from(text, (size_t)close + 1)) {
				close = slice_find(text, '}');
				assert_true(close > open);
				assert_true(is_argument(notice_args((enum notice)i), slice_sub(text, (size_t)open + 1, (size_t)close)));
			}
		}
	}
}

static int seal_for(enum fact_kind kind, const uint8_t *key, const struct filter_epoch *epoch, struct arena *arena, struct filter_result *result)
{
	struct recipient_fact fact = {.kind = kind, .account = {1}, .generation = 1, .address = SLICE("ann@example.org")};
	struct buf facts = BUF_INIT(4096);
	struct error err = {0};
	uint8_t unused[32];

	kx_keypair(fact.public_key, unused);
	fact_write_recipient(&facts, &fact, key);
	struct filter_notice n = {.cid = SLICE("c"), .name = SLICE("password.changed"), .fact = buf_slice(&facts), .args = SLICE("time=1\n"), .now_ms = 1000};
	int rc = filter_notice(&n, &settings, secret, epoch, arena, result, &err);
	buf_free(&facts);
	return rc;
}

static void only_facts_of_auth_name_a_reader(void **state)
{
	static const uint8_t forged[32] = {8};
	struct filter_epoch epoch = {.epoch = 5};
	struct filter_result result;
	struct arena arena = ARENA_INIT;
	uint8_t unused[32];

	kx_keypair(epoch.public_key, unused);
	assert_int_equal(seal_for(FACT_LOCAL, secret, NULL, &arena, &result), 0);
	assert_true(seal_verify(buf_slice(&result.record), secret));
	buf_free(&result.record);
	assert_int_equal(seal_for(FACT_REMOTE, secret, &epoch, &arena, &result), 0);
	buf_free(&result.record);
	assert_int_equal(seal_for(FACT_REMOTE, secret, NULL, &arena, &result), ERR_TEMPORARY);
	assert_int_equal(seal_for(FACT_LOCAL, forged, NULL, &arena, &result), ERR_DENIED);
	assert_int_equal(seal_for(FACT_OWN, secret, NULL, &arena, &result), ERR_INVALID);
	arena_free(&arena);
}

static void an_unknown_letter_is_not_written(void **state)
{
	struct filter_notice n = {.name = SLICE("no.such"), .now_ms = 1};
	struct buf out = BUF_INIT(65536);

	assert_int_equal(filter_notice_compose(&n, SLICE("ann@example.org"), &settings, id, &out), ERR_INVALID);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_stands_as_it_was_written),
		cmocka_unit_test(a_letter_speaks_the_language_of_its_reader),
		cmocka_unit_test(what_is_put_in_stays_where_it_is_put),
		cmocka_unit_test(a_code_is_in_the_text_and_not_in_the_subject),
		cmocka_unit_test(every_letter_has_words_in_all_languages_for_its_own_arguments_only),
		cmocka_unit_test(only_facts_of_auth_name_a_reader),
		cmocka_unit_test(an_unknown_letter_is_not_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	mime_warm();
	return cmocka_run_group_tests_name("filter_notice", tests, NULL, NULL);
}
