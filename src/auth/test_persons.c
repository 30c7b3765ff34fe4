/* What one person may not do alone, and what a session may not do without a fresh second factor. */
#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include "auth/directory_factor.h"
#include "auth/directory_role.h"
#include "ipc/admin.h"

static int setup(void **state)
{
	*state = test_auth_create(false);
	test_staff(*state);
	return 0;
}

static int teardown(void **state)
{
	test_auth_free((struct test_auth **)state);
	return 0;
}

static const char *of(const char *local)
{
	return test_args("{\"address\":\"%s@example.org\"}", local);
}

static void refused(struct test_auth *t, unsigned status, const char *code)
{
	assert_int_not_equal(status, ADMIN_OK);
	assert_string_equal(test_member(t, "code"), code);
}

/* The second person says yes to what was just asked for. */
static unsigned approve(struct test_auth *t)
{
	int64_t id = test_number(t, "approval");
	return test_admin_as(t, test_sign_in_second(t, "second"), "approval.give", test_args("{\"id\":%d}", (int)id));
}

static void test_an_administrator_alone_keeps_out_users_and_colleagues(void **state)
{
	struct test_auth *t = *state;
	const char *boss = test_sign_in_second(t, "boss");
	t->reason = "a second administrator";
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"bob@example.org\",\"role\":\"administrator\"}"), ADMIN_OK);
	t->reason = NULL;
	assert_int_equal(test_admin_as(t, boss, "user.disable", of("ann")), ADMIN_OK);
	assert_int_equal(test_admin_as(t, boss, "user.enable", of("ann")), ADMIN_OK);
	assert_int_equal(test_admin_as(t, boss, "user.disable", of("bob")), ADMIN_OK);
	assert_int_equal(test_admin_as(t, boss, "user.remove", of("bob")), ADMIN_OK);
	assert_int_equal(test_admin_as(t, boss, "user.leave", "{\"address\":\"ann@example.org\",\"reason\":\"left\"}"), ADMIN_OK);
}

static void test_an_administrator_alone_keeps_out_nobody_who_watches(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	static const char *const watchers[] = {"rules", "second", "audit", "c1"};
	const char *boss = test_sign_in_second(t, "boss");
	for (size_t i = 0; i < 4; i++) {
		refused(t, test_admin_as(t, boss, "user.disable", of(watchers[i])), "approval_needed");
		refused(t, test_admin_as(t, boss, "user.remove", of(watchers[i])), "approval_needed");
		refused(t, test_admin_as(t, boss, "user.leave", test_args("{\"address\":\"%s@example.org\",\"reason\":\"left\"}", watchers[i])), "approval_needed");
		assert_int_equal(test_account(t, &arena, watchers[i]).state, ACCOUNT_ACTIVE);
	}
	/* What only says what would happen needs nobody. */
	assert_int_equal(test_admin_as(t, boss, "user.leave", "{\"address\":\"rules@example.org\",\"reason\":\"left\",\"dry_run\":true}"), ADMIN_OK);
	arena_free(&arena);
}

static void test_two_persons_keep_an_officer_out_and_let_him_in(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	const char *boss = test_sign_in_second(t, "boss");
	refused(t, test_admin_as(t, boss, "user.disable", of("rules")), "approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
	assert_int_equal(test_account(t, &arena, "rules").state, ACCOUNT_DISABLED);
	/* Said again it changes nothing; and nobody alone lets in whom two kept out. */
	assert_int_equal(test_admin_as(t, boss, "user.disable", of("rules")), ADMIN_OK);
	refused(t, test_admin_as(t, boss, "user.enable", of("rules")), "approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
	assert_int_equal(test_account(t, &arena, "rules").state, ACCOUNT_ACTIVE);
	refused(t, test_admin_as(t, boss, "user.leave", "{\"address\":\"rules@example.org\",\"reason\":\"left\"}"), "approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
	assert_int_equal(test_account(t, &arena, "rules").state, ACCOUNT_LEFT);
	arena_free(&arena);
}

/* It does not matter whether the right comes with the account or by a grant; nor does an administrator of one domain stand above others. */
static void test_rights_by_grant_count_like_a_role(void **state)
{
	struct test_auth *t = *state;
	const char *officer = test_sign_in_second(t, "rules");
	refused(t, test_admin_as(t, officer, "grant.add", "{\"address\":\"ann@example.org\",\"role\":\"auditor\",\"reason\":\"x\"}"), "approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
	refused(t, test_admin_as(t, test_sign_in_second(t, "boss"), "user.disable", of("ann")), "approval_needed");
	assert_int_equal(test_admin_as(t, officer, "role.define", "{\"name\":\"people\",\"rights\":[\"account.see\",\"account.change\"]}"), ADMIN_OK);
	refused(t, test_admin_as(t, officer, "grant.add",
		"{\"address\":\"bob@example.org\",\"role\":\"people\",\"scope\":\"domain\",\"value\":\"example.org\",\"reason\":\"x\"}"), "approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
	refused(t, test_admin_as(t, test_sign_in_second(t, "bob"), "user.disable", of("boss")), "approval_needed");
}

static void test_nobody_approves_being_kept_out_and_the_last_approver_stays(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	refused(t, test_admin_as(t, test_sign_in_second(t, "boss"), "user.disable", of("second")), "approval_needed");
	refused(t, approve(t), "self");
	assert_int_equal(test_account(t, &arena, "second").state, ACCOUNT_ACTIVE);
	/* The emergency access is there for that, and is told to everybody. */
	t->reason = "the only approver has gone";
	assert_int_equal(test_admin(t, "user.disable", of("second")), ADMIN_OK);
	assert_true(t->recorded[EV_BREAK_GLASS] > 0);
	arena_free(&arena);
}

static void test_factors_of_the_privileged_are_reset_by_two(void **state)
{
	struct test_auth *t = *state;
	const char *officer = test_sign_in_second(t, "rules");
	assert_int_equal(test_admin_as(t, officer, "factor.reset", of("ann")), ADMIN_OK);
	refused(t, test_admin_as(t, officer, "factor.reset", of("boss")), "approval_needed");
	assert_int_equal(t->recorded[EV_SESSION_END], 0);
	assert_int_equal(approve(t), ADMIN_OK);
	refused(t, test_admin_as(t, officer, "factor.reset", of("rules")), "approval_needed");
}

/* Linked before the owner lets the organisation hold the key, it would open the mail afterwards. */
static void test_an_identity_is_linked_by_two(void **state)
{
	struct test_auth *t = *state;
	refused(t, test_admin_as(t, test_sign_in_second(t, "boss"), "identity.add",
		"{\"address\":\"ann@example.org\",\"issuer\":\"https://id.example.org\",\"subject\":\"boss\"}"), "approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
}

/* ---- grants ---- */

static void test_a_mailbox_is_opened_to_more_by_two_persons_or_its_owner(void **state)
{
	struct test_auth *t = *state;
	static const char ask[] = "{\"address\":\"bob@example.org\",\"role\":\"delegate\",\"scope\":\"mailbox\",\"value\":\"ann@example.org\",\"reason\":\"x\"}";
	refused(t, test_admin_as(t, test_sign_in_second(t, "rules"), "grant.add", ask), "approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
}

/* Who grants in one department grants nothing over a mailbox of another one. */
static void test_a_grant_reaches_no_further_than_its_giver(void **state)
{
	struct test_auth *t = *state;
	t->reason = "prepare the departments";
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"department\":\"sales\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"cy@example.org\",\"password\":\"cy password\",\"department\":\"sales\"}"), ADMIN_OK);
	t->reason = NULL;
	const char *officer = test_sign_in_second(t, "rules");
	assert_int_equal(test_admin_as(t, officer, "role.define", "{\"name\":\"granting\",\"rights\":[\"role.see\",\"role.grant\"]}"), ADMIN_OK);
	refused(t, test_admin_as(t, officer, "grant.add",
		"{\"address\":\"cy@example.org\",\"role\":\"granting\",\"scope\":\"department\",\"value\":\"sales\",\"reason\":\"x\"}"), "approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
	const char *cy = test_sign_in_second(t, "cy");
	refused(t, test_admin_as(t, cy, "grant.add",
		"{\"address\":\"ann@example.org\",\"role\":\"delegate\",\"scope\":\"mailbox\",\"value\":\"bob@example.org\",\"reason\":\"x\"}"), "denied");
	refused(t, test_admin_as(t, cy, "grant.add",
		"{\"address\":\"ann@example.org\",\"role\":\"delegate\",\"scope\":\"mailbox\",\"value\":\"ann@example.org\",\"reason\":\"x\"}"), "approval_needed");
}

/* A role is not exchanged behind the back of who has to approve it. */
static void test_a_role_stays_what_it_was_when_it_was_asked_for(void **state)
{
	struct test_auth *t = *state;
	const char *officer = test_sign_in_second(t, "rules");
	assert_int_equal(test_admin_as(t, officer, "role.define", "{\"name\":\"harmless\",\"rights\":[\"system.see\"]}"), ADMIN_OK);
	refused(t, test_admin_as(t, officer, "grant.add", "{\"address\":\"ann@example.org\",\"role\":\"harmless\",\"reason\":\"x\"}"), "approval_needed");
	int64_t id = test_number(t, "approval");
	refused(t, test_admin_as(t, officer, "role.remove", "{\"name\":\"harmless\"}"), "in_use");
	assert_int_equal(test_admin_as(t, officer, "approval.refuse", test_args("{\"id\":%d}", (int)id)), ADMIN_OK);
	assert_int_equal(test_admin_as(t, officer, "role.remove", "{\"name\":\"harmless\"}"), ADMIN_OK);
}

static void test_the_end_of_a_grant_is_in_the_future(void **state)
{
	struct test_auth *t = *state;
	const char *officer = test_sign_in_second(t, "rules");
	static const char *const days[] = {"-1", "36501", "9223372036854775807", "106751991167301"};
	for (size_t i = 0; i < 4; i++)
		refused(t, test_admin_as(t, officer, "grant.add",
			test_args("{\"address\":\"ann@example.org\",\"role\":\"auditor\",\"reason\":\"x\",\"days\":%s}", days[i])), "invalid");
}

static void test_the_emergency_access_keeps_rights_apart(void **state)
{
	struct test_auth *t = *state;
	refused(t, test_admin_as(t, test_sign_in_second(t, "rules"), "grant.add", "{\"address\":\"ann@example.org\",\"role\":\"custodian\",\"reason\":\"x\"}"),
		"approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
	t->reason = "no administrator is left";
	refused(t, test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"role\":\"administrator\"}"), "separation");
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"bob@example.org\",\"role\":\"administrator\"}"), ADMIN_OK);
}

static void test_nobody_moves_people_where_he_may_not_change_any(void **state)
{
	struct test_auth *t = *state;
	t->reason = "prepare the departments";
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"department\":\"sales\"}"), ADMIN_OK);
	t->reason = NULL;
	const char *officer = test_sign_in_second(t, "rules");
	assert_int_equal(test_admin_as(t, officer, "role.define", "{\"name\":\"people\",\"rights\":[\"account.see\",\"account.change\"]}"), ADMIN_OK);
	refused(t, test_admin_as(t, officer, "grant.add",
		"{\"address\":\"bob@example.org\",\"role\":\"people\",\"scope\":\"department\",\"value\":\"sales\",\"reason\":\"x\"}"), "approval_needed");
	assert_int_equal(approve(t), ADMIN_OK);
	const char *bob = test_sign_in_second(t, "bob");
	refused(t, test_admin_as(t, bob, "user.set", "{\"address\":\"ann@example.org\",\"department\":\"board\"}"), "denied");
	assert_int_equal(test_admin_as(t, bob, "user.set", "{\"address\":\"ann@example.org\",\"name\":\"Ann A.\",\"department\":\"sales\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "boss"), "user.set", "{\"address\":\"ann@example.org\",\"department\":\"board\"}"), ADMIN_OK);
}

/* ---- a fresh second factor ---- */

static void add_factor(struct test_auth *t, const char *local)
{
	struct arena arena = ARENA_INIT;
	struct account a = test_account(t, &arena, local);
	struct directory_factor f = {.kind = FACTOR_TOTP, .lookup = {1}, .data = SLICE("sealed"), .confirmed = 1, .created = 1};
	uint32_t id;
	memcpy(f.account, a.id, sizeof f.account);
	assert_int_equal(directory_factor_add(t->directory, &f, &id, NULL), 0);
	arena_free(&arena);
}

static void test_what_outlives_a_session_needs_the_factor_again(void **state)
{
	static const char *const operations[][2] = {{"recovery.make", "{}"}, {"delegate.add", "{\"delegate\":\"bob@example.org\"}"},
		{"token.add", "{\"label\":\"script\"}"}};
	struct test_auth *t = *state;
	const char *ann = test_sign_in_second(t, "ann");
	add_factor(t, "ann");
	t->now.wall_ms += (AUTH_STEP_UP_S + 1) * 1000;
	for (size_t i = 0; i < 3; i++)
		refused(t, test_admin_as(t, ann, operations[i][0], operations[i][1]), "step_up");
}

static void test_keys_are_destroyed_and_handed_over_with_the_factor_shown_again(void **state)
{
	struct test_auth *t = *state;
	const char *boss = test_sign_in_second(t, "boss");
	assert_int_equal(test_admin_as(t, boss, "user.disable", of("ann")), ADMIN_OK);
	t->now.wall_ms += (AUTH_STEP_UP_S + 1) * 1000;
	refused(t, test_admin_as(t, boss, "account.shred", "{\"address\":\"ann@example.org\",\"reason\":\"law\"}"), "step_up");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_an_administrator_alone_keeps_out_users_and_colleagues),
		TEST(test_an_administrator_alone_keeps_out_nobody_who_watches),
		TEST(test_two_persons_keep_an_officer_out_and_let_him_in),
		TEST(test_rights_by_grant_count_like_a_role),
		TEST(test_nobody_approves_being_kept_out_and_the_last_approver_stays),
		TEST(test_factors_of_the_privileged_are_reset_by_two),
		TEST(test_an_identity_is_linked_by_two),
		TEST(test_a_mailbox_is_opened_to_more_by_two_persons_or_its_owner),
		TEST(test_a_grant_reaches_no_further_than_its_giver),
		TEST(test_a_role_stays_what_it_was_when_it_was_asked_for),
		TEST(test_the_end_of_a_grant_is_in_the_future),
		TEST(test_the_emergency_access_keeps_rights_apart),
		TEST(test_nobody_moves_people_where_he_may_not_change_any),
		TEST(test_what_outlives_a_session_needs_the_factor_again),
		TEST(test_keys_are_destroyed_and_handed_over_with_the_factor_shown_again),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
