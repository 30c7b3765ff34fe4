/* What partners of judging say, and what is done with a letter for it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypt/crypt.h"
#include "filter/partner.h"
#include "store/envelope.h"

struct rig {
	struct arena arena;
	struct facts facts;
	struct envelope e;
	struct filter_partner_settings settings;
	struct filter_partners said;
	struct filter_judgement judgement;
	struct buf records;
};

static void begin(struct rig *r)
{
	*r = (struct rig){.e = {.source = ENVELOPE_SMTP}, .settings = {.wanted = true}, .records = BUF_INIT(100000)};
	facts_init(&r->facts, &r->arena, 0);
}

static void end(struct rig *r)
{
	buf_free(&r->records);
	facts_free(&r->facts);
	arena_free(&r->arena);
}

static void says(struct rig *r, const char *partner, enum partner_action action, const char *fields)
{
	struct buf record = BUF_INIT(20000);
	partner_record_encode(&(struct partner_record){.partner = slice_str(partner), .action = action, .ms = 7, .reason = SLICE("why"), .fields = slice_str(fields)}, &record);
	buf_put_bytes(&r->records, buf_slice(&record));
	buf_free(&record);
}

static bool judged(struct rig *r)
{
	facts_answer(&r->facts, SLICE("partners"), FACT_SCAN, &(struct dns_answer){.status = DNS_FOUND, .records = buf_slice(&r->records)});
	facts_rerun(&r->facts);
	bool known = filter_partners(&r->e, &r->settings, &r->facts, &r->arena, &r->said);
	filter_partners_apply(&r->said, &r->settings, &r->arena, &r->judgement);
	return known;
}

static bool header_has(const struct rig *r, const char *text)
{
	return slice_search(r->judgement.header, slice_str(text)) >= 0;
}

static void letters_from_outside_wait_for_what_partners_say(void **state)
{
	struct rig r;
	begin(&r);
	assert_false(filter_partners(&r.e, &r.settings, &r.facts, &r.arena, &r.said));
	r.e.source = ENVELOPE_SUBMISSION;
	assert_true(filter_partners(&r.e, &r.settings, &r.facts, &r.arena, &r.said));
	r.e.source = ENVELOPE_SMTP;
	r.settings.wanted = false;
	assert_true(filter_partners(&r.e, &r.settings, &r.facts, &r.arena, &r.said));
	assert_int_equal(r.said.count, 0);
	end(&r);
}

static void the_strongest_word_is_done(void **state)
{
	static const struct { enum partner_action action; uint16_t code; const char *mailbox; bool held; } cases[] = {
		{PARTNER_PASS, 0, "", false}, {PARTNER_JUNK, 0, "Junk", false}, {PARTNER_HOLD, 0, "", true}, {PARTNER_TEMPFAIL, 451, "", false},
		{PARTNER_REJECT, 550, "", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig r;
		begin(&r);
		says(&r, "milter", PARTNER_PASS, "");
		says(&r, "rspamd", cases[i].action, "");
		assert_true(judged(&r));
		assert_int_equal(r.judgement.code, cases[i].code);
		assert_true(slice_eq(r.judgement.mailbox, slice_str(cases[i].mailbox)));
		assert_int_equal(r.judgement.held.n > 0, cases[i].held);
		assert_true(header_has(&r, "milter=pass; ms=7; reason=\"why\""));
		end(&r);
	}
}

static void nobody_makes_a_letter_better(void **state)
{
	struct rig r;
	begin(&r);
	r.judgement.code = 550;
	r.judgement.text = SLICE("ours");
	says(&r, "rspamd", PARTNER_TEMPFAIL, "");
	assert_true(judged(&r));
	assert_true(r.judgement.code == 550 && slice_eq(r.judgement.text, SLICE("ours")));
	end(&r);
}

static void who_is_away_is_done_without_or_waited_for(void **state)
{
	for (int wait = 0; wait <= 1; wait++) {
		struct rig r;
		begin(&r);
		r.settings.fail_temporary = wait != 0;
		says(&r, "rspamd", PARTNER_AWAY, "");
		says(&r, "milter", PARTNER_JUNK, "");
		assert_true(judged(&r));
		assert_int_equal(r.judgement.code, wait ? 451 : 0);
		end(&r);
		begin(&r); /* nobody was asked at all */
		r.settings.fail_temporary = wait != 0;
		assert_true(judged(&r));
		assert_int_equal(r.judgement.code, wait ? 451 : 0);
		end(&r);
	}
}

static void fields_come_under_names_that_are_not_ours(void **state)
{
	struct rig r;
	begin(&r);
	says(&r, "milter", PARTNER_PASS, "X-Spam: no\r\nReceived: forged\r\nx-letterlock-verdict: v1\r\n");
	assert_true(judged(&r));
	assert_true(header_has(&r, "\nX-Spam: no\r\n") && header_has(&r, "\nX-Partner-Received: forged\r\n"));
	assert_false(header_has(&r, "verdict"));
	end(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_from_outside_wait_for_what_partners_say), cmocka_unit_test(the_strongest_word_is_done),
		cmocka_unit_test(nobody_makes_a_letter_better), cmocka_unit_test(who_is_away_is_done_without_or_waited_for),
		cmocka_unit_test(fields_come_under_names_that_are_not_ours),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
