/* Letters to persons: which events are told, to whom, how often; codes; and that nothing is lost on the way. */
#include <string.h>

#include "auth/contact.h"
#include "auth/directory_factor.h"
#include "auth/directory_role.h"
#include "auth/hygiene.h"
#include "auth/notice.h"
#include "auth/notice_contact.h"
#include "auth/test_host.h"
#include "base/ensure.h"
#include "store/fact.h"

#define LETTERS_MAX 100

static struct test_auth *t;
static struct notices *n;
static struct letter_seen {
	char name[40], language[16], domain[80], args[1000], address[330];
	enum fact_kind kind;
} seen[LETTERS_MAX];
static unsigned count, refuse_next;

static void take_letter(void *arg, const struct auth_letter *letter, auth_letter_fn *fn, void *fn_arg)
{
	struct letter_seen *s = &seen[count];
	struct slice list = letter->fact;
	struct recipient_fact fact;
	if (refuse_next > 0) {
		refuse_next--;
		fn(fn_arg, false);
		return;
	}
	assert_true(count < LETTERS_MAX);
	count++;
	assert_int_equal(fact_read_recipient(&list, t->settings.boot_secret, &fact), 0);
	assert_int_equal(list.n, 0);
	s->kind = fact.kind;
	snprintf(s->name, sizeof s->name, "%s", letter->name);
	snprintf(s->language, sizeof s->language, "%.*s", SLICE_ARG(letter->language));
	snprintf(s->domain, sizeof s->domain, "%.*s", SLICE_ARG(letter->domain));
	snprintf(s->args, sizeof s->args, "%.*s", SLICE_ARG(letter->args));
	snprintf(s->address, sizeof s->address, "%.*s", SLICE_ARG(fact.address));
	fn(fn_arg, true);
}

static void pass_on(void *arg, enum log_event event, const struct log_field *fields)
{
	t->recorded[event]++;
	notices_event(n, event, fields);
}

static int setup(void **state)
{
	t = test_auth_create(false);
	count = refuse_next = 0;
	t->host.letter = take_letter;
	t->host.record = pass_on;
	n = notices_create(t->directory, &t->host, &(struct notices_settings){.language = SLICE("en"), .owner_sees = true, .login = &t->settings});
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(notices_waiting(n), 0);
	notices_destroy(&n);
	test_auth_free(&t);
	return 0;
}

static struct account account_of(const char *name, struct arena *arena)
{
	struct address a;
	struct directory_address found;
	struct account account;
	assert_int_equal(address_parse(slice_str(name), arena, &a), 0);
	assert_int_equal(directory_address_get(t->directory, a.local, a.domain, arena, &found), 0);
	assert_int_equal(directory_account_get(t->directory, found.account, arena, &account), 0);
	return account;
}

static void change_account(const char *name, enum auth_role role, const char *language)
{
	struct arena arena = ARENA_INIT;
	struct account account = account_of(name, &arena);
	account.role = role;
	account.language = slice_str(language);
	assert_int_equal(directory_account_update(t->directory, &account, NULL), 0);
	arena_free(&arena);
}

#define TELL(event, ...) notices_event(n, event, (const struct log_field[]){__VA_ARGS__, LOG_END})

static void test_the_owner_is_told_in_the_own_language(void **state)
{
	change_account("ann@example.org", AUTH_ROLE_USER, "zh-TW");
	TELL(EV_PASSWORD_CHANGED, LOG_STR("actor", "ann@example.org"), LOG_STR("address", "ann@example.org"), LOG_STR("why", "user.passwd"));
	assert_int_equal(count, 0); /* what it is about may not be committed yet */
	test_host_run(t);
	assert_int_equal(count, 1);
	assert_string_equal(seen[0].name, "password.changed");
	assert_string_equal(seen[0].language, "zh-TW");
	assert_string_equal(seen[0].domain, "example.org");
	assert_string_equal(seen[0].address, "ann@example.org");
	assert_string_equal(seen[0].args, "time=1700000000\n");
	assert_int_equal(seen[0].kind, FACT_LOCAL);
}

static void test_a_person_chooses_the_language_of_letters(void **state)
{
	const char *token = test_sign_in(t, "ann");
	assert_int_equal(test_admin_as(t, token, "user.language", "{\"language\":\"tlh\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, token, "user.language", "{\"language\":\"zh-CN\"}"), ADMIN_OK);
	assert_int_equal(t->recorded[EV_ACCOUNT_CHANGED], 1);
	assert_int_equal(test_admin_as(t, token, "user.language", "{\"language\":\"zh-CN\"}"), ADMIN_OK);
	assert_int_equal(t->recorded[EV_ACCOUNT_CHANGED], 1);
	assert_int_equal(test_admin_as(t, token, "session.show", "{}"), ADMIN_OK);
	assert_string_equal(test_member(t, "language"), "zh-CN");
	TELL(EV_PASSWORD_CHANGED, LOG_STR("address", "ann@example.org"));
	test_host_run(t);
	assert_string_equal(seen[count - 1].language, "zh-CN");
	assert_int_equal(test_admin_as(t, token, "user.language", "{\"language\":\"\"}"), ADMIN_OK);
	TELL(EV_FACTOR_ADDED, LOG_STR("address", "ann@example.org"), LOG_STR("kind", "totp"));
	test_host_run(t);
	assert_string_equal(seen[count - 1].language, "en");
	assert_int_equal(test_admin_as(t, "", "user.language", "{\"language\":\"en\"}"), ADMIN_DENIED);
}

static void test_what_is_not_in_the_table_is_not_told(void **state)
{
	TELL(EV_LOGIN_OK, LOG_STR("user", "ann@example.org"));
	TELL(EV_DEVICE_SEEN, LOG_STR("address", "ann@example.org"), LOG_STR("status", "approved"));
	TELL(EV_PASSWORD_CHANGED, LOG_STR("address", ""));
	TELL(EV_PASSWORD_CHANGED, LOG_STR("address", "nobody@example.org"));
	TELL(EV_PASSWORD_CHANGED, LOG_STR("address", "ann@elsewhere.net"));
	test_host_run(t);
	assert_int_equal(count, 0);
}

static void unusual(const char *user)
{
	TELL(EV_LOGIN_UNUSUAL, LOG_STR("service", "imap"), LOG_STR("ip", "192.0.2.1"), LOG_TEXT("user", slice_str(user)), LOG_STR("why", "new network"));
	test_host_run(t);
}

static void grant_officer(const char *name, int64_t ends)
{
	struct arena arena = ARENA_INIT;
	struct directory_grant g = {.role = SLICE("officer"), .scope = AUTH_SCOPE_ORGANISATION, .state = GRANT_ACTIVE, .starts = 1, .ends = ends};
	struct account account = account_of(name, &arena);
	uint32_t id;
	memcpy(g.account, account.id, sizeof g.account);
	assert_int_equal(directory_grant_add(t->directory, &g, &id, NULL), 0);
	arena_free(&arena);
}

static void test_an_unusual_sign_in_is_told_to_the_owner_and_to_officers(void **state)
{
	grant_officer("bob@example.org", 0);
	unusual("ann@example.org");
	assert_int_equal(count, 2);
	for (unsigned i = 0; i < 2; i++) {
		bool to_officer = strcmp(seen[i].name, "signin.unusual.officer") == 0;
		assert_string_equal(seen[i].address, to_officer ? "bob@example.org" : "ann@example.org");
		assert_string_equal(seen[i].args, to_officer ? "address=ann@example.org\ntime=1700000000\nservice=imap\nip=192.0.2.1\nwhy=new network\n"
		                                             : "time=1700000000\nservice=imap\nip=192.0.2.1\nwhy=new network\n");
	}
	assert_true(strcmp(seen[0].name, seen[1].name) != 0);
}

/* The officer, with a second factor: without one nothing but registering one is possible. */
static const char *officer_token(void)
{
	struct arena arena = ARENA_INIT;
	struct account account;
	struct directory_factor f = {.kind = FACTOR_TOTP, .data = SLICE("sealed"), .confirmed = 1, .created = 1};
	uint32_t id;
	test_staff(t);
	account = test_account(t, &arena, "rules");
	memcpy(f.account, account.id, sizeof f.account);
	const char *token = test_sign_in_second(t, "rules");
	assert_int_equal(directory_factor_add(t->directory, &f, &id, NULL), 0);
	arena_free(&arena);
	return token;
}

static void give_contact(const char *token, const char *to)
{
	assert_int_equal(test_admin_as(t, token, "contact.set", test_args("{\"to\":\"%s\"}", to)), ADMIN_OK);
	assert_string_equal(t->sent.to, to);
	assert_int_equal(test_admin_as(t, token, "contact.confirm", test_args("{\"code\":\"%s\"}", t->sent.code)), ADMIN_OK);
}

static unsigned letters_to(const char *address, const char *name)
{
	unsigned found = 0;
	for (unsigned i = 0; i < count; i++)
		found += strcmp(seen[i].address, address) == 0 && strcmp(seen[i].name, name) == 0;
	return found;
}

static void emergency(const char *op)
{
	notices_event(n, EV_BREAK_GLASS, (const struct log_field[]){LOG_STR("actor", "unix:0"), LOG_STR("op", op), LOG_STR("object", "ann@example.org"),
		LOG_STR("reason", "nobody is left"), LOG_END});
	test_host_run(t);
}

static void test_officers_without_a_mailbox_get_alarms_where_they_said(void **state)
{
	const char *token = officer_token();
	emergency("user.disable");
	assert_int_equal(count, 0); /* nobody knows where */
	assert_int_equal(test_admin_as(t, token, "contact.set", "{\"to\":\"rules@elsewhere.test\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "contact.confirm", "{\"code\":\"000000\"}"), ADMIN_DENIED);
	emergency("user.enable");
	assert_int_equal(count, 0); /* nothing is proven */
	give_contact(token, "rules@elsewhere.test");
	assert_int_equal(test_admin_as(t, token, "contact.show", "{}"), ADMIN_OK);
	assert_string_equal(test_member(t, "contact"), "r***@elsewhere.test");
	emergency("user.remove");
	assert_int_equal(letters_to("rules@elsewhere.test", "break_glass.officer"), 1);
	assert_true(strstr(seen[count - 1].args, "op=user.remove\n") != NULL && strstr(seen[count - 1].args, "reason=nobody is left\n") != NULL);
	assert_int_equal(seen[count - 1].kind, FACT_REMOTE);
	/* While another one is not proven, the former counts. */
	assert_int_equal(test_admin_as(t, token, "contact.set", "{\"to\":\"thief@elsewhere.test\"}"), ADMIN_OK);
	emergency("user.leave");
	assert_int_equal(letters_to("rules@elsewhere.test", "break_glass.officer"), 2);
	assert_int_equal(test_admin_as(t, token, "contact.remove", "{}"), ADMIN_OK);
	emergency("user.import");
	assert_int_equal(letters_to("rules@elsewhere.test", "break_glass.officer"), 2);
}

static void test_a_contact_waits_for_key_and_is_sealed(void **state)
{
	struct arena arena = ARENA_INIT;
	struct slice sealed;
	bool proven;
	give_contact(officer_token(), "rules@elsewhere.test");
	struct account account = test_account(t, &arena, "rules");
	assert_int_equal(directory_contact_get(t->directory, account.id, &arena, &sealed, &proven), 0);
	assert_true(proven && slice_search(sealed, SLICE("elsewhere")) < 0);
	t->key_away = true;
	emergency("user.disable");
	assert_int_equal(count, 0);
	t->key_away = false;
	emergency("user.enable");
	assert_int_equal(letters_to("rules@elsewhere.test", "break_glass.officer"), 1);
	arena_free(&arena);
}

static void test_who_has_a_mailbox_has_no_other_contact(void **state)
{
	const char *token = officer_token();
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "ann"), "contact.set", "{\"to\":\"ann@elsewhere.test\"}"), ADMIN_FAILED);
	assert_int_equal(test_admin_as(t, "ll1-", "contact.set", "{\"to\":\"ann@elsewhere.test\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, token, "contact.set", "{\"to\":\"rules@example.org\"}"), ADMIN_INVALID);
}

static void test_who_may_not_send_any_more_is_told_and_so_are_officers(void **state)
{
	grant_officer("bob@example.org", 0);
	TELL(EV_SENDING_SUSPENDED, LOG_STR("actor", "letterlock"), LOG_STR("address", "ann@example.org"), LOG_STR("why", "messages"));
	test_host_run(t);
	assert_int_equal(count, 2);
	for (unsigned i = 0; i < 2; i++) {
		bool to_officer = strcmp(seen[i].name, "sending.suspended.officer") == 0;
		assert_true(to_officer || strcmp(seen[i].name, "sending.suspended") == 0);
		assert_string_equal(seen[i].address, to_officer ? "bob@example.org" : "ann@example.org");
		assert_string_equal(seen[i].args, to_officer ? "address=ann@example.org\ntime=1700000000\nwhy=messages\nactor=letterlock\n"
			: "time=1700000000\nwhy=messages\n");
	}
}

static void test_a_former_officer_is_told_nothing(void **state)
{
	grant_officer("bob@example.org", 1600000000);
	unusual("ann@example.org");
	assert_int_equal(count, 1);
	assert_string_equal(seen[0].address, "ann@example.org");
}

static void test_the_same_is_told_once_in_its_time(void **state)
{
	for (int i = 0; i < 50; i++)
		unusual("ann@example.org");
	assert_int_equal(count, 1);
	unusual("bob@example.org");
	assert_int_equal(count, 2);
	t->now.mono_ms += 3600 * 1000;
	unusual("ann@example.org");
	assert_int_equal(count, 3);
}

static void test_nobody_is_flooded(void **state)
{
	char device[20];
	for (int i = 0; i < 90; i++) {
		snprintf(device, sizeof device, "device %d", i);
		TELL(EV_DEVICE_SEEN, LOG_STR("address", "ann@example.org"), LOG_STR("device", device), LOG_STR("status", "pending"));
		test_host_run(t);
	}
	assert_int_equal(count, NOTICES_PER_DAY);
}

static void test_a_recovery_code_is_told_as_such(void **state)
{
	TELL(EV_PASSWORD_RESET, LOG_STR("address", "ann@example.org"), LOG_STR("why", "user.reset"));
	TELL(EV_PASSWORD_RESET, LOG_STR("address", "bob@example.org"), LOG_STR("why", "lose_mail"), LOG_STR("actor", "root"));
	test_host_run(t);
	assert_int_equal(count, 2);
	assert_string_equal(seen[0].name, "recovery.used");
	assert_string_equal(seen[1].name, "password.reset");
	assert_non_null(strstr(seen[1].args, "actor=root\n"));
}

static void test_openings_are_told_as_the_configuration_says(void **state)
{
	TELL(EV_ACCESS_OPENED, LOG_STR("owner", "ann@example.org"), LOG_STR("actor", "bob@example.org"), LOG_STR("ip", "192.0.2.1"));
	test_host_run(t);
	assert_int_equal(count, 1);
	assert_string_equal(seen[0].name, "mailbox.opened");
	notices_configure(n, &(struct notices_settings){.language = SLICE("en"), .owner_sees = false, .login = &t->settings});
	TELL(EV_ACCESS_OPENED, LOG_STR("owner", "bob@example.org"), LOG_STR("actor", "ann@example.org"), LOG_STR("ip", "192.0.2.1"));
	test_host_run(t);
	assert_int_equal(count, 1);
}

static void test_who_has_no_mailbox_gets_no_letter(void **state)
{
	change_account("ann@example.org", AUTH_ROLE_ADMINISTRATOR, "");
	TELL(EV_PASSWORD_CHANGED, LOG_STR("address", "ann@example.org"));
	test_host_run(t);
	assert_int_equal(count, 0);
}

static void test_a_letter_goes_again_until_it_is_durable(void **state)
{
	refuse_next = NOTICE_TRIES - 1;
	TELL(EV_PASSWORD_CHANGED, LOG_STR("address", "ann@example.org"));
	test_host_run(t);
	assert_int_equal(count, 1);
	refuse_next = 100;
	TELL(EV_PASSWORD_CHANGED, LOG_STR("address", "bob@example.org"));
	test_host_run(t);
	assert_int_equal(count, 1);
	assert_int_equal(refuse_next, 100 - NOTICE_TRIES);
	assert_int_equal(t->recorded[EV_INTERNAL], 1);
}

static void test_a_line_break_begins_no_argument(void **state)
{
	TELL(EV_DEVICE_SEEN, LOG_STR("address", "ann@example.org"), LOG_STR("device", "x\ntime=1"), LOG_STR("status", "pending"));
	test_host_run(t);
	assert_string_equal(seen[0].args, "time=1700000000\ndevice=x time=1\n");
}

/* ---- codes ---- */

static void send_code(const char *to)
{
	struct arena arena = ARENA_INIT;
	struct account account = account_of("ann@example.org", &arena);
	struct auth_factor_send send = {.kind = FACTOR_MAIL, .code = "493817"};
	memcpy(send.account, account.id, sizeof send.account);
	snprintf(send.to, sizeof send.to, "%s", to);
	notices_code(n, &send);
	test_host_run(t);
	arena_free(&arena);
}

static void add_alias(const char *name, const char *target)
{
	struct arena arena = ARENA_INIT;
	struct address a;
	assert_int_equal(address_parse(slice_str(name), &arena, &a), 0);
	assert_int_equal(directory_alias_add(t->directory, &a, slice_str(target), NULL), 0);
	arena_free(&arena);
}

static void test_a_code_goes_to_an_address_outside_or_to_another_mailbox(void **state)
{
	send_code("ann@home.example.net");
	assert_int_equal(count, 1);
	assert_int_equal(seen[0].kind, FACT_REMOTE);
	assert_string_equal(seen[0].address, "ann@home.example.net");
	assert_string_equal(seen[0].args, "code=493817\nminutes=5\n");
	assert_string_equal(seen[0].domain, "example.org");
	send_code("bob@example.org");
	assert_int_equal(count, 2);
	assert_int_equal(seen[1].kind, FACT_LOCAL);
}

static void test_a_code_never_comes_to_the_mailbox_that_it_opens(void **state)
{
	struct arena arena = ARENA_INIT;
	struct address group;
	add_alias("me@example.org", "ann@example.org");
	add_alias("far@example.org", "me@example.org");
	assert_int_equal(address_parse(SLICE("team@example.org"), &arena, &group), 0);
	assert_int_equal(directory_group_add(t->directory, &group, SLICE("team"), NULL), 0);
	assert_int_equal(directory_member_add(t->directory, &group, SLICE("bob@example.org"), NULL), 0);
	assert_int_equal(directory_member_add(t->directory, &group, SLICE("far@example.org"), NULL), 0);
	static const char *const own[] = {"ann@example.org", "Ann@Example.ORG", "ann+codes@example.org", "me@example.org", "far@example.org", "team@example.org"};
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		send_code(own[i]);
	send_code("nobody@example.org");
	assert_int_equal(count, 0);
	assert_int_equal(t->recorded[EV_INTERNAL], ARRAY_LEN(own) + 1);
	arena_free(&arena);
}

/* ---- others ---- */

static void test_a_letter_of_another_part_is_written_once_a_minute(void **state)
{
	struct arena arena = ARENA_INIT;
	struct account ann = account_of("ann@example.org", &arena);
	assert_true(notices_send(n, ann.id, NOTICE_SENDING_SUSPENDED, (const struct log_field[]){LOG_STR("why", "too much"), LOG_END}));
	assert_false(notices_send(n, ann.id, NOTICE_SENDING_SUSPENDED, (const struct log_field[]){LOG_END}));
	test_host_run(t);
	assert_int_equal(count, 1);
	assert_string_equal(seen[0].args, "time=1700000000\nwhy=too much\n");
	arena_free(&arena);
}

static void test_disuse_is_told_before_it_ends_an_account_and_once(void **state)
{
	hygiene_daily(t->directory, &t->host); /* notes of use begin */
	for (int day = 1; day < HYGIENE_DAYS + 3; day++) {
		t->now.wall_ms += INT64_C(86400000);
		t->now.mono_ms += INT64_C(86400000);
		hygiene_daily(t->directory, &t->host);
		test_host_run(t);
		if (day < HYGIENE_DAYS - HYGIENE_WARN_DAYS)
			assert_int_equal(count, 0);
	}
	assert_int_equal(t->recorded[EV_ACCOUNT_DISABLED], 2);
	assert_int_equal(t->recorded[EV_ACCOUNT_UNUSED], 2);
	assert_int_equal(count, 2);
	assert_string_equal(seen[0].name, "account.unused");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_owner_is_told_in_the_own_language),
		TEST(test_a_person_chooses_the_language_of_letters),
		TEST(test_what_is_not_in_the_table_is_not_told),
		TEST(test_an_unusual_sign_in_is_told_to_the_owner_and_to_officers),
		TEST(test_officers_without_a_mailbox_get_alarms_where_they_said),
		TEST(test_a_contact_waits_for_key_and_is_sealed),
		TEST(test_who_has_a_mailbox_has_no_other_contact),
		TEST(test_who_may_not_send_any_more_is_told_and_so_are_officers),
		TEST(test_a_former_officer_is_told_nothing),
		TEST(test_the_same_is_told_once_in_its_time),
		TEST(test_nobody_is_flooded),
		TEST(test_a_recovery_code_is_told_as_such),
		TEST(test_openings_are_told_as_the_configuration_says),
		TEST(test_who_has_no_mailbox_gets_no_letter),
		TEST(test_a_letter_goes_again_until_it_is_durable),
		TEST(test_a_line_break_begins_no_argument),
		TEST(test_a_code_goes_to_an_address_outside_or_to_another_mailbox),
		TEST(test_a_code_never_comes_to_the_mailbox_that_it_opens),
		TEST(test_a_letter_of_another_part_is_written_once_a_minute),
		TEST(test_disuse_is_told_before_it_ends_an_account_and_once),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("auth_notice", tests, NULL, NULL);
}
