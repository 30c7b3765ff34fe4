/* Our authorization server over a directory, and signing in with its tokens: what a thief might try, with fake time. */
#include "auth/test_host.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/pkce.h"

#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" /* RFC 7636 appendix B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define REDIRECT "http%3A%2F%2F127.0.0.1%3A4711%2Fcb"
#define AUTHORIZE "response_type=code&client_id=tb&scope=imap%20smtp&state=s&redirect_uri=" REDIRECT "&code_challenge=" CHALLENGE \
	"&code_challenge_method=S256"

static struct test_auth *t;
static char session[SESSION_TOKEN_SIZE + 1];
static struct oauth_answer last;

static void sign_in(const char *who)
{
	char args[200];
	snprintf(args, sizeof args, "{\"address\":\"%s@example.org\",\"password\":\"%s password\"}", who, who);
	assert_int_equal(test_admin_as(t, "", "session.start", args), 0);
	snprintf(session, sizeof session, "%s", test_member(t, "token"));
	assert_int_equal(strlen(session), SESSION_TOKEN_SIZE);
}

static int setup(void **state)
{
	t = test_auth_create(false);
	last = OAUTH_ANSWER_INIT;
	assert_int_equal(test_admin(t, "oauth.client.add",
		"{\"id\":\"tb\",\"owner\":\"bob@example.org\",\"name\":\"Mail program\",\"redirects\":[\"http://127.0.0.1/cb\"],\"scope\":\"imap smtp pop api:self.see\"}"), 0);
	assert_int_equal(test_admin(t, "oauth.client.add", "{\"id\":\"tv\",\"owner\":\"bob@example.org\",\"scope\":\"imap\",\"device\":true}"), 0);
	sign_in("ann");
	return 0;
}

static int teardown(void **state)
{
	oauth_answer_free(&last);
	test_auth_free(&t);
	return 0;
}

static unsigned request(bool post, const char *path, const char *form, bool signed_in)
{
	struct auth_oauth_request r = {.post = post, .path = slice_str(path), .query = slice_str(post ? "" : form), .form = slice_str(post
		? form : ""),
		.token = slice_str(signed_in ? session : "")};
	oauth_answer_free(&last);
	last.status = 0;
	auth_oauth_run(t->oauth, &r, &last);
	return last.status;
}

/* A text member of the answer; eight calls stay. */
static const char *member(const char *name)
{
	static char kept[8][300];
	static unsigned next;
	char *to = kept[next++ % 8];
	json_t *o = json_loadb((const char *)buf_slice(&last.body).p, buf_len(&last.body), 0, NULL);
	const char *text = json_string_value(json_object_get(o, name));
	snprintf(to, sizeof kept[0], "%s", text != NULL ? text : "");
	json_decref(o);
	return to;
}

/* The code of a whole authorization, as it stands in the redirect. */
static const char *get_code(const char *query)
{
	static char code[OAUTH_TOKEN_SIZE + 1];
	char form[1000];
	snprintf(form, sizeof form, "%s&decision=allow", query);
	assert_int_equal(request(true, "/oauth/authorize", form, true), 200);
	const char *at = strstr(member("redirect"), "code=");
	assert_non_null(at);
	snprintf(code, sizeof code, "%.*s", OAUTH_TOKEN_SIZE, at + 5);
	return code;
}

static unsigned redeem(const char *code, const char *client, const char *redirect, const char *verifier)
{
	char form[1000];
	snprintf(form, sizeof form, "grant_type=authorization_code&code=%s&client_id=%s&redirect_uri=%s&code_verifier=%s", code, client,
		redirect, verifier);
	return request(true, "/oauth/token", form, false);
}

static unsigned refresh(const char *token, const char *client, const char *more)
{
	char form[1000];
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s&client_id=%s%s", token, client, more);
	return request(true, "/oauth/token", form, false);
}

struct pair {
	char access[SESSION_TOKEN_SIZE + 1], refresh[SESSION_TOKEN_SIZE + 1];
};

static struct pair taken(void)
{
	struct pair p;
	snprintf(p.access, sizeof p.access, "%s", member("access_token"));
	snprintf(p.refresh, sizeof p.refresh, "%s", member("refresh_token"));
	assert_int_equal(strlen(p.access), SESSION_TOKEN_SIZE);
	return p;
}

static struct pair get_tokens(void)
{
	assert_int_equal(redeem(get_code(AUTHORIZE), "tb", REDIRECT, VERIFIER), 200);
	return taken();
}

static enum auth_status bearer(const char *name, const char *token, enum auth_protocol protocol)
{
	char message[400];
	int n = snprintf(message, sizeof message, "n,%s%s,\1auth=Bearer %s\1\1", name[0] != '\0' ? "a=" : "", name, token);
	struct auth_step step = {.sender = 1, .protocol = protocol, .tls = AUTH_TLS_ON, .address = SLICE("192.0.2.1"),
		.mechanism = SLICE("OAUTHBEARER"),
		.data = slice_make(message, (size_t)n)};
	return test_run_step(t, &step);
}

/* After the reason the exchange ends in failure. */
static void ends_badly(const char *reason)
{
	struct auth_step step = {.sender = 1, .session = t->session, .protocol = AUTH_PROTOCOL_IMAP, .tls = AUTH_TLS_ON,
		.address = SLICE("192.0.2.1"),
		.data = SLICE("\1")};
	assert_true(slice_search(buf_slice(&t->data), slice_str(reason)) >= 0);
	assert_int_equal(test_run_step(t, &step), AUTH_BAD_CREDENTIALS);
}

static void pass(int64_t seconds)
{
	t->now.wall_ms += seconds * 1000;
	t->now.mono_ms += seconds * 1000;
}

static void test_a_mail_program_signs_in(void **state)
{
	assert_int_equal(request(false, "/oauth/authorize", AUTHORIZE, true), 200);
	assert_string_equal(member("name"), "Mail program");
	assert_string_equal(member("scope"), "imap smtp");
	struct pair p = get_tokens();
	assert_string_equal(member("scope"), "imap smtp");
	assert_int_equal(bearer("ann@example.org", p.access, AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(t->tickets, 1);
	assert_true(t->last_credential != 0);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_SUBMISSION), AUTH_OK);
	/* The secrets are the account's own. */
	struct buf with_token = BUF_INIT(10000);
	buf_append(&with_token, buf_slice(&t->last_secrets));
	assert_int_equal(test_plain(t, "ann@example.org", "ann password", AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_true(slice_eq(buf_slice(&with_token), buf_slice(&t->last_secrets)));
	buf_free(&with_token);
}

static void test_tokens_end_in_an_hour_and_are_renewed(void **state)
{
	struct pair p = get_tokens();
	pass(OAUTH_ACCESS_S - 1);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_OK);
	pass(1);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	ends_badly("invalid_token");
	assert_int_equal(refresh(p.refresh, "tb", ""), 200);
	struct pair q = taken();
	assert_string_not_equal(p.refresh, q.refresh);
	assert_int_equal(bearer("", q.access, AUTH_PROTOCOL_IMAP), AUTH_OK);
	pass(OAUTH_REFRESH_S - 2);
	assert_int_equal(refresh(q.refresh, "tb", ""), 200);
	struct pair r = taken();
	pass(OAUTH_REFRESH_S);
	assert_int_equal(refresh(r.refresh, "tb", ""), 400);
}

static void test_a_refresh_token_that_comes_twice_ends_everything(void **state)
{
	struct pair p = get_tokens();
	assert_int_equal(refresh(p.refresh, "tb", ""), 200);
	struct pair q = taken();
	unsigned revokes = t->revokes;
	assert_int_equal(refresh(p.refresh, "tb", ""), 400);
	assert_int_equal(t->last_event, EV_OAUTH_REUSED);
	assert_int_equal(t->revokes, revokes + 1);
	assert_int_equal(bearer("", q.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	ends_badly("invalid_token");
	assert_int_equal(refresh(q.refresh, "tb", ""), 400);
}

static void test_a_code_works_once(void **state)
{
	const char *code = get_code(AUTHORIZE);
	assert_int_equal(redeem(code, "tb", REDIRECT, VERIFIER), 200);
	struct pair p = taken();
	assert_int_equal(redeem(code, "tb", REDIRECT, VERIFIER), 400);
	assert_int_equal(t->last_event, EV_OAUTH_REUSED);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	ends_badly("invalid_token");
}

static void test_a_code_is_for_its_client_redirect_and_verifier(void **state)
{
	assert_int_equal(redeem(get_code(AUTHORIZE), "tv", REDIRECT, VERIFIER), 400);
	assert_int_equal(redeem(get_code(AUTHORIZE), "nobody", REDIRECT, VERIFIER), 401);
	assert_int_equal(redeem(get_code(AUTHORIZE), "tb", "http%3A%2F%2F127.0.0.1%3A4712%2Fcb", VERIFIER), 400);
	assert_int_equal(redeem(get_code(AUTHORIZE), "tb", REDIRECT, CHALLENGE), 400);
	const char *code = get_code(AUTHORIZE);
	assert_int_equal(redeem(code, "tb", REDIRECT, ""), 400); /* PKCE left out */
	assert_int_equal(redeem(code, "tb", REDIRECT, VERIFIER), 400); /* and one try is all */
	code = get_code(AUTHORIZE);
	pass(OAUTH_CODE_S);
	assert_int_equal(redeem(code, "tb", REDIRECT, VERIFIER), 400);
}

static void test_only_a_whole_session_allows(void **state)
{
	struct pair p = get_tokens();
	assert_int_equal(request(true, "/oauth/authorize", AUTHORIZE "&decision=allow", false), 401);
	assert_string_equal(member("error"), "login_required");
	snprintf(session, sizeof session, "%s", p.access); /* a token makes no tokens */
	assert_int_equal(request(true, "/oauth/authorize", AUTHORIZE "&decision=allow", true), 401);
	snprintf(session, sizeof session, "%s", p.refresh);
	assert_int_equal(request(true, "/oauth/authorize", AUTHORIZE "&decision=allow", true), 401);
}

static void test_the_person_may_decline(void **state)
{
	assert_int_equal(request(true, "/oauth/authorize", AUTHORIZE "&decision=deny", true), 200);
	assert_non_null(strstr(member("redirect"), "http://127.0.0.1:4711/cb?error=access_denied&state=s&iss="));
	assert_int_equal(request(true, "/oauth/authorize", AUTHORIZE, true), 200);
	assert_non_null(strstr(member("redirect"), "error=access_denied")); /* silence is no yes */
}

static void test_scopes_hold(void **state)
{
	struct pair p = get_tokens();
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_POP3), AUTH_CONTINUE);
	ends_badly("insufficient_scope");
	assert_int_equal(refresh(p.refresh, "tb", "&scope=smtp%20pop"), 400); /* more than was allowed */
	assert_string_equal(member("error"), "invalid_scope");
	assert_int_equal(refresh(p.refresh, "tb", "&scope=smtp"), 200); /* and it was not used up */
	struct pair q = taken();
	assert_string_equal(member("scope"), "smtp");
	assert_int_equal(bearer("", q.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	ends_badly("insufficient_scope");
	assert_int_equal(bearer("", q.access, AUTH_PROTOCOL_SUBMISSION), AUTH_OK);
	assert_int_equal(refresh(q.refresh, "tb", ""), 200);
	assert_string_equal(member("scope"), "imap smtp");
}

static void test_no_token_is_taken_for_another_kind(void **state)
{
	struct pair p = get_tokens();
	const char *wrong[] = {p.refresh, session, "lla_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"ll1-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a.b.c", "x"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(bearer("ann@example.org", wrong[i], AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
		ends_badly("invalid_token");
	}
	assert_int_equal(refresh(p.access, "tb", ""), 400);
	assert_int_equal(refresh(session, "tb", ""), 400);
	assert_int_equal(refresh(p.refresh, "tv", ""), 400); /* of another client */
	assert_int_equal(refresh(p.refresh, "tb", ""), 200);
}

static void test_a_token_opens_only_its_own_account(void **state)
{
	struct pair p = get_tokens();
	assert_int_equal(bearer("bob@example.org", p.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	ends_badly("invalid_token");
	assert_int_equal(bearer("nobody@example.org", p.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	ends_badly("invalid_token");
}

static void test_disabled_accounts_and_new_passwords_end_tokens(void **state)
{
	struct pair p = get_tokens();
	assert_int_equal(test_admin(t, "user.disable", "{\"address\":\"ann@example.org\"}"), 0);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_BAD_CREDENTIALS);
	assert_int_equal(refresh(p.refresh, "tb", ""), 400);
	assert_int_equal(test_admin(t, "user.enable", "{\"address\":\"ann@example.org\"}"), 0);
	assert_int_equal(refresh(p.refresh, "tb", ""), 200);
	struct pair q = taken();
	assert_int_equal(test_admin(t, "user.passwd", "{\"address\":\"ann@example.org\",\"old\":\"ann password\",\"new\":\"another password\"}"), 0);
	assert_int_equal(bearer("", q.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	assert_int_equal(refresh(q.refresh, "tb", ""), 400);
}

static void test_revocation(void **state)
{
	struct pair p = get_tokens();
	char form[300];
	unsigned revokes = t->revokes;
	snprintf(form, sizeof form, "token=%s&client_id=tv", p.refresh);
	assert_int_equal(request(true, "/oauth/revoke", form, false), 200);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_OK); /* not that client's */
	snprintf(form, sizeof form, "token=%s&client_id=tb", p.refresh);
	assert_int_equal(request(true, "/oauth/revoke", form, false), 200);
	assert_int_equal(t->revokes, revokes + 1);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	assert_int_equal(request(true, "/oauth/revoke", form, false), 200);
}

static void test_grants_are_seen_and_ended(void **state)
{
	struct pair p = get_tokens();
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_OK);
	char args[100];
	snprintf(args, sizeof args, "{\"address\":\"ann@example.org\",\"id\":%u}", t->last_credential);
	assert_int_equal(test_admin(t, "oauth.grant.list", "{\"address\":\"ann@example.org\"}"), 0);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"client\":\"tb\"")) >= 0);
	assert_true(test_admin(t, "oauth.grant.end", "{\"address\":\"ann@example.org\",\"id\":77777}") != 0);
	assert_int_equal(test_admin(t, "oauth.grant.end", args), 0);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	p = get_tokens();
	assert_int_equal(test_admin(t, "oauth.client.remove", "{\"id\":\"tb\"}"), 0);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	assert_int_equal(request(false, "/oauth/authorize", AUTHORIZE, true), 401);
}

static void test_a_grant_lives_as_long_as_a_token(void **state)
{
	uint8_t id[16];
	struct pair p = get_tokens();
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_OK);
	memcpy(id, t->account, 16);
	uint32_t grant = t->last_credential;
	assert_int_equal(directory_credential_exists(t->directory, id, grant), 0);
	assert_int_equal(refresh(p.refresh, "tb", ""), 200);
	assert_int_equal(directory_credential_exists(t->directory, id, grant), 0);
	assert_int_equal(session_remove_all(t->directory, id, NULL), 0);
	assert_int_equal(directory_credential_exists(t->directory, id, grant), ERR_NOT_FOUND);
}

static void test_a_stolen_directory_opens_nothing(void **state)
{
	struct pair p = get_tokens();
	struct arena arena = ARENA_INIT;
	struct session s, *all = arena_alloc_array(&arena, 10, sizeof *all);
	struct secrets secrets = SECRETS_NONE;
	assert_int_equal(session_find(t->directory, slice_str(p.access), t->now.wall_ms / 1000, &arena, &s), 0);
	int count = session_list(t->directory, s.account, 0, &arena, all, 10);
	assert_int_equal(count, 3);
	for (int i = 0; i < count; i++) /* the wrap of one token under another token */
		if (all[i].id != s.id)
			assert_true(session_open(&all[i], slice_str(p.access), &secrets, NULL) < 0);
	arena_free(&arena);
}

static void test_devices(void **state)
{
	char device[OAUTH_TOKEN_SIZE + 1], code[20], form[400];
	assert_int_equal(request(true, "/oauth/device_authorization", "client_id=tb&scope=imap", false), 400);
	assert_int_equal(request(true, "/oauth/device_authorization", "client_id=tv&scope=smtp", false), 400);
	assert_int_equal(request(true, "/oauth/device_authorization", "client_id=tv&scope=imap", false), 200);
	snprintf(device, sizeof device, "%s", member("device_code"));
	snprintf(code, sizeof code, "%s", member("user_code"));
	snprintf(form, sizeof form, "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Adevice_code&client_id=tv&device_code=%s", device);
	assert_int_equal(request(true, "/oauth/token", form, false), 400);
	assert_string_equal(member("error"), "authorization_pending");
	assert_int_equal(request(true, "/oauth/token", form, false), 400);
	assert_string_equal(member("error"), "slow_down");
	char query[100];
	snprintf(query, sizeof query, "user_code=%s", code);
	assert_int_equal(request(false, "/oauth/device", query, false), 401);
	assert_int_equal(request(false, "/oauth/device", "user_code=BBBB-BBBB", true), 400);
	assert_int_equal(request(false, "/oauth/device", query, true), 200);
	assert_string_equal(member("client"), "tv");
	snprintf(query, sizeof query, "user_code=%s&decision=allow", code);
	assert_int_equal(request(true, "/oauth/device", query, true), 200);
	assert_int_equal(request(true, "/oauth/device", query, true), 400); /* decided */
	assert_int_equal(request(true, "/oauth/token", form, false), 200);
	struct pair p = taken();
	assert_int_equal(bearer("ann@example.org", p.access, AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(request(true, "/oauth/token", form, false), 400); /* once */
	assert_int_equal(bearer("ann@example.org", p.access, AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
}

static void test_devices_that_are_declined_or_late(void **state)
{
	char form[400], query[100];
	for (int late = 0; late < 2; late++) {
		assert_int_equal(request(true, "/oauth/device_authorization", "client_id=tv&scope=imap", false), 200);
		snprintf(form, sizeof form, "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Adevice_code&client_id=tv&device_code=%s",
			member("device_code"));
		snprintf(query, sizeof query, "user_code=%s&decision=%s", member("user_code"), late ? "allow" : "deny");
		if (late)
			pass(OAUTH_DEVICE_S);
		assert_int_equal(request(true, "/oauth/device", query, true), late ? 400 : 200);
		assert_int_equal(request(true, "/oauth/token", form, false), 400);
		assert_string_equal(member("error"), late ? "expired_token" : "access_denied");
	}
}

static void test_scripts_get_a_token_in_a_session(void **state)
{
	char token[SESSION_TOKEN_SIZE + 1];
	assert_int_equal(test_admin_as(t, session, "oauth.token", "{\"scope\":\"imap\"}"), 0);
	snprintf(token, sizeof token, "%s", test_member(t, "token"));
	assert_int_equal(bearer("ann@example.org", token, AUTH_PROTOCOL_IMAP), AUTH_OK);
	assert_int_equal(bearer("ann@example.org", token, AUTH_PROTOCOL_SUBMISSION), AUTH_CONTINUE);
	assert_true(test_admin_as(t, token, "oauth.token", "{\"scope\":\"imap\"}") != 0);
	assert_true(test_admin(t, "oauth.token", "{\"scope\":\"imap\"}") != 0);
	assert_true(test_admin_as(t, session, "oauth.token", "{\"scope\":\"everything\"}") != 0);
}

static void test_xoauth2(void **state)
{
	struct pair p = get_tokens();
	char message[300];
	int n = snprintf(message, sizeof message, "user=ann@example.org\1auth=Bearer %s\1\1", p.access);
	struct auth_step step = {.sender = 1, .protocol = AUTH_PROTOCOL_IMAP, .tls = AUTH_TLS_ON, .address = SLICE("192.0.2.1"),
		.mechanism = SLICE("XOAUTH2"),
		.data = slice_make(message, (size_t)n)};
	assert_int_equal(test_run_step(t, &step), AUTH_OK);
	step.data = SLICE("user=ann@example.org\1auth=Bearer nothing\1\1");
	assert_int_equal(test_run_step(t, &step), AUTH_CONTINUE);
	assert_true(slice_eq(buf_slice(&t->data), SLICE("{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"imap\"}")));
	step.session = t->session;
	step.data = SLICE_NONE;
	assert_int_equal(test_run_step(t, &step), AUTH_BAD_CREDENTIALS);
}

static void test_refused_tokens_are_delayed_and_counted(void **state)
{
	int64_t before = t->now.mono_ms;
	assert_int_equal(bearer("ann@example.org", "nothing", AUTH_PROTOCOL_IMAP), AUTH_CONTINUE);
	assert_true(t->answered_at >= before + 2000);
	t->settings.failures_per_minute = 3;
	auth_login_configure(t->login, &t->settings);
	for (int i = 0; i < 10 && t->status != AUTH_THROTTLED; i++)
		(void)bearer("ann@example.org", "nothing", AUTH_PROTOCOL_IMAP);
	assert_int_equal(t->status, AUTH_THROTTLED);
}

static void test_switched_off(void **state)
{
	struct pair p = get_tokens();
	t->settings.tokens = false;
	auth_login_configure(t->login, &t->settings);
	assert_int_equal(bearer("", p.access, AUTH_PROTOCOL_IMAP), AUTH_INVALID);
	auth_oauth_configure(t->oauth, SLICE_NONE);
	assert_int_equal(request(false, "/.well-known/oauth-authorization-server", "", false), 404);
}

static void test_unknown_paths_and_methods(void **state)
{
	assert_int_equal(request(false, "/.well-known/oauth-authorization-server", "", false), 200);
	assert_string_equal(member("issuer"), "https://mail.example.org");
	assert_int_equal(request(false, "/oauth/token", "", false), 405);
	assert_int_equal(request(true, "/oauth/nothing", "", false), 404);
	assert_int_equal(request(true, "/oauth/token", "grant_type=%zz", false), 400);
	assert_int_equal(request(true, "/oauth/token", "grant_type=password&client_id=tb&username=ann&password=x", false), 400);
	assert_string_equal(member("error"), "unsupported_grant_type");
}

static void test_somebody_answers_for_every_client(void **state)
{
	assert_int_equal(test_admin(t, "oauth.client.add", "{\"id\":\"x\",\"scope\":\"imap\",\"device\":true}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "oauth.client.add", "{\"id\":\"x\",\"owner\":\"no@example.org\",\"scope\":\"imap\",\"device\":true}"), ADMIN_NOT_FOUND);
	assert_int_equal(test_admin(t, "oauth.client.add",
		"{\"id\":\"x\",\"owner\":\"ann@example.org\",\"scope\":\"imap\",\"device\":true,\"days\":9999999}"), ADMIN_INVALID);
	assert_int_equal(test_admin(t, "oauth.client.add",
		"{\"id\":\"x\",\"owner\":\"ann@example.org\",\"scope\":\"imap\",\"device\":true,\"days\":30}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "oauth.client.list", "{}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"owner\":\"bob@example.org\",\"ends\":0")) > 0);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"owner\":\"ann@example.org\",\"ends\":1")) > 0);
	assert_int_equal(test_admin(t, "party.list", "{}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"ref\":\"x\"")) > 0);
	/* The client and its entry go together. */
	assert_int_equal(test_admin(t, "oauth.client.remove", "{\"id\":\"x\"}"), ADMIN_OK);
	assert_int_equal(test_admin(t, "party.list", "{}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"ref\":\"x\"")) < 0);
	assert_int_equal(test_admin(t, "oauth.client.remove", "{\"id\":\"x\"}"), ADMIN_NOT_FOUND);
}

static void test_anonymous_devices_keep_nobody_else_out(void **state)
{
	unsigned full = 0;
	for (unsigned i = 0; i <= OAUTH_DEVICES_MAX; i++)
		full += request(true, "/oauth/device_authorization", "client_id=tv&scope=imap", false) != 200;
	assert_int_equal(full, 1);
	assert_string_not_equal(get_code(AUTHORIZE), "");
	/* Where the session came from stays known. */
	assert_int_equal(test_admin_as(t, session, "session.list", "{\"address\":\"ann@example.org\"}"), ADMIN_OK);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"ip\":\"192.0.2.9\"")) > 0);
	assert_true(slice_search(buf_slice(&t->result), SLICE("\"ip\":\"\"")) < 0);
}

#define WITH_SETUP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		WITH_SETUP(test_a_mail_program_signs_in), WITH_SETUP(test_tokens_end_in_an_hour_and_are_renewed),
		WITH_SETUP(test_a_refresh_token_that_comes_twice_ends_everything), WITH_SETUP(test_a_code_works_once),
		WITH_SETUP(test_a_code_is_for_its_client_redirect_and_verifier), WITH_SETUP(test_only_a_whole_session_allows),
		WITH_SETUP(test_the_person_may_decline), WITH_SETUP(test_scopes_hold), WITH_SETUP(test_no_token_is_taken_for_another_kind),
		WITH_SETUP(test_a_token_opens_only_its_own_account), WITH_SETUP(test_disabled_accounts_and_new_passwords_end_tokens),
		WITH_SETUP(test_revocation), WITH_SETUP(test_grants_are_seen_and_ended), WITH_SETUP(test_a_grant_lives_as_long_as_a_token),
		WITH_SETUP(test_a_stolen_directory_opens_nothing), WITH_SETUP(test_devices), WITH_SETUP(test_devices_that_are_declined_or_late),
		WITH_SETUP(test_scripts_get_a_token_in_a_session), WITH_SETUP(test_xoauth2), WITH_SETUP(test_refused_tokens_are_delayed_and_counted),
		WITH_SETUP(test_switched_off), WITH_SETUP(test_unknown_paths_and_methods), WITH_SETUP(test_somebody_answers_for_every_client),
		WITH_SETUP(test_anonymous_devices_keep_nobody_else_out),
	};
	return cmocka_run_group_tests_name("oauth", tests, NULL, NULL);
}
