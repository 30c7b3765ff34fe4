#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "audit/own.h"
#include "audit/query.h"

static const struct audit_origin origin = {"client", 0, 1};
static const uint8_t salt[AUDIT_SALT_SIZE];

struct rig {
	struct arena arena;
	struct audit_own own;
	struct audit_record record;
};

#define TAKES(rig, event, ...) takes((rig), (event), (const struct log_field[]){__VA_ARGS__, LOG_END})

static bool takes(struct rig *g, enum log_event event, const struct log_field *fields)
{
	struct buf wire = BUF_INIT(AUDIT_WIRE_MAX), text = BUF_INIT(AUDIT_TEXT_MAX);
	struct audit_event e;
	audit_event_encode(1, 1763772736123, event, fields, &wire);
	struct slice in = buf_slice(&wire);
	assert_int_equal(audit_event_decode(&in, &e), 0);
	audit_record_print(1, &origin, salt, &e, &text);
	assert_int_equal(audit_record_parse(arena_dup(&g->arena, buf_slice(&text)), &g->arena, &g->record), 0);
	buf_free(&wire);
	buf_free(&text);
	return audit_own_takes(&g->own, &g->record);
}

static bool shows(const struct rig *g, const char *field)
{
	for (size_t i = 0; i < g->record.count; i++)
		if (slice_eq(g->record.fields[i].name, slice_str(field)))
			return true;
	return false;
}

static struct slice text_of(const struct rig *g, const char *field)
{
	return audit_record_text(&g->record, field);
}

static int setup(void **state)
{
	static struct rig g;
	g = (struct rig){.arena = ARENA_INIT};
	audit_own_init(&g.own, SLICE("ann@example.org"), SLICE_NONE);
	*state = &g;
	return 0;
}

static int teardown(void **state)
{
	struct rig *g = *state;
	audit_own_free(&g->own);
	arena_free(&g->arena);
	return 0;
}

static void a_sender_sees_what_a_report_would_say(void **state)
{
	struct rig *g = *state;
	assert_true(TAKES(g, EV_SMTP_ACCEPTED, LOG_STR("mid", "A1"), LOG_STR("user", "Ann@example.org"), LOG_STR("from", "info@example.org"),
		LOG_STR("to", "m1@example.org m2@example.org out@side.test"), LOG_STR("ip", "192.0.2.1"), LOG_NUM("targets", 3)));
	assert_true(shows(g, "targets") && shows(g, "from") && !shows(g, "to") && !shows(g, "ip"));
	assert_false(TAKES(g, EV_SMTP_ACCEPTED_MORE, LOG_STR("mid", "A1"), LOG_STR("to", "m3@example.org")));
	assert_false(TAKES(g, EV_MAIL_FILED, LOG_STR("mid", "A1"), LOG_STR("user", "m1@example.org")));
	assert_false(TAKES(g, EV_POLICY_ACTED, LOG_STR("mid", "A1"), LOG_STR("rule", "watch"), LOG_STR("user", "m1@example.org")));
	assert_true(TAKES(g, EV_QUEUE_BOUNCED, LOG_STR("id", "A1"), LOG_STR("to", "out@side.test"), LOG_STR("reply", "550 no"), LOG_NUM("code", 550)));
	assert_true(slice_eq(text_of(g, "to"), SLICE("out@side.test")) && slice_eq(text_of(g, "reply"), SLICE("550 no")));
	assert_false(TAKES(g, EV_QUEUE_DELIVERED, LOG_STR("id", "B1"), LOG_STR("to", "out@side.test")));
}

static void a_recipient_sees_no_other_recipient(void **state)
{
	struct rig *g = *state;
	assert_true(TAKES(g, EV_SMTP_ACCEPTED, LOG_STR("mid", "C1"), LOG_STR("user", "bob@example.org"), LOG_STR("from", "bob@example.org"),
		LOG_STR("to", "eve@example.org ann@example.org"), LOG_STR("ip", "192.0.2.1"), LOG_NUM("targets", 2)));
	assert_true(slice_eq(text_of(g, "to"), SLICE("ann@example.org")) && !shows(g, "targets") && !shows(g, "ip") && !shows(g, "user"));
	assert_false(TAKES(g, EV_QUEUE_BOUNCED, LOG_STR("id", "C1"), LOG_STR("to", "out@side.test")));
	assert_false(TAKES(g, EV_MAIL_FILED, LOG_STR("mid", "C1"), LOG_STR("user", "eve@example.org")));
	assert_true(TAKES(g, EV_MAIL_FILED, LOG_STR("mid", "C1"), LOG_STR("user", "ann@example.org")));
	assert_false(TAKES(g, EV_SMTP_ACCEPTED, LOG_STR("mid", "D1"), LOG_STR("from", "x@y"), LOG_STR("to", "eve@example.org")));
	assert_true(TAKES(g, EV_SMTP_ACCEPTED_MORE, LOG_STR("mid", "D1"), LOG_STR("to", "carl@example.org ann@example.org")));
	assert_true(slice_eq(text_of(g, "to"), SLICE("ann@example.org")));
}

/* Whoever writes my address into an envelope does not make it my letter. */
static void a_forged_sender_shows_nothing(void **state)
{
	struct rig *g = *state;
	assert_false(TAKES(g, EV_SMTP_ACCEPTED, LOG_STR("mid", "E1"), LOG_STR("from", "ann@example.org"), LOG_STR("to", "bob@example.org")));
	assert_false(TAKES(g, EV_QUEUE_DELIVERED, LOG_STR("id", "E1"), LOG_STR("to", "ann@example.org")));
	assert_false(TAKES(g, EV_ACCESS_SENT, LOG_STR("mid", "E2"), LOG_STR("owner", "ann@example.org")));
}

static void one_letter_is_asked_for_by_its_id(void **state)
{
	struct rig *g = *state;
	g->own.id = SLICE("F2");
	assert_false(TAKES(g, EV_SMTP_ACCEPTED, LOG_STR("mid", "F1"), LOG_STR("user", "ann@example.org"), LOG_NUM("targets", 1)));
	assert_true(TAKES(g, EV_SMTP_ACCEPTED, LOG_STR("mid", "F2"), LOG_STR("user", "ann@example.org"), LOG_NUM("targets", 1)));
	assert_false(TAKES(g, EV_QUEUE_DELIVERED, LOG_STR("id", "F1"), LOG_STR("to", "out@side.test")));
	assert_true(TAKES(g, EV_QUEUE_DELIVERED, LOG_STR("id", "F2"), LOG_STR("to", "out@side.test")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_sender_sees_what_a_report_would_say, setup, teardown),
		cmocka_unit_test_setup_teardown(a_recipient_sees_no_other_recipient, setup, teardown),
		cmocka_unit_test_setup_teardown(a_forged_sender_shows_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(one_letter_is_asked_for_by_its_id, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("audit own", tests, NULL, NULL);
}
