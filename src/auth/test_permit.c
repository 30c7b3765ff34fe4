/* The decision, and the promise that no grants of any kind open somebody else's mail without a case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "auth/permit.h"
#include "base/ensure.h"

#define NOW INT64_C(1700000000)

static struct auth_subject person(enum auth_role role, struct auth_grant *grants, uint8_t id)
{
	struct auth_subject s = {.kind = AUTH_PERSON, .account = {id}, .role = role, .department = SLICE("sales"), .domain = SLICE("example.org"),
		.proven = AUTH_PROVEN_PASSWORD | AUTH_PROVEN_TOTP, .allowed = ~UINT64_C(0), .grants = grants};
	s.grant_count = auth_primary_grants(role, s.department, grants);
	return s;
}

static struct auth_grant grant(auth_rights rights, enum auth_scope scope, const char *value)
{
	return (struct auth_grant){.id = 1, .role = SLICE("r"), .rights = rights, .scope = scope, .value = slice_str(value)};
}

static void test_users_own_their_mailbox_and_nothing_else(void **state)
{
	struct auth_grant g[AUTH_PRIMARY_GRANTS];
	struct auth_subject user = person(AUTH_ROLE_USER, g, 1);
	struct auth_object own = {.account = {1}}, other = {.account = {2}, .department = SLICE("sales")}, organisation = {0};
	assert_true(auth_permit(&user, AUTH_MAIL_VIEW, &own, NOW));
	assert_true(auth_permit(&user, AUTH_ACCOUNT_SEE, &own, NOW));
	assert_true(auth_permit(&user, AUTH_DEVICE_CHANGE, &own, NOW));
	assert_false(auth_permit(&user, AUTH_MAIL_VIEW, &other, NOW));
	assert_false(auth_permit(&user, AUTH_ACCOUNT_SEE, &other, NOW));
	assert_false(auth_permit(&user, AUTH_DEVICE_CHANGE, &other, NOW));
	assert_false(auth_permit(&user, AUTH_ACCOUNT_CHANGE, &own, NOW));
	assert_false(auth_permit(&user, AUTH_DOMAIN_SEE, &organisation, NOW));
}

static void test_department_administrators_see_their_department(void **state)
{
	struct auth_grant g[AUTH_PRIMARY_GRANTS];
	struct auth_subject chief = person(AUTH_ROLE_DEPARTMENT, g, 1);
	struct auth_object mine = {.account = {2}, .department = SLICE("sales")}, other = {.account = {3}, .department = SLICE("law")};
	assert_true(auth_permit(&chief, AUTH_TRACE_SEE, &mine, NOW));
	assert_true(auth_permit(&chief, AUTH_ACCOUNT_SEE, &mine, NOW));
	assert_false(auth_permit(&chief, AUTH_TRACE_SEE, &other, NOW));
	assert_false(auth_permit(&chief, AUTH_MAIL_VIEW, &mine, NOW));
	assert_false(auth_permit(&chief, AUTH_ACCOUNT_CHANGE, &mine, NOW));
}

static void test_staff_has_no_mailbox(void **state)
{
	for (unsigned role = AUTH_ROLE_ADMINISTRATOR; role < AUTH_ROLE_COUNT; role++) {
		assert_false(auth_permit_own((enum auth_role)role, AUTH_MAIL_VIEW));
		assert_false(auth_permit_own((enum auth_role)role, AUTH_MAIL_SEND));
		assert_false(auth_permit_own((enum auth_role)role, AUTH_MAIL_RECEIVE));
		assert_true(auth_permit_own((enum auth_role)role, AUTH_SELF_CHANGE));
	}
}

static void test_privilege_needs_a_second_factor(void **state)
{
	struct auth_grant g[AUTH_PRIMARY_GRANTS];
	struct auth_subject admin = person(AUTH_ROLE_ADMINISTRATOR, g, 1);
	struct auth_object organisation = {0}, own = {.account = {1}};
	assert_true(auth_permit(&admin, AUTH_DOMAIN_CHANGE, &organisation, NOW));
	admin.proven = AUTH_PROVEN_PASSWORD;
	assert_int_equal(auth_decide(&admin, AUTH_DOMAIN_CHANGE, &organisation, NOW).outcome, AUTH_NEEDS_FACTOR);
	assert_int_equal(auth_decide(&admin, AUTH_DOMAIN_SEE, &organisation, NOW).outcome, AUTH_NEEDS_FACTOR);
	assert_true(auth_permit(&admin, AUTH_SELF_CHANGE, &own, NOW));
	/* Also for an ordinary person who was granted something. */
	struct auth_subject user = person(AUTH_ROLE_USER, g, 2);
	struct auth_grant policy = grant(AUTH_BIT(AUTH_POLICY_CHANGE), AUTH_SCOPE_ORGANISATION, "");
	user.grants = &policy;
	user.grant_count = 1;
	assert_true(auth_permit(&user, AUTH_POLICY_CHANGE, &organisation, NOW));
	user.proven = AUTH_PROVEN_PASSWORD;
	assert_false(auth_permit(&user, AUTH_POLICY_CHANGE, &organisation, NOW));
}

static void test_grants_have_scope_and_time(void **state)
{
	struct auth_grant g = grant(AUTH_BIT(AUTH_ACCOUNT_CHANGE), AUTH_SCOPE_DOMAIN, "example.org");
	struct auth_subject s = {.kind = AUTH_PERSON, .account = {1}, .role = AUTH_ROLE_USER, .proven = AUTH_PROVEN_TOTP, .allowed = ~UINT64_C(0),
		.grants = &g, .grant_count = 1};
	struct auth_object in = {.account = {2}, .domain = SLICE("example.org")}, out = {.account = {3}, .domain = SLICE("other.org")}, all = {0};
	assert_true(auth_permit(&s, AUTH_ACCOUNT_CHANGE, &in, NOW));
	assert_false(auth_permit(&s, AUTH_ACCOUNT_CHANGE, &out, NOW));
	assert_false(auth_permit(&s, AUTH_ACCOUNT_CHANGE, &all, NOW));
	g.starts = NOW + 1;
	assert_false(auth_permit(&s, AUTH_ACCOUNT_CHANGE, &in, NOW));
	g.starts = NOW - 10;
	g.ends = NOW;
	assert_false(auth_permit(&s, AUTH_ACCOUNT_CHANGE, &in, NOW));
	g.ends = NOW + 1;
	assert_true(auth_permit(&s, AUTH_ACCOUNT_CHANGE, &in, NOW));
	/* An empty value covers nothing, above all not objects without one. */
	g = grant(AUTH_BIT(AUTH_ACCOUNT_CHANGE), AUTH_SCOPE_DOMAIN, "");
	assert_false(auth_permit(&s, AUTH_ACCOUNT_CHANGE, &all, NOW));
	g = grant(AUTH_BIT(AUTH_ACCOUNT_CHANGE), AUTH_SCOPE_DEPARTMENT, "");
	assert_false(auth_permit(&s, AUTH_ACCOUNT_CHANGE, &all, NOW));
}

static void test_tokens_reach_no_further_than_they_say(void **state)
{
	struct auth_grant g[AUTH_PRIMARY_GRANTS];
	struct auth_subject officer = person(AUTH_ROLE_OFFICER, g, 1);
	struct auth_object organisation = {0};
	assert_true(auth_permit(&officer, AUTH_ROLE_GRANT, &organisation, NOW));
	officer.token = true;
	assert_false(auth_permit(&officer, AUTH_ROLE_GRANT, &organisation, NOW));
	assert_true(auth_permit(&officer, AUTH_POLICY_SEE, &organisation, NOW));
	officer.allowed = AUTH_BIT(AUTH_METRICS_SEE);
	assert_false(auth_permit(&officer, AUTH_POLICY_SEE, &organisation, NOW));
	assert_true(auth_permit(&officer, AUTH_METRICS_SEE, &organisation, NOW));
}

static void test_nobody_is_allowed_nothing(void **state)
{
	struct auth_subject nobody = {0};
	struct auth_object any = {.any = true}, zero = {0};
	for (unsigned r = 0; r < AUTH_RIGHT_COUNT; r++) {
		assert_int_equal(auth_decide(&nobody, (enum auth_right)r, &any, NOW).outcome, AUTH_NEEDS_SIGN_IN);
		assert_int_equal(auth_decide(&nobody, (enum auth_right)r, &zero, NOW).outcome, AUTH_NEEDS_SIGN_IN);
	}
}

static void test_local_subjects_never_touch_mail_content_or_keys(void **state)
{
	static const enum auth_subject_kind kinds[] = {AUTH_LOCAL_SETUP, AUTH_LOCAL_BREAK_GLASS};
	auth_rights forbidden = auth_class_rights(AUTH_CLASS_MAIL) | auth_class_rights(AUTH_CLASS_CONTENT) | auth_class_rights(AUTH_CLASS_KEY)
		| AUTH_BIT(AUTH_CASE_APPROVE);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct auth_grant g[AUTH_PRIMARY_GRANTS];
		struct auth_subject s = {.kind = kinds[k], .allowed = ~UINT64_C(0), .grants = g, .grant_count = auth_local_grants(kinds[k], g)};
		struct auth_object any = {.any = true};
		for (unsigned r = 0; r < AUTH_RIGHT_COUNT; r++)
			if ((forbidden & AUTH_BIT(r)) != 0)
				assert_false(auth_permit(&s, (enum auth_right)r, &any, NOW));
	}
}

static void test_built_in_roles_keep_apart_what_must_be(void **state)
{
	enum auth_right a, b;
	auth_rights set;
	for (size_t i = 0; auth_builtin_role_at(i, &set) != NULL; i++) {
		assert_true(auth_rights_separate(set, &a, &b));
		assert_true(set != 0);
	}
	/* Two of those who run the system are never one person; what goes with an auditor are cases. */
	static const char *const privileged[] = {"administrator", "officer", "auditor", "approver", "custodian"};
	for (size_t i = 0; i < ARRAY_LEN(privileged); i++) {
		for (size_t j = i + 1; j < ARRAY_LEN(privileged); j++) {
			auth_rights one = 0, two = 0;
			assert_true(auth_builtin_role(slice_str(privileged[i]), &one) && auth_builtin_role(slice_str(privileged[j]), &two));
			if (strcmp(privileged[i], "officer") != 0 || strcmp(privileged[j], "auditor") != 0)
				assert_false(auth_rights_separate(one | two, &a, &b));
		}
	}
	auth_rights cases = 0, auditor = 0;
	assert_true(auth_builtin_role(SLICE("case-export"), &cases) && auth_builtin_role(SLICE("auditor"), &auditor));
	assert_true(auth_rights_separate(cases | auditor, &a, &b));
	assert_false(auth_rights_separate(~UINT64_C(0) >> (64 - AUTH_RIGHT_COUNT), &a, &b));
}

/* A small generator, so that a failure can be repeated. */
static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

static struct auth_grant any_grant(uint64_t *seed)
{
	static const char *const values[] = {"", "sales", "example.org", "17", "02000000000000000000000000000000", "03000000000000000000000000000000"};
	return grant(next(seed), (enum auth_scope)(1 + next(seed) % 6), values[next(seed) % ARRAY_LEN(values)]);
}

/* Whatever rows stand in the directory: other people's content opens in the case that the grant names, and nowhere else. */
static void test_no_grants_read_content_without_a_case(void **state)
{
	uint64_t seed = 88172645463325252;
	auth_rights content = auth_class_rights(AUTH_CLASS_CONTENT), mail = auth_class_rights(AUTH_CLASS_MAIL);
	for (int round = 0; round < 20000; round++) {
		struct auth_grant grants[6];
		struct auth_subject s = {.kind = AUTH_PERSON, .account = {1}, .role = (enum auth_role)(1 + next(&seed) % AUTH_ROLE_STORED_MAX),
			.proven = ~0u, .allowed = ~UINT64_C(0), .grants = grants, .grant_count = ARRAY_LEN(grants)};
		bool fits[ARRAY_LEN(grants)], case_17 = false, delegated = false;
		for (size_t i = 0; i < ARRAY_LEN(grants); i++) {
			grants[i] = any_grant(&seed);
			fits[i] = auth_scope_fits(grants[i].rights, grants[i].scope);
			case_17 |= grants[i].scope == AUTH_SCOPE_CASE && slice_eq(grants[i].value, SLICE("17"));
			delegated |= fits[i] && grants[i].scope == AUTH_SCOPE_MAILBOX;
			if (!fits[i])
				grants[i].rights &= ~mail; /* what does not fit is not loaded (auth/subject.c); content is refused even so */
		}
		struct auth_object other = {.account = {2}, .department = SLICE("sales"), .domain = SLICE("example.org")};
		struct auth_object in_case = other, in_another = other;
		in_case.case_id = SLICE("17");
		in_another.case_id = SLICE("18");
		for (unsigned r = 0; r < AUTH_RIGHT_COUNT; r++) {
			if ((content & AUTH_BIT(r)) != 0) {
				assert_false(auth_permit(&s, (enum auth_right)r, &other, NOW));
				assert_false(auth_permit(&s, (enum auth_right)r, &in_another, NOW));
				assert_true(case_17 || !auth_permit(&s, (enum auth_right)r, &in_case, NOW));
			}
			if ((mail & AUTH_BIT(r)) != 0)
				assert_true(delegated || !auth_permit(&s, (enum auth_right)r, &other, NOW));
		}
	}
}

/* Any set of rights that may be in one hand neither reads content beside running, ruling, granting or approving, nor sees all. */
static void test_separate_rights_never_see_all(void **state)
{
	uint64_t seed = 1181783497276652981;
	enum auth_right a, b;
	int separate = 0;
	for (int round = 0; round < 200000; round++) {
		auth_rights set = next(&seed) & next(&seed) & next(&seed) & next(&seed) & ((UINT64_C(1) << AUTH_RIGHT_COUNT) - 1);
		if (!auth_rights_separate(set, &a, &b))
			continue;
		separate++;
		bool content = (set & auth_class_rights(AUTH_CLASS_CONTENT)) != 0;
		auth_rights others = AUTH_BIT(AUTH_ACCOUNT_CHANGE) | AUTH_BIT(AUTH_DOMAIN_CHANGE) | AUTH_BIT(AUTH_SYSTEM_CHANGE) | AUTH_BIT(AUTH_POLICY_CHANGE)
			| AUTH_BIT(AUTH_ROLE_GRANT) | AUTH_BIT(AUTH_CASE_APPROVE) | AUTH_BIT(AUTH_ACT_APPROVE) | AUTH_BIT(AUTH_SHARE_GIVE);
		assert_false(content && (set & others) != 0);
		assert_false((set & AUTH_BIT(AUTH_ROLE_GRANT)) != 0 && (set & AUTH_BIT(AUTH_ACCOUNT_CHANGE)) != 0);
	}
	assert_true(separate > 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users_own_their_mailbox_and_nothing_else),
		cmocka_unit_test(test_department_administrators_see_their_department),
		cmocka_unit_test(test_staff_has_no_mailbox),
		cmocka_unit_test(test_privilege_needs_a_second_factor),
		cmocka_unit_test(test_grants_have_scope_and_time),
		cmocka_unit_test(test_tokens_reach_no_further_than_they_say),
		cmocka_unit_test(test_nobody_is_allowed_nothing),
		cmocka_unit_test(test_local_subjects_never_touch_mail_content_or_keys),
		cmocka_unit_test(test_built_in_roles_keep_apart_what_must_be),
		cmocka_unit_test(test_no_grants_read_content_without_a_case),
		cmocka_unit_test(test_separate_rights_never_see_all),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
