/* Unusual sign-ins: places, travel, hours, guessing. Sign-ins are replayed with fake time. argv[1]: a database of places. */
#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include "auth/access.h"
#include "auth/session.h"
#include "ipc/admin.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define BERLIN "192.0.2.7"
#define MUNICH "198.51.100.7"
#define TOKYO "203.0.113.7"
#define FRISCO "2001:db8:1::7"
#define FRANCE "192.88.99.7" /* a country without location */
#define NOWHERE "10.1.2.3"

static const char *path;
static struct place_base *base;
static struct test_auth *t;
static unsigned before[EV_COUNT];

static int setup(void **state)
{
	struct error err = {0};
	t = test_auth_create(false);
	base = place_base_open(path, &err);
	assert_non_null(base);
	access_places(auth_login_access(t->login), base);
	/* To the next midnight, so that hours are counted from there. */
	t->now.wall_ms += DAY_MS - t->now.wall_ms % DAY_MS;
	return 0;
}

static int teardown(void **state)
{
	test_auth_free(&t);
	place_base_close(&base);
	return 0;
}

static void pass(int64_t ms)
{
	t->now.wall_ms += ms;
	t->now.mono_ms += ms;
}

/* Unusual things that are said of a sign-in of ann. */
static unsigned sign_in(const char *address)
{
	char data[] = "\0ann@example.org\0ann password";
	struct auth_step step = {.sender = 1, .protocol = AUTH_PROTOCOL_IMAP, .tls = AUTH_TLS_ON, .address = slice_str(address), .mechanism = SLICE("PLAIN"),
		.data = slice_make(data, sizeof data - 1)};
	memcpy(before, t->recorded, sizeof before);
	assert_int_equal(test_run_step(t, &step), AUTH_OK);
	return t->recorded[EV_LOGIN_UNUSUAL] - before[EV_LOGIN_UNUSUAL];
}

/* The risks of the newest sign-in, as its owner sees them. */
static bool says(const char *risk)
{
	char quoted[60];
	(void)snprintf(quoted, sizeof quoted, "\"%s\"", risk);
	assert_int_equal(test_admin(t, "signin.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	struct slice all = buf_slice(&t->result), end = SLICE("\"outcome\"");
	ptrdiff_t outcome = slice_search(all, end);
	assert_true(outcome > 0);
	ptrdiff_t begin = slice_search(all, SLICE("\"unusual\""));
	assert_true(begin > 0);
	struct slice list = slice_from(all, (size_t)begin);
	list = slice_sub(list, 0, (size_t)slice_find(list, ']'));
	return slice_search(list, slice_str(quoted)) >= 0;
}

static void test_a_database_of_places_is_read(void **state)
{
	struct place p;
	assert_true(place_find(base, SLICE(BERLIN), &p));
	assert_string_equal(p.country, "DE");
	assert_string_equal(p.region, "DE-BE");
	assert_true(p.located && p.latitude > 52.5 && p.latitude < 52.6);
	assert_true(place_find(base, SLICE(FRISCO), &p));
	assert_string_equal(p.region, "US-CA");
	assert_true(p.longitude < -122);
	assert_true(place_find(base, SLICE(FRANCE), &p));
	assert_string_equal(p.country, "FR");
	assert_string_equal(p.region, "");
	assert_false(p.located);
	static const char *const nowhere[] = {NOWHERE, "2001:db8:2::1", "", "no address"};
	for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
		assert_false(place_find(base, slice_str(nowhere[i]), &p));
		assert_string_equal(p.country, "unknown");
	}
	assert_false(place_find(NULL, SLICE(BERLIN), &p));
}

static void test_what_is_no_database_is_refused(void **state)
{
	struct error err = {0};
	assert_null(place_base_open("/dev/null", &err));
	assert_null(place_base_open("/nonexistent", &err));
	assert_true(strlen(err.private_text) > 0);
}

static void test_distances_follow_the_great_circle(void **state)
{
	struct place berlin, tokyo, munich, west = {.located = true, .longitude = -179.9}, east = {.located = true, .longitude = 179.9},
		north = {.located = true, .latitude = 90}, south = {.located = true, .latitude = -90}, lost = {0};
	place_find(base, SLICE(BERLIN), &berlin);
	place_find(base, SLICE(TOKYO), &tokyo);
	place_find(base, SLICE(MUNICH), &munich);
	assert_in_range((int)place_distance_km(&berlin, &tokyo), 8850, 9000);
	assert_in_range((int)place_distance_km(&tokyo, &berlin), 8850, 9000);
	assert_in_range((int)place_distance_km(&berlin, &munich), 490, 520);
	assert_in_range((int)place_distance_km(&west, &east), 20, 25); /* over the date line */
	assert_in_range((int)place_distance_km(&north, &south), 20000, 20040);
	assert_int_equal((int)place_distance_km(&north, &north), 0);
	assert_true(place_too_far(&berlin, &tokyo, 8 * 3600));
	assert_false(place_too_far(&berlin, &tokyo, 10 * 3600));
	assert_true(place_too_far(&berlin, &tokyo, -5));
	assert_false(place_too_far(&east, &west, 0)); /* near */
	assert_false(place_too_far(&berlin, &lost, 0));
}

static void test_a_new_country_is_unusual(void **state)
{
	assert_int_equal(sign_in(BERLIN), 0); /* the first of all */
	pass(30 * HOUR_MS);
	assert_int_equal(sign_in(MUNICH), 1); /* another network of the same country */
	assert_true(says("new_address") && !says("new_place"));
	pass(30 * HOUR_MS);
	assert_int_equal(sign_in(TOKYO), 2);
	assert_true(says("new_place") && !says("impossible_travel"));
	pass(30 * HOUR_MS);
	assert_int_equal(sign_in(TOKYO), 0);
	assert_int_equal(sign_in(FRANCE), 2);
	assert_true(says("new_place"));
}

static void test_nobody_travels_that_fast(void **state)
{
	sign_in(BERLIN);
	pass(2 * HOUR_MS);
	assert_int_equal(sign_in(TOKYO), 3);
	assert_true(says("impossible_travel"));
	/* Back in a network of the own is no news; nor what cannot be located. */
	pass(HOUR_MS);
	assert_int_equal(sign_in(BERLIN), 0);
	assert_int_equal(sign_in(NOWHERE), 1);
	assert_false(says("impossible_travel"));
	/* What was not located is passed over: the last known place counts. */
	pass(HOUR_MS);
	assert_int_equal(sign_in(FRISCO), 3);
	assert_true(says("impossible_travel"));
}

static void test_notes_that_wait_count(void **state)
{
	sign_in(BERLIN);
	struct access *a = auth_login_access(t->login);
	access_flush(a);
	assert_int_equal(sign_in(TOKYO), 3);
	assert_int_equal(sign_in(FRISCO), 3);
	assert_true(says("impossible_travel"));
}

/* Ten working days at nine and at five, then one night. */
static void test_hours_that_are_not_the_own_are_unusual(void **state)
{
	for (int day = 0; day < 10; day++) {
		pass(9 * HOUR_MS);
		assert_int_equal(sign_in(BERLIN), 0);
		pass(8 * HOUR_MS);
		assert_int_equal(sign_in(BERLIN), 0);
		pass(7 * HOUR_MS - t->now.wall_ms % HOUR_MS);
	}
	pass(3 * HOUR_MS);
	assert_int_equal(sign_in(BERLIN), 1);
	assert_true(says("unusual_hour"));
	assert_int_equal(sign_in(BERLIN), 0); /* said once */
	pass(7 * HOUR_MS);
	assert_int_equal(sign_in(BERLIN), 0); /* ten is beside nine */
	pass(3 * HOUR_MS);
	assert_int_equal(sign_in(BERLIN), 1);
	/* Days that are too long ago are no baseline. */
	pass(40 * DAY_MS + 8 * HOUR_MS);
	assert_int_equal(sign_in(BERLIN), 0);
}

/* A session of the security officer, as if it had shown a second factor. */
static const char *officer(void)
{
	static char token[SESSION_TOKEN_SIZE + 1];
	struct arena arena = ARENA_INIT;
	struct session session;
	int64_t now = moment_unix(t->now);
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"rules@example.org\",\"password\":\"rules password\",\"role\":\"officer\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, "ll1-", "session.start", "{\"address\":\"rules@example.org\",\"password\":\"rules password\"}"), ADMIN_OK);
	(void)snprintf(token, sizeof token, "%s", test_member(t, "token"));
	assert_int_equal(session_find(t->directory, slice_str(token), now, &arena, &session), 0);
	assert_int_equal(session_proven(t->directory, session.id, AUTH_PROVEN_TOTP, now, NULL), 0);
	arena_free(&arena);
	return token;
}

static void test_rules_may_ask_for_places(void **state)
{
	static const char rules[] = "{\"name\":\"conditions\",\"value\":{\"rules\":["
		"{\"name\":\"office\",\"if\":{\"regions\":[\"DE-BE\"]},\"then\":\"allow\"},"
		"{\"name\":\"abroad\",\"if\":{\"outside_countries\":[\"DE\",\"JP\",\"unknown\"]},\"then\":\"deny\"},"
		"{\"name\":\"travel\",\"if\":{\"risk\":[\"impossible_travel\"]},\"then\":\"deny\"}]}}";
	char data[] = "\0ann@example.org\0ann password";
	const struct { const char *address; enum auth_status status; } tries[] = {
		{BERLIN, AUTH_OK}, {FRISCO, AUTH_BAD_CREDENTIALS}, {TOKYO, AUTH_BAD_CREDENTIALS}, {NOWHERE, AUTH_OK}, {MUNICH, AUTH_BAD_CREDENTIALS},
	};
	const char *token = officer();
	assert_int_equal(test_admin_as(t, token, "policy.set", rules), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "condition.confirm", "{}"), ADMIN_OK);
	access_places(auth_login_access(t->login), NULL);
	assert_int_equal(test_admin_as(t, token, "policy.set", rules), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "no_places");
	access_places(auth_login_access(t->login), base);
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		struct auth_step step = {.sender = 1, .protocol = AUTH_PROTOCOL_IMAP, .tls = AUTH_TLS_ON, .address = slice_str(tries[i].address),
			.mechanism = SLICE("PLAIN"), .data = slice_make(data, sizeof data - 1)};
		assert_int_equal(test_run_step(t, &step), tries[i].status);
		pass(5000);
	}
	/* A refused sign-in, in Tokyo, moved nobody: fifty minutes after Berlin, Munich is near. */
	assert_true(says("impossible_travel"));
	pass(50 * HOUR_MS / 60);
	assert_int_equal(sign_in(MUNICH), 1);
	assert_false(says("impossible_travel"));
}

/* One network, one wrong password, many names. */
static void test_spraying_is_said_once_and_a_risk_for_who_gets_in(void **state)
{
	for (int i = 0; i < 8; i++) {
		char data[80];
		int n = snprintf(data, sizeof data, "%cperson%d@example.org%cSummer2024", 0, i, 0);
		char address[20];
		(void)snprintf(address, sizeof address, "192.0.2.%d", 10 + i);
		struct auth_step step = {.sender = 1, .protocol = AUTH_PROTOCOL_IMAP, .tls = AUTH_TLS_ON, .address = slice_str(address),
			.mechanism = SLICE("PLAIN"), .data = slice_make(data, (size_t)n)};
		assert_int_equal(test_run_step(t, &step), AUTH_BAD_CREDENTIALS);
	}
	assert_int_equal(t->recorded[EV_LOGIN_SPRAYED], 1);
	sign_in(BERLIN);
	assert_true(says("spraying"));
	pass(ACCESS_RISK_S * 1000);
	sign_in(BERLIN);
	assert_false(says("spraying"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_database_of_places_is_read),
		TEST(test_what_is_no_database_is_refused),
		TEST(test_distances_follow_the_great_circle),
		TEST(test_a_new_country_is_unusual),
		TEST(test_nobody_travels_that_fast),
		TEST(test_notes_that_wait_count),
		TEST(test_hours_that_are_not_the_own_are_unusual),
		TEST(test_rules_may_ask_for_places),
		TEST(test_spraying_is_said_once_and_a_risk_for_who_gets_in),
	};
	path = argc > 1 ? argv[1] : "";
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("auth signals", tests, NULL, NULL);
}
