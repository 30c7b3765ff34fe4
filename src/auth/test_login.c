#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include "auth/directory_sql.h"
#include "auth/scram_key.h"
#include "auth/throttle.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

static int setup(void **state)
{
	*state = test_auth_create(false);
	return 0;
}

static int setup_scram(void **state)
{
	*state = test_auth_create(true);
	return 0;
}

static int teardown(void **state)
{
	test_auth_free((struct test_auth **)state);
	return 0;
}

static void test_right_password_gives_a_ticket_with_the_secrets(void **state)
{
	struct test_auth *t = *state;
	struct secrets secrets = SECRETS_NONE;
	struct account account;
	struct arena arena = ARENA_INIT;
	uint8_t pub[32], sec[32];
	assert_int_equal(test_plain(t, "Ann@Example.ORG", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(t->tickets, 1);
	assert_int_equal(secrets_decode(buf_slice(&t->last_secrets), &secrets, NULL), 0);
	assert_int_equal(directory_account_get(t->directory, t->account, &arena, &account), 0);
	secrets_pair(secrets_newest(&secrets), pub, sec);
	assert_memory_equal(pub, account.public_key, 32);
	secrets_free(&secrets);
	arena_free(&arena);
}

static void test_ticket_carries_an_own_fact(void **state)
{
	struct test_auth *t = *state;
	struct recipient_fact fact;
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_POP3), AUTH_OK);
	struct slice list = buf_slice(&t->last_own);
	assert_int_equal(fact_read_recipient(&list, t->settings.boot_secret, &fact), 0);
	assert_int_equal(fact.kind, FACT_OWN);
	assert_memory_equal(fact.account, t->account, 16);
	assert_int_equal(list.n, 0);
}

static void test_submission_needs_no_ticket_and_names_the_addresses(void **state)
{
	struct test_auth *t = *state;
	struct sender_fact sender;
	struct recipient_fact self;
	struct arena arena = ARENA_INIT;
	assert_int_equal(test_admin(t, "alias.add", "{\"address\":\"info@example.org\",\"target\":\"ann@example.org\"}"), 0);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_SUBMISSION), AUTH_OK);
	assert_int_equal(t->tickets, 0);
	struct slice list = buf_slice(&t->sender);
	assert_int_equal(fact_read_sender(&list, t->settings.boot_secret, &arena, &sender), 0);
	assert_int_equal(sender.address_count, 2);
	assert_true(slice_eq(sender.addresses[1], SLICE("info@example.org")));
	assert_int_equal(fact_read_recipient(&list, t->settings.boot_secret, &self), 0);
	assert_int_equal(self.kind, FACT_LOCAL);
	arena_free(&arena);
}

static void test_wrong_password_and_unknown_name_look_alike(void **state)
{
	struct test_auth *t = *state;
	int64_t start = t->now.mono_ms;
	unsigned before = t->hashes;
	assert_int_equal(test_plain(t, "ann@example.org", "wrong", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	int64_t known = t->answered_at - start;
	assert_int_equal(t->hashes, before + 1);
	start = t->now.mono_ms;
	assert_int_equal(test_plain(t, "nobody@example.org", "wrong", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(t->hashes, before + 2);
	assert_int_equal(t->answered_at - start, known);
	assert_int_equal(known, 2000);
}

static void test_a_remembered_password_costs_no_hash(void **state)
{
	struct test_auth *t = *state;
	unsigned before = t->hashes;
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(t->hashes, before + 1);
	assert_int_equal(test_plain(t, "ann@example.org", "wrong", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "ann@example.org", "wrong", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(t->hashes, before + 2);
	t->now.mono_ms += MINUTES_MS(11);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(t->hashes, before + 3);
}

static void test_disabled_account_does_not_get_in(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"ann@example.org\"}"), 0);
	assert_int_equal(t->revokes, 1);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_admin(t, "user.enable", "{\"address\":\"ann@example.org\"}"), 0);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_administrators_have_no_mailbox(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"bob@example.org\",\"role\":\"administrator\"}"), 0);
	/* The password alone is none of them (they need a second factor), so that nothing tells it from a wrong one. */
	assert_int_equal(test_plain(t, "bob@example.org", "bob password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "bob@example.org", "bob password", AUTH_PROTOCOL_SUBMISSION), AUTH_BAD_CREDENTIALS);
}

static void test_missing_helpers_are_temporary(void **state)
{
	struct test_auth *t = *state;
	t->key_away = true;
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_TEMPORARY);
	t->key_away = false;
	t->mail_away = true;
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_TEMPORARY);
	t->mail_away = false;
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_an_address_that_fails_too_often_waits(void **state)
{
	struct test_auth *t = *state;
	t->settings.failure_delay_ms = 0;
	t->settings.failures_per_minute = 5;
	auth_login_configure(t->login, &t->settings);
	for (int i = 0; i < 5; i++)
		assert_int_equal(test_plain(t, "ann@example.org", "wrong", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_THROTTLED);
	t->now.mono_ms += MINUTES_MS(1) + 1;
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_the_owner_is_not_locked_out(void **state)
{
	struct test_auth *t = *state;
	t->settings.failure_delay_ms = 0;
	t->settings.failures_per_minute = 5;
	auth_login_configure(t->login, &t->settings);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	for (int i = 0; i < 20; i++)
		(void)test_plain(t, "bob@example.org", "wrong", AUTH_PROTOCOL_IMAP);
	assert_int_equal(test_plain(t, "bob@example.org", "bob password", AUTH_PROTOCOL_IMAP), AUTH_THROTTLED);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_failures_of_an_account_get_slower(void **state)
{
	struct throttle *t = throttle_create(0, 0);
	struct moment now = {0, 1000};
	int64_t first = throttle_failed(t, SLICE("192.0.2.1"), SLICE("a@b"), 2000, now), last = 0;
	for (int i = 0; i < 50; i++)
		last = throttle_failed(t, SLICE("192.0.2.1"), SLICE("a@b"), 2000, now);
	assert_int_equal(first, 2000);
	assert_int_equal(last, THROTTLE_DELAY_MAX_MS);
	throttle_succeeded(t, SLICE("192.0.2.1"), SLICE("a@b"), now);
	assert_int_equal(throttle_failed(t, SLICE("192.0.2.1"), SLICE("a@b"), 2000, now), 2000);
	throttle_destroy(&t);
}

static void test_ipv6_neighbours_count_as_one(void **state)
{
	struct throttle *t = throttle_create(2, 16);
	struct moment now = {0, 1000};
	throttle_failed(t, SLICE("2001:db8:1:2::1"), SLICE("a"), 0, now);
	throttle_failed(t, SLICE("2001:db8:1:2:ffff::2"), SLICE("b"), 0, now);
	assert_false(throttle_allowed(t, SLICE("2001:db8:1:2:3::4"), SLICE("c"), now));
	assert_true(throttle_allowed(t, SLICE("2001:db8:1:3::1"), SLICE("c"), now));
	throttle_destroy(&t);
}

/* ---- SCRAM ---- */

static const char *app_password(struct test_auth *t)
{
	assert_int_equal(test_admin(t, "user.app_password.add",
		"{\"address\":\"ann@example.org\",\"password\":\"ann password\",\"label\":\"phone\"}"), 0);
	return test_member(t, "app_password");
}

/* The client's half of an exchange; `binding` as a client would see it. */
static enum auth_status scram_with(struct test_auth *t, const char *name, struct slice password, bool plus, const char *binding,
	const char *op, const char *args)
{
	struct buf message = BUF_INIT(1000), salt = BUF_INIT(100), c = BUF_INIT(200), auth = BUF_INIT(3000), proof = BUF_INIT(100);
	struct arena arena = ARENA_INIT;
	const char *mechanism = plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256", *header = plus ? "p=tls-exporter,," : "n,,";
	uint8_t client[32], stored[32], server[32], signature[32];
	buf_printf(&message, "%sn=%s,r=clientnonce", header, name);
	enum auth_status status = test_step(t, mechanism, 0, buf_slice(&message), plus ? "tls-exporter" : NULL, plus ? "channel" : NULL);
	if (status != AUTH_CONTINUE)
		goto out;
	struct slice server_first = arena_dup(&arena, buf_slice(&t->data)), rest = server_first, nonce = SLICE_NONE, s = SLICE_NONE, i = SLICE_NONE;
	assert_true(slice_split(&rest, ',', &nonce) && slice_split(&rest, ',', &s) && slice_split(&rest, ',', &i));
	assert_true(slice_eq(i, SLICE("i=65536")));
	assert_int_equal(base64_decode_strict(slice_from(s, 2), &salt), 0);
	scram_keys(password, buf_slice(&salt), SCRAM_ITERATIONS, client, stored, server);
	struct slice cbind = arena_printf(&arena, "%s%s", header, plus ? binding : "");
	base64_encode(cbind, &c);
	struct slice without = arena_printf(&arena, "c=%.*s,%.*s", SLICE_ARG(buf_slice(&c)), SLICE_ARG(nonce));
	buf_printf(&auth, "n=%s,r=clientnonce,%.*s,%.*s", name, SLICE_ARG(server_first), SLICE_ARG(without));
	struct scram fake = {.auth_message = buf_slice(&auth)};
	(void)scram_try(&fake, stored, signature); /* proof zero: gives the signature */
	for (int k = 0; k < 32; k++)
		signature[k] ^= client[k];
	base64_encode(slice_make(signature, 32), &proof);
	struct slice final = arena_printf(&arena, "%.*s,p=%.*s", SLICE_ARG(without), SLICE_ARG(buf_slice(&proof)));
	if (op != NULL) { /* something happens between the two messages */
		uint64_t session = t->session;
		assert_int_equal(test_admin(t, op, args), 0);
		t->session = session;
	}
	status = test_step(t, mechanism, t->session, final, NULL, NULL);
	if (status == AUTH_OK) {
		struct buf want = BUF_INIT(100);
		scram_server_final(&fake, server, &want);
		assert_true(slice_eq(buf_slice(&want), buf_slice(&t->data)));
		buf_free(&want);
	}
out:
	buf_free(&message), buf_free(&salt), buf_free(&c), buf_free(&auth), buf_free(&proof);
	arena_free(&arena);
	return status;
}

static enum auth_status scram(struct test_auth *t, const char *name, struct slice password, bool plus, const char *binding)
{
	return scram_with(t, name, password, plus, binding, NULL, NULL);
}

static enum auth_status scram_and(struct test_auth *t, const char *name, struct slice password, const char *op, const char *args)
{
	return scram_with(t, name, password, false, NULL, op, args);
}

static void test_scram_opens_with_an_app_password(void **state)
{
	struct test_auth *t = *state;
	const char *code = app_password(t);
	unsigned hashes = t->hashes;
	assert_int_equal(scram(t, "ann@example.org", slice_str(code), false, NULL), AUTH_OK);
	assert_int_equal(t->tickets, 1);
	assert_int_equal(t->hashes, hashes);
	struct secrets secrets = SECRETS_NONE;
	assert_int_equal(secrets_decode(buf_slice(&t->last_secrets), &secrets, NULL), 0);
	secrets_free(&secrets);
	char plain[64];
	size_t n = 0;
	for (const char *p = code; *p != '\0'; p++)
		if (*p != '-')
			plain[n++] = *p;
	assert_int_equal(scram(t, "ann@example.org", slice_make(plain, n), false, NULL), AUTH_OK);
}

static void test_scram_plus_binds_to_the_channel(void **state)
{
	struct test_auth *t = *state;
	const char *code = app_password(t);
	assert_int_equal(scram(t, "ann@example.org", slice_str(code), true, "channel"), AUTH_OK);
	assert_int_equal(scram(t, "ann@example.org", slice_str(code), true, "elsewhere"), AUTH_BAD_CREDENTIALS);
}

static void test_scram_refuses_wrong_passwords_and_unknown_names(void **state)
{
	struct test_auth *t = *state;
	app_password(t);
	assert_int_equal(scram(t, "ann@example.org", SLICE("bob password"), false, NULL), AUTH_BAD_CREDENTIALS);
	assert_int_equal(scram(t, "nobody@example.org", SLICE("x"), false, NULL), AUTH_BAD_CREDENTIALS);
	assert_int_equal(scram(t, "bob@example.org", SLICE("x"), false, NULL), AUTH_BAD_CREDENTIALS);
}

static void test_scram_opens_with_the_passwords_of_people(void **state)
{
	struct test_auth *t = *state;
	unsigned hashes = t->hashes;
	assert_int_equal(scram(t, "ann@example.org", SLICE("ann password"), false, NULL), AUTH_OK); /* provisional */
	assert_int_equal(t->hashes, hashes);
	assert_int_equal(test_admin(t, "user.passwd",
		"{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"my own password\"}"), 0);
	assert_int_equal(scram(t, "ann@example.org", SLICE("ann password"), false, NULL), AUTH_BAD_CREDENTIALS);
	assert_int_equal(scram(t, "ann@example.org", SLICE("my own password"), false, NULL), AUTH_OK);
	assert_int_equal(test_admin(t, "user.reset",
		"{\"address\":\"ann@example.org\",\"new\":\"after the reset\",\"lose_mail\":true}"), 0);
	assert_int_equal(scram(t, "ann@example.org", SLICE("after the reset"), false, NULL), AUTH_OK);
	struct secrets secrets = SECRETS_NONE;
	assert_int_equal(secrets_decode(buf_slice(&t->last_secrets), &secrets, NULL), 0);
	secrets_free(&secrets);
}

static void test_scram_for_app_passwords_only(void **state)
{
	struct test_auth *t = *state;
	char code[64];
	(void)snprintf(code, sizeof code, "%s", app_password(t));
	t->settings.scram_passwords = false;
	auth_login_configure(t->login, &t->settings);
	assert_int_equal(scram(t, "ann@example.org", SLICE("ann password"), false, NULL), AUTH_BAD_CREDENTIALS);
	assert_int_equal(scram(t, "ann@example.org", slice_str(code), false, NULL), AUTH_OK);
	assert_int_equal(directory_scram_forget_passwords(t->directory, NULL), 0);
	t->settings.scram_passwords = true;
	auth_login_configure(t->login, &t->settings);
	assert_int_equal(scram(t, "ann@example.org", SLICE("ann password"), false, NULL), AUTH_BAD_CREDENTIALS);
	assert_int_equal(scram(t, "ann@example.org", slice_str(code), false, NULL), AUTH_OK);
}

static void test_a_sign_in_by_plain_brings_missing_scram_keys(void **state)
{
	struct test_auth *t = *state;
	const char *code = app_password(t);
	assert_int_equal(sqlite3_exec(t->directory->db, "DELETE FROM scram", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(scram(t, "ann@example.org", SLICE("ann password"), false, NULL), AUTH_BAD_CREDENTIALS);
	assert_int_equal(scram(t, "ann@example.org", slice_str(code), false, NULL), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_plain(t, "ann@example.org", code, AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(scram(t, "ann@example.org", SLICE("ann password"), false, NULL), AUTH_OK);
	assert_int_equal(scram(t, "ann@example.org", slice_str(code), false, NULL), AUTH_OK);
}

static void test_scram_takes_a_password_prepared_or_not(void **state)
{
	struct test_auth *t = *state;
	/* "ﬁ" becomes "fi" and the no-break space a space (RFC 4013 2). */
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"eve@example.org\",\"password\":\"ﬁne\u00a0密码 password\"}"), 0);
	assert_int_equal(scram(t, "eve@example.org", SLICE("fine 密码 password"), false, NULL), AUTH_OK);
	assert_int_equal(scram(t, "eve@example.org", SLICE("ﬁne\302\240密码 password"), false, NULL), AUTH_OK);
	assert_int_equal(test_plain(t, "eve@example.org", "ﬁne\302\240密码 password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_plain(t, "eve@example.org", "fine 密码 password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
}

static void test_scram_keys_open_only_with_the_pepper_of_key(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct scram_row row;
	struct scram_material m;
	uint8_t question[SCRAM_PEPPER_DATA_SIZE], pepper[32];
	assert_int_equal(scram(t, "ann@example.org", SLICE("ann password"), false, NULL), AUTH_OK);
	assert_int_equal(directory_scram_list(t->directory, t->account, true, &arena, &row, 1), 1);
	scram_pepper_data(t->account, question);
	hash_hmac_sha256(SLICE("organisation"), slice_make(question, sizeof question), pepper);
	assert_true(scram_row_open(t->account, &row, pepper, &m));
	pepper[0] ^= 1;
	assert_false(scram_row_open(t->account, &row, pepper, &m));
	pepper[0] ^= 1;
	row.credential++;
	assert_false(scram_row_open(t->account, &row, pepper, &m));
	t->key_away = true;
	assert_int_equal(scram(t, "ann@example.org", SLICE("ann password"), false, NULL), AUTH_TEMPORARY);
	arena_free(&arena);
}

static void test_what_was_disabled_during_an_exchange_stays_out(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(scram_and(t, "ann@example.org", SLICE("ann password"), "user.disable", "{\"address\":\"ann@example.org\"}"),
		AUTH_BAD_CREDENTIALS);
	assert_int_equal(scram_and(t, "bob@example.org", SLICE("bob password"), "user.remove", "{\"address\":\"bob@example.org\"}"),
		AUTH_BAD_CREDENTIALS);
	assert_int_equal(t->tickets, 0);
}

static struct slice salt_of(struct test_auth *t, const char *name, struct arena *arena)
{
	struct slice rest, part = SLICE_NONE;
	assert_int_equal(test_step(t, "SCRAM-SHA-256", 0, arena_printf(arena, "n,,n=%s,r=x", name), NULL, NULL), AUTH_CONTINUE);
	rest = buf_slice(&t->data);
	assert_true(slice_split(&rest, ',', &part) && slice_split(&rest, ',', &part));
	return arena_dup(arena, part);
}

static void test_scram_unknown_names_keep_their_salt(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct slice a = salt_of(t, "nobody@example.org", &arena), b = salt_of(t, "NOBODY@example.org", &arena), c = salt_of(t,
		"other@example.org", &arena);
	assert_true(slice_eq(a, b));
	assert_false(slice_eq(a, c));
	assert_int_equal(a.n, salt_of(t, "ann@example.org", &arena).n);
	arena_free(&arena);
}

static void test_app_password_works_with_plain_without_hashing(void **state)
{
	struct test_auth *t = *state;
	const char *code = app_password(t);
	unsigned hashes = t->hashes;
	assert_int_equal(test_plain(t, "ann@example.org", code, AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(t->hashes, hashes);
	assert_int_equal(test_plain(t, "bob@example.org", code, AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
}

static void test_removed_app_password_is_refused_and_its_sessions_end(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct slice code = arena_dup(&arena, slice_str(app_password(t)));
	const char *id = (const char *)arena_dup(&arena, slice_str(test_member(t, "id"))).p;
	struct slice args = arena_printf(&arena, "{\"address\":\"ann@example.org\",\"id\":\"%s\"}", id);
	assert_int_equal(test_admin(t, "user.app_password.remove", (const char *)args.p), 0);
	assert_int_equal(t->revokes, 1);
	assert_int_not_equal(t->last_revoked, 0);
	assert_int_equal(test_plain(t, "ann@example.org", (const char *)code.p, AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(scram(t, "ann@example.org", code, false, NULL), AUTH_BAD_CREDENTIALS);
	arena_free(&arena);
}

static void test_steps_without_an_exchange_are_refused(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_step(t, "SCRAM-SHA-256", 0, SLICE("n,,n=ann@example.org,r=x"), NULL, NULL), AUTH_CONTINUE);
	assert_int_equal(test_step(t, "SCRAM-SHA-256", t->session + 1, SLICE("c=biws"), NULL, NULL), AUTH_INVALID);
	assert_int_equal(test_step(t, "CRAM-MD5", 0, SLICE("x"), NULL, NULL), AUTH_INVALID);
	assert_int_equal(test_step(t, "PLAIN", 0, SLICE("nonsense"), NULL, NULL), AUTH_INVALID);
}

static void test_acting_for_somebody_else_is_refused(void **state)
{
	struct test_auth *t = *state;
	static const char message[] = "bob@example.org\0ann@example.org\0ann password";
	assert_int_equal(test_step(t, "PLAIN", 0, slice_make(message, sizeof message - 1), NULL, NULL), AUTH_BAD_CREDENTIALS);
}

struct mark {
	int *order, *count, id;
};

static void note_order(void *arg, int rc, const struct kek_result *result)
{
	struct mark *m = arg;
	assert_int_equal(rc, 0);
	m->order[(*m->count)++] = m->id;
}

static void test_the_newest_hashing_request_comes_first(void **state)
{
	struct test_auth *t = *state;
	int order[3], count = 0;
	struct mark marks[3];
	struct kek_request r = {.cost = PASSWORD_COST_MIN, .password = SLICE("x")};
	for (int i = 0; i < 3; i++) {
		marks[i] = (struct mark){order, &count, i};
		kek_start(t->keks, &r, note_order, &marks[i]);
	}
	test_host_run(t);
	assert_int_equal(count, 3);
	assert_int_equal(order[0], 2);
	assert_int_equal(order[2], 0);
}

static void count_temporary(void *arg, int rc, const struct kek_result *result)
{
	if (rc != 0)
		++*(unsigned *)arg;
}

static void test_hashing_requests_have_a_deadline(void **state)
{
	struct test_auth *t = *state;
	unsigned late = 0;
	struct kek_request r = {.cost = PASSWORD_COST_MIN, .password = SLICE("x")};
	for (int i = 0; i < 500; i++) /* 40 ms each, one at a time: 375 of them in 15 s */
		kek_start(t->keks, &r, count_temporary, &late);
	test_host_run(t);
	assert_in_range(late, 120, 130);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_right_password_gives_a_ticket_with_the_secrets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ticket_carries_an_own_fact, setup, teardown),
		cmocka_unit_test_setup_teardown(test_submission_needs_no_ticket_and_names_the_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_password_and_unknown_name_look_alike, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_remembered_password_costs_no_hash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disabled_account_does_not_get_in, setup, teardown),
		cmocka_unit_test_setup_teardown(test_administrators_have_no_mailbox, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_helpers_are_temporary, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_address_that_fails_too_often_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_owner_is_not_locked_out, setup, teardown),
		cmocka_unit_test(test_failures_of_an_account_get_slower),
		cmocka_unit_test(test_ipv6_neighbours_count_as_one),
		cmocka_unit_test_setup_teardown(test_scram_opens_with_an_app_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scram_plus_binds_to_the_channel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scram_refuses_wrong_passwords_and_unknown_names, setup_scram, teardown),
		cmocka_unit_test_setup_teardown(test_scram_opens_with_the_passwords_of_people, setup_scram, teardown),
		cmocka_unit_test_setup_teardown(test_scram_for_app_passwords_only, setup_scram, teardown),
		cmocka_unit_test_setup_teardown(test_a_sign_in_by_plain_brings_missing_scram_keys, setup_scram, teardown),
		cmocka_unit_test_setup_teardown(test_scram_takes_a_password_prepared_or_not, setup_scram, teardown),
		cmocka_unit_test_setup_teardown(test_scram_keys_open_only_with_the_pepper_of_key, setup_scram, teardown),
		cmocka_unit_test_setup_teardown(test_what_was_disabled_during_an_exchange_stays_out, setup_scram, teardown),
		cmocka_unit_test_setup_teardown(test_scram_unknown_names_keep_their_salt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_app_password_works_with_plain_without_hashing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_app_password_is_refused_and_its_sessions_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_steps_without_an_exchange_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_acting_for_somebody_else_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_newest_hashing_request_comes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hashing_requests_have_a_deadline, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
