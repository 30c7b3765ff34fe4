/* Partners of judging: their protocols fed byte by byte, and what of their words is kept. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "scan/partner.h"

#define OUT_MAX (1u << 20)
#define LETTER "Subject: one\r\n two\r\nno field\r\nX-Other:  spaced\r\n\r\nBody.\r\n"

static const struct slice recipients[] = {SLICE_INIT("a@here.example"), SLICE_INIT("b@here.example")};
static const struct partner_letter letter = {
	.cid = SLICE_INIT("c1"), .hostname = SLICE_INIT("mail.here.example"), .address = SLICE_INIT("192.0.2.1"), .helo = SLICE_INIT("there.example"),
	.reverse_path = SLICE_INIT("x@there.example"), .recipients = recipients, .recipient_count = 2, .content = SLICE_INIT(LETTER),
};

struct rig {
	struct talk *talk;
	struct buf in, out;
	struct partner_verdict verdict;
};

static void rig_free(struct rig *r)
{
	talk_free(&r->talk);
	buf_free(&r->in);
	buf_free(&r->out);
	partner_verdict_free(&r->verdict);
}

static void say(struct rig *r)
{
	size_t before;
	do {
		before = buf_len(&r->out);
		talk_say(r->talk, &r->out);
	} while (buf_len(&r->out) > before);
}

static void hear(struct rig *r, struct slice answer)
{
	for (size_t i = 0; i < answer.n && r->talk->state == TALK_GOES; i++) {
		buf_append_byte(&r->in, answer.p[i]);
		talk_hear(r->talk, &r->in);
	}
}

static void packet(struct rig *r, char command, const void *data, size_t n)
{
	struct buf b = BUF_INIT(70000);
	buf_put_u32(&b, (uint32_t)n + 1);
	buf_append_byte(&b, (uint8_t)command);
	buf_append_bytes(&b, data, n);
	hear(r, buf_slice(&b));
	buf_free(&b);
}
#define PACKET(r, command, text) packet(r, command, text, sizeof text - 1)

static void begin(struct rig *r, struct talk *(*ask)(const struct partner_letter *, struct partner_verdict *))
{
	*r = (struct rig){.in = BUF_INIT(TALK_INPUT_MAX), .out = BUF_INIT(OUT_MAX)};
	partner_verdict_init(&r->verdict);
	r->talk = ask(&letter, &r->verdict);
	say(r);
}

/* ---- Rspamd ---- */

static void rspamd_says(const char *answer, enum talk_state state, enum partner_action action)
{
	struct rig r;
	struct buf http = BUF_INIT(4096);
	begin(&r, rspamd_ask);
	buf_printf(&http, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(answer), answer);
	hear(&r, buf_slice(&http));
	assert_int_equal(r.talk->state, state);
	assert_int_equal(r.verdict.action, action);
	buf_free(&http);
	rig_free(&r);
}

static void rspamd_gets_the_letter_with_its_envelope(void **state)
{
	struct rig r;
	begin(&r, rspamd_ask);
	struct slice said = buf_slice(&r.out);
	static const char *const lines[] = {"POST /checkv2 HTTP/1.1\r\n", "\r\nIP: 192.0.2.1\r\n", "\r\nHelo: there.example\r\n", "\r\nFrom: x@there.example\r\n",
		"\r\nRcpt: a@here.example\r\nRcpt: b@here.example\r\n"};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_true(slice_search(said, slice_str(lines[i])) >= 0);
	assert_true(slice_ends(said, SLICE(LETTER)));
	rig_free(&r);
}

static void every_action_of_rspamd_means_something(void **state)
{
	rspamd_says("{\"action\":\"no action\",\"score\":0.1}", TALK_DONE, PARTNER_PASS);
	rspamd_says("{\"action\":\"greylist\",\"score\":4}", TALK_DONE, PARTNER_TEMPFAIL);
	rspamd_says("{\"action\":\"soft reject\"}", TALK_DONE, PARTNER_TEMPFAIL);
	rspamd_says("{\"action\":\"add header\"}", TALK_DONE, PARTNER_JUNK);
	rspamd_says("{\"action\":\"rewrite subject\"}", TALK_DONE, PARTNER_JUNK);
	rspamd_says("{\"action\":\"quarantine\"}", TALK_DONE, PARTNER_HOLD);
	rspamd_says("{\"action\":\"discard\"}", TALK_DONE, PARTNER_HOLD);
	rspamd_says("{\"action\":\"reject\",\"score\":20}", TALK_DONE, PARTNER_REJECT);
	rspamd_says("{\"action\":\"dance\"}", TALK_FAILED, PARTNER_PASS);
	rspamd_says("{\"action\":", TALK_FAILED, PARTNER_PASS);
	rspamd_says("[]", TALK_FAILED, PARTNER_PASS);
}

static void fields_of_rspamd_are_kept_clean(void **state)
{
	struct rig r;
	struct slice answer = SLICE("HTTP/1.1 200 OK\r\nContent-Length: 190\r\n\r\n"
		"{\"action\":\"add header\",\"score\":7.256,\"messages\":{\"smtp_message\":\"so\\u0007 \\\"sorry\\\"\"},"
		"\"milter\":{\"add_headers\":{\"X-Spam\":{\"value\":\"Yes\\r\\nEvil: 1\",\"order\":1},\"bad name\":\"x\",\"X-B\":\"c\"}}}                         ");
	begin(&r, rspamd_ask);
	hear(&r, answer);
	assert_int_equal(r.talk->state, TALK_DONE);
	assert_true(slice_eq(buf_slice(&r.verdict.score), SLICE("7.26")));
	assert_true(slice_eq(buf_slice(&r.verdict.reason), SLICE("so sorry")));
	assert_true(slice_eq(buf_slice(&r.verdict.fields), SLICE("X-Spam: Yes Evil: 1\r\nX-B: c\r\n")));
	rig_free(&r);
}

static void what_is_no_answer_fails(void **state)
{
	static const char *const answers[] = {"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\n\r\n{}", "SMTP\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"};
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct rig r;
		begin(&r, rspamd_ask);
		hear(&r, slice_str(answers[i]));
		talk_closed(r.talk);
		assert_int_equal(r.talk->state, TALK_FAILED);
		rig_free(&r);
	}
}

/* ---- milters ---- */

#define STEPS_ALL "\0\0\0\6\0\0\0\x31\0\0\0\0"
#define STEPS_ONLY_END "\0\0\0\6\0\0\0\x21\0\0\2\x7f"  /* without connect to header end, data */

/* Says "go on" until the end of the letter was said. */
static void go_to_end(struct rig *r)
{
	for (unsigned i = 0; i < 40 && !slice_ends(buf_slice(&r->out), SLICE("\0\0\0\1E")); i++) {
		PACKET(r, 'c', "");
		say(r);
	}
	assert_true(slice_ends(buf_slice(&r->out), SLICE("\0\0\0\1E")));
}

static void has(const struct rig *r, struct slice bytes)
{
	assert_true(slice_search(buf_slice(&r->out), bytes) >= 0);
}

static void a_milter_hears_the_letter_step_by_step(void **state)
{
	struct rig r;
	begin(&r, milter_ask);
	has(&r, SLICE("\0\0\0\x0dO\0\0\0\6\0\0\0\x31"));
	PACKET(&r, 'O', STEPS_ALL);
	say(&r);
	has(&r, SLICE("C[192.0.2.1]\0" "4\0\0" "192.0.2.1\0"));
	assert_true(slice_search(buf_slice(&r.out), SLICE("Hthere")) < 0); /* one at a time */
	go_to_end(&r);
	has(&r, SLICE("Hthere.example\0"));
	has(&r, SLICE("M<x@there.example>\0"));
	has(&r, SLICE("R<a@here.example>\0"));
	has(&r, SLICE("R<b@here.example>\0"));
	has(&r, SLICE("LSubject\0one\n two\0"));
	has(&r, SLICE("LX-Other\0 spaced\0"));
	has(&r, SLICE("BBody.\r\n"));
	assert_true(slice_search(buf_slice(&r.out), SLICE("no field")) < 0);
	PACKET(&r, 'h', "X-Seen\0yes\0");
	PACKET(&r, 'i', "\0\0\0\1X-First\0a\r\n b\0");
	PACKET(&r, 'p', "");
	PACKET(&r, 'm', "\0\0\0\1Subject\0other\0");
	assert_int_equal(r.talk->state, TALK_GOES);
	PACKET(&r, 'c', "");
	assert_int_equal(r.talk->state, TALK_DONE);
	assert_int_equal(r.verdict.action, PARTNER_PASS);
	assert_true(slice_eq(buf_slice(&r.verdict.fields), SLICE("X-Seen: yes\r\nX-First: a b\r\n")));
	rig_free(&r);
}

static void a_milter_is_spared_what_it_does_without(void **state)
{
	struct rig r;
	begin(&r, milter_ask);
	PACKET(&r, 'O', STEPS_ONLY_END);
	say(&r);
	assert_true(slice_ends(buf_slice(&r.out), SLICE("\0\0\0\1E")));
	assert_true(slice_search(buf_slice(&r.out), SLICE("LSubject")) < 0);
	PACKET(&r, 'a', "");
	assert_int_equal(r.talk->state, TALK_DONE);
	rig_free(&r);
}

static void ends_with(char command, const void *data, size_t n, enum partner_action action, const char *reason)
{
	struct rig r;
	begin(&r, milter_ask);
	PACKET(&r, 'O', STEPS_ALL);
	say(&r);
	go_to_end(&r);
	packet(&r, command, data, n);
	assert_int_equal(r.talk->state, TALK_DONE);
	assert_int_equal(r.verdict.action, action);
	assert_true(slice_eq(buf_slice(&r.verdict.reason), slice_str(reason)));
	rig_free(&r);
}

static void every_end_of_a_milter_means_something(void **state)
{
	ends_with('r', "", 0, PARTNER_REJECT, "reject");
	ends_with('t', "", 0, PARTNER_TEMPFAIL, "tempfail");
	ends_with('d', "", 0, PARTNER_HOLD, "discard");
	ends_with('y', "550 5.7.1 no", 13, PARTNER_REJECT, "550 5.7.1 no");
	ends_with('y', "451 4.7.1 later", 16, PARTNER_TEMPFAIL, "451 4.7.1 later");
	ends_with('a', "", 0, PARTNER_PASS, "");
}

static void quarantine_holds_although_the_letter_is_accepted(void **state)
{
	struct rig r;
	begin(&r, milter_ask);
	PACKET(&r, 'O', STEPS_ALL);
	say(&r);
	go_to_end(&r);
	PACKET(&r, 'q', "odd\0");
	PACKET(&r, 'a', "");
	assert_int_equal(r.talk->state, TALK_DONE);
	assert_int_equal(r.verdict.action, PARTNER_HOLD);
	assert_true(slice_eq(buf_slice(&r.verdict.reason), SLICE("odd")));
	rig_free(&r);
}

static void one_refused_recipient_of_two_refuses_nothing(void **state)
{
	for (int refuse = 1; refuse <= 2; refuse++) {
		struct rig r;
		begin(&r, milter_ask);
		PACKET(&r, 'O', STEPS_ALL);
		say(&r);
		while (slice_search(buf_slice(&r.out), SLICE("R<a@here.example>")) < 0) {
			PACKET(&r, 'c', "");
			say(&r);
		}
		for (int i = 0; i < refuse; i++) {
			PACKET(&r, 'r', "");
			say(&r);
		}
		assert_int_equal(r.talk->state, refuse == 2 ? TALK_DONE : TALK_GOES);
		assert_int_equal(r.verdict.action, refuse == 2 ? PARTNER_REJECT : PARTNER_PASS);
		rig_free(&r);
	}
}

static void what_is_no_milter_fails(void **state)
{
	static const struct { struct slice bytes; } answers[] = {
		{SLICE_INIT("\0\0\0\0")}, {SLICE_INIT("\xff\xff\xff\xff")}, {SLICE_INIT("HTTP/1.1 400 Bad Request\r\n\r\n")}, {SLICE_INIT("\0\0\0\1?")},
		{SLICE_INIT("\0\0\0\x0dO\0\0\0\7\0\0\0\0\0\0\0\0")}, {SLICE_INIT("\0\0\0\x0dO\0\0\0\6\0\0\0\2\0\0\0\0")},
	};
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct rig r;
		begin(&r, milter_ask);
		hear(&r, answers[i].bytes);
		assert_int_equal(r.talk->state, TALK_FAILED);
		rig_free(&r);
	}
}

/* ---- records ---- */

static void a_record_comes_out_as_it_went_in(void **state)
{
	struct buf out = BUF_INIT(20000);
	struct partner_record r = {.partner = SLICE("rspamd"), .action = PARTNER_JUNK, .ms = 12, .reason = SLICE("why"), .score = SLICE("7.00"),
		.fields = SLICE("X: y\r\n")};
	struct partner_record got;
	partner_record_encode(&r, &out);
	assert_true(partner_record_decode(buf_slice(&out), &got));
	assert_true(got.action == PARTNER_JUNK && got.ms == 12 && slice_eq(got.fields, r.fields));
	assert_true(slice_eq(got.score, r.score) && slice_eq(got.reason, r.reason));
	for (size_t n = 0; n < buf_len(&out); n++)
		assert_false(partner_record_decode(slice_sub(buf_slice(&out), 0, n), &got));
	buf_free(&out);
}

static void fields_have_limits(void **state)
{
	struct partner_verdict v;
	partner_verdict_init(&v);
	for (unsigned i = 0; i < 2 * PARTNER_FIELDS_MAX; i++)
		partner_add_field(&v, SLICE("X-A"), SLICE("1"));
	assert_int_equal(v.field_count, PARTNER_FIELDS_MAX);
	partner_verdict_free(&v);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rspamd_gets_the_letter_with_its_envelope), cmocka_unit_test(every_action_of_rspamd_means_something),
		cmocka_unit_test(fields_of_rspamd_are_kept_clean), cmocka_unit_test(what_is_no_answer_fails),
		cmocka_unit_test(a_milter_hears_the_letter_step_by_step), cmocka_unit_test(a_milter_is_spared_what_it_does_without),
		cmocka_unit_test(every_end_of_a_milter_means_something), cmocka_unit_test(quarantine_holds_although_the_letter_is_accepted),
		cmocka_unit_test(one_refused_recipient_of_two_refuses_nothing), cmocka_unit_test(what_is_no_milter_fails),
		cmocka_unit_test(a_record_comes_out_as_it_went_in), cmocka_unit_test(fields_have_limits),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
