/* Sessions, roles and the second person, through the operations. */
#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include "auth/access.h"
#include "auth/directory_role.h"
#include "auth/session.h"
#include "ipc/admin.h"

#define DAY_MS INT64_C(86400000)

static int setup(void **state)
{
	*state = test_auth_create(false);
	return 0;
}

static int teardown(void **state)
{
	test_auth_free((struct test_auth **)state);
	return 0;
}

static void test_a_session_is_somebody(void **state)
{
	struct test_auth *t = *state;
	const char *token = test_sign_in(t, "ann");
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"bob@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"nobody@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, token, "session.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "session.list", "{\"address\":\"bob@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, token, "session.end", "{}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "sign_in");
}

static void test_wrong_passwords_and_unknown_names_look_the_same(void **state)
{
	struct test_auth *t = *state;
	char first[400];
	unsigned hashes = t->hashes;
	int64_t began = t->now.mono_ms;
	assert_int_equal(test_admin_as(t, "x", "session.start", "{\"address\":\"ann@example.org\",\"password\":\"wrong\"}"), ADMIN_DENIED);
	snprintf(first, sizeof first, "%.*s", SLICE_ARG(buf_slice(&t->result)));
	int64_t took = t->now.mono_ms - began;
	unsigned cost = t->hashes - hashes;
	assert_true(took >= 2000);
	assert_int_equal(cost, 1);
	began = t->now.mono_ms;
	assert_int_equal(test_admin_as(t, "x", "session.start", "{\"address\":\"nobody@example.org\",\"password\":\"wrong\"}"), ADMIN_DENIED);
	assert_true(slice_eq(buf_slice(&t->result), slice_str(first)));
	assert_int_equal(t->now.mono_ms - began, took);
	assert_int_equal(t->hashes - hashes, 2 * cost);
	/* So does a change of password, and of somebody who is disabled. */
	assert_int_equal(test_admin_as(t, "x", "user.passwd", "{\"address\":\"no@example.org\",\"old\":\"wrong\",\"new\":\"long enough\"}"), ADMIN_DENIED);
	assert_true(slice_eq(buf_slice(&t->result), slice_str(first)));
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"bob@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, "x", "session.start", "{\"address\":\"bob@example.org\",\"password\":\"bob password\"}"), ADMIN_DENIED);
	assert_true(slice_eq(buf_slice(&t->result), slice_str(first)));
}

static void test_tries_are_limited(void **state)
{
	struct test_auth *t = *state;
	char wrong[] = "{\"address\":\"ann@example.org\",\"password\":\"wrong..\"}";
	int refused = 0;
	throttle_limit(auth_login_throttle(t->login), 10, 80);
	for (int i = 0; i < 20 && refused == 0; i++) {
		assert_int_equal(test_admin_as(t, "x", "session.start", wrong), ADMIN_DENIED);
		refused += strcmp(test_member(t, "code"), "throttled") == 0;
	}
	assert_int_equal(refused, 1);
}

static void test_sessions_end_by_time(void **state)
{
	struct test_auth *t = *state;
	const char *token = test_sign_in(t, "ann");
	t->now.wall_ms += 3599000;
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	t->now.wall_ms += 3601000;
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
	token = test_sign_in(t, "ann");
	for (int i = 0; i < 23; i++) {
		t->now.wall_ms += 1800000;
		assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	}
	t->now.wall_ms += 1900000;
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
}

static void test_the_directory_keeps_no_token(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct session session;
	struct secrets secrets = SECRETS_NONE;
	const char *token = test_sign_in(t, "ann"), *other = test_sign_in(t, "bob");
	assert_int_equal(session_find(t->directory, slice_str(token), moment_unix(t->now), &arena, &session), 0);
	assert_int_equal(session_open(&session, slice_str(token), &secrets, NULL), 0);
	assert_int_equal(secrets.count, 1);
	secrets_free(&secrets);
	assert_int_equal(session_open(&session, slice_str(other), &secrets, NULL), ERR_DENIED);
	arena_free(&arena);
}

static void test_a_new_password_ends_sessions_and_tokens(void **state)
{
	struct test_auth *t = *state;
	const char *token = test_sign_in(t, "ann");
	assert_int_equal(test_admin_as(t, token, "token.add", "{\"label\":\"script\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, "x", "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"new password\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
}

static void test_tokens_have_what_they_were_given(void **state)
{
	struct test_auth *t = *state;
	char token[SESSION_TOKEN_SIZE + 1];
	const char *session = test_sign_in(t, "ann");
	assert_int_equal(test_admin_as(t, session, "token.add", "{\"label\":\"x\",\"rights\":[\"mail.fly\"]}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, session, "token.add", "{\"label\":\"\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, session, "token.add", "{\"label\":\"x\",\"days\":1,\"rights\":[\"mail.view\"]}"), ADMIN_OK);
	snprintf(token, sizeof token, "%s", test_member(t, "token"));
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, token, "token.add", "{\"label\":\"child\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, session, "token.add", "{\"label\":\"y\",\"days\":1,\"rights\":[\"self.see\"]}"), ADMIN_OK);
	snprintf(token, sizeof token, "%s", test_member(t, "token"));
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	t->now.wall_ms += DAY_MS + 1000;
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
}

static void test_local_root_has_only_break_glass_after_setup(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	assert_int_equal(test_admin(t, "domain.add", "{\"domain\":\"new.example\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "sign_in");
	t->reason = "too short";
	assert_int_equal(test_admin(t, "domain.add", "{\"domain\":\"new.example\"}"), ADMIN_DENIED);
	t->reason = "the administrator lost the key";
	assert_int_equal(test_admin(t, "domain.add", "{\"domain\":\"new.example\"}"), ADMIN_OK);
	assert_int_equal(t->recorded[EV_BREAK_GLASS], 1);
	assert_int_equal(test_admin_as(t, "unix:1001", "domain.add", "{\"domain\":\"other.example\"}"), ADMIN_DENIED);
	/* No auditor comes into being by it. */
	assert_int_equal(test_admin(t, "grant.add", "{\"address\":\"ann@example.org\",\"role\":\"auditor\",\"reason\":\"because\"}"), ADMIN_DENIED);
}

static void test_administrators_need_their_second_factor(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	const char *weak = test_sign_in(t, "boss"), *strong = test_sign_in_second(t, "boss");
	assert_int_equal(test_admin_as(t, weak, "domain.add", "{\"domain\":\"new.example\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "factor_needed");
	assert_int_equal(test_admin_as(t, weak, "user.list", "{}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, strong, "domain.add", "{\"domain\":\"new.example\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, strong, "user.list", "{}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("bob@example.org")) > 0);
}

static void test_two_persons_make_an_auditor(void **state)
{
	struct test_auth *t = *state;
	static const char ask[] = "{\"address\":\"ann@example.org\",\"role\":\"auditor\",\"reason\":\"yearly audit\",\"days\":30}";
	test_staff(t);
	const char *officer = test_sign_in_second(t, "rules"), *approver = test_sign_in_second(t, "second"), *boss = test_sign_in_second(t, "boss");
	assert_int_equal(test_admin_as(t, boss, "grant.add", ask), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, officer, "grant.add", ask), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "approval_needed");
	assert_int_equal(test_admin_as(t, officer, "approval.give", "{\"id\":1}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, boss, "approval.give", "{\"id\":1}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, test_sign_in(t, "ann"), "approval.give", "{\"id\":1}"), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin_as(t, approver, "approval.give", "{\"id\":1}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, approver, "approval.give", "{\"id\":1}"), ADMIN_FAILED);
	assert_int_equal(test_admin_as(t, officer, "role.simulate", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"role\":\"auditor\"")) > 0);
	/* It ends by itself. */
	struct arena arena = ARENA_INIT;
	struct directory_grant grant;
	assert_int_equal(directory_grant_get(t->directory, 1, &arena, &grant), 0);
	assert_int_equal(grant.ends - grant.starts, 30 * 86400);
	assert_true(slice_eq(grant.approver, SLICE("second@example.org")));
	arena_free(&arena);
}

static void test_an_old_approval_is_worth_nothing(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	const char *officer = test_sign_in_second(t, "rules");
	assert_int_equal(test_admin_as(t, officer, "grant.add", "{\"address\":\"ann@example.org\",\"role\":\"auditor\",\"reason\":\"x\"}"), ADMIN_DENIED);
	t->now.wall_ms += 8 * DAY_MS;
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "second"), "approval.give", "{\"id\":1}"), ADMIN_FAILED);
}

static void test_an_asker_who_lost_the_right_gets_nothing(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	const char *officer = test_sign_in_second(t, "rules"), *approver = test_sign_in_second(t, "second");
	assert_int_equal(test_admin_as(t, officer, "grant.add", "{\"address\":\"ann@example.org\",\"role\":\"auditor\",\"reason\":\"x\"}"), ADMIN_DENIED);
	t->reason = "the officer went bad";
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"rules@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, approver, "approval.give", "{\"id\":1}"), ADMIN_DENIED);
}

static void keep_status(void *arg, unsigned status, struct slice result)
{
	struct test_auth *t = arg;
	t->admin_status = status;
}

/* The token of a person, shown at the socket by a process of a local user. */
static unsigned at_socket(struct test_auth *t, unsigned uid, const char *token, const char *op, const char *args)
{
	struct auth_evidence evidence = {.uid = uid, .token = slice_str(token), .agent = SLICE("test")};
	auth_admin_run(t->admin, &evidence, slice_str(op), slice_str(args), keep_status, t);
	test_host_run(t);
	return t->admin_status;
}

static void test_the_emergency_access_of_the_asker_is_no_second_person(void **state)
{
	struct test_auth *t = *state;
	const char *ask = "{\"address\":\"audit@example.org\"}", *give = "{\"id\":1}";
	test_staff(t);
	const char *boss = test_sign_in_second(t, "boss");
	assert_int_equal(at_socket(t, 0, boss, "user.disable", ask), ADMIN_DENIED);
	t->reason = "nobody else is here today";
	assert_int_equal(test_admin(t, "approval.give", give), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "self");
	assert_int_equal(t->recorded[EV_APPROVAL_SELF], 1);
	assert_true(t->recorded[EV_BREAK_GLASS] > 0);
	/* Later, when the other has not worked as that user for a month, there is nothing to tell them by. */
	t->now.wall_ms += 31 * DAY_MS;
	boss = test_sign_in_second(t, "boss");
	assert_int_equal(test_admin_as(t, boss, "user.disable", ask), ADMIN_DENIED);
	assert_int_equal(test_admin(t, "approval.give", "{\"id\":2}"), ADMIN_OK);
}

static void test_an_asker_who_works_as_another_local_user_is_another_person(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	const char *boss = test_sign_in_second(t, "boss");
	assert_int_equal(at_socket(t, 1234, boss, "user.disable", "{\"address\":\"audit@example.org\"}"), ADMIN_DENIED);
	t->reason = "nobody else is here today";
	assert_int_equal(test_admin(t, "approval.give", "{\"id\":1}"), ADMIN_OK);
}

static void test_nobody_grants_himself_anything(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	const char *officer = test_sign_in_second(t, "rules");
	assert_int_equal(test_admin_as(t, officer, "grant.add", "{\"address\":\"rules@example.org\",\"role\":\"monitor\",\"reason\":\"x\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "self");
	/* Nor what must be in other hands, to anybody. */
	assert_int_equal(test_admin_as(t, officer, "grant.add", "{\"address\":\"boss@example.org\",\"role\":\"auditor\",\"reason\":\"x\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "separation");
	assert_int_equal(test_admin_as(t, officer, "role.define", "{\"name\":\"all\",\"rights\":[\"account.change\",\"case.view\"]}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "separation");
	assert_int_equal(test_admin_as(t, officer, "role.define", "{\"name\":\"help-desk\",\"rights\":[\"account.see\",\"trace.see\"]}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, officer, "grant.add",
		"{\"address\":\"ann@example.org\",\"role\":\"help-desk\",\"scope\":\"department\",\"value\":\"sales\",\"reason\":\"help\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, officer, "role.remove", "{\"name\":\"help-desk\"}"), ADMIN_FAILED);
	assert_int_equal(test_admin_as(t, officer, "grant.end", "{\"id\":1}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, officer, "role.remove", "{\"name\":\"help-desk\"}"), ADMIN_OK);
}

static void test_content_needs_a_case_a_time_and_two_persons(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	const char *officer = test_sign_in_second(t, "rules");
	assert_int_equal(test_admin_as(t, officer, "grant.add", "{\"address\":\"audit@example.org\",\"role\":\"case\",\"reason\":\"x\",\"days\":5}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, officer, "grant.add",
		"{\"address\":\"audit@example.org\",\"role\":\"case\",\"scope\":\"case\",\"value\":\"17\",\"reason\":\"x\"}"), ADMIN_INVALID);
	assert_string_equal(test_member(t, "code"), "time");
	assert_int_equal(test_admin_as(t, officer, "grant.add",
		"{\"address\":\"audit@example.org\",\"role\":\"case\",\"scope\":\"case\",\"value\":\"17\",\"days\":31,\"reason\":\"x\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, officer, "grant.add",
		"{\"address\":\"audit@example.org\",\"role\":\"case\",\"scope\":\"case\",\"value\":\"17\",\"days\":5,\"reason\":\"x\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "approval_needed");
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "second"), "approval.give", "{\"id\":1}"), ADMIN_OK);
}

static void test_a_domain_administrator_stays_in_the_domain(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	t->reason = "prepare the second domain";
	assert_int_equal(test_admin(t, "domain.add", "{\"domain\":\"two.example\"}"), ADMIN_OK);
	const char *officer = test_sign_in_second(t, "rules");
	assert_int_equal(test_admin_as(t, officer, "role.define", "{\"name\":\"people\",\"rights\":[\"account.see\",\"account.change\"]}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, officer, "grant.add",
		"{\"address\":\"ann@example.org\",\"role\":\"people\",\"scope\":\"domain\",\"value\":\"two.example\",\"reason\":\"x\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "second"), "approval.give", "{\"id\":1}"), ADMIN_OK);
	const char *ann = test_sign_in_second(t, "ann");
	assert_int_equal(test_admin_as(t, ann, "user.add", "{\"address\":\"cy@two.example\",\"password\":\"something\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, ann, "user.add", "{\"address\":\"cy@example.org\",\"password\":\"something\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, ann, "user.disable", "{\"address\":\"bob@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, ann, "user.add", "{\"address\":\"dy@two.example\",\"password\":\"something\",\"role\":\"administrator\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, ann, "user.list", "{}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("cy@two.example")) > 0);
	assert_true(slice_search(buf_slice(&t->result), SLICE("bob@example.org")) < 0);
	assert_int_equal(test_admin_as(t, ann, "domain.remove", "{\"domain\":\"two.example\"}"), ADMIN_DENIED);
}

static void test_others_operations_are_authorized_by_the_same_rules(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct slice subject, result;
	test_staff(t);
	struct auth_evidence root = {.uid = 0}, boss = {.uid = AUTH_UID_NONE, .token = slice_str(test_sign_in_second(t, "boss"))};
	assert_int_equal(auth_admin_authorize(t->admin, &root, SLICE("stop"), SLICE("{}"), &arena, &subject, &result), ADMIN_DENIED);
	assert_int_equal(auth_admin_authorize(t->admin, &boss, SLICE("stop"), SLICE("{}"), &arena, &subject, &result), ADMIN_OK);
	assert_true(slice_eq(subject, SLICE("boss@example.org")));
	assert_int_equal(auth_admin_authorize(t->admin, &boss, SLICE("user.list"), SLICE("{}"), &arena, &subject, &result), ADMIN_INVALID);
	struct auth_evidence ann = {.uid = AUTH_UID_NONE, .token = slice_str(test_sign_in(t, "ann"))};
	assert_int_equal(auth_admin_authorize(t->admin, &ann, SLICE("queue.list"), SLICE("{}"), &arena, &subject, &result), ADMIN_DENIED);
	arena_free(&arena);
}

static void test_an_unusual_session_says_so(void **state)
{
	struct test_auth *t = *state;
	const char *usual = test_sign_in(t, "ann");
	assert_int_equal(test_admin_as(t, usual, "session.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"unusual\":[]")) > 0);
	for (int i = 0; i < ACCESS_FAILED_TRIES; i++)
		assert_int_equal(test_plain(t, "ann@example.org", "wrong", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	(void)test_sign_in(t, "ann");
	assert_int_equal(test_admin_as(t, usual, "session.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"unusual\":[\"failed_tries\"]")) > 0);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"unusual\":[]")) > 0);
}

/* A review is signed by people with that right; the one who sets the machine up, or breaks glass, has grants but signs nothing. */
static void test_nobody_but_people_begins_a_review(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "review.start", "{}"), ADMIN_DENIED);
	test_staff(t);
	t->reason = "nobody is left who could sign";
	assert_int_equal(test_admin(t, "review.start", "{}"), ADMIN_DENIED);
	t->reason = NULL;
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "boss"), "review.start", "{}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "rules"), "review.start", "{}"), ADMIN_OK);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_session_is_somebody),
		TEST(test_wrong_passwords_and_unknown_names_look_the_same),
		TEST(test_tries_are_limited),
		TEST(test_sessions_end_by_time),
		TEST(test_the_directory_keeps_no_token),
		TEST(test_a_new_password_ends_sessions_and_tokens),
		TEST(test_tokens_have_what_they_were_given),
		TEST(test_local_root_has_only_break_glass_after_setup),
		TEST(test_administrators_need_their_second_factor),
		TEST(test_two_persons_make_an_auditor),
		TEST(test_an_old_approval_is_worth_nothing),
		TEST(test_the_emergency_access_of_the_asker_is_no_second_person),
		TEST(test_an_asker_who_works_as_another_local_user_is_another_person),
		TEST(test_an_asker_who_lost_the_right_gets_nothing),
		TEST(test_nobody_grants_himself_anything),
		TEST(test_content_needs_a_case_a_time_and_two_persons),
		TEST(test_a_domain_administrator_stays_in_the_domain),
		TEST(test_others_operations_are_authorized_by_the_same_rules),
		TEST(test_an_unusual_session_says_so),
		TEST(test_nobody_but_people_begins_a_review),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
