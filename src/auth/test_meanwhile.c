/* What ends while a password is being checked has ended: the answer of the pool brings nothing back. */
#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include "auth/session.h"
#include "ipc/admin.h"

#define ANN "{\"address\":\"ann@example.org\"}"

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

/* An operation that waits for the pool. */
struct waiting {
	unsigned answers, status;
	char result[1000];
};

static void answered(void *arg, unsigned status, struct slice result)
{
	struct waiting *w = arg;
	w->answers++;
	w->status = status;
	snprintf(w->result, sizeof w->result, "%.*s", SLICE_ARG(result));
}

static void begin(struct test_auth *t, struct waiting *w, const char *token, const char *op, const char *args)
{
	struct auth_evidence evidence = {.uid = AUTH_UID_NONE, .token = slice_str(token), .address = SLICE("192.0.2.9"), .agent = SLICE("test")};
	*w = (struct waiting){.status = 99};
	auth_admin_run(t->admin, &evidence, slice_str(op), slice_str(args), answered, w);
	assert_int_equal(w->answers, 0);
}

static void test_a_change_of_password_does_not_enable_an_account(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct waiting w;
	begin(t, &w, "x", "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"another one\"}");
	assert_int_equal(test_admin(t, "user.disable", ANN), ADMIN_OK);
	assert_int_equal(w.answers, 1);
	assert_int_equal(w.status, ADMIN_DENIED);
	assert_int_equal(test_account(t, &arena, "ann").state, ACCOUNT_DISABLED);
	arena_free(&arena);
}

static void test_a_change_of_password_does_not_bring_a_role_back(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct waiting w;
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"role\":\"department\",\"department\":\"sales\"}"), ADMIN_OK);
	begin(t, &w, "x", "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"another one\"}");
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"role\":\"user\"}"), ADMIN_OK);
	assert_int_equal(w.status, ADMIN_OK);
	assert_int_equal(test_account(t, &arena, "ann").role, AUTH_ROLE_USER);
	arena_free(&arena);
}

/* Whoever stole a password keeps asking: a question that was open when the owner changed it comes too late. The pool does the newest first. */
static void test_an_old_password_opens_no_session_after_it_was_changed(void **state)
{
	struct test_auth *t = *state;
	struct waiting thief, owner;
	begin(t, &thief, "x", "session.start", "{\"address\":\"ann@example.org\",\"password\":\"ann password\"}");
	begin(t, &owner, "x", "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"another one\"}");
	test_host_run(t);
	assert_int_equal(owner.status, ADMIN_OK);
	assert_int_equal(thief.status, ADMIN_DENIED);
	assert_non_null(strstr(thief.result, "\"password\""));
}

static void test_of_two_changes_of_a_password_the_second_is_too_late(void **state)
{
	struct test_auth *t = *state;
	struct waiting owner, thief;
	begin(t, &thief, "x", "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"of the thief\"}");
	begin(t, &owner, "x", "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"another one\"}");
	test_host_run(t);
	assert_int_equal(owner.status, ADMIN_OK);
	assert_int_equal(thief.status, ADMIN_DENIED);
	assert_int_equal(test_plain(t, "ann@example.org", "another one", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_a_session_that_was_ended_adds_nobody(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct waiting w;
	struct directory_address found;
	test_staff(t);
	begin(t, &w, test_sign_in_second(t, "boss"), "user.add", "{\"address\":\"new@example.org\",\"password\":\"a password\"}");
	t->reason = "the administrator went bad";
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"boss@example.org\"}"), ADMIN_OK);
	assert_int_equal(w.status, ADMIN_DENIED);
	assert_int_equal(directory_address_get(t->directory, SLICE("new"), SLICE("example.org"), &arena, &found), ERR_NOT_FOUND);
	arena_free(&arena);
}

/* A plain user becomes an approver while an administrator resets the password. */
static void test_nobody_is_taken_over_who_became_privileged_meanwhile(void **state)
{
	struct test_auth *t = *state;
	struct waiting w;
	test_staff(t);
	begin(t, &w, test_sign_in_second(t, "boss"), "user.reset", "{\"address\":\"ann@example.org\",\"new\":\"of the boss\",\"lose_mail\":true}");
	t->reason = "nobody can approve any more";
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"role\":\"approver\"}"), ADMIN_OK);
	assert_int_equal(w.status, ADMIN_DENIED);
	assert_non_null(strstr(w.result, "second_person"));
}

static void test_who_was_removed_gets_the_answer_of_a_wrong_password(void **state)
{
	struct test_auth *t = *state;
	struct waiting w;
	begin(t, &w, "x", "session.start", "{\"address\":\"ann@example.org\",\"password\":\"ann password\"}");
	assert_int_equal(test_admin(t, "user.remove", ANN), ADMIN_OK);
	assert_int_equal(w.status, ADMIN_DENIED);
	assert_non_null(strstr(w.result, "\"password\""));
}

/* A session of somebody else is no way around the state of an account. */
static void test_nobody_signs_in_for_a_disabled_account(void **state)
{
	struct test_auth *t = *state;
	const char *bob = test_sign_in(t, "bob");
	assert_int_equal(test_admin(t, "user.disable", ANN), ADMIN_OK);
	assert_int_equal(test_admin_as(t, bob, "session.start", "{\"address\":\"ann@example.org\",\"password\":\"ann password\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "password");
	assert_int_equal(test_admin_as(t, bob, "user.app_password.add", "{\"address\":\"ann@example.org\",\"password\":\"ann password\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "password");
}

static void test_a_recovery_code_opens_no_disabled_account(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"another one\"}"), ADMIN_OK);
	const char *reset = test_args("{\"address\":\"ann@example.org\",\"new\":\"after reset\",\"recovery_code\":\"%s\"}", test_member(t, "recovery_code"));
	assert_int_equal(test_admin(t, "user.disable", ANN), ADMIN_OK);
	assert_int_equal(test_admin_as(t, "x", "user.reset", reset), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "recovery_code");
	assert_int_equal(test_admin(t, "user.enable", ANN), ADMIN_OK);
	assert_int_equal(test_admin_as(t, "x", "user.reset", reset), ADMIN_OK);
}

/* Strangers who guess cause neither Argon2id nor a write. */
static void test_a_wrong_recovery_code_costs_nothing(void **state)
{
	struct test_auth *t = *state;
	unsigned hashes = t->hashes;
	assert_int_equal(test_admin_as(t, "x", "user.reset",
		"{\"address\":\"ann@example.org\",\"new\":\"after reset\",\"recovery_code\":\"AAAA-AAAA-AAAA\"}"), ADMIN_DENIED);
	assert_int_equal(t->hashes, hashes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_change_of_password_does_not_enable_an_account, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_change_of_password_does_not_bring_a_role_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_old_password_opens_no_session_after_it_was_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_two_changes_of_a_password_the_second_is_too_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_session_that_was_ended_adds_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_is_taken_over_who_became_privileged_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_was_removed_gets_the_answer_of_a_wrong_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_signs_in_for_a_disabled_account, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_recovery_code_opens_no_disabled_account, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_wrong_recovery_code_costs_nothing, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
