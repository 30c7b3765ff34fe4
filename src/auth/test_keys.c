/* Escrow, delegation, leavers: through the operations, with three custodians. */
#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "auth/box.h"
#include "auth/clearance.h"
#include "auth/delegation.h"
#include "auth/directory_role.h"
#include "auth/escrow.h"
#include "auth/resolve.h"
#include "auth/session.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "factor/shamir.h"
#include "ipc/admin.h"

#define DAY_MS INT64_C(86400000)
#define ANN "{\"address\":\"ann@example.org\"}"

static int setup(void **state)
{
	*state = test_auth_create(false);
	return 0;
}

static int teardown(void **state)
{
	test_auth_free((struct test_auth **)state);
	return 0;
}

#define QUORUM "{\"k\":2,\"custodians\":[\"c1@example.org\",\"c2@example.org\",\"c3@example.org\"]}"

static void make_escrow(struct test_auth *t)
{
	test_staff(t);
	const char *officer = test_sign_in_second(t, "rules"), *approver = test_sign_in_second(t, "second");
	assert_int_equal(test_admin_as(t, officer, "escrow.set", QUORUM), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "approval_needed");
	assert_int_equal(test_admin_as(t, approver, "approval.give", test_args("{\"id\":%d}", (int)test_number(t, "approval"))), ADMIN_OK);
	(void)test_sign_in_second(t, "ann"); /* her first sign-in since */
}

static uint32_t ask_reset(struct test_auth *t, char check[32])
{
	assert_int_equal(test_admin_as(t, "x", "escrow.reset_ask", "{\"address\":\"ann@example.org\",\"new\":\"chosen anew\"}"), ADMIN_OK);
	snprintf(check, 32, "%s", test_member(t, "check"));
	assert_int_equal(strlen(check), ESCROW_CHECK_SIZE);
	return (uint32_t)test_number(t, "request");
}

static unsigned give(struct test_auth *t, const char *who, uint32_t id, const char *check)
{
	const char *token = test_sign_in_second(t, who);
	return test_admin_as(t, token, "escrow.give", test_args("{\"id\":%u,\"check\":\"%s\"}", id, check));
}

static void test_a_box_opens_for_its_reader_alone(void **state)
{
	struct secrets reader = SECRETS_NONE, other = SECRETS_NONE;
	struct buf box = BUF_INIT(1000), plain = BUF_INIT(1000);
	uint8_t public_key[32], secret[32];
	(void)state;
	assert_int_equal(secrets_add(&reader, 1, NULL), 0);
	assert_int_equal(secrets_add(&other, 1, NULL), 0);
	secrets_pair(secrets_newest(&reader), public_key, secret);
	assert_int_equal(box_seal(public_key, "test", SLICE("ad"), SLICE("plain text"), &box, NULL), 0);
	assert_int_equal(buf_len(&box), 10 + BOX_OVERHEAD);
	assert_int_equal(box_open(&other, "test", SLICE("ad"), buf_slice(&box), &plain, NULL), ERR_DENIED);
	assert_int_equal(box_open(&reader, "other", SLICE("ad"), buf_slice(&box), &plain, NULL), ERR_DENIED);
	assert_int_equal(box_open(&reader, "test", SLICE("AD"), buf_slice(&box), &plain, NULL), ERR_DENIED);
	assert_int_equal(box_open(&reader, "test", SLICE("ad"), slice_sub(buf_slice(&box), 0, BOX_OVERHEAD - 1), &plain, NULL), ERR_DAMAGED);
	/* A later generation still opens it. */
	assert_int_equal(secrets_add(&reader, 1, NULL), 0);
	assert_int_equal(box_open(&reader, "test", SLICE("ad"), buf_slice(&box), &plain, NULL), 0);
	assert_true(slice_eq(buf_slice(&plain), SLICE("plain text")));
	for (size_t i = 0; i < buf_len(&box); i++) {
		((uint8_t *)buf_slice(&box).p)[i] ^= 1;
		assert_int_not_equal(box_open(&reader, "test", SLICE("ad"), buf_slice(&box), &plain, NULL), 0);
		((uint8_t *)buf_slice(&box).p)[i] ^= 1;
	}
	secrets_free(&reader);
	secrets_free(&other);
	buf_free(&box);
	buf_free(&plain);
}

static void test_a_quorum_resets_a_password_and_no_mail_is_lost(void **state)
{
	struct test_auth *t = *state;
	char check[32];
	make_escrow(t);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	struct buf before = BUF_INIT(100000);
	buf_append(&before, buf_slice(&t->last_secrets));
	uint32_t id = ask_reset(t, check);
	assert_int_equal(give(t, "c1", id, check), ADMIN_OK);
	assert_int_equal(test_number(t, "given"), 1);
	assert_int_equal(test_plain(t, "ann@example.org", "chosen anew", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(give(t, "c1", id, check), ADMIN_FAILED);
	assert_int_equal(give(t, "c3", id, check), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"reset\":true")) > 0);
	/* No code for a third party to see. */
	assert_true(slice_search(buf_slice(&t->result), SLICE("recovery_code")) < 0);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "ann@example.org", "chosen anew", AUTH_PROTOCOL_IMAP), AUTH_OK);
	/* The old generation is still in the secrets, and there is a new one. */
	assert_true(slice_search(buf_slice(&t->last_secrets), slice_from(buf_slice(&before), 3)) > 0);
	assert_true(buf_len(&t->last_secrets) > buf_len(&before));
	assert_int_equal(give(t, "c2", id, check), ADMIN_NOT_FOUND);
	/* It works again: the new password has its own escrow. */
	id = ask_reset(t, check);
	assert_int_equal(give(t, "c2", id, check), ADMIN_OK);
	assert_int_equal(give(t, "c3", id, check), ADMIN_OK);
	buf_free(&before);
}

static void test_wrong_digits_end_a_request(void **state)
{
	struct test_auth *t = *state;
	char check[32];
	make_escrow(t);
	uint32_t id = ask_reset(t, check);
	check[0] = check[0] == '9' ? '0' : (char)(check[0] + 1);
	for (int i = 0; i < ESCROW_CHECK_TRIES; i++) {
		assert_int_equal(give(t, "c1", id, check), ADMIN_DENIED);
		assert_string_equal(test_member(t, "code"), "check");
	}
	assert_int_equal(give(t, "c2", id, check), ADMIN_NOT_FOUND);
	id = ask_reset(t, check);
	assert_int_equal(give(t, "c1", id, ""), ADMIN_DENIED);
	assert_int_equal(give(t, "c1", id, "1234"), ADMIN_DENIED);
}

static void test_requests_end_by_time_and_number(void **state)
{
	struct test_auth *t = *state;
	char check[32], later[32];
	make_escrow(t);
	uint32_t id = ask_reset(t, check);
	t->now.wall_ms += DAY_MS + 1000;
	assert_int_equal(give(t, "c1", id, check), ADMIN_NOT_FOUND);
	id = ask_reset(t, check);
	t->now.wall_ms += 1000;
	for (int i = 0; i < ESCROW_REQUESTS_ACCOUNT_MAX; i++)
		(void)ask_reset(t, later);
	assert_int_equal(give(t, "c1", id, check), ADMIN_NOT_FOUND);
}

static void test_unknown_names_get_the_same_answer(void **state)
{
	struct test_auth *t = *state;
	make_escrow(t);
	int64_t began = t->now.mono_ms;
	assert_int_equal(test_admin_as(t, "x", "escrow.reset_ask", "{\"address\":\"ann@example.org\",\"new\":\"chosen anew\"}"), ADMIN_OK);
	int64_t took = t->now.mono_ms - began;
	began = t->now.mono_ms;
	assert_int_equal(test_admin_as(t, "x", "escrow.reset_ask", "{\"address\":\"no@example.org\",\"new\":\"chosen anew\"}"), ADMIN_OK);
	assert_int_equal(t->now.mono_ms - began, took);
	assert_int_equal(strlen(test_member(t, "check")), ESCROW_CHECK_SIZE);
	assert_true(test_number(t, "request") >= 100000);
	assert_int_equal(give(t, "c1", (uint32_t)test_number(t, "request"), test_member(t, "check")), ADMIN_NOT_FOUND);
}

static void test_custodians_open_nothing_of_their_own(void **state)
{
	struct test_auth *t = *state;
	char check[32];
	make_escrow(t);
	(void)test_sign_in_second(t, "c1");
	assert_int_equal(test_admin_as(t, "x", "escrow.reset_ask", "{\"address\":\"c1@example.org\",\"new\":\"chosen anew\"}"), ADMIN_OK);
	snprintf(check, sizeof check, "%s", test_member(t, "check"));
	uint32_t id = (uint32_t)test_number(t, "request");
	assert_int_equal(give(t, "c1", id, check), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "self");
	assert_int_equal(give(t, "c2", id, check), ADMIN_OK);
	assert_int_equal(test_number(t, "needed"), 2);
	assert_int_equal(give(t, "c3", id, check), ADMIN_OK);
	/* Nor does anybody who is none. */
	id = ask_reset(t, check);
	assert_int_equal(give(t, "boss", id, check), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "bob"), "escrow.list", "{}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, "unix:0", "escrow.list", "{}"), ADMIN_DENIED);
}

static void test_a_lost_custodian_is_counted_and_the_others_suffice(void **state)
{
	struct test_auth *t = *state;
	char check[32];
	make_escrow(t);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "rules"), "escrow.status", "{}"), ADMIN_OK);
	assert_int_equal(test_number(t, "k"), 2);
	assert_int_equal(test_number(t, "covered"), 1);
	assert_int_equal(test_number(t, "weak"), 0);
	assert_int_equal(test_number(t, "without"), 1); /* bob */
	static const char reset[] = "{\"address\":\"c1@example.org\",\"new\":\"c1 password\",\"lose_mail\":true}";
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "boss"), "user.reset", reset), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "second_person");
	t->reason = "the custodian forgot everything";
	assert_int_equal(test_admin_as(t, "unix:0", "user.reset", reset), ADMIN_OK);
	t->reason = NULL;
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "rules"), "escrow.status", "{}"), ADMIN_OK);
	assert_int_equal(test_number(t, "weak"), 1);
	uint32_t id = ask_reset(t, check);
	assert_int_equal(give(t, "c1", id, check), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "no_share");
	assert_int_equal(give(t, "c2", id, check), ADMIN_OK);
	assert_int_equal(give(t, "c3", id, check), ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "chosen anew", AUTH_PROTOCOL_IMAP), AUTH_OK);
	/* The new escrow counts c1 again. */
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "rules"), "escrow.status", "{}"), ADMIN_OK);
	assert_int_equal(test_number(t, "weak"), 0);
	t->reason = "two custodians have gone";
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"c2@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"c3@example.org\"}"), ADMIN_OK);
	t->reason = NULL;
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "rules"), "escrow.status", "{}"), ADMIN_OK);
	assert_int_equal(test_number(t, "lost"), 1);
}

static void test_shares_of_an_old_set_do_not_help(void **state)
{
	struct test_auth *t = *state;
	char check[32];
	make_escrow(t);
	uint32_t id = ask_reset(t, check);
	assert_int_equal(give(t, "c1", id, check), ADMIN_OK);
	/* She remembers the password and changes it: the request is about an escrow that is no more. */
	assert_int_equal(test_admin_as(t, "x", "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"another one\"}"), ADMIN_OK);
	assert_int_equal(give(t, "c2", id, check), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "no_share");
	assert_int_equal(test_plain(t, "ann@example.org", "chosen anew", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "ann@example.org", "another one", AUTH_PROTOCOL_IMAP), AUTH_OK);
}

/* k - 1 shares and everything that the directory holds: the sealed shares of the others open with no key at hand. */
static void test_fewer_than_k_shares_open_nothing(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	struct credential c;
	struct escrow_share_row rows[ESCROW_CUSTODIANS_MAX];
	struct directory_address ann;
	struct escrow_request r = {0};
	struct secrets c1 = SECRETS_NONE, opened = SECRETS_NONE;
	struct session session;
	make_escrow(t);
	const char *token = test_sign_in_second(t, "c1");
	assert_int_equal(session_find(t->directory, slice_str(token), moment_unix(t->now), &arena, &session), 0);
	assert_int_equal(session_open(&session, slice_str(token), &c1, NULL), 0);
	assert_int_equal(directory_address_get(t->directory, SLICE("ann"), SLICE("example.org"), &arena, &ann), 0);
	assert_int_equal(escrow_credential(t->directory, ann.account, &arena, &c), 0);
	assert_int_equal(directory_share_list(t->directory, c.id, &arena, rows, ESCROW_CUSTODIANS_MAX), 3);
	r.credential = c.id;
	memcpy(r.account, ann.account, 16);
	unsigned got = 0;
	for (int i = 0; i < 3; i++)
		got += escrow_give(t->directory, &r, rows[i].custodian, &c1, NULL) == 0;
	assert_int_equal(got, 1);
	assert_int_equal(escrow_open(t->directory, &r, &opened, NULL), ERR_NOT_FOUND);
	/* Not with the same share twice under another name either. */
	r.shares[1] = r.shares[0];
	r.shares[1].number ^= 3;
	r.given = 2;
	assert_int_equal(escrow_open(t->directory, &r, &opened, NULL), ERR_DENIED);
	r.shares[1].value = NULL;
	r.given = 1;
	escrow_request_drop(&r);
	secrets_free(&c1);
	arena_free(&arena);
}

static void test_a_restart_forgets_requests(void **state)
{
	struct test_auth *t = *state;
	char check[32];
	make_escrow(t);
	uint32_t id = ask_reset(t, check);
	assert_int_equal(give(t, "c1", id, check), ADMIN_OK);
	test_auth_restart(t);
	assert_int_equal(give(t, "c2", id, check), ADMIN_NOT_FOUND);
	id = ask_reset(t, check);
	assert_int_equal(give(t, "c2", id, check), ADMIN_OK);
	assert_int_equal(test_number(t, "given"), 1);
}

static void test_the_quorum_is_checked(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	const char *officer = test_sign_in_second(t, "rules");
	assert_int_equal(test_admin_as(t, officer, "escrow.set", "{\"k\":1,\"custodians\":[\"c1@example.org\",\"c2@example.org\"]}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, officer, "escrow.set", "{\"k\":3,\"custodians\":[\"c1@example.org\",\"c2@example.org\"]}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, officer, "escrow.set", "{\"k\":2,\"custodians\":[\"c1@example.org\",\"c1@example.org\"]}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, officer, "escrow.set", "{\"k\":2,\"custodians\":[\"c1@example.org\",\"bob@example.org\"]}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, officer, "escrow.set", "{\"k\":2,\"custodians\":[\"c1@example.org\",\"no@example.org\"]}"), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "boss"), "escrow.set", QUORUM), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, "x", "escrow.reset_ask", "{\"address\":\"ann@example.org\",\"new\":\"chosen anew\"}"), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "no_escrow");
}

static void test_a_recovery_code_is_made_in_the_own_session(void **state)
{
	struct test_auth *t = *state;
	char code[100];
	assert_int_equal(test_admin_as(t, "unix:0", "recovery.make", "{}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "ann"), "recovery.make", "{}"), ADMIN_OK);
	snprintf(code, sizeof code, "%s", test_member(t, "recovery_code"));
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "ann"), "recovery.make", "{}"), ADMIN_OK);
	char second[100];
	snprintf(second, sizeof second, "%s", test_member(t, "recovery_code"));
	assert_int_equal(test_admin_as(t, "x", "user.reset", test_args("{\"address\":\"ann@example.org\",\"new\":\"newer password\",\"recovery_code\":\"%s\"}", code)),
		ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, "x", "user.reset", test_args("{\"address\":\"ann@example.org\",\"new\":\"newer password\",\"recovery_code\":\"%s\"}", second)),
		ADMIN_OK);
}

/* ---- delegation ---- */

static void delegate(struct test_auth *t, const char *role, int days)
{
	const char *ann = test_sign_in_second(t, "ann");
	assert_int_equal(test_admin_as(t, ann, "delegate.add", test_args("{\"delegate\":\"bob@example.org\",\"role\":\"%s\",\"days\":%d}", role, days)), ADMIN_OK);
}

#define FOR_ANN "ann@example.org*bob@example.org"

static void test_a_delegate_opens_the_mailbox_with_his_own_password(void **state)
{
	struct test_auth *t = *state;
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	struct buf ann = BUF_INIT(100000);
	buf_append(&ann, buf_slice(&t->last_secrets));
	delegate(t, "delegate", 0);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_true(slice_eq(buf_slice(&t->last_secrets), buf_slice(&ann)));
	assert_string_equal(t->last_owner, "ann@example.org");
	assert_string_equal(t->last_actor, "bob@example.org");
	assert_true((t->last_rights & AUTH_BIT(AUTH_MAIL_VIEW)) != 0);
	assert_true((t->last_rights & (AUTH_BIT(AUTH_MAIL_DELETE) | AUTH_BIT(AUTH_MAIL_EXPORT))) == 0);
	assert_int_equal(t->last_event, EV_ACCESS_OPENED);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_SUBMISSION), AUTH_OK);
	assert_int_equal(test_plain(t, FOR_ANN, "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "bob@example.org*ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, "no@example.org*bob@example.org", "bob password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	/* His own mailbox is still his own. */
	assert_int_equal(test_plain(t, "bob@example.org", "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_string_equal(t->last_actor, "");
	assert_true(t->last_rights == ~UINT64_C(0));
	buf_free(&ann);
}

/* RFC 4616 2: authzid, authcid, password. */
static void test_the_authorization_identity_names_the_owner(void **state)
{
	static const uint8_t message[] = "ann@example.org\0bob@example.org\0bob password";
	struct test_auth *t = *state;
	delegate(t, "delegate", 0);
	struct auth_step step = {.sender = 1, .protocol = AUTH_PROTOCOL_IMAP, .tls = AUTH_TLS_ON, .address = SLICE("192.0.2.1"), .mechanism = SLICE("PLAIN"),
		.data = slice_make(message, sizeof message - 1)};
	assert_int_equal(test_run_step(t, &step), AUTH_OK);
	assert_string_equal(t->last_owner, "ann@example.org");
}

static void test_a_secretary_may_not_download(void **state)
{
	struct test_auth *t = *state;
	delegate(t, "secretary", 0);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_POP3), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_true((t->last_rights & AUTH_BIT(AUTH_MAIL_VIEW)) != 0 && (t->last_rights & AUTH_BIT(AUTH_MAIL_DOWNLOAD)) == 0);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_SUBMISSION), AUTH_OK);
}

static void test_a_delegation_outlives_new_passwords(void **state)
{
	struct test_auth *t = *state;
	delegate(t, "delegate", 0);
	assert_int_equal(test_admin_as(t, "x", "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"ann newpass\"}"), ADMIN_OK);
	assert_int_equal(test_plain(t, "ann@example.org", "ann newpass", AUTH_PROTOCOL_IMAP), AUTH_OK);
	struct buf ann = BUF_INIT(100000);
	buf_append(&ann, buf_slice(&t->last_secrets));
	assert_int_equal(test_admin_as(t, "x", "user.passwd", "{\"address\":\"bob@example.org\",\"old\":\"bob password\",\"new\":\"bob newpass\"}"), ADMIN_OK);
	assert_int_equal(test_plain(t, FOR_ANN, "bob newpass", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_true(slice_eq(buf_slice(&t->last_secrets), buf_slice(&ann)));
	buf_free(&ann);
}

static void test_a_delegation_ends_by_time_and_by_hand(void **state)
{
	struct test_auth *t = *state;
	delegate(t, "delegate", 2);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	unsigned credential = t->last_credential, revokes = t->revokes;
	auth_admin_tick(t->admin);
	assert_int_equal(t->revokes, revokes);
	t->now.wall_ms += 2 * DAY_MS;
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	auth_admin_tick(t->admin);
	assert_int_equal(t->revokes, revokes + 1);
	assert_int_equal(t->last_revoked, credential);
	delegate(t, "delegate", 0);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	credential = t->last_credential;
	const char *bob = test_sign_in_second(t, "bob"), *ann = test_sign_in_second(t, "ann");
	assert_int_equal(test_admin_as(t, bob, "delegate.remove", "{\"address\":\"ann@example.org\",\"delegate\":\"bob@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, bob, "delegate.list", "{\"address\":\"bob@example.org\"}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"received\":[{\"address\":\"ann@example.org\"")) >= 0);
	assert_int_equal(test_admin_as(t, ann, "delegate.remove", "{\"address\":\"ann@example.org\",\"delegate\":\"bob@example.org\"}"), ADMIN_OK);
	assert_int_equal(t->last_revoked, credential);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
}

static void test_only_the_owner_makes_delegates(void **state)
{
	struct test_auth *t = *state;
	test_staff(t);
	const char *ann = test_sign_in_second(t, "ann");
	assert_int_equal(test_admin_as(t, "x", "delegate.add", "{\"delegate\":\"bob@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, ann, "delegate.add", "{\"delegate\":\"ann@example.org\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, ann, "delegate.add", "{\"delegate\":\"boss@example.org\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, ann, "delegate.add", "{\"delegate\":\"bob@example.org\",\"role\":\"auditor\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin_as(t, ann, "delegate.add", "{\"delegate\":\"no@example.org\"}"), ADMIN_NOT_FOUND);
	/* A grant alone has no key. */
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "rules"), "grant.add",
		"{\"address\":\"bob@example.org\",\"role\":\"delegate\",\"scope\":\"mailbox\",\"value\":\"ann@example.org\",\"reason\":\"try\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "approval_needed");
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "second"), "approval.give", test_args("{\"id\":%d}", (int)test_number(t, "approval"))), ADMIN_OK);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
}

/* ---- leavers ---- */

static json_int_t ends(struct test_auth *t, const char *what)
{
	struct slice r = buf_slice(&t->result);
	json_t *o = json_loadb((const char *)r.p, r.n, 0, NULL);
	json_int_t value = json_integer_value(json_object_get(json_object_get(o, "ends"), what));
	json_decref(o);
	return value;
}

static struct resolve_result resolve(struct test_auth *t, const char *address, struct arena *arena)
{
	struct resolve_result r = {0};
	resolve_recipient(t->directory, slice_str(address), false, SLICE("mail.example.org"), moment_unix(t->now), arena, &r);
	return r;
}

#define LEAVE "{\"address\":\"ann@example.org\",\"target\":\"bob@example.org\",\"reason\":\"retired\"}"

static void leave_prepare(struct test_auth *t)
{
	assert_int_equal(test_admin(t, "alias.add", "{\"address\":\"sales@example.org\",\"target\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "group.add", "{\"address\":\"all@example.org\",\"members\":[\"ann@example.org\",\"bob@example.org\"]}"), ADMIN_OK);
	make_escrow(t);
	delegate(t, "delegate", 0);
	const char *bob = test_sign_in_second(t, "bob"), *ann = test_sign_in_second(t, "ann");
	assert_int_equal(test_admin_as(t, bob, "delegate.add", "{\"delegate\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, ann, "token.add", "{\"label\":\"script\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, "x", "user.app_password.add", "{\"address\":\"ann@example.org\",\"password\":\"ann password\",\"label\":\"phone\"}"), ADMIN_OK);
}

static void test_a_dry_run_says_what_would_end_and_changes_nothing(void **state)
{
	struct test_auth *t = *state;
	leave_prepare(t);
	const char *boss = test_sign_in_second(t, "boss");
	unsigned revokes = t->revokes;
	assert_int_equal(test_admin_as(t, boss, "user.leave",
		"{\"address\":\"ann@example.org\",\"target\":\"bob@example.org\",\"reason\":\"retired\",\"dry_run\":true}"), ADMIN_OK);
	assert_int_equal(ends(t, "tokens"), 1);
	assert_int_equal(ends(t, "app_passwords"), 1);
	assert_int_equal(ends(t, "delegations_given"), 1);
	assert_int_equal(ends(t, "delegations_received"), 1);
	assert_int_equal(ends(t, "groups"), 1);
	assert_int_equal(ends(t, "aliases"), 1);
	assert_true(ends(t, "sessions") >= 1);
	assert_int_equal(t->revokes, revokes);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "rules"), "user.leave", LEAVE), ADMIN_DENIED);
}

static void test_a_leaver_has_nothing_any_more(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	leave_prepare(t);
	const char *ann = test_sign_in_second(t, "ann"), *boss = test_sign_in_second(t, "boss");
	assert_int_equal(test_admin_as(t, boss, "user.leave", LEAVE), ADMIN_OK);
	assert_true(test_number(t, "approval") > 0);
	assert_int_equal(test_admin_as(t, ann, "user.show", ANN), ADMIN_DENIED);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "boss"), "user.leave",
		"{\"address\":\"ann@example.org\",\"reason\":\"again\",\"dry_run\":true}"), ADMIN_OK);
	for (size_t i = 0; directory_leave_part(i) != NULL; i++)
		assert_int_equal(ends(t, directory_leave_part(i)), 0);
	/* The mail goes to the target, also that of the alias; the group has lost a member. */
	struct resolve_result r = resolve(t, "ann@example.org", &arena);
	assert_int_equal(r.count, 1);
	assert_true(slice_eq(r.targets[0].address, SLICE("bob@example.org")));
	r = resolve(t, "sales@example.org", &arena);
	assert_int_equal(r.count, 1);
	assert_true(slice_eq(r.targets[0].address, SLICE("bob@example.org")));
	r = resolve(t, "all@example.org", &arena);
	assert_int_equal(r.count, 1);
	/* Who comes back is a plain user, and gets the own mail again. */
	assert_int_equal(test_admin_as(t, test_sign_in_second(t, "boss"), "user.enable", ANN), ADMIN_OK);
	r = resolve(t, "ann@example.org", &arena);
	assert_true(slice_eq(r.targets[0].address, SLICE("ann@example.org")));
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	arena_free(&arena);
}

static void test_without_a_target_mail_to_a_leaver_is_refused(void **state)
{
	struct test_auth *t = *state;
	struct arena arena = ARENA_INIT;
	assert_int_equal(test_admin(t, "user.leave", "{\"address\":\"ann@example.org\",\"reason\":\"retired\"}"), ADMIN_OK);
	struct resolve_result r = resolve(t, "ann@example.org", &arena);
	assert_int_equal(r.code, 550);
	assert_string_equal(r.enhanced, "5.2.1");
	arena_free(&arena);
}

static void test_a_quorum_hands_a_mailbox_over_and_nobody_sends_from_it(void **state)
{
	struct test_auth *t = *state;
	leave_prepare(t);
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	struct buf secrets = BUF_INIT(100000);
	buf_append(&secrets, buf_slice(&t->last_secrets));
	const char *boss = test_sign_in_second(t, "boss"), *approver = test_sign_in_second(t, "second");
	assert_int_equal(test_admin_as(t, boss, "escrow.hand_over_ask", LEAVE), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "not_left");
	assert_int_equal(test_admin_as(t, boss, "user.leave", LEAVE), ADMIN_OK);
	assert_int_equal(test_admin_as(t, approver, "approval.give", test_args("{\"id\":%d}", (int)test_number(t, "approval"))), ADMIN_OK);
	uint32_t id = (uint32_t)test_number(t, "request");
	assert_int_equal(give(t, "c1", id, ""), ADMIN_OK);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(give(t, "c2", id, ""), ADMIN_OK);
	assert_int_equal(t->last_event, EV_ACCESS_RECOVERED);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_true(slice_eq(buf_slice(&t->last_secrets), buf_slice(&secrets)));
	assert_true((t->last_rights & AUTH_BIT(AUTH_MAIL_DELETE)) == 0);
	assert_int_equal(test_plain(t, FOR_ANN, "bob password", AUTH_PROTOCOL_SUBMISSION), AUTH_BAD_CREDENTIALS);
	unsigned revokes = t->revokes;
	auth_admin_tick(t->admin);
	assert_int_equal(t->revokes, revokes);
	buf_free(&secrets);
}

static void test_shredding_leaves_no_wrap_and_gives_a_certificate(void **state)
{
	struct test_auth *t = *state;
	leave_prepare(t);
	const char *boss = test_sign_in_second(t, "boss"), *approver = test_sign_in_second(t, "second");
	assert_int_equal(test_admin_as(t, boss, "account.shred", "{\"address\":\"ann@example.org\",\"reason\":\"asked for\"}"), ADMIN_FAILED);
	assert_int_equal(test_admin_as(t, boss, "user.leave", LEAVE), ADMIN_OK);
	assert_int_equal(test_admin_as(t, boss, "account.shred", "{\"address\":\"ann@example.org\",\"reason\":\"asked for\"}"), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "approval_needed");
	uint32_t id = (uint32_t)test_number(t, "approval");
	assert_int_equal(test_admin_as(t, boss, "approval.give", test_args("{\"id\":%u}", id)), ADMIN_DENIED);
	assert_int_equal(test_admin_as(t, approver, "approval.give", test_args("{\"id\":%u}", id)), ADMIN_OK);
	char text[4000];
	snprintf(text, sizeof text, "%s", test_member(t, "certificate"));
	assert_non_null(strstr(text, "\"approver\":\"second@example.org\""));
	assert_non_null(strstr(text, "\"escrow\":1"));
	assert_non_null(strstr(text, "\"password\":1"));
	/* The signature is over exactly this text. */
	uint8_t public_key[32], expected[64];
	struct buf base64 = BUF_INIT(200);
	assert_true(t->host.sign(t, slice_str(text), public_key, expected));
	base64_encode(slice_make(expected, sizeof expected), &base64);
	assert_true(slice_eq(slice_str(test_member(t, "signature")), buf_slice(&base64)));
	buf_free(&base64);
	/* Nothing is left that could open it. */
	struct arena arena = ARENA_INIT;
	struct directory_address ann;
	assert_int_equal(directory_address_get(t->directory, SLICE("ann"), SLICE("example.org"), &arena, &ann), 0);
	for (unsigned kind = WRAP_PASSWORD; kind <= WRAP_DELEGATE; kind++)
		assert_int_equal(directory_credential_count(t->directory, ann.account, (enum wrap_kind)kind), 0);
	arena_free(&arena);
	boss = test_sign_in_second(t, "boss");
	assert_int_equal(test_admin_as(t, boss, "user.enable", ANN), ADMIN_FAILED);
	assert_int_equal(test_admin_as(t, boss, "account.certificate", ANN), ADMIN_OK);
	assert_string_equal(test_member(t, "certificate"), text);
}

static void hex_of_key(struct test_auth *t, char ret[144])
{
	struct arena arena = ARENA_INIT;
	struct directory_address found;
	struct account ann;
	struct buf hex = BUF_INIT(64);
	assert_int_equal(directory_address_get(t->directory, SLICE("ann"), SLICE("example.org"), &arena, &found), 0);
	assert_int_equal(directory_account_get(t->directory, found.account, &arena, &ann), 0);
	hex_encode(slice_make(ann.public_key, sizeof ann.public_key), &hex);
	snprintf(ret, 144, "{\"generation\":%u,\"public_key\":\"%.*s\"}", ann.generation, SLICE_ARG(buf_slice(&hex)));
	buf_free(&hex);
	arena_free(&arena);
}

static void test_the_certificate_names_every_key_that_is_destroyed(void **state)
{
	struct test_auth *t = *state;
	char keys[3][144];
	hex_of_key(t, keys[0]);
	assert_int_equal(test_admin_as(t, "x", "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"second one\"}"), ADMIN_OK);
	hex_of_key(t, keys[1]);
	assert_int_equal(test_admin(t, "user.set", "{\"address\":\"ann@example.org\",\"name\":\"Ann\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "user.reset", "{\"address\":\"ann@example.org\",\"new\":\"third one\",\"lose_mail\":true}"), ADMIN_OK);
	hex_of_key(t, keys[2]);
	assert_int_equal(test_admin(t, "user.disable", ANN), ADMIN_OK);
	assert_int_equal(test_admin(t, "account.shred", "{\"address\":\"ann@example.org\",\"reason\":\"asked for\"}"), ADMIN_OK);
	char expected[600];
	snprintf(expected, sizeof expected, "\"generations\":[%s,%s,%s]", keys[2], keys[1], keys[0]);
	assert_non_null(strstr(test_member(t, "certificate"), expected));
}

static void test_clearances_come_from_user_group_and_domain(void **state)
{
	struct test_auth *t = *state;
	unsigned level = 9;
	const char *why = "";
	assert_int_equal(test_admin(t, "group.add", "{\"address\":\"board@example.org\",\"members\":[\"ann@example.org\"]}"), ADMIN_OK);
	assert_int_equal(auth_clearance(t->directory, SLICE("ann@example.org"), true, &level, &why), 0);
	assert_int_equal(level, CLEARANCE_INTERNAL);
	assert_int_equal(test_admin(t, "clearance.set", "{\"kind\":\"group\",\"name\":\"board@example.org\",\"level\":\"secret\"}"), ADMIN_OK);
	assert_int_equal(auth_clearance(t->directory, SLICE("ann@example.org"), true, &level, &why), 0);
	assert_int_equal(level, CLEARANCE_SECRET);
	assert_string_equal(why, "group");
	assert_int_equal(test_admin(t, "clearance.set", "{\"kind\":\"user\",\"name\":\"ann@example.org\",\"level\":\"confidential\"}"), ADMIN_OK);
	assert_int_equal(auth_clearance(t->directory, SLICE("ann@example.org"), true, &level, &why), 0);
	assert_int_equal(level, CLEARANCE_CONFIDENTIAL);
	assert_int_equal(test_admin(t, "clearance.set", "{\"kind\":\"domain\",\"name\":\"partner.example\",\"level\":\"internal\"}"), ADMIN_OK);
	assert_int_equal(auth_clearance(t->directory, SLICE("x@mail.partner.example"), false, &level, &why), 0);
	assert_int_equal(level, CLEARANCE_INTERNAL);
	assert_int_equal(auth_clearance(t->directory, SLICE("x@notpartner.example"), false, &level, &why), 0);
	assert_int_equal(level, CLEARANCE_PUBLIC);
	assert_int_equal(test_admin(t, "clearance.set", "{\"kind\":\"user\",\"name\":\"ann@example.org\",\"level\":\"default\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "role.simulate", ANN), ADMIN_OK);
	assert_string_equal(test_member(t, "clearance"), "secret");
	assert_int_equal(test_admin(t, "clearance.set", "{\"kind\":\"user\",\"name\":\"ann@example.org\",\"level\":\"topmost\"}"), ADMIN_INVALID);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test(test_a_box_opens_for_its_reader_alone),
		TEST(test_a_quorum_resets_a_password_and_no_mail_is_lost),
		TEST(test_wrong_digits_end_a_request),
		TEST(test_requests_end_by_time_and_number),
		TEST(test_unknown_names_get_the_same_answer),
		TEST(test_custodians_open_nothing_of_their_own),
		TEST(test_a_lost_custodian_is_counted_and_the_others_suffice),
		TEST(test_shares_of_an_old_set_do_not_help),
		TEST(test_fewer_than_k_shares_open_nothing),
		TEST(test_a_restart_forgets_requests),
		TEST(test_the_quorum_is_checked),
		TEST(test_a_recovery_code_is_made_in_the_own_session),
		TEST(test_a_delegate_opens_the_mailbox_with_his_own_password),
		TEST(test_the_authorization_identity_names_the_owner),
		TEST(test_a_secretary_may_not_download),
		TEST(test_a_delegation_outlives_new_passwords),
		TEST(test_a_delegation_ends_by_time_and_by_hand),
		TEST(test_only_the_owner_makes_delegates),
		TEST(test_a_dry_run_says_what_would_end_and_changes_nothing),
		TEST(test_a_leaver_has_nothing_any_more),
		TEST(test_without_a_target_mail_to_a_leaver_is_refused),
		TEST(test_a_quorum_hands_a_mailbox_over_and_nobody_sends_from_it),
		TEST(test_shredding_leaves_no_wrap_and_gives_a_certificate),
		TEST(test_the_certificate_names_every_key_that_is_destroyed),
		TEST(test_clearances_come_from_user_group_and_domain),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
