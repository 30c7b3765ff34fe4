#include "auth/test_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/directory_sql.h"
#include "auth/resolve.h"
#include "crypt/crypt.h"
#include "ipc/admin.h"

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

#define PASSWD(old, new) "{\"address\":\"ann@example.org\",\"old\":\"" old "\",\"new\":\"" new "\"}"

static void test_new_users_are_provisional_and_get_no_recovery_code(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"New.User@example.org\",\"password\":\"something\"}"), ADMIN_OK);
	assert_string_equal(test_member(t, "address"), "new.user@example.org");
	assert_string_equal(test_member(t, "recovery_code"), "");
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"new.user@example.org\",\"password\":\"something\"}"), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "exists");
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"x@elsewhere.org\",\"password\":\"something\"}"), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"x@example.org\",\"password\":\"short\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"a+b@example.org\",\"password\":\"something\"}"), ADMIN_INVALID);
}

static void test_first_own_password_makes_a_new_generation(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct secrets secrets = SECRETS_NONE;
	uint8_t pub[32], sec[32];
	struct account before = test_account(t, &arena, "ann");
	assert_true((before.flags & ACCOUNT_PROVISIONAL) != 0);
	assert_int_equal(test_admin(t, "user.passwd", PASSWD("ann password", "my own password")), ADMIN_OK);
	assert_int_equal(strlen(test_member(t, "recovery_code")), CODE_TEXT_SIZE);
	assert_int_equal(t->revokes, 1);
	struct account after = test_account(t, &arena, "ann");
	assert_int_equal(after.flags & ACCOUNT_PROVISIONAL, 0);
	assert_int_equal(after.generation, before.generation + 1);
	assert_memory_not_equal(after.public_key, before.public_key, 32);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "ann@example.org", "my own password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	/* What was sealed to the old generation stays readable. */
	assert_int_equal(secrets_decode(buf_slice(&t->last_secrets), &secrets, NULL), 0);
	assert_int_equal(secrets.count, 2);
	secrets_pair(&secrets.items[0], pub, sec);
	assert_memory_equal(pub, before.public_key, 32);
	secrets_free(&secrets);
	arena_free(&arena);
}

static void test_wrong_old_password_changes_nothing(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "user.passwd", PASSWD("wrong password", "my own password")), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "password");
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_a_remembered_old_password_is_forgotten(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_admin(t, "user.passwd", PASSWD("ann password", "my own password")), ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
}

static void test_reset_with_recovery_code_keeps_the_mail(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct secrets secrets = SECRETS_NONE;
	assert_int_equal(test_admin(t, "user.passwd", PASSWD("ann password", "my own password")), ADMIN_OK);
	struct slice code = arena_dup(&arena, slice_str(test_member(t, "recovery_code")));
	struct slice args = arena_printf(&arena, "{\"address\":\"ann@example.org\",\"new\":\"after reset\",\"recovery_code\":\"%.*s\"}",
		SLICE_ARG(code));
	struct slice wrong = arena_printf(&arena, "{\"address\":\"bob@example.org\",\"new\":\"after reset\",\"recovery_code\":\"%.*s\"}",
		SLICE_ARG(code));
	assert_int_equal(test_admin(t, "user.reset", (const char *)wrong.p), ADMIN_DENIED);
	assert_int_equal(test_admin(t, "user.reset", (const char *)args.p), ADMIN_OK);
	assert_string_not_equal(test_member(t, "recovery_code"), (const char *)code.p);
	assert_int_equal(test_plain(t, "ann@example.org", "after reset", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(secrets_decode(buf_slice(&t->last_secrets), &secrets, NULL), 0);
	assert_int_equal(secrets.count, 3);
	secrets_free(&secrets);
	/* The old code does not work a second time. */
	assert_int_equal(test_admin(t, "user.reset", (const char *)args.p), ADMIN_DENIED);
	arena_free(&arena);
}

static void test_reset_without_code_must_be_said_aloud(void **state)
{
	struct test_auth *t = *state;
	struct secrets secrets = SECRETS_NONE;
	assert_int_equal(test_admin(t, "user.reset", "{\"address\":\"ann@example.org\",\"new\":\"new password\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "mail_would_be_lost");
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_admin(t, "user.reset", "{\"address\":\"ann@example.org\",\"new\":\"new password\",\"lose_mail\":true}"), ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "new password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(secrets_decode(buf_slice(&t->last_secrets), &secrets, NULL), 0);
	assert_int_equal(secrets.count, 1);
	assert_int_equal(secrets.items[0].generation, 2);
	secrets_free(&secrets);
}

static void test_password_change_removes_app_passwords(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	assert_int_equal(test_admin(t, "user.app_password.add", "{\"address\":\"ann@example.org\",\"password\":\"ann password\"}"), ADMIN_OK);
	struct slice code = arena_dup(&arena, slice_str(test_member(t, "app_password")));
	assert_int_equal(test_admin(t, "user.passwd", PASSWD("ann password", "my own password")), ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", (const char *)code.p, AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_admin(t, "user.app_password.add", "{\"address\":\"ann@example.org\",\"password\":\"ann password\"}"), ADMIN_DENIED);
	arena_free(&arena);
}

static void test_generations_end_at_their_limit(void **state)
{
	struct test_auth *t = *state;
	for (int i = 0; i < SECRETS_MAX + 2; i++)
		assert_int_equal(test_admin(t, "user.passwd", PASSWD("ann password", "ann password")), ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_strangers_may_do_nothing(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin_as(t, "unix:1000", "user.list", "{}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, "unix:1001", "user.list", "{}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, "ll1-nonsense", "domain.list", "{}"), ADMIN_DENIED);
}

static void test_nonsense_is_refused(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "user.fly", "{}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "user.show", "[]"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "user.show", "{"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "user.show", "{\"address\":7}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "user.show", "{\"address\":\"nobody@example.org\"}"), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"role\":\"king\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"quota\":-1}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"name\":\"a\\nb\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "domain.add", "{\"domain\":\"nodot\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "domain.add", "{\"domain\":\"a b.org\"}"), ADMIN_INVALID);
}

static void test_properties_are_kept(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"name\":\"安\",\"department\":\"law\",\"quota\":1000}"),
		ADMIN_OK);
	assert_int_equal(test_admin(t, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_string_equal(test_member(t, "name"), "安");
	assert_string_equal(test_member(t, "department"), "law");
	assert_string_equal(test_member(t, "role"), "user");
	assert_int_equal(test_account(t, &arena, "ann").quota, 1000);
	arena_free(&arena);
}

static void test_a_directory_of_the_first_version_opens(void **state)
{
	static const uint8_t key[32] = {9};
	struct directory *d = NULL;
	struct error err = {0};
	char path[] = "/tmp/letterlock-directory-XXXXXX", name[100];
	assert_non_null(mkdtemp(path));
	(void)snprintf(name, sizeof name, "%s/directory.db", path);
	assert_int_equal(directory_open(name, key, &d, &err), 0);
	assert_int_equal(sqlite3_exec(d->db, "DROP TABLE scram; CREATE TABLE scram (account BLOB NOT NULL, credential INTEGER NOT NULL REFERENCES "
		"credential (id) ON DELETE CASCADE, stored_key BLOB NOT NULL, server_key BLOB NOT NULL, wrap BLOB NOT NULL);"
		"INSERT INTO domain VALUES ('example.org', '', ''); PRAGMA user_version = 1;", NULL, NULL, NULL), SQLITE_OK);
	directory_close(&d);
	assert_int_equal(directory_open(name, key, &d, &err), 0);
	assert_int_equal(directory_scram_count(d, 1), 0);
	assert_int_equal(directory_domain_remove(d, SLICE("example.org"), &err), 0);
	directory_close(&d);
	assert_int_equal(directory_open(name, key, &d, &err), 0);
	directory_close(&d);
	(void)unlink(name);
	(void)rmdir(path);
}

static void test_new_passwords_have_a_least_length(void **state)
{
	struct test_auth *t = *state;
	auth_admin_configure(t->admin, &(struct auth_admin_settings){.local = {1000}, .cost = PASSWORD_COST_MIN, .password_min = 12});
	assert_int_equal(test_admin(t, "user.passwd", PASSWD("ann password", "eleven char")), ADMIN_INVALID);
	assert_string_equal(test_member(t, "code"), "weak_password");
	assert_true(slice_search(buf_slice(&t->result), SLICE("at least 12 characters")) > 0);
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"x@example.org\",\"password\":\"eleven char\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "user.reset", "{\"address\":\"ann@example.org\",\"new\":\"short\",\"lose_mail\":true}"), ADMIN_INVALID);
	/* Characters, not bytes. */
	assert_int_equal(test_admin(t, "user.passwd", PASSWD("ann password", "十一个汉字不够长的密码")), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "user.passwd", PASSWD("ann password", "twelve chars")), ADMIN_OK);
}

static void test_lists_come_in_pages(void **state)
{
	struct test_auth *t = *state;
	char args[200];
	for (int i = 0; i < DIRECTORY_PAGE + 5; i++) {
		(void)snprintf(args, sizeof args, "{\"address\":\"user%03d@example.org\",\"password\":\"something\"}", i);
		assert_int_equal(test_admin(t, "user.add", args), ADMIN_OK);
	}
	assert_int_equal(test_admin(t, "user.list", "{}"), ADMIN_OK);
	assert_string_equal(test_member(t, "next"), "user097@example.org");
	(void)snprintf(args, sizeof args, "{\"after\":\"%s\"}", test_member(t, "next"));
	assert_int_equal(test_admin(t, "user.list", args), ADMIN_OK);
	assert_string_equal(test_member(t, "next"), "");
	assert_true(slice_search(buf_slice(&t->result), SLICE("user098@")) > 0);
	assert_true(slice_search(buf_slice(&t->result), SLICE("user097@")) < 0);
}

static void test_domains_count_their_users(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "domain.list", "{}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"users\":2")) > 0);
	assert_int_equal(test_admin(t, "user.list", "{\"domain\":\"example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "user.list", "{\"domain\":\"unknown.example\"}"), ADMIN_NOT_FOUND);
}

static void test_a_domain_in_use_stays(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "domain.remove", "{\"domain\":\"example.org\"}"), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "in_use");
	assert_int_equal(test_admin(t, "domain.add", "{\"domain\":\"Bücher.example\"}"), ADMIN_OK);
	assert_string_equal(test_member(t, "domain"), "xn--bcher-kva.example");
	assert_int_equal(test_admin(t, "domain.remove", "{\"domain\":\"bücher.example\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "domain.remove", "{\"domain\":\"bücher.example\"}"), ADMIN_NOT_FOUND);
}

static void test_removed_users_leave_no_aliases_behind(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "alias.add", "{\"address\":\"a@example.org\",\"target\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "group.add", "{\"address\":\"g@example.org\",\"members\":[\"ann@example.org\",\"bob@example.org\"]}"),
		ADMIN_OK);
	assert_int_equal(test_admin(t, "user.remove", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "alias.list", "{}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("ann@")) < 0);
	assert_int_equal(test_admin(t, "group.show", "{\"address\":\"g@example.org\"}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("[\"bob@example.org\"]")) > 0);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
}

static void test_group_members(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "policy.set", "{\"name\":\"forward\",\"value\":{\"outside\":true}}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "group.add", "{\"address\":\"g@example.org\",\"name\":\"All\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "group.member.add", "{\"address\":\"g@example.org\",\"member\":\"Someone@Elsewhere.net\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "group.member.add", "{\"address\":\"g@example.org\",\"member\":\"nobody@example.org\"}"), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin(t, "group.list", "{}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("[\"Someone@elsewhere.net\"]")) > 0);
	assert_int_equal(test_admin(t, "group.member.remove", "{\"address\":\"g@example.org\",\"member\":\"Someone@elsewhere.net\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "group.member.remove", "{\"address\":\"g@example.org\",\"member\":\"Someone@elsewhere.net\"}"),
		ADMIN_NOT_FOUND);
	assert_int_equal(test_admin(t, "group.remove", "{\"address\":\"g@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "alias.remove", "{\"address\":\"ann@example.org\"}"), ADMIN_NOT_FOUND);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_users_are_provisional_and_get_no_recovery_code, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_own_password_makes_a_new_generation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_old_password_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_remembered_old_password_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_with_recovery_code_keeps_the_mail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_without_code_must_be_said_aloud, setup, teardown),
		cmocka_unit_test_setup_teardown(test_password_change_removes_app_passwords, setup, teardown),
		cmocka_unit_test_setup_teardown(test_generations_end_at_their_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strangers_may_do_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_properties_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_passwords_have_a_least_length, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists_come_in_pages, setup, teardown),
		cmocka_unit_test(test_a_directory_of_the_first_version_opens),
		cmocka_unit_test_setup_teardown(test_domains_count_their_users, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_domain_in_use_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_users_leave_no_aliases_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_group_members, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
