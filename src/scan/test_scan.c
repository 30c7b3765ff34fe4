/* What scanners are asked and what they say: protocols fed byte by byte, and the table of actions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "scan/clamd.h"
#include "scan/icap.h"
#include "scan/rules.h"

#define OUT_MAX (1u << 20)

static void say_all(struct talk *t, struct buf *out)
{
	size_t before;
	do {
		before = buf_len(out);
		talk_say(t, out);
	} while (buf_len(out) > before);
}

/* One byte at a time, as a network may bring it. */
static void hear_bytes(struct talk *t, struct slice answer)
{
	struct buf in = BUF_INIT(TALK_INPUT_MAX);
	for (size_t i = 0; i < answer.n && t->state == TALK_GOES; i++) {
		buf_append_byte(&in, answer.p[i]);
		talk_hear(t, &in);
	}
	buf_free(&in);
}

static void clamd_says(const char *answer, size_t n, enum talk_state state, enum scan_result result, const char *name)
{
	struct talk *t = clamd_scan(SLICE("content"));
	hear_bytes(t, slice_make(answer, n));
	assert_int_equal(t->state, state);
	assert_int_equal(t->result, result);
	assert_true(slice_eq(buf_slice(&t->name), slice_str(name)));
	talk_free(&t);
	assert_null(t);
}
#define CLAMD_SAYS(text, state, result, name) clamd_says(text, sizeof text, state, result, name)

static void clamd_gets_the_content_in_pieces(void **state)
{
	size_t n = TALK_PIECE + 10;
	uint8_t *content = memory_alloc(n);
	struct buf out = BUF_INIT(OUT_MAX);
	struct talk *t = clamd_scan(slice_make(content, n));
	struct slice rest, piece;
	say_all(t, &out);
	rest = buf_slice(&out);
	assert_true(slice_starts(rest, slice_make("zINSTREAM", 10)));
	rest = slice_from(rest, 10);
	assert_true(slice_get_bytes(&rest, &piece) && piece.n == TALK_PIECE);
	assert_true(slice_get_bytes(&rest, &piece) && piece.n == 10);
	assert_true(slice_get_bytes(&rest, &piece) && piece.n == 0);
	assert_int_equal(rest.n, 0);
	assert_int_equal(t->state, TALK_GOES);
	talk_free(&t);
	buf_free(&out);
	memory_free(content);
}

static void nothing_is_a_content_too(void **state)
{
	struct buf out = BUF_INIT(100);
	struct talk *t = clamd_scan(SLICE_NONE);
	say_all(t, &out);
	assert_true(slice_eq(buf_slice(&out), slice_make("zINSTREAM\0\0\0\0\0", 14)));
	talk_free(&t);
	buf_free(&out);
}

static void clamd_answers_are_understood(void **state)
{
	CLAMD_SAYS("stream: OK", TALK_DONE, SCAN_CLEAN, "");
	CLAMD_SAYS("stream: Win.Test.EICAR_HDB-1 FOUND", TALK_DONE, SCAN_INFECTED, "Win.Test.EICAR_HDB-1");
	CLAMD_SAYS("stream: a;\"b\\ \1c FOUND", TALK_DONE, SCAN_INFECTED, "abc");
	CLAMD_SAYS("stream: Heuristics.Encrypted.Zip FOUND", TALK_DONE, SCAN_OPAQUE, "Heuristics.Encrypted.Zip");
	CLAMD_SAYS("stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND", TALK_DONE, SCAN_OPAQUE, "Heuristics.Limits.Exceeded.MaxRecursion");
	CLAMD_SAYS("INSTREAM size limit exceeded. ERROR", TALK_DONE, SCAN_OPAQUE, "size-limit");
	CLAMD_SAYS("stream: Can't allocate memory ERROR", TALK_FAILED, SCAN_AWAY, "");
	CLAMD_SAYS("", TALK_FAILED, SCAN_AWAY, "");
	clamd_says("stream: OK", 10, TALK_GOES, SCAN_AWAY, ""); /* not whole */
}

static void an_end_without_an_answer_is_no_answer(void **state)
{
	struct talk *t = clamd_scan(SLICE("x"));
	talk_closed(t);
	assert_int_equal(t->state, TALK_FAILED);
	assert_int_equal(t->result, SCAN_AWAY);
	talk_free(&t);
}

static void an_answer_without_end_is_no_answer(void **state)
{
	struct talk *t = clamd_scan(SLICE("x"));
	struct buf in = BUF_INIT(TALK_INPUT_MAX);
	memset(buf_reserve(&in, TALK_INPUT_MAX), 'x', TALK_INPUT_MAX);
	buf_commit(&in, TALK_INPUT_MAX);
	talk_hear(t, &in);
	assert_int_equal(t->state, TALK_FAILED);
	talk_free(&t);
	buf_free(&in);
}

static void version_is(const char *line, bool good, const char *text, uint32_t signatures, int64_t made)
{
	struct clamd_version v = {.text = BUF_INIT(SCAN_NAME_MAX)};
	assert_int_equal(clamd_version_parse(slice_str(line), &v), good);
	if (good) {
		assert_true(slice_eq(buf_slice(&v.text), slice_str(text)));
		assert_int_equal(v.signatures, signatures);
		assert_int_equal(v.made_s, made);
	}
	buf_free(&v.text);
}

static void versions_tell_the_age_of_signatures(void **state)
{
	struct calendar c = {.year = 2024, .month = 10, .day = 1, .hour = 8, .minute = 30, .second = 5};
	version_is("ClamAV 1.4.3/27432/Tue Oct  1 08:30:05 2024", true, "1.4.3", 27432, calendar_to_unix(&c));
	version_is("ClamAV 1.4.3", true, "1.4.3", 0, 0);
	version_is("ClamAV 1.4.3/27432", false, "", 0, 0);
	version_is("ClamAV 1.4.3/27432/Tue Oct 32 08:30:05 2024", false, "", 0, 0);
	version_is("ClamAV 1.4.3/27432/Tue ctO 1 08:30:05 2024", false, "", 0, 0);
	version_is("ClamAV 1.4.3/27432/Tue Oct 1 24:30:05 2024", false, "", 0, 0);
	version_is("PONG", false, "", 0, 0);
}

static void a_version_is_asked_for(void **state)
{
	struct clamd_version v = {.text = BUF_INIT(SCAN_NAME_MAX)};
	struct buf out = BUF_INIT(100);
	struct talk *t = clamd_ask_version(&v);
	say_all(t, &out);
	assert_true(slice_eq(buf_slice(&out), slice_make("zVERSION", 9)));
	hear_bytes(t, slice_make("ClamAV 1.0", 11));
	assert_int_equal(t->state, TALK_DONE);
	talk_free(&t);
	buf_free(&out);
	buf_free(&v.text);
}

static const struct icap_service service = {SLICE_INIT("127.0.0.1:1344"), SLICE_INIT("/scan"), false};

static void icap_says(struct slice content, const char *answer, enum talk_state state, enum scan_result result, const char *name)
{
	struct buf out = BUF_INIT(OUT_MAX);
	struct talk *t = icap_scan(&service, content);
	say_all(t, &out);
	hear_bytes(t, slice_str(answer));
	assert_int_equal(t->state, state);
	assert_int_equal(t->result, result);
	assert_true(slice_eq(buf_slice(&t->name), slice_str(name)));
	talk_free(&t);
	buf_free(&out);
}

static void icap_shows_a_preview_and_goes_on_when_asked(void **state)
{
	size_t n = ICAP_PREVIEW + 5;
	char *content = memory_alloc(n + 1);
	struct buf out = BUF_INIT(OUT_MAX);
	memset(content, 'x', n);
	struct talk *t = icap_scan(&service, slice_str(content));
	say_all(t, &out);
	assert_true(slice_starts(buf_slice(&out), SLICE("RESPMOD icap://127.0.0.1:1344/scan ICAP/1.0\r\nHost: 127.0.0.1:1344\r\n")));
	assert_true(slice_search(buf_slice(&out), SLICE("Preview: 1024\r\n")) > 0);
	assert_true(slice_search(buf_slice(&out), SLICE("Content-Length: 1029\r\n")) > 0);
	assert_true(slice_ends(buf_slice(&out), SLICE("x\r\n0\r\n\r\n")));
	buf_clear(&out);
	hear_bytes(t, SLICE("ICAP/1.0 100 Continue\r\n\r\n"));
	say_all(t, &out);
	assert_true(slice_eq(buf_slice(&out), SLICE("5\r\nxxxxx\r\n0\r\n\r\n")));
	hear_bytes(t, SLICE("ICAP/1.0 204 No modifications needed\r\n\r\n"));
	assert_true(t->state == TALK_DONE && t->result == SCAN_CLEAN);
	talk_free(&t);
	buf_free(&out);
	memory_free(content);
}

static void icap_tells_that_the_preview_is_all(void **state)
{
	struct buf out = BUF_INIT(OUT_MAX);
	struct talk *t = icap_scan(&service, SLICE("small"));
	say_all(t, &out);
	assert_true(slice_ends(buf_slice(&out), SLICE("5\r\nsmall\r\n0; ieof\r\n\r\n")));
	hear_bytes(t, SLICE("ICAP/1.0 100 Continue\r\n\r\n")); /* nothing is left to go on with */
	assert_int_equal(t->state, TALK_FAILED);
	talk_free(&t);
	buf_free(&out);
}

#define BACK "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=19\r\n\r\n"

static void icap_answers_are_understood(void **state)
{
	struct slice content = SLICE("content");
	icap_says(content, "ICAP/1.0 204 No\r\n\r\n", TALK_DONE, SCAN_CLEAN, "");
	icap_says(content, "ICAP/1.0 200 OK\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Eicar-Test;\r\n\r\n", TALK_DONE, SCAN_INFECTED, "Eicar-Test");
	icap_says(content, "ICAP/1.0 200 OK\r\nx-virus-id: Some Virus\r\n\r\n", TALK_DONE, SCAN_INFECTED, "SomeVirus");
	icap_says(content, BACK "HTTP/1.1 200 OK\r\n\r\n3\r\ncon\r\n4; x=y\r\ntent\r\n0\r\n", TALK_DONE, SCAN_CLEAN, "");
	icap_says(content, BACK "HTTP/1.1 200 OK\r\n\r\n3\r\ncon\r\n4\r\ntEnt\r\n0\r\n", TALK_DONE, SCAN_INFECTED, "changed");
	icap_says(content, BACK "HTTP/1.1 200 OK\r\n\r\n3\r\ncon\r\n0\r\n", TALK_DONE, SCAN_INFECTED, "changed");
	icap_says(content, BACK "HTTP/1.1 403 Forbidden\r\n\r\n", TALK_DONE, SCAN_INFECTED, "blocked");
	icap_says(content, "ICAP/1.0 404 Service not found\r\n\r\n", TALK_FAILED, SCAN_AWAY, "");
	icap_says(content, "HTTP/1.1 204 No\r\n\r\n", TALK_FAILED, SCAN_AWAY, "");
	icap_says(content, BACK "HTTP/1.1 200 OK\r\n\r\nxyz\r\n", TALK_FAILED, SCAN_AWAY, "");
	icap_says(content, "ICAP/1.0 204 No\r\n", TALK_GOES, SCAN_AWAY, "");
}

static void icap_shows_it_as_an_upload_where_that_is_wanted(void **state)
{
	static const struct icap_service upload = {SLICE_INIT("127.0.0.1:1344"), SLICE_INIT("/scan"), true};
	static const struct { const char *answer; enum scan_result result; const char *name; } rows[] = {
		{"ICAP/1.0 204 No\r\n\r\n", SCAN_CLEAN, ""},
		{"ICAP/1.0 200 OK\r\nEncapsulated: req-hdr=0, req-body=30\r\n\r\nPOST /attachment HTTP/1.1\r\n\r\n5\r\nsmall\r\n0\r\n\r\n", SCAN_CLEAN, ""},
		{"ICAP/1.0 200 OK\r\nEncapsulated: req-hdr=0, req-body=30\r\n\r\nPOST /attachment HTTP/1.1\r\n\r\n5\r\nsMall\r\n0\r\n\r\n", SCAN_INFECTED, "changed"},
		{"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=30\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", SCAN_INFECTED, "blocked"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf out = BUF_INIT(OUT_MAX);
		struct talk *t = icap_scan(&upload, SLICE("small"));
		say_all(t, &out);
		assert_true(slice_starts(buf_slice(&out), SLICE("REQMOD icap://127.0.0.1:1344/scan ICAP/1.0\r\n")));
		assert_true(slice_search(buf_slice(&out), SLICE("\r\nEncapsulated: req-hdr=0, req-body=106\r\n\r\nPOST /attachment HTTP/1.1\r\n")) > 0);
		hear_bytes(t, slice_str(rows[i].answer));
		assert_int_equal(t->state, TALK_DONE);
		assert_int_equal(t->result, rows[i].result);
		assert_true(slice_eq(buf_slice(&t->name), slice_str(rows[i].name)));
		talk_free(&t);
		buf_free(&out);
	}
}

static void icap_is_looked_for(void **state)
{
	struct buf out = BUF_INIT(OUT_MAX);
	struct talk *t = icap_look(&service);
	say_all(t, &out);
	assert_true(slice_starts(buf_slice(&out), SLICE("OPTIONS icap://127.0.0.1:1344/scan ICAP/1.0\r\n")));
	hear_bytes(t, SLICE("ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\n\r\n"));
	assert_int_equal(t->state, TALK_DONE);
	talk_free(&t);
	buf_free(&out);
}

static void questions_and_findings_travel(void **state)
{
	struct scan_target part = {.part = true, .offset = 17, .length = 5000000000, .encoding = SCAN_BASE64}, back;
	struct scan_finding finding = {SCAN_INFECTED, SLICE("clamd"), SLICE("Eicar")}, again;
	struct buf out = BUF_INIT(200);
	scan_target_write(&part, &out);
	assert_true(slice_eq(buf_slice(&out), SLICE("part 17 5000000000 1")));
	assert_true(scan_target_parse(buf_slice(&out), &back));
	assert_true(back.part && back.offset == 17 && back.length == 5000000000 && back.encoding == SCAN_BASE64);
	assert_true(scan_target_parse(SLICE("letter"), &back) && !back.part);
	assert_false(scan_target_parse(SLICE("part 1 2 3"), &back));
	assert_false(scan_target_parse(SLICE("part 1"), &back));
	assert_false(scan_target_parse(SLICE("part -1 2 1"), &back));
	assert_false(scan_target_parse(SLICE(""), &back));
	buf_clear(&out);
	scan_finding_encode(&finding, &out);
	assert_true(scan_finding_decode(buf_slice(&out), &again));
	assert_true(again.result == SCAN_INFECTED && slice_eq(again.scanner, finding.scanner) && slice_eq(again.name, finding.name));
	for (size_t n = 0; n < buf_len(&out); n++)
		assert_false(scan_finding_decode(slice_sub(buf_slice(&out), 0, n), &again));
	buf_append_byte(&out, 0);
	assert_false(scan_finding_decode(buf_slice(&out), &again));
	buf_free(&out);
}

static void the_defaults_let_no_malware_in_or_out(void **state)
{
	struct scan_rules r = scan_rules_default();
	assert_int_equal(r.actions[SCAN_CLASS_VIRUS][SCAN_IN], SCAN_ACTION_REJECT);
	assert_int_equal(r.actions[SCAN_CLASS_VIRUS][SCAN_OUT], SCAN_ACTION_REJECT);
	assert_int_equal(r.actions[SCAN_CLASS_UNSCANNED][SCAN_IN], SCAN_ACTION_HOLD);
	assert_int_equal(r.actions[SCAN_CLASS_OPAQUE][SCAN_IN], SCAN_ACTION_HOLD);
	assert_int_equal(r.actions[SCAN_CLASS_VIRUS][SCAN_OPEN], SCAN_ACTION_REJECT);
	assert_int_equal(r.actions[SCAN_CLASS_UNSCANNED][SCAN_OPEN], SCAN_ACTION_PASS);
}

static void rows_change_one_action(void **state)
{
	struct scan_rules r = scan_rules_default(), before = r;
	struct error err = {0};
	assert_int_equal(scan_rules_set(&r, SLICE(" macro  in hold "), &err), 0);
	assert_int_equal(r.actions[SCAN_CLASS_MACRO][SCAN_IN], SCAN_ACTION_HOLD);
	r.actions[SCAN_CLASS_MACRO][SCAN_IN] = before.actions[SCAN_CLASS_MACRO][SCAN_IN];
	assert_int_equal(scan_rules_set(&r, SLICE("unscanned open reject"), &err), 0);
	assert_int_equal(r.actions[SCAN_CLASS_UNSCANNED][SCAN_OPEN], SCAN_ACTION_REJECT);
	r.actions[SCAN_CLASS_UNSCANNED][SCAN_OPEN] = before.actions[SCAN_CLASS_UNSCANNED][SCAN_OPEN];
	assert_memory_equal(&r, &before, sizeof r);
	static const char *const bad[] = {"", "macro", "macro in", "macros in hold", "macro up hold", "macro in keep", "macro in hold now", "macro out junk", "macro open reject", "virus open hold"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(scan_rules_set(&r, slice_str(bad[i]), &err), ERR_INVALID);
	assert_memory_equal(&r, &before, sizeof r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clamd_gets_the_content_in_pieces),
		cmocka_unit_test(nothing_is_a_content_too),
		cmocka_unit_test(clamd_answers_are_understood),
		cmocka_unit_test(an_end_without_an_answer_is_no_answer),
		cmocka_unit_test(an_answer_without_end_is_no_answer),
		cmocka_unit_test(versions_tell_the_age_of_signatures),
		cmocka_unit_test(a_version_is_asked_for),
		cmocka_unit_test(icap_shows_a_preview_and_goes_on_when_asked),
		cmocka_unit_test(icap_tells_that_the_preview_is_all),
		cmocka_unit_test(icap_answers_are_understood),
		cmocka_unit_test(icap_shows_it_as_an_upload_where_that_is_wanted),
		cmocka_unit_test(icap_is_looked_for),
		cmocka_unit_test(questions_and_findings_travel),
		cmocka_unit_test(the_defaults_let_no_malware_in_or_out),
		cmocka_unit_test(rows_change_one_action),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
