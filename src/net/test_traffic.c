#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypt/crypt.h"
#include "net/traffic.h"

#define TLS_12 0x0303
#define TLS_13 0x0304

struct seen {
	unsigned of[TRAFFIC_FINDINGS];
	char network[80];
	struct traffic *t;
};

static void see(void *arg, enum traffic_finding finding, unsigned listener, struct slice network, uint64_t count)
{
	struct seen *s = arg;
	s->of[finding]++;
	memcpy(s->network, network.p, network.n);
	s->network[network.n] = '\0';
}

static int setup(void **state)
{
	static struct seen s;
	s = (struct seen){0};
	s.t = traffic_create(see, &s);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	struct seen *s = *state;
	traffic_destroy(&s->t);
	return 0;
}

static void come(struct seen *s, const char *address, unsigned times, unsigned tls)
{
	for (unsigned i = 0; i < times; i++)
		traffic_add(s->t, &(struct traffic_one){.address = slice_str(address), .listener = 1, .bytes_in = 10, .bytes_out = 20, .tls = tls, .knows_tls = true, .ms = 5}, 0);
}

static void learn(struct seen *s, const char *address, unsigned times)
{
	for (unsigned i = 0; i < TRAFFIC_LEARN; i++) {
		come(s, address, times, TLS_13);
		traffic_minute(s->t, 0);
	}
}

static void test_what_was_is_counted(void **state)
{
	struct seen *s = *state;
	come(s, "192.0.2.1", 3, TLS_13);
	come(s, "192.0.2.1", 1, 0);
	const struct traffic_totals *totals = traffic_of(s->t, 1);
	assert_int_equal(totals->connections, 4);
	assert_int_equal(totals->bytes_in, 40);
	assert_int_equal(totals->bytes_out, 80);
	assert_int_equal(totals->plain, 1);
	assert_int_equal(totals->ms, 20);
	assert_int_equal(traffic_of(s->t, 0)->connections, 0);
}

static void test_a_jump_is_told_once_a_minute(void **state)
{
	struct seen *s = *state;
	learn(s, "192.0.2.1", 5);
	come(s, "192.0.2.200", TRAFFIC_JUMP_LEAST, TLS_13);
	assert_int_equal(s->of[TRAFFIC_JUMPED], 0);
	come(s, "192.0.2.7", 100, TLS_13);
	assert_int_equal(s->of[TRAFFIC_JUMPED], 2); /* the network, and the listener */
	traffic_minute(s->t, 0);
	come(s, "192.0.2.7", 5, TLS_13);
	assert_int_equal(s->of[TRAFFIC_JUMPED], 2);
}

static void test_who_always_comes_often_makes_no_jump(void **state)
{
	struct seen *s = *state;
	learn(s, "192.0.2.1", 150);
	come(s, "192.0.2.1", 300, TLS_13);
	assert_int_equal(s->of[TRAFFIC_JUMPED], 0);
}

static void test_a_downgrade_is_told(void **state)
{
	struct seen *s = *state;
	learn(s, "2001:db8::1", 2);
	come(s, "2001:db8:0:7::2", 1, TLS_12);
	assert_int_equal(s->of[TRAFFIC_DOWNGRADE], 1);
	assert_string_equal(s->network, "2001:db8::/48");
	come(s, "2001:db8::1", 1, TLS_12);
	assert_int_equal(s->of[TRAFFIC_DOWNGRADE], 1);
	come(s, "2001:db8::1", 1, 0);
	assert_int_equal(s->of[TRAFFIC_DOWNGRADE], 2);
}

static void test_a_new_peer_is_told_where_there_are_few(void **state)
{
	struct seen *s = *state;
	learn(s, "192.0.2.1", 1);
	come(s, "198.51.100.1", 1, TLS_13);
	assert_int_equal(s->of[TRAFFIC_NEW], 0);
	traffic_listener(s->t, 1, true);
	come(s, "203.0.113.9", 2, TLS_13);
	assert_int_equal(s->of[TRAFFIC_NEW], 1);
	assert_string_equal(s->network, "203.0.113.0/24");
	come(s, "192.0.2.9", 1, TLS_13);
	assert_int_equal(s->of[TRAFFIC_NEW], 1);
}

static void test_strangers_push_out_nobody_who_comes_often(void **state)
{
	struct seen *s = *state;
	char address[40];
	learn(s, "192.0.2.1", 1);
	for (unsigned i = 0; i < 200000; i++) {
		(void)snprintf(address, sizeof address, "2001:db8:%x::1", i & 0xffff);
		come(s, address, 1, TLS_13);
	}
	come(s, "192.0.2.1", 1, TLS_12);
	assert_int_equal(s->of[TRAFFIC_DOWNGRADE], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_is_counted),
		TEST(test_a_jump_is_told_once_a_minute),
		TEST(test_who_always_comes_often_makes_no_jump),
		TEST(test_a_downgrade_is_told),
		TEST(test_a_new_peer_is_told_where_there_are_few),
		TEST(test_strangers_push_out_nobody_who_comes_often),
	};
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
