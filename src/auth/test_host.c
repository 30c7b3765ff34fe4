#include "auth/test_host.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "auth/directory_role.h"
#include "auth/session.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/ed25519.h"
#include "crypt/hash.h"
#include "ipc/admin.h"

static const uint8_t boot_secret[32] = {42};

static void push(struct test_auth *t, int64_t ms, auth_call_fn *fn, void *arg)
{
	assert_true(t->event_count < 4096);
	t->events[t->event_count++] = (struct test_event){t->now.mono_ms + ms, t->order++, fn, arg};
}

void test_host_run(struct test_auth *t)
{
	while (t->event_count > 0) {
		size_t first = 0;
		for (size_t i = 1; i < t->event_count; i++)
			if (t->events[i].at < t->events[first].at || (t->events[i].at == t->events[first].at && t->events[i].order < t->events[first].order))
				first = i;
		struct test_event e = t->events[first];
		t->events[first] = t->events[--t->event_count];
		if (e.at > t->now.mono_ms) {
			t->now.wall_ms += e.at - t->now.mono_ms;
			t->now.mono_ms = e.at;
		}
		e.fn(e.arg);
	}
}

static struct moment fake_now(void *arg)
{
	return ((struct test_auth *)arg)->now;
}

static void fake_hmac(void *arg, const char *label, struct slice data, auth_hmac_fn *fn, void *fn_arg)
{
	struct test_auth *t = arg;
	uint8_t mac[32];
	assert_string_equal(label, "pepper");
	hash_hmac_sha256(SLICE("organisation"), data, mac);
	fn(fn_arg, t->key_away ? NULL : mac);
}

static void fake_work(void *arg, auth_call_fn *work, auth_call_fn *done, void *call_arg)
{
	struct test_auth *t = arg;
	t->hashes++;
	work(call_arg);
	push(t, 40, done, call_arg);
}

static void fake_after(void *arg, int64_t ms, auth_call_fn *fn, void *fn_arg)
{
	push(arg, ms, fn, fn_arg);
}

static void fake_ticket(void *arg, const struct auth_ticket *ticket, auth_ticket_fn *fn, void *fn_arg)
{
	struct test_auth *t = arg;
	t->tickets++;
	t->last_credential = ticket->credential;
	snprintf(t->last_actor, sizeof t->last_actor, "%.*s", SLICE_ARG(ticket->actor));
	snprintf(t->last_owner, sizeof t->last_owner, "%.*s", SLICE_ARG(ticket->login));
	t->last_rights = ticket->rights;
	buf_clear(&t->last_secrets);
	buf_append(&t->last_secrets, ticket->secrets);
	buf_clear(&t->last_own);
	buf_append(&t->last_own, ticket->own);
	fn(fn_arg, !t->mail_away);
}

static void fake_record(void *arg, enum log_event event, const struct log_field *fields)
{
	struct test_auth *t = arg;
	t->last_event = event;
	t->recorded[event]++;
}

static void fake_dkim_make(void *arg, uint8_t algorithm, auth_dkim_made_fn *fn, void *fn_arg)
{
	struct test_auth *t = arg;
	uint8_t id[16] = {(uint8_t)++t->dkim_made, algorithm};
	fn(fn_arg, t->key_away ? NULL : id, slice_make(id, sizeof id));
}

static void fake_dkim_drop(void *arg, const uint8_t id[16])
{
	((struct test_auth *)arg)->dkim_dropped++;
}

static void fake_look_up(void *arg, struct slice name, uint16_t type, auth_dns_fn *fn, void *fn_arg)
{
	struct test_auth *t = arg;
	t->looked_up++;
	if (t->zone != NULL) {
		struct dns_answer a = dns_zone_answer(t->zone, name, type);
		fn(fn_arg, !t->dns_away && a.status != DNS_FAILED, a.records);
		return;
	}
	fn(fn_arg, true, slice_starts(name, slice_str(t->dns_name)) ? t->dns_records : SLICE_NONE);
}

static bool fake_sign(void *arg, struct slice text, uint8_t ret_public[32], uint8_t ret_signature[64])
{
	static const uint8_t seed[ED25519_SEED_SIZE] = {9};
	struct test_auth *t = arg;
	ed25519_public(seed, ret_public);
	ed25519_sign(seed, text, ret_signature);
	return !t->key_away;
}

static void fake_revoke(void *arg, const uint8_t account[16], uint32_t credential)
{
	struct test_auth *t = arg;
	t->revokes++;
	t->last_revoked = credential;
}

static void open_directory(struct test_auth *t)
{
	static const uint8_t key[32] = {7};
	struct error err = {0};
	assert_int_equal(directory_open(NULL, key, &t->directory, &err), 0);
}

static void fake_contain(void *arg, const uint8_t account[16], unsigned held, auth_contain_fn *fn, void *fn_arg)
{
	struct test_auth *t = arg;
	t->contained[held]++;
	fn(fn_arg, !t->queue_away, 3);
}

static void fake_queue(void *arg, struct slice subject, struct slice op, struct slice args, auth_queue_fn *fn, void *fn_arg)
{
	struct test_auth *t = arg;
	bool show = slice_eq(op, SLICE("quarantine.show"));
	assert_true(show || slice_eq(op, SLICE("quarantine.release")));
	if (t->queue_away) {
		fn(fn_arg, ADMIN_UNAVAILABLE, SLICE("{\"error\":\"away\"}"));
	} else if (t->held == NULL) {
		fn(fn_arg, ADMIN_NOT_FOUND, SLICE("{\"error\":\"no such message\"}"));
	} else {
		t->released += !show;
		fn(fn_arg, ADMIN_OK, slice_str(show ? test_args("{\"reason\":\"%s\",\"name\":\"Eicar\",\"from\":\"x@outside.test\"}", t->held)
			: "{\"queue_id\":\"00000001-2\"}"));
	}
}

static void fake_send(void *arg, const struct auth_factor_send *send)
{
	struct test_auth *t = arg;
	t->sent = *send;
}

static void create_admin(struct test_auth *t)
{
	t->admin = auth_admin_create(t->directory, &t->host, t->keks, auth_login_throttle(t->login), &(struct auth_admin_settings){.local = {1000},
		.hostname = SLICE("mail.example.org"), .confirm_s = 60, .sends = ~0u, .session_idle_s = 3600, .session_s = 43200, .cost = PASSWORD_COST_MIN, .password_min = 8, .failure_delay_ms = 2000, .scram_passwords = t->settings.scram_passwords});
	auth_admin_access(t->admin, auth_login_access(t->login));
}

struct test_auth *test_auth_create(bool scram)
{
	struct test_auth *t = memory_alloc(sizeof *t);
	t->now = (struct moment){1700000000000, 1000};
	t->host = (struct auth_host){.arg = t, .send_code = fake_send, .contain = fake_contain, .sign = fake_sign, .dkim_make = fake_dkim_make, .dkim_drop = fake_dkim_drop, .look_up = fake_look_up, .now = fake_now, .hmac = fake_hmac, .work = fake_work, .after = fake_after, .ticket = fake_ticket, .record = fake_record,
		.revoke = fake_revoke, .queue = fake_queue};
	t->settings = (struct auth_login_settings){.failures_per_minute = 30, .failures_per_network = 240, .free_failures = 5, .failure_delay_ms = 2000, .shards = 4,
		.cost = PASSWORD_COST_MIN, .scram_passwords = scram, .tokens = true, .certificates = true, .oauth_issuer = SLICE("https://mail.example.org"), .boot_secret = boot_secret};
	open_directory(t);
	buf_init(&t->last_secrets, 100000);
	buf_init(&t->last_own, 100000);
	buf_init(&t->data, 100000);
	buf_init(&t->sender, 100000);
	buf_init(&t->result, 100000);
	t->keks = kek_queue_create(&t->host, 1);
	t->login = auth_login_create(t->directory, &t->host, t->keks, &t->settings);
	create_admin(t);
	t->oauth = auth_oauth_create(t->directory, &t->host);
	auth_oauth_configure(t->oauth, SLICE("https://mail.example.org"));
	auth_admin_oauth(t->admin, t->oauth);
	assert_int_equal(test_admin(t, "domain.add", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"ann@example.org\",\"password\":\"ann password\",\"name\":\"Ann\"}"), 0);
	assert_int_equal(test_admin(t, "user.add", "{\"address\":\"bob@example.org\",\"password\":\"bob password\"}"), 0);
	return t;
}

void test_auth_restart(struct test_auth *t)
{
	auth_admin_destroy(&t->admin);
	create_admin(t);
	auth_admin_oauth(t->admin, t->oauth);
}

void test_auth_free(struct test_auth **tp)
{
	struct test_auth *t = *tp;
	auth_admin_destroy(&t->admin);
	auth_oauth_destroy(&t->oauth);
	auth_login_destroy(&t->login);
	kek_queue_destroy(&t->keks);
	directory_close(&t->directory);
	buf_free(&t->last_secrets);
	buf_free(&t->last_own);
	buf_free(&t->data);
	buf_free(&t->sender);
	buf_free(&t->result);
	MEMORY_FREE(tp);
}

static void admin_answer(void *arg, unsigned status, struct slice result)
{
	struct test_auth *t = arg;
	t->admin_status = status;
	buf_clear(&t->result);
	buf_append(&t->result, result);
}

unsigned test_admin(struct test_auth *t, const char *op, const char *args)
{
	return test_admin_as(t, "unix:0", op, args);
}

unsigned test_admin_as(struct test_auth *t, const char *subject, const char *op, const char *args)
{
	struct auth_evidence evidence = {.uid = AUTH_UID_NONE, .address = SLICE("192.0.2.9"), .agent = SLICE("test"),
		.reason = t->reason != NULL ? slice_str(t->reason) : SLICE_NONE};
	if (strncmp(subject, "unix:", 5) == 0)
		assert_int_equal(slice_to_u32(slice_str(subject + 5), &evidence.uid), 0);
	else
		evidence.token = slice_str(subject);
	t->admin_status = 99;
	auth_admin_run(t->admin, &evidence, slice_str(op), slice_str(args), admin_answer, t);
	test_host_run(t);
	assert_int_not_equal(t->admin_status, 99);
	return t->admin_status;
}

const char *test_member(struct test_auth *t, const char *name)
{
	static char text[4000];
	struct slice r = buf_slice(&t->result);
	json_t *o = json_loadb((const char *)r.p, r.n, 0, NULL);
	const char *value = json_string_value(json_object_get(o, name));
	size_t n = value != NULL ? strlen(value) : 0;
	assert_true(n < sizeof text);
	if (n > 0)
		memcpy(text, value, n);
	text[n] = '\0';
	json_decref(o);
	return text;
}

int64_t test_number(struct test_auth *t, const char *name)
{
	struct slice r = buf_slice(&t->result);
	json_t *o = json_loadb((const char *)r.p, r.n, 0, NULL);
	int64_t value = (int64_t)json_integer_value(json_object_get(o, name));
	json_decref(o);
	return value;
}

const char *test_args(const char *format, ...)
{
	static char texts[4][16000]; /* one is often part of another */
	static unsigned next;
	char *text = texts[next++ % 4];
	va_list list;
	va_start(list, format);
	(void)vsnprintf(text, sizeof texts[0], format, list);
	va_end(list);
	return text;
}

/* ---- people ---- */

struct account test_account(struct test_auth *t, struct arena *arena, const char *local)
{
	struct directory_address found;
	struct account a;
	assert_int_equal(directory_address_get(t->directory, slice_str(local), SLICE("example.org"), arena, &found), 0);
	assert_int_equal(directory_account_get(t->directory, found.account, arena, &a), 0);
	return a;
}

void test_add(struct test_auth *t, const char *local, const char *role)
{
	assert_int_equal(test_admin(t, "user.add", test_args("{\"address\":\"%s@example.org\",\"password\":\"%s password\",\"role\":\"%s\"}", local,
		local, role)), ADMIN_OK);
}

void test_staff(struct test_auth *t)
{
	static const char *const people[][2] = {{"boss", "administrator"}, {"rules", "officer"}, {"second", "approver"}, {"audit", "auditor"},
		{"c1", "custodian"}, {"c2", "custodian"}, {"c3", "custodian"}};
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		test_add(t, people[i][0], people[i][1]);
	assert_int_equal(directory_setting_set_u32(t->directory, "set up", 1, NULL), 0);
}

const char *test_sign_in(struct test_auth *t, const char *local)
{
	static char tokens[16][SESSION_TOKEN_SIZE + 1];
	static unsigned next;
	char *token = tokens[next++ % 16];
	assert_int_equal(test_admin_as(t, "ll1-", "session.start", test_args("{\"address\":\"%s@example.org\",\"password\":\"%s password\"}", local,
		local)), ADMIN_OK);
	snprintf(token, sizeof tokens[0], "%s", test_member(t, "token"));
	assert_int_equal(strlen(token), SESSION_TOKEN_SIZE);
	return token;
}

const char *test_sign_in_second(struct test_auth *t, const char *local)
{
	struct arena arena = ARENA_INIT;
	struct session session;
	const char *token = test_sign_in(t, local);
	int64_t now = moment_unix(t->now);
	assert_int_equal(session_find(t->directory, slice_str(token), now, &arena, &session), 0);
	assert_int_equal(session_proven(t->directory, session.id, AUTH_PROVEN_TOTP, now, NULL), 0);
	arena_free(&arena);
	return token;
}

/* ---- mail clients ---- */

static void step_answer(void *arg, const struct auth_step_result *r)
{
	struct test_auth *t = arg;
	t->answers++;
	t->status = r->status;
	t->session = r->session;
	t->answered_at = t->now.mono_ms;
	memcpy(t->account, r->account, 16);
	buf_clear(&t->data);
	buf_append(&t->data, r->data);
	buf_clear(&t->sender);
	buf_append(&t->sender, r->sender);
}

enum auth_status test_run_step(struct test_auth *t, const struct auth_step *step)
{
	unsigned before = t->answers;
	auth_login_step(t->login, step, step_answer, t);
	test_host_run(t);
	assert_int_equal(t->answers, before + 1);
	return t->status;
}

enum auth_status test_plain(struct test_auth *t, const char *name, const char *password, enum auth_protocol protocol)
{
	struct buf data = BUF_INIT(5000);
	buf_append_byte(&data, 0);
	buf_append_str(&data, name);
	buf_append_byte(&data, 0);
	buf_append_str(&data, password);
	struct auth_step step = {.sender = 1, .protocol = protocol, .tls = AUTH_TLS_ON, .address = SLICE("192.0.2.1"), .mechanism = SLICE("PLAIN"),
		.data = buf_slice(&data)};
	enum auth_status status = test_run_step(t, &step);
	buf_free(&data);
	return status;
}

enum auth_status test_step(struct test_auth *t, const char *mechanism, uint64_t session, struct slice data, const char *binding_type,
	const char *binding)
{
	struct auth_step step = {.sender = 1, .session = session, .protocol = AUTH_PROTOCOL_IMAP, .tls = AUTH_TLS_BINDING,
		.address = SLICE("192.0.2.1"),
		.mechanism = slice_str(mechanism), .data = data, .binding_type = slice_str(binding_type), .binding = slice_str(binding)};
	return test_run_step(t, &step);
}
