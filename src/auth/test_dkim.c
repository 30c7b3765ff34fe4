#include "auth/test_host.h"

#include <string.h>

#include "auth/dkim.h"
#include "base/codec.h"
#include "store/fact.h"

#define DAY 86400

static const struct auth_dkim_settings settings = {.rotate_s = 180 * DAY, .activate_s = 2 * DAY, .keep_s = 7 * DAY};

struct rig {
	struct test_auth *t;
	struct auth_dkim *dkim;
	struct buf records;
};

static struct rig make_rig(void)
{
	struct rig r = {.t = test_auth_create(false), .records = BUF_INIT(4096)};
	r.dkim = auth_dkim_create(r.t->directory, &r.t->host, &settings);
	auth_admin_dkim(r.t->admin, r.dkim);
	r.t->dns_name = "nothing";
	return r;
}

static void free_rig(struct rig *r)
{
	auth_dkim_free(&r->dkim);
	buf_free(&r->records);
	test_auth_free(&r->t);
}

static void pass(struct rig *r, int64_t seconds)
{
	r->t->now.wall_ms += seconds * 1000;
	r->t->now.mono_ms += seconds * 1000;
}

static int list(struct rig *r, struct arena *arena, struct dkim_key_row rows[DKIM_KEYS_OF_DOMAIN_MAX])
{
	return directory_dkim_list(r->t->directory, SLICE("example.org"), arena, rows, DKIM_KEYS_OF_DOMAIN_MAX);
}

/* All next keys are in DNS from now on: every name has all records, and only the right one counts. */
static void publish(struct rig *r)
{
	struct arena arena = ARENA_INIT;
	struct dkim_key_row rows[DKIM_KEYS_OF_DOMAIN_MAX];
	int count = list(r, &arena, rows);
	buf_clear(&r->records);
	for (int i = 0; i < count; i++) {
		struct buf text = BUF_INIT(1000), rdata = BUF_INIT(1000);
		auth_dkim_record(&rows[i], &text);
		buf_put_u8(&rdata, (uint8_t)buf_len(&text));
		buf_append(&rdata, buf_slice(&text));
		buf_put_bytes(&r->records, buf_slice(&rdata));
		buf_free(&text);
		buf_free(&rdata);
	}
	r->t->dns_name = NULL;
	r->t->dns_records = buf_slice(&r->records);
	arena_free(&arena);
}

static unsigned count_of(struct rig *r, enum dkim_state state)
{
	struct arena arena = ARENA_INIT;
	struct dkim_key_row rows[DKIM_KEYS_OF_DOMAIN_MAX];
	unsigned n = 0;
	for (int i = 0, count = list(r, &arena, rows); i < count; i++)
		n += rows[i].state == state;
	arena_free(&arena);
	return n;
}

static void the_first_keys_sign_as_soon_as_they_are_in_dns(void **state)
{
	struct rig r = make_rig();
	assert_int_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(count_of(&r, DKIM_KEY_NEXT), 2);
	auth_dkim_step(r.dkim);
	assert_int_equal(r.t->looked_up, 2);
	assert_int_equal(count_of(&r, DKIM_KEY_ACTIVE), 0);
	publish(&r);
	auth_dkim_step(r.dkim);
	assert_int_equal(count_of(&r, DKIM_KEY_ACTIVE), 2);
	assert_int_equal(r.t->recorded[EV_DKIM_ACTIVE], 2);
	free_rig(&r);
}

static void a_successor_waits_and_the_old_key_stays_published(void **state)
{
	struct rig r = make_rig();
	assert_int_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.org\",\"algorithm\":\"ed25519-sha256\"}"), 0);
	publish(&r);
	auth_dkim_step(r.dkim);
	assert_int_equal(test_admin(r.t, "dkim.rotate", "{\"domain\":\"example.org\"}"), 0);
	assert_int_not_equal(test_admin(r.t, "dkim.rotate", "{\"domain\":\"example.org\"}"), 0);
	publish(&r);
	auth_dkim_step(r.dkim);
	assert_int_equal(count_of(&r, DKIM_KEY_NEXT), 1);
	pass(&r, 2 * DAY);
	auth_dkim_step(r.dkim);
	assert_int_equal(count_of(&r, DKIM_KEY_ACTIVE), 1);
	assert_int_equal(count_of(&r, DKIM_KEY_RETIRED), 1);
	assert_int_equal(r.t->dkim_dropped, 0);
	pass(&r, 7 * DAY);
	auth_dkim_step(r.dkim);
	assert_int_equal(count_of(&r, DKIM_KEY_RETIRED), 0);
	assert_int_equal(r.t->dkim_dropped, 1);
	free_rig(&r);
}

static void by_schedule_a_key_gets_one_successor(void **state)
{
	struct rig r = make_rig();
	assert_int_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.org\",\"algorithm\":\"rsa-sha256\"}"), 0);
	assert_int_equal(test_admin(r.t, "dkim.rotate", "{\"domain\":\"example.org\",\"now\":true}"), 0);
	assert_int_equal(count_of(&r, DKIM_KEY_ACTIVE), 1);
	pass(&r, 180 * DAY);
	auth_dkim_step(r.dkim);
	auth_dkim_step(r.dkim);
	assert_int_equal(count_of(&r, DKIM_KEY_NEXT), 1);
	assert_int_equal(count_of(&r, DKIM_KEY_ACTIVE), 1);
	free_rig(&r);
}

static void a_retired_key_is_destroyed_at_once(void **state)
{
	struct rig r = make_rig();
	assert_int_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.org\",\"algorithm\":\"rsa-sha256\"}"), 0);
	assert_int_equal(test_admin(r.t, "dkim.retire", "{\"domain\":\"example.org\",\"selector\":\"r20231114\"}"), 0);
	assert_int_equal(r.t->dkim_dropped, 1);
	assert_int_equal(count_of(&r, DKIM_KEY_RETIRED), 1);
	assert_int_not_equal(test_admin(r.t, "dkim.retire", "{\"domain\":\"example.org\",\"selector\":\"r20231114\"}"), 0);
	assert_int_not_equal(test_admin(r.t, "dkim.retire", "{\"domain\":\"example.org\",\"selector\":\"none\"}"), 0);
	assert_int_not_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.net\"}"), 0);
	assert_int_not_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.org\",\"algorithm\":\"rsa-sha1\"}"), 0);
	free_rig(&r);
}

static void the_keys_of_a_domain_go_with_it(void **state)
{
	struct rig r = make_rig();
	assert_int_equal(test_admin(r.t, "domain.add", "{\"domain\":\"example.net\"}"), 0);
	assert_int_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.net\"}"), 0);
	assert_int_equal(test_admin(r.t, "domain.remove", "{\"domain\":\"example.net\"}"), 0);
	assert_int_equal(r.t->dkim_dropped, 2);
	auth_dkim_step(r.dkim);
	assert_int_equal(r.t->looked_up, 0);
	free_rig(&r);
}

static void without_key_no_row_is_made(void **state)
{
	struct rig r = make_rig();
	r.t->key_away = true;
	assert_int_not_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(count_of(&r, DKIM_KEY_NEXT), 0);
	free_rig(&r);
}

static void facts_of_a_sender_name_the_keys_that_sign(void **state)
{
	struct rig r = make_rig();
	struct arena arena = ARENA_INIT;
	struct sender_fact fact;
	assert_int_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(test_admin(r.t, "dkim.rotate", "{\"domain\":\"example.org\",\"now\":true}"), 0);
	assert_int_equal(test_admin(r.t, "dkim.rotate", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(test_plain(r.t, "ann@example.org", "ann password", AUTH_PROTOCOL_SUBMISSION), AUTH_OK);
	struct slice facts = buf_slice(&r.t->sender);
	assert_int_equal(fact_read_sender(&facts, r.t->settings.boot_secret, &arena, &fact), 0);
	assert_int_equal(fact.key_count, 2);
	assert_true(slice_eq(fact.keys[0].selector, SLICE("r20231114")) && fact.keys[0].algorithm == MAIL_RSA_SHA256);
	assert_true(slice_eq(fact.keys[1].selector, SLICE("e20231114")) && slice_eq(fact.keys[1].domain, SLICE("example.org")));
	arena_free(&arena);
	free_rig(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_keys_sign_as_soon_as_they_are_in_dns),
		cmocka_unit_test(a_successor_waits_and_the_old_key_stays_published),
		cmocka_unit_test(by_schedule_a_key_gets_one_successor),
		cmocka_unit_test(a_retired_key_is_destroyed_at_once),
		cmocka_unit_test(the_keys_of_a_domain_go_with_it),
		cmocka_unit_test(without_key_no_row_is_made),
		cmocka_unit_test(facts_of_a_sender_name_the_keys_that_sign),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
