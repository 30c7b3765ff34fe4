/* What is found in a letter, and what is done with it: scanners that say anything or nothing, and our own look. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "filter/guard.h"
#include "filter/judge.h"
#include "mime/structure.h"
#include "mime/text.h"
#include "scan/verdict.h"

/* In halves, so that no scanner finds this file. */
#define EICAR "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
#define TEXT "From: a@b.example\r\nSubject: s\r\n\r\nHello.\r\n"

struct rig {
	struct arena arena;
	struct facts facts;
	struct envelope e;
	struct filter_guard_settings settings;
	struct filter_guard guard;
};

static struct rig rig_new(enum envelope_source source)
{
	struct rig r = {.e = {.source = source}, .settings = {.letters = true, .rules = scan_rules_default()}};
	return r;
}

static void rig_start(struct rig *r)
{
	facts_init(&r->facts, &r->arena, 0);
}

static void rig_free(struct rig *r)
{
	facts_free(&r->facts);
	arena_free(&r->arena);
}

static struct slice letter_with(struct rig *r, const char *name, struct slice content)
{
	struct buf out = BUF_INIT(1 << 20);
	buf_printf(&out, "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
		"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n", name);
	base64_encode_lines(content, &out);
	buf_append_str(&out, "\r\n--b--\r\n");
	struct slice s = arena_dup(&r->arena, buf_slice(&out));
	buf_free(&out);
	return s;
}

static void says(struct rig *r, enum scan_result result, const char *name)
{
	struct buf record = BUF_INIT(300), records = BUF_INIT(300);
	scan_finding_encode(&(struct scan_finding){result, SLICE("clamd"), slice_str(name)}, &record);
	buf_put_bytes(&records, buf_slice(&record));
	facts_answer(&r->facts, SLICE("letter"), FACT_SCAN, &(struct dns_answer){.status = DNS_FOUND, .records = buf_slice(&records)});
	buf_free(&record);
	buf_free(&records);
}

static bool guard(struct rig *r, struct slice letter)
{
	return filter_guard(&r->e, letter, &r->settings, &r->facts, &r->arena, &r->guard);
}

static void assert_found(const struct rig *r, enum scan_class class, enum scan_action action)
{
	assert_true(r->guard.found);
	assert_int_equal(r->guard.worst.class, class);
	assert_int_equal(r->guard.action, action);
}

static void a_letter_waits_for_the_scanner(void **state)
{
	struct rig r = rig_new(ENVELOPE_SMTP);
	rig_start(&r);
	assert_false(guard(&r, SLICE(TEXT)));
	assert_int_equal(facts_wanted(&r.facts), 1);
	says(&r, SCAN_CLEAN, "");
	facts_rerun(&r.facts);
	assert_true(guard(&r, SLICE(TEXT)));
	assert_false(r.guard.found);
	assert_int_equal(r.guard.header.n, 0);
	rig_free(&r);
}

static void text_of_our_people_is_shown_to_nobody(void **state)
{
	struct rig r = rig_new(ENVELOPE_SUBMISSION);
	rig_start(&r);
	assert_true(guard(&r, SLICE(TEXT)));
	assert_false(r.guard.found);
	assert_false(guard(&r, letter_with(&r, "a.txt", SLICE("words"))));
	rig_free(&r);
}

static void what_a_scanner_finds_is_refused(void **state)
{
	struct rig r = rig_new(ENVELOPE_SMTP);
	struct filter_judgement j = {0};
	rig_start(&r);
	says(&r, SCAN_INFECTED, "Bad.Thing");
	assert_true(guard(&r, SLICE(TEXT)));
	assert_found(&r, SCAN_CLASS_VIRUS, SCAN_ACTION_REJECT);
	filter_guard_apply(&r.guard, &r.arena, &j);
	assert_int_equal(j.code, 550);
	assert_true(slice_search(j.text, SLICE("Bad")) < 0);
	rig_free(&r);
}

static void only_attachments_are_held_while_nobody_looks(void **state)
{
	static const enum scan_result results[] = {SCAN_AWAY, SCAN_STALE};
	for (size_t i = 0; i < 2; i++) {
		struct rig r = rig_new(ENVELOPE_SMTP);
		struct filter_judgement j = {0};
		rig_start(&r);
		says(&r, results[i], "");
		assert_true(guard(&r, SLICE(TEXT)));
		assert_false(r.guard.found);
		assert_true(guard(&r, letter_with(&r, "a.txt", SLICE("words"))));
		assert_found(&r, SCAN_CLASS_UNSCANNED, SCAN_ACTION_HOLD);
		filter_guard_apply(&r.guard, &r.arena, &j);
		assert_int_equal(j.code, 0);
		assert_true(slice_starts(j.held, SLICE("unscanned clamd ")));
		rig_free(&r);
	}
}

static void no_answer_is_no_look(void **state)
{
	struct rig r = rig_new(ENVELOPE_SMTP);
	rig_start(&r);
	facts_answer(&r.facts, SLICE("letter"), FACT_SCAN, &(struct dns_answer){.status = DNS_FAILED});
	assert_true(guard(&r, letter_with(&r, "a.txt", SLICE("words"))));
	assert_found(&r, SCAN_CLASS_UNSCANNED, SCAN_ACTION_HOLD);
	rig_free(&r);
}

static void attachments_are_shown_one_by_one(void **state)
{
	struct rig r = rig_new(ENVELOPE_SMTP);
	struct scan_target target;
	r.settings = (struct filter_guard_settings){.parts = true, .rules = scan_rules_default()};
	rig_start(&r);
	struct slice letter = letter_with(&r, "a.txt", SLICE("words"));
	assert_true(guard(&r, SLICE(TEXT)));
	assert_false(guard(&r, letter));
	assert_int_equal(facts_wanted(&r.facts), 1);
	assert_true(scan_target_parse(r.facts.wanted[0].name, &target));
	assert_true(target.part && target.encoding == SCAN_BASE64);
	assert_true(slice_starts(slice_from(letter, (size_t)target.offset), SLICE("d29yZHM=")));
	facts_give_up(&r.facts);
	assert_true(guard(&r, letter));
	assert_found(&r, SCAN_CLASS_UNSCANNED, SCAN_ACTION_HOLD);
	rig_free(&r);
}

static void we_know_the_test_file_and_what_is_listed(void **state)
{
	struct rig r = rig_new(ENVELOPE_SMTP);
	uint8_t digest[32];
	char hex[65];
	struct buf text = BUF_INIT(64);
	hash_sha256(SLICE("bad words"), digest);
	hex_encode(slice_make(digest, 32), &text);
	for (size_t i = 0; i < 64; i++)
		hex[i] = (char)ascii_upper(buf_slice(&text).p[i]);
	struct slice list = slice_make(hex, 64);
	r.settings.letters = false;
	r.settings.hashes = (struct filter_list){&list, 1};
	rig_start(&r);
	assert_true(guard(&r, letter_with(&r, "a.txt", SLICE(EICAR "\r\n"))));
	assert_found(&r, SCAN_CLASS_VIRUS, SCAN_ACTION_REJECT);
	assert_true(guard(&r, letter_with(&r, "a.txt", SLICE("bad words"))));
	assert_found(&r, SCAN_CLASS_VIRUS, SCAN_ACTION_REJECT);
	assert_true(guard(&r, letter_with(&r, "a.txt", SLICE("bad words!"))));
	assert_false(r.guard.found);
	assert_true(guard(&r, letter_with(&r, "a.txt", SLICE("about " EICAR))));
	assert_false(r.guard.found);
	buf_free(&text);
	rig_free(&r);
}

static void what_runs_or_deceives_is_held(void **state)
{
	struct rig r = rig_new(ENVELOPE_SMTP);
	r.settings.letters = false;
	rig_start(&r);
	assert_true(guard(&r, letter_with(&r, "invoice.pdf.exe", SLICE("MZ no program at all"))));
	assert_int_equal(r.guard.action, SCAN_ACTION_HOLD);
	assert_true(guard(&r, letter_with(&r, "run.bat", SLICE("@echo off\r\nstart x.exe\r\n"))));
	assert_found(&r, SCAN_CLASS_EXECUTABLE, SCAN_ACTION_HOLD);
	rig_free(&r);
}

static void rules_decide(void **state)
{
	struct rig r = rig_new(ENVELOPE_SMTP);
	struct error err = {0};
	struct filter_judgement j = {0};
	assert_int_equal(scan_rules_set(&r.settings.rules, SLICE("virus in tag"), &err), 0);
	rig_start(&r);
	says(&r, SCAN_INFECTED, "Bad.Thing");
	assert_true(guard(&r, SLICE(TEXT)));
	filter_guard_apply(&r.guard, &r.arena, &j);
	assert_int_equal(j.code, 0);
	assert_int_equal(j.held.n, 0);
	assert_true(slice_eq(j.header, SLICE("X-Letterlock-Malware: v1; finding=virus; action=tag; by=clamd; name=\"Bad.Thing\"\r\n")));
	assert_int_equal(scan_rules_set(&r.settings.rules, SLICE("virus in junk"), &err), 0);
	assert_true(guard(&r, SLICE(TEXT)));
	filter_guard_apply(&r.guard, &r.arena, &j);
	assert_true(slice_eq(j.mailbox, SLICE("Junk")));
	rig_free(&r);
}

static void a_part_is_taken_out_and_nothing_else(void **state)
{
	struct rig r = rig_new(ENVELOPE_SMTP);
	struct error err = {0};
	struct buf out;
	r.settings.letters = false;
	assert_int_equal(scan_rules_set(&r.settings.rules, SLICE("executable in strip"), &err), 0);
	rig_start(&r);
	struct slice letter = letter_with(&r, "run.bat", SLICE("@echo off\r\nstart x.exe\r\n"));
	assert_true(guard(&r, letter));
	assert_found(&r, SCAN_CLASS_EXECUTABLE, SCAN_ACTION_STRIP);
	assert_int_equal(r.guard.strip_count, 1);
	filter_guard_strip(&r.guard, letter, &r.arena, &out);
	assert_true(slice_starts(buf_slice(&out), slice_sub(letter, 0, 90)));
	assert_true(slice_ends(buf_slice(&out), SLICE("\r\n--b--\r\n")));
	assert_true(slice_search(buf_slice(&out), SLICE("base64\r\n\r\nQGVjaG8")) < 0);
	assert_true(slice_search(buf_slice(&out), SLICE("--b\r\n\r\ntext\r\n--b\r\nContent-Type: text/plain")) > 0);
	buf_free(&out);
	assert_true(guard(&r, SLICE("From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=run.bat\r\n\r\n@echo off\r\nstart x.exe\r\n")));
	assert_int_equal(r.guard.action, SCAN_ACTION_HOLD);
	rig_free(&r);
}

/* What the role extract made of the part, or that it made nothing. */
static void converts(struct rig *r, const struct mime_part *part, const char *media, struct slice document)
{
	struct buf name = BUF_INIT(SCAN_QUESTION_MAX), records = BUF_INIT(1000);
	struct scan_target target = {.part = true, .offset = part->body_start, .length = part->body_end - part->body_start, .encoding = SCAN_BASE64};
	scan_target_write(&target, &name);
	buf_put_bytes(&records, slice_str(media));
	buf_put_bytes(&records, document);
	facts_answer(&r->facts, buf_slice(&name), FACT_CONVERTED,
		&(struct dns_answer){.status = document.n > 0 ? DNS_FOUND : DNS_NODATA, .records = document.n > 0 ? buf_slice(&records) : SLICE_NONE});
	facts_rerun(&r->facts);
	buf_free(&name);
	buf_free(&records);
}

/* A letter whose file is to become pictures; what it is made into is asked for. */
static struct slice converting(struct rig *r)
{
	struct slice letter;
	*r = rig_new(ENVELOPE_SMTP);
	r->settings.letters = false;
	assert_int_equal(scan_rules_set(&r->settings.rules, SLICE("executable in convert"), NULL), 0);
	rig_start(r);
	letter = letter_with(r, "run \xe6\x96\x87.bat", SLICE("@echo off\r\nstart x.exe\r\n"));
	assert_false(guard(r, letter));
	assert_int_equal(facts_wanted(&r->facts), 1);
	return letter;
}

static void pictures_take_the_place_of_a_part(void **state)
{
	struct rig r;
	struct slice letter = converting(&r);
	struct buf out;
	converts(&r, r.guard.strips[0].part, "application/pdf", SLICE("%PDF-made"));
	assert_true(guard(&r, letter));
	assert_found(&r, SCAN_CLASS_EXECUTABLE, SCAN_ACTION_CONVERT);
	filter_guard_strip(&r.guard, letter, &r.arena, &out);
	assert_true(slice_search(buf_slice(&out), SLICE("QGVjaG8")) < 0);
	assert_true(slice_search(buf_slice(&out), SLICE("--b\r\nContent-Type: multipart/mixed; boundary=\"=_letterlock_")) > 0);
	assert_true(slice_search(buf_slice(&out), SLICE("Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
		"Content-Disposition: attachment; filename*=UTF-8''run%20%E6%96%87.bat.pdf\r\n\r\nJVBERi1tYWRl\r\n")) > 0);
	assert_true(slice_ends(buf_slice(&out), SLICE("--\r\n\r\n--b--\r\n")));
	buf_free(&out);
	rig_free(&r);
}

static void what_cannot_become_pictures_is_taken_out(void **state)
{
	struct rig r;
	struct slice letter = converting(&r);
	struct buf out;
	converts(&r, r.guard.strips[0].part, "", SLICE_NONE);
	assert_true(guard(&r, letter));
	assert_found(&r, SCAN_CLASS_EXECUTABLE, SCAN_ACTION_STRIP);
	filter_guard_strip(&r.guard, letter, &r.arena, &out);
	assert_true(slice_search(buf_slice(&out), SLICE("QGVjaG8")) < 0 && slice_search(buf_slice(&out), SLICE("application/")) < 0);
	buf_free(&out);
	/* Nobody answered in time: the same. */
	rig_free(&r);
	letter = converting(&r);
	facts_give_up(&r.facts);
	assert_true(guard(&r, letter));
	assert_found(&r, SCAN_CLASS_EXECUTABLE, SCAN_ACTION_STRIP);
	rig_free(&r);
}

static void what_is_refused_for_another_reason_stays_so(void **state)
{
	struct rig r = rig_new(ENVELOPE_SMTP);
	struct filter_judgement refused = {.code = 550, .text = SLICE("no")}, later = {.code = 451, .text = SLICE("later")};
	rig_start(&r);
	says(&r, SCAN_INFECTED, "x");
	assert_true(guard(&r, SLICE(TEXT)));
	filter_guard_apply(&r.guard, &r.arena, &refused);
	assert_true(slice_eq(refused.text, SLICE("no")));
	filter_guard_apply(&r.guard, &r.arena, &later);
	assert_int_equal(later.code, 550);
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_waits_for_the_scanner),
		cmocka_unit_test(text_of_our_people_is_shown_to_nobody),
		cmocka_unit_test(what_a_scanner_finds_is_refused),
		cmocka_unit_test(only_attachments_are_held_while_nobody_looks),
		cmocka_unit_test(no_answer_is_no_look),
		cmocka_unit_test(attachments_are_shown_one_by_one),
		cmocka_unit_test(we_know_the_test_file_and_what_is_listed),
		cmocka_unit_test(what_runs_or_deceives_is_held),
		cmocka_unit_test(rules_decide),
		cmocka_unit_test(pictures_take_the_place_of_a_part), cmocka_unit_test(what_cannot_become_pictures_is_taken_out),
		cmocka_unit_test(a_part_is_taken_out_and_nothing_else),
		cmocka_unit_test(what_is_refused_for_another_reason_stays_so),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	mime_warm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
