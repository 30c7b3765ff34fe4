/* Devices, what a credential may be used for, conditions: through sign-ins and operations, with fake time. */
#include "auth/test_host.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "auth/access.h"
#include "auth/directory_role.h"
#include "auth/hygiene.h"
#include "auth/session.h"
#include "ipc/admin.h"

#define DAY_MS INT64_C(86400000)
#define MAIL_ALL (~UINT64_C(0))

static struct test_auth *t;
static uint8_t ann_id[16];

static int setup(void **state)
{
	t = test_auth_create(false);
	return 0;
}

static int teardown(void **state)
{
	test_auth_free(&t);
	return 0;
}

static const char *kept(const char *value)
{
	static char text[8][100];
	static unsigned next;
	char *to = text[next++ % 8];
	snprintf(to, sizeof text[0], "%s", value);
	return to;
}

static bool says(const char *text)
{
	return slice_search(buf_slice(&t->result), slice_str(text)) >= 0;
}

/* An app password of ann with these further arguments. */
static const char *app_password(const char *more)
{
	assert_int_equal(test_admin_as(t, "ll1-", "user.app_password.add",
		test_args("{\"address\":\"ann@example.org\",\"password\":\"ann password\",\"label\":\"phone\"%s}", more)), ADMIN_OK);
	return kept(test_member(t, "app_password"));
}

static enum auth_status sign_in_mail(const char *password, enum auth_protocol protocol, const char *address)
{
	char data[300];
	int n = snprintf(data, sizeof data, "%cann@example.org%c%s", 0, 0, password);
	struct auth_step step = {.sender = 1, .protocol = protocol, .tls = AUTH_TLS_ON, .address = slice_str(address), .mechanism = SLICE("PLAIN"),
		.data = slice_make(data, (size_t)n)};
	enum auth_status status = test_run_step(t, &step);
	if (status == AUTH_OK)
		memcpy(ann_id, t->account, sizeof ann_id);
	return status;
}

static const char *session_of(const char *local, const char *more)
{
	if (test_admin_as(t, "ll1-", "session.start", test_args("{\"address\":\"%s@example.org\",\"password\":\"%s password\"%s}", local, local, more)) != ADMIN_OK)
		return NULL;
	const char *token = kept(test_member(t, "token"));
	struct arena arena = ARENA_INIT;
	struct session session;
	int64_t now = moment_unix(t->now);
	assert_int_equal(session_find(t->directory, slice_str(token), now, &arena, &session), 0);
	assert_int_equal(session_proven(t->directory, session.id, AUTH_PROVEN_TOTP, now, NULL), 0);
	arena_free(&arena);
	return token;
}

static const char *officer(void)
{
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"rules@example.org\",\"password\":\"rules password\",\"role\":\"officer\"}"), ADMIN_OK);
	return session_of("rules", "");
}

static void set_policy(const char *token, const char *name, const char *value)
{
	if (test_admin_as(t, token, "policy.set", test_args("{\"name\":\"%s\",\"value\":%s}", name, value)) != ADMIN_OK)
		{ print_message("# %.*s\n", SLICE_ARG(buf_slice(&t->result))); fail(); }
}

/* ---- what a credential may be used for ---- */

static void test_an_app_password_is_for_its_protocols_networks_and_time(void **state)
{
	const char *imap = app_password(",\"protocols\":[\"imap\"],\"networks\":[\"192.0.2.0/24\",\"2001:db8::/32\"],\"days\":7");
	assert_int_equal(sign_in_mail(imap, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	assert_int_equal(sign_in_mail(imap, AUTH_PROTOCOL_IMAP, "2001:db8::1"), AUTH_OK);
	assert_int_equal(t->recorded[EV_LOGIN_POLICY], 0);
	assert_int_equal(sign_in_mail(imap, AUTH_PROTOCOL_POP3, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(sign_in_mail(imap, AUTH_PROTOCOL_SUBMISSION, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(sign_in_mail(imap, AUTH_PROTOCOL_IMAP, "198.51.100.9"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(t->recorded[EV_LOGIN_POLICY], 3);
	t->now.wall_ms += 7 * DAY_MS;
	assert_int_equal(sign_in_mail(imap, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(t->recorded[EV_LOGIN_POLICY], 4);
}

static void test_a_refusal_by_policy_looks_like_a_wrong_password(void **state)
{
	const char *imap = app_password(",\"protocols\":[\"imap\"]");
	int64_t began = t->now.mono_ms;
	assert_int_equal(sign_in_mail("wrong", AUTH_PROTOCOL_POP3, "192.0.2.1"), AUTH_BAD_CREDENTIALS);
	int64_t took = t->answered_at - began;
	began = t->now.mono_ms;
	assert_int_equal(sign_in_mail(imap, AUTH_PROTOCOL_POP3, "198.51.100.1"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(t->answered_at - began, took);
}

static void test_wrong_limits_are_refused(void **state)
{
	static const char *const bad[] = {"\"protocols\":[\"web\"]", "\"protocols\":[\"smtp\"]", "\"networks\":[\"192.0.2.0/33\"]", "\"days\":-1", "\"days\":99999"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(test_admin_as(t, "ll1-", "user.app_password.add",
			test_args("{\"address\":\"ann@example.org\",\"password\":\"ann password\",%s}", bad[i])), ADMIN_INVALID);
}

static void test_use_is_noted_and_shown(void **state)
{
	const char *code = app_password(",\"device\":\"Ann's phone\"");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.10"), AUTH_OK);
	const char *ann = session_of("ann", "");
	assert_int_equal(test_admin_as(t, ann, "user.app_password.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_true(says("\"uses\":2") && says("192.0.2.10"));
	assert_int_equal(test_admin_as(t, ann, "device.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_true(says("Ann's phone") && says("\"approved\"") && says("\"credential\":\"app password\""));
	assert_int_equal(test_admin_as(t, ann, "signin.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_true(says("\"protocol\":\"imap\"") && says("\"protocol\":\"web\""));
	assert_int_equal(test_admin_as(t, ann, "device.list", "{\"address\":\"bob@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, session_of("bob", ""), "device.block", "{\"id\":1}"), ADMIN_DENIED);
}

/* ---- approval ---- */

static void test_new_devices_wait_where_policy_says_so(void **state)
{
	const char *rules = officer();
	set_policy(rules, "devices", "{\"approval\":\"new\",\"roles\":[\"user\"]}");
	const char *code = app_password("");
	long long device = test_number(t, "device");
	assert_string_equal(test_member(t, "device_state"), "pending");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	/* The password itself is no approved device either. */
	assert_int_equal(sign_in_mail("ann password", AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(t->recorded[EV_DEVICE_SEEN], 1);
	assert_int_equal(test_admin_as(t, rules, "device.all", "{\"state\":\"pending\"}"), ADMIN_OK);
	assert_true(says("ann@example.org") && says("phone"));
	assert_int_equal(test_admin_as(t, rules, "device.approve", test_args("{\"id\":%lld}", device)), ADMIN_OK);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	assert_int_equal(sign_in_mail("ann password", AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_admin_as(t, rules, "device.block", test_args("{\"id\":%lld,\"reason\":\"lost\"}", device)), ADMIN_OK);
	assert_true(t->revokes > 0);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
}

static void test_a_browser_waits_and_is_known_again(void **state)
{
	const char *rules = officer();
	set_policy(rules, "devices", "{\"approval\":\"new\",\"roles\":[\"user\"]}");
	assert_null(session_of("ann", ",\"device\":\"desk\""));
	assert_string_equal(test_member(t, "code"), "device_pending");
	const char *key = kept(test_member(t, "device_key"));
	assert_int_equal(strlen(key), 43);
	assert_null(session_of("ann", test_args(",\"device_key\":\"%s\"", key)));
	assert_int_equal(test_admin_as(t, rules, "device.all", "{\"state\":\"pending\"}"), ADMIN_OK);
	assert_true(says("desk"));
	assert_int_equal(test_admin_as(t, rules, "device.approve", "{\"id\":1}"), ADMIN_OK);
	const char *ann = session_of("ann", test_args(",\"device_key\":\"%s\"", key));
	assert_non_null(ann);
	/* Policy does not let her approve another one. */
	assert_null(session_of("ann", ""));
	assert_int_equal(test_admin_as(t, ann, "device.approve", "{\"id\":2}"), ADMIN_DENIED);
	set_policy(rules, "devices", "{\"approval\":\"new\",\"roles\":[\"user\"],\"own\":true}");
	if (test_admin_as(t, ann, "device.approve", "{\"id\":2}") != ADMIN_OK)
		{ print_message("# %.*s\n", SLICE_ARG(buf_slice(&t->result))); fail(); }
	/* Removing the first ends its session. */
	assert_int_equal(test_admin_as(t, rules, "device.remove", "{\"id\":1}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, ann, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
}

static void test_all_means_those_that_were_there_before_too(void **state)
{
	const char *code = app_password(""), *rules = officer();
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	set_policy(rules, "devices", "{\"approval\":\"new\",\"roles\":[\"user\"]}");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	set_policy(rules, "devices", "{\"approval\":\"all\",\"roles\":[\"user\"]}");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
}

static void claim(const char *claims)
{
	json_t *o = json_loads(claims, 0, NULL);
	access_claims(auth_login_access(t->login), ann_id, t->last_credential, o);
	json_decref(o);
}

static void test_a_device_that_says_it_is_another_waits_again(void **state)
{
	const char *rules = officer(), *code = app_password("");
	set_policy(rules, "devices", "{\"approval\":\"none\",\"changed\":true}");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	claim("{\"name\":\"Mail\",\"version\":\"1.0\",\"os\":\"iOS\"}");
	claim("{\"name\":\"Mail\",\"version\":\"1.1\",\"os\":\"iOS\"}");
	assert_int_equal(t->recorded[EV_DEVICE_CHANGED], 0);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	claim("{\"name\":\"curl\",\"version\":\"8\"}");
	assert_int_equal(t->recorded[EV_DEVICE_CHANGED], 1);
	assert_int_equal(t->last_revoked, t->last_credential);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_admin_as(t, rules, "device.approve", "{\"id\":1}"), ADMIN_OK);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
}

static void test_programs_below_the_floor_are_refused_or_limited(void **state)
{
	const char *rules = officer(), *code = app_password("");
	set_policy(rules, "clients", "{\"rows\":[{\"name\":\"OldMail\",\"min\":\"3.10\",\"action\":\"refuse\"},"
		"{\"name\":\"SoSo\",\"min\":\"2\",\"action\":\"limit\"}]}");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	claim("{\"name\":\"OldMail\",\"version\":\"3.10.1\"}");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	claim("{\"name\":\"OldMail\",\"version\":\"3.9\"}");
	assert_int_equal(t->last_revoked, t->last_credential);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	claim("{\"name\":\"SoSo\",\"version\":\"1.9\"}");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	assert_true(t->last_rights != MAIL_ALL);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_SUBMISSION, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_admin_as(t, rules, "client.report", "{}"), ADMIN_OK);
	assert_true(says("SoSo/1.9") && says("\"floor\":\"limit\"") && says("OldMail/3.10.1"));
}

/* ---- conditions ---- */

static void test_conditions_decide_over_mail_and_web(void **state)
{
	const char *rules = officer(), *code = app_password("");
	set_policy(rules, "conditions", "{\"rules\":[{\"name\":\"no pop\",\"if\":{\"protocols\":[\"pop3\"]},\"then\":\"deny\"},"
		"{\"name\":\"outside reads\",\"if\":{\"outside\":[\"192.0.2.0/24\"],\"protocols\":[\"imap\"]},\"then\":\"read_only\"},"
		"{\"name\":\"own\",\"if\":{\"protocols\":[\"imap\"]},\"then\":\"step_up\"}]}");
	assert_int_equal(test_admin_as(t, rules, "condition.confirm", "{}"), ADMIN_OK);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_POP3, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	assert_true(t->last_rights == MAIL_ALL);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "198.51.100.9"), AUTH_OK);
	assert_true(t->last_rights != MAIL_ALL);
	/* The password was made behind no second factor. */
	assert_int_equal(sign_in_mail("ann password", AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
}

static void test_nobody_shuts_himself_out(void **state)
{
	const char *rules = officer();
	static const char *const bad[] = {"\"roles\":[\"officer\"]},\"then\":\"deny\"", "\"protocols\":[\"web\"]},\"then\":\"read_only\"", "},\"then\":\"deny\""};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(test_admin_as(t, rules, "policy.set",
			test_args("{\"name\":\"conditions\",\"value\":{\"rules\":[{\"name\":\"x\",\"if\":{%s}]}}", bad[i])), ADMIN_DENIED);
		assert_string_equal(test_member(t, "code"), "locks_out");
	}
	/* A second factor that was shown counts. */
	set_policy(rules, "conditions", "{\"rules\":[{\"name\":\"x\",\"if\":{\"protocols\":[\"web\"]},\"then\":\"step_up\"}]}");
	assert_int_equal(test_admin_as(t, rules, "condition.confirm", "{}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, rules, "condition.confirm", "{}"), ADMIN_NOT_FOUND);
	assert_null(session_of("ann", ""));
	assert_string_equal(test_member(t, "code"), "step_up");
}

static void test_conditions_that_nobody_confirms_come_back(void **state)
{
	const char *rules = officer(), *code = app_password("");
	set_policy(rules, "conditions", "{\"rules\":[{\"name\":\"none\",\"if\":{\"protocols\":[\"imap\"]},\"then\":\"deny\"}]}");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	t->now.wall_ms += 61000;
	t->now.mono_ms += 61000;
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	assert_int_equal(t->recorded[EV_CONFIG_REVERTED], 1);
	assert_int_equal(test_admin_as(t, rules, "policy.get", "{\"name\":\"conditions\"}"), ADMIN_OK);
	assert_true(says("\"rules\":[]"));
	assert_int_equal(test_admin_as(t, rules, "condition.confirm", "{}"), ADMIN_NOT_FOUND);
}

/* Nobody signs in: the time alone brings them back, also over a restart. */
static void test_unconfirmed_conditions_come_back_by_themselves(void **state)
{
	const char *rules = officer();
	struct access *access = auth_login_access(t->login);
	set_policy(rules, "conditions", "{\"rules\":[{\"name\":\"none\",\"if\":{\"protocols\":[\"imap\"]},\"then\":\"deny\"}]}");
	t->now.wall_ms += 59000;
	access_watch(access);
	assert_int_equal(t->recorded[EV_CONFIG_REVERTED], 0);
	/* A second change does not confirm the first one. */
	set_policy(rules, "conditions", "{\"rules\":[{\"name\":\"none\",\"if\":{\"protocols\":[\"pop3\"]},\"then\":\"deny\"}]}");
	test_auth_restart(t);
	access = auth_login_access(t->login);
	t->now.wall_ms += 60000;
	access_watch(access);
	access_watch(access);
	assert_int_equal(t->recorded[EV_CONFIG_REVERTED], 1);
	assert_int_equal(test_admin(t, "policy.get", "{\"name\":\"conditions\"}"), ADMIN_OK);
	assert_true(says("\"rules\":[]"));
}

static void test_sessions_end_with_the_credential(void **state)
{
	uint8_t account[16];
	struct access *access = auth_login_access(t->login);
	const char *code = app_password(test_args(",\"until\":%lld", (long long)moment_unix(t->now) + 100));
	uint32_t id = 0;
	assert_int_equal(slice_to_u32(slice_str(test_member(t, "id")), &id), 0);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	memcpy(account, ann_id, sizeof account);
	unsigned before = t->revokes;
	t->now.wall_ms += 99000;
	access_watch(access);
	assert_int_equal(t->revokes, before);
	assert_int_equal(directory_credential_lives(t->directory, account, id, moment_unix(t->now)), 0);
	t->now.wall_ms += 1000;
	access_watch(access);
	assert_int_equal(t->revokes, before + 1);
	assert_int_equal(t->last_revoked, id);
	assert_int_equal(directory_credential_lives(t->directory, account, id, moment_unix(t->now)), ERR_NOT_FOUND);
	access_watch(access);
	t->now.wall_ms += 60000;
	access_watch(access);
	assert_int_equal(t->revokes, before + 1);
}

/* What a token vouches for ends with the last one of them. */
static void test_sessions_end_with_the_lease(void **state)
{
	struct error err = {0};
	struct access *access = auth_login_access(t->login);
	assert_int_equal(sign_in_mail(app_password(""), AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	int64_t now = moment_unix(t->now);
	unsigned before = t->revokes;
	assert_int_equal(directory_lease_set(t->directory, ann_id, 77, now + 100, &err), 0);
	assert_int_equal(directory_lease_set(t->directory, ann_id, 77, now + 200, &err), 0);
	assert_int_equal(directory_lease_set(t->directory, ann_id, 77, now + 50, &err), 0);
	t->now.wall_ms += 199000;
	access_watch(access);
	assert_int_equal(t->revokes, before);
	t->now.wall_ms += 1000;
	assert_int_equal(directory_credential_lives(t->directory, ann_id, 77, now + 200), ERR_NOT_FOUND);
	access_watch(access);
	assert_int_equal(t->last_revoked, 77);
	assert_int_equal(t->revokes, before + 1);
	assert_int_equal(directory_credential_lives(t->directory, ann_id, 77, now + 200), 0);
}

static void test_conditions_hold_within_a_session(void **state)
{
	const char *rules = officer(), *ann = session_of("ann", "");
	set_policy(rules, "conditions", "{\"rules\":[{\"name\":\"readers\",\"if\":{\"roles\":[\"user\"]},\"then\":\"read_only\"}]}");
	assert_int_equal(test_admin_as(t, rules, "condition.confirm", "{}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, ann, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, ann, "token.add", "{\"label\":\"x\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "read_only");
	set_policy(rules, "conditions", "{\"rules\":[{\"name\":\"none\",\"if\":{\"roles\":[\"user\"]},\"then\":\"deny\"}]}");
	assert_int_equal(test_admin_as(t, ann, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, ann, "session.end", "{}"), ADMIN_OK);
	assert_null(session_of("bob", ""));
}

static void test_the_local_root_is_never_asked(void **state)
{
	const char *rules = officer();
	set_policy(rules, "conditions", "{\"rules\":[{\"name\":\"x\",\"if\":{\"outside\":[\"10.0.0.0/8\"],\"second_factor\":false},\"then\":\"deny\"}]}");
	t->reason = "everybody is shut out now";
	assert_int_equal(test_admin(t, "policy.set", "{\"name\":\"conditions\",\"value\":{\"rules\":[]}}"), ADMIN_OK);
	t->now.wall_ms += 120000;
	assert_non_null(session_of("ann", ""));
}

static void test_a_rehearsal_says_who_would_change(void **state)
{
	const char *rules = officer(), *code = app_password("");
	for (int i = 0; i < 3; i++)
		assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "198.51.100.9"), AUTH_OK);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_POP3, "192.0.2.9"), AUTH_OK);
	assert_int_equal(test_admin_as(t, rules, "condition.rehearse",
		"{\"value\":{\"rules\":[{\"name\":\"inside\",\"if\":{\"outside\":[\"192.0.2.0/24\"],\"roles\":[\"user\"]},\"then\":\"deny\"}]}}"), ADMIN_OK);
	assert_int_equal(test_number(t, "checked"), 5);
	assert_int_equal(test_number(t, "changed"), 3);
	assert_int_equal(test_number(t, "denied"), 3);
	assert_true(says("ann@example.org") && says("198.51.100.9") && !says("rules@example.org"));
	assert_int_equal(test_admin_as(t, rules, "condition.rehearse", "{\"value\":{\"rules\":1}}"), ADMIN_INVALID);
	/* Nothing was set. */
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "198.51.100.9"), AUTH_OK);
}

/* ---- what is unusual ---- */

static void test_a_new_network_is_flagged(void **state)
{
	const char *code = app_password("");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "192.0.2.99"), AUTH_OK);
	assert_int_equal(t->recorded[EV_LOGIN_UNUSUAL], 0);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "198.51.100.9"), AUTH_OK);
	assert_int_equal(t->recorded[EV_LOGIN_UNUSUAL], 1);
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "198.51.100.7"), AUTH_OK);
	assert_int_equal(t->recorded[EV_LOGIN_UNUSUAL], 1);
	assert_int_equal(test_admin_as(t, session_of("ann", ""), "signin.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_true(says("new_address"));
}

static void test_spraying_is_told_once_and_makes_a_risk(void **state)
{
	const char *rules = officer(), *code = app_password("");
	assert_int_equal(sign_in_mail(code, AUTH_PROTOCOL_IMAP, "203.0.113.77"), AUTH_OK);
	for (int i = 0; i < 7; i++)
		assert_int_equal(test_plain(t, test_args("name%d@example.org", i), "Summer2026", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(t->recorded[EV_LOGIN_SPRAYED], 1);
	(void)rules;
}

static void test_failed_tries_before_a_success_are_a_risk(void **state)
{
	const char *rules = officer();
	for (int i = 0; i < 5; i++)
		assert_int_equal(sign_in_mail("guess", AUTH_PROTOCOL_IMAP, "198.51.100.9"), AUTH_BAD_CREDENTIALS);
	set_policy(rules, "conditions", "{\"rules\":[{\"name\":\"guessed\",\"if\":{\"risk\":[\"failed_tries\"]},\"then\":\"deny\"}]}");
	assert_int_equal(test_admin_as(t, rules, "condition.confirm", "{}"), ADMIN_OK);
	assert_int_equal(sign_in_mail("ann password", AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_BAD_CREDENTIALS);
	t->now.wall_ms += ACCESS_RISK_S * 1000;
	t->now.mono_ms += ACCESS_RISK_S * 1000;
	assert_int_equal(sign_in_mail("ann password", AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
}

/* ---- hygiene, reviews, third parties ---- */

static void later(int64_t days)
{
	t->now.wall_ms += days * DAY_MS;
	t->now.mono_ms += days * DAY_MS;
}

static void test_unused_accounts_are_disabled(void **state)
{
	struct hygiene_result r;
	officer();
	assert_int_equal(hygiene_run(t->directory, &t->host, false, &r, NULL), 0);
	assert_int_equal(r.disabled, 0);
	json_decref(r.accounts);
	later(80);
	assert_int_equal(sign_in_mail("ann password", AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	later(11);
	assert_int_equal(hygiene_run(t->directory, &t->host, true, &r, NULL), 0);
	/* bob, and not the only officer. */
	assert_int_equal(r.disabled, 1);
	assert_int_equal(json_array_size(r.accounts), 2);
	json_decref(r.accounts);
	assert_int_equal(t->recorded[EV_ACCOUNT_DISABLED], 0);
	hygiene_daily(t->directory, &t->host);
	hygiene_daily(t->directory, &t->host);
	assert_int_equal(t->recorded[EV_ACCOUNT_DISABLED], 1);
	assert_int_equal(sign_in_mail("ann password", AUTH_PROTOCOL_IMAP, "192.0.2.9"), AUTH_OK);
	assert_int_equal(test_plain(t, "bob@example.org", "bob password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
}

static void test_hygiene_can_be_switched_off(void **state)
{
	set_policy(officer(), "hygiene", "{\"days\":0}");
	hygiene_daily(t->directory, &t->host);
	later(400);
	hygiene_daily(t->directory, &t->host);
	assert_int_equal(t->recorded[EV_ACCOUNT_DISABLED], 0);
}

static uint32_t grant_to(const char *address, const char *role)
{
	struct directory_grant g = {.role = slice_str(role), .scope = AUTH_SCOPE_ORGANISATION, .state = GRANT_ACTIVE, .author = SLICE("test"),
		.reason = SLICE("test"), .created = moment_unix(t->now)};
	struct directory_address found;
	struct arena arena = ARENA_INIT;
	uint32_t id = 0;
	ptrdiff_t at = slice_find(slice_str(address), '@');
	assert_int_equal(directory_address_get(t->directory, slice_sub(slice_str(address), 0, (size_t)at), SLICE("example.org"), &arena, &found), 0);
	memcpy(g.account, found.account, 16);
	assert_int_equal(directory_grant_add(t->directory, &g, &id, NULL), 0);
	arena_free(&arena);
	return id;
}

static void test_what_a_review_does_not_confirm_lapses(void **state)
{
	const char *rules = officer();
	assert_int_equal(directory_policy_set(t->directory, "hygiene", SLICE("{\"days\":0}"), SLICE("test"), 1, NULL), 0);
	uint32_t kept_one = grant_to("ann@example.org", "auditor"), ended = grant_to("bob@example.org", "auditor"), open = grant_to("bob@example.org", "approver");
	assert_int_equal(test_admin_as(t, rules, "review.start", "{\"days\":30}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, rules, "review.start", "{}"), ADMIN_FAILED);
	assert_int_equal(test_admin_as(t, rules, "review.sign", test_args("{\"keep\":[\"%u\"],\"end\":[\"%u\"]}", kept_one, ended)), ADMIN_OK);
	assert_int_equal(test_admin_as(t, rules, "review.sign", test_args("{\"keep\":[\"%u\"]}", ended)), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin_as(t, rules, "review.show", "{}"), ADMIN_OK);
	assert_true(says("\"decision\":\"keep\"") && says("\"decision\":\"ended\"") && says("\"decision\":\"open\""));
	hygiene_daily(t->directory, &t->host);
	assert_int_equal(t->recorded[EV_RIGHT_LAPSED], 0);
	later(31);
	hygiene_daily(t->directory, &t->host);
	assert_int_equal(t->recorded[EV_RIGHT_LAPSED], 1);
	struct arena arena = ARENA_INIT;
	struct directory_grant g;
	assert_int_equal(directory_grant_get(t->directory, open, &arena, &g), 0);
	assert_int_equal(g.state, GRANT_ENDED);
	assert_int_equal(directory_grant_get(t->directory, kept_one, &arena, &g), 0);
	assert_int_equal(g.state, GRANT_ACTIVE);
	arena_free(&arena);
	assert_int_equal(test_admin_as(t, session_of("rules", ""), "review.report", "{}"), ADMIN_OK);
	assert_true(says("\"see\"") && says("ann@example.org"));
}

static void test_a_registered_token_ends_with_its_entry(void **state)
{
	const char *ann = session_of("ann", "");
	assert_int_equal(test_admin_as(t, ann, "token.add", "{\"label\":\"backup\",\"days\":90}"), ADMIN_OK);
	const char *token = kept(test_member(t, "token"));
	long long id = test_number(t, "session");
	assert_int_equal(test_admin(t, "party.list", "{}"), ADMIN_OK);
	assert_true(says("backup") && says("ann@example.org"));
	assert_int_equal(test_admin(t, "party.add",
		test_args("{\"address\":\"ann@example.org\",\"name\":\"backup\",\"kind\":\"token\",\"ref\":\"%lld\",\"days\":10}", id)), ADMIN_OK);
	assert_int_equal(test_admin(t, "party.add", "{\"address\":\"none@example.org\",\"name\":\"x\",\"kind\":\"sms\"}"), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin(t, "party.add", "{\"address\":\"ann@example.org\",\"name\":\"x\",\"kind\":\"spy\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "party.review", "{\"id\":1}"), ADMIN_OK);
	later(11);
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
	hygiene_daily(t->directory, &t->host);
	assert_int_equal(test_admin(t, "party.end", "{\"id\":1}"), ADMIN_NOT_FOUND);
}

static void test_what_programs_say_is_read_with_limits(void **state)
{
	static const struct { const char *list, *name; } cases[] = {
		{"(\"name\" \"Mail\" \"version\" \"1.0\")", "Mail"}, {"(\"NAME\" \"a\\\"b\" \"x\" NIL)", "a\"b"}, {"NIL", NULL}, {"", NULL}, {"(\"name\" \"open", NULL},
		{"(\"name\" NIL)", NULL}, {"((((", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *o = device_claims_parse(slice_str(cases[i].list));
		const char *name = json_string_value(json_object_get(o, "name"));
		assert_int_equal(name != NULL, cases[i].name != NULL);
		if (name != NULL)
			assert_string_equal(name, cases[i].name);
		json_decref(o);
	}
}

/* As many as there are: one answer holds a page of them. */
static void test_the_register_is_read_in_pages(void **state)
{
	struct arena arena = ARENA_INIT;
	char after[60] = "";
	unsigned pages = 0, seen = 0;
	for (unsigned i = 0; i < 4; i++) {
		char local[2] = {(char)('p' + i), 0};
		test_add(t, local, "user");
		struct account a = test_account(t, &arena, local);
		struct secrets secrets = SECRETS_NONE;
		assert_int_equal(secrets_add(&secrets, 1, NULL), 0);
		assert_int_equal(directory_begin(t->directory, NULL), 0);
		for (unsigned k = 0; k < SESSIONS_MAX; k++) {
			char token[SESSION_TOKEN_SIZE + 1];
			struct session s = {.kind = SESSION_TOKEN, .label = SLICE("one of many"), .ends = INT64_MAX};
			memcpy(s.account, a.id, sizeof s.account);
			assert_int_equal(session_make(t->directory, &s, &secrets, token, NULL), 0);
		}
		assert_int_equal(directory_commit(t->directory, NULL), 0);
		secrets_free(&secrets);
	}
	do {
		assert_int_equal(test_admin(t, "party.list", test_args("{\"after\":\"%s\"}", after)), ADMIN_OK);
		json_t *o = json_loadb((const char *)buf_slice(&t->result).p, buf_len(&t->result), 0, NULL);
		seen += (unsigned)json_array_size(json_object_get(o, "parties"));
		json_decref(o);
		snprintf(after, sizeof after, "%s", test_member(t, "next"));
		pages++;
	} while (after[0] != '\0');
	assert_int_equal(seen, 4 * SESSIONS_MAX);
	assert_true(pages > 1);
	arena_free(&arena);
}

/* Who answers for a token need not have made it: it ends with its entry all the same. */
static void test_a_token_ends_with_its_entry_whoever_answers_for_it(void **state)
{
	char token[SESSION_TOKEN_SIZE + 1];
	const char *bob = test_sign_in(t, "bob");
	assert_int_equal(test_admin_as(t, bob, "token.add", "{\"label\":\"backup\"}"), ADMIN_OK);
	snprintf(token, sizeof token, "%s", test_member(t, "token"));
	int64_t id = test_number(t, "session");
	assert_int_equal(test_admin(t, "party.add",
		"{\"address\":\"ann@example.org\",\"name\":\"x\",\"kind\":\"token\",\"ref\":\"424242\",\"days\":9}"), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin(t, "party.add",
		test_args("{\"address\":\"ann@example.org\",\"name\":\"backup\",\"kind\":\"token\",\"ref\":\"%d\"}", (int)id)), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"bob@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "party.list", "{}"), ADMIN_OK);
	assert_false(says("424242")); /* nothing was kept of what failed */
	assert_int_equal(test_admin(t, "party.end", "{\"id\":1}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "user.show", "{\"address\":\"bob@example.org\"}"), ADMIN_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_the_register_is_read_in_pages),
		TEST(test_a_token_ends_with_its_entry_whoever_answers_for_it),
		TEST(test_an_app_password_is_for_its_protocols_networks_and_time),
		TEST(test_a_refusal_by_policy_looks_like_a_wrong_password),
		TEST(test_wrong_limits_are_refused),
		TEST(test_use_is_noted_and_shown),
		TEST(test_new_devices_wait_where_policy_says_so),
		TEST(test_a_browser_waits_and_is_known_again),
		TEST(test_all_means_those_that_were_there_before_too),
		TEST(test_a_device_that_says_it_is_another_waits_again),
		TEST(test_programs_below_the_floor_are_refused_or_limited),
		TEST(test_conditions_decide_over_mail_and_web),
		TEST(test_nobody_shuts_himself_out),
		TEST(test_conditions_that_nobody_confirms_come_back),
		TEST(test_unconfirmed_conditions_come_back_by_themselves),
		TEST(test_sessions_end_with_the_credential),
		TEST(test_sessions_end_with_the_lease),
		TEST(test_conditions_hold_within_a_session),
		TEST(test_the_local_root_is_never_asked),
		TEST(test_a_rehearsal_says_who_would_change),
		TEST(test_a_new_network_is_flagged),
		TEST(test_spraying_is_told_once_and_makes_a_risk),
		TEST(test_failed_tries_before_a_success_are_a_risk),
		TEST(test_unused_accounts_are_disabled),
		TEST(test_hygiene_can_be_switched_off),
		TEST(test_what_a_review_does_not_confirm_lapses),
		TEST(test_a_registered_token_ends_with_its_entry),
		TEST(test_what_programs_say_is_read_with_limits),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
