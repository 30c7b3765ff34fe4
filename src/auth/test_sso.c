/* Identities of another provider, certificates and LDAP, with a provider and a directory of our own making. */
#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include "auth/external.h"
#include "auth/ldap.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/test_tokens.h"

#define METADATA "{\"issuer\":\"" TEST_ISSUER "\",\"authorization_endpoint\":\"" TEST_ISSUER "/a\",\"token_endpoint\":\"" TEST_ISSUER \
	"/t\",\"jwks_uri\":\"" TEST_ISSUER "/jwks\",\"response_types_supported\":[\"code\"]}"

static struct test_auth *t;
static struct external *external;
static struct auth_ldap *ldap;
static bool issuer_away;

/* ---- an identity provider ---- */

static struct moment http_now(void *arg)
{
	return t->now;
}

static void http_fetch(void *arg, const struct sso_request *request, sso_response_fn *fn, void *fn_arg)
{
	if (issuer_away)
		fn(fn_arg, 0, SLICE_NONE);
	else
		fn(fn_arg, 200, slice_ends(request->url, SLICE("/jwks")) ? test_key_set(1u << TEST_RSA) : SLICE(METADATA));
}

static void configure(bool link_email, bool trusted)
{
	struct external_settings s = {
		.provider = {.issuer = SLICE(TEST_ISSUER), .audience = SLICE("mail"), .algorithms = JWT_RS256, .skew = 60},
		.link_email = link_email, .trusted_factors = trusted,
	};
	external_configure(external, &s, 1);
}

static struct slice token(const char *subject, const char *more)
{
	char claims[500];
	long long now = t->now.wall_ms / 1000;
	snprintf(claims, sizeof claims, "{\"iss\":\"" TEST_ISSUER "\",\"sub\":\"%s\",\"aud\":\"mail\",\"client_id\":\"c\",\"scope\":\"imap\",\"iat\":%lld,"
		"\"exp\":%lld%s}", subject, now, now + 300, more);
	return test_sign(TEST_RSA, "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"at+jwt\"}", claims);
}

static enum auth_status bearer(const char *name, struct slice text)
{
	static char message[JWT_MAX + 400];
	int n = snprintf(message, sizeof message, "n,%s%s,\1auth=Bearer %.*s\1\1", name[0] != '\0' ? "a=" : "", name, SLICE_ARG(text));
	struct auth_step step = {.sender = 1, .protocol = AUTH_PROTOCOL_IMAP, .tls = AUTH_TLS_ON, .address = SLICE("192.0.2.1"),
		.mechanism = SLICE("OAUTHBEARER"), .data = slice_make(message, (size_t)n)};
	return test_run_step(t, &step);
}

/* ---- an LDAP directory: one person, Cora, with this password ---- */

static struct person {
	const char *key, *password;
	bool disabled, away, none;
	unsigned asked;
} person;

static void person_record(struct buf *out)
{
	struct ldap_record r = {.kind = LDAP_PERSON, .key = slice_str(person.key), .dn = SLICE("cn=cora"), .mail = SLICE("cora@example.org"),
		.name = SLICE("Cora"), .disabled = person.disabled};
	if (!person.none)
		ldap_record_write(&r, out);
}

static void fake_verify(void *arg, struct slice name, struct slice password, ldap_verdict_fn *fn, void *fn_arg)
{
	struct buf record = BUF_INIT(10000);
	person.asked++;
	person_record(&record);
	enum ldap_verdict verdict = person.away ? LDAP_LATER : !slice_eq(password, slice_str(person.password)) ? LDAP_WRONG
	                            : person.disabled ? LDAP_DISABLED : LDAP_RIGHT;
	fn(fn_arg, verdict, buf_slice(&record), SLICE("why"));
	buf_free(&record);
}

static void fake_collect(void *arg, uint64_t cursor, uint64_t offset, ldap_piece_fn *fn, void *fn_arg)
{
	struct buf record = BUF_INIT(10000);
	person_record(&record);
	struct slice rest = slice_from(buf_slice(&record), (size_t)offset), piece = slice_sub(rest, 0, 30); /* cut anywhere */
	fn(fn_arg, !person.away, piece.n < rest.n, 7, 0, piece);
	buf_free(&record);
}

static int last_rc;
static json_t *last_report;

static void reported(void *arg, int rc, json_t *result, const char *why)
{
	json_decref(last_report);
	last_rc = rc;
	last_report = result;
}

static int synchronise(bool dry, unsigned vanish)
{
	last_rc = 1;
	auth_ldap_sync(ldap, dry, vanish, SLICE("test"), reported, NULL);
	test_host_run(t);
	return last_rc;
}

static json_int_t counted(const char *name)
{
	return json_integer_value(json_object_get(last_report, name));
}

static int setup(void **state)
{
	const struct sso_host http = {NULL, http_now, http_fetch};
	const struct ldap_host host = {NULL, fake_verify, fake_collect};
	t = test_auth_create(false);
	external = external_create(t->directory, &t->host, &http);
	ldap = auth_ldap_create(t->directory, &t->host, &host);
	auth_ldap_configure(ldap, &(struct auth_ldap_settings){.used = true, .vanish_percent = 5});
	auth_login_external(t->login, external);
	auth_login_ldap(t->login, ldap);
	auth_admin_external(t->admin, external);
	configure(false, false);
	issuer_away = false;
	person = (struct person){.key = "k1", .password = "cora secret"};
	assert_int_equal(test_admin(t, "user.managed.add", "{\"address\":\"ann@example.org\",\"password\":\"ann password\"}"), 0);
	return 0;
}

static int teardown(void **state)
{
	external_destroy(&external);
	auth_ldap_destroy(&ldap);
	test_auth_free(&t);
	json_decref(last_report);
	last_report = NULL;
	return 0;
}

static void link_ann(void)
{
	assert_int_equal(test_admin(t, "identity.add", "{\"address\":\"ann@example.org\",\"issuer\":\"" TEST_ISSUER "\",\"subject\":\"s1\"}"), 0);
}

/* ---- tests ---- */

static void test_a_linked_identity_opens_the_same_mailbox(void **state)
{
	link_ann();
	assert_int_equal(bearer("ann@example.org", token("s1", "")), AUTH_OK);
	struct buf with_token = BUF_INIT(10000);
	buf_append(&with_token, buf_slice(&t->last_secrets));
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_true(slice_eq(buf_slice(&with_token), buf_slice(&t->last_secrets)));
	buf_free(&with_token);
	assert_int_equal(bearer("", token("s1", "")), AUTH_OK);
}

static void test_other_subjects_names_and_scopes(void **state)
{
	link_ann();
	assert_int_equal(bearer("ann@example.org", token("s2", "")), AUTH_CONTINUE);
	assert_int_equal(bearer("bob@example.org", token("s1", "")), AUTH_CONTINUE);
	assert_int_equal(bearer("", test_sign(TEST_RSA_NEW, "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"at+jwt\"}", "{}")), AUTH_CONTINUE);
	struct auth_step pop = {.sender = 1, .protocol = AUTH_PROTOCOL_POP3, .tls = AUTH_TLS_ON, .address = SLICE("192.0.2.1"),
		.mechanism = SLICE("OAUTHBEARER")};
	static char message[JWT_MAX];
	pop.data = slice_make(message, (size_t)snprintf(message, sizeof message, "n,,\1auth=Bearer %.*s\1\1", SLICE_ARG(token("s1", ""))));
	assert_int_equal(test_run_step(t, &pop), AUTH_CONTINUE);
	assert_true(slice_search(buf_slice(&t->data), SLICE("insufficient_scope")) >= 0);
}

static void test_an_account_that_nobody_opened_for_it_stays_shut(void **state)
{
	assert_int_equal(test_admin(t, "identity.add", "{\"address\":\"bob@example.org\",\"issuer\":\"" TEST_ISSUER "\",\"subject\":\"s3\"}"), 0);
	assert_int_equal(bearer("", token("s3", "")), AUTH_CONTINUE);
}

static void test_addresses_link_only_where_policy_says_so(void **state)
{
	static const char ann[] = ",\"email\":\"ann@example.org\",\"email_verified\":true",
		bob[] = ",\"email\":\"bob@example.org\",\"email_verified\":true";
	assert_int_equal(bearer("", token("s4", ann)), AUTH_CONTINUE);
	configure(true, false);
	auth_login_external(t->login, external);
	assert_int_equal(bearer("", token("s4", ",\"email\":\"ann@example.org\"")), AUTH_CONTINUE);
	assert_int_equal(bearer("", token("s4", ",\"email\":\"ann@example.org\",\"email_verified\":\"true\"")), AUTH_CONTINUE);
	assert_int_equal(bearer("", token("s5", bob)), AUTH_CONTINUE); /* has a password of its own and never allowed it */
	assert_int_equal(bearer("", token("s4", ann)), AUTH_OK);
	assert_int_equal(bearer("", token("s4", "")), AUTH_OK); /* from now on it is the subject that counts */
}

static void test_disabled_accounts_and_an_issuer_that_is_away(void **state)
{
	link_ann();
	issuer_away = true;
	assert_int_equal(bearer("", token("s1", "")), AUTH_TEMPORARY);
	issuer_away = false;
	t->now.mono_ms += PROVIDER_RETRY_MS;
	t->now.wall_ms += PROVIDER_RETRY_MS;
	assert_int_equal(bearer("", token("s1", "")), AUTH_OK);
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"ann@example.org\"}"), 0);
	assert_int_equal(bearer("", token("s1", "")), AUTH_BAD_CREDENTIALS);
}

static void test_without_key_nothing_managed_opens(void **state)
{
	link_ann();
	t->key_away = true;
	assert_int_equal(bearer("", token("s1", "")), AUTH_TEMPORARY);
}

static void test_managed_sign_in_can_be_taken_back(void **state)
{
	link_ann();
	assert_int_equal(test_admin(t, "user.managed.remove", "{\"address\":\"ann@example.org\"}"), 0);
	assert_int_equal(bearer("", token("s1", "")), AUTH_CONTINUE);
}

/* ---- LDAP ---- */

static enum auth_status cora(const char *password)
{
	return test_plain(t, "cora@example.org", password, AUTH_PROTOCOL_IMAP);
}

static void test_people_of_ldap_are_made_and_sign_in(void **state)
{
	assert_int_equal(cora("cora secret"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(person.asked, 0); /* strangers are not passed on */
	assert_int_equal(synchronise(true, 0), 0);
	assert_int_equal(counted("added"), 1);
	assert_int_equal(cora("cora secret"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(synchronise(false, 0), 0);
	assert_int_equal(counted("problems"), 0);
	assert_int_equal(cora("cora secret"), AUTH_OK);
	assert_int_equal(cora("wrong"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(cora("wrong"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(person.asked, 3); /* nothing is remembered */
	person.away = true;
	assert_int_equal(cora("cora secret"), AUTH_TEMPORARY);
	assert_int_equal(synchronise(false, 0), ERR_TEMPORARY);
}

static void test_somebody_else_with_that_name_is_refused(void **state)
{
	assert_int_equal(synchronise(false, 0), 0);
	person.key = "k2";
	assert_int_equal(cora("cora secret"), AUTH_BAD_CREDENTIALS);
}

static void test_disabled_at_the_next_try(void **state)
{
	assert_int_equal(synchronise(false, 0), 0);
	unsigned revokes = t->revokes;
	person.disabled = true;
	assert_int_equal(cora("cora secret"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(t->revokes, revokes + 1);
	person.disabled = false;
	assert_int_equal(cora("cora secret"), AUTH_BAD_CREDENTIALS); /* until the synchronisation sees it */
	assert_int_equal(synchronise(false, 0), 0);
	assert_int_equal(counted("enabled"), 1);
	assert_int_equal(cora("cora secret"), AUTH_OK);
}

static void test_who_was_disabled_by_hand_stays_so(void **state)
{
	assert_int_equal(synchronise(false, 0), 0);
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"cora@example.org\"}"), 0);
	assert_int_equal(synchronise(false, 0), 0);
	assert_int_equal(counted("enabled"), 0);
	assert_int_equal(cora("cora secret"), AUTH_BAD_CREDENTIALS);
}

static void test_an_empty_directory_is_not_believed(void **state)
{
	assert_int_equal(synchronise(false, 0), 0);
	person.none = true;
	assert_int_equal(synchronise(false, 0), ERR_LIMIT);
	person.none = false;
	assert_int_equal(cora("cora secret"), AUTH_OK);
	person.none = true;
	assert_int_equal(synchronise(false, 100), 0);
	assert_int_equal(counted("gone"), 1);
	person.none = false;
	assert_int_equal(cora("cora secret"), AUTH_BAD_CREDENTIALS);
}

static void test_an_address_that_is_taken_is_left_alone(void **state)
{
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"cora@example.org\",\"password\":\"own password\"}"), 0);
	assert_int_equal(synchronise(false, 0), 0);
	assert_int_equal(counted("problems"), 1);
	assert_int_equal(cora("own password"), AUTH_OK);
	assert_int_equal(cora("cora secret"), AUTH_BAD_CREDENTIALS);
	assert_int_equal(person.asked, 0);
}

#define WITH_SETUP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static int end(void **state)
{
	test_keys_free();
	return 0;
}

int main(void)
{
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		WITH_SETUP(test_a_linked_identity_opens_the_same_mailbox), WITH_SETUP(test_other_subjects_names_and_scopes),
		WITH_SETUP(test_an_account_that_nobody_opened_for_it_stays_shut), WITH_SETUP(test_addresses_link_only_where_policy_says_so),
		WITH_SETUP(test_disabled_accounts_and_an_issuer_that_is_away), WITH_SETUP(test_without_key_nothing_managed_opens),
		WITH_SETUP(test_managed_sign_in_can_be_taken_back), WITH_SETUP(test_people_of_ldap_are_made_and_sign_in),
		WITH_SETUP(test_somebody_else_with_that_name_is_refused), WITH_SETUP(test_disabled_at_the_next_try),
		WITH_SETUP(test_who_was_disabled_by_hand_stays_so), WITH_SETUP(test_an_empty_directory_is_not_believed),
		WITH_SETUP(test_an_address_that_is_taken_is_left_alone),
	};
	return cmocka_run_group_tests_name("sso", tests, NULL, end);
}
