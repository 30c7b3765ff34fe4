/* Second factors through the operations and the mechanisms, with fake time. */
#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include "auth/directory_factor.h"
#include "auth/directory_role.h"
#include "auth/factors_internal.h"
#include "auth/factors_policy.h"
#include "auth/session.h"
#include "base/codec.h"
#include "factor/sent.h"
#include "factor/test_device.h"
#include "factor/totp.h"
#include "ipc/admin.h"

#define ORIGIN "https://mail.example.org"
#define DAY_MS INT64_C(86400000)
#define NOBODY "ll1-"

static int setup(void **state)
{
	*state = test_auth_create(true);
	return 0;
}

static int teardown(void **state)
{
	test_auth_free((struct test_auth **)state);
	return 0;
}

static json_t *result_of(struct test_auth *t)
{
	json_t *o = json_loadb((const char *)buf_slice(&t->result).p, buf_len(&t->result), 0, NULL);
	assert_non_null(o);
	return o;
}

/* A text of the list `list`. */
static void item(struct test_auth *t, const char *list, size_t index, char *ret, size_t size)
{
	json_t *o = result_of(t);
	const char *text = json_string_value(json_array_get(json_object_get(o, list), index));
	assert_non_null(text);
	(void)snprintf(ret, size, "%s", text);
	json_decref(o);
}

static bool refused_with(struct test_auth *t, const char *code)
{
	return t->admin_status != ADMIN_OK && strcmp(test_member(t, "code"), code) == 0;
}

static unsigned start(struct test_auth *t, const char *local, const char *proof)
{
	return test_admin_as(t, NOBODY, "session.start", test_args("{\"address\":\"%s@example.org\",\"password\":\"%s password\"%s%s}", local, local,
		proof != NULL ? ",\"proof\":" : "", proof != NULL ? proof : ""));
}

static const char *keep_token(struct test_auth *t)
{
	static char tokens[8][SESSION_TOKEN_SIZE + 1];
	static unsigned next;
	char *token = tokens[next++ % 8];
	(void)snprintf(token, sizeof tokens[0], "%s", test_member(t, "token"));
	assert_int_equal(strlen(token), SESSION_TOKEN_SIZE);
	return token;
}

static const char *sign_in(struct test_auth *t, const char *local)
{
	assert_int_equal(start(t, local, NULL), ADMIN_OK);
	return keep_token(t);
}

/* ---- TOTP ---- */

static int value32(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' : c - '2' + 26;
}

struct program { /* what shows the digits */
	uint8_t secret[TOTP_SECRET_SIZE];
};

static void scan(struct program *p, const char *text)
{
	size_t bit = 0;
	memset(p, 0, sizeof *p);
	for (size_t i = 0; text[i] != 0; i++)
		for (int k = 4; k >= 0; k--, bit++)
			p->secret[bit / 8] |= (uint8_t)((value32(text[i]) >> k & 1) << (7 - bit % 8));
	assert_int_equal(bit, TOTP_SECRET_SIZE * 8);
}

static const char *code_of(struct test_auth *t, const struct program *p)
{
	static char text[8];
	(void)snprintf(text, sizeof text, "%06u", totp_hotp(DIGEST_SHA1, slice_make(p->secret, sizeof p->secret),
		(uint64_t)(moment_unix(t->now) / 30), 6));
	return text;
}

static const char *totp_proof(struct test_auth *t, const struct program *p)
{
	static char text[80];
	(void)snprintf(text, sizeof text, "{\"kind\":\"totp\",\"code\":\"%s\"}", code_of(t, p));
	return text;
}

static void pass(struct test_auth *t, int64_t ms)
{
	t->now.wall_ms += ms;
	t->now.mono_ms += ms;
}

static struct program register_totp(struct test_auth *t, const char *token)
{
	struct program p;
	assert_int_equal(test_admin_as(t, token, "factor.totp.begin", "{\"label\":\"phone\"}"), ADMIN_OK);
	json_int_t id = test_number(t, "id");
	scan(&p, test_member(t, "secret"));
	assert_int_equal(test_admin_as(t, token, "factor.totp.confirm", test_args("{\"id\":%lld,\"code\":\"%s\"}", (long long)id, code_of(t, &p))), ADMIN_OK);
	pass(t, 30000);
	return p;
}

static void test_a_factor_counts_from_its_first_code_on(void **state)
{
	struct test_auth *t = *state;
	struct program p;
	const char *token = sign_in(t, "ann");
	assert_int_equal(test_admin_as(t, token, "factor.totp.begin", "{}"), ADMIN_OK);
	json_int_t id = test_number(t, "id");
	scan(&p, test_member(t, "secret"));
	assert_int_not_equal(test_admin_as(t, token, "factor.totp.confirm", test_args("{\"id\":%lld,\"code\":\"000000\"}", (long long)id)), ADMIN_OK);
	assert_int_equal(start(t, "ann", NULL), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "factor.totp.confirm", test_args("{\"id\":%lld,\"code\":\"%s\"}", (long long)id, code_of(t, &p))), ADMIN_OK);
	assert_int_not_equal(start(t, "ann", NULL), ADMIN_OK);
	assert_true(refused_with(t, "factor_needed"));
	/* The code that confirmed it is used up. */
	assert_int_not_equal(start(t, "ann", totp_proof(t, &p)), ADMIN_OK);
	pass(t, 30000);
	assert_int_equal(start(t, "ann", totp_proof(t, &p)), ADMIN_OK);
	assert_int_not_equal(start(t, "ann", totp_proof(t, &p)), ADMIN_OK);
	assert_true(refused_with(t, "factor"));
}

static void test_the_state_is_committed_before_the_answer(void **state)
{
	struct test_auth *t = *state;
	struct program p = register_totp(t, sign_in(t, "ann"));
	char proof[80];
	(void)snprintf(proof, sizeof proof, "%s", totp_proof(t, &p));
	struct arena arena = ARENA_INIT;
	struct directory_factor before[1], after[1];
	uint8_t id[16];
	assert_int_equal(start(t, "bob", NULL), ADMIN_OK);
	assert_int_equal(directory_account_first(t->directory, SLICE("example.org"), id), 0);
	assert_int_equal(directory_factor_list(t->directory, id, 0, &arena, before, 1), 1);
	assert_int_equal(start(t, "ann", proof), ADMIN_OK);
	assert_int_equal(directory_factor_list(t->directory, id, 0, &arena, after, 1), 1);
	assert_false(slice_eq(before[0].data, after[0].data));
	/* A factor of somebody else does not open with these secrets, nor a row that was moved. */
	assert_int_not_equal(start(t, "bob", NULL), 99);
	arena_free(&arena);
}

static void test_wrong_codes_end_after_ten_but_keys_do_not(void **state)
{
	struct test_auth *t = *state;
	struct program p = register_totp(t, sign_in(t, "ann"));
	for (int i = 0; i < FACTOR_TRIES_MAX; i++) {
		assert_int_not_equal(start(t, "ann", "{\"kind\":\"totp\",\"code\":\"000001\"}"), ADMIN_OK);
		pass(t, 61000); /* the limit of the address is another one */
	}
	assert_int_not_equal(start(t, "ann", totp_proof(t, &p)), ADMIN_OK);
	pass(t, FACTOR_TRIES_S * 1000);
	assert_int_equal(start(t, "ann", totp_proof(t, &p)), ADMIN_OK);
}

/* ---- no way around it ---- */

static unsigned scram_rows(struct test_auth *t, const char *local)
{
	struct arena arena = ARENA_INIT;
	struct directory_address found;
	struct scram_row rows[8];
	assert_int_equal(directory_address_get(t->directory, slice_str(local), SLICE("example.org"), &arena, &found), 0);
	int count = directory_scram_list(t->directory, found.account, true, &arena, rows, 8);
	arena_free(&arena);
	assert_true(count >= 0);
	return (unsigned)count;
}

static void test_the_password_alone_opens_no_mail_protocol(void **state)
{
	static const enum auth_protocol protocols[] = {AUTH_PROTOCOL_SUBMISSION, AUTH_PROTOCOL_IMAP, AUTH_PROTOCOL_POP3};
	struct test_auth *t = *state;
	const char *token = sign_in(t, "ann");
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_true(scram_rows(t, "ann") > 0);
	unsigned revokes = t->revokes;
	(void)register_totp(t, token);
	assert_true(t->revokes > revokes);
	assert_int_equal(scram_rows(t, "ann"), 0);
	for (size_t i = 0; i < 3; i++) {
		unsigned before = t->hashes;
		int64_t asked = t->now.mono_ms;
		assert_int_equal(test_plain(t, "ann@example.org", i == 0 ? "ann password" : i == 1 ? "wrong one" : "another wrong", protocols[i]),
			AUTH_BAD_CREDENTIALS);
		/* A right password costs and waits like a wrong one. */
		assert_int_equal(t->hashes - before, 1);
		assert_true(t->answered_at - asked >= 2000);
		pass(t, 61000);
	}
	assert_int_equal(test_plain(t, "bob@example.org", "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(scram_rows(t, "ann"), 0);
}

static void test_a_new_password_gets_no_scram_keys_beside_a_factor(void **state)
{
	struct test_auth *t = *state;
	struct program p = register_totp(t, sign_in(t, "ann"));
	assert_int_not_equal(test_admin_as(t, NOBODY, "user.passwd",
		"{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"another one of ann\"}"), ADMIN_OK);
	assert_true(refused_with(t, "factor_needed"));
	assert_int_equal(test_admin_as(t, NOBODY, "user.passwd", test_args("{\"address\":\"ann@example.org\",\"old\":\"ann password\","
		"\"new\":\"another one of ann\",\"proof\":%s}", totp_proof(t, &p))), ADMIN_OK);
	assert_int_equal(scram_rows(t, "ann"), 0);
	assert_int_equal(test_plain(t, "ann@example.org", "another one of ann", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	/* The states go on under the new generation. */
	pass(t, 30000);
	assert_int_equal(test_admin_as(t, NOBODY, "session.start", test_args("{\"address\":\"ann@example.org\","
		"\"password\":\"another one of ann\",\"proof\":%s}",
		totp_proof(t, &p))), ADMIN_OK);
}

static void test_app_passwords_still_sign_in(void **state)
{
	struct test_auth *t = *state;
	struct program p = register_totp(t, sign_in(t, "ann"));
	char app[64];
	assert_int_equal(test_admin_as(t, NOBODY, "user.app_password.add", test_args("{\"address\":\"ann@example.org\","
		"\"password\":\"ann password\",\"proof\":%s}",
		totp_proof(t, &p))), ADMIN_OK);
	(void)snprintf(app, sizeof app, "%s", test_member(t, "app_password"));
	assert_int_equal(test_plain(t, "ann@example.org", app, AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_true(scram_rows(t, "ann") > 0); /* of the app password */
}

static void test_another_factor_needs_the_one_that_is_there(void **state)
{
	struct test_auth *t = *state;
	const char *weak = sign_in(t, "ann"), *token = sign_in(t, "ann");
	struct program p = register_totp(t, token);
	/* Sessions with the password alone ended with the first factor. */
	assert_int_not_equal(test_admin_as(t, weak, "factor.totp.begin", "{}"), ADMIN_OK);
	assert_true(refused_with(t, "sign_in"));
	assert_int_equal(test_admin_as(t, token, "factor.totp.begin", "{}"), ADMIN_OK);
	pass(t, (AUTH_STEP_UP_S + 1) * 1000);
	assert_int_not_equal(test_admin_as(t, token, "factor.totp.begin", "{}"), ADMIN_OK);
	assert_true(refused_with(t, "step_up"));
	assert_int_equal(test_admin_as(t, token, "session.step_up", test_args("{\"proof\":%s}", totp_proof(t, &p))), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "factor.totp.begin", "{}"), ADMIN_OK);
}

/* ---- codes, lists ---- */

static void test_reserve_codes_work_once_each(void **state)
{
	struct test_auth *t = *state;
	const char *token = sign_in(t, "ann");
	char code[16];
	assert_int_not_equal(test_admin_as(t, token, "factor.codes.make", "{}"), ADMIN_OK);
	assert_true(refused_with(t, "no_factor"));
	(void)register_totp(t, token);
	assert_int_equal(test_admin_as(t, token, "factor.codes.make", "{}"), ADMIN_OK);
	item(t, "codes", 9, code, sizeof code);
	assert_int_equal(start(t, "ann", test_args("{\"kind\":\"codes\",\"code\":\"%s\"}", code)), ADMIN_OK);
	assert_int_not_equal(start(t, "ann", test_args("{\"kind\":\"codes\",\"code\":\"%s\"}", code)), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "factor.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	json_t *o = result_of(t);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(o, "factors"), 1), "left")), 9);
	json_decref(o);
}

static void test_a_printed_list_asks_for_its_next_number(void **state)
{
	struct test_auth *t = *state;
	const char *token = sign_in(t, "ann");
	char first[16], second[16];
	(void)register_totp(t, token);
	assert_int_equal(test_admin_as(t, token, "factor.list.make", "{\"count\":20}"), ADMIN_OK);
	item(t, "codes", 0, first, sizeof first);
	item(t, "codes", 1, second, sizeof second);
	assert_int_not_equal(test_admin_as(t, NOBODY, "session.start",
		"{\"address\":\"ann@example.org\",\"password\":\"ann password\",\"factor\":\"list\"}"), ADMIN_OK);
	json_t *o = result_of(t);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "challenge"), "number")), 1);
	json_decref(o);
	assert_int_not_equal(start(t, "ann", test_args("{\"kind\":\"list\",\"code\":\"%s\"}", second)), ADMIN_OK);
	assert_int_equal(start(t, "ann", test_args("{\"kind\":\"list\",\"code\":\"%s\"}", first)), ADMIN_OK);
	assert_int_not_equal(start(t, "ann", test_args("{\"kind\":\"list\",\"code\":\"%s\"}", first)), ADMIN_OK);
	assert_int_equal(start(t, "ann", test_args("{\"kind\":\"list\",\"code\":\"%s\"}", second)), ADMIN_OK);
}

/* ---- codes that are sent ---- */

static void register_mail(struct test_auth *t, const char *token)
{
	assert_int_equal(test_admin_as(t, token, "factor.contact.set", "{\"kind\":\"mail\",\"to\":\"ann@home.example.net\"}"), ADMIN_OK);
	json_int_t id = test_number(t, "id");
	char challenge[40];
	(void)snprintf(challenge, sizeof challenge, "%s", test_member(t, "challenge"));
	assert_string_equal(t->sent.to, "ann@home.example.net");
	assert_int_not_equal(test_admin_as(t, token, "factor.contact.confirm", test_args("{\"id\":%lld,\"challenge\":\"%s\",\"code\":\"%s\"}", (long long)id,
		challenge, strcmp(t->sent.code, "111111") == 0 ? "222222" : "111111")), ADMIN_OK);
	assert_int_equal(test_admin_as(t, token, "factor.contact.confirm", test_args("{\"id\":%lld,\"challenge\":\"%s\",\"code\":\"%s\"}", (long long)id,
		challenge, t->sent.code)), ADMIN_OK);
	pass(t, SENT_APART_MS);
}

static void ask_mail(struct test_auth *t, char ret_id[40])
{
	assert_int_not_equal(test_admin_as(t, NOBODY, "session.start",
		"{\"address\":\"ann@example.org\",\"password\":\"ann password\",\"factor\":\"mail\"}"), ADMIN_OK);
	json_t *o = result_of(t);
	const json_t *c = json_object_get(o, "challenge");
	(void)snprintf(ret_id, 40, "%s", json_string_value(json_object_get(c, "id")) != NULL ? json_string_value(json_object_get(c, "id")) : "");
	json_decref(o);
}

static void test_a_sent_code_signs_in_once(void **state)
{
	struct test_auth *t = *state;
	char id[40];
	register_mail(t, sign_in(t, "ann"));
	ask_mail(t, id);
	assert_int_equal(strlen(id), 32);
	assert_int_equal(start(t, "ann", test_args("{\"kind\":\"mail\",\"id\":\"%s\",\"code\":\"%s\"}", id, t->sent.code)), ADMIN_OK);
	assert_int_not_equal(start(t, "ann", test_args("{\"kind\":\"mail\",\"id\":\"%s\",\"code\":\"%s\"}", id, t->sent.code)), ADMIN_OK);
}

static void test_a_sent_code_ends_after_five_tries_or_five_minutes(void **state)
{
	struct test_auth *t = *state;
	char id[40], code[8];
	register_mail(t, sign_in(t, "ann"));
	ask_mail(t, id);
	(void)snprintf(code, sizeof code, "%s", t->sent.code);
	for (int i = 0; i < SENT_TRIES; i++)
		assert_int_not_equal(start(t, "ann", test_args("{\"kind\":\"mail\",\"id\":\"%s\",\"code\":\"%s\"}", id,
			strcmp(code, "111111") == 0 ? "222222" : "111111")), ADMIN_OK);
	assert_int_not_equal(start(t, "ann", test_args("{\"kind\":\"mail\",\"id\":\"%s\",\"code\":\"%s\"}", id, code)), ADMIN_OK);
	pass(t, FACTOR_TRIES_S * 1000);
	ask_mail(t, id);
	pass(t, SENT_MS);
	assert_int_not_equal(start(t, "ann", test_args("{\"kind\":\"mail\",\"id\":\"%s\",\"code\":\"%s\"}", id, t->sent.code)), ADMIN_OK);
	/* Another account's challenge is nobody's. */
	ask_mail(t, id);
	assert_int_not_equal(start(t, "bob", test_args("{\"kind\":\"mail\",\"id\":\"%s\",\"code\":\"%s\"}", id, "000000")), 99);
	assert_int_equal(start(t, "ann", test_args("{\"kind\":\"mail\",\"id\":\"%s\",\"code\":\"%s\"}", id, t->sent.code)), ADMIN_OK);
}

static void test_a_new_code_ends_the_one_before(void **state)
{
	struct test_auth *t = *state;
	char first[40], second[40], code[8];
	register_mail(t, sign_in(t, "ann"));
	ask_mail(t, first);
	(void)snprintf(code, sizeof code, "%s", t->sent.code);
	pass(t, SENT_APART_MS);
	ask_mail(t, second);
	assert_int_equal(strlen(second), 32);
	assert_int_not_equal(start(t, "ann", test_args("{\"kind\":\"mail\",\"id\":\"%s\",\"code\":\"%s\"}", first, code)), ADMIN_OK);
	assert_int_equal(start(t, "ann", test_args("{\"kind\":\"mail\",\"id\":\"%s\",\"code\":\"%s\"}", second, t->sent.code)), ADMIN_OK);
}

static void test_codes_are_sent_ten_times_a_day(void **state)
{
	struct test_auth *t = *state;
	char id[40];
	unsigned sent = 0;
	pass(t, DAY_MS - t->now.wall_ms % DAY_MS); /* a day begins */
	register_mail(t, sign_in(t, "ann"));
	for (unsigned i = 0; i < 2 * SENT_PER_DAY; i++) {
		ask_mail(t, id);
		sent += id[0] != 0;
		pass(t, SENT_APART_MS);
	}
	assert_int_equal(sent, SENT_PER_DAY - 1);
	pass(t, DAY_MS);
	ask_mail(t, id);
	assert_int_equal(strlen(id), 32);
	assert_int_not_equal(test_admin_as(t, sign_in(t, "bob"), "factor.contact.set", "{\"kind\":\"mail\",\"to\":\"bob@example.org\"}"), ADMIN_OK);
	assert_true(refused_with(t, "invalid"));
}

/* ---- keys ---- */

static const char *b64(struct slice bytes)
{
	static char texts[8][9000];
	static unsigned next;
	char *text = texts[next++ % 8];
	struct buf b = BUF_INIT(8999);
	base64url_encode(bytes, &b);
	assert_false(b.failed);
	memcpy(text, buf_slice(&b).p, buf_len(&b));
	text[buf_len(&b)] = 0;
	buf_free(&b);
	return text;
}

static void bytes_of(const char *text, struct buf *ret)
{
	buf_clear(ret);
	assert_int_equal(base64url_decode_strict(slice_str(text), ret), 0);
}

static unsigned confirm_key(struct test_auth *t, const char *token, const struct device *d, struct slice challenge, const char *prf)
{
	struct ceremony c;
	device_register(&c, d, "none", challenge, ORIGIN);
	unsigned rc = test_admin_as(t, token, "factor.webauthn.confirm", test_args("{\"client_data\":\"%s\",\"attestation\":\"%s\",\"label\":\"key\"%s%s%s}",
		b64(buf_slice(&c.client)), b64(buf_slice(&c.object)), prf != NULL ? ",\"prf\":\"" : "", prf != NULL ? prf : "", prf != NULL ? "\"" : ""));
	ceremony_free(&c);
	return rc;
}

static struct device register_key(struct test_auth *t, const char *token, const char *prf)
{
	struct device d = device_make(WEBAUTHN_ES256, "mail.example.org");
	struct buf challenge = BUF_INIT(100);
	assert_int_equal(test_admin_as(t, token, "factor.webauthn.begin", "{}"), ADMIN_OK);
	bytes_of(test_member(t, "challenge"), &challenge);
	assert_int_equal(confirm_key(t, token, &d, buf_slice(&challenge), prf), ADMIN_OK);
	buf_free(&challenge);
	return d;
}

static const char *key_proof(const struct ceremony *c, const struct device *d, const char *prf)
{
	static char text[12000];
	(void)snprintf(text, sizeof text, "{\"kind\":\"webauthn\",\"credential\":\"%s\",\"client_data\":\"%s\","
		"\"authenticator_data\":\"%s\",\"signature\":\"%s\"%s%s%s}",
		b64(slice_make(d->id, sizeof d->id)), b64(buf_slice(&c->client)), b64(buf_slice(&c->data)), b64(buf_slice(&c->signature)),
		prf != NULL ? ",\"prf\":\"" : "", prf != NULL ? prf : "", prf != NULL ? "\"" : "");
	return text;
}

static void ask_key(struct test_auth *t, struct buf *ret_challenge)
{
	assert_int_not_equal(test_admin_as(t, NOBODY, "session.start",
		"{\"address\":\"ann@example.org\",\"password\":\"ann password\",\"factor\":\"webauthn\"}"), ADMIN_OK);
	json_t *o = result_of(t);
	const json_t *c = json_object_get(o, "challenge");
	assert_string_equal(json_string_value(json_object_get(c, "rp_id")), "mail.example.org");
	assert_int_equal(json_array_size(json_object_get(c, "credentials")), 1);
	bytes_of(json_string_value(json_object_get(c, "challenge")), ret_challenge);
	json_decref(o);
}

static void test_a_key_signs_in_with_a_fresh_challenge_only(void **state)
{
	struct test_auth *t = *state;
	struct device d = register_key(t, sign_in(t, "ann"), NULL);
	struct buf challenge = BUF_INIT(100);
	struct ceremony c;
	ask_key(t, &challenge);
	device_assert(&c, &d, buf_slice(&challenge), ORIGIN);
	assert_int_equal(start(t, "ann", key_proof(&c, &d, NULL)), ADMIN_OK);
	assert_int_not_equal(start(t, "ann", key_proof(&c, &d, NULL)), ADMIN_OK);
	ceremony_free(&c);
	/* The same challenge again, with a counter that goes on. */
	device_assert(&c, &d, buf_slice(&challenge), ORIGIN);
	assert_int_not_equal(start(t, "ann", key_proof(&c, &d, NULL)), ADMIN_OK);
	ceremony_free(&c);
	/* Too late. */
	ask_key(t, &challenge);
	pass(t, FACTOR_CHALLENGE_MS);
	device_assert(&c, &d, buf_slice(&challenge), ORIGIN);
	assert_int_not_equal(start(t, "ann", key_proof(&c, &d, NULL)), ADMIN_OK);
	ceremony_free(&c);
	/* For another page. */
	ask_key(t, &challenge);
	device_assert(&c, &d, buf_slice(&challenge), "https://mail.example.org.evil.example");
	assert_int_not_equal(start(t, "ann", key_proof(&c, &d, NULL)), ADMIN_OK);
	ceremony_free(&c);
	/* A challenge that the server never made. */
	device_assert(&c, &d, SLICE("0123456789012345678901234567890123456789"), ORIGIN);
	assert_int_not_equal(start(t, "ann", key_proof(&c, &d, NULL)), ADMIN_OK);
	ceremony_free(&c);
	ask_key(t, &challenge);
	device_assert(&c, &d, buf_slice(&challenge), ORIGIN);
	assert_int_equal(start(t, "ann", key_proof(&c, &d, NULL)), ADMIN_OK);
	ceremony_free(&c);
	buf_free(&challenge);
	EVP_PKEY_free(d.key);
}

static void test_a_copied_key_is_noticed(void **state)
{
	struct test_auth *t = *state;
	struct device d = register_key(t, sign_in(t, "ann"), NULL);
	struct buf challenge = BUF_INIT(100);
	struct ceremony c;
	ask_key(t, &challenge);
	device_assert(&c, &d, buf_slice(&challenge), ORIGIN);
	assert_int_equal(start(t, "ann", key_proof(&c, &d, NULL)), ADMIN_OK);
	ceremony_free(&c);
	d.counter -= 2; /* the copy is behind */
	ask_key(t, &challenge);
	device_assert(&c, &d, buf_slice(&challenge), ORIGIN);
	assert_int_not_equal(start(t, "ann", key_proof(&c, &d, NULL)), ADMIN_OK);
	ceremony_free(&c);
	buf_free(&challenge);
	EVP_PKEY_free(d.key);
}

static void test_registrations_are_bound_to_person_and_challenge(void **state)
{
	struct test_auth *t = *state;
	struct device d = device_make(WEBAUTHN_EDDSA, "mail.example.org");
	struct buf challenge = BUF_INIT(100);
	const char *ann = sign_in(t, "ann"), *bob = sign_in(t, "bob");
	assert_int_equal(test_admin_as(t, ann, "factor.webauthn.begin", "{}"), ADMIN_OK);
	bytes_of(test_member(t, "challenge"), &challenge);
	assert_int_not_equal(confirm_key(t, bob, &d, buf_slice(&challenge), NULL), ADMIN_OK);
	assert_int_equal(confirm_key(t, ann, &d, buf_slice(&challenge), NULL), ADMIN_OK);
	assert_int_not_equal(confirm_key(t, ann, &d, buf_slice(&challenge), NULL), ADMIN_OK);
	/* The same key for a second account. */
	assert_int_equal(test_admin_as(t, bob, "factor.webauthn.begin", "{}"), ADMIN_OK);
	bytes_of(test_member(t, "challenge"), &challenge);
	assert_int_not_equal(confirm_key(t, bob, &d, buf_slice(&challenge), NULL), ADMIN_OK);
	assert_true(refused_with(t, "exists"));
	assert_int_not_equal(test_admin_as(t, bob, "factor.webauthn.begin", "{\"origin\":\"https://evil.example\"}"), ADMIN_OK);
	buf_free(&challenge);
	EVP_PKEY_free(d.key);
}

static const char prf[] = "cHJmIHJlc3VsdCBvZiBhIHBhc3NrZXksIDMyIGJ5dGU";
static const char other_prf[] = "cHJmIHJlc3VsdCBvZiBhIHBhc3NrZXksIDMyIGJ5dGE";

static unsigned passkey_start(struct test_auth *t, struct device *d, const char *result)
{
	struct buf challenge = BUF_INIT(100);
	struct ceremony c;
	assert_int_equal(test_admin_as(t, NOBODY, "session.passkey.begin", "{}"), ADMIN_OK);
	bytes_of(test_member(t, "challenge"), &challenge);
	device_assert(&c, d, buf_slice(&challenge), ORIGIN);
	unsigned rc = test_admin_as(t, NOBODY, "session.passkey.start", test_args("{\"proof\":%s}", key_proof(&c, d, result)));
	/* Never twice. */
	assert_int_not_equal(test_admin_as(t, NOBODY, "session.passkey.start", test_args("{\"proof\":%s}", key_proof(&c, d, result))), ADMIN_OK);
	ceremony_free(&c);
	buf_free(&challenge);
	return rc;
}

static void test_a_passkey_with_prf_signs_in_alone(void **state)
{
	struct test_auth *t = *state;
	struct device d = register_key(t, sign_in(t, "ann"), prf);
	assert_int_equal(passkey_start(t, &d, prf), ADMIN_OK);
	assert_int_not_equal(passkey_start(t, &d, other_prf), ADMIN_OK);
	assert_int_not_equal(passkey_start(t, &d, NULL), ADMIN_OK);
	d.flags = DEVICE_UP; /* not verified */
	assert_int_not_equal(passkey_start(t, &d, prf), ADMIN_OK);
	d.flags = DEVICE_UP | DEVICE_UV;
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_not_equal(passkey_start(t, &d, prf), ADMIN_OK);
	EVP_PKEY_free(d.key);
}

static void test_prf_later_makes_a_key_a_passkey(void **state)
{
	struct test_auth *t = *state;
	struct device d = register_key(t, sign_in(t, "ann"), NULL);
	struct buf challenge = BUF_INIT(100);
	struct ceremony c;
	assert_int_not_equal(passkey_start(t, &d, prf), ADMIN_OK);
	ask_key(t, &challenge);
	device_assert(&c, &d, buf_slice(&challenge), ORIGIN);
	assert_int_equal(start(t, "ann", key_proof(&c, &d, prf)), ADMIN_OK);
	const char *token = keep_token(t);
	ceremony_free(&c);
	assert_int_equal(passkey_start(t, &d, prf), ADMIN_OK);
	/* With the key its wrap goes. */
	assert_int_equal(test_admin_as(t, token, "factor.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	json_t *o = result_of(t);
	json_int_t id = json_integer_value(json_object_get(json_array_get(json_object_get(o, "factors"), 0), "id"));
	json_decref(o);
	assert_int_equal(test_admin_as(t, token, "factor.remove", test_args("{\"id\":%lld}", (long long)id)), ADMIN_OK);
	assert_int_not_equal(passkey_start(t, &d, prf), ADMIN_OK);
	assert_int_equal(start(t, "ann", NULL), ADMIN_OK);
	buf_free(&challenge);
	EVP_PKEY_free(d.key);
}

/* ---- who needs one ---- */

static void enforce(struct test_auth *t, const char *value)
{
	struct error err = {0};
	assert_int_equal(directory_policy_set(t->directory, "factors", slice_str(value), SLICE("test"), 0, &err), 0);
}

static bool flag(struct test_auth *t, const char *name, bool *ret)
{
	json_t *o = result_of(t), *v = json_object_get(o, name);
	*ret = json_is_true(v);
	bool there = v != NULL;
	json_decref(o);
	return there;
}

static void test_policy_gives_grace_and_then_bars_the_password(void **state)
{
	struct test_auth *t = *state;
	bool must = false;
	enforce(t, test_args("{\"roles\":[\"user\"],\"groups\":[],\"grace_days\":14,\"since\":%lld}", (long long)moment_unix(t->now)));
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(start(t, "ann", NULL), ADMIN_OK);
	assert_true(flag(t, "must_register_factor", &must) && !must);
	pass(t, 14 * DAY_MS);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(start(t, "ann", NULL), ADMIN_OK);
	assert_true(flag(t, "must_register_factor", &must) && must);
	(void)register_totp(t, keep_token(t));
	assert_int_not_equal(start(t, "ann", NULL), ADMIN_OK);
}

static void test_policy_by_group_means_its_members_only(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "group.add", "{\"address\":\"vip@example.org\",\"members\":[\"ann@example.org\"]}"), ADMIN_OK);
	enforce(t, "{\"roles\":[],\"groups\":[\"vip@example.org\"],\"grace_days\":0,\"since\":0}");
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "bob@example.org", "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_who_runs_the_system_has_no_grace(void **state)
{
	static const char *const roles[] = {"administrator", "officer", "auditor", "approver", "custodian"};
	struct test_auth *t = *state;
	enforce(t, test_args("{\"roles\":[],\"groups\":[],\"grace_days\":365,\"since\":%lld}", (long long)moment_unix(t->now)));
	for (size_t i = 0; i < 5; i++) {
		bool must = false;
		char address[60];
		(void)snprintf(address, sizeof address, "%s@example.org", roles[i]);
		assert_int_equal(test_admin(t, "user.add", test_args("{\"address\":\"%s\",\"password\":\"%s password\",\"role\":\"%s\"}", address,
			roles[i], roles[i])), ADMIN_OK);
		assert_int_equal(start(t, roles[i], NULL), ADMIN_OK);
		assert_true(flag(t, "must_register_factor", &must) && must);
	}
}

static void test_policies_are_checked_before_they_hold(void **state)
{
	struct test_auth *t = *state;
	static const char *const bad[] = {"[]", "{\"roles\":\"user\"}", "{\"roles\":[\"nonsense\"]}", "{\"groups\":[\"nobody@example.org\"]}",
		"{\"groups\":[\"ann@example.org\"]}", "{\"grace_days\":-1}", "{\"grace_days\":366}", "{\"other\":1}", "{\"roles\":[5]}"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct error err = {0};
		json_t *value = json_loads(bad[i], 0, NULL), *stored = NULL;
		assert_non_null(value);
		assert_true(factors_policy_check(t->directory, value, SLICE_NONE, 5, &stored, &err) < 0);
		assert_null(stored);
		json_decref(value);
	}
}

static void test_policies_are_set_and_seen(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_admin(t, "policy.get", "{\"name\":\"factors\"}"), ADMIN_OK);
	assert_int_not_equal(test_admin(t, "policy.get", "{\"name\":\"nonsense\"}"), ADMIN_OK);
	assert_int_not_equal(test_admin(t, "policy.set", "{\"name\":\"factors\",\"value\":{\"roles\":[\"nonsense\"]}}"), ADMIN_OK);
	assert_true(refused_with(t, "invalid"));
	assert_int_equal(test_admin(t, "policy.set", "{\"name\":\"factors\",\"value\":{\"roles\":[\"user\"],\"grace_days\":1}}"), ADMIN_OK);
	pass(t, DAY_MS / 2);
	/* The days alone begin no new grace; other people do. */
	assert_int_equal(test_admin(t, "policy.set", "{\"name\":\"factors\",\"value\":{\"roles\":[\"user\"],\"grace_days\":2}}"), ADMIN_OK);
	json_t *o = result_of(t);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "value"), "since")), (t->now.wall_ms - DAY_MS / 2) / 1000);
	json_decref(o);
	assert_int_equal(test_admin(t, "policy.get", "{\"name\":\"factors\"}"), ADMIN_OK);
	o = result_of(t);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "value"), "grace_days")), 2);
	json_decref(o);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	pass(t, 2 * DAY_MS);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_not_equal(test_admin_as(t, sign_in(t, "bob"), "policy.set", "{\"name\":\"factors\",\"value\":{}}"), ADMIN_OK);
}

static void test_a_lost_factor_is_reset_by_somebody_else(void **state)
{
	struct test_auth *t = *state;
	const char *token = sign_in(t, "ann");
	(void)register_totp(t, token);
	assert_int_not_equal(test_admin_as(t, sign_in(t, "bob"), "factor.reset", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "factor.reset", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_not_equal(test_admin_as(t, token, "factor.totp.begin", "{}"), ADMIN_OK);
	assert_int_equal(start(t, "ann", NULL), ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

static void test_nothing_in_the_directory_shows_a_secret(void **state)
{
	struct test_auth *t = *state;
	struct program p = register_totp(t, sign_in(t, "ann"));
	struct arena arena = ARENA_INIT;
	struct directory_factor f[1];
	uint8_t id[16];
	assert_int_equal(directory_account_first(t->directory, SLICE("example.org"), id), 0);
	assert_int_equal(directory_factor_list(t->directory, id, 0, &arena, f, 1), 1);
	assert_true(slice_search(f[0].data, slice_make(p.secret, 8)) < 0);
	arena_free(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_a_factor_counts_from_its_first_code_on),
		TEST(test_the_state_is_committed_before_the_answer),
		TEST(test_wrong_codes_end_after_ten_but_keys_do_not),
		TEST(test_the_password_alone_opens_no_mail_protocol),
		TEST(test_a_new_password_gets_no_scram_keys_beside_a_factor),
		TEST(test_app_passwords_still_sign_in),
		TEST(test_another_factor_needs_the_one_that_is_there),
		TEST(test_reserve_codes_work_once_each),
		TEST(test_a_printed_list_asks_for_its_next_number),
		TEST(test_a_sent_code_signs_in_once),
		TEST(test_a_sent_code_ends_after_five_tries_or_five_minutes),
		TEST(test_a_new_code_ends_the_one_before),
		TEST(test_codes_are_sent_ten_times_a_day),
		TEST(test_a_key_signs_in_with_a_fresh_challenge_only),
		TEST(test_a_copied_key_is_noticed),
		TEST(test_registrations_are_bound_to_person_and_challenge),
		TEST(test_a_passkey_with_prf_signs_in_alone),
		TEST(test_prf_later_makes_a_key_a_passkey),
		TEST(test_policy_gives_grace_and_then_bars_the_password),
		TEST(test_policy_by_group_means_its_members_only),
		TEST(test_who_runs_the_system_has_no_grace),
		TEST(test_policies_are_checked_before_they_hold),
		TEST(test_policies_are_set_and_seen),
		TEST(test_a_lost_factor_is_reset_by_somebody_else),
		TEST(test_nothing_in_the_directory_shows_a_secret),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
