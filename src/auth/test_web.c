/* Sessions of the web: lock, what has to be done first, proof of work, one-time links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "auth/link.h"
#include "auth/test_host.h"
#include "crypt/crypt.h"

#define START "{\"address\":\"ann@example.org\",\"password\":\"ann password\",\"web\":true}"

static char token[SESSION_TOKEN_SIZE + 1];

static struct test_auth *begin(void)
{
	struct test_auth *t = test_auth_create(false);
	assert_int_equal(test_admin(t, "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"ann password\"}"), 0);
	assert_int_equal(test_admin_as(t, "", "session.start", START), 0);
	(void)snprintf(token, sizeof token, "%s", test_member(t, "token"));
	return t;
}

static const char *code_of(struct test_auth *t, const char *op, const char *args)
{
	(void)test_admin_as(t, token, op, args);
	return test_member(t, "code");
}

static int found(struct test_auth *t)
{
	struct arena arena = ARENA_INIT;
	struct session session;
	int rc = session_find(t->directory, slice_str(token), moment_unix(t->now), &arena, &session);
	arena_free(&arena);
	return rc;
}

static void test_a_locked_session_is_none_until_it_is_unlocked(void **state)
{
	struct test_auth *t = begin();
	assert_int_equal(found(t), 0);
	assert_int_equal(test_admin_as(t, token, "session.lock", "{}"), 0);
	assert_int_equal(found(t), ERR_DENIED);
	assert_string_equal(code_of(t, "session.list", "{\"address\":\"ann@example.org\"}"), "locked");
	assert_string_equal(code_of(t, "session.unlock", "{\"password\":\"wrong\"}"), "password");
	assert_int_equal(found(t), ERR_DENIED);
	assert_int_equal(test_admin_as(t, token, "session.show", "{}"), 0);
	assert_string_equal(test_member(t, "address"), "ann@example.org");
	assert_string_equal(test_member(t, "role"), "");
	assert_int_equal(test_admin_as(t, token, "session.unlock", "{\"password\":\"ann password\"}"), 0);
	assert_int_equal(found(t), 0);
	test_auth_free(&t);
}

static void test_asking_who_is_signed_in_keeps_no_session_awake(void **state)
{
	struct test_auth *t = begin();
	int64_t before, after;
	(void)test_admin_as(t, token, "session.show", "{}");
	before = test_number(t, "idle_ends");
	t->now.wall_ms += SECONDS_MS(300);
	(void)test_admin_as(t, token, "session.show", "{}");
	assert_int_equal(test_number(t, "idle_ends"), before);
	(void)test_admin_as(t, token, "session.list", "{\"address\":\"ann@example.org\"}");
	(void)test_admin_as(t, token, "session.show", "{}");
	after = test_number(t, "idle_ends");
	assert_true(after > before);
	test_auth_free(&t);
}

static bool is_needed(const struct test_auth *t)
{
	json_t *answer = json_loadb((const char *)buf_slice(&t->result).p, buf_len(&t->result), 0, NULL);
	bool needed = json_is_true(json_object_get(answer, "needed"));
	assert_true(json_is_boolean(json_object_get(answer, "needed")));
	json_decref(answer);
	return needed;
}

static void test_another_spelling_of_a_name_asks_for_the_same_work(void **state)
{
	static const char *const spellings[] = {"ann@example.org", "ANN@Example.ORG", "\\\"ann\\\"@example.org", "ann@example.org.", "ann@\xef\xbd\x85xample.org"};
	struct test_auth *t = test_auth_create(false);
	auth_admin_configure(t->admin, &(struct auth_admin_settings){.work = AUTH_WORK_AFTER_FAILURES, .work_bits = 6, .hostname = SLICE("mail.example.org"),
		.session_idle_s = 3600, .session_s = 43200, .cost = PASSWORD_COST_MIN});
	throttle_work(auth_login_throttle(t->login), 3, 0);
	for (int i = 0; i < 3; i++)
		(void)throttle_failed(auth_login_throttle(t->login), slice_str(test_args("203.0.113.%d", i)), SLICE("ann@example.org"), 1, t->now);
	for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
		(void)test_admin_as(t, "", "session.start", test_args("{\"address\":\"%s\",\"password\":\"wrong\",\"web\":true}", spellings[i]));
		assert_string_equal(test_member(t, "code"), "work_needed");
		assert_int_equal(test_admin_as(t, "", "session.work", test_args("{\"address\":\"%s\"}", spellings[i])), 0);
		assert_true(is_needed(t));
	}
	assert_int_equal(test_admin_as(t, "", "session.work", "{\"address\":\"bob@example.org\"}"), 0);
	assert_false(is_needed(t));
	test_auth_free(&t);
}

static void test_links_work_once_and_not_for_long(void **state)
{
	struct links *links = links_create();
	struct secrets secrets = SECRETS_NONE, got = SECRETS_NONE;
	struct error err = {0};
	struct moment now = {.mono_ms = 1000};
	char text[LINK_TEXT_SIZE + 1];
	uint8_t account[16] = {7}, id[16];
	unsigned proven = 0;
	assert_int_equal(secrets_add(&secrets, 1, &err), 0);
	links_make(links, account, &secrets, 3, now, text);
	assert_int_equal(links_use(links, SLICE("nothing"), now, id, &got, &proven), ERR_DENIED);
	assert_int_equal(links_use(links, slice_str(text), now, id, &got, &proven), 0);
	assert_memory_equal(id, account, sizeof id);
	assert_int_equal(proven, 3);
	secrets_free(&got);
	assert_int_equal(links_use(links, slice_str(text), now, id, &got, &proven), ERR_DENIED);
	links_make(links, account, &secrets, 3, now, text);
	now.mono_ms += SECONDS_MS(LINK_S);
	assert_int_equal(links_use(links, slice_str(text), now, id, &got, &proven), ERR_DENIED);
	secrets_free(&secrets);
	links_destroy(&links);
}

static void test_the_oldest_link_gives_way(void **state)
{
	struct links *links = links_create();
	struct secrets secrets = SECRETS_NONE, got = SECRETS_NONE;
	struct error err = {0};
	struct moment now = {.mono_ms = 1000};
	char first[LINK_TEXT_SIZE + 1], text[LINK_TEXT_SIZE + 1];
	uint8_t account[16] = {7}, id[16];
	unsigned proven = 0;
	assert_int_equal(secrets_add(&secrets, 1, &err), 0);
	links_make(links, account, &secrets, 0, now, first);
	for (unsigned i = 0; i < LINKS_MAX; i++)
		links_make(links, account, &secrets, 0, now, text);
	assert_int_equal(links_use(links, slice_str(first), now, id, &got, &proven), ERR_DENIED);
	assert_int_equal(links_use(links, slice_str(text), now, id, &got, &proven), 0);
	secrets_free(&got);
	secrets_free(&secrets);
	links_destroy(&links);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_locked_session_is_none_until_it_is_unlocked),
		cmocka_unit_test(test_asking_who_is_signed_in_keeps_no_session_awake),
		cmocka_unit_test(test_another_spelling_of_a_name_asks_for_the_same_work),
		cmocka_unit_test(test_links_work_once_and_not_for_long), cmocka_unit_test(test_the_oldest_link_gives_way),
	};
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
