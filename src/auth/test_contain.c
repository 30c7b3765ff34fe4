/* Containment: each level takes what it says and nothing else; one command gives it back. */
#include "auth/test_host.h"

#include <string.h>

#include "auth/contain.h"
#include "base/error.h"

static int setup(void **state)
{
	*state = test_auth_create(false);
	return 0;
}

static int teardown(void **state)
{
	struct test_auth *t = *state;
	test_auth_free(&t);
	return 0;
}

static enum auth_restriction level_of(struct test_auth *t, const char *local)
{
	struct arena arena = ARENA_INIT;
	enum auth_restriction level = test_account(t, &arena, local).restriction;
	arena_free(&arena);
	return level;
}

static void isolate(struct test_auth *t, const char *level, unsigned status)
{
	assert_int_equal(test_admin(t, "user.isolate", test_args("{\"address\":\"ann@example.org\",\"level\":\"%s\",\"reason\":\"test\"}", level)), status);
}

static void sending(struct test_auth *t, const char *rest, unsigned status)
{
	assert_int_equal(test_admin(t, "user.sending", test_args("{\"address\":\"ann@example.org\",%s}", rest)), status);
}

static void test_each_level_leaves_less(void **state)
{
	auth_rights before = ~UINT64_C(0);
	for (unsigned i = AUTH_FREE; i <= AUTH_NO_SESSION; i++) {
		auth_rights left = auth_restricted((enum auth_restriction)i, ~UINT64_C(0));
		assert_true((left & ~before) == 0);
		assert_true((left & AUTH_BIT(AUTH_MAIL_RECEIVE)) != 0);
		before = left;
	}
	assert_true((auth_restricted(AUTH_NO_SENDING, ~UINT64_C(0)) & AUTH_BIT(AUTH_MAIL_SEND)) == 0);
	assert_true((auth_restricted(AUTH_NO_SENDING, ~UINT64_C(0)) & AUTH_BIT(AUTH_MAIL_DELETE)) != 0);
	assert_true((auth_restricted(AUTH_READ_ONLY, ~UINT64_C(0)) & (AUTH_BIT(AUTH_MAIL_DELETE) | AUTH_BIT(AUTH_SELF_CHANGE))) == 0);
	assert_true((auth_restricted(AUTH_READ_ONLY, ~UINT64_C(0)) & AUTH_BIT(AUTH_MAIL_VIEW)) != 0);
	assert_int_equal(auth_restricted((enum auth_restriction)77, ~UINT64_C(0)), AUTH_BIT(AUTH_MAIL_RECEIVE));
}

static void test_who_may_not_send_still_reads(void **state)
{
	struct test_auth *t = *state;
	sending(t, "\"state\":\"stop\"", ADMIN_OK);
	assert_int_equal(level_of(t, "ann"), AUTH_NO_SENDING);
	assert_int_equal(level_of(t, "bob"), AUTH_FREE);
	/* At once, and again for letters that were under way. */
	assert_int_equal(t->contained[CONTAIN_HOLD], 2);
	assert_int_equal(t->recorded[EV_SENDING_SUSPENDED], 1);
	assert_int_equal(t->revokes, 0);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	/* It learns why when it sends. */
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_SUBMISSION), AUTH_OK);
	assert_int_equal(test_admin(t, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_string_equal(test_member(t, "restriction"), "no-sending");
}

static void test_one_command_gives_it_back(void **state)
{
	struct test_auth *t = *state;
	sending(t, "\"state\":\"stop\"", ADMIN_OK);
	sending(t, "\"state\":\"allow\",\"held\":\"keep\"", ADMIN_INVALID);
	sending(t, "\"state\":\"stop\",\"held\":\"drop\"", ADMIN_INVALID);
	sending(t, "\"state\":\"maybe\"", ADMIN_INVALID);
	sending(t, "\"state\":\"allow\",\"held\":\"release\"", ADMIN_OK);
	assert_int_equal(test_number(t, "held"), 3);
	assert_int_equal(t->contained[CONTAIN_RELEASE], 1);
	assert_int_equal(level_of(t, "ann"), AUTH_FREE);
	assert_int_equal(t->recorded[EV_SENDING_RESTORED], 1);
	assert_int_equal(test_admin(t, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_string_equal(test_member(t, "restriction"), "none");
}

static void test_the_right_comes_back_although_the_queue_is_away(void **state)
{
	struct test_auth *t = *state;
	sending(t, "\"state\":\"stop\"", ADMIN_OK);
	t->queue_away = true;
	sending(t, "\"state\":\"allow\",\"held\":\"drop\"", ADMIN_PARTIAL);
	assert_int_equal(level_of(t, "ann"), AUTH_FREE);
	assert_int_equal(t->recorded[EV_SENDING_HELD], 0);
}

static void test_isolation_ends_sessions_where_it_must(void **state)
{
	struct test_auth *t = *state;
	isolate(t, "nothing", ADMIN_INVALID);
	isolate(t, "no-external", ADMIN_OK);
	assert_int_equal(t->revokes, 0);
	isolate(t, "read-only", ADMIN_OK);
	assert_int_equal(t->revokes, 1);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_true((t->last_rights & AUTH_BIT(AUTH_MAIL_DELETE)) == 0);
	assert_true((t->last_rights & AUTH_BIT(AUTH_MAIL_VIEW)) != 0);
	isolate(t, "no-session", ADMIN_OK);
	assert_int_equal(t->revokes, 2);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_SUBMISSION), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "bob@example.org", "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	sending(t, "\"state\":\"allow\"", ADMIN_FAILED);
	isolate(t, "none", ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_the_meter_takes_the_right_to_send_and_no_more(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct account ann = test_account(t, &arena, "ann");
	struct error err = {0};
	assert_int_equal(contain_automatic(t->directory, &t->host, &ann, SLICE("messages"), &err), 0);
	assert_int_equal(level_of(t, "ann"), AUTH_NO_SENDING);
	assert_int_equal(contain_automatic(t->directory, &t->host, &ann, SLICE("messages"), &err), 0);
	assert_int_equal(t->recorded[EV_SENDING_SUSPENDED], 1);
	isolate(t, "no-session", ADMIN_OK);
	assert_int_equal(contain_automatic(t->directory, &t->host, &ann, SLICE("messages"), &err), 0);
	assert_int_equal(level_of(t, "ann"), AUTH_NO_SESSION);
	arena_free(&arena);
}

static void test_the_permission_function_reads_it(void **state)
{
	struct auth_grant grants[AUTH_PRIMARY_GRANTS];
	struct auth_subject s = {.kind = AUTH_PERSON, .account = {1}, .role = AUTH_ROLE_USER, .allowed = ~UINT64_C(0), .proven = AUTH_PROVEN_PASSWORD, .grants = grants};
	struct auth_object own = {.account = {1}};
	s.grant_count = auth_primary_grants(s.role, SLICE_NONE, grants);
	assert_true(auth_permit(&s, AUTH_MAIL_SEND, &own, 1));
	s.restriction = AUTH_NO_SENDING;
	assert_false(auth_permit(&s, AUTH_MAIL_SEND, &own, 1));
	assert_true(auth_permit(&s, AUTH_SELF_CHANGE, &own, 1));
	s.restriction = AUTH_READ_ONLY;
	assert_false(auth_permit(&s, AUTH_SELF_CHANGE, &own, 1));
	assert_true(auth_permit(&s, AUTH_MAIL_VIEW, &own, 1));
	s.restriction = AUTH_NO_SESSION;
	assert_false(auth_permit(&s, AUTH_MAIL_VIEW, &own, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_level_leaves_less),
		TEST(test_who_may_not_send_still_reads),
		TEST(test_one_command_gives_it_back),
		TEST(test_the_right_comes_back_although_the_queue_is_away),
		TEST(test_isolation_ends_sessions_where_it_must),
		TEST(test_the_meter_takes_the_right_to_send_and_no_more),
		TEST(test_the_permission_function_reads_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
