/* The own authority: from the command of two persons to a sign-in by certificate, and every way that ends one. */
#include "auth/test_host.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "auth/authority.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/certificate.h"
#include "crypt/crypt.h"
#include "crypt/csr.h"
#include "crypt/hash.h"

#define DAY_MS INT64_C(86400000)
#define KEYS_MAX 16

static struct test_auth *t;
static struct authority *authority;
static struct authority_settings settings = {.days = 365, .crl_s = 7 * 86400, .crl_url = SLICE_INIT("http://crl.example.org/mail.crl")};
static const char *officer, *approver, *boss;

/* ---- `key`: the same functions, without process ---- */

static struct { struct mail_ca_key *key; struct buf certificate; bool issuing; } keys[KEYS_MAX];
static unsigned key_count, changes, dropped;

static int find_key(const uint8_t id[16])
{
	return id[0] < key_count && keys[id[0]].key != NULL ? id[0] : -1;
}

struct answer {
	auth_ca_made_fn *made;
	auth_ca_crl_fn *listed;
	void *arg;
	int key;
	struct buf der;
};

static void give_made(void *arg)
{
	struct answer *answer = arg;
	uint8_t id[16] = {(uint8_t)answer->key};
	answer->made(answer->arg, answer->key >= 0 ? id : NULL, answer->key >= 0 ? buf_slice(&keys[answer->key].certificate) : SLICE_NONE);
	memory_free(answer);
}

static void fake_make(void *arg, const struct auth_ca_make *make, auth_ca_made_fn *fn, void *fn_arg)
{
	struct answer *answer = memory_alloc(sizeof *answer);
	*answer = (struct answer){.made = fn, .arg = fn_arg, .key = -1};
	if (!t->key_away && key_count < KEYS_MAX) {
		int rc = 0, root = make->issuing ? find_key(make->root) : 0;
		unsigned at = key_count++;
		keys[at].certificate = BUF_INIT(MAIL_CA_DER_MAX);
		keys[at].issuing = make->issuing;
		assert_true(root >= 0);
		assert_int_equal(mail_ca_key_generate(MAIL_CA_P256, &keys[at].key, NULL), 0);
		rc = make->issuing ? mail_ca_issuing(keys[root].key, buf_slice(&keys[root].certificate), keys[at].key, &make->what, &keys[at].certificate, NULL)
		                   : mail_ca_root(keys[at].key, &make->what, &keys[at].certificate, NULL);
		assert_int_equal(rc, 0);
		answer->key = (int)at;
	}
	t->host.after(t, 5, give_made, answer);
}

static bool fake_issue(void *arg, const uint8_t key[16], const struct mail_ca_device *device, struct buf *out)
{
	int at = find_key(key);
	return !t->key_away && at >= 0 && keys[at].issuing
	    && mail_ca_device(keys[at].key, buf_slice(&keys[at].certificate), device, out, NULL) == 0;
}

static void give_list(void *arg)
{
	struct answer *answer = arg;
	answer->listed(answer->arg, buf_slice(&answer->der));
	buf_free(&answer->der);
	memory_free(answer);
}

static void fake_crl(void *arg, const uint8_t key[16], const struct mail_ca_crl *crl, auth_ca_crl_fn *fn, void *fn_arg)
{
	struct answer *answer = memory_alloc(sizeof *answer);
	int at = find_key(key);
	*answer = (struct answer){.listed = fn, .arg = fn_arg, .der = BUF_INIT(MAIL_CA_CRL_MAX)};
	if (!t->key_away && at >= 0)
		assert_int_equal(mail_ca_crl(keys[at].key, buf_slice(&keys[at].certificate), crl, &answer->der, NULL), 0);
	t->host.after(t, 5, give_list, answer);
}

static void fake_drop(void *arg, const uint8_t key[16])
{
	int at = find_key(key);
	dropped++;
	if (at >= 0)
		mail_ca_key_free(&keys[at].key);
}

static void fake_changed(void *arg)
{
	changes++;
}

/* ---- life of a test ---- */

static int setup(void **state)
{
	t = test_auth_create(false);
	t->host.ca_make = fake_make;
	t->host.ca_issue = fake_issue;
	t->host.ca_crl = fake_crl;
	t->host.ca_drop = fake_drop;
	t->host.ca_changed = fake_changed;
	authority = authority_create(t->directory, &t->host, &settings);
	auth_admin_authority(t->admin, authority);
	test_staff(t);
	officer = test_sign_in_second(t, "rules");
	approver = test_sign_in_second(t, "second");
	boss = test_sign_in_second(t, "boss");
	changes = dropped = 0;
	return 0;
}

static int teardown(void **state)
{
	test_host_run(t);
	authority_free(&authority);
	test_auth_free(&t);
	for (unsigned i = 0; i < key_count; i++) {
		mail_ca_key_free(&keys[i].key);
		buf_free(&keys[i].certificate);
	}
	key_count = 0;
	return 0;
}

static bool says(const char *text)
{
	return slice_search(buf_slice(&t->result), slice_str(text)) >= 0;
}

static void expect(unsigned status, unsigned wanted)
{
	if (status != wanted)
		print_message("# %u, not %u: %.*s\n", status, wanted, SLICE_ARG(buf_slice(&t->result)));
	assert_int_equal(status, wanted);
}

/* Asked by the officer, given by the approver. */
static void two_persons(const char *op, const char *args)
{
	expect(test_admin_as(t, officer, op, args), ADMIN_DENIED);
	assert_string_equal(test_member(t, "code"), "approval_needed");
	expect(test_admin_as(t, approver, "approval.give", test_args("{\"id\":%lld}", (long long)test_number(t, "approval"))), ADMIN_OK);
}

static void make_authority(void)
{
	two_persons("ca.create", "{\"name\":\"Example\"}");
}

/* ---- a person with a key ---- */

struct person {
	const char *token;
	char csr[3000];       /* for JSON */
	char serial[40];
	uint8_t der[MAIL_CA_DER_MAX];
	size_t der_n;
};

static void escape(struct slice pem, char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < pem.n && n + 3 < size; i++) {
		if (pem.p[i] == '\n')
			out[n++] = '\\';
		out[n++] = pem.p[i] == '\n' ? 'n' : (char)pem.p[i];
	}
	out[n] = '\0';
}

static void new_key(struct person *p)
{
	struct buf key = BUF_INIT(5000), csr = BUF_INIT(CSR_MAX);
	assert_int_equal(csr_make(&key, &csr, NULL), 0);
	escape(buf_slice(&csr), p->csr, sizeof p->csr);
	buf_free_secret(&key);
	buf_free(&csr);
}

static unsigned request(struct person *p, const char *more)
{
	unsigned status = test_admin_as(t, p->token, "device.certificate.request", test_args("{\"csr\":\"%s\",\"label\":\"laptop\"%s}", p->csr, more));
	snprintf(p->serial, sizeof p->serial, "%s", test_member(t, "serial"));
	return status;
}

/* The first certificate of "certificate" in the last result. */
static void take_certificate(struct person *p)
{
	struct buf der = BUF_INIT(10000);
	struct slice pem = slice_str(test_member(t, "certificate")), begin = SLICE("-----BEGIN CERTIFICATE-----");
	assert_true(slice_starts(pem, begin));
	struct slice body = slice_sub(pem, begin.n, (size_t)slice_search(pem, SLICE("-----END")));
	(void)base64_decode_lenient(body, &der);
	p->der_n = buf_len(&der);
	assert_true(p->der_n > 0 && p->der_n <= sizeof p->der);
	memcpy(p->der, buf_slice(&der).p, p->der_n);
	buf_free(&der);
}

static void certified(struct person *p, const char *local)
{
	*p = (struct person){.token = test_sign_in_second(t, local)};
	new_key(p);
	expect(request(p, ""), ADMIN_OK);
	assert_string_equal(test_member(t, "state"), "good");
	take_certificate(p);
}

static enum auth_status external(const struct person *p, const char *asked)
{
	struct auth_step step = {.sender = 1, .protocol = AUTH_PROTOCOL_IMAP, .tls = AUTH_TLS_BINDING, .address = SLICE("192.0.2.1"),
		.mechanism = SLICE("EXTERNAL"), .data = slice_str(asked), .binding_type = SLICE("certificate"), .binding = slice_make(p->der, p->der_n)};
	return test_run_step(t, &step);
}

/* The state of the ledger. */
static const char *state_of(const struct person *p)
{
	struct arena arena = ARENA_INIT;
	struct buf serial = BUF_INIT(16);
	struct issued row;
	assert_int_equal(hex_decode(slice_str(p->serial), &serial), 0);
	assert_int_equal(directory_issued_get(t->directory, buf_slice(&serial).p, &arena, &row), 0);
	const char *state = issued_state_name(row.state);
	buf_free(&serial);
	arena_free(&arena);
	return state;
}

static enum mail_ca_reason reason_of(const struct person *p)
{
	struct arena arena = ARENA_INIT;
	struct buf serial = BUF_INIT(16);
	struct issued row;
	assert_int_equal(hex_decode(slice_str(p->serial), &serial), 0);
	assert_int_equal(directory_issued_get(t->directory, buf_slice(&serial).p, &arena, &row), 0);
	buf_free(&serial);
	arena_free(&arena);
	return row.reason;
}

/* Is it on the newest list of the authority that issues? The list is by that authority. */
static bool is_listed(const struct person *p)
{
	struct arena arena = ARENA_INIT;
	struct authority_row row;
	struct buf serial = BUF_INIT(16);
	struct slice crl;
	authority_sweep(authority);
	test_host_run(t);
	assert_int_equal(directory_authority_active(t->directory, AUTHORITY_ISSUING, &arena, &row), 0);
	assert_int_equal(authority_crl(authority, row.id, &arena, &crl), 0);
	assert_true(mail_ca_crl_is(crl, row.certificate, row.crl_number));
	assert_int_equal(hex_decode(slice_str(p->serial), &serial), 0);
	bool listed = slice_search(crl, buf_slice(&serial)) >= 0;
	buf_free(&serial);
	arena_free(&arena);
	return listed;
}

static void later(int64_t ms)
{
	t->now.wall_ms += ms;
	t->now.mono_ms += ms;
}

/* ---- the authority ---- */

static void test_two_persons_make_it(void **state)
{
	expect(test_admin_as(t, boss, "ca.create", "{\"name\":\"Example\"}"), ADMIN_DENIED);
	expect(test_admin(t, "ca.create", "{\"name\":\"Example\"}"), ADMIN_DENIED);
	expect(test_admin_as(t, officer, "ca.create", "{\"name\":\"\"}"), ADMIN_INVALID);
	expect(test_admin_as(t, officer, "ca.create", "{\"name\":\"Example\",\"algorithm\":\"md5\"}"), ADMIN_INVALID);
	expect(test_admin_as(t, officer, "ca.renew", "{}"), ADMIN_NOT_FOUND);
	make_authority();
	assert_int_equal(t->recorded[EV_CA_MADE], 2);
	assert_int_equal(changes, 1);
	expect(test_admin_as(t, officer, "ca.list", "{}"), ADMIN_OK);
	assert_true(says("\"kind\":\"root\"") && says("\"kind\":\"issuing\"") && says("\"author\":\"rules@example.org\"")
		&& says("\"approver\":\"second@example.org\"") && says("\"domains\":[\"example.org\"]"));
	expect(test_admin_as(t, officer, "ca.create", "{\"name\":\"Example\"}"), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "exists");
	expect(test_admin_as(t, boss, "ca.show", "{}"), ADMIN_DENIED);
	expect(test_admin_as(t, officer, "ca.show", "{}"), ADMIN_OK);
	assert_true(says("BEGIN CERTIFICATE"));
}

static void test_it_is_not_made_when_key_is_away(void **state)
{
	expect(test_admin_as(t, officer, "ca.create", "{\"name\":\"Example\"}"), ADMIN_DENIED);
	t->key_away = true;
	expect(test_admin_as(t, approver, "approval.give", test_args("{\"id\":%lld}", (long long)test_number(t, "approval"))), ADMIN_UNAVAILABLE);
	t->key_away = false;
	expect(test_admin_as(t, officer, "ca.list", "{}"), ADMIN_OK);
	assert_true(says("\"authorities\":[]"));
}

static void test_a_list_is_there_from_the_first_minute(void **state)
{
	struct person nobody = {.serial = "5bd5bd5bd5bd5bd5bd5bd5bd5bd5bd5b"};
	make_authority();
	assert_false(is_listed(&nobody));
	expect(test_admin_as(t, officer, "ca.crl", "{}"), ADMIN_OK);
	assert_int_equal(test_number(t, "number"), 1);
	assert_true(says("\"more\":false"));
	expect(test_admin_as(t, officer, "ca.crl", "{\"at\":99999}"), ADMIN_INVALID);
	expect(test_admin_as(t, officer, "ca.crl", "{\"at\":-1}"), ADMIN_INVALID);
}

static void test_lists_are_made_anew_before_they_end(void **state)
{
	struct person nobody = {.serial = "5bd5bd5bd5bd5bd5bd5bd5bd5bd5bd5b"};
	make_authority();
	assert_false(is_listed(&nobody));
	later(3 * DAY_MS);
	authority_step(authority);
	test_host_run(t);
	expect(test_admin_as(t, test_sign_in_second(t, "rules"), "ca.crl", "{}"), ADMIN_OK);
	assert_int_equal(test_number(t, "number"), 1);
	later(DAY_MS);
	authority_step(authority);
	test_host_run(t);
	expect(test_admin_as(t, test_sign_in_second(t, "rules"), "ca.crl", "{}"), ADMIN_OK);
	assert_int_equal(test_number(t, "number"), 2);
	assert_true(test_number(t, "ends") > moment_unix(t->now) + 6 * 86400);
}

/* ---- certificates ---- */

static void test_a_person_gets_a_certificate_and_signs_in(void **state)
{
	struct person ann;
	make_authority();
	certified(&ann, "ann");
	assert_int_equal(t->recorded[EV_CERTIFICATE_ISSUED], 1);
	assert_int_equal(external(&ann, ""), AUTH_OK);
	assert_int_equal(external(&ann, "ann@example.org"), AUTH_OK);
	assert_int_equal(external(&ann, "bob@example.org"), AUTH_BAD_CREDENTIALS);
	ann.der[ann.der_n - 1] ^= 1; /* any other certificate, be it the same serial */
	assert_int_equal(external(&ann, ""), AUTH_BAD_CREDENTIALS);
}

static void test_only_the_own_session_with_a_second_factor_asks(void **state)
{
	struct person ann = {0};
	make_authority();
	new_key(&ann);
	ann.token = "unix:0";
	t->reason = "somebody must do it now";
	expect(request(&ann, ""), ADMIN_DENIED);
	t->reason = NULL;
	ann.token = boss;
	expect(request(&ann, ""), ADMIN_DENIED); /* no mailbox */
	ann.token = "ll1-";
	expect(request(&ann, ""), ADMIN_DENIED);
	expect(test_admin_as(t, officer, "device.certificate.request", "{\"csr\":\"x\",\"address\":\"ann@example.org\"}"), ADMIN_DENIED);
	assert_int_equal(t->recorded[EV_CERTIFICATE_REQUESTED] + t->recorded[EV_CERTIFICATE_ISSUED], 0);
}

static void test_requests_that_prove_nothing_are_refused(void **state)
{
	struct person ann = {.token = test_sign_in_second(t, "ann")}, bob = {.token = test_sign_in_second(t, "bob")};
	new_key(&ann);
	expect(request(&ann, ""), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "no_authority");
	make_authority();
	snprintf(bob.csr, sizeof bob.csr, "%s", ann.csr);
	bob.csr[200] = bob.csr[200] == 'A' ? 'B' : 'A';
	assert_int_not_equal(request(&bob, ""), ADMIN_OK);
	snprintf(bob.csr, sizeof bob.csr, "nonsense");
	expect(request(&bob, ""), ADMIN_INVALID);
	expect(request(&ann, ""), ADMIN_OK);
	snprintf(bob.csr, sizeof bob.csr, "%s", ann.csr); /* a copied request, with its proof */
	expect(request(&bob, ""), ADMIN_INVALID);
	assert_string_equal(test_member(t, "code"), "key");
}

static void test_a_device_that_waits_gets_its_certificate_when_it_is_let_in(void **state)
{
	struct person ann = {.token = test_sign_in_second(t, "ann")};
	make_authority();
	expect(test_admin_as(t, officer, "policy.set", "{\"name\":\"devices\",\"value\":{\"approval\":\"new\"}}"), ADMIN_OK);
	new_key(&ann);
	expect(request(&ann, ""), ADMIN_OK);
	assert_string_equal(test_member(t, "state"), "requested");
	assert_string_equal(test_member(t, "certificate"), "");
	assert_int_equal(t->recorded[EV_CERTIFICATE_REQUESTED], 1);
	long long device = (long long)test_number(t, "device");
	expect(test_admin_as(t, ann.token, "device.approve", test_args("{\"id\":%lld}", device)), ADMIN_DENIED);
	expect(test_admin_as(t, boss, "device.approve", test_args("{\"id\":%lld}", device)), ADMIN_DENIED);
	t->key_away = true;
	expect(test_admin_as(t, officer, "device.approve", test_args("{\"id\":%lld}", device)), ADMIN_UNAVAILABLE);
	t->key_away = false;
	assert_string_equal(state_of(&ann), "requested");
	expect(test_admin_as(t, officer, "device.approve", test_args("{\"id\":%lld}", device)), ADMIN_OK);
	expect(test_admin_as(t, ann.token, "device.certificate.show", test_args("{\"serial\":\"%s\"}", ann.serial)), ADMIN_OK);
	assert_string_equal(test_member(t, "approver"), "rules@example.org");
	take_certificate(&ann);
	assert_int_equal(external(&ann, ""), AUTH_OK);
	expect(test_admin_as(t, officer, "device.block", test_args("{\"id\":%lld}", device)), ADMIN_OK);
	assert_int_not_equal(external(&ann, ""), AUTH_OK);
}

static void test_others_do_not_see_and_administrators_do_not_revoke(void **state)
{
	struct person ann;
	make_authority();
	certified(&ann, "ann");
	const char *args = test_args("{\"serial\":\"%s\"}", ann.serial);
	expect(test_admin_as(t, test_sign_in_second(t, "bob"), "device.certificate.show", args), ADMIN_DENIED);
	expect(test_admin_as(t, test_sign_in_second(t, "bob"), "device.certificate.revoke", args), ADMIN_DENIED);
	expect(test_admin_as(t, boss, "device.certificate.revoke", args), ADMIN_DENIED);
	expect(test_admin_as(t, boss, "device.certificate.show", args), ADMIN_OK);
	expect(test_admin_as(t, officer, "device.certificate.show", "{\"serial\":\"zz\"}"), ADMIN_NOT_FOUND);
	expect(test_admin_as(t, ann.token, "device.certificate.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_true(says("\"label\":\"laptop\""));
}

static void test_what_is_revoked_signs_in_no_more(void **state)
{
	struct person ann;
	make_authority();
	certified(&ann, "ann");
	assert_false(is_listed(&ann));
	unsigned revokes = t->revokes;
	expect(test_admin_as(t, ann.token, "device.certificate.revoke", test_args("{\"serial\":\"%s\",\"reason\":\"key_compromise\"}", ann.serial)), ADMIN_OK);
	assert_string_equal(test_member(t, "state"), "revoked");
	assert_string_equal(test_member(t, "reason"), "key_compromise");
	assert_true(t->revokes > revokes); /* open sessions */
	assert_int_equal(t->recorded[EV_CERTIFICATE_REVOKED], 1);
	assert_int_equal(external(&ann, ""), AUTH_BAD_CREDENTIALS);
	assert_true(is_listed(&ann));
	expect(test_admin_as(t, ann.token, "device.certificate.revoke", test_args("{\"serial\":\"%s\"}", ann.serial)), ADMIN_FAILED);
	/* The stolen key is not certified again. */
	expect(request(&ann, ""), ADMIN_INVALID);
	assert_string_equal(test_member(t, "code"), "key");
}

/* Each way out of an account, without any of them knowing of certificates. */
static void ends(const char *op, const char *args, enum mail_ca_reason reason)
{
	struct person ann;
	make_authority();
	certified(&ann, "ann");
	assert_int_equal(external(&ann, ""), AUTH_OK);
	unsigned status = test_admin_as(t, strncmp(op, "user.", 5) == 0 ? boss : officer, op, args);
	expect(status, ADMIN_OK);
	assert_int_not_equal(external(&ann, ""), AUTH_OK);
	assert_string_equal(state_of(&ann), "revoked");
	assert_true(is_listed(&ann));
	assert_int_equal(t->recorded[EV_CERTIFICATE_REVOKED], 1);
	assert_int_equal(reason_of(&ann), reason);
}

static void test_a_disabled_account_ends_them(void **state)
{
	ends("user.disable", "{\"address\":\"ann@example.org\"}", MAIL_CA_AFFILIATION_CHANGED);
	/* and they do not come back */
	expect(test_admin_as(t, boss, "user.enable", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_int_equal(test_admin_as(t, officer, "ca.ledger", "{\"state\":\"good\"}"), ADMIN_OK);
	assert_true(says("\"certificates\":[]"));
}

static void test_a_leaver_ends_them(void **state)
{
	ends("user.leave", "{\"address\":\"ann@example.org\",\"reason\":\"retires\"}", MAIL_CA_AFFILIATION_CHANGED);
}

static void test_a_removed_account_ends_them(void **state)
{
	ends("user.remove", "{\"address\":\"ann@example.org\"}", MAIL_CA_AFFILIATION_CHANGED);
	assert_int_equal(test_admin_as(t, officer, "ca.ledger", "{}"), ADMIN_OK);
	assert_true(says("\"address\":\"ann@example.org\""));
}

static void test_a_removed_device_ends_them(void **state)
{
	ends("device.remove", "{\"id\":1}", MAIL_CA_CESSATION);
}

static void test_certificate_remove_ends_them_too(void **state)
{
	struct person ann;
	make_authority();
	certified(&ann, "ann");
	long long credential = (long long)test_number(t, "credential");
	expect(test_admin_as(t, officer, "certificate.remove", test_args("{\"address\":\"ann@example.org\",\"id\":%lld}", credential)), ADMIN_OK);
	assert_string_equal(state_of(&ann), "revoked");
	assert_true(is_listed(&ann));
}

static void test_a_request_whose_device_is_removed_is_withdrawn(void **state)
{
	struct person ann = {.token = test_sign_in_second(t, "ann")};
	make_authority();
	expect(test_admin_as(t, officer, "policy.set", "{\"name\":\"devices\",\"value\":{\"approval\":\"new\"}}"), ADMIN_OK);
	new_key(&ann);
	expect(request(&ann, ""), ADMIN_OK);
	expect(test_admin_as(t, officer, "device.remove", test_args("{\"id\":%lld}", (long long)test_number(t, "device"))), ADMIN_OK);
	assert_string_equal(state_of(&ann), "withdrawn");
	authority_sweep(authority);
	assert_int_equal(t->recorded[EV_CERTIFICATE_WITHDRAWN], 1);
}

/* ---- time ---- */

static void test_the_owner_is_told_before_the_end(void **state)
{
	struct person ann;
	make_authority();
	certified(&ann, "ann");
	later(334 * DAY_MS);
	authority_step(authority);
	assert_int_equal(t->recorded[EV_CERTIFICATE_EXPIRES], 0);
	later(2 * DAY_MS);
	authority_step(authority);
	authority_step(authority);
	assert_int_equal(t->recorded[EV_CERTIFICATE_EXPIRES], 1);
	expect(test_admin_as(t, test_sign_in_second(t, "boss"), "ca.check", "{}"), ADMIN_OK);
	assert_true(says("ann@example.org"));
	assert_int_equal(external(&ann, ""), AUTH_OK);
	later(30 * DAY_MS);
	assert_int_equal(external(&ann, ""), AUTH_BAD_CREDENTIALS);
	expect(test_admin_as(t, test_sign_in_second(t, "ann"), "device.certificate.show", test_args("{\"serial\":\"%s\"}", ann.serial)), ADMIN_OK);
	assert_string_equal(test_member(t, "state"), "expired");
}

static void test_fewer_days_can_be_asked_for_but_not_more(void **state)
{
	struct person ann = {.token = test_sign_in_second(t, "ann")};
	make_authority();
	new_key(&ann);
	expect(request(&ann, ",\"days\":7"), ADMIN_OK);
	assert_int_equal(test_number(t, "ends"), moment_unix(t->now) + 7 * 86400);
	new_key(&ann);
	expect(request(&ann, ",\"days\":3000"), ADMIN_OK);
	assert_int_equal(test_number(t, "ends"), moment_unix(t->now) + 365 * 86400);
	expect(request(&ann, ",\"days\":-1"), ADMIN_INVALID);
}

/* ---- other authorities ---- */

static void test_a_new_domain_needs_a_renewed_authority(void **state)
{
	struct person eve = {0};
	struct person ann;
	make_authority();
	certified(&ann, "ann");
	expect(test_admin_as(t, boss, "domain.add", "{\"domain\":\"example.net\"}"), ADMIN_OK);
	expect(test_admin_as(t, boss, "user.add", "{\"address\":\"eve@example.net\",\"password\":\"eve password\"}"), ADMIN_OK);
	expect(test_admin_as(t, "ll1-", "session.start", "{\"address\":\"eve@example.net\",\"password\":\"eve password\"}"), ADMIN_OK);
	char token[100];
	snprintf(token, sizeof token, "%s", test_member(t, "token"));
	eve.token = token;
	new_key(&eve);
	expect(request(&eve, ""), ADMIN_FAILED);
	assert_string_equal(test_member(t, "code"), "domain");
	expect(test_admin_as(t, boss, "ca.check", "{}"), ADMIN_OK);
	assert_true(says("example.net"));
	two_persons("ca.renew", "{}");
	expect(request(&eve, ""), ADMIN_OK);
	take_certificate(&eve);
	assert_int_equal(external(&eve, ""), AUTH_OK);
	assert_int_equal(external(&ann, ""), AUTH_OK); /* of the retired one */
	expect(test_admin_as(t, officer, "ca.list", "{}"), ADMIN_OK);
	assert_true(says("\"state\":\"retired\""));
}

static void test_a_replaced_authority_ends_everything(void **state)
{
	struct person ann, again;
	struct buf before = BUF_INIT(AUTHORITY_TRUST_MAX), after = BUF_INIT(AUTHORITY_TRUST_MAX);
	make_authority();
	certified(&ann, "ann");
	assert_int_equal(authority_trust(authority, &before), 0);
	two_persons("ca.create", "{\"name\":\"Example\",\"replace\":true}");
	assert_int_equal(authority_trust(authority, &after), 0);
	assert_false(slice_eq(buf_slice(&before), buf_slice(&after)));
	assert_int_equal(external(&ann, ""), AUTH_BAD_CREDENTIALS);
	assert_string_equal(state_of(&ann), "revoked");
	assert_int_equal(reason_of(&ann), MAIL_CA_SUPERSEDED);
	certified(&again, "ann");
	assert_int_equal(external(&again, ""), AUTH_OK);
	buf_free(&before);
	buf_free(&after);
}

static void test_keys_of_authorities_go_when_they_have_ended(void **state)
{
	make_authority();
	later(AUTHORITY_ROOT_DAYS * DAY_MS + DAY_MS);
	authority_step(authority);
	assert_int_equal(dropped, 2);
	assert_int_equal(t->recorded[EV_CA_ENDED], 2);
	struct buf none = BUF_INIT(AUTHORITY_TRUST_MAX);
	assert_int_equal(authority_trust(authority, &none), 0);
	assert_int_equal(buf_len(&none), 0);
}

/* A certificate of somebody else's authority, registered by the person; then auth.client_ca is taken out of the configuration. */
static void test_certificates_of_others_count_only_where_configured(void **state)
{
	struct person ann = {.token = test_sign_in_second(t, "ann")};
	struct mail_ca_key *key = NULL;
	struct buf root = BUF_INIT(MAIL_CA_DER_MAX), issuing = BUF_INIT(MAIL_CA_DER_MAX), device = BUF_INIT(MAIL_CA_DER_MAX), pem = BUF_INIT(10000);
	struct buf key_pem = BUF_INIT(5000), csr_pem = BUF_INIT(CSR_MAX);
	struct arena arena = ARENA_INIT;
	struct csr csr;
	int64_t now = moment_unix(t->now);
	struct mail_ca_authority what = {SLICE("Other"), SLICE("Other"), SLICE_NONE, now - 10, now + 86400};
	assert_int_equal(mail_ca_key_generate(MAIL_CA_P256, &key, NULL), 0);
	assert_int_equal(mail_ca_root(key, &what, &root, NULL), 0);
	assert_int_equal(mail_ca_issuing(key, buf_slice(&root), key, &what, &issuing, NULL), 0);
	assert_int_equal(csr_make(&key_pem, &csr_pem, NULL), 0);
	assert_int_equal(csr_read(buf_slice(&csr_pem), &arena, &csr, NULL), 0);
	struct mail_ca_device leaf = {.serial = {7}, .spki = csr.spki, .address = SLICE("ann@example.org"), .not_before = now - 10, .not_after = now + 1000};
	assert_int_equal(mail_ca_device(key, buf_slice(&issuing), &leaf, &device, NULL), 0);
	mail_ca_pem("CERTIFICATE", buf_slice(&device), &pem);
	memcpy(ann.der, buf_slice(&device).p, buf_len(&device));
	ann.der_n = buf_len(&device);
	escape(buf_slice(&pem), ann.csr, sizeof ann.csr);
	assert_int_equal(external(&ann, ""), AUTH_BAD_CREDENTIALS);
	expect(test_admin_as(t, ann.token, "certificate.add", test_args("{\"address\":\"ann@example.org\",\"password\":\"ann password\",\"certificate\":\"%s\"}",
		ann.csr)), ADMIN_OK);
	assert_int_equal(external(&ann, ""), AUTH_OK);
	t->settings.certificates = false;
	auth_login_configure(t->login, &t->settings);
	assert_int_equal(external(&ann, ""), AUTH_BAD_CREDENTIALS);
	mail_ca_key_free(&key);
	arena_free(&arena);
	struct buf *all[] = {&root, &issuing, &device, &pem, &key_pem, &csr_pem};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_free(all[i]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_two_persons_make_it),
		T(test_it_is_not_made_when_key_is_away),
		T(test_a_list_is_there_from_the_first_minute),
		T(test_lists_are_made_anew_before_they_end),
		T(test_a_person_gets_a_certificate_and_signs_in),
		T(test_only_the_own_session_with_a_second_factor_asks),
		T(test_requests_that_prove_nothing_are_refused),
		T(test_a_device_that_waits_gets_its_certificate_when_it_is_let_in),
		T(test_others_do_not_see_and_administrators_do_not_revoke),
		T(test_what_is_revoked_signs_in_no_more),
		T(test_a_disabled_account_ends_them),
		T(test_a_leaver_ends_them),
		T(test_a_removed_account_ends_them),
		T(test_a_removed_device_ends_them),
		T(test_certificate_remove_ends_them_too),
		T(test_a_request_whose_device_is_removed_is_withdrawn),
		T(test_the_owner_is_told_before_the_end),
		T(test_fewer_days_can_be_asked_for_but_not_more),
		T(test_a_new_domain_needs_a_renewed_authority),
		T(test_a_replaced_authority_ends_everything),
		T(test_keys_of_authorities_go_when_they_have_ended),
		T(test_certificates_of_others_count_only_where_configured),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
