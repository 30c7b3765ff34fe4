/* Rules for passwords, former ones, age, and those that come from another system. */
#include "auth/test_host.h"

#include <string.h>

#include "auth/directory_factor.h"
#include "ipc/admin.h"

#define DAY_MS INT64_C(86400000)
#define NOBODY "ll1-"
/* "Correct horse 42" */
#define IMPORTED "{SSHA}GrcjrVW+1Ym+eT5kH7bnmtqrGlNzYWx0"

static int setup(void **state)
{
	*state = test_auth_create(true);
	return 0;
}

static int teardown(void **state)
{
	test_auth_free((struct test_auth **)state);
	return 0;
}

static void configure(struct test_auth *t, struct password_policy policy, const struct breached_list *list)
{
	struct auth_login_settings login = t->settings;
	login.password_age_ms = policy.age_max_ms;
	auth_login_configure(t->login, &login);
	auth_admin_configure(t->admin, &(struct auth_admin_settings){.local = {1000}, .hostname = SLICE("mail.example.org"), .session_idle_s = 3600,
		.session_s = 43200, .cost = PASSWORD_COST_MIN, .password_min = 8, .failure_delay_ms = 2000, .scram_passwords = true, .policy = policy,
		.breached = list});
}

static unsigned passwd(struct test_auth *t, const char *old, const char *new)
{
	struct buf b = BUF_INIT(1000);
	buf_printf(&b, "{\"address\":\"ann@example.org\",\"old\":\"%s\",\"new\":\"%s\"}", old, new);
	buf_append_byte(&b, 0);
	unsigned rc = test_admin_as(t, NOBODY, "user.passwd", (const char *)buf_slice(&b).p);
	buf_free(&b);
	return rc;
}

static bool refused_with(struct test_auth *t, const char *code)
{
	return t->admin_status != ADMIN_OK && strcmp(test_member(t, "code"), code) == 0;
}

static void test_former_passwords_do_not_come_again(void **state)
{
	struct test_auth *t = *state;
	configure(t, (struct password_policy){.history = 2}, NULL);
	assert_int_equal(passwd(t, "ann password", "second password"), ADMIN_OK);
	assert_int_equal(passwd(t, "second password", "third password"), ADMIN_OK);
	assert_int_not_equal(passwd(t, "third password", "second password"), ADMIN_OK);
	assert_true(refused_with(t, "reused_password"));
	assert_int_not_equal(passwd(t, "third password", "third password"), ADMIN_OK);
	assert_true(refused_with(t, "reused_password"));
	assert_int_equal(test_plain(t, "ann@example.org", "third password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(passwd(t, "third password", "fourth password"), ADMIN_OK);
	/* Two further on it may. */
	assert_int_equal(passwd(t, "fourth password", "second password"), ADMIN_OK);
}

static void test_nobody_learns_of_former_passwords_without_the_present_one(void **state)
{
	struct test_auth *t = *state;
	configure(t, (struct password_policy){.history = 5}, NULL);
	assert_int_equal(passwd(t, "ann password", "second password"), ADMIN_OK);
	unsigned before = t->hashes;
	assert_int_not_equal(passwd(t, "not the password", "second password"), ADMIN_OK);
	assert_true(refused_with(t, "password"));
	assert_int_equal(t->hashes - before, 2); /* the old one and the new one, none of the history */
}

static unsigned give(struct test_auth *t, const char *custodian, int64_t id, const char *check)
{
	return test_admin_as(t, test_sign_in_second(t, custodian), "escrow.give", test_args("{\"id\":%d,\"check\":\"%s\"}", (int)id, check));
}

/* The asker has proven nothing, so only who gives a share is told. */
static void test_nor_do_they_come_by_the_quorum(void **state)
{
	struct test_auth *t = *state;
	char check[20], looks[20];
	test_staff(t);
	configure(t, (struct password_policy){.history = 3}, NULL);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "rules"), "escrow.set", "{\"k\":2,\"custodians\":[\"c1@example.org\",\"c2@example.org\"]}"),
		ADMIN_DENIED);
	int64_t id = test_number(t, "approval");
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "second"), "approval.give", test_args("{\"id\":%d}", (int)id)), ADMIN_OK);
	assert_int_equal(passwd(t, "ann password", "second password"), ADMIN_OK);
	assert_int_equal(passwd(t, "second password", "third password"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, NOBODY, "escrow.reset_ask", "{\"address\":\"no@example.org\",\"new\":\"second password\"}"), ADMIN_OK);
	snprintf(looks, sizeof looks, "%s", test_member(t, "check"));
	int64_t began = t->now.mono_ms;
	assert_int_equal(test_admin_as(t, NOBODY, "escrow.reset_ask", "{\"address\":\"ann@example.org\",\"new\":\"second password\"}"), ADMIN_OK);
	assert_int_equal(t->now.mono_ms - began, 2000);
	snprintf(check, sizeof check, "%s", test_member(t, "check"));
	assert_int_equal(strlen(check), strlen(looks));
	id = test_number(t, "request");
	assert_int_not_equal(give(t, "c1", id, check), ADMIN_OK);
	assert_true(refused_with(t, "reused_password"));
	assert_int_equal(give(t, "c2", id, check), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin_as(t, NOBODY, "escrow.reset_ask", "{\"address\":\"ann@example.org\",\"new\":\"never used before\"}"), ADMIN_OK);
	snprintf(check, sizeof check, "%s", test_member(t, "check"));
	id = test_number(t, "request");
	assert_int_equal(give(t, "c1", id, check), ADMIN_OK);
	assert_int_equal(give(t, "c2", id, check), ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "never used before", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_a_former_password_is_kept_as_a_check_that_opens_nothing(void **state)
{
	struct test_auth *t = *state;
	uint8_t id[16];
	struct directory_password rows[4];
	configure(t, (struct password_policy){.history = 3}, NULL);
	assert_int_equal(directory_account_first(t->directory, SLICE("example.org"), id), 0);
	assert_int_equal(passwd(t, "ann password", "second password"), ADMIN_OK);
	assert_int_equal(passwd(t, "second password", "third password"), ADMIN_OK);
	assert_int_equal(directory_history_list(t->directory, id, rows, 4), 2);
	assert_memory_not_equal(rows[0].salt, rows[1].salt, sizeof rows[0].salt);
	assert_memory_not_equal(rows[0].check, rows[1].check, sizeof rows[0].check);
	/* A policy without history forgets them with the next change. */
	configure(t, (struct password_policy){0}, NULL);
	assert_int_equal(passwd(t, "third password", "fourth password"), ADMIN_OK);
	assert_int_equal(directory_history_list(t->directory, id, rows, 4), 0);
}

static ptrdiff_t read_line(void *arg, uint64_t offset, void *p, size_t n)
{
	static const char line[] = "6BE0DEE5DCC5ADED10D7ED3DBBB9FD2F6E4A4A5A:3\n";
	size_t left = offset < sizeof line - 1 ? sizeof line - 1 - (size_t)offset : 0;
	memcpy(p, line + offset, n < left ? n : left);
	return (ptrdiff_t)(n < left ? n : left);
}

static void test_new_passwords_keep_the_policy(void **state)
{
	struct test_auth *t = *state;
	struct breached_list list = {.read = read_line, .size = 43};
	struct password_policy policy;
	assert_true(password_policy_preset(SLICE("mlps2"), &policy));
	configure(t, policy, &list);
	assert_int_not_equal(passwd(t, "ann password", "korb laterne moos winkel"), ADMIN_OK);
	assert_true(refused_with(t, "weak_password"));
	assert_int_not_equal(passwd(t, "ann password", "Mail.example.org1!"), ADMIN_OK);
	assert_true(refused_with(t, "weak_password"));
	assert_int_equal(passwd(t, "ann password", "Korb7!Laterne#Moos"), ADMIN_OK);
}

static void test_old_passwords_must_be_changed(void **state)
{
	struct test_auth *t = *state;
	configure(t, (struct password_policy){.age_max_ms = 90 * DAY_MS}, NULL);
	t->now.wall_ms += 90 * DAY_MS - 1000;
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	t->now.wall_ms += 1000;
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_EXPIRED);
	assert_int_equal(test_plain(t, "ann@example.org", "wrong password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(passwd(t, "ann password", "second password"), ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "second password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

/* ---- from another system ---- */

static void import(struct test_auth *t)
{
	assert_int_equal(test_admin(t, "user.import", "{\"address\":\"imp@example.org\",\"password_hash\":\"" IMPORTED "\",\"name\":\"Imp\"}"), ADMIN_OK);
}

static bool has_imported(struct test_auth *t)
{
	struct arena arena = ARENA_INIT;
	struct directory_address found;
	struct slice hash;
	struct credential managed;
	assert_int_equal(directory_address_get(t->directory, SLICE("imp"), SLICE("example.org"), &arena, &found), 0);
	int rc = directory_imported_get(t->directory, found.account, &arena, &hash);
	int count = directory_credential_list(t->directory, found.account, WRAP_MANAGED, &arena, &managed, 1);
	assert_int_equal(rc == 0, count == 1);
	arena_free(&arena);
	return rc == 0;
}

static void test_an_imported_password_signs_in_and_its_hash_is_gone(void **state)
{
	struct test_auth *t = *state;
	import(t);
	assert_int_equal(test_plain(t, "imp@example.org", "wrong horse 42", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_true(has_imported(t));
	unsigned before = t->hashes;
	assert_int_equal(test_plain(t, "imp@example.org", "Correct horse 42", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(t->hashes - before, 2); /* the foreign hash, then Argon2id */
	assert_false(has_imported(t));
	assert_int_equal(test_plain(t, "imp@example.org", "Correct horse 42", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_plain(t, "imp@example.org", "wrong horse 42", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
}

static void test_an_imported_password_begins_a_session(void **state)
{
	struct test_auth *t = *state;
	import(t);
	assert_int_not_equal(test_admin_as(t, NOBODY, "session.start", "{\"address\":\"imp@example.org\",\"password\":\"wrong horse 42\"}"), ADMIN_OK);
	assert_true(refused_with(t, "password"));
	assert_int_equal(test_admin_as(t, NOBODY, "session.start", "{\"address\":\"imp@example.org\",\"password\":\"Correct horse 42\"}"), ADMIN_OK);
	assert_false(has_imported(t));
	assert_int_equal(test_plain(t, "imp@example.org", "Correct horse 42", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_an_imported_password_can_be_changed_at_once(void **state)
{
	struct test_auth *t = *state;
	import(t);
	assert_int_equal(test_admin_as(t, NOBODY, "user.passwd",
		"{\"address\":\"imp@example.org\",\"old\":\"Correct horse 42\",\"new\":\"another password\"}"), ADMIN_OK);
	assert_false(has_imported(t));
	assert_int_equal(test_plain(t, "imp@example.org", "another password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_plain(t, "imp@example.org", "Correct horse 42", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
}

static void test_a_dry_run_changes_nothing(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "user.import", "{\"address\":\"imp@example.org\",\"password_hash\":\"" IMPORTED "\",\"dry_run\":true}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "user.show", "{\"address\":\"imp@example.org\"}"), ADMIN_NOT_FOUND);
	assert_int_not_equal(test_admin(t, "user.import",
		"{\"address\":\"imp@example.org\",\"password_hash\":\"$1$old$hash\",\"dry_run\":true}"), ADMIN_OK);
	assert_true(refused_with(t, "hash"));
	assert_int_not_equal(test_admin(t, "user.import", "{\"address\":\"ann@example.org\",\"password_hash\":\"" IMPORTED "\"}"), ADMIN_OK);
	assert_true(refused_with(t, "exists"));
}

static void test_without_the_role_key_nothing_is_lost(void **state)
{
	struct test_auth *t = *state;
	import(t);
	t->key_away = true;
	assert_int_equal(test_plain(t, "imp@example.org", "Correct horse 42", AUTH_PROTOCOL_IMAP), AUTH_TEMPORARY);
	assert_true(has_imported(t));
	t->key_away = false;
	assert_int_equal(test_plain(t, "imp@example.org", "Correct horse 42", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_former_passwords_do_not_come_again),
		TEST(test_nor_do_they_come_by_the_quorum),
		TEST(test_nobody_learns_of_former_passwords_without_the_present_one),
		TEST(test_a_former_password_is_kept_as_a_check_that_opens_nothing),
		TEST(test_new_passwords_keep_the_policy),
		TEST(test_old_passwords_must_be_changed),
		TEST(test_an_imported_password_signs_in_and_its_hash_is_gone),
		TEST(test_an_imported_password_begins_a_session),
		TEST(test_an_imported_password_can_be_changed_at_once),
		TEST(test_a_dry_run_changes_nothing),
		TEST(test_without_the_role_key_nothing_is_lost),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
