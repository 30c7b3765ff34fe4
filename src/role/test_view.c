/* Letters as documents: mail_view and the role filter behind a real channel, over an account in memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/codec.h"
#include "crypt/crypt.h"
#include "ipc/test_pair.h"
#include "mime/make.h"
#include "role/mail_view.h"

#define WAIT_MS 60000

static const uint8_t secret[32] = {3};

static struct {
	struct loop *loop;
	struct ipc *mail, *filter;
	struct role_context filter_ctx, mail_ctx;
	struct account *account;
	char id[34];
	bool answered;
	unsigned status;
	struct buf body, policy, counts;
} t;

void role_stopped(struct role_context *ctx)
{
}

static const char letter[] =
	"From: a@b.example\r\nTo: =?utf-8?b?546L?= <c@d.example>\r\nSubject: x\r\nDate: Tue, 20 Oct 2026 09:30:00 +0800\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
	"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
	"--a\r\nContent-Type: text/plain; format=flowed\r\n\r\nplain \r\nside\r\n"
	"--a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
	"--r\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	"<p>html<script>bad()</script><img src=3D\"cid:i@x\"><img src=3D\"https://t.example/x.gif\">=\r\n"
	"<a href=3D\"https://evil.example/\">www.bank.example</a>\r\n"
	"--r\r\nContent-Type: image/png\r\nContent-ID: <i@x>\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--r--\r\n--a--\r\n"
	"--m\r\nContent-Type: message/rfc822\r\n\r\nFrom: e@f.example\r\nSubject: inside\r\n\r\nattached letter\r\n--m--\r\n";

static int take_id(void *arg, const struct message_row *row)
{
	struct buf id = BUF_INIT(40);

	hex_encode(slice_make(row->email_id, 16), &id);
	snprintf(t.id, sizeof t.id, "M%.*s", SLICE_ARG(buf_slice(&id)));
	buf_free(&id);
	return 0;
}

static int setup(void **state)
{
	struct mailbox_ref inbox;

	crypt_init();
	t.loop = loop_create();
	t.mail = ipc_create(t.loop, ROLE_MAIL, 0);
	t.filter = ipc_create(t.loop, ROLE_FILTER, 0);
	t.filter_ctx = (struct role_context){.role = ROLE_FILTER, .loop = t.loop, .ipc = t.filter, .config = config_default(),
		.boot_secret = secret};
	t.mail_ctx = (struct role_context){.role = ROLE_MAIL, .loop = t.loop, .ipc = t.mail, .config = config_default()};
	assert_int_equal(role_filter.start(&t.filter_ctx, NULL), 0);
	ipc_test_join(t.mail, t.filter);
	t.account = ram_account_create();
	assert_int_equal(ram_account_deliver(t.account, SLICE("INBOX"), slice_str(letter), 1000), 0);
	assert_int_equal(t.account->ops->find(t.account, SLICE("INBOX"), &inbox, NULL), 0);
	assert_int_equal(t.account->ops->messages(t.account, &inbox, 1, UINT32_MAX, 0, take_id, NULL, NULL), 0);
	t.body = BUF_INIT(1 << 20);
	t.policy = BUF_INIT(4096);
	t.counts = BUF_INIT(4096);
	return 0;
}

static int teardown(void **state)
{
	ram_account_destroy(&t.account);
	ipc_destroy(&t.mail);
	ipc_destroy(&t.filter);
	loop_destroy(&t.loop);
	buf_free(&t.body);
	buf_free(&t.policy);
	buf_free(&t.counts);
	return 0;
}

static void put(struct buf *to, struct slice s)
{
	buf_clear(to);
	buf_append(to, s);
	buf_append_byte(to, 0);
}

static void on_answer(void *arg, const struct mail_view_answer *a)
{
	t.answered = true;
	t.status = a->status;
	put(&t.body, a->body);
	put(&t.policy, a->policy);
	put(&t.counts, a->counts);
}

static const char *text(const struct buf *b)
{
	return (const char *)buf_slice(b).p;
}

static unsigned look(const char *query, unsigned reading)
{
	struct mail_view_request request = {.cid = SLICE("c"), .mail = t.account, .email = slice_str(t.id), .query = slice_str(query),
		.reading = reading};
	t.answered = false;
	mail_view(&t.mail_ctx, &request, on_answer, NULL);
	assert_false(t.answered);
	assert_true(ipc_test_run_until(t.loop, &t.answered, WAIT_MS));
	return t.status;
}

static void a_letter_becomes_a_safe_document(void **state)
{
	assert_int_equal(look("frame=0", 0), 200);
	assert_non_null(strstr(text(&t.body),
		"<p>html<img src=\"data:image/png;base64,YWJj\"><img><a href=\"/leave?to=https%3A%2F%2Fevil.example%2F&amp;"
		"shown=www.bank.example&amp;lang=en\""));
	assert_null(strstr(text(&t.body), "bad()"));
	assert_null(strstr(text(&t.body), "<script"));
	assert_string_equal(text(&t.counts), "remote=1, missing=0, links=1, deceiving=1, cut=0, dark=0");
	assert_non_null(strstr(text(&t.policy),
		"sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'; default-src 'none'; img-src data:;"));
	assert_int_equal(look("theme=dark&lang=zh-TW", 0), 200);
	assert_non_null(strstr(text(&t.body), "<html lang=\"zh-TW\">"));
	assert_non_null(strstr(text(&t.body), "<script>(function()"));
}

/* Of a confidential letter: its parts come from memory, with the mark, and the account is not asked. */
static void what_was_inside_is_shown_under_a_name(void **state)
{
	static const char inner_letter[] = "Content-Type: text/html\r\n\r\n<p>inner</p>\r\n";
	static const uint8_t id[16];
	struct buf encoded = BUF_INIT(100000);
	struct arena arena = ARENA_INIT;
	struct digest digest;
	struct mail_view_inner inner = {.letter = slice_str(inner_letter), .mark = SLICE("ann@example.org\n")};
	struct mail_view_request request = {.cid = SLICE("c"), .query = SLICE("frame=0"), .inner = &inner};

	mime_digest_make(inner.letter, id, &arena, &digest);
	digest_encode(&digest, &encoded);
	inner.digest = buf_slice(&encoded);
	t.answered = false;
	mail_view(&t.mail_ctx, &request, on_answer, NULL);
	buf_free(&encoded);
	inner = (struct mail_view_inner){.mark = SLICE_NONE};
	assert_true(ipc_test_run_until(t.loop, &t.answered, WAIT_MS));
	assert_int_equal(t.status, 200);
	assert_non_null(strstr(text(&t.body), "<p>inner</p>"));
	assert_non_null(strstr(text(&t.body), "<div id=\"ll-mark\""));
	arena_free(&arena);
}

static void images_of_others_load_when_asked_for_and_allowed(void **state)
{
	assert_int_equal(look("images=1", 0), 200);
	assert_non_null(strstr(text(&t.body), "<img src=\"https://t.example/x.gif\">"));
	assert_non_null(strstr(text(&t.policy), "img-src data: https:;"));
	assert_int_equal(look("images=1", AUTH_READING_NO_IMAGES), 200);
	assert_null(strstr(text(&t.body), "t.example"));
	assert_non_null(strstr(text(&t.policy), "img-src data:;"));
}

static void text_only_when_asked_for_or_by_policy(void **state)
{
	assert_int_equal(look("text=1", 0), 200);
	assert_non_null(strstr(text(&t.body), "plain side"));
	assert_null(strstr(text(&t.body), "html<"));
	assert_int_equal(look("images=1", AUTH_READING_TEXT), 200);
	assert_non_null(strstr(text(&t.body), "plain side"));
	assert_int_equal(look("part=5", AUTH_READING_TEXT), 200);
	assert_null(strstr(text(&t.body), "<p>"));
	assert_non_null(strstr(text(&t.body), "html"));
}

static void parts_and_attached_letters_are_shown_alone(void **state)
{
	assert_int_equal(look("part=7", 0), 200);
	assert_non_null(strstr(text(&t.body), "attached letter"));
	assert_null(strstr(text(&t.body), "html<"));
	assert_int_equal(look("part=6", 0), 404);
	assert_int_equal(look("part=99", 0), 404);
	assert_int_equal(look("part=x", 0), 404);
}

static void paper_says_who_wrote_to_whom(void **state)
{
	assert_int_equal(look("print=1&lang=zh-CN", 0), 200);
	assert_non_null(strstr(text(&t.body), "x\n"));
	assert_non_null(strstr(text(&t.body), "发件人：<a href=\"mailto:a@b.example\""));
	assert_non_null(strstr(text(&t.body), "收件人：王 &lt;"));
	assert_non_null(strstr(text(&t.body), "2026-10-20 09:30 +0800"));
	assert_int_equal(look("", 0), 200);
	assert_null(strstr(text(&t.body), "From: a"));
}

static void a_quote_is_a_fragment(void **state)
{
	assert_int_equal(look("quote=1&images=1&print=1", 0), 200);
	assert_true(slice_starts(buf_slice(&t.body),
		SLICE("<div><p>html<img data-cid=\"i@x\"><img data-remote=\"https://t.example/x.gif\">"
		"<a href=\"https://evil.example/\">")));
	assert_null(strstr(text(&t.body), "<style"));
	assert_null(strstr(text(&t.body), "<script"));
}

static void who_is_not_there_is_not_found(void **state)
{
	char id[34];

	memcpy(id, t.id, sizeof id);
	t.id[5] = t.id[5] == 'f' ? 'e' : 'f';
	assert_int_equal(look("", 0), 404);
	memcpy(t.id, id, sizeof id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_inside_is_shown_under_a_name),
		cmocka_unit_test(a_letter_becomes_a_safe_document), cmocka_unit_test(images_of_others_load_when_asked_for_and_allowed),
		cmocka_unit_test(text_only_when_asked_for_or_by_policy), cmocka_unit_test(parts_and_attached_letters_are_shown_alone),
		cmocka_unit_test(paper_says_who_wrote_to_whom), cmocka_unit_test(a_quote_is_a_fragment), cmocka_unit_test(who_is_not_there_is_not_found),

	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("role_view", tests, setup, teardown);
}
